"""What every generated module has of the file around the records: reading and writing it, in memory. Knows no format.

The same judgements in the same order as `codec.stream`, without its blocks, batches and sorts on disk.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from codec.errors import DataError, LimitError, Place, StreamError, shown
from codec.layout.base import Wrong
from codec.layout.numbers import Fixed
from codec.spec.container import Clock, Footer, Frame, Groups, Operational, StreamPlan


class Entry(NamedTuple):
    """One version of one record; `raw` is what it is sorted by, `at` where it begins."""

    raw: bytes
    key: bytes
    commit_ts: int
    tombstone: bool
    expire_at: int
    value: bytes
    at: int


@dataclass(frozen=True)
class Outside:
    """What stands around the records of a file."""

    streams: tuple[StreamPlan, ...]
    clock: Clock
    footer: Footer
    operational: tuple[Operational, ...]

    @property
    def written(self) -> StreamPlan:
        """The stream that is written."""
        return next(stream for stream in self.streams if stream.write_errors)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class FileReader:
    """Reads a file from the front; raises `StreamError`."""

    def __init__(self, outside: Outside, data: bytes) -> None:
        self.outside, self.data, self.at = outside, data, 0

    def read(self) -> tuple[int, list[Entry]]:
        """The stream's last commit timestamp, and its entries but for rows of the node itself."""
        self._clock()
        begin = self.at
        plan = self._magic()
        said = {name: self._number(layout, plan.errors["header"], name) for name, layout in plan.header}
        self._check(plan, said)
        entries = [*(self._grouped(plan, plan.groups) if plan.groups is not None else self._framed(plan))]
        self._end(plan, begin)
        return said["last_commit_ts"], entries

    # -------------------------------------------------------------------------------------------- parts

    def _wrong(self, code: str, message: str, expected: str = "", found: str = "", hint: str = "") -> StreamError:
        return StreamError(code, message, Place(offset=self.at), expected=expected, found=found, hint=hint)

    def _bytes(self, size: int, code: str, what: str) -> bytes:
        found = self.data[self.at : self.at + size]
        if len(found) < size:
            raise self._wrong(code, f"the file ends in the {what}", f"{size} bytes", str(len(found)))
        self.at += size
        return found

    def _number(self, layout: Fixed, code: str, what: str) -> int:
        (raw,) = struct.unpack(layout.format, self._bytes(layout.size or 0, code, what))
        try:
            value = layout.from_raw(raw)
        except Wrong as wrong:
            raise self._wrong(code, f"the {what} is out of its range", wrong.expected, wrong.found) from None
        assert isinstance(value, int)
        return value

    def _length(self, frame: Frame, limit: str, cut: str, what: str) -> int:
        at = self.at
        size = self._number(frame.length, cut, f"length of a {what}")
        if size > frame.most:
            most = f"at most {frame.most} bytes"
            raise LimitError(limit, f"a {what} is too long", Place(offset=at), expected=most, found=str(size))
        return size

    # -------------------------------------------------------------------------------------------- in front

    def _clock(self) -> None:
        clock = self.outside.clock
        if not self.data.startswith(clock.starts):
            return
        end = len(clock.starts) + 1
        slots = clock.forms.get(self.data[end - 1 : end])
        if slots is None:
            raise self._wrong(clock.error, "unknown header in front of the stream", found=shown(self.data[:end]))
        is_sized, self.at = self.data[end - 1 : end] in clock.sized, end
        size = self._number(slots[0][1], clock.error, "header") if is_sized else sum(one.size or 0 for _, one in slots)
        self._bytes(size, clock.error, "header")

    def _magic(self) -> StreamPlan:
        plan = next((one for one in self.outside.streams if self.data.startswith(one.magic, self.at)), None)
        if plan is None:
            written = self.outside.written
            found = self.data[self.at : self.at + len(written.magic)]
            code = written.errors["header" if written.magic.startswith(found) else "magic"]
            raise self._wrong(code, "this is no stream of this format", found=shown(found))
        self.at += len(plan.magic)
        return plan

    def _check(self, plan: StreamPlan, said: dict[str, int]) -> None:
        for name, value in plan.constants.items():
            if said[name] != value:
                raise self._wrong(plan.errors["magic"], f"unknown {name} of the stream", str(value), str(said[name]))
        if plan.checksum:
            names = [name for name, _ in plan.header]
            behind = sum(layout.size or 0 for _, layout in plan.header[names.index(plan.checksum) + 1 :])
            rest, footer = self.data[self.at - behind :], self.outside.footer.crc.size or 0
            if said[plan.checksum] not in (zlib.crc32(rest), zlib.crc32(rest[:-footer])):
                raise self._wrong(plan.errors["checksum"], "the checksum does not match: the file is damaged")

    # -------------------------------------------------------------------------------------------- entries

    def _framed(self, plan: StreamPlan) -> Iterator[Entry]:
        key, value, bits, errors = plan.key, plan.value, plan.bits, plan.errors
        assert key is not None and value is not None and bits is not None
        behind = (plan.footer.size or 0) + (self.outside.footer.crc.size or 0) + 1 if plan.footer is not None else 0
        while len(self.data) - self.at >= max(key.length.size or 0, behind):
            start = self.at
            size = self._length(key, errors["key_limit"], errors["truncated"], "key")
            raw = self._bytes(size, errors["truncated"], "key")
            size = self._length(value, errors["value_limit"], errors["truncated"], "value")
            body = self._bytes(size, errors["truncated"], "value")
            if any(row.size == size and row.matches(raw) for row in self.outside.operational):
                continue
            stop, self.at = self.at, start
            if len(raw) < key.least:
                raise self._wrong(
                    errors["short_key"], "a key is too short", f"at least {key.least} bytes", str(len(raw))
                )
            if size < value.least:
                raise self._wrong(
                    errors["short_value"], "a value is too short", f"at least {value.least} bytes", str(size)
                )
            said = _slots(raw, key) | _slots(body, value)
            for refusal in plan.refuse:
                if _part(said[bits.slot], bits.ranges[refusal.part]) not in refusal.allowed:
                    raise self._wrong(refusal.error, f"the {refusal.part} bits of an entry are set", hint=refusal.hint)
            deleted = _part(said[bits.slot], bits.ranges["tombstone"]) != 0
            yield Entry(raw, _open(raw, key), said["commit_ts"], deleted, said["expire_at"], _open(body, value), start)
            self.at = stop

    def _grouped(self, plan: StreamPlan, groups: Groups) -> Iterator[Entry]:
        errors = plan.errors
        while len(self.data) - self.at > (self.outside.footer.crc.size or 0):
            start = self.at
            size = self._length(groups.key, errors["key_limit"], errors["truncated"], "key")
            key = self._bytes(size, errors["truncated"], "key")
            count = self._number(groups.count, errors["truncated"], "version count")
            if count > groups.most_versions:
                raise LimitError(
                    errors["value_limit"], "a key has too many versions", Place(offset=start), found=str(count)
                )
            for _ in range(count):
                said = {name: self._number(layout, errors["truncated"], name) for name, layout in groups.version}
                size = self._length(groups.value, errors["value_limit"], errors["truncated"], "value")
                value = self._bytes(size, errors["truncated"], "value")
                raw = key + (said["commit_ts"] ^ (1 << 64) - 1).to_bytes(8, "big")
                yield Entry(raw, key, said["commit_ts"], said["tombstone"] != 0, said["expire_at"], value, start)

    def _end(self, plan: StreamPlan, begin: int) -> None:
        """Nothing is left but checksums that match."""
        if plan.footer is not None:
            crc = crc32c(self.data[begin : self.at])
            if self._number(plan.footer, plan.errors["truncated"], "footer") != crc:
                raise self._wrong(plan.errors["checksum"], "the checksum of the stream does not match")
        footer, left = self.outside.footer, len(self.data) - self.at
        if left and left != footer.crc.size:
            raise self._wrong(plan.errors["truncated"], "the file ends in the length of a key", found=f"{left} bytes")
        if left:
            crc = crc32c(self.data[: self.at])
            if self._number(footer.crc, footer.error, "checksum") != crc:
                raise self._wrong(
                    footer.error, "what follows the last entry is neither an entry nor the file's checksum"
                )


