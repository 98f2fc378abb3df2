"""The JSON Schemas of documents say what the readers of documents do: what one takes the other takes, for any type."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from jsonschema import Draft202012Validator

from codec.choices import engine_of
from codec.engine.documents import STEM
from codec.engine.interpreter import Interpreter
from codec.spec.json_schema import ONE_LINE, schemas
from codec.testing.documents import elements
from tests.support.deviations import DEVIATIONS
from tests.support.golden_cases import ENGINES, golden_root, load_cases, load_encoder_lines
from tests.support.golden_layout import content_of
from tests.support.laws import CONTAINER, DocumentCase, decoded, each_document, examples
from tests.support.shown_documents import REFUSALS, STRAY, documents, readers

SCHEMAS = schemas(CONTAINER)
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
TOP = ("manifest", "encode_info")

Step = str | int
OTHER_TYPES = (None, True, False, 0, -1, 1.5, 1 << 64, "?", [], {})  # `?` stands in no alphabet of bytes as text
MOST_SHAPES, MOST_TEXT = 4, 4000
REAL = "real-a-runtime-file"  # everything that a node keeps
OPTIONS = [option for adapter in CONTAINER.adapters for option in adapter.options]


@lru_cache
def golden_documents() -> dict[str, dict[str, str]]:
    """Every JSON document of the golden trees, with one place where it stands, by kind."""
    found: dict[str, dict[str, str]] = {}
    for case in load_cases(golden_root()):
        for path, kind, text in documents(CONTAINER, case.tree() if case.decodes else {}):
            found.setdefault(kind, {}).setdefault(text, f"{case.name}: {path}")
        if (info := case.encode_info()) is not None:
            found.setdefault("encode_info", {}).setdefault(info, case.name)
    return found


@lru_cache
def real_documents() -> dict[str, list[str]]:
    """Documents of real data, short ones of different shapes: as they are by default, and with every option on."""
    data = next(case for case in load_cases(golden_root()) if case.name == REAL).input_bytes
    every = {option.name: option.choices[-1] if option.choices else True for option in OPTIONS}
    found: dict[str, list[str]] = {}
    shapes: dict[str, set[frozenset[object]]] = {}
    for switches in ({}, every):
        for _, kind, text in documents(CONTAINER, decoded(data, switches=switches)):
            shape = frozenset((*plain(path), type(part).__name__) for path, part in parts(json.loads(text)))
            known = shapes.setdefault(kind, set())
            if len(text) <= MOST_TEXT and len(known) < MOST_SHAPES and shape not in known:
                known.add(shape)
                found.setdefault(kind, []).append(text)
    return found


def parts(value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], object]]:
    """Every part of a JSON value with its path."""
    yield path, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        yield from parts(part, (*path, step))


def plain(path: tuple[Step, ...]) -> tuple[Step, ...]:
    """A path without the places in lists."""
    return tuple("*" if isinstance(step, int) else step for step in path)


def retyped(value: object) -> Iterator[tuple[tuple[Step, ...], object]]:
    """`value` with one part of each kind left out, or of another type."""
    seen = set()
    for path, _ in parts(value):
        if plain(path) in seen:
            continue
        seen.add(plain(path))
        for other in OTHER_TYPES:
            yield path, replaced(value, path, other)
        if path and isinstance(path[-1], str):
            yield path, replaced(value, path, ...)


def replaced(value: object, path: tuple[Step, ...], part: object) -> object:
    """`value` with another part at `path`, or with none for `...`."""
    if not path:
        return part
    changed = copy.deepcopy(value)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]  # type: ignore[index]
    if part is ...:
        del holder[path[-1]]  # type: ignore[attr-defined]
    else:
        holder[path[-1]] = part  # type: ignore[index]
    return changed


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_golden_document_fits_its_schema() -> None:
    golden = golden_documents()
    assert STRAY not in golden, golden[STRAY]
    assert {*TOP, "redis/Hash.document", "sqs/Message.line"} <= golden.keys()
    for kind, texts in golden.items():
        for text, place in texts.items():
            error = next(VALIDATORS[kind].iter_errors(json.loads(text)), None)
            assert error is None, f"{place}, as {kind}: {error}"


def test_every_kind_of_document_of_real_data_was_looked_at() -> None:
    """So that the laws below have something to say about each of them."""
    kinds = {name for name in SCHEMAS if "." in name}
    assert kinds <= real_documents().keys(), kinds - real_documents().keys()


def encoder_lines() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The hand-made trees of the golden data that an encode takes."""
    default, lines = load_encoder_lines(golden_root())
    for line in lines:
        deviation = DEVIATIONS.get(("encode", line["name"]))
        if (deviation.exit if deviation else line["encode_exit"]) == 0:
            yield line["name"], {path: content_of(content, default) for path, content in line["files"].items()}


