"""Where documents go: a staged tree, or anything else that takes files by path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from codec.tree.staging import StagedFile, StagedTree

WHOLE = 1 << 18  # text up to this size is written at once, longer text is streamed


class Target(Protocol):
    """Takes files; paths are relative, with `/`."""

    def write(self, path: str, data: bytes) -> None:
        """A whole file; a file of that path is replaced."""

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        """A whole file of text, in pieces."""

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        """A whole file of bytes, in blocks."""

    def append(self, path: str, data: bytes) -> None:
        """More of a file that is written line by line."""

    def mkdir(self, path: str) -> None:
        """A folder, perhaps empty."""


class TreeTarget:
    """A staged tree as a target; files written by lines stay open until the end."""

    def __init__(self, tree: StagedTree) -> None:
        self._tree = tree
        self._open: dict[str, StagedFile] = {}

    def write(self, path: str, data: bytes) -> None:
        self._tree.write(path, data)

    def mkdir(self, path: str) -> None:
        self._tree.mkdir(path)

    def append(self, path: str, data: bytes) -> None:
        handle = self._open.get(path)
        if handle is None:
            handle = self._open[path] = self._tree.append(path)
        handle.write(data)

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        with self._tree.create(path) as out:
            for block in blocks:
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
