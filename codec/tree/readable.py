"""What an encode asks of a tree, wherever it lies: in folders (`codec.tree.walk`) or in a spool (`codec.tree.spooled`)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, BytesIO
from typing import Protocol

from codec.tree.spans import Span
from codec.tree.walk import Entry, Kind


class Readable(Protocol):
    """Files by path. `TreeFault` is what does not fit the question; paths are as those of `TreeReader`."""

    opened: int

    def forget(self) -> None:
        """In a forked process: give up what cannot be shared with the parent."""

    def kind(self, path: str) -> Kind | None:
        """What stands at `path`; None if nothing does."""

    def size(self, path: str) -> int:
        """Bytes in the file `path`."""

    def entries(self, path: str = "") -> list[Entry]:
        """What stands in a folder, sorted by the bytes of the names."""

    def each(self, path: str) -> Iterator[Entry]:
        """The same one by one, however many there are."""

    def open(self, path: str) -> BufferedReader | BytesIO:
        """The file `path`, open for reading; the caller closes it."""

    def read(self, path: str, max_bytes: int | None = None) -> bytes:
        """The content of the file `path`; `TreeFault` "too_large" if it is longer than `max_bytes`."""


class Cutter(Protocol):
    """Parts of files, fetched when they are needed."""

    @property
    def tree(self) -> Readable:
        """The tree of the files."""

    def of(self, path: str, every: int) -> tuple[int, list[Span]]:
        """The size of a file, and its parts of `every` bytes, the last one perhaps shorter."""

    def fetch(self, span: Span) -> bytes:
        """The bytes of a part."""
