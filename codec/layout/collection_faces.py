"""Collections inside one member of a JSON document: a list of numbers, an object of texts by name."""

from __future__ import annotations

from typing import cast

from codec.layout.base import Wrong
from codec.layout.faces import RANGES, Face, face, found
from codec.layout.json_write import quote
from codec.layout.types import TypedWrong


@face("numbers")
class Numbers(Face):
    """A list of whole numbers of 64 bits, none of them below zero; null is the empty list."""

    shape = "list"

    def write(self, value: object, newline: str) -> str:
        numbers = cast("list[int]", value)
        inner = f"{newline}  " if newline and numbers else ""
        return "[" + ",".join(f"{inner}{number}" for number in numbers) + (f"{newline}]" if numbers else "]")

    def read(self, value: object) -> object:
        if type(value) is not list:
            raise Wrong("a list of whole numbers", found(value))
        low, high = RANGES["u64"]
        for index, number in enumerate(value):
            if type(number) is not int or not low <= number <= high:
                raise TypedWrong((index,), f"a whole number, {low} to {high}", found(number))
        return value

    def missing(self) -> object:
        return []

    def schema(self) -> dict[str, object]:
        low, high = RANGES["u64"]
        return {"type": "array", "items": {"type": "integer", "minimum": low, "maximum": high}}


@face("texts_by_name")
class TextsByName(Face):
    """An object whose members are texts, sorted by name; a null member is the empty text, null is none."""

    shape = "by_name"

    def write(self, value: object, newline: str) -> str:
        pairs = cast("list[tuple[str, str]]", value)
        if not pairs:
            return "{}"
        inner, colon = (f"{newline}  ", ": ") if newline else ("", ":")
        members = ",".join(f"{inner}{quote(name, self.html)}{colon}{quote(text, self.html)}" for name, text in pairs)
        return f"{{{members}{newline}}}"

    def read(self, value: object) -> object:
        if type(value) is not dict:
            raise Wrong("an object of strings", found(value))
        for name, text in value.items():
            if text is not None and type(text) is not str:
                raise TypedWrong((name,), "a string", found(text))
        return sorted((name, text or "") for name, text in value.items())

    def missing(self) -> object:
        return None

    def schema(self) -> dict[str, object]:
        return {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
