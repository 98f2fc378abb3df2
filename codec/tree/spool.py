"""A tree that is written only to be read once more, by the same run: all contents in one scratch file, and their paths sorted.

Invariants: nothing has a name in any file system, so nothing is left behind, whatever happens; a path is refused as
`StagedTree` refuses it. Memory does not grow with the number or size of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, cast

from codec.errors import from_os_error
from codec.stream.sort import Sorter
from codec.tree.files import write_all
from codec.tree.names import check_component, split
from codec.tree.paths import PathIndex
from codec.tree.spooled import FOLDER, MORE, WHOLE, SpooledReader
from codec.tree.staging import Twice, clash

_BUFFER = 256 << 10  # bytes that are written at once
_LINES = 2 << 20  # bytes of lines that wait for more of the same file
_SORTED = 8 << 20  # bytes of paths in memory
_PER_ROW = 250  # bytes of Python objects per path
_OWN, _HELPERS = 0, 1  # the numbers of the files
_WRITING = "writing what is put aside"

_Row = tuple[bytes, int, int, int, int, int]  # key, number, what it is, file, first byte, how many


class SpooledTree:
    """A context manager in which files are written, in this process and perhaps in one helper; `finish` gives them to read.

    `directory` is where scratch files are made. A `Target` of a decode; files that are written line by line are not
    written otherwise. Raises `TreeError` and `EnvironmentProblem`.
    """

    def __init__(self, directory: Path | None = None, *, exclusive: bool = False) -> None:
        """With `exclusive` a file that is written a second time raises `Twice`, at the latest in `finish`."""
        self._directory, self._exclusive = directory, exclusive
        self._stack = ExitStack()
        self._number = count()
        self._buffer = bytearray()
        self._lines: dict[bytes, bytearray] = {}
        self._waiting = 0
        self._at, self._which = 0, _OWN
        self._notes: list[tuple[object, ...]] | None = None
        self.files = 0
        """Files so far; one that was written twice counts twice."""

    def __enter__(self) -> SpooledTree:
        try:
            self._files = (self._scratch(), self._scratch())
            self._sorter = self._stack.enter_context(Sorter[_Row](_SORTED, self._directory))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stack.close()

    def write(self, path: str, data: bytes) -> None:
        """A whole file."""
        self._note(self._key(path), WHOLE, self._put(data), len(data))

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        """A whole file of text, in pieces."""
        self.stream_bytes(path, (piece.encode() for piece in pieces))

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        """A whole file of bytes, in blocks."""
        key, kind = self._key(path), WHOLE
        start = end = self._at
        for block in blocks:
            at = self._put(block)
            if at != end:  # what gives the blocks wrote something, too
                self._note(key, kind, start, end - start)
                start, kind = at, MORE
            end = at + len(block)
        self._note(key, kind, start, end - start)

    def append(self, path: str, data: bytes) -> None:
        """More of a file that is written line by line."""
        key = self._key(path, to_append=True)
        held = self._lines.get(key)
        if held is None:
            held = self._lines[key] = bytearray()
        held += data
        self._waiting += len(data)
        if self._waiting > _LINES:
            self._put_lines()

    def mkdir(self, path: str) -> None:
        """A folder, perhaps empty."""
        self._note(self._key(path), FOLDER, 0, 0)

    def note_only(self) -> None:
        """In the helper: write into a file of its own, and keep notes for the process that has the whole."""
        self._notes, self._which, self._at = [], _HELPERS, 0
        self._buffer, self._lines, self._waiting = bytearray(), {}, 0

    def noted(self) -> object:
        """The notes since the last call; what they speak of is written."""
        if self._notes is None:
            return []
        self._put_lines()
        self._flush()
        notes, self._notes = self._notes, []
        return notes

    def take_over(self, notes: object) -> None:
        """Take the helper's notes."""
        for key, kind, which, at, size in cast("list[tuple[bytes, int, int, int, int]]", notes):
            self._add(key, kind, which, at, size)

    def finish(self) -> SpooledReader:
        """All that was written, to be read until this context ends. Raises `TreeError` for a path that would have to be
        a file and a folder."""
        self._put_lines()
        self._flush()
        index = PathIndex(self._scratch())
        for row in _resolved(self._sorter.sorted(), self._exclusive):
            index.add(row)
        index.finish()
        self._sorter.close()
        return SpooledReader(index, tuple(file.fileno() for file in self._files))

    # ------------------------------------------------------------------------------------------------------- own

    def _scratch(self) -> IO[bytes]:
        try:
            return self._stack.enter_context(TemporaryFile(dir=self._directory))
        except OSError as problem:
            raise from_os_error(problem, _WRITING) from problem

    def _key(self, path: str, to_append: bool = False) -> bytes:
        raw, head, _ = split(path)
        _check(head)
        key = raw.replace(b"/", b"\0")
        if key in self._lines and not to_append:
            raise clash(raw, "a path that is being written already")
        return key

    def _put(self, data: bytes | bytearray) -> int:
        """Where the bytes will stand."""
        at = self._at
        self._at += len(data)
        if len(data) >= _BUFFER:
            self._flush()
            self._write(data)
        else:
            self._buffer += data
            if len(self._buffer) >= _BUFFER:
                self._flush()
        return at

    def _flush(self) -> None:
        if self._buffer:
            self._write(self._buffer)
            self._buffer.clear()

    def _write(self, data: bytes | bytearray) -> None:
        try:
            write_all(self._files[self._which].fileno(), data)
        except OSError as problem:
            raise from_os_error(problem, _WRITING) from problem

    def _put_lines(self) -> None:
        for key, held in self._lines.items():
            self._note(key, MORE, self._put(held), len(held))
        self._lines, self._waiting = {}, 0

    def _note(self, key: bytes, kind: int, at: int, size: int) -> None:
        if self._notes is not None:
            self._notes.append((key, kind, self._which, at, size))
        else:
            self._add(key, kind, self._which, at, size)

    def _add(self, key: bytes, kind: int, which: int, at: int, size: int) -> None:
        self.files += kind == WHOLE
        self._sorter.add((key, next(self._number), kind, which, at, size), len(key) + _PER_ROW)


@lru_cache(64)
def _check(head: bytes) -> None:
    """Refuse a folder that cannot stand in a tree."""
    for name in head.split(b"/") if head else ():
        check_component(name, head)


def _resolved(rows: Iterable[_Row], exclusive: bool) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Of files that were written twice only the last; no two folders of one path, and no file that is a folder, too."""
    held: tuple[bytes, int, int, int, int] | None = None
    for key, _, kind, *place in rows:
        row = (key, kind, *cast("tuple[int, int, int]", tuple(place)))
        if held is not None:
            same = held[0] == key
            if (same and (kind == FOLDER) != (held[1] == FOLDER)) or (
                not same and held[1] != FOLDER and key.startswith(held[0] + b"\0")
            ):
                raise clash(held[0].replace(b"\0", b"/"), "a path that would have to be a file and a directory")
            if same and kind == WHOLE and exclusive:
                raise Twice
            if same and (kind, held[1]) == (WHOLE, MORE):
                raise clash(key.replace(b"\0", b"/"), "a path that is being written already")
            if not same or kind == MORE:
                yield held
        held = row
    if held is not None:
        yield held
