"""Steps in a file: blocks of columns in one zstd stream, written and read in order (docs/complement.md).

Numbers stand as byte planes (all lowest bytes, then all second ones, …), so that what is alike stands together. One
block is held at a time: about `MOST_BYTES`, or one larger value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, islice, pairwise
from typing import BinaryIO, NamedTuple, Protocol
from zlib import crc32

from codec.compression import QUICK, Compressed, Expanded
from codec.errors import DataError, Place, StreamError
from codec.stream.everything import Run, leading, unpacked

MOST_BYTES = 1 << 20
STEP_BYTES = 256  # what a step takes besides its key and value: a block has at most 4096 steps

SAME, OWN, FAR, NODE, BASE, GROUP = range(6)
"""Kinds of steps: the documents' value; a value of its own; one of its own by digest; a row of the node; a canonical
record that is no entry's value; a group that is empty or goes on."""

UNIT = 0x80  # beside the kind: the step belongs to a thing whose rows moved, `unit` says to which
LIVE = 0x40  # beside the kind: of an entry, the one that a reader saw; of a base, its key had such an entry


class Step(NamedTuple):
    """One step. `raw` is the key as framed; `kind` has the flags; `check` the CRC-32 of a value of the documents."""

    kind: int
    reason: int
    raw: bytes
    key: bytes
    commit_ts: int
    tombstone: int
    expire_at: int
    check: int
    unit: int
    order: int  # position in the file where it is not the natural one, counted from 1; else 0
    value: bytes  # of OWN and NODE; the digest of FAR


