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
            at, around, ats = self.first, self.around, []
            for raw, value in zip(self.raws, self.values, strict=True):
                ats.append(at)
                at += around + len(raw) + len(value)
            self.ats = ats
        return self.ats

    def entries(self) -> Iterator[Entry]:
        """The same, one by one."""
        width, read, odd, plain = self.stamp.size, self.stamp.unpack, self.odd, (False, 0)
        for index, (raw, value, at) in enumerate(zip(self.raws, self.values, self.positions(), strict=True)):
            tombstone, expire_at = odd.get(index, plain)
            (inverted,) = read(raw[-width:])
            yield Entry(raw, raw[:-width], inverted ^ ALL_BITS, tombstone, expire_at, value, at)


@dataclass(slots=True)
class Live:
    """Records that count: parallel lists of framed keys, keys, values, and where each entry begins in the input.

    `ordered` says whether the framed keys ascend.
    """

    raws: list[bytes]
    keys: list[bytes]
    values: list[bytes]
    ats: list[int]
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
