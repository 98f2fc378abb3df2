"""Everything that a snapshot file holds, as it stands there: entries, rows of the node, and how groups are cut.

For a file that was read to its end before (`EntryReader`), so that it is known to be whole; what is only tolerated is
given as it is. Memory: one block, or one larger value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from codec.errors import StreamError
from codec.layout.numbers import ALL_BITS
from codec.spec.container import Frame
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.source import BLOCK

ENTRY, NODE, GROUP = range(3)


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


class Everything:
    """What the file of `reader` holds. `natural` tells, when the end was reached, whether it stood in the natural order:
    by framed key, or in a stream of groups by key and time."""

    def __init__(self, reader: EntryReader) -> None:
        self._reader, self.natural = reader, True
        suffix = reader.container.written.key
        assert suffix is not None
        self.suffix = struct.Struct(suffix.after[0][1].format)

    def _end(self) -> int:
        """Where the entries end: what follows are checksums."""
        reader = self._reader
        footers = [reader.plan.footer] if reader.plan.footer is not None else []
        footers += [reader.container.footer.crc] if reader.head.container == reader.container.footer.named else []
        return reader.source.size - sum(layout.size or 0 for layout in footers)

    def in_file_order(self) -> Iterator[Thing]:
        """Each thing once."""
        self.natural = True
        self._reader.source.seek(self._reader.start)
        return self._grouped() if self._reader.plan.groups else self._framed()

    def in_order(self, sorter: Sorter[tuple[object, ...]]) -> Iterator[Thing]:
        """By framed key, equal ones in file order; memory is the sorter's."""
        for thing in self.in_file_order():
            sorter.add(tuple(thing), len(thing.raw) + len(thing.value) + len(thing.key) + 300)
        return map(Thing._make, sorter.sorted())

    def _framed(self) -> Iterator[Thing]:
        plan, source = self._reader.plan, self._reader.source
        key_frame, value_frame = plan.key, plan.value
        assert key_frame is not None and value_frame is not None
        length, tail = struct.Struct(key_frame.length.format), self.suffix
        head = struct.Struct("<" + "".join(layout.format[1] for _, layout in value_frame.before))
        width, of_key, of_value = length.size, key_frame.least, value_frame.least
        operational = self._reader.container.operational
        special = tuple(part for row in operational if isinstance(part := row.pattern[0], bytes))
        number, before, prefixed = 0, b"", 2 * width
        end, new = self._end(), tuple.__new__  # which is what a named tuple costs most of its time without
        while source.position < end:
            source.fill(BLOCK)
            data, start = source.data, source.at
            at, size, base = start, len(data), source.end - len(data)
            while size - at >= width and base + at < end:
                (key_size,) = length.unpack_from(data, at)
                value_at = at + prefixed + key_size
                if value_at > size:
                    break
                (value_size,) = length.unpack_from(data, value_at - width)
                stop = value_at + value_size
                if stop > size:
                    break
                raw = data[at + width : value_at - width]
                number += 1
                if raw.startswith(special) and any(r.size == value_size and r.matches(raw) for r in operational):
                    yield Thing(raw, number, NODE, raw, 0, 0, 0, data[value_at:stop], base + value_at)
                else:
                    if raw < before:
                        self.natural = False
                    before = raw
                    (inverted,) = tail.unpack_from(raw, key_size - of_key)
                    state, expire_at = head.unpack_from(data, value_at)
                    value = data[value_at + of_value : stop]
                    place = base + value_at + of_value
                    key = raw[: key_size - of_key]
                    yield new(Thing, (raw, number, ENTRY, key, inverted ^ ALL_BITS, state, expire_at, value, place))
                at = stop
            source.at = at
            if at == start:
                self._need(length)

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

    def _grouped(self) -> Iterator[Thing]:
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
