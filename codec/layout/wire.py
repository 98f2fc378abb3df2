"""Protobuf on the wire: varints, tags, skipping; and the scalar kinds that a message's fields may have.

Reading is as lenient as proto3 asks (unknown fields and wrong wire types are skipped, the last scalar wins); writing
is the canonical form: ascending numbers, shortest varints, zero scalars left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from codec.frozen import frozen
from codec.layout.base import Layout, Wrong
from codec.layout.strings import as_text

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = range(6)
MASK64 = (1 << 64) - 1
MOST_NESTED = 10_000
_DOUBLE = struct.Struct("<d")

_KNOWN_LENGTHS = 1 << 12


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at `at` and the position after it; raises `Wrong`."""
    shift = result = 0
    while True:
        if at >= len(data):
            raise Wrong("a whole varint", "the end of the message")
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result & MASK64, at
        shift += 7
        if shift > 63:
            raise Wrong("a varint of at most 10 bytes", "a longer one")


def chunk(data: bytes, at: int) -> tuple[bytes, int]:
    """The length-delimited bytes at `at` and the position after them; raises `Wrong`."""
    size, at = varint(data, at)
    if size > len(data) - at:
        raise Wrong(f"{size} bytes, as the length in front says", f"{len(data) - at}")
    return data[at : at + size], at + size


def merged(from_wire: Callable[[bytes], object], parts: list[bytes]) -> Any:
    """The message that several say together; each of them must be one."""
    for part in parts if len(parts) > 1 else ():
        from_wire(part)
    return from_wire(b"".join(parts))


def skip(data: bytes, at: int, wire: int, number: int) -> int:
    """The position after a value of field `number` and wire type `wire` that nobody asked for; raises `Wrong`."""
    groups: list[int] = []
    while True:
        if wire == VARINT:
            at = varint(data, at)[1]
        elif wire == LENGTH:
            at = chunk(data, at)[1]
        elif wire in (FIXED64, FIXED32):
            at += 8 if wire == FIXED64 else 4
            if at > len(data):
                raise Wrong("a whole fixed-width value", "the end of the message")
        elif wire == GROUP and len(groups) < MOST_NESTED:
            groups.append(number)
        elif wire == END_GROUP and groups and groups[-1] == number:
            groups.pop()
        else:
            raise Wrong("a wire type from 0 to 5, and groups that end as they began", str(wire))
        if not groups:
            return at
        at, number, wire = tag(data, at)


def tag(data: bytes, at: int) -> tuple[int, int, int]:
    """Position after the tag, field number, wire type; raises `Wrong`."""
    key, at = varint(data, at)
    if not 0 < key >> 3 < 1 << 29:
        raise Wrong("a field number from 1 to 536870911", str(key >> 3))
    return at, key >> 3, key & 7


def write_varint(value: int) -> bytes:
    """The shortest varint of an unsigned number."""
    if value < 128:
        return bytes((value,))
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_chunk(head: bytes, data: bytes) -> bytes:
    """A length-delimited field: its tag, its length, its bytes."""
    return head + write_varint(len(data)) + data


class Chunk(dict[int, bytes]):
    """What stands before a length-delimited field: its tag `head`, and its length, by which this is looked up."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def __missing__(self, length: int) -> bytes:
        text = self._head + write_varint(length)
        if length < _KNOWN_LENGTHS:
            self[length] = text
        return text


def write_tag(number: int, wire: int) -> bytes:
    """The tag of a field."""
    return write_varint(number << 3 | wire)


@frozen
class Wire:
    """A scalar kind: its wire type, its zero, how to read it from the wire's value and how to write it."""

    word: str
    wire: int
    zero: object
    from_wire: Callable[[object], object]
    to_wire: Callable[[object], bytes]
    declared: object = None  # the type, where the spec declares it
    always: bool = False  # a sub-message: written whatever it holds, and merged when it is repeated


def _text(raw: object) -> str:
    assert isinstance(raw, bytes)
    return as_text(raw)


def checked_text(raw: object) -> bytes:
    """The bytes of a string field, which must be UTF-8; raises `Wrong`."""
    assert isinstance(raw, bytes)
    as_text(raw)
    return raw


def double(raw: object) -> float:
    """A double field's number from its 8 bytes; raises `Wrong` for NaN."""
    assert isinstance(raw, bytes)
    (value,) = _DOUBLE.unpack(raw)
    if value != value:
        raise Wrong("a number", "NaN")
    return float(value)


def write_text(value: object) -> bytes:
    """A string field's content from text or from bytes that are text."""
    if isinstance(value, str):
        return value.encode()
    return checked_text(value)


def write_double(value: object) -> bytes:
    """A double field's 8 bytes."""
    assert isinstance(value, float)
    return _DOUBLE.pack(value)


def _as_it_is(value: Any) -> Any:
    return value


def wire_kind(word: str, model: str) -> Wire:
    """The scalar kind that protobuf calls `word`, giving values of the model's type `model`."""
    if word == "string":
        as_bytes = model == "bytes"
        return Wire(word, LENGTH, b"" if as_bytes else "", checked_text if as_bytes else _text, write_text)
    if word == "double":
        return Wire(word, FIXED64, 0.0, double, write_double)
    if word == "bytes":
        return Wire(word, LENGTH, b"", _as_it_is, _as_it_is)
    if word == "uint64":
        return Wire(word, VARINT, 0, _as_it_is, write_varint)  # type: ignore[arg-type]
    raise KeyError(word)


WIRE_WORDS = ("string", "bytes", "double", "uint64")


class NoLayout(Layout):
    """Stands in the slot of a protobuf scalar, whose bytes the wire kind knows."""

    word = ""
    construct = emit_read = emit_write = values = None  # type: ignore[assignment]
    __abstractmethods__: frozenset[str] = frozenset()


NO_LAYOUT: Layout = NoLayout()
