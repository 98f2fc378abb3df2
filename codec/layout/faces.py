"""How a value looks inside a JSON document: one class a face, with writer, reader, JSON Schema and generated code.

A face knows the model's scalar type; whether a missing or null member means something is said by `missing`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from binascii import a2b_base64
from collections.abc import Callable
from itertools import compress
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from codec.layout.base import BYTES, REAL, TEXT, WHOLE, Wrong
from codec.layout.json_write import SEPARATOR, base64url, number, numbers, quote, quote_all, quoted_parts

if TYPE_CHECKING:
    from codec.compile.code import Code

RANGES = {
    "u8": (0, (1 << 8) - 1),
    "u16": (0, (1 << 16) - 1),
    "u32": (0, (1 << 32) - 1),
    "u63": (0, (1 << 63) - 1),
    "u64": (0, (1 << 64) - 1),
    "i64": (-(1 << 63), (1 << 63) - 1),
    "any64": (-(1 << 63), (1 << 64) - 1),  # of a number that is computed, signed or not
}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class Face(ABC):
    """A value of the model as a JSON value."""

    word: ClassVar[str]
    writes_none: ClassVar[bool] = False  # whether it has a text of its own for no value; else that is null
    takes: ClassVar[dict[str, object] | None] = None  # JSON Schema of what follows the word
    config: ClassVar[dict[str, object]] = {}  # JSON Schema of its other members, by name; all are required
    optional: ClassVar[dict[str, object]] = {}  # JSON Schema of members that may be left out
    reads_text: ClassVar[bool] = False  # `read` takes the JSON text as it stands, not the value that it stands for
    shape: ClassVar[Literal["one", "list", "by_name"]] = "one"  # a value of the model's type, or how many of them
    holds: ClassVar[frozenset[str]] = frozenset()  # families of model types (`base.family`) that it fits; none: any

    def __init__(self, model: str, html: bool) -> None:
        self.model, self.html = model, html

    @classmethod
    def build(cls, argument: object, options: dict[str, object], model: str, html: bool) -> Face:
        """The face as a spec configures it, for a field of type `model`."""
        return cls(model, html)

    def arguments(self) -> tuple[object, ...]:
        """What its constructor takes to make it again in generated code."""
        return self.model, self.html

    @abstractmethod
    def write(self, value: object, newline: str) -> str:
        """The JSON text; `newline` is a line break with the indentation around it, empty for compact text."""

    @abstractmethod
    def read(self, value: object) -> object:
        """The model's value; raises `Wrong`."""

    def missing(self) -> object:
        """The value of a member that is left out or null; raises `Wrong` where there is none."""
        raise Wrong("a value", "nothing")

    @abstractmethod
    def schema(self) -> dict[str, object]:
        """The JSON Schema of what `write` gives."""

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        """The expression of the JSON text; by default it calls the face itself."""
        return f"{code.face(self)}.write({value}, {newline!r})"

    def emit_write_all(self, code: Code, values: str, newline: str) -> str:
        """The expression of the list of the JSON texts of many values."""
        return f"[{self.emit_write(code, 'one', newline)} for one in {values}]"

    def emit_read(self, code: Code, value: str) -> str:
        """The expression of the model's value."""
        return f"{code.face(self)}.read({value})"

    def describe(self) -> str:
        """One line for the manual."""
        return (type(self).__doc__ or "").strip().splitlines()[0]


FACES: dict[str, type[Face]] = {}


def face(word: str) -> Callable[[type[Face]], type[Face]]:
    """Register a face class under its word."""

    def register(kind: type[Face]) -> type[Face]:
        kind.word = word
        FACES[word] = kind
        return kind

    return register


@face("integer")
class Integer(Face):
    """A whole number in plain decimal digits, within the range of its type."""

    holds = frozenset({WHOLE})

    def write(self, value: object, newline: str) -> str:
        return str(value)

    def read(self, value: object) -> object:
        low, high = RANGES[self.model]
        if type(value) is not int:
            raise Wrong(f"a whole number, {low} to {high}", found(value))
        if not low <= value <= high:
            raise Wrong(f"{low} to {high}", str(value)[:40])
        return value

    def missing(self) -> object:
        return 0

    def schema(self) -> dict[str, object]:
        low, high = RANGES[self.model]
        return {"type": "integer", "minimum": low, "maximum": high}

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        return f"str({value})"


