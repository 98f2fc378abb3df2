"""The tests' own reader and writer of snapshot streams: the oracle's side, so nothing of `codec` may be used here.

It says which rows a stream has, which of them version resolution hides, and which adapter a row belongs to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAGIC = b"EKVPBBL1"
CLOCK_MAGIC = b"EKVTHLC1"
CLOCK_HEADER = 16
FOOTER = 4
KEY_LIMIT = (1 << 20) + 8
VALUE_LIMIT = (1 << 28) + 9 + 34
TOMBSTONE = 0x01
ALL_ONES = (1 << 64) - 1

OPERATIONAL_KEYS = frozenset(
    {b"_meta_last_commit_ts", b"_meta_min_retained_ts", b"_meta_pending_min_retained_ts", b"_meta_applied_index"}
)

# container-and-cli.md §2.2, the rows whose class is not "Internal always"
ROUTES: dict[str, tuple[bytes, ...]] = {
    "dynamodb": (b"!ddb|meta|table|", b"!ddb|meta|gen|", b"!ddb|item|", b"!ddb|gsi|"),
    "s3": (
        *(b"!s3|bucket|meta|", b"!s3|obj|head|", b"!s3|upload|meta|", b"!s3|upload|part|"),
        *(b"!s3|blob|", b"!s3|chunkref|", b"!s3|chunkblob|"),
    ),
    "redis": (
        *(b"!hs|meta|", b"!hs|fld|", b"!lst|meta|", b"!lst|itm|", b"!lst|claim|", b"!st|meta|", b"!st|mem|"),
        *(b"!zs|meta|", b"!zs|mem|", b"!zs|scr|", b"!stream|meta|", b"!stream|entry|"),
        *(b"!redis|zset|", b"!redis|hash|", b"!redis|set|", b"!redis|str|", b"!redis|hll|", b"!redis|ttl|"),
    ),
    "sqs": (
        *(b"!sqs|queue|meta|", b"!sqs|queue|gen|", b"!sqs|queue|seq|", b"!sqs|queue|tombstone|"),
        *(b"!sqs|msg|data|", b"!sqs|msg|vis|", b"!sqs|msg|byage|", b"!sqs|msg|dedup|", b"!sqs|msg|group|"),
    ),
}

# Internal when read, but written by the adapter's encoder.
WRITTEN_TOO = {b"!s3|bucket|gen|": "s3"}


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one key."""

    user_key: bytes
    commit_ts: int
    flags: int
    expire_at: int
    body: bytes

    @property
    def deleted(self) -> bool:
        return bool(self.flags & TOMBSTONE)

    def framed(self) -> bytes:
        """The row as the stream holds it (container-and-cli.md §1.2)."""
        key = self.user_key + struct.pack(">Q", self.commit_ts ^ ALL_ONES)
        value = struct.pack("<BQ", self.flags, self.expire_at) + self.body
        return struct.pack("<Q", len(key)) + key + struct.pack("<Q", len(value)) + value


@dataclass(frozen=True, slots=True)
class Stream:
    """What could be read: the rows before the first fault, and the fault (empty = none)."""

    header_ts: int
    rows: tuple[Row, ...]
    operational: tuple[tuple[bytes, bytes], ...] = ()
    fault: str = ""

    def live(self) -> tuple[Row, ...]:
        """Every row but the tombstones, in file order: what a reader without version resolution sees."""
        return tuple(row for row in self.rows if not row.deleted)

    def resolved(self) -> tuple[Row, ...]:
        """The newest version of each key, in file order, unless it is a tombstone or expired at the header."""
        newest: dict[bytes, Row] = {}
        for row in self.rows:
            known = newest.get(row.user_key)
            if known is None or row.commit_ts > known.commit_ts:
                newest[row.user_key] = row
        return tuple(row for row in self.rows if row is newest[row.user_key] and not self._hidden(row))

    def oddities(self) -> frozenset[str]:
        """Which of `repeated`, `deleted`, `expired`, `newer` (than the header) occur among the rows."""
        found = set()
        if len({row.user_key for row in self.rows}) < len(self.rows):
            found.add("repeated")
        for row in self.rows:
            if row.deleted:
                found.add("deleted")
            if self._expired(row):
                found.add("expired")
            if row.commit_ts > self.header_ts:
                found.add("newer")
        return frozenset(found)

    def adapters(self) -> frozenset[str]:
        return frozenset(name for row in self.rows if (name := adapter_of(row.user_key)))

    def _expired(self, row: Row) -> bool:
        return 0 < row.expire_at <= self.header_ts

    def _hidden(self, row: Row) -> bool:
        return row.deleted or self._expired(row)


