"""Every primitive of the language, configured as its own schema allows: its faces say the same, right or wrong.

A primitive is under these laws from the day that it is registered; what is special about one is tested elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import construct
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from codec.compile.code import Code
from codec.layout import json_read
from codec.layout.base import BYTES, LAYOUTS, REAL, TEXT, WHOLE, Cut, Layout, Setting, Wrong
from codec.layout.collection_faces import Numbers, TextsByName
from codec.layout.faces import Face
from codec.layout.tagged import Tagged
from codec.spec import plan
from codec.testing import damage
from codec.testing.json_text import spoilt
from codec.testing.values import Uses, all_members, exact, members_of, scalars, texts
from tests.support.laws import CONTAINER, examples

REFUSED = "refused"


def sampled(schema: Mapping[str, object]) -> SearchStrategy[object]:
    """Values that a simple JSON Schema allows."""
    if "enum" in schema:
        return st.sampled_from(cast("list[object]", schema["enum"]))
    if schema["type"] == "integer":
        low = cast(int, schema.get("minimum", 0))
        return st.integers(low, cast(int, schema.get("maximum", low + 40)))
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "string":
        return st.text("abc", min_size=cast(int, schema.get("minLength", 0)), max_size=5)
    raise NotImplementedError(f"no values for {schema}: give them here")


def layouts(word: str) -> SearchStrategy[Layout]:
    """The layout of a word, in any configuration."""
    kind, build = LAYOUTS[word]
    required = {name: sampled(cast("dict[str, object]", schema)) for name, schema in kind.config.items()}
    optional = {name: sampled(cast("dict[str, object]", schema)) for name, schema in kind.optional.items()}
    argument = st.just(cast(object, word)) if kind.takes is None else sampled(kind.takes)

    def inner(of: object) -> Layout:
        return LAYOUTS[str(of)][1](Setting(of, {}, "big", inner))

    return st.builds(
        lambda argument, options, order: build(Setting(argument, in_range(options), order, inner)),
        argument,
        st.fixed_dictionaries(required, optional=optional),
        st.sampled_from(["big", "little"]),
    )


def in_range(options: dict[str, object]) -> dict[str, object]:
    """Options whose smallest value is not above the largest."""
    if {"min", "max"} <= options.keys():
        options["min"], options["max"] = sorted((cast(int, options["min"]), cast(int, options["max"])))
    return options


class Generated:
    """The generated code of a layout, with the checks that patterns add: what is read ends within the data."""

    def __init__(self, layout: Layout, start: int | str) -> None:
        code = Code()
        with code.function("read", "record, at, tail", "tuple", "The value, and where it ends."):
            code.line("stop = len(record) - tail")
            value, after = layout.emit_read(code, Cut("record", start, "stop"))
            code.reject_if(f"{after} > len(record)")
            code.line(f"return {value}, {after}")
        with code.function("write", "thing", "bytes", "The bytes of a value."):
            code.line(f"return {layout.emit_write(code, 'thing')}")
        names: dict[str, Any] = dict(code.objects)
        exec(code.text("A layout."), names)
        self._start, self._read, self._write = start, names["read"], names["write"]

    def read(self, data: bytes, at: int, tail: int) -> object:
        assert self._start in ("at", at)
        return refused(lambda: self._read(data, at, tail), Exception)

    def write(self, value: object) -> object:
        return refused(lambda: self._write(value), Exception)


def refused(doing: Callable[[], object], *errors: type[Exception]) -> object:
    """What comes out of it, or that it was refused with one of these errors."""
    try:
        return exact(doing())
    except errors:
        return REFUSED


def interpreted(layout: Layout, data: bytes, at: int, tail: int) -> object:
    def read() -> tuple[object, int]:
        stream = io.BytesIO(data)
        stream.seek(at)
        return layout.construct(tail)._parsereport(stream, construct.Container(), ""), stream.tell()

    return refused(read, Wrong, construct.StreamError)


@pytest.mark.parametrize("word", sorted(LAYOUTS))
@examples(20)
@given(data=st.data(), before=st.binary(max_size=2), behind=st.binary(max_size=4))
def test_a_layout_reads_and_writes_as_its_construct_object(
    word: str, data: DataObject, before: bytes, behind: bytes
) -> None:
    layout = data.draw(layouts(word))
    value = data.draw(layout.values())
    written = layout.construct(0).build(value)
    tail = len(behind) if layout.is_open else 0
    code = Generated(layout, data.draw(st.sampled_from(["at", len(before)])))
    assert code.write(value) == exact(written)
    whole = before + written + (behind if layout.is_open else b"")
    assert code.read(whole, len(before), tail) == exact((value, len(before + written)))
    assert interpreted(layout, whole, len(before), tail) == exact((value, len(before + written)))


KINDS: dict[str, type] = {WHOLE: int, REAL: float, BYTES: bytes, TEXT: str, "flag": int}


@pytest.mark.parametrize("word", sorted(LAYOUTS))
@examples(10)
@given(data=st.data())
def test_a_layout_holds_the_types_that_it_says(word: str, data: DataObject) -> None:
    layout = data.draw(layouts(word))
    if layout.holds:
        assert type(data.draw(layout.values())) in {KINDS[family] for family in layout.holds}


@pytest.mark.parametrize("word", sorted(LAYOUTS))
@examples(50)
@given(data=st.data(), before=st.binary(max_size=2), behind=st.binary(max_size=4))
def test_a_layout_refuses_what_its_construct_object_refuses(
    word: str, data: DataObject, before: bytes, behind: bytes
) -> None:
    layout = data.draw(layouts(word))
    written = layout.construct(0).build(data.draw(layout.values()))
    raw = data.draw(damage(written) | st.binary(max_size=12))
    tail = data.draw(st.integers(0, len(behind))) if layout.is_open else 0
    code = Generated(layout, data.draw(st.sampled_from(["at", len(before)])))
    assert code.read(before + raw + behind, len(before), tail) == interpreted(
        layout, before + raw + behind, len(before), tail
    )


# ------------------------------------------------------------------------------------------------ faces


def faces() -> Iterator[tuple[str, Face]]:
    """Every face that a document or a stored JSON object of the format has, once a kind and model."""
    found: dict[tuple[object, ...], Face] = {}
    for adapter in CONTAINER.adapters:
        for entity in adapter.entities:
            members = [member for document in entity.documents for member in members_of(document)]
            for row in entity.rows:
                parts = (part for form in row.forms for part in form.parts)
                members += [member for part in parts if isinstance(part, plan.Json) for member in part.members]
            for member in all_members(members):
                if member.face is not None and not member.derive and not getattr(member.face, "reads_text", False):
                    found.setdefault((member.face.word, member.face.model, member.face.html), member.face)
    yield from ((" ".join(str(part) for part in key), face) for key, face in sorted(found.items()))


FACES = dict(faces())
each_face = pytest.mark.parametrize("name", FACES)


def values(face: Face) -> SearchStrategy[object]:
    """The values of the model that a face can show."""
    if isinstance(face, Tagged):
        wide = face.union.values()
    elif isinstance(face, Numbers):
        wide = st.lists(scalars(face.model), max_size=4)
    elif isinstance(face, TextsByName):
        wide = st.dictionaries(texts(), texts(), max_size=4).map(lambda by_name: sorted(by_name.items()))
    else:
        wide = scalars(face.model)
    return wide.filter(Uses(faces=[face]).keeps)


class GeneratedFace:
    """The generated code of a face."""

    def __init__(self, face: Face, newline: str) -> None:
        code = Code()
        with code.function("write", "value", "str", "The text of a value."):
            code.line(f"return {face.emit_write(code, 'value', newline)}")
        with code.function("read", "json", "object", "The value of a JSON value."):
            code.line(f"return {face.emit_read(code, 'json')}")
        names: dict[str, Any] = dict(code.objects)
        exec(code.text("A face."), names)
        self.write, self.read = names["write"], names["read"]


@each_face
@examples(30)
@given(data=st.data())
def test_a_face_reads_what_it_writes(name: str, data: DataObject) -> None:
    face, newline = FACES[name], data.draw(st.sampled_from(["", "\n", "\n  "]))
    value = data.draw(values(face))
    text = face.write(value, newline)
    code = GeneratedFace(face, newline)
    assert code.write(value) == text
    json = json_read.load(text.encode(), "text", fold=False)
    assert exact(face.read(json)) == exact(value)
    assert exact(code.read(json)) == exact(value)
    jsonschema.validate(plain(json), face.schema())


@each_face
@examples(40)
@given(data=st.data())
def test_a_face_refuses_what_its_generated_code_refuses(name: str, data: DataObject) -> None:
    face = FACES[name]
    text = data.draw(spoilt(face.write(data.draw(values(face)), "").encode()))
    try:
        json = json_read.load(text, "text", fold=False)
    except json_read.DocumentError:
        return  # no JSON any more: a face never sees it
    assert refused(lambda: GeneratedFace(face, "").read(json), Exception) == refused(lambda: face.read(json), Wrong)


def plain(json: json_read.JsonValue) -> object:
    """A JSON value with its numbers as Python has them."""
    if isinstance(json, json_read.Number):
        return float(json)
    if isinstance(json, dict):
        return {name: plain(value) for name, value in json.items()}
    return [plain(value) for value in json] if isinstance(json, list) else json
