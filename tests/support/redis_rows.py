"""Records of Redis keys as nodes of all ages wrote them, for tests (redis.md §2): key and value."""

from __future__ import annotations

import struct

Record = tuple[bytes, bytes]


def u64(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}Q", *numbers)


def i64(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}q", *numbers)


def with_length(key: bytes) -> bytes:
    return struct.pack(">I", len(key)) + key


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field of fewer than 128 bytes."""
    return bytes((number << 3 | 2, len(content))) + content


def ttl(key: bytes, millis: int) -> Record:
    return b"!redis|ttl|" + key, u64(millis)


def string(key: bytes, value: bytes, millis: int | None = None) -> Record:
    return b"!redis|str|" + key, b"\xff\1" + (b"\0" if millis is None else b"\1" + u64(millis)) + value


def hash_blob(key: bytes, *fields: tuple[bytes, bytes]) -> Record:
    return b"!redis|hash|" + key, b"\0RH\1" + b"".join(
        field(1, field(1, name) + field(2, value)) for name, value in fields
    )


def hash_field(key: bytes, name: bytes, value: bytes) -> Record:
    return b"!hs|fld|" + with_length(key) + name, value


def hash_meta(key: bytes, *numbers: int) -> Record:
    return b"!hs|meta|" + with_length(key), u64(*numbers)


def set_blob(key: bytes, *members: bytes) -> Record:
    return b"!redis|set|" + key, b"\0RS\1" + b"".join(field(1, member) for member in members)


def set_member(key: bytes, member: bytes) -> Record:
    return b"!st|mem|" + with_length(key) + member, b""


def set_meta(key: bytes, *numbers: int) -> Record:
    return b"!st|meta|" + with_length(key), u64(*numbers)


def list_meta(key: bytes, length: int, *millis: int) -> Record:
    return b"!lst|meta|" + key, i64(0, length) + u64(length, *millis)


def list_item(key: bytes, at: int, value: bytes) -> Record:
    return b"!lst|itm|" + key + u64(at + (1 << 63)), value


def list_delta(key: bytes, head: int, length: int) -> Record:
    return b"!lst|meta|d|" + with_length(key) + struct.pack(">QI", 7, 0), i64(head, length)


def stream_entry(key: bytes, ms: int, seq: int, *fields: bytes) -> Record:
    message = field(1, b"%d-%d" % (ms, seq)) + b"".join(field(2, text) for text in fields)
    return b"!stream|entry|" + with_length(key) + u64(ms, seq), b"\0RXE\1" + message


def stream_meta(key: bytes, *numbers: int) -> Record:
    return b"!stream|meta|" + with_length(key), u64(*numbers)