@face("text")
class Text(Face):
    """A string."""

    holds = frozenset({BYTES, TEXT})

    def write(self, value: object, newline: str) -> str:
        return quote(value if isinstance(value, str) else value.decode("utf-8", "surrogateescape"), self.html)  # type: ignore[attr-defined]

    def read(self, value: object) -> object:
        if type(value) is not str:
            raise Wrong("a string", found(value))
        return value.encode() if self.model == "bytes" else value

    def missing(self) -> object:
        return b"" if self.model == "bytes" else ""

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        value = f"{value}.decode('utf-8', 'surrogateescape')" if self.model == "bytes" else value
        return f"{code.imported('codec.layout.json_write', 'quote')}({value}, {self.html})"

    def emit_write_all(self, code: Code, values: str, newline: str) -> str:
        if self.model == "bytes":
            return super().emit_write_all(code, values, newline)
        return f"{code.imported('codec.layout.json_write', 'quote_all')}({values}, {self.html})"


@face("flag")
class Flag(Face):
    """True or false."""

    holds = frozenset({"flag"})

    def write(self, value: object, newline: str) -> str:
        return "true" if value else "false"

    def read(self, value: object) -> object:
        if type(value) is not bool:
            raise Wrong("true or false", found(value))
        return value

    def missing(self) -> object:
        return False

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@face("text_or_base64")
class TextOrBase64(Face):
    """Text if the bytes are UTF-8, else an object with one member that holds them as unpadded base64url."""

    takes = {"type": "string"}  # the name of that member
    optional = {"alone": {"const": True, "description": "The object has no other member; else others are passed over."}}
    holds = frozenset({BYTES, TEXT})

    def __init__(self, model: str, html: bool, member: str, alone: bool) -> None:
        super().__init__(model, html)
        self.member, self.alone = member, alone

    @classmethod
    def build(cls, argument: object, options: dict[str, object], model: str, html: bool) -> Face:
        assert isinstance(argument, str)
        return cls(model, html, argument, "alone" in options)

    def arguments(self) -> tuple[object, ...]:
        return self.model, self.html, self.member, self.alone

    def write(self, value: object, newline: str) -> str:
        if isinstance(value, str):
            return quote(value, self.html)
        assert isinstance(value, bytes)
        return text_or_object(value, self.html, *self._around(newline))

    def _around(self, newline: str) -> tuple[str, str]:
        """What stands before and after the base64 text."""
        name = quote(self.member, self.html)
        return (f'{{{newline}  {name}: "', f'"{newline}}}') if newline else (f'{{{name}:"', '"}')

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        if self.model == "text":
            return f"{code.imported('codec.layout.json_write', 'quote')}({value}, {self.html})"
        head, tail = self._around(newline)
        return f"{code.imported('codec.layout.faces', 'text_or_object')}({value}, {self.html}, {head!r}, {tail!r})"

    def emit_write_all(self, code: Code, values: str, newline: str) -> str:
        if self.model == "text":
            return f"{code.imported('codec.layout.json_write', 'quote_all')}({values}, {self.html})"
        head, tail = self._around(newline)
        return f"{code.imported('codec.layout.faces', 'texts_or_objects')}({values}, {self.html}, {head!r}, {tail!r})"

    def read(self, value: object) -> object:
        if type(value) is str:
            return value if self.model == "text" else value.encode()
        if type(value) is not dict or type(encoded := value.get(self.member)) is not str:
            raise Wrong(f"a string, or an object whose `{self.member}` is a string", found(value))
        if self.alone and len(value) > 1:
            raise Wrong(f"`{self.member}` alone", ", ".join(map(repr, value)))
        raw = from_base64url(encoded)
        if self.model != "text":
            return raw
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise Wrong("UTF-8 text", raw[:16].hex(" ")) from None

    def schema(self) -> dict[str, object]:
        encoded: dict[str, object] = {
            "type": "object",
            "required": [self.member],
            "properties": {self.member: {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}},
            **({"additionalProperties": False} if self.alone else {}),
        }
        return {"anyOf": [{"type": "string"}, encoded]}


