"""A long file is laid beside its canonical records in two parts, by two processes (docs/complement.md, memory and time).

Invariant: what is written follows from the file alone, not from the number of processes.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, cast

from codec.complement.beside import Cut, Singles
from codec.stream.everything import Entries, Everything
from codec.stream.runs import scratch
from codec.stream.source import BLOCK
from codec.tree.files import close_quietly, told, write_all
from codec.workers import Children, Result, Task

if TYPE_CHECKING:
    from codec.complement.keep import Keeper
    from codec.complement.steps import Sink
    from codec.encoding import RecordsFrom
    from codec.stream.entries import EntryReader
    from codec.stream.sort import Sorter

PARTED = 8 << 20  # bytes of a file from which on two processes pay
Far = tuple[bytes, int, int, int]  # digest of a large value, whether it is wanted, where it begins, bytes


def cut_of(reader: EntryReader, whole: Everything) -> Cut | None:
    """Where the second part begins: at an entry whose framed key does not begin with the key before it. None for a file
    that is short, and for one that has no such place right behind its middle."""
    if reader.source.size < PARTED or not reader.middle:
        return None
    run = next(whole.in_runs(reader.middle), None)
    if not isinstance(run, Entries):
        return None
    apart = (at for at in range(1, len(run.raws)) if not run.raws[at].startswith(run.keys[at - 1]))
    at = next(apart, 0)
    if not at:
        return None
    rest = run.parts(at)[1]
    return Cut(rest.raw, rest.keys[0], rest.start)


def write_parts(keeper: Keeper, out: Sink, canonical: RecordsFrom, far: Sorter[Far], jobs: int) -> None:
    """Write all steps: of the whole, or of the part before a cut and of the one behind it, each as a stream of its own."""
    cut = keeper.cut()
    if cut is not None and jobs > 1:
        _shared(keeper, out, canonical, far, cut)
        return
    records = Singles(canonical())
    keeper.write(out, records, far, cut=cut)
    if cut is not None and cut.held:
        keeper.write(out, records, far, start=cut.at)


def _shared(keeper: Keeper, out: Sink, canonical: RecordsFrom, far: Sorter[Far], cut: Cut) -> None:
    """The same by two processes. If the first part goes on to the end, what the second one did is not needed."""
    keeper.whole.share()  # both read the file, at positions of their own
    child = Children([_task(keeper, canonical, far, cut)])
    try:
        keeper.write(out, Singles(canonical()), far, cut=cut)
        if cut.held:
            (result,) = child.results()
            _take_over(keeper, out, far, result)
    finally:
        child.end()


def _take_over(keeper: Keeper, out: Sink, far: Sorter[Far], result: Result) -> None:
    newest, counts, said = cast("tuple[int, dict[str, int], object]", result.value)
    file, *files = result.files
    far.take_over(said, files)
    try:
        _copy(file, out)
    finally:
        close_quietly(file)
    keeper.newest_commit = max(keeper.newest_commit, newest)
    keeper.counts += Counter(counts)


def _task(keeper: Keeper, canonical: RecordsFrom, far: Sorter[Far], cut: Cut) -> Task:
    def task() -> Result:
        own, file = far.empty_copy(2), scratch(None)
        keeper.write(_File(file), Singles(canonical(cut.key)), own, cut.at)
        said, files = own.hand_over()
        kept = [os.dup(fd) for fd in files]  # its own end with it
        return Result((keeper.newest_commit, dict(keeper.counts), said), (file, *kept))

    return task


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


__all__ = ["PARTED", "Far", "cut_of", "write_parts"]
