"""Documents and things, each kind alone; the JSON text is read again by the JSON reader that an encode uses."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain
from operator import getitem

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from codec.choices import engine_of
from codec.engine.base import Engine, Notes
from codec.engine.documents import STEM, put, targets
from codec.layout import json_read
from codec.spec import plan
from codec.spec.words import Thing
from codec.testing.documents import elements
from codec.testing.json_text import respaced, respelt, whole_of
from codec.testing.things import visible
from codec.testing.values import exact, members_of
from tests.support.laws import DocumentCase, both_engines, each_document, examples

STEMS = {STEM: "stem"}


@both_engines
@each_document
@examples(30)
@given(data=st.data())
def test_writing_then_reading_a_document_gives_the_same_thing(
    engine: str, case: DocumentCase, data: DataObject
) -> None:
    options, works = data.draw(case.options), engine_of(engine, case.adapter)
    thing = STEMS | visible(case.entity, data.draw(case.things), options)
    text = written(works, case, thing, options)
    said = list(read(works, case.document, text))
    assert exact(said) == exact(list(expected(case, thing)))


@both_engines
@each_document
@examples(30)
@given(data=st.data())
def test_a_document_in_other_words_is_the_same_document(engine: str, case: DocumentCase, data: DataObject) -> None:
    options, works = data.draw(case.options), engine_of(engine, case.adapter)
    thing = STEMS | visible(case.entity, data.draw(case.things), options)
    text = written(works, case, thing, options)
    other = "".join(data.draw(in_other_words(case.document, part)) for part in parts(case.document, text))
    assert exact(list(read(works, case.document, other))) == exact(list(read(works, case.document, text)))
    assert written(works, case, gathered(case, read(works, case.document, other)), options) == text


@each_document
@examples(30)
@given(data=st.data())
def test_both_engines_write_the_same_text(case: DocumentCase, data: DataObject) -> None:
    options = data.draw(case.options)
    thing = STEMS | visible(case.entity, data.draw(case.things), options)
    first, second = (
        written(engine_of(name, case.adapter), case, thing, options) for name in ("interpreter", "compiled")
    )
    assert first == second


def in_other_words(document: plan.Document, text: str) -> SearchStrategy[str]:
    """Texts that say the same; values that are passed through keep their tokens."""
    members = list(members_of(document))
    if any(member.keyed is not None for member in members):
        return respaced(text)
    return respelt(text, strangers=document.keyed is None, whole=whole_of(members))


def written(works: Engine, case: DocumentCase, thing: Thing, options: frozenset[str]) -> str:
    return "".join(works.document_writer(case.document, options)(thing, elements(case.entity, thing)))


def parts(document: plan.Document, text: str) -> list[str]:
    """The JSON values of a text: lines where the document is one of lines."""
    return [line + "\n" for line in text.split("\n")[:-1]] if document.kind == "lines" else [text]


def read(works: Engine, document: plan.Document, text: str) -> Iterator[tuple[int, Thing]]:
    """What the values of a text say, with the number of the kind of line that each is."""
    data = text.encode()
    if document.kind == "lines":
        for value, raw, _, _ in json_read.values(io.BytesIO(data), "text", max_value=len(data)):
            line, fields = works.line_reader(document)(value, notes_of(raw))
            yield document.lines.index(line), fields
    else:
        value = json_read.load(data, "text", fold=document.keyed is None)
        yield 0, works.document_reader(document)(value, notes_of(data))


def notes_of(text: bytes) -> Notes:
    """What a reader of documents hands in: the text, for values that are passed through."""
    notes = Notes()
    notes.data = text
    return notes


def expected(case: DocumentCase, thing: Thing) -> Iterator[tuple[int, Thing]]:
    """What a text of `thing` must say, by the members that the spec names."""
    if case.document.keyed is not None:
        yield 0, {case.document.keyed.field: thing[case.document.keyed.field]}
        return
    for number, line in enumerate(case.document.lines or (plan.Line("", case.document.members, case.document.place),)):
        if not line.each:
            yield number, said_by(line.members, thing)
            continue
        many = case.entity.fields[line.each].many
        assert many is not None
        for element in chain.from_iterable(elements(case.entity, thing)):
            yield number, said_by(line.members, dict(zip(many.fields, element, strict=True)))


def said_by(members: Iterable[plan.Member], thing: Thing) -> Thing:
    """What members say of a thing, or of an element as a thing."""
    said: Thing = {}
    for member in members:
        if member.stem:
            said[STEM] = thing[STEM]
        for name in targets(member):
            put(said, name, reduce(getitem, (name.field, *name.path), thing))  # type: ignore[arg-type]
    return said


def gathered(case: DocumentCase, values: Iterator[tuple[int, Thing]]) -> Thing:
    """The thing that the values of a text make together."""
    thing: Thing = dict.fromkeys(case.entity.fields) | STEMS
    many: dict[str, list[tuple[object, ...]]] = {line.each: [] for line in case.document.lines if line.each}
    for number, fields in values:
        each = case.document.lines[number].each if case.document.lines else ""
        if each:
            collection = case.entity.fields[each].many
            assert collection is not None
            many[each].append(tuple(fields[name] for name in collection.fields))
        else:
            thing |= fields
    return thing | many