def _slots(data: bytes, frame: Frame) -> dict[str, int]:
    """The numbers around the open part of a frame."""
    said = {}
    for name, layout in (*frame.before, *frame.after):
        (raw,) = struct.unpack_from(layout.format, data, _place(data, frame, name))
        value = layout.from_raw(raw)
        assert isinstance(value, int)
        said[name] = value
    return said


def _place(data: bytes, frame: Frame, wanted: str) -> int:
    """Where a number of a frame stands: from the front, or from the end."""
    at = 0
    for name, layout in frame.before:
        if name == wanted:
            return at
        at += layout.size or 0
    at = len(data)
    for name, layout in reversed(frame.after):
        at -= layout.size or 0
        if name == wanted:
            return at
    raise KeyError(wanted)


def _open(data: bytes, frame: Frame) -> bytes:
    """The open part of a frame."""
    before = sum(layout.size or 0 for _, layout in frame.before)
    return data[before : len(data) - (frame.least - before)]


def _part(byte: int, bits: tuple[int, int]) -> int:
    """The number in a range of bits."""
    first, last = bits
    return byte >> first & (1 << last - first + 1) - 1


def newest(entries: Iterable[Entry], now: int) -> list[Entry]:
    """The version of each key that counts, by key: the newest, unless it is deleted or has expired by `now`."""
    found: dict[bytes, Entry] = {}
    for entry in entries:
        held = found.get(entry.key)
        if held is None or entry.commit_ts >= held.commit_ts:
            found[entry.key] = entry
    live = (one for one in found.values() if not one.tombstone and not (one.expire_at and one.expire_at <= now))
    return sorted(live, key=lambda entry: entry.raw)


