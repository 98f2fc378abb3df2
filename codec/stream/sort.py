"""Sorting more tuples than fit into memory: sorted runs in one unlinked temporary file, merged block by block.

Invariant: `sorted()` yields what `sorted(items)` would, stable, in the memory of about one budget.
"""

from __future__ import annotations

import marshal
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import IO, Generic, TypeVar, cast

from codec.errors import from_os_error

Item = TypeVar("Item", bound=tuple[object, ...])

DEFAULT_BUDGET = 12 << 20
FAN_IN = 64  # runs merged at once; a block is 1/FAN_IN of the budget, so that a merge holds one budget
_HEAD = Struct("<QQ")  # before each block in the file: the sizes of the first part of its first item, and of the block
_MARSHAL_VERSION = 2  # the last one that does not look for shared objects, which would cost more than it saves


class Sorter(Generic[Item]):
    """Collects tuples and gives them back in ascending order, equal ones in order of arrival.

    Items are tuples of bytes, str, int, float, bool, None and nested tuples of these; the caller sees to it that two
    items differ before the first pair of parts that cannot be compared. `budget` is in the unit of the weights (bytes):
    at most one budget plus the largest item is held. Nothing touches the disk until the budget is exceeded; then one
    unlinked file in `directory` (default: the system's temporary directory) takes the runs.
    Raises `EnvironmentProblem` if that file cannot be written or read.
    """

    __slots__ = (
        "_block_bytes",
        "_block_items",
        "_budget",
        "_closed",
        "_directory",
        "_file",
        "_files",
        "_finished",
        "_found",
        "_items",
        "_runs",
        "_spilled",
        "_weight",
    )

    def __init__(self, budget: int = DEFAULT_BUDGET, directory: Path | None = None) -> None:
        self._budget = budget
        self._directory = directory
        self._items: list[Item] = []
        self._weight = 0
        self._file: IO[bytes] | None = None  # the one that takes runs
        self._files: list[IO[bytes]] = []
        self._runs: list[tuple[IO[bytes], int, int]] = []  # file, start and end
        self._spilled = 0
        self._block_bytes = budget // FAN_IN
        self._block_items = 0
        self._finished = False  # nothing can be added
        self._closed = False
        self._found: tuple[tuple[object, ...], list[_Run[Item]]] | None = None  # the last start, and where it was found

    def __len__(self) -> int:
        """How many items were added."""
        return self._spilled + len(self._items)

    def __enter__(self) -> Sorter[Item]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def add(self, item: Item, weight: int) -> None:
        """Take `item`, which occupies about `weight` bytes of memory."""
        self._items.append(item)
        self._weight += weight
        if self._weight > self._budget:
            self._spill()

    def extend(self, items: Iterable[Item], weight: int) -> None:
        """Take several items, which occupy about `weight` bytes of memory together."""
        self._items.extend(items)
        self._weight += weight
        if self._weight > self._budget:
            self._spill()

    def empty_copy(self, parts: int) -> Sorter[Item]:
        """A sorter of the same kind for one of `parts` processes, each with its share of memory."""
        return Sorter(self._budget // parts, self._directory)

    def hand_over(self) -> tuple[object, tuple[int, ...]]:
        """What was added, as plain values and open files, for `take_over` in another process; the files stay ours."""
        if self._items:
            self._spill()
        told = [(start, end) for _, start, end in self._runs]
        return (self._spilled, self._block_items, told), tuple(file.fileno() for file in self._files)

    def take_over(self, said: object, files: Sequence[int]) -> None:
        """Add what another sorter of one file handed over, behind what is here; the files are ours from now on."""
        count, block_items, told = cast("tuple[int, int, list[tuple[int, int]]]", said)
        if self._items:
            self._spill()
        taken = [os.fdopen(fd, "r+b") for fd in files]
        self._files += taken
        self._runs += [(taken[0], start, end) for start, end in told]
        self._spilled += count
        self._block_items = min(self._block_items or block_items, block_items) if told else self._block_items

    def settle(self) -> None:
        """After the last `add`: do once what several processes would otherwise do before each gives the items."""
        if self._finished:
            return
        if not self._runs:
            self._items.sort()
            self._spilled = len(self._items)
        else:
            if self._items:
                self._spill()
            while len(self._runs) > FAN_IN:
                self._merge_pass()
        self._finish()

    def sorted(self, start: tuple[object, ...] = ()) -> Iterator[Item]:
        """All items that are not less than `start`, in order; after the last `add`, and valid until `close`."""
        return chain.from_iterable(self.blocks(start))

    def blocks(self, start: tuple[object, ...] = ()) -> Iterator[list[Item]]:
        """The same as consecutive lists, which are the caller's; of later calls in a process those whose `start` is not less
        find theirs sooner."""
        if self._closed:
            raise RuntimeError("a Sorter gives no item after close()")
        self.settle()
        if not self._runs:
            return iter([self._items[bisect_left(self._items, start) :]])
        runs: list[_Run[Item]] = [_Run(*run, start) for run in self._runs]
        if self._found is not None and start >= self._found[0]:
            for run, before in zip(runs, self._found[1], strict=True):
                run.at = before.found
        self._found = start, runs
        return _merge(runs)

    def close(self) -> None:
        """Free memory and disk; may be called at any time and more than once."""
        self._finish()
        self._closed = True
        self._items = []
        self._runs = []
        self._file = None
        while self._files:
            with suppress(OSError):  # what a full disk did not take is not needed any more
                self._files.pop().close()

    def _finish(self) -> None:
        self._finished = True
        self._budget = -1  # a later add() runs into _spill(), so that add() itself needs no check

    def _spill(self) -> None:
        if self._finished:
            raise RuntimeError("a Sorter takes no item after sorted() or close()")
        items = self._items
        items.sort()
        if self._file is None:
            self._file = self._open()
            self._files.append(self._file)
        share = max(1, len(items) * self._block_bytes // self._weight) if self._weight > 0 else len(items)
        self._block_items = min(self._block_items or share, share)
        self._runs.append(self._write(self._file, items))
        self._spilled += len(items)
        self._items = []
        self._weight = 0

    def _merge_pass(self) -> None:
        """Merge neighbouring runs into longer ones, in a new file that replaces the old ones."""
        old, new = self._files, self._open()
        try:
            groups = [self._runs[at : at + FAN_IN] for at in range(0, len(self._runs), FAN_IN)]
            self._runs = [self._write(new, self._merged(group)) for group in groups]
        except BaseException:
            new.close()
            raise
        self._file, self._files = new, [new]
        for file in old:
            file.close()

    def _open(self) -> IO[bytes]:
        try:
            import tempfile

            return tempfile.TemporaryFile(dir=self._directory)
        except OSError as problem:
            raise from_os_error(problem, "cannot make the temporary file of a sort") from problem

    def _write(self, file: IO[bytes], items: Iterable[Item]) -> tuple[IO[bytes], int, int]:
        """Append one run; its file, start and end."""
        try:
            start = file.tell()
            rest = iter(items)
            while block := list(islice(rest, self._block_items)):
                self._write_block(file, block)
            file.flush()
            return file, start, file.tell()
        except OSError as problem:
            raise from_os_error(problem, "cannot write the temporary file of a sort") from problem

    def _write_block(self, file: IO[bytes], items: list[Item]) -> None:
        raw = marshal.dumps(items, _MARSHAL_VERSION)
        if len(raw) > self._block_bytes and len(items) > 1:  # the heavy items of the run came together
            middle = len(items) // 2
            self._write_block(file, items[:middle])
            self._write_block(file, items[middle:])
            return
        first = marshal.dumps(items[0][0], _MARSHAL_VERSION)  # type: ignore[arg-type]
        file.write(_HEAD.pack(len(first), len(raw)) + first)
        file.write(raw)

    def _merged(self, runs: list[tuple[IO[bytes], int, int]]) -> Iterator[Item]:
        return chain.from_iterable(_merge([_Run(*run) for run in runs]))


class _Run(Generic[Item]):
    """One sorted run of a file, of which one block at a time is in memory; without what is less than `least`."""

    __slots__ = ("_end", "_file", "_least", "at", "block", "found", "start")

    def __init__(self, file: IO[bytes], at: int, end: int, least: tuple[object, ...] = ()) -> None:
        self._file = file
        self.at = self.found = at  # the next block; the first one that has something wanted
        self._end = end
        self._least = least
        self.block: list[Item] = []
        self.start = 0  # items of the block before it are taken

    def fill(self) -> bool:
        """See to it that the block has an item left; False at the end of the run."""
        while self.start >= len(self.block):
            self.block = []
            self.start = 0
            if self.at >= self._end:
                return False
            first, size = _HEAD.unpack(_read_at(self._file, _HEAD.size, self.at))
            here, block = self.at, self.at + _HEAD.size + first
            self.at = block + size
            if self._least and self._is_less():
                continue
            self.block = marshal.loads(_read_at(self._file, size, block))
            if self._least:
                self.start, self.found = bisect_left(self.block, self._least), here
                self._least = self._least if self.start == len(self.block) else ()  # all that follows is wanted
        return True

    def _is_less(self) -> bool:
        """Whether the next block begins with less than all that is wanted."""
        if self.at >= self._end:
            return False
        first, _ = _HEAD.unpack(_read_at(self._file, _HEAD.size, self.at))
        return bool(marshal.loads(_read_at(self._file, first, self.at + _HEAD.size)) < self._least[0])

    def take(self, stop: int) -> list[Item]:
        """The items up to `stop`, which the caller found by bisecting the block."""
        items = self.block[self.start : stop]
        self.start = stop
        return items


def _read_at(file: IO[bytes], length: int, at: int) -> bytes:
    """Exactly `length` bytes of our own file."""
    try:
        raw = os.pread(file.fileno(), length, at)
        while len(raw) < length:  # one call reads at most 2 GiB
            more = os.pread(file.fileno(), length - len(raw), at + len(raw))
            if not more:
                raise OSError("the file became shorter")
            raw += more
        return raw
    except OSError as problem:
        raise from_os_error(problem, "cannot read the temporary file of a sort") from problem


def _merge(runs: list[_Run[Item]]) -> Iterator[list[Item]]:
    """The merge of sorted runs as consecutive lists; the work per item is done by bisect and list.sort, both in C."""
    while runs := [run for run in runs if run.fill()]:
        yield _lowest(runs)


def _lowest(runs: list[_Run[Item]]) -> list[Item]:
    """Take everything up to the smallest last item of the blocks at hand, at least one block.

    Behind the run that owns this item its equals must wait: the owner's next block may begin with more of them.
    """
    bound, owner = min((run.block[-1], at) for at, run in enumerate(runs))
    taken: list[Item] = []
    for at, run in enumerate(runs):
        cut = bisect_right if at <= owner else bisect_left
        taken += run.take(cut(run.block, bound, run.start))
    taken.sort()
    return taken
