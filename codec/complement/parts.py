"""A long file is laid beside its canonical records in parts, each by whichever process is free (docs/complement.md, parts).

Invariant: what is written follows from the file alone, not from the number of processes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, cast

from codec.complement.beside import Cut, Singles
from codec.stream.everything import Entries, Everything
from codec.stream.runs import scratch
from codec.stream.source import BLOCK
from codec.tree.files import close_quietly, told, write_all
from codec.workers import Children, Failed, Result, Turns

if TYPE_CHECKING:
    from codec.complement.keep import Keeper
    from codec.complement.steps import Sink
    from codec.encoding import RecordsFrom
    from codec.stream.entries import EntryReader
    from codec.stream.sort import Sorter

PART = 2 << 20  # bytes of a file that a part has at least; a file of fewer than `SEVERAL` of them is one part
SEVERAL = 4
SHARE = 3  # a part is so much of the rest: many parts cost more, and short ones in the end let nobody wait long
Far = tuple[bytes, int, int, int]  # digest of a large value, whether it is wanted, where it begins, bytes


def cuts_of(reader: EntryReader, whole: Everything) -> list[Cut]:
    """Where the second and all later parts begin: at entries whose framed keys do not begin with the keys before them. None
    for a short file, and none where there is no such entry right behind a mark."""
    cuts: list[Cut] = []
    if reader.source.size < SEVERAL * PART:
        return cuts
    for mark in reader.marks:
        before = cuts[-1].at if cuts else 0
        if mark - before < max(PART, (reader.source.size - before) // SHARE):
            continue
        run = next(whole.in_runs(mark, mark), None)
        if not isinstance(run, Entries):
            continue
        apart = (at for at in range(1, len(run.raws)) if not run.raws[at].startswith(run.keys[at - 1]))
        at = next(apart, 0)
        if at:
            rest = run.parts(at)[1]
            cuts.append(Cut(rest.raw, rest.keys[0], rest.start))
    return cuts


def write_parts(keeper: Keeper, out: Sink, canonical: RecordsFrom, far: Sorter[Far], jobs: int) -> None:
    """Write all steps: of each part a stream of its own."""
    cuts = keeper.cuts()
    if cuts and jobs > 1:
        _shared(keeper, out, canonical, far, cuts, jobs)
        return
    records, start = Singles(canonical()), 0
    for cut in (*cuts, None):
        keeper.write(out, records, far, start, cut)
        if cut is None or not cut.held:
            return
        start = cut.at


def _shared(keeper: Keeper, out: Sink, canonical: RecordsFrom, far: Sorter[Far], cuts: list[Cut], jobs: int) -> None:
    """The same by several processes. What stands behind a part that goes on to the end is not needed."""
    keeper.whole.share()  # all read the file, at positions of their own
    turns = Turns(len(cuts) + 1)
    try:
        some = partial(_some, keeper, canonical, far, cuts, jobs, turns)
        children = Children([some] * (jobs - 1))
        try:
            results = [some(), *children.results()]
        except Failed as failed:
            raise failed.error from None
        finally:
            children.end()
    finally:
        turns.close()
    parts = sorted(part for result in results for part in _parts(result))
    keeper.newest_commit, keeper.counts = 0, Counter()
    wanted = True
    for _, held, newest_commit, counts, said, (file, *files) in parts:
        try:
            if wanted:
                _copy(file, out)
                far.take_over(said, files)
                keeper.newest_commit = max(keeper.newest_commit, newest_commit)
                keeper.counts.update(counts)
        finally:
            for unused in (file,) if wanted else (file, *files):
                close_quietly(unused)
        wanted &= held


Part = tuple[int, bool, int, dict[str, int], object, list[int]]
"""Its number; whether it ends where the next one begins, or else goes on to the end; its newest commit, its counts, what
`far` has to take over; its files."""


def _some(keeper: Keeper, canonical: RecordsFrom, far: Sorter[Far], cuts: list[Cut], jobs: int, turns: Turns) -> Result:
    """The parts that one process makes."""
    made: list[tuple[object, ...]] = []
    files: list[int] = []

    def part(number: int) -> None:
        start, cut = [None, *cuts][number], [*cuts, None][number]
        keeper.newest_commit, keeper.counts = 0, Counter()
        files.append(scratch(None))
        with far.empty_copy(jobs) as own:
            records = Singles(canonical(start.key) if start is not None else canonical())
            keeper.write(_File(files[-1]), records, own, start.at if start is not None else 0, cut)
            said, kept = own.hand_over()
            files.extend(map(os.dup, kept))
        held = cut is None or cut.held
        made.append((number, held, keeper.newest_commit, dict(keeper.counts), said, 1 + len(kept)))

    turns.take(part)
    return Result(made, tuple(files))


def _parts(result: Result) -> Iterator[Part]:
    files = iter(result.files)
    for *part, count in cast("list[tuple[object, ...]]", result.value):
        yield cast(Part, (*part, list(islice(files, cast(int, count)))))


class _File:
    """A sink over a descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes) -> None:
        with told("write the temporary file of a complement"):
            write_all(self._fd, data)


def _copy(fd: int, out: Sink) -> None:
    at = 0
    with told("read the temporary file of a complement"):
        while block := os.pread(fd, BLOCK, at):
            at += len(block)
            out.write(block)


__all__ = ["PART", "Far", "cuts_of", "write_parts"]
