"""Two sorted streams of records side by side, in one pass: what both have, and what only one of them has.

Invariant: every item of either side comes out exactly once; memory is one item of each side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from codec.stream.batches import Entry
from codec.stream.sort import Sorter

Left = TypeVar("Left", bound=tuple[Any, ...])
Right = TypeVar("Right", bound=tuple[Any, ...])


def pairs(left: Iterable[Left], right: Iterable[Right]) -> Iterator[tuple[Left | None, Right | None]]:
    """Items of both sides by the order of their keys, which are their first components; the other is None if its side
    has no more items of this key.

    Both sides must be sorted by key. Of several items with one key the first of one side meets the first of the other,
    and so on: with versions (newest first) on the left and one canonical record on the right, the newest version meets
    the record and each older one stands alone.
    """
    ours, theirs = iter(left), iter(right)
    one, two = next(ours, None), next(theirs, None)
    while one is not None and two is not None:
        if one[0] < two[0]:
            yield one, None
            one = next(ours, None)
        elif two[0] < one[0]:
            yield None, two
            two = next(theirs, None)
        else:
            yield one, two
            one, two = next(ours, None), next(theirs, None)
    while one is not None:
        yield one, None
        one = next(ours, None)
    while two is not None:
        yield None, two
        two = next(theirs, None)


Version = tuple[bytes, int, int, bool, int, bytes, int]


def by_key(entries: Iterable[Entry], sorter: Sorter[Version]) -> Iterator[Version]:
    """Entries by user key, the newest version first: (key, -commit_ts, -number, tombstone, expire_at, value, offset).

    `number` counts entries from 1 in file order, so that of the same row twice the later one, which a node keeps, comes
    first. Neither the order of the file nor the order of framed keys is that of user keys; memory is the sorter's.
    """
    for number, (_, key, commit_ts, tombstone, expire_at, value, at) in enumerate(entries, 1):
        sorter.add((key, -commit_ts, -number, tombstone, expire_at, value, at), len(key) + len(value) + 300)
    return sorter.sorted()
