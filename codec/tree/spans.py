"""Parts of files that are fetched when they are needed, so that large bodies are never held.

Invariant: what is fetched is of the file that was looked at: another one, or one that was changed since, is refused.
"""

from __future__ import annotations

import os

from codec.errors import Place, TreeError, from_os_error
from codec.tree.files import close_quietly, keep_blocks
from codec.tree.walk import TreeReader

_USUAL = 4 << 20  # bytes of a span and of a copy of it, mostly
Span = tuple[object, ...]
"""Path, first byte, number of bytes, and the file's size and time of change as they were."""


class Spans:
    """Fetches spans of files of a tree; the last file stays open."""

    def __init__(self, tree: TreeReader) -> None:
        self.tree = tree
        self._file: tuple[object, ...] = ()
        self._fd = -1
        keep_blocks(_USUAL)

    def __enter__(self) -> Spans:
        return self

    def __exit__(self, *_: object) -> None:
        close_quietly(self._fd)
        self._fd = -1

    def of(self, path: str, every: int) -> tuple[int, list[Span]]:
        """The size of a file, and its parts of `every` bytes, the last one perhaps shorter."""
        fd, size = self.tree.descriptor(path)
        try:
            stamp = os.fstat(fd).st_mtime_ns
        finally:
            close_quietly(fd)
        return size, [(path, at, min(every, size - at), size, stamp) for at in range(0, size, every)]

    def fetch(self, span: Span) -> bytes:
        """The bytes; raises `TreeError` if the file is not what it was."""
        path, at, length, size, stamp = span
        assert isinstance(path, str) and isinstance(at, int) and isinstance(length, int)
        if self._file != (path, size, stamp):
            self._open(path, size, stamp)
        try:
            data = os.pread(self._fd, length, at)
        except OSError as problem:
            raise from_os_error(problem, f"reading {path}") from problem
        if len(data) < length or (at + length == size and os.fstat(self._fd).st_size != size):
            raise self._changed(path)
        return data

    def _open(self, path: str, size: object, stamp: object) -> None:
        close_quietly(self._fd)
        self._fd, self._file = -1, ()
        self._fd, now = self.tree.descriptor(path)
        if (now, os.fstat(self._fd).st_mtime_ns) != (size, stamp):
            raise self._changed(path)
        self._file = (path, size, stamp)

    def _changed(self, path: str) -> TreeError:
        found = f"{os.fstat(self._fd).st_size} bytes, perhaps others"
        return TreeError("tree-changed", "a file changed while it was read", Place(path), found=found)