@dataclass(frozen=True, slots=True)
class Alike(Run[Step]):
    """Entries that a reader saw, with the documents' value, as parallel lists: framed keys, keys, checks; nothing else is
    said of them. `tails` are the times, one behind the other as they stand behind keys."""

    reason: int
    raws: list[bytes]
    keys: list[bytes]
    times: bytes
    checks: list[int]

    def agreeing(self, records: list[tuple[bytes, bytes]]) -> int:
        """See `Run`; the check stands for the value."""
        found = [(key, crc32(value)) for key, value in records]
        return leading(list(islice(zip(self.keys, self.checks, strict=True), len(records))), found)

    def parts(self, at: int) -> tuple[Alike, Alike]:
        """See `Run`."""
        end = at * (len(self.times) // len(self.keys))
        first = Alike(self.reason, self.raws[:at], self.keys[:at], self.times[:end], self.checks[:at])
        return first, Alike(self.reason, self.raws[at:], self.keys[at:], self.times[end:], self.checks[at:])

    def things(self, suffix: struct.Struct) -> Iterator[Step]:
        """See `Run`."""
        steps = zip(self.raws, self.keys, unpacked(suffix, self.times), self.checks, strict=True)
        for raw, key, commit_ts, check in steps:
            yield Step(SAME | LIVE, self.reason, raw, key, commit_ts, 0, 0, check, 0, 0, b"")


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


_COMPLEMENT = bytes(range(255, -1, -1))
_COUNTS = struct.Struct("<6I")  # steps, bytes of: numbers, keys, values, narrow columns, which numbers are there
_NUMBERS = ("Q", "Q", "I", "Q", "Q", "I", "I")  # commit_ts, expire_at, check, unit, order, key size, value size
_TIMES, _NOT_ALIKE = 1 << 0, ~(1 << 0 | 1 << 2 | 1 << 5)  # of these: commit_ts; what `Alike` does not have


def _alike(reason: int, size: int) -> bytes:
    """The narrow columns of steps that are alike: kinds, reasons, tombstones."""
    return bytes((SAME | LIVE,)) * size + bytes((reason,)) * size + bytes(size)


class StepWriter:
    """Writes steps into `sink`; `close` completes the stream."""

    def __init__(self, sink: Sink) -> None:
        self._out = Compressed(sink, "zstd", QUICK)
        self._steps: list[Step] = []
        self.count = 0

    def add(self, steps: Iterable[Step | Alike]) -> None:
        """More steps; those that come as columns are a block of their own."""
        held, room = self._steps, MOST_BYTES
        for step in steps:
            if isinstance(step, Alike):
                self._flush()
                self._write_alike(step)
                held, room = self._steps, MOST_BYTES
                continue
            held.append(step)
            room -= len(step[3]) + len(step[10]) + STEP_BYTES
            if room <= 0:
                self._flush()
                held, room = self._steps, MOST_BYTES

    def _write_alike(self, some: Alike) -> None:
        keys, size = some.keys, len(some.keys)
        none, narrow = (0,) * size, _alike(some.reason, size)
        times = _planes_of_tails(some.times, len(some.times) // size)
        self._write((times, none, some.checks, none, none, [*map(len, keys)], none), keys, (), narrow)

    def _flush(self) -> None:
        """Write what is held as a block."""
        if not self._steps:
            return
        kinds, reasons, _, keys, times, dead, expiries, checks, units, orders, values = zip(*self._steps, strict=True)
        sizes = (tuple(map(len, keys)), tuple(map(len, values)))
        narrow = bytes(kinds) + bytes(reasons) + bytes(dead)
        self._write((times, expiries, checks, units, orders, *sizes), keys, values, narrow)
        self._steps = []

    def _write(
        self, columns: Sequence[Sequence[int] | bytes], keys: Sequence[bytes], values: Sequence[bytes], narrow: bytes
    ) -> None:
        present, numbers = 0, []
        for index, (code, column) in enumerate(zip(_NUMBERS, columns, strict=True)):
            if any(column):
                present |= 1 << index
                numbers.append(column if isinstance(column, bytes) else _planes(code, column))
        whole = b"".join(numbers)
        names, contents = b"".join(keys), b"".join(values)
        head = _COUNTS.pack(len(keys), len(whole), len(names), len(contents), len(narrow), present)
        for part in (head, whole, names, contents, narrow):
            self._out.write(part)
        self.count += len(keys)

    def close(self) -> None:
        """Write what is left, and the end of the stream."""
        self._flush()
        self._out.finish()


def _planes(code: str, column: Sequence[int]) -> bytes:
    """Numbers as byte planes."""
    raw = struct.pack(f"<{len(column)}{code}", *column)
    width = struct.calcsize(f"<{code}")
    return b"".join(raw[plane::width] for plane in range(width))


def _planes_of_tails(tails: bytes, width: int) -> bytes:
    """The planes of numbers whose complements stand in `tails`, highest byte first, one behind the other."""
    return b"".join(tails[plane::width] for plane in reversed(range(width))).translate(_COMPLEMENT)


def _tails_of_planes(planes: bytes, width: int) -> bytes:
    """The other way."""
    tails, count = bytearray(len(planes)), len(planes) // width
    for plane, at in enumerate(reversed(range(width))):
        tails[at::width] = planes[plane * count : (plane + 1) * count]
    return bytes(tails.translate(_COMPLEMENT))


def _numbers(code: str, planes: bytes, count: int) -> tuple[int, ...]:
    """The numbers of byte planes."""
    width = struct.calcsize(f"<{code}")
    raw = bytearray(len(planes))
    for plane in range(width):
        raw[plane::width] = planes[plane * count : (plane + 1) * count]
    return struct.unpack(f"<{count}{code}", raw)


def read_steps(file: BinaryIO, name: str, error: str, suffix: struct.Struct) -> Iterator[Step | Alike]:
    """The steps of a file, whose digest was verified; raises `DataError` (`error`) for one that is none.

    `suffix` packs the complement of a time, as it follows the key of an entry.
    """
    try:
        stream = Expanded(file, name, "zstd")
        while head := exactly(stream, _COUNTS.size):
            yield from _block(stream, head, suffix)
    except (StreamError, struct.error):
        raise DataError(error, "the steps cannot be read", Place(name)) from None


def _block(stream: Expanded, head: bytes, suffix: struct.Struct) -> Iterator[Step | Alike]:
    size, of_numbers, of_keys, of_values, of_narrow, present = _COUNTS.unpack(head)
    numbers, keys, values, narrow = (exactly(stream, part) for part in (of_numbers, of_keys, of_values, of_narrow))
    at, columns = 0, []
    for index, code in enumerate(_NUMBERS):
        if present >> index & 1:
            width = struct.calcsize(f"<{code}") * size
            columns.append(_numbers(code, numbers[at : at + width], size))
            at += width
        else:
            columns.append((0,) * size)
    times, expiries, checks, units, orders, key_sizes, value_sizes = columns
    if not present & _NOT_ALIKE and narrow == _alike(narrow[size], size):
        some = [keys[start:end] for start, end in pairwise(accumulate(key_sizes, initial=0))]
        width = suffix.size
        tails = _tails_of_planes(numbers[: width * size] if present & _TIMES else bytes(width * size), width)
        raws = [key + tails[start : start + width] for key, start in zip(some, count(0, width), strict=False)]
        yield Alike(narrow[size], raws, some, tails, list(checks))
        return
    pack, key_at, value_at = suffix.pack, 0, 0
    everything = (1 << 64) - 1
    for index in range(size):
        kind = narrow[index]
        key = keys[key_at : key_at + key_sizes[index]]
        value = values[value_at : value_at + value_sizes[index]]
        key_at += key_sizes[index]
        value_at += value_sizes[index]
        framed = (kind & 0x3F) <= FAR
        yield Step(
            kind,
            narrow[size + index],
            key + pack(times[index] ^ everything) if framed else key,
            key,
            times[index],
            narrow[2 * size + index],
            expiries[index],
            checks[index],
            units[index],
            orders[index],
            value,
        )


def exactly(stream: Expanded, size: int) -> bytes:
    """`size` bytes, or none at the end; raises `StreamError` if it ends in the middle."""
    data = stream.read(size)
    if data and len(data) < size:
        raise StreamError("early-end", "the file ends early")
    return data


__all__ = [
    "BASE",
    "FAR",
    "GROUP",
    "LIVE",
    "NODE",
    "OWN",
    "SAME",
    "UNIT",
    "Alike",
    "Step",
    "StepWriter",
    "exactly",
    "read_steps",
]
