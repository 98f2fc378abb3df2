"""Entries of a record stream, both ways: framing, limits and flags as the plan says (container-and-cli.md §1.2 to §1.7).

Limits are checked before anything is allocated; every error carries the offset of the part that is wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Container as AnyOf
from collections.abc import Iterator
from itertools import chain
from struct import Struct
from typing import cast

from codec.engine.base import RecordPlace
from codec.errors import LimitError, Place, StreamError, shown
from codec.frozen import frozen
from codec.layout.base import Wrong
from codec.layout.numbers import ALL_BITS, Fixed
from codec.spec.container import Container, Frame, StreamPlan
from codec.stream.alike import Alike
from codec.stream.batches import Batch, Entry, in_batches
from codec.stream.source import Source
from codec.stream.unread import LARGE, Unread

STAMP = Struct(
    ">Q"
)  # behind the keys of a stream that has its timestamps elsewhere: what makes newer versions come first
PARTS = 16  # of a file, of which it is known where they begin


@frozen
class Head:
    """What stands in front of the entries: the container that was found, and the stream's last commit timestamp."""

    container: str
    last_commit_ts: int


class EntryReader:
    """Finds out what a file is and reads its entries, once, in file order.

    `operational` counts the node's own rows that were passed over; `total` what was read; `marks` are where entries begin,
    each of them in another of `PARTS` parts of the file, of those that were reached. The footer of a node's file is checked
    when the end is reached.
    """

    def __init__(self, container: Container, source: Source) -> None:
        self.container, self.source = container, source
        self.operational = self.total = 0
        self.marks: list[int] = []
        self._payload = self._read_clock()
        self._begin = source.position
        self.front = source.before()
        """The bytes in front of the stream, and below the numbers of its header."""
        self.plan = self._find_stream()
        self.numbers = slots = self._slots(self.plan.header, self.plan.errors["header"], "header")
        self._check_header(slots)
        self.start = source.position
        self.head = Head(self._payload or self.plan.name, slots["last_commit_ts"])

    # -------------------------------------------------------------------------------------------- in front

    def _error(
        self, code: str, message: str, at: int, expected: str, found: str, hint: str = "", path: str = ""
    ) -> StreamError:
        return StreamError(
            code,
            message,
            Place(self.source.name, at),
            path,
            expected,
            found,
            hint,
            str(self.plan.place) if hasattr(self, "plan") else "",
        )

    def _slots(self, slots: tuple[tuple[str, Fixed], ...], code: str, path: str) -> dict[str, int]:
        values = {}
        for name, layout in slots:
            assert layout.size is not None
            at, data = self.source.position, self.source.take(layout.size)
            if len(data) < layout.size:
                raise self._error(
                    code,
                    "the file ends in its header",
                    at,
                    f"{layout.size} bytes",
                    str(len(data)),
                    path=f"{path}.{name}",
                )
            (raw,) = struct.unpack(layout.format, data)
            try:
                value = layout.from_raw(raw)
            except Wrong as wrong:
                raise self._error(
                    code, "a number is out of its range", at, wrong.expected, wrong.found, path=f"{path}.{name}"
                ) from None
            assert isinstance(value, int)
            values[name] = value
        return values

    def _read_clock(self) -> str:
        clock, source = self.container.clock, self.source
        source.fill(len(clock.starts) + 1)
        if not source.data.startswith(clock.starts):
            return ""
        form = source.data[len(clock.starts) : len(clock.starts) + 1]
        if form not in clock.forms:
            known = " or ".join((clock.starts + f).decode("latin-1") for f in clock.forms)
            raise self._error(
                clock.error,
                "unknown header in front of the stream",
                0,
                known,
                shown(source.data[: len(clock.starts) + 1]),
            )
        source.take(len(clock.starts) + 1)
        at, slots = source.position, clock.forms[form]
        if form in clock.sized:
            size = next(iter(self._slots(slots[:1], clock.error, "clock").values()))
            at = source.position
        else:
            size = sum(layout.size or 0 for _, layout in slots)
        if source.size - at < size:
            left = str(source.size - at)
            raise self._error(clock.error, "the file ends in its header", at, f"{size} bytes", left, path="clock")
        source.seek(at + size)
        return clock.named

    def _find_stream(self) -> StreamPlan:
        source = self.source
        longest = max(len(stream.magic) for stream in self.container.streams)
        at = source.position
        source.fill(longest)
        for stream in self.container.streams:
            if source.data.startswith(stream.magic, source.at):
                source.take(len(stream.magic))
                return stream
        found = source.data[source.at : source.at + longest]
        written = self.container.written
        cut = written.magic.startswith(found)
        code = written.errors["header" if cut else "magic"]
        message = (
            "the file is empty" if not found else "the file ends in its magic" if cut else "this is no snapshot stream"
        )
        known = " or ".join(stream.magic.decode("latin-1") for stream in self.container.streams)
        hint = "a snapshot is a file that a node or the encoder wrote; compressed files must be unpacked first"
        raise self._error(code, message, at, known, shown(found), hint)

    def _check_header(self, slots: dict[str, int]) -> None:
        for name, constant in self.plan.constants.items():
            if slots[name] != constant:
                raise self._error(
                    self.plan.errors["magic"],
                    "unknown version of the stream",
                    0,
                    str(constant),
                    str(slots[name]),
                    path=f"header.{name}",
                )
        if not self.plan.checksum:
            return
        after = self.source.position - sum(layout.size or 0 for name, layout in self._after_checksum())
        crc = self.source.crc32(after, self.source.size)
        footer = self.container.footer.crc.size or 0
        if (
            crc != slots[self.plan.checksum]
            and self.source.crc32(after, self.source.size - footer) != slots[self.plan.checksum]
        ):
            expected, found = f"{slots[self.plan.checksum]:#010x}", f"{crc:#010x}"
            raise self._error(
                self.plan.errors["checksum"], "the checksum does not match: the file is damaged", after, expected, found
            )
        self.source.seek(after + sum(layout.size or 0 for _, layout in self._after_checksum()))

    def _after_checksum(self) -> list[tuple[str, Fixed]]:
        names = [name for name, _ in self.plan.header]
        return list(self.plan.header[names.index(self.plan.checksum) + 1 :])

    # -------------------------------------------------------------------------------------------- entries

    def entries(self) -> Iterator[Entry]:
        """Every entry, in file order; the node's own rows are passed over and counted."""
        return chain.from_iterable(batch.entries() for batch in self.batches())

    def batches(self, unread: tuple[bytes, ...] = ()) -> Iterator[Batch]:
        """The same in batches. What stands before an error is given before the error is raised.

        Of keys that begin with one of `unread`, large values may be passed over: they come as `Unread`.
        """
        self.operational = self.total = 0
        self.source.seek(self.start)
        return in_batches(self._grouped(), self.stamp) if self.plan.groups else self._framed(unread)

    @property
    def stamp(self) -> Struct:
        """What reads the inverted timestamp behind each framed key."""
        return STAMP if self.plan.key is None else self.plan.stamp

    def _framed(self, unread: tuple[bytes, ...]) -> Iterator[Batch]:
        """The hot loop: one block in a local, precompiled structs, checks without calls."""
        key_frame, value_frame, bits = self.plan.key, self.plan.value, self.plan.bits
        assert key_frame is not None and value_frame is not None and bits is not None
        length = Struct(key_frame.length.format)
        before = "".join(layout.format[1] for _, layout in value_frame.before)
        head = Struct("<" + value_frame.length.format[1] + before)
        most_key, most_value = key_frame.most, value_frame.most
        least_key, least_value = key_frame.least, value_frame.least
        source, width = self.source, length.size
        to_body, around = width + least_value, width + width + least_value
        read_length, read_head = length.unpack_from, head.unpack_from
        refused, deleted = self._refused_bytes(), mask(*bits.ranges["tombstone"])
        alike = Alike(length.format[1:], head.format[1:], width, least_value)
        total = last_size = -1
        same = 0
        data, at, size = source.data, source.at, len(source.data)
        while True:
            batch = Batch([], [], self.stamp, first=source.end - size + at, around=around)
            if batch.first * PARTS > source.size * (len(self.marks) + 1):
                self.marks.append(batch.first)
            add_raw, add_value, odd = batch.raws.append, batch.values.append, batch.odd
            whole = size - around
            try:
                while at <= whole:
                    start = at + width
                    value_at = start + read_length(data, at)[0]
                    if value_at > whole + width:
                        break
                    value_size, flags, expire_at = read_head(data, value_at)
                    body = value_at + to_body
                    stop = value_at + width + value_size
                    if stop > size or not least_value <= value_size <= most_value:
                        break
                    if not least_key <= value_at - start <= most_key:
                        break
                    if flags or expire_at:
                        if flags in refused:
                            break
                        odd[len(batch.raws)] = flags & deleted != 0, expire_at
                    add_raw(data[start:value_at])
                    add_value(data[body:stop])
                    if stop - at == total and value_size == last_size:
                        same += 1
                        if same >= alike.after:
                            stop += alike.take(data, stop, value_at - start, value_size, batch)
                            same = 0
                    else:
                        total, last_size, same = stop - at, value_size, 0
                    at = stop
            finally:
                source.at = at
                batch.end = source.end - size + at
            if batch.raws and (kept := self._without_operational(batch, least_value)).raws:
                yield kept
            while unread and (passed := self._pass_over(unread, length, head, key_frame, value_frame, refused)):
                yield passed
            if not self._is_next_whole(length, key_frame, value_frame, refused):
                break
            data, at, size = source.data, source.at, len(source.data)
        self._finish()

    def _is_next_whole(self, length: Struct, key: Frame, value: Frame, refused: AnyOf[int]) -> bool:
        """See to it that the next entry is whole in the block, or pass over one of the node's own rows; False at the
        end. Raises for an entry that is cut or malformed."""
        source, width = self.source, length.size
        least = max(width, self._most_behind() + 1)
        if source.fill(least) < least:
            return False
        (key_size,) = length.unpack_from(source.data, source.at)
        self._need_key(key_size, key.most, width)
        value_at = source.at + width + key_size
        (value_size,) = length.unpack_from(source.data, value_at)
        start, value_at = source.at + width, value_at + width
        raw = source.data[start : start + key_size]
        if value_size <= value.most and self._is_operational(raw, value_size):
            self._need_value(key_size, value_size, value.most, width)
            source.at += width + key_size + width + value_size
            self.operational += 1
            self.total += 1
            return True
        self._need_value(key_size, value_size, value.most, width)
        value_at = source.at + width + key_size + width
        if key_size < key.least or value_size < value.least or source.data[value_at] in refused:
            self.total += 1
            raise self._malformed(raw, source.data[value_at : value_at + min(value_size, 64)], value_size)
        return True

    def _pass_over(
        self, unread: tuple[bytes, ...], length: Struct, head: Struct, key: Frame, value: Frame, refused: AnyOf[int]
    ) -> Batch | None:
        """The next entry alone, without its value, if that is large and need not be read. None leaves it to others,
        together with everything that may be wrong with it."""
        source, width, bits = self.source, length.size, self.plan.bits
        assert bits is not None
        around = width + width + value.least
        if source.fill(width) < width:
            return None
        (key_size,) = length.unpack_from(source.data, source.at)
        if not key.least <= key_size <= key.most or source.fill(around + key_size) < around + key_size:
            return None
        start, value_at = source.at + width, source.at + width + key_size
        if not source.data.startswith(unread, start):
            return None
        value_size, flags, expire_at = head.unpack_from(source.data, value_at)
        end = source.position + width + key_size + width + value_size
        if not LARGE < value_size <= value.most or flags in refused or end > source.size:
            return None
        raw, first = source.data[start:value_at], source.position
        nothing = cast(bytes, Unread(value_size - value.least))
        batch = Batch([raw], [nothing], self.stamp, first=first, around=around, end=end)
        if flags or expire_at:
            batch.odd[0] = flags & mask(*bits.ranges["tombstone"]) != 0, expire_at
        source.seek(end)
        self.total += 1
        return batch

    def _without_operational(self, batch: Batch, least_value: int) -> Batch:
        """A batch without the node's own rows, which are counted."""
        self.total += len(batch.raws)
        special = tuple(part for row in self.container.operational if isinstance(part := row.pattern[0], bytes))
        if not batch.has_any(special):
            return batch
        kept = Batch([], [], batch.stamp, {}, [])
        assert kept.ats is not None
        for index, (raw, value, at) in enumerate(zip(batch.raws, batch.values, batch.positions(), strict=True)):
            if self._is_operational(raw, len(value) + least_value):
                self.operational += 1
                continue
            if index in batch.odd:
                kept.odd[len(kept.raws)] = batch.odd[index]
            kept.raws.append(raw)
            kept.values.append(value)
            kept.ats.append(at)
        return kept

    def _refused_bytes(self) -> frozenset[int]:
        bits = self.plan.bits
        assert bits is not None
        return frozenset(
            b for b in range(256) if any(part_of(b, bits.ranges[r.part]) not in r.allowed for r in self.plan.refuse)
        )

    def _is_operational(self, raw: bytes, value_size: int) -> bool:
        return any(row.size == value_size and row.matches(raw) for row in self.container.operational)

    def _need_key(self, key_size: int, most: int, width: int) -> None:
        at = self.source.position
        if key_size > most:
            raise LimitError(
                self.plan.errors["key_limit"],
                "a key is longer than keys may be",
                Place(self.source.name, at),
                "entry.key",
                f"at most {most} bytes",
                str(key_size),
            )
        have = self.source.fill(width + key_size + width) - width
        if have < key_size + width:
            part = "key" if have < key_size else "value length"
            start = at + width + (0 if have < key_size else key_size)
            need, there = (key_size, have) if have < key_size else (width, have - key_size)
            raise self._truncated(part, start, need, there)

    def _need_value(self, key_size: int, value_size: int, most: int, width: int) -> None:
        at = self.source.position
        start = at + width + key_size + width
        if value_size > most:
            raise LimitError(
                self.plan.errors["value_limit"],
                "a value is longer than values may be",
                Place(self.source.name, start - width),
                "entry.value",
                f"at most {most} bytes",
                str(value_size),
            )
        have = self.source.fill(start - at + value_size) - (start - at)
        if have < value_size:
            raise self._truncated("value", start, value_size, have)

    def _truncated(self, part: str, at: int, need: int, have: int) -> StreamError:
        hint = f"{self.total} entries before this one are whole; the file was cut while it was copied or written"
        return self._error(
            self.plan.errors["truncated"],
            "the file ends in the middle of an entry",
            at,
            f"{need} bytes",
            f"{have}, then the end",
            hint,
            f"entry.{part}",
        )

    def _malformed(self, raw: bytes, value: bytes, value_size: int) -> StreamError:
        key_frame, value_frame, bits = self.plan.key, self.plan.value, self.plan.bits
        assert key_frame is not None and value_frame is not None and bits is not None
        start = self.source.position + (key_frame.length.size or 0)
        if len(raw) < key_frame.least:
            return self._error(
                self.plan.errors["short_key"],
                "a key is too short for its timestamp",
                start,
                f"at least {key_frame.least} bytes",
                str(len(raw)),
                path="entry.key",
            )
        start += len(raw) + (value_frame.length.size or 0)
        if value_size < value_frame.least:
            hint = "a row of the node that this format does not know?"
            return self._error(
                self.plan.errors["short_value"],
                "a value is too short for its header",
                start,
                f"at least {value_frame.least} bytes",
                str(value_size),
                hint,
                "entry.value",
            )
        for refusal in self.plan.refuse:
            found = part_of(value[0], bits.ranges[refusal.part])
            if found not in refusal.allowed:
                message = f"the {refusal.part} bits of an entry are set"
                return self._error(
                    refusal.error,
                    message,
                    start,
                    " or ".join(map(str, sorted(refusal.allowed))),
                    str(found),
                    refusal.hint,
                    f"entry.value.{refusal.part}",
                )
        raise AssertionError("an entry was refused without a reason")

    def _most_behind(self) -> int:
        """How many bytes may stand behind the last entry, if the stream has a footer of its own; no entry is so short."""
        own, outer = self.plan.footer, self.container.footer.crc
        return (own.size or 0) + (outer.size or 0) if own is not None else 0

    def _finish(self) -> None:
        """The end: nothing is left, or footers that match, or the file was cut."""
        source, footer = self.source, self.container.footer
        if self.plan.footer is not None:
            self._check_own_footer(self.plan.footer)
        left = source.fill(footer.crc.size or 0)
        if not left:
            return
        at = source.position
        if left == footer.crc.size:
            (declared,) = struct.unpack(footer.crc.format, source.take(left))
            crc = source.crc32c(at)
            if declared == crc:
                self.head = Head(footer.named, self.head.last_commit_ts)
                return
            hint = "the file is damaged, or it was cut"
            raise self._error(
                footer.error,
                "what follows the last entry is neither an entry nor the file's checksum",
                at,
                f"{crc:#010x}",
                f"{declared:#010x}",
                hint,
                "footer.crc",
            )
        raise self._truncated("key length", at, (self.plan.key.length.size or 0) if self.plan.key else 8, left)

    def _check_own_footer(self, footer: Fixed) -> None:
        source, at = self.source, self.source.position
        data = source.take(footer.size or 0)
        if len(data) < (footer.size or 0):
            raise self._truncated("footer", at, footer.size or 0, len(data))
        (declared,) = struct.unpack(footer.format, data)
        crc = source.crc32c(at, self._begin)
        if declared != crc:
            hint = "the file is damaged, or it was cut"
            message = "the checksum of the stream does not match"
            code = self.plan.errors["checksum"]
            raise self._error(code, message, at, f"{crc:#010x}", f"{declared:#010x}", hint, "stream.footer")
        source.seek(at + len(data))

    # -------------------------------------------------------------------------------------------- grouped

    def _grouped(self) -> Iterator[Entry]:
        groups = self.plan.groups
        assert groups is not None
        names = [name for name, _ in groups.version]
        footer = self.container.footer.crc.size or 0
        while self.source.fill(footer + 1) > footer:
            at = self.source.position
            key = self._part(groups.key, "key")
            count = self._number(groups.count, "version count")
            if count > groups.most_versions:
                raise LimitError(
                    self.plan.errors["value_limit"],
                    "a key has more versions than it may have",
                    Place(self.source.name, at),
                    "group.versions",
                    f"at most {groups.most_versions}",
                    str(count),
                )
            for _ in range(count):
                numbers = dict(zip(names, (self._number(layout, name) for name, layout in groups.version), strict=True))
                value_at = self.source.position
                value = self._part(groups.value, "value")
                self.total += 1
                ts = numbers["commit_ts"]
                raw = key + STAMP.pack(ts ^ ALL_BITS)
                yield Entry(raw, key, ts, numbers["tombstone"] != 0, numbers["expire_at"], value, value_at)
        self._finish()

    def _number(self, layout: Fixed, name: str) -> int:
        return self._slots(((name, layout),), self.plan.errors["truncated"], "group")[name]

    def _part(self, frame: Frame, name: str) -> bytes:
        at = self.source.position
        size = self._number(frame.length, f"{name} length")
        if size > frame.most:
            raise LimitError(
                self.plan.errors[f"{name}_limit"],
                f"a {name} is too long",
                Place(self.source.name, at),
                f"group.{name}",
                f"at most {frame.most} bytes",
                str(size),
            )
        data = self.source.take(size)
        if len(data) < size:
            raise self._truncated(name, at + (frame.length.size or 0), size, len(data))
        return data

    @property
    def around(self) -> int:
        """How many bytes of an entry are neither plain key nor value; 0 where keys do not stand before their values."""
        key, value = self.plan.key, self.plan.value
        if key is None or value is None:
            return 0
        return (key.length.size or 0) + key.least + (value.length.size or 0) + value.least

    def read_again(self, data: bytes, at: int) -> tuple[list[int], list[bytes], list[bytes]]:
        """Entries that stood the checks before, found at `at`: where each begins, plain keys, values. Raises
        `struct.error` if their lengths are other ones now."""
        key, value = self.plan.key, self.plan.value
        assert key is not None and value is not None
        key_length, value_length = Struct(key.length.format), Struct(value.length.format)
        ats, keys, values = [], [], []
        here, end, stamp, head = 0, len(data), key.least, value.least
        while here < end:
            start = here + key_length.size
            middle = start + key_length.unpack_from(data, here)[0]
            body = middle + value_length.size
            after = body + value_length.unpack_from(data, middle)[0]
            ats.append(at + here)
            keys.append(data[start : middle - stamp])
            values.append(data[body + head : after])
            here = after
        if here != end:
            raise struct.error
        return ats, keys, values

    def place(self, entry_at: int, key: bytes) -> RecordPlace:
        """Where key and value of the entry at `entry_at` begin."""
        key_frame, value_frame = self.plan.key, self.plan.value
        if key_frame is None or value_frame is None:
            return RecordPlace(self.source.name, entry_at, self.value_at(entry_at, key))
        key_at = entry_at + (key_frame.length.size or 0)
        return RecordPlace(
            self.source.name,
            key_at,
            key_at + len(key) + key_frame.least + (value_frame.length.size or 0) + value_frame.least,
        )

    def value_at(self, entry_at: int, key: bytes) -> int:
        """Where the value of the entry at `entry_at` begins, without anything that stands in front of it."""
        groups = self.plan.groups
        if groups is not None:
            return entry_at + (groups.value.length.size or 0)
        return self.place(entry_at, key).value


def mask(first: int, last: int) -> int:
    """The bits from `first` to `last`."""
    return ((1 << last - first + 1) - 1) << first


def part_of(byte: int, bits: tuple[int, int]) -> int:
    """The number in a range of bits."""
    return (byte & mask(*bits)) >> bits[0]
