"""The documents of a folder shared among processes: whoever is free takes the next part of the list, and hands over in
the end what it has read. The list, and the next one, go on meanwhile.

Invariant: records, counts and the first error are those of the documents one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from types import TracebackType
from typing import TypeVar

from codec.errors import CodecError
from codec.mapping.documents import DocumentReader
from codec.tree.walk import TreeFault
from codec.workers import Children, Result, Turns

LEAST = 8_000  # records that pay for starting processes
MOST = 50_000  # units for which processes are started at a time
MOST_RECORDS = 400_000  # and records
TOLD_EVERY = 64  # units between two reports of progress
PARTS = 16  # of a list for each process, at most: the last ones are as short as that
TRIED = 32  # units that tell how many records each has
_ARRIVALS = 1 << 40  # more records than a part can have; keeps the order among parts

Unit = TypeVar("Unit")


class Sharing:
    """Does something to every unit of lists; what it changes may only be in `reader`. All is done when it is left."""

    def __init__(self, reader: DocumentReader, jobs: int) -> None:
        self._reader, self._jobs = reader, jobs
        self._running: Children | None = None

    def __enter__(self) -> Sharing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if error is None or isinstance(error, (CodecError, TreeFault)):
                self._wait()  # what is wrong with those before comes first
        finally:
            if self._running is not None:
                self._running.end()
                self._running = None

    def each(
        self, units: Iterable[Unit], work: Callable[[Unit], None], weigh: Callable[[Unit], int] | None = None
    ) -> None:
        """`work` on every unit, each worth `weigh` records, or as many as the first ones have on average.

        Memory: the units of about twice `MOST` records.
        """
        rest = iter(units)
        if self._jobs == 1:
            for number, unit in enumerate(rest):
                work(unit)
                if not number % TOLD_EVERY:
                    self._reader.tell()
            return
        self._each(rest, work, weigh or self._average(rest, work))

    def _each(self, rest: Iterator[Unit], work: Callable[[Unit], None], weigh: Callable[[Unit], int]) -> None:
        held: list[Unit] = []
        weights: list[int] = []
        total = 0
        try:
            for unit in rest:
                held.append(unit)
                weights.append(weigh(unit))
                total += weights[-1]
                if (total >= MOST_RECORDS or len(held) >= MOST) and len(held) >= self._jobs:
                    some, held = held, []
                    self._share(some, weights, work)
                    weights, total = [], 0
        except (CodecError, TreeFault):
            self._share(held, weights, work)  # what is wrong with these comes first
            raise
        self._share(held, weights, work)

    def _average(self, units: Iterable[Unit], work: Callable[[Unit], None]) -> Callable[[Unit], int]:
        """Work on the first few, and take the others for like these."""
        before, done = self._reader.records, 0
        for unit in islice(units, TRIED):
            work(unit)
            done += 1
        worth = (self._reader.records - before) // max(done, 1) + 1
        return lambda _: worth

    def _share(self, units: Sequence[Unit], weights: Sequence[int], work: Callable[[Unit], None]) -> None:
        """Have units worked on, once those before them are done."""
        self._wait()
        if sum(weights) < LEAST or len(units) < 2:
            for unit in units:
                work(unit)
            self._reader.tell()
            return
        parts = _parts(units, weights, self._jobs)
        turns = Turns(len(parts))
        try:
            self._running = Children([partial(self._do, parts, work, turns)] * self._jobs)
        finally:
            turns.close()
        self._reader.skip_arrivals(len(parts) * _ARRIVALS)

    def _wait(self) -> None:
        """Take over what the processes that were started have read."""
        running, self._running = self._running, None
        if running is None:
            return
        try:
            for result in running.results():
                self._reader.take_over(result)
                self._reader.tell()
        finally:
            running.end()

    def _do(self, parts: Sequence[Sequence[Unit]], work: Callable[[Unit], None], turns: Turns) -> Result:
        """What one process does."""
        jobs, self._jobs = self._jobs, 1
        self._reader.begin_parts(jobs)

        def part(number: int) -> None:
            self._reader.begin_part(number * _ARRIVALS)
            for unit in parts[number]:
                work(unit)

        turns.take(part)
        return self._reader.hand_over()


def _parts(units: Sequence[Unit], weights: Sequence[int], jobs: int) -> list[Sequence[Unit]]:
    """The units in parts, in order, for `jobs` processes: long ones first, since many parts cost more, and short ones in the
    end, so that nobody waits long."""
    left, done, start = sum(weights), 0, 0
    least = left // (jobs * PARTS)
    parts: list[Sequence[Unit]] = []
    for at, weight in enumerate(weights):
        done += weight
        if done > least and done * (2 * jobs - 1) >= left and len(parts) < Turns.MOST - 1:
            parts.append(units[start : at + 1])
            start, left, done = at + 1, left - done, 0
    if start < len(units):
        parts.append(units[start:])
    return parts
