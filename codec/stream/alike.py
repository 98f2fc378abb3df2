"""Entries of equal sizes that follow each other, taken out of a block by few calls for many (container-and-cli.md §1.3).

Whoever reads entries one by one and sees that several have the same sizes asks here for more of them. How many are
tried for at once follows from how many there were before, so that a stream without such runs loses next to nothing.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from codec.stream.batches import Batch

LEAST, MOST = 16, 1024  # entries that are tried for at once
SOON, LATE = 2, 64  # equal neighbours that are seen before the next try


class Alike:
    """Takes runs of entries: key length, key, value length, numbers in front of the value, value."""

    def __init__(self, length: str, head: str, width: int, before: int) -> None:
        """`length` and `head` are the struct formats of what stands before a key and before a value, `width` and
        `before` the bytes of a length and of the numbers behind the value's."""
        self._length, self._head, self._around, self._before = length, head, 2 * width, before
        self._struct = lru_cache(64)(self._made)
        self._many = LEAST
        self.after = SOON
        """How many equal neighbours there must be before `take` is worth its call."""

    def _made(self, key: int, value: int) -> Struct:
        return Struct(f"<{self._length}{key}s{self._head}{value - self._before}s")

    def take(self, data: bytes, at: int, key: int, value: int, batch: Batch) -> int:
        """Add the entries from `at` on that have these sizes and whose other numbers are zero; how many bytes they
        are. The sizes were checked with the entry before."""
        stride = self._around + key + value
        many = min(self._many, (len(data) - at) // stride)
        if many < 1:
            return 0
        view = memoryview(data)[at : at + many * stride]
        keys, raws, sizes, *numbers, values = zip(*self._struct(key, value).iter_unpack(view), strict=True)
        good = min(leading(keys, key), leading(sizes, value), *(leading(column, 0) for column in numbers))
        batch.raws.extend(raws[:good])
        batch.values.extend(values[:good])
        if good == many:
            self._many, self.after = min(2 * many, MOST), SOON
        else:
            self._many = LEAST
            self.after = SOON if good >= LEAST else min(2 * self.after, LATE)
        return good * stride


def leading(column: tuple[int, ...], value: int) -> int:
    """How many numbers at the beginning are `value`."""
    if column.count(value) == len(column):
        return len(column)
    return next(index for index, one in enumerate(column) if one != value)