@pytest.mark.parametrize("files", [pytest.param(files, id=name) for name, files in encoder_lines()])
def test_what_an_encode_takes_fits_the_schemas(files: dict[str, bytes]) -> None:
    for path, kind, text in documents(CONTAINER, files):
        if kind != STRAY and text.strip():
            error = next(VALIDATORS[kind].iter_errors(json.loads(text)), None)
            assert error is None, f"{path}, as {kind}: {error}"


@each_document
@examples(20)
@given(data=st.data())
def test_every_document_of_any_thing_fits_its_schema(case: DocumentCase, data: DataObject) -> None:
    thing, shown = data.draw(case.things) | {STEM: "name"}, data.draw(case.options)
    text = "".join(Interpreter().document_writer(case.document, shown)(thing, elements(case.entity, thing)))
    validator = VALIDATORS[f"{case.adapter.name}/{case.document.entity}.{case.document.name}"]
    for one in text.split("\n")[:-1] if case.document.kind in ONE_LINE else [text]:
        assert validator.is_valid(json.loads(one)), one


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", readers(CONTAINER, lambda adapter: Interpreter()))
def test_a_part_of_another_type_is_refused_by_both_or_by_none(kind: str, engine: str) -> None:
    read = readers(CONTAINER, lambda adapter: engine_of(engine, adapter))[kind]
    verdicts = set()
    for text in real_documents()[kind]:
        for path, value in retyped(json.loads(text)):
            valid = VALIDATORS[kind].is_valid(value)
            assert is_taken(read, value) == valid, f"{path} of {json.dumps(value)}: the schema says {valid}"
            verdicts.add(valid)
    assert verdicts == {True, False}


def is_taken(read: object, value: object) -> bool:
    try:
        read(json.dumps(value))  # type: ignore[operator]
    except REFUSALS:
        return False
    return True


def required(kind: str) -> list[str]:
    members = SCHEMAS[kind]["required"]
    assert isinstance(members, list)
    return members


@pytest.mark.parametrize("kind", TOP)
def test_a_top_document_needs_its_members_of_their_types(kind: str) -> None:
    """Its reader asks the schema itself."""
    value = json.loads(next(iter(golden_documents()[kind])))
    refuse_each(VALIDATORS[kind], value, required(kind))


@pytest.mark.parametrize("kind", [f"{a.name}/{name}" for a in CONTAINER.adapters for name in a.names])
def test_a_line_of_names_needs_all_its_texts(kind: str) -> None:
    value = dict.fromkeys(required(kind), "YQ")
    assert VALIDATORS[kind].is_valid(value)
    assert VALIDATORS[kind].is_valid(value | {"other": 1})
    refuse_each(VALIDATORS[kind], value, required(kind))


def refuse_each(validator: Draft202012Validator, value: dict[str, object], members: list[str]) -> None:
    """Whether each member is missed, and no other type taken for it."""
    for name in members:
        assert not validator.is_valid({member: part for member, part in value.items() if member != name}), name
        for other in ([1.5], 1.5):
            assert not validator.is_valid(value | {name: other}), name
