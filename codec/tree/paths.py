"""Paths with what is known of them, sorted, in a file: written once, then searched. Memory: some few blocks.

Rows come in order and are packed into blocks; the first keys of these are rows again, one level higher, up to one block.
"""

from __future__ import annotations

import marshal
import os
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import IO, cast

from codec.errors import from_os_error

ROWS, WEIGHT = 256, 32 << 10  # of a block at most, and bytes of keys
HELD = 32  # blocks in memory

Row = tuple[bytes, int, int, int, int]
_Place = tuple[int, int]  # of a block: first byte, and how many
_Any = tuple[object, ...]


class PathIndex:
    """Rows that begin with a key, in the order of their keys; `file` is the caller's, and only for this."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._size = file, 0
        self._levels: list[list[_Any]] = []
        self._weights: list[int] = []
        self._root: _Place | None = None
        self._blocks: OrderedDict[int, list[_Any]] = OrderedDict()

    def add(self, row: Row) -> None:
        """The next row; its key is not before the last one's."""
        self._put(0, row, len(row[0]))

    def finish(self) -> None:
        """No row comes any more: `rows` may be asked."""
        for level, rows in enumerate(self._levels):
            if level == len(self._levels) - 1 and len(rows) == 1 and level:
                break
            if rows:
                self._flush(level)
        if self._levels:
            self._root = cast(_Place, self._levels[-1][0][1:])
        try:
            self._file.flush()
        except OSError as problem:
            raise from_os_error(problem, "writing the index of what is put aside") from problem

    def rows(self, key: bytes) -> Iterator[Row]:
        """All rows from the first one on whose key is not before `key`."""
        if self._root is None:
            return iter(())
        return cast("Iterator[Row]", self._rows(self._root, len(self._levels) - 2, key))

    def _rows(self, place: _Place, level: int, key: bytes) -> Iterator[_Any]:
        rows = self._block(place)
        start = bisect_left(rows, (key,))
        if not level:
            yield from islice(rows, start, None)
            return
        start = max(start - 1, 0)  # rows with the same key may begin in the block before
        for number in range(start, len(rows)):
            _, at, size = rows[number]
            yield from self._rows(cast(_Place, (at, size)), level - 1, key if number == start else b"")

    def _put(self, level: int, row: _Any, weight: int) -> None:
        if level == len(self._levels):
            self._levels.append([])
            self._weights.append(0)
        self._levels[level].append(row)
        self._weights[level] += weight
        if len(self._levels[level]) >= ROWS or (self._weights[level] >= WEIGHT and len(self._levels[level]) > 1):
            self._flush(level)

    def _flush(self, level: int) -> None:
        rows = self._levels[level]
        self._levels[level], self._weights[level] = [], 0
        raw = marshal.dumps(rows)
        try:
            self._file.write(raw)
        except OSError as problem:
            raise from_os_error(problem, "writing the index of what is put aside") from problem
        at, self._size = self._size, self._size + len(raw)
        first = cast(bytes, rows[0][0])
        self._put(level + 1, (first, at, len(raw)), len(first))

    def _block(self, place: _Place) -> list[_Any]:
        at, size = place
        rows = self._blocks.get(at)
        if rows is None:
            try:
                rows = cast("list[_Any]", marshal.loads(os.pread(self._file.fileno(), size, at)))
            except OSError as problem:
                raise from_os_error(problem, "reading the index of what is put aside") from problem
            self._blocks[at] = rows
            if len(self._blocks) > HELD:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(at)
        return rows
