"""Entries and values left where they are in the input, and read again when their turn comes: memory is one block."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import lt
from struct import error as StructError

from codec.errors import Place, StreamError
from codec.stream.entries import EntryReader
from codec.stream.source import BLOCK

Span = tuple[int, int]  # where the first entry begins, bytes of all of them


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

    def span(self, keys: Sequence[bytes], values: Sequence[bytes], ats: Sequence[int]) -> Span | None:
        """Where entries with these keys, values and beginnings stand, if nothing stands between them."""
        around = self._reader.around
        if not around or not all(map(lt, ats, islice(ats, 1, None))):
            return None
        size = sum(map(len, keys)) + sum(map(len, values)) + len(keys) * around
        last = around + len(keys[-1]) + len(values[-1])
        return (ats[0], size) if ats[-1] + last - ats[0] == size else None

    def entries(self, span: Span) -> tuple[list[int], list[bytes], list[bytes]]:
        """The entries of a span: where each begins, keys, values. Raises `StreamError` if they are not there any more."""
        at, size = span
        data = b"".join(self.blocks(at, size))
        try:
            return self._reader.read_again(data, at)
        except StructError:
            code = self._reader.plan.errors["truncated"]
            raise StreamError(code, "the file changed while it was read", Place(self.source, at)) from None

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
