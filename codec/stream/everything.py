"""Everything that a snapshot file holds, as it stands there: entries, rows of the node, and how groups are cut.

For a file that was read to its end before (`EntryReader`), so that it is known to be whole; what is only tolerated is
given as it is. Memory: one block, or one larger value.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, NamedTuple, Self, TypeVar

from codec.errors import StreamError
from codec.layout.numbers import ALL_BITS
from codec.spec.container import Frame
from codec.stream.alike import Alike as AlikeSizes
from codec.stream.batches import Batch
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter

One = TypeVar("One", covariant=True)
ENTRY, NODE, GROUP = range(3)
BLOCK = 1 << 18  # what is made of it stays near the processor
GLANCE = 1 << 14  # bytes that are read at a cut, where it may be that no more is wanted


class Thing(NamedTuple):
    """An entry; a row of the node (`key` and `value` are the whole row); or the head of a group that is empty or has the
    key of the group before it. `raw` is the framed key, `state` the byte that says deleted, `at` where the value begins,
    `number` counts from 1 in file order."""

    raw: bytes
    number: int
    what: int
    key: bytes
    commit_ts: int
    state: int
    expire_at: int
    value: bytes
    at: int


class Run(ABC, Generic[One]):
    """Items that follow each other, as parallel lists: framed keys, keys, and what else there is of each."""

    __slots__ = ()
    raws: list[bytes]
    keys: list[bytes]

    @property
    def raw(self) -> bytes:
        """The framed key of the first one."""
        return self.raws[0]

    def distinct(self, most: int) -> int:
        """How many of the first `most` stand before one whose key the next framed key begins with; not all, at most one
        less than there are."""
        again = list(map(bytes.startswith, self.raws[1 : most + 1], self.keys))
        return again.index(True) if True in again else len(again)

    def tails(self, suffix: struct.Struct) -> list[bytes]:
        """When each was committed, as it stands behind the key."""
        width = suffix.size
        return [raw[-width:] for raw in self.raws]

    @abstractmethod
    def agreeing(self, records: list[tuple[bytes, bytes]]) -> int:
        """How many of the first ones have the keys and values of these records, which are not more than there are."""

    @abstractmethod
    def parts(self, at: int) -> tuple[Self, Self]:
        """Those before an index, and the others."""

    @abstractmethod
    def things(self, suffix: struct.Struct) -> Iterator[One]:
        """The same one by one."""


def leading(ones: list[One], others: list[One]) -> int:
    """How many are equal before the first ones that are not, of lists of one length."""
    if ones == others:
        return len(ones)
    return next(at for at, (one, other) in enumerate(zip(ones, others, strict=True)) if one != other)


@dataclass(frozen=True, slots=True)
class Entries(Run[Thing]):
    """Entries that follow each other, without flags and expiries, and their values.

    The first has this `number` and begins at `start`; `around` bytes of each are neither key nor value.
    """

    raws: list[bytes]
    keys: list[bytes]
    values: list[bytes]
    number: int
    start: int
    around: int

    def agreeing(self, records: list[tuple[bytes, bytes]]) -> int:
        """See `Run`."""
        return leading(list(islice(zip(self.keys, self.values, strict=True), len(records))), records)

    def parts(self, at: int) -> tuple[Entries, Entries]:
        """See `Run`."""
        size = sum(map(len, self.raws[:at])) + sum(map(len, self.values[:at])) + at * self.around
        first = Entries(self.raws[:at], self.keys[:at], self.values[:at], self.number, self.start, self.around)
        numbers = self.number + at, self.start + size, self.around
        return first, Entries(self.raws[at:], self.keys[at:], self.values[at:], *numbers)

    def things(self, suffix: struct.Struct) -> Iterator[Thing]:
        """See `Run`."""
        at, new = self.start + self.around, tuple.__new__  # a named tuple costs most of its time without
        times = unpacked(suffix, b"".join(self.tails(suffix)))
        entries = zip(self.raws, self.keys, times, self.values, strict=True)
        for number, (raw, key, commit_ts, value) in enumerate(entries, self.number):
            at += len(raw)
            yield new(Thing, (raw, number, ENTRY, key, commit_ts, 0, 0, value, at))
            at += len(value) + self.around


def unpacked(suffix: struct.Struct, tails: bytes) -> Iterator[int]:
    """The times whose complements stand one behind the other, as `suffix` packs each."""
    return (inverted ^ ALL_BITS for (inverted,) in suffix.iter_unpack(tails))


class Everything:
    """What the file of `reader` holds. `natural` tells, when the end was reached, whether it stood in the natural order:
    by framed key, or in a stream of groups by key and time."""

    def __init__(self, reader: EntryReader) -> None:
        self._reader, self.natural = reader, True
        self.suffix = reader.container.written.stamp

    def share(self) -> None:
        """Read the file, from here on, without the position in it that processes which are forked have in common."""
        self._reader.source.shared = True

    def _end(self) -> int:
        """Where the entries end: what follows are checksums."""
        reader = self._reader
        footers = [reader.plan.footer] if reader.plan.footer is not None else []
        footers += [reader.container.footer.crc] if reader.head.container == reader.container.footer.named else []
        return reader.source.size - sum(layout.size or 0 for layout in footers)

    def in_runs(self, start: int = 0, cut: int = 0) -> Iterator[Thing | Entries]:
        """Each thing once, entries in runs where that is possible; of framed entries those from the one at `start` on,
        and no run goes over `cut`, where another one begins, a short one (0: all, in runs as they come)."""
        self.natural = True
        self._reader.source.seek(start or self._reader.start)
        return self._grouped() if self._reader.plan.groups else self._framed(cut)

    def in_file_order(self) -> Iterator[Thing]:
        """Each thing once, by itself."""
        for part in self.in_runs():
            if isinstance(part, Entries):
                yield from part.things(self.suffix)
            else:
                yield part

    def in_order(self, sorter: Sorter[tuple[object, ...]]) -> Iterator[Thing]:
        """By framed key, equal ones in file order; memory is the sorter's."""
        for thing in self.in_file_order():
            sorter.add(tuple(thing), len(thing.raw) + len(thing.value) + len(thing.key) + 300)
        return map(Thing._make, sorter.sorted())

    def _framed(self, cut: int) -> Iterator[Thing | Entries]:
        """Entries without anything odd in runs, one of each block; whatever else there is by itself."""
        plan, source = self._reader.plan, self._reader.source
        key_frame, value_frame = plan.key, plan.value
        assert key_frame is not None and value_frame is not None
        length, of_tail = struct.Struct(key_frame.length.format), self.suffix.size
        before = "".join(layout.format[1] for _, layout in value_frame.before)
        head = struct.Struct("<" + value_frame.length.format[1] + before)
        special = tuple(part for row in self._reader.container.operational if isinstance(part := row.pattern[0], bytes))
        width, of_value = length.size, value_frame.least
        around, to_body = width + width + of_value, width + of_value
        read_length, read_head = length.unpack_from, head.unpack_from
        alike = AlikeSizes(length.format[1:], head.format[1:], width, of_value)
        number, last, is_odd = 0, b"", False
        end = self._end()
        while source.position < end:
            if not is_odd:
                source.block = BLOCK if source.position != cut else min(BLOCK, GLANCE)
                source.fill(source.block)
            data, start, base = source.data, source.at, source.end - len(source.data)
            at, size, is_odd = start, min(len(data), (cut if base + start < cut else end) - base), False
            total, last_size, same = -1, -1, 0
            batch = Batch([], [], self.suffix)
            raws, values = batch.raws, batch.values
            add_raw, add_value = raws.append, values.append
            while at <= size - around:
                value_at = at + width + read_length(data, at)[0]
                if value_at > size - to_body:
                    break
                value_size, state, expire_at = read_head(data, value_at)
                stop = value_at + width + value_size
                if stop > size:
                    break
                if state or expire_at:
                    is_odd = True
                    break
                add_raw(data[at + width : value_at])
                add_value(data[value_at + to_body : stop])
                if stop - at == total and value_size == last_size:
                    same += 1
                    if same >= alike.after and size == len(data):
                        stop += alike.take(data, stop, value_at - at - width, value_size, batch)
                        same = 0
                else:
                    total, last_size, same = stop - at, value_size, 0
                at = stop
            if batch.has_any(special):
                good = next(index for index, raw in enumerate(raws) if raw.startswith(special))
                at, is_odd = start + sum(map(len, raws[:good])) + sum(map(len, values[:good])) + good * around, True
                del raws[good:], values[good:]
            source.at = at
            if raws:
                self.natural &= raws[0] >= last and batch.ordered
                last = raws[-1]
                yield Entries(raws, [raw[:-of_tail] for raw in raws], values, number + 1, base + start, around)
                number += len(raws)
            elif at == start:
                number += 1
                thing = self._single(length, head, number)
                if thing.what == ENTRY:
                    self.natural &= thing.raw >= last
                    last = thing.raw
                is_odd = bool(source.data) and source.position < end
                yield thing

    def _single(self, length: struct.Struct, head: struct.Struct, number: int) -> Thing:
        """The next entry or row of the node, looked at by itself."""
        self._need(length)
        source, width = self._reader.source, length.size
        data, at, base = source.data, source.at, source.end - len(source.data)
        value_at = at + width + length.unpack_from(data, at)[0]
        raw = data[at + width : value_at]
        stop = source.at = value_at + width + length.unpack_from(data, value_at)[0]
        value_at += width
        operational = self._reader.container.operational
        if any(row.size == stop - value_at and row.matches(raw) for row in operational):
            return Thing(raw, number, NODE, raw, 0, 0, 0, data[value_at:stop], base + value_at)
        _, state, expire_at = head.unpack_from(data, value_at - width)
        value_at += head.size - width
        of_tail = self.suffix.size
        commit_ts = self.suffix.unpack(raw[-of_tail:])[0] ^ ALL_BITS
        value = data[value_at:stop]
        return Thing(raw, number, ENTRY, raw[:-of_tail], commit_ts, state, expire_at, value, base + value_at)

    def _need(self, length: struct.Struct) -> None:
        """Have the next entry at hand as a whole."""
        source, need = self._reader.source, length.size
        for part in range(2):
            at = need - length.size
            if source.fill(need) < need:
                break
            (size,) = length.unpack_from(source.data, source.at + at)
            need += size + length.size * (part == 0)
        if source.fill(need) < need:
            raise StreamError(self._reader.plan.errors["truncated"], "the file became shorter while it was read")

    def _grouped(self) -> Iterator[Thing | Entries]:
        groups, source = self._reader.plan.groups, self._reader.source
        assert groups is not None
        names = [name for name, _ in groups.version]
        head = struct.Struct("<" + "".join(layout.format[1] for _, layout in groups.version))
        count_of = struct.Struct(groups.count.format)
        number, last, newest = 0, b"", -1
        first = True
        end = self._end()
        while source.position < end:
            key = self._part(groups.key)
            (count,) = count_of.unpack(source.take(count_of.size))
            again = not first and key == last
            self.natural &= first or (key > last and bool(count))
            if again or not count:
                number += 1
                self.natural = False
                yield Thing(key, number, GROUP, key, 0, bool(count), 0, b"", source.position)
            first, last, newest = False, key, -1
            for _ in range(count):
                numbers = dict(zip(names, head.unpack(source.take(head.size)), strict=True))
                at = source.position + (groups.value.length.size or 0)
                value = self._part(groups.value)
                number += 1
                ts = numbers["commit_ts"]
                self.natural &= ts >= newest
                newest = ts
                raw = key + self.suffix.pack(ts ^ ALL_BITS)
                yield Thing(raw, number, ENTRY, key, ts, numbers["tombstone"], numbers["expire_at"], value, at)

    def _part(self, frame: Frame) -> bytes:
        (size,) = struct.unpack(frame.length.format, self._reader.source.take(frame.length.size or 0))
        return self._reader.source.take(size)