class Fault(Exception):
    """The bytes are no stream."""


def adapter_of(user_key: bytes) -> str | None:
    """The adapter that decodes rows of this key, None for internal and unknown rows."""
    return next((name for name, prefixes in ROUTES.items() if user_key.startswith(prefixes)), None)


def read_stream(data: bytes) -> Stream:
    """Read a bare stream, a payload (clock header in front) or a runtime file (and a CRC-32C footer); never raises."""
    try:
        payload = _unwrapped(data)
        if payload[: len(MAGIC)] != MAGIC:
            raise Fault("magic")
        if len(payload) < 16:
            raise Fault("header is cut")
    except Fault as fault:
        return Stream(0, (), fault=str(fault))
    rows: list[Row] = []
    operational: list[tuple[bytes, bytes]] = []
    problem = ""
    try:
        for key, value in _entries(payload, 16):
            if key in OPERATIONAL_KEYS:
                operational.append((key, value))
            else:
                rows.append(_row(key, value))
    except Fault as fault:
        problem = str(fault)
    return Stream(struct.unpack("<Q", payload[8:16])[0], tuple(rows), tuple(operational), problem)


def write_stream(header_ts: int, rows: Iterable[Row]) -> bytes:
    """A bare stream of these rows, in this order."""
    return b"".join([MAGIC, struct.pack("<Q", header_ts), *(row.framed() for row in rows)])


def only_adapters(data: bytes, adapters: Iterable[str]) -> bytes:
    """The stream `data` without the rows of other adapters: what an encoder restricted to `adapters` writes."""
    wanted = frozenset(adapters)
    stream = read_stream(data)
    assert not stream.fault, stream.fault
    return write_stream(stream.header_ts, (row for row in stream.rows if _writer_of(row.user_key) in wanted))


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC_TABLE = tuple(_crc_of(byte) for byte in range(256))


def _writer_of(user_key: bytes) -> str | None:
    also = next((name for prefix, name in WRITTEN_TOO.items() if user_key.startswith(prefix)), None)
    return adapter_of(user_key) or also


def _unwrapped(data: bytes) -> bytes:
    if data[: len(CLOCK_MAGIC)] != CLOCK_MAGIC:
        return data
    payload = data[CLOCK_HEADER:]
    if crc32c(data[:-FOOTER]) == struct.unpack(">I", data[-FOOTER:])[0]:
        return payload[:-FOOTER]
    return payload


def _entries(data: bytes, offset: int) -> Iterator[tuple[bytes, bytes]]:
    while offset < len(data):
        key, offset = _part(data, offset, KEY_LIMIT)
        value, offset = _part(data, offset, VALUE_LIMIT)
        yield key, value


def _part(data: bytes, offset: int, limit: int) -> tuple[bytes, int]:
    start = offset + 8
    if start > len(data):
        raise Fault(f"cut inside a length at {offset}")
    (length,) = struct.unpack("<Q", data[offset:start])
    if length > limit:
        raise Fault(f"length over the limit at {offset}")
    if start + length > len(data):
        raise Fault(f"cut at {start}")
    return data[start : start + length], start + length


def _row(key: bytes, value: bytes) -> Row:
    if len(key) < 8 or len(value) < 9:
        raise Fault(f"short row {key[:16]!r}")
    flags, expire_at = struct.unpack("<BQ", value[:9])
    if flags & ~TOMBSTONE:
        raise Fault(f"flags {flags:#04x}")
    return Row(key[:-8], struct.unpack(">Q", key[-8:])[0] ^ ALL_ONES, flags, expire_at, value[9:])
