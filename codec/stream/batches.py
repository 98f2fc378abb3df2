"""Entries in batches: parallel lists, so that what is done for every entry is done by a few calls for thousands.

A batch holds about one block of the input. What is unusual about single entries (flags, an expiry) stands beside the
lists, so that a batch without it needs no look at its entries at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from struct import Struct
from typing import NamedTuple

from codec.layout.numbers import ALL_BITS

MOST = 4096  # entries of a batch that is made of single ones
WEIGHT = 1 << 20  # bytes of such a batch


class Entry(NamedTuple):
    """One version of one record. `raw` is the key as it is framed; `at` the offset where the entry begins."""

    raw: bytes
    key: bytes
    commit_ts: int
    tombstone: bool
    expire_at: int
    value: bytes
    at: int


@dataclass(slots=True)
class Batch:
    """Entries that follow each other in the input, in its order.

    `stamp` reads the inverted timestamp behind each key. `odd` has tombstone and expiry of those that have any, by
    index. Where entries begin is said by `ats`, or follows from `first`, the widths, and `around`: how many bytes of
    an entry are neither key nor value.
    """

    raws: list[bytes]
    values: list[bytes]
    stamp: Struct
    odd: dict[int, tuple[bool, int]] = field(default_factory=dict)
    ats: list[int] | None = None
    first: int = 0
    around: int = 0
    end: int = 0  # the position behind the last one
    in_order: bool | None = None

    @property
    def ordered(self) -> bool:
        """Whether the framed keys ascend (equal ones allowed)."""
        if self.in_order is None:
            self.in_order = self.raws == sorted(self.raws)
        return self.in_order

    def has_any(self, starts: tuple[bytes, ...]) -> bool:
        """Whether any framed key begins with one of these."""
        raws = self.raws
        if not self.ordered:
            return any(raw.startswith(starts) for raw in raws)
        at = [bisect_left(raws, start) for start in starts]
        return any(index < len(raws) and raws[index].startswith(start) for index, start in zip(at, starts, strict=True))

    def positions(self) -> list[int]:
        """Where each entry begins in the input."""
        if self.ats is None:
            self.ats = Places(self.raws, self.values, self.first, self.around, None).all()
        return self.ats

    def entries(self) -> Iterator[Entry]:
        """The same, one by one."""
        width, read, odd, plain = self.stamp.size, self.stamp.unpack, self.odd, (False, 0)
        for index, (raw, value, at) in enumerate(zip(self.raws, self.values, self.positions(), strict=True)):
            tombstone, expire_at = odd.get(index, plain)
            (inverted,) = read(raw[-width:])
            yield Entry(raw, raw[:-width], inverted ^ ALL_BITS, tombstone, expire_at, value, at)


class Places:
    """Where each of some entries begins, worked out when it is asked: they follow each other from `start` on, but for a
    first one that begins at `before`."""

    __slots__ = ("_around", "_before", "_known", "_raws", "_start", "_values")

    def __init__(self, raws: list[bytes], values: list[bytes], start: int, around: int, before: int | None) -> None:
        self._raws, self._values, self._start, self._around, self._before = raws, values, start, around, before
        self._known: list[int] | None = None

    def all(self) -> list[int]:
        """Every place."""
        if self._known is None:
            at, around, ats = self._start, self._around, []
            rest = zip(self._raws, self._values, strict=True)
            if self._before is not None:
                ats.append(self._before)
                next(rest)
            for raw, value in rest:
                ats.append(at)
                at += around + len(raw) + len(value)
            self._known = ats
        return self._known

    def __getitem__(self, part: slice) -> list[int]:
        return self.all()[part]

    def __iter__(self) -> Iterator[int]:
        return iter(self.all())


class Part:
    """Some of the places of a batch."""

    __slots__ = ("_start", "_stop", "_whole")

    def __init__(self, whole: list[int] | Places | Part, start: int, stop: int) -> None:
        self._whole, self._start, self._stop = whole, start, stop

    def __getitem__(self, part: slice) -> list[int]:
        return self._whole[self._start : self._stop][part]

    def __iter__(self) -> Iterator[int]:
        return iter(self._whole[self._start : self._stop])


Ats = list[int] | Places | Part


@dataclass(slots=True)
class Live:
    """Records that count: parallel lists of framed keys, keys, values, and where each entry begins in the input.

    `ordered` says whether the framed keys ascend.
    """

    raws: list[bytes]
    keys: list[bytes]
    values: list[bytes]
    ats: Ats
    ordered: bool = False


def in_batches(entries: Iterable[Entry], stamp: Struct) -> Iterator[Batch]:
    """Single entries as batches of bounded size."""
    rest = iter(entries)
    while True:
        batch = Batch([], [], stamp, {}, [])
        assert batch.ats is not None
        weight = 0
        for entry in islice(rest, MOST):
            if entry.tombstone or entry.expire_at:
                batch.odd[len(batch.raws)] = (entry.tombstone, entry.expire_at)
            batch.raws.append(entry.raw)
            batch.values.append(entry.value)
            batch.ats.append(entry.at)
            weight += len(entry.raw) + len(entry.value)
            if weight > WEIGHT:
                break
        if not batch.raws:
            return
        yield batch
