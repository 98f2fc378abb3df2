"""Where documents go: a staged tree, or anything else that takes files by path."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Protocol, cast

from codec.tree.staging import StagedFile, StagedTree

WHOLE = 1 << 18  # text up to this size is written at once, longer text is streamed


class Lined(Protocol):
    """Takes lines; paths are relative, with `/`."""

    def append(self, path: str, data: bytes) -> None:
        """More of a file that is written line by line."""


class Target(Lined, Protocol):
    """Takes files."""

    def write(self, path: str, data: bytes) -> None:
        """A whole file; a file of that path is replaced."""

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        """A whole file of text, in pieces."""

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        """A whole file of bytes, in blocks."""

    def mkdir(self, path: str) -> None:
        """A folder, perhaps empty."""

    def note_only(self) -> None:
        """Called in a helper process: keep notes of what is written, for the process that has the whole."""

    def noted(self) -> object:
        """The notes since the last call, as plain data."""

    def take_over(self, notes: object) -> None:
        """Take a helper's notes."""


class TreeTarget:
    """A staged tree as a target; files written by lines stay open until the end."""

    def __init__(self, tree: StagedTree) -> None:
        self._tree = tree
        self._open: dict[str, StagedFile] = {}

    def write(self, path: str, data: bytes) -> None:
        self._tree.write(path, data)

    def mkdir(self, path: str) -> None:
        self._tree.mkdir(path)

    def note_only(self) -> None:
        self._tree.note_only()

    def noted(self) -> object:
        return self._tree.noted()

    def take_over(self, notes: object) -> None:
        self._tree.take_over(cast("list[tuple[bytes, bytes]]", notes))

    def append(self, path: str, data: bytes) -> None:
        handle = self._open.get(path)
        if handle is None:
            handle = self._open[path] = self._tree.append(path)
        handle.write(data)

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        rest = iter(blocks)
        first, second = next(rest, b""), next(rest, None)
        if second is None:
            self._tree.write(path, first)
            return
        with self._tree.create(path) as out:
            for block in chain((first, second), rest):
                out.write(block)

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        held: list[str] = []
        size, handle = 0, None
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > WHOLE:
                handle = handle or self._tree.create(path)
                handle.write("".join(held).encode())
                held, size = [], 0
        data = "".join(held).encode()
        if handle is None:
            self._tree.write(path, data)
            return
        handle.write(data)
        handle.close()

    def close(self) -> None:
        """Finish the files that were written by lines."""
        for handle in self._open.values():
            handle.close()
        self._open.clear()
