"""The schema of the language: complete, described, filled in from the primitives, and without dead words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest

from codec.layout import base, faces
from codec.layout.numbers import Fixed
from codec.layout.strings import Rest
from codec.spec import library, schema, source
from codec.spec.extends import chain

BASE = Path(__file__).parent / "base"
OURS = [
    path for path in library.root().glob("*/*.yaml") if ".schema." not in path.name and path.parent.name != "schema"
]
NAMED = ("properties", "$defs", "dependentSchemas")


def parts(node: object, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    """Every schema inside a schema, with the way to it."""
    if isinstance(node, list):
        for item in node:
            yield from parts(item, way)
    if not isinstance(node, dict):
        return
    yield way, node
    for keyword, value in node.items():
        if keyword in NAMED:
            for name, inner in value.items():
                yield from parts(inner, (*way, keyword, name))
        elif keyword not in ("enum", "const", "required", "dependentRequired"):
            yield from parts(value, (*way, keyword))


def said(data: object) -> Iterator[object]:
    """Every key and every scalar of a spec."""
    for _, part in source.walk(data):
        if isinstance(part, dict):
            yield from part
        elif not isinstance(part, list):
            yield part


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.compose())
    assert json.loads(schema.text()) == schema.compose()


def test_it_accepts_our_specs_and_the_base_specs() -> None:
    files = [*OURS, *(path for path in BASE.glob("*.yaml") if ".schema." not in path.name)]
    assert len(files) > 5
    for path in files:
        assert schema.validate(source.load(path)) == [], path


def test_every_word_is_described() -> None:
    whole = schema.compose()
    definitions = whole["$defs"]
    assert isinstance(definitions, dict)
    bare = []
    for way, part in parts(whole):
        if "dependentSchemas" in way or "if" in way:
            continue  # those only constrain words that are described elsewhere
        for word, meaning in part.get("properties", {}).items():
            target = definitions.get(str(meaning.get("$ref", "")).rpartition("/")[2], {})
            if not (meaning.get("description") or target.get("description")):
                bare.append((*way, word))
    assert bare == []


def test_no_word_is_dead() -> None:
    """Words of primitives are left to their own laws."""
    own = source.load(library.root() / schema.FILE)
    words: set[object] = set()
    for _, part in parts(own):
        words |= set(part.get("properties", {}))
        words |= set(part.get("enum", ()))
        words |= {part["const"]} if "const" in part else set()
    specs = [chain(path)[0] for path in (*OURS, *BASE.glob("*.yaml")) if ".schema." not in path.name]
    assert words - {word for data in specs for word in said(data)} == set()


@pytest.mark.parametrize("end", ["layout", "face"])
def test_a_primitive_joins_the_language_from_its_own_class(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Rest):
        """Something new."""

        takes: ClassVar[dict[str, object] | None] = {"type": "integer"}
        config: ClassVar[dict[str, object]] = {"limit": {"type": "integer", "description": "How much of it."}}

    class OddFace(faces.Text):
        """Something new."""

        takes: ClassVar[dict[str, object] | None] = {"type": "integer"}
        config: ClassVar[dict[str, object]] = {"limit": {"type": "integer", "description": "How much of it."}}

    if end == "layout":
        monkeypatch.setitem(base.LAYOUTS, "odd", (Odd, Fixed.build))
    else:
        monkeypatch.setitem(faces.FACES, "odd", OddFace)
    monkeypatch.setattr(schema, "_validator", lambda: jsonschema.Draft202012Validator(schema.compose()))
    text = (BASE / "shop.yaml").read_text("utf-8")

    def refused(codec: str) -> list[str]:
        data = source.loads(text.replace("codecs:\n", f"codecs:\n  odd_one: {codec}\n"), "odd.yaml")
        return [problem.message for problem in schema.validate(data)]

    assert refused("{odd: 1, limit: 2}") == []
    assert refused("{odd: 1}") == ["there is no `limit`"]
    assert refused("{odd: one, limit: 2}") == ["`odd` has the wrong value"]
