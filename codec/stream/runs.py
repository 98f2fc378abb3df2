"""Sorted runs of framed records in files, and their merge.

Invariant: a merge holds one block of each run, and copies a block that no other run reaches into without looking inside.
"""

from __future__ import annotations

import marshal
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from struct import Struct

from codec.errors import from_os_error
from codec.frozen import frozen
from codec.stream.frame import Frame, Span, Value
from codec.tree.files import write_all

BLOCK = 1 << 17  # bytes of the values of a block in a run
AT_ONCE = 1 << 10  # records in a block
_HEAD = Struct("<?QQQ")  # of a block: whether framed; bytes of the first key, of the last key, of the rest
_PLAIN = 2  # the version of marshal that does not look for shared objects

Held = bytes | Span
"""A record in a merge: framed, or (key, what is to be fetched)."""


@frozen
class Run:
    """A sorted run: which bytes of which file, its first and last key."""

    file: int
    start: int
    end: int
    first: bytes
    last: bytes


@frozen
class Piece:
    """A piece of a merge: the next records in order, as one framed block or one by one."""

    first: bytes
    last: bytes
    block: bytes | None
    keys: Sequence[bytes] = ()
    held: Sequence[Held] = ()


def scratch(directory: Path | None) -> int:
    """A descriptor of a new file without a name."""
    try:
        import tempfile

        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            return os.dup(file.fileno())
    except OSError as problem:
        raise from_os_error(problem, "cannot make the temporary file of a sort") from problem


def pieces(frame: Frame, keys: Sequence[bytes], records: Mapping[bytes, Value]) -> Iterator[Piece]:
    """Records by key as pieces of about a block; values that are to be fetched stay so."""
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        yield from _pieces(frame, some, [records[key] for key in some])


def _pieces(frame: Frame, keys: Sequence[bytes], values: Sequence[Value]) -> Iterator[Piece]:
    if {*map(type, values)} != {bytes}:
        held = [frame.framed(key, v) if type(v) is bytes else (key, v) for key, v in zip(keys, values, strict=True)]
        yield Piece(keys[0], keys[-1], None, keys, held)
    elif len(keys) > 1 and sum(map(len, values)) > BLOCK:
        middle = len(keys) // 2
        yield from _pieces(frame, keys[:middle], values[:middle])
        yield from _pieces(frame, keys[middle:], values[middle:])
    else:
        yield Piece(keys[0], keys[-1], frame.block(keys, values))  # type: ignore[arg-type]


def write(file: int, parts: Iterable[Piece]) -> Run:
    """Append a run of at least one piece."""
    try:
        start = os.lseek(file, 0, os.SEEK_END)
        first = last = None
        for part in parts:
            data = part.block if part.block is not None else marshal.dumps((list(part.keys), list(part.held)), _PLAIN)
            head = _HEAD.pack(part.block is not None, len(part.first), len(part.last), len(data))
            write_all(file, b"".join((head, part.first, part.last, data)))
            first, last = part.first if first is None else first, part.last
        assert first is not None and last is not None
        return Run(file, start, os.lseek(file, 0, os.SEEK_END), first, last)
    except OSError as problem:
        raise from_os_error(problem, "cannot write the temporary file of a sort") from problem


def merge(chains: Sequence[Sequence[Run]], frame: Frame, repeated: Callable[[bytes], None]) -> Iterator[Piece]:
    """The records of all chains in order; a chain is runs of which each begins behind the end of the one before.

    `repeated` is told every key that stands in several chains; one of its records goes on.
    """
    cursors = [cursor for chain in chains if (cursor := _Cursor(chain, frame)).fill()]
    while cursors:
        cursors.sort(key=_first)
        lowest = cursors[0]
        behind = cursors[1].first if len(cursors) > 1 else None
        if behind is None or lowest.last < behind:
            yield lowest.whole()
        else:
            yield _lowest(cursors, repeated)
        cursors = [cursor for cursor in cursors if cursor.fill()]


def _first(cursor: _Cursor) -> bytes:
    return cursor.first


def _lowest(cursors: Sequence[_Cursor], repeated: Callable[[bytes], None]) -> Piece:
    """Take everything up to the smallest last key of the blocks at hand."""
    bound = min(cursor.last for cursor in cursors)
    records: dict[bytes, Held] = {}
    for cursor in cursors:
        if cursor.first <= bound:
            taken, held = cursor.take(bound)
            if not records.keys().isdisjoint(taken):
                for key in records.keys() & taken:
                    repeated(key)
            records.update(zip(taken, held, strict=True))
    keys = sorted(records)
    return Piece(keys[0], keys[-1], None, keys, [records[key] for key in keys])


class _Cursor:
    """The block at hand of a chain of runs: from `first` to `last`."""

    def __init__(self, chain: Sequence[Run], frame: Frame) -> None:
        self._chain, self._frame = list(reversed(chain)), frame
        self._file = self._at = self._end = 0
        self.first = self.last = b""
        self._block: bytes | None = None
        self._keys: list[bytes] | None = None
        self._held: Sequence[Held] = ()
        self._start = 0

    def fill(self) -> bool:
        """See to it that a block is at hand; False at the end."""
        if self._keys is not None and self._start < len(self._keys):
            self.first = self._keys[self._start]
            return True
        if self._block is not None:
            return True
        if self._at == self._end:
            if not self._chain:
                return False
            run = self._chain.pop()
            self._file, self._at, self._end = run.file, run.start, run.end
        self._load()
        return True

    def _load(self) -> None:
        framed, first, last, rest = _HEAD.unpack(_read(self._file, _HEAD.size, self._at))
        data = _read(self._file, first + last + rest, self._at + _HEAD.size)
        self._at += _HEAD.size + len(data)
        self.first, self.last = data[:first], data[first : first + last]
        self._start, self._keys, self._block = 0, None, None
        if framed:
            self._block = data[first + last :]
        else:
            self._keys, self._held = marshal.loads(data[first + last :])

    def whole(self) -> Piece:
        """All that is left of the block."""
        if self._keys is None:
            piece = Piece(self.first, self.last, self._block)
        else:
            piece = Piece(self.first, self.last, None, self._keys[self._start :], self._held[self._start :])
        self._keys, self._block = None, None
        return piece

    def take(self, bound: bytes) -> tuple[Sequence[bytes], Sequence[Held]]:
        """What is left up to `bound`."""
        if self._keys is None:
            assert self._block is not None
            self._keys, self._held = self._frame.split(self._block)
            self._block = None
        start = self._start
        self._start = stop = bisect_right(self._keys, bound, start)
        return self._keys[start:stop], self._held[start:stop]


def _read(file: int, length: int, at: int) -> bytes:
    """Exactly `length` bytes of our own file."""
    try:
        raw = os.pread(file, length, at)
        while len(raw) < length:  # one call reads at most 2 GiB
            more = os.pread(file, length - len(raw), at + len(raw))
            if not more:
                raise OSError("the file became shorter")
            raw += more
        return raw
    except OSError as problem:
        raise from_os_error(problem, "cannot read the temporary file of a sort") from problem


def cut(keys: Sequence[bytes], cuts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Sorted keys in parts that end before each of `cuts`; no part is empty."""
    start = 0
    for limit in cuts:
        end = bisect_left(keys, limit, start)
        if end > start:
            yield keys[start:end]
            start = end
    if start < len(keys):
        yield keys[start:]
