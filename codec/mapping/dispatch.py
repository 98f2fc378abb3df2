"""Which kind of record a key belongs to: the longest literal prefix that fits (container-and-cli.md §2.1)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from codec.engine.interpreter import Interpreter
from codec.spec.container import Container
from codec.spec.plan import Row
from codec.stream.batches import Live

Shape = Callable[[Row, bytes, bytes], bool]
Run = tuple[Row | None, int, int]  # the kind of record, from where to where in the lists


class Dispatch:
    """Finds the rows of keys. Rows told by shape claim only records of that shape; rows without a prefix come last."""

    def __init__(self, rows: Iterable[Row], shape: Shape) -> None:
        self._by_prefix = {row.prefix: row for row in rows if row.prefix}
        self._open = [row for row in rows if not row.prefix]
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._shape = shape
        ends = {end for prefix in self._by_prefix for end in (prefix, _after(prefix))}
        self._bounds = sorted(ends)
        self._between = [self._only(bound) for bound in self._bounds]

    def _only(self, bound: bytes) -> Row | None:
        """The row of everything from one bound to the next, if the prefix alone decides."""
        inside = [row for length in self._lengths if (row := self._by_prefix.get(bound[:length])) is not None]
        return inside[0] if inside and not any(row.by_shape for row in inside) else None

    def find(self, key: bytes, value: bytes) -> Row | None:
        """The row of a record."""
        for length in self._lengths:
            row = self._by_prefix.get(key[:length])
            if row is not None and not (row.by_shape and not self._shape(row, key, value)):
                return row
        return next((row for row in self._open if not key.startswith(row.refused)), None)

    def runs(self, live: Live) -> Iterator[Run]:
        """The same for many records: consecutive ones of one kind. Where they are in order, it costs nothing a record."""
        if not live.ordered:
            yield from self._one_by_one(live, 0, len(live.keys))
            return
        at, end, raws = 0, len(live.raws), live.raws
        while at < end:
            interval = bisect_right(self._bounds, raws[at]) - 1
            bounds = self._bounds[interval + 1 : interval + 2]
            stop = bisect_left(raws, bounds[0], at, end) if bounds else end
            row = self._between[interval] if interval >= 0 else None
            if row is None or min(map(len, live.keys[at:stop])) < len(row.prefix):  # a key ends within the prefix
                yield from self._one_by_one(live, at, stop)
            else:
                yield row, at, stop
            at = stop

    def _one_by_one(self, live: Live, start: int, stop: int) -> Iterator[Run]:
        def find(at: int) -> Row | None:
            return self.find(live.keys[at], live.values[at])

        for row, group in groupby(range(start, stop), key=find):
            numbers = list(group)
            yield row, numbers[0], numbers[-1] + 1


def _after(prefix: bytes) -> bytes:
    """The smallest text that is greater than everything which begins with `prefix`."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes((kept[-1] + 1,)) if kept else prefix + b"\xff" * 16


def every_kind(container: Container, on: frozenset[str] = frozenset()) -> Dispatch:
    """All kinds of records of a format, but those that wait for an option which is not `on`."""
    rows = [row for adapter in container.adapters for row in adapter.rows if not row.option or row.option in on]
    return Dispatch([*container.internal, *rows], Interpreter().accepts)