def written_file(plan: StreamPlan, commit_ts: int, records: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The canonical stream: one version of each record, sorted; raises `DataError`."""
    errors, framed = plan.write_errors, []
    assert plan.key is not None and plan.value is not None
    width = plan.key.length.size or 0
    for key, value in records:
        if len(key) > plan.key.most - plan.key.least:
            raise LimitError(errors["key_limit"], f"the key {shown(key)} is longer than keys may be")
        if len(value) > plan.value.most - plan.value.least:
            raise LimitError(errors["value_limit"], f"the value of {shown(key)} is longer than values may be")
        framed.append((_framed_part(plan.key, key, commit_ts), _framed_part(plan.value, value, 0)))
    framed.sort(key=lambda one: one[0][width:])
    for one, other in pairwise(framed):
        if one[0] == other[0]:
            hint = "two documents stand for the same key"
            raise DataError(errors["repeated"], f"two records have the key {shown(one[0])}", hint=hint)
    head = [plan.magic, *(struct.pack(layout.format, layout.to_raw(commit_ts)) for _, layout in plan.header)]
    data = b"".join((*head, *(part for one in framed for part in one)))
    return data if plan.footer is None else data + struct.pack(plan.footer.format, crc32c(data))


def _framed_part(frame: Frame, content: bytes, number: int) -> bytes:
    """A length, and the content with a number in every slot around it."""
    before = b"".join(struct.pack(layout.format, layout.to_raw(number)) for _, layout in frame.before)
    after = b"".join(struct.pack(layout.format, layout.to_raw(number)) for _, layout in frame.after)
    size = len(before) + len(content) + len(after)
    return b"".join((struct.pack(frame.length.format, size), before, content, after))
