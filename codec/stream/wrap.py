"""Entries into a file of any container that the format has: stream, layers around it, footer (container-and-cli.md §1).

Written in one pass where the stream allows it; a stream that is grouped by key, or that has its checksum in front, goes
through a temporary file. Memory: one block, or one larger value.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import google_crc32c

from codec.frozen import frozen
from codec.layout.numbers import ALL_BITS
from codec.spec.container import Clock, Container, StreamPlan
from codec.stream.everything import ENTRY, NODE
from codec.stream.frame import Frame
from codec.stream.seal import sealed

BLOCK = 1 << 20
IN_MEMORY = 4 << 20  # versions of one key up to this size are not written to the disk before they are counted


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Out(NamedTuple):
    """What is written: an entry; a row of the node (`key`, `value` whole); or the head of a group, `state` 1 if a new one
    begins although the key is the same, 0 if it is empty."""

    what: int
    key: bytes
    commit_ts: int
    state: int
    expire_at: int
    value: bytes


class OutRun(NamedTuple):
    """Entries that follow each other, without flags and expiries: framed keys, each above the one before, and values."""

    raws: list[bytes]
    values: list[bytes]

    def entries(self, suffix: struct.Struct) -> Iterator[Out]:
        """The same one by one; `suffix` is what a framed key ends with."""
        for raw, value in zip(self.raws, self.values, strict=True):
            (inverted,) = suffix.unpack(raw[-suffix.size :])
            yield Out(ENTRY, raw[: -suffix.size], inverted ^ ALL_BITS, 0, 0, value)


@frozen
class Wrapping:
    """A container: which stream with which numbers in its header, the bytes in front of it, and whether a footer ends it."""

    stream: str
    header: Mapping[str, int]
    front: bytes = b""
    footer: bool = False

    def raised(self, clock: Clock, commit_ts: int) -> Wrapping:
        """The same for a file whose newest commit is `commit_ts`: header and clock are not behind it (§7.2)."""
        header = {name: max(n, commit_ts) if name == COMMIT else n for name, n in self.header.items()}
        return replace(self, header=header, front=raised_front(clock, self.front, commit_ts))


COMMIT = "last_commit_ts"


def made_front(clock: Clock, commit_ts: int) -> bytes:
    """The header that is put in front of a stream that had none: the first form, with a floor above the commit."""
    form, slots = next(iter(clock.forms.items()))
    numbers = b"".join(struct.pack(layout.format, 0) for _, layout in slots)
    return raised_front(clock, clock.starts + form + numbers, commit_ts)


def raised_front(clock: Clock, front: bytes, commit_ts: int) -> bytes:
    """The header with a floor that is not below the commit; a floor that is higher stays, and so does no header."""
    if not front or not commit_ts:
        return front
    at = len(clock.starts) + 1
    for name, layout in clock.forms[front[at - 1 : at]]:
        (number,) = struct.unpack_from(layout.format, front, at)
        width = layout.size or 0
        if name == clock.floor:
            floor = max(number, (commit_ts >> clock.shift) + 1)
            return front[:at] + struct.pack(layout.format, floor) + front[at + width :]
        at += width
    return front


def write_container(
    container: Container, wrapping: Wrapping, entries: Iterable[Out | OutRun], sink: Sink, scratch: Path | None = None
) -> int:
    """Write the whole file; how many entries. `scratch` is where temporary files go."""
    plan = next(stream for stream in container.streams if stream.name == wrapping.stream)
    out = _Counted(sink, wrapping.footer)
    out.write(wrapping.front)
    stream = sealed(plan, out)
    stream.write(plan.magic)
    if plan.groups is None:
        stream.write(b"".join(struct.pack(layout.format, wrapping.header[name]) for name, layout in plan.header))
        for block in _framed(plan, entries, out):
            stream.write(block)
    else:
        from tempfile import TemporaryFile

        with TemporaryFile(dir=scratch) as body:
            _grouped(plan, _one_by_one(container, entries), body, out, scratch)
            stream.write(_header_of(plan, wrapping.header, body))
            body.seek(0)
            while block := body.read(BLOCK):
                stream.write(block)
    stream.finish()
    if wrapping.footer:
        sink.write(struct.pack(container.footer.crc.format, out.crc))
    return out.count


class Layers:
    """A sink that puts a clock in front of the first byte, and the footer behind the last one if one is wanted."""

    def __init__(self, container: Container, footer: bool, commit_ts: int, sink: Sink) -> None:
        self._container, self._footer, self._commit_ts = container, footer, commit_ts
        self._out, self._sink = _Counted(sink, footer), sink
        self._begun = False

    def write(self, data: bytes) -> int:
        """More of the stream."""
        if not self._begun:
            self._begun = True
            self._out.write(made_front(self._container.clock, self._commit_ts))
        self._out.write(data)
        return len(data)

    def end(self) -> bool:
        """Complete the file; whether anything was written."""
        if self._begun and self._footer:
            self._sink.write(struct.pack(self._container.footer.crc.format, self._out.crc))
        return self._begun


class _Counted:
    """A sink that counts entries and keeps the checksum of all bytes."""

    def __init__(self, sink: Sink, digest: bool) -> None:
        self._sink, self._digest, self.crc, self.count = sink, digest, 0, 0

    def write(self, data: bytes) -> None:
        if self._digest:
            self.crc = google_crc32c.extend(self.crc, data)
        self._sink.write(data)


def _one_by_one(container: Container, entries: Iterable[Out | OutRun]) -> Iterator[Out]:
    suffix = container.written.stamp
    for one in entries:
        if isinstance(one, OutRun):
            yield from one.entries(suffix)
        else:
            yield one


def _framed(plan: StreamPlan, entries: Iterable[Out | OutRun], out: _Counted) -> Iterator[bytes]:
    key_frame, value_frame, bits = plan.key, plan.value, plan.bits
    assert key_frame is not None and value_frame is not None and bits is not None
    key_size, value_size = struct.Struct(key_frame.length.format).pack, struct.Struct(value_frame.length.format).pack
    suffix = plan.stamp.pack
    head = struct.Struct("<" + "".join(layout.format[1] for _, layout in value_frame.before)).pack
    first, _ = bits.ranges["tombstone"]
    deleted = 1 << first
    frame = Frame(key_frame.length.format, value_frame.length.format, head(0, 0))
    parts: list[bytes] = []
    room = BLOCK
    for one in entries:
        if isinstance(one, OutRun):
            yield b"".join((*parts, frame.block(*one)))
            out.count += len(one.raws)
            parts, room = [], BLOCK
            continue
        what, key, commit_ts, state, expire_at, value = one
        if what == ENTRY:
            raw, before = key + suffix(commit_ts ^ ALL_BITS), head(deleted if state else 0, expire_at)
        elif what == NODE:
            raw, before = key, b""
        else:
            continue
        parts += (key_size(len(raw)), raw, value_size(len(before) + len(value)), before, value)
        out.count += 1
        room -= len(raw) + len(value) + 25
        if room <= 0:
            yield b"".join(parts)
            parts, room = [], BLOCK
    yield b"".join(parts)


def _grouped(plan: StreamPlan, entries: Iterable[Out], body: IO[bytes], out: _Counted, scratch: Path | None) -> None:
    """Groups of the entries that follow each other with one key; rows of the node have no place in such a stream."""
    groups = plan.groups
    assert groups is not None
    number, count_of = struct.Struct(groups.key.length.format).pack, struct.Struct(groups.count.format).pack
    head = struct.Struct("<" + "".join(layout.format[1] for _, layout in groups.version)).pack
    names = [name for name, _ in groups.version]

    from tempfile import SpooledTemporaryFile

    for _, group in groupby(_numbered(entries), key=lambda pair: pair[0]):
        with SpooledTemporaryFile(IN_MEMORY, dir=None if scratch is None else str(scratch)) as versions:
            count, key = 0, b""
            for _, one in group:
                key = one.key
                if one.what != ENTRY:
                    continue
                numbers = {COMMIT_OF: one.commit_ts, STATE_OF: one.state, EXPIRY_OF: one.expire_at}
                versions.write(head(*(numbers[name] for name in names)) + number(len(one.value)))
                versions.write(one.value)
                count += 1
            body.write(number(len(key)) + key + count_of(count))
            out.count += count
            versions.seek(0)
            while block := versions.read(BLOCK):
                body.write(block)


COMMIT_OF, STATE_OF, EXPIRY_OF = "commit_ts", "tombstone", "expire_at"


def _numbered(entries: Iterable[Out]) -> Iterator[tuple[int, Out]]:
    """Each with the number of its group."""
    number, last = 0, None
    for one in entries:
        if one.what == NODE:
            continue
        if one.key != last or one.what != ENTRY:
            number += 1
        last = one.key
        yield number, one


def _header_of(plan: StreamPlan, numbers: Mapping[str, int], body: IO[bytes]) -> bytes:
    """The numbers of a header; its checksum is of what follows it."""
    known = dict(numbers)
    names = [name for name, _ in plan.header]
    if plan.checksum:
        behind = plan.header[names.index(plan.checksum) + 1 :]
        crc = zlib.crc32(b"".join(struct.pack(layout.format, known[name]) for name, layout in behind))
        body.seek(0)
        while block := body.read(BLOCK):
            crc = zlib.crc32(block, crc)
        known[plan.checksum] = crc
    return b"".join(struct.pack(layout.format, known[name]) for name, layout in plan.header)
