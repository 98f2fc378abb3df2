"""The `protobuf` library and we agree about messages: the same bytes are written, read alike, or refused by both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.choices import engine_of
from codec.engine.base import Misfit
from codec.engine.interpreter import Interpreter
from codec.layout.base import Wrong
from codec.layout.wire import write_chunk
from codec.spec import plan
from codec.spec.words import Thing
from codec.testing.streams import damage
from codec.testing.values import exact
from tests.support.laws import CONTAINER, both_engines, examples
from tests.support.protobuf_messages import MESSAGES, Message, messages, parsed, written

TAGS = {
    "s": "S",
    "n": "N",
    "b": "B",
    "bool_value": "BOOL",
    "null_value": "NULL",
    "ss": "SS",
    "ns": "NS",
    "bs": "BS",
    "l": "L",
    "m": "M",
}
UNSET = ("NULL", True)  # what stands for a value that is none (dynamodb.md §4.2)
DECLARED = {"KeySchema": "KeySchema", "Projection": "Projection", "GlobalSecondaryIndex": "Index", "Value": "Value"}
LENIENT = "a field number"  # the library's Python part takes numbers that protobuf does not have
TYPES = CONTAINER.adapter("dynamodb").types


def model(message: Message) -> object:
    """A declared type's value as the plan's types hold it."""
    if message.DESCRIPTOR.name == "Value":
        field = message.WhichOneof("value")
        return UNSET if field is None else (TAGS[field], part(message, field))
    return {field: part(message, field) for field in MESSAGES[message.DESCRIPTOR.name]}


def part(message: Message, field: str) -> object:
    """A field of a message; lists and maps that the library wraps in messages of their own are unwrapped."""
    value = getattr(message, field)
    if isinstance(value, Message):
        wrapped = message.DESCRIPTOR.name == "Value"
        return part(value, "values") if wrapped else model(value)
    if isinstance(value, Mapping):
        return {key: model(one) if isinstance(one, Message) else one for key, one in value.items()}
    if isinstance(value, (str, bytes, bool, int, float)):
        return value
    return [model(one) if isinstance(one, Message) else one for one in value]


@st.composite
def mixtures(draw: st.DrawFn, name: str) -> bytes:
    """Bytes that a reader must merge, skip or refuse: messages after one another, some of other kinds, some damaged."""
    kinds = st.just(name) | st.sampled_from(sorted(MESSAGES))
    parts = draw(st.lists(kinds.flatmap(lambda kind: messages(kind, whole=False)), min_size=1, max_size=3))
    data = b"".join(map(written, parts))
    return draw(damage(data)) if draw(st.booleans()) else data


def outcome(read: Callable[..., Any], *data: bytes) -> tuple[Any, str]:
    """What reading gives, and what was expected if it is refused."""
    try:
        return read(*data), ""
    except (Wrong, Misfit) as problem:
        return None, problem.expected


# ------------------------------------------------------------------------------------------------ declared types


@pytest.mark.parametrize("name", DECLARED)
@examples(200)
@given(data=st.data())
def test_types_write_what_protobuf_writes(name: str, data: DataObject) -> None:
    message = data.draw(messages(name))
    assert TYPES[DECLARED[name]].to_wire(model(message)) == written(message)


@pytest.mark.parametrize("name", DECLARED)
@examples(200)
@given(data=st.data())
def test_types_read_what_protobuf_reads(name: str, data: DataObject) -> None:
    raw = data.draw(mixtures(name))
    message = parsed(name, raw)
    value, refusal = outcome(TYPES[DECLARED[name]].from_wire, raw)
    assert (message is None) == bool(refusal) or LENIENT in refusal, f"{raw.hex()}: {refusal}"
    if message is not None and not refusal:
        assert exact(value) == exact(model(message)), raw.hex()


# ------------------------------------------------------------------------------------------------ records


@dataclass(frozen=True)
class Stored:
    """A record kind whose value is a message: its literal, and its fields as the model has them, maps as dicts.

    `fields` gives none where a record is refused although its message is one. `rest` is what the key needs.
    """

    adapter: str
    label: str
    key: bytes
    magic: bytes
    message: str
    fields: Callable[[Message], Thing | None]
    rest: Thing

    def __str__(self) -> str:
        return self.label

    @property
    def row(self) -> plan.Row:
        return next(row for row in CONTAINER.adapter(self.adapter).rows if row.label == self.label)


def table(message: Message) -> Thing:
    names = {"migrating_from_generation": "migrating_from", "key_encoding_version": ""}
    fields = {names.get(field, field): part(message, field) for field in MESSAGES["TableSchema"]}
    return {field: value for field, value in fields.items() if field}


def scored(message: Message) -> Thing | None:
    entries = [(entry.member.encode(), entry.score) for entry in message.entries]  # type: ignore[attr-defined]
    return None if any(score != score for _, score in entries) else {"members": entries}


def members(message: Message) -> Thing:
    return {"members": [(member.encode(),) for member in message.members]}  # type: ignore[attr-defined]


def by_bytes(message: Message) -> Thing:
    return {"fields": {name.encode(): value.encode() for name, value in message.entries.items()}}  # type: ignore[attr-defined]


def paired(message: Message) -> Thing | None:
    flat = list(message.fields)  # type: ignore[attr-defined]
    return None if len(flat) % 2 else {"fields": [*zip(flat[::2], flat[1::2], strict=True)]}


TABLE = {"name": b"t", "written_generation": 1}
ITEM = {"table": TABLE, "written_generation": 1, "hash": ("S", "k"), "range": None}
KEY = {"key": b"k"}
STORED = (
    Stored("dynamodb", "Table.schema", b"!ddb|meta|table|dA", b"\0DS\1", "TableSchema", table, TABLE),
    Stored(
        "dynamodb",
        "Item.item",
        b"!ddb|item|dA|1|k\0\1",
        b"\0DI\1",
        "Item",
        lambda m: {"attributes": part(m, "attributes")},
        ITEM,
    ),
    Stored("redis", "Set.blob", b"!redis|set|k", b"\0RS\1", "RedisSetValue", members, KEY),
    Stored("redis", "ZSet.blob", b"!redis|zset|k", b"\0RZ\1", "RedisZSetValue", scored, KEY),
    Stored("redis", "Hash.blob", b"!redis|hash|k", b"\0RH\1", "RedisHashValue", by_bytes, KEY),
    Stored(
        "redis", "Stream.entry", b"!stream|entry|\0\0\0\1k" + bytes(16), b"\0RXE\1", "RedisStreamEntry", paired, KEY
    ),
)
WRITES: Thing = {"key_encoding_version": 2, "migrating_from_generation": 0, "generation": 1, "id": "0-0"}
each_stored = pytest.mark.parametrize("kind", STORED, ids=str)


def listed(value: object) -> object:
    """A field as things have it: maps are lists in the order of their names."""
    return sorted(value.items()) if isinstance(value, dict) else value


@both_engines
@each_stored
@examples(100)
@given(data=st.data())
def test_records_are_read_as_protobuf_reads_them(kind: Stored, engine: str, data: DataObject) -> None:
    raw = data.draw(mixtures(kind.message))
    message = parsed(kind.message, raw)
    expected = None if message is None else kind.fields(message)
    read = engine_of(engine, CONTAINER.adapter(kind.adapter)).reader(kind.row)
    values, refusal = outcome(read, kind.key, kind.magic + raw)
    assert (expected is None) == bool(refusal) or LENIENT in refusal, f"{raw.hex()}: {refusal}"
    if expected is None or refusal:
        return
    said = dict(zip(kind.row.kept, values, strict=True))
    for name, value in expected.items():
        found = dict(said[name]) if isinstance(value, dict) else said[name]  # type: ignore[call-overload]
        assert exact(found) == exact(value), f"{name} of {raw.hex()}"


@both_engines
@each_stored
@examples(100)
@given(data=st.data())
def test_records_are_written_as_protobuf_writes_them(kind: Stored, engine: str, data: DataObject) -> None:
    message = data.draw(messages(kind.message).filter(lambda message: kind.fields(message) is not None))
    for field in WRITES.keys() & MESSAGES[kind.message].keys():
        setattr(message, field, WRITES[field])
    fields = kind.fields(message)
    assert fields is not None
    known = CONTAINER.adapter(kind.adapter).entity(kind.row.entity).fields
    structs = {name for name, field in known.items() if field.declared is not None}
    thing = kind.rest | {name: value if name in structs else listed(value) for name, value in fields.items()}
    element = (0, 0, thing["fields"]) if kind.row.each else ()
    writes = engine_of(engine, CONTAINER.adapter(kind.adapter)) if kind.row.written else Interpreter()
    assert writes.writer(kind.row)(thing, element) == (kind.key, kind.magic + written(message))


TRAPS = {
    "a group that another number ends": "Item.item 0b14",
    "a text that is none, although a later one replaces it": "Item.item 0a0a0a016112050a01ff0a00",
    "a part of a union that is no message, although another one replaces it": "Item.item 0a0a0a016112054a01ff0a00",
    "a part that is a message only with the next one": "Table.schema 1a010a1a0100",
    "a part of an index that is a message only with the next one": "Table.schema 220b0a01691206" + "0a010a0a0100",
    "a varint of eleven bytes": "Table.schema 28ffffffffffffffffffff01",
    "the number 0": "Set.blob 0200",
}


@both_engines
@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_what_is_no_message_is_refused(trap: str, engine: str) -> None:
    label, _, digits = trap.partition(" ")
    kind, raw = next(kind for kind in STORED if kind.label == label), bytes.fromhex(digits)
    assert parsed(kind.message, raw) is None
    with pytest.raises(Misfit):
        engine_of(engine, CONTAINER.adapter(kind.adapter)).reader(kind.row)(kind.key, kind.magic + raw)


@pytest.mark.parametrize("deep", [10, 2000])
def test_values_in_values_are_read_once_each(deep: int) -> None:
    """However often a part is repeated on its way down: a reader that looks twice at each would never come back."""
    raw = b"\x28\1"
    for _ in range(deep):
        raw = write_chunk(b"J", write_chunk(b"\n", raw)) + b"J\0"
    found = TYPES["Value"].from_wire(raw)
    for _ in range(deep):
        assert found[0] == "L"
        (found,) = found[1]
    assert found == UNSET


REPEATED = {
    "lists of a value": ("Value", [b"\x4a\4\n\2\n\0", b"\x4a\4\n\2\x1a\0"]),
    "maps of a value": ("Value", [b"\x52\6\n\4\x12\2\n\0", b"\x52\7\n\5\n\1a\x12\0"]),
    "a list, another member, a list": ("Value", [b"\x4a\4\n\2\n\0", b"\x28\0", b"\x4a\4\n\2\x1a\0"]),
    "values of one entry": ("Value", [b"\x52\x0e\n\x0c\x12\4\x4a\2\n\0\x12\4\x4a\2\n\0"]),
    "parts of a part": ("GlobalSecondaryIndex", [b"\n\3\n\1a", b"\n\3\x12\1b", b"\n\2\n\0"]),
}


@pytest.mark.parametrize("name", REPEATED)
def test_repeated_parts_are_merged(name: str) -> None:
    kind, parts = REPEATED[name]
    message = parsed(kind, b"".join(parts))
    assert message is not None
    assert exact(TYPES[DECLARED[kind]].from_wire(b"".join(parts))) == exact(model(message))
