"""Records sorted by their framed key: in memory, then as runs in files.

Invariant: what comes out is ordered and complete, in the memory of one budget and one block per run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import cast

from codec.stream import runs
from codec.stream.frame import Frame, Pair, Value
from codec.stream.runs import Piece, Run

BUDGET = 20 << 20
OUT = 1 << 20  # bytes of a block of the output
FAN_IN = 48  # chains that are merged at once
PER_RECORD = 170  # bytes of memory that a record takes beside its key and value
_key_of = itemgetter(0)


class Repeated(Exception):
    """Two records have the framed key `key`."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.key = key


class FramedSorter:
    """Takes records in any order, keys as they are framed, and gives them back sorted.

    `cuts` are keys at which runs are parted (prefixes of kinds of records), so that kinds that are born sorted stay so.
    Nothing touches the disk until the budget is exceeded; then unlinked files in `directory` take runs.
    Raises `EnvironmentProblem` where these cannot be written or read.
    """

    def __init__(
        self, frame: Frame, directory: Path | None = None, cuts: Sequence[bytes] = (), budget: int = BUDGET
    ) -> None:
        self.frame, self._directory, self._cuts, self._budget = frame, directory, sorted(cuts), budget
        self._records: dict[bytes, Value] = {}
        self._weight = 0
        self._chains: list[list[Run]] = []
        self._files: list[int] = []
        self._repeated: bytes | None = None

    def __enter__(self) -> FramedSorter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free memory and disk; may be called more than once."""
        self._records, self._chains = {}, []
        while self._files:
            with suppress(OSError):
                os.close(self._files.pop())

    def empty_copy(self, parts: int) -> FramedSorter:
        """A sorter of the same kind for one of `parts` processes, each with its share of memory."""
        return FramedSorter(self.frame, self._directory, self._cuts, self._budget // parts)

    # -------------------------------------------------------------------------------------------- in

    def add(self, key: bytes, value: Value, weight: int) -> None:
        """One record whose key and value take `weight` bytes."""
        if key in self._records:
            self._note_repeated(key)
        self._records[key] = value
        self._weight += weight + PER_RECORD
        if self._weight > self._budget:
            self.spill()

    def extend(self, pairs: Sequence[Pair], weight: int) -> None:
        """Several records whose keys and values take `weight` bytes together."""
        records, before = self._records, len(self._records)
        if not records.keys().isdisjoint(map(_key_of, pairs)):
            for key, _ in pairs:
                if key in records:
                    self._note_repeated(key)
        records.update(pairs)
        if len(records) - before != len(pairs):
            self._note_repeated_among(pairs)
        self._weight += weight + PER_RECORD * len(pairs)
        if self._weight > self._budget:
            self.spill()

    def _note_repeated_among(self, pairs: Sequence[Pair]) -> None:
        seen: set[bytes] = set()
        for key, _ in pairs:
            if key in seen:
                self._note_repeated(key)
            seen.add(key)

    def _note_repeated(self, key: bytes) -> None:
        self._repeated = key if self._repeated is None else min(key, self._repeated)

    def spill(self) -> None:
        """Write what is in memory as sorted runs."""
        records, self._records, self._weight = self._records, {}, 0
        if records and not self._files:
            self._files.append(runs.scratch(self._directory))
        for keys in runs.cut(sorted(records), self._cuts):
            self._keep(runs.write(self._files[0], runs.pieces(self.frame, keys, records)))

    def _keep(self, run: Run) -> None:
        """Append the run to the chain that ends closest before it, or begin a new one."""
        before = [chain for chain in self._chains if chain[-1].last < run.first]
        if before:
            max(before, key=_last_key).append(run)
        else:
            self._chains.append([run])

    # -------------------------------------------------------------------------------------------- between processes

    def hand_over(self) -> tuple[object, tuple[int, ...]]:
        """What was taken, as plain values and open files, for `take_over` in another process."""
        self.spill()
        told = [(run.start, run.end, run.first, run.last) for chain in self._chains for run in chain]
        return (self._repeated, told), tuple(self._files)

    def take_over(self, said: object, files: Sequence[int]) -> None:
        """Add what another sorter handed over; the files are ours from now on."""
        repeated, told = cast("tuple[bytes | None, list[tuple[int, int, bytes, bytes]]]", said)
        self._files += files
        if repeated is not None:
            self._note_repeated(repeated)
        for run in told:
            self._keep(Run(files[0], *run))

    # -------------------------------------------------------------------------------------------- out

    def blocks(self) -> Iterator[bytes]:
        """All records, framed, in blocks; once, after the last record. Raises `Repeated` for the least such key."""
        if not self._chains:
            self._refuse_repeated()
            records, self._records = self._records, {}
            pieces = runs.pieces(self.frame, sorted(records), records)
        else:
            pieces = self._merged()
        framed = self.frame.framed
        for piece in pieces:
            if piece.block is not None:
                yield piece.block
            else:
                some: list[bytes] = []
                room = OUT
                for record in piece.held:
                    some.append(record if type(record) is bytes else framed(*record))
                    room -= len(some[-1])
                    if room <= 0:
                        yield b"".join(some)
                        some, room = [], OUT
                if some:
                    yield b"".join(some)

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """All records as framed key and plain value; once, instead of `blocks`. Raises `Repeated` as it does."""
        frame = self.frame
        for block in self.blocks():
            for key, record in zip(*frame.split(block), strict=True):
                yield key, frame.value_of(key, record)

    def _merged(self) -> Iterator[Piece]:
        self.spill()
        while len(self._chains) > FAN_IN:
            self._merge_pass()
        yield from runs.merge(self._chains, self.frame, self._note_repeated)
        self._refuse_repeated()

    def _refuse_repeated(self) -> None:
        if self._repeated is not None:
            raise Repeated(self._repeated)

    def _merge_pass(self) -> None:
        """Merge chains into longer ones, in a new file that replaces the old ones."""
        old, self._files = self._files, [runs.scratch(self._directory)]
        try:
            groups = [self._chains[at : at + FAN_IN] for at in range(0, len(self._chains), FAN_IN)]
            merged = (runs.merge(group, self.frame, self._note_repeated) for group in groups)
            self._chains = [[runs.write(self._files[0], pieces)] for pieces in merged]
        finally:
            for fd in old:
                os.close(fd)


def _last_key(chain: Sequence[Run]) -> bytes:
    return chain[-1].last
