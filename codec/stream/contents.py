"""Values left where they are in the input, and read again when their turn comes: memory is one block."""

from __future__ import annotations

import os
from collections.abc import Iterator

from codec.errors import Place, StreamError
from codec.stream.entries import EntryReader
from codec.stream.source import BLOCK


class Contents:
    """The values of the entries that a reader has given; to be read after its last entry."""

    def __init__(self, reader: EntryReader) -> None:
        self._reader = reader

    @property
    def source(self) -> str:
        """The input's name, for errors."""
        return self._reader.source.name

    def place(self, at: int) -> Place:
        """The place of the entry that begins at `at`."""
        return Place(self.source, at)

    def offset(self, at: int, key: bytes) -> int:
        """Where the value of the entry at `at` begins in the file."""
        return self._reader.value_at(at, key)

    def blocks(self, offset: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `offset` on, in blocks; raises `StreamError` if the file has become shorter."""
        file = self._reader.source.file.fileno()
        while size > 0:
            block = os.pread(file, min(BLOCK, size), offset)
            if not block:
                code = self._reader.plan.errors["truncated"]
                raise StreamError(code, "the file became shorter while it was read", Place(self.source, offset))
            yield block
            offset += len(block)
            size -= len(block)