_NO_TEXT = re.compile("[\ud800-\udfff]")


def text_or_object(value: bytes, html: bool, head: str, tail: str) -> str:
    """`value` as a JSON string if it is UTF-8, else as base64url between `head` and `tail`."""
    try:
        return quote(value.decode(), html)
    except UnicodeDecodeError:
        return head + base64url(value) + tail


def texts_or_objects(values: list[bytes], html: bool, head: str, tail: str) -> list[str]:
    """The same for many values: what is UTF-8 is quoted all at once."""
    try:
        parts = quoted_parts(SEPARATOR.encode().join(values).decode(), html)
    except UnicodeDecodeError:
        return _mixed(values, html, head, tail)
    return parts if len(parts) == len(values) else [text_or_object(value, html, head, tail) for value in values]


def _mixed(values: list[bytes], html: bool, head: str, tail: str) -> list[str]:
    """The same where some are not UTF-8: those have bytes that come as lone surrogates, which UTF-8 cannot say."""
    parts = SEPARATOR.encode().join(values).decode("utf-8", "surrogateescape").split(SEPARATOR)
    if len(parts) != len(values):
        return [text_or_object(value, html, head, tail) for value in values]
    are_text = [part.isascii() or _NO_TEXT.search(part) is None for part in parts]
    quoted = iter(quote_all(list(compress(parts, are_text)), html) if any(are_text) else ())
    return [
        next(quoted) if is_text else head + base64url(value) + tail
        for value, is_text in zip(values, are_text, strict=True)
    ]


@face("number")
class Number(Face):
    """A number in the shortest digits that give it back, or one of two words for the infinities."""

    takes = {"enum": ["f64"]}
    holds = frozenset({REAL})
    config = {
        "infinity": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 2,
            "maxItems": 2,
            "description": "The words for the positive and the negative infinity.",
        }
    }

    def __init__(self, model: str, html: bool, infinity: tuple[str, str]) -> None:
        super().__init__(model, html)
        self.infinity = infinity
        self._words = {infinity[0]: float("inf"), infinity[1]: float("-inf")}

    @classmethod
    def build(cls, argument: object, options: dict[str, object], model: str, html: bool) -> Face:
        plus, minus = cast("list[str]", options["infinity"])
        return cls(model, html, (plus, minus))

    def arguments(self) -> tuple[object, ...]:
        return self.model, self.html, self.infinity

    def write(self, value: object, newline: str) -> str:
        assert isinstance(value, float)
        if value in (float("inf"), float("-inf")):
            return quote(self.infinity[value < 0], self.html)
        return number(value)

    def emit_write_all(self, code: Code, values: str, newline: str) -> str:
        return f"{code.face(self)}.write_all({values})"

    def write_all(self, values: list[float]) -> list[str]:
        """The JSON texts of many values."""
        texts = numbers(values)
        return [self.write(value, "") for value in values] if texts is None else texts

    def read(self, value: object) -> object:
        if type(value) is str and value in self._words:
            return self._words[value]
        if isinstance(value, bool) or value is None or type(value) is str or not isinstance(value, (int, str)):
            raise Wrong(f"a number, {quote(self.infinity[0], False)} or {quote(self.infinity[1], False)}", found(value))
        try:
            result = float(value)
        except OverflowError:
            result = float("inf")
        if result in (float("inf"), float("-inf")):
            raise Wrong("a number that 64 bits can hold", str(value)[:40])
        return result

    def schema(self) -> dict[str, object]:
        return {"anyOf": [{"type": "number"}, {"enum": list(self.infinity)}]}


def from_base64url(text: str) -> bytes:
    """The bytes of unpadded base64url text; line breaks are skipped; raises `Wrong`."""
    plain = text.replace("\r", "").replace("\n", "")
    if not _BASE64URL.fullmatch(plain) or len(plain) % 4 == 1:
        raise Wrong("base64url without padding", found(text))
    return a2b_base64(plain.replace("-", "+").replace("_", "/") + "=" * (-len(plain) % 4))


def found(value: object) -> str:
    """A JSON value in a few words, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if type(value) is str:
        return f"the string {value[:30]!r}"
    return f"the number {str(value)[:40]}"
