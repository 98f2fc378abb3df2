"""The input as blocks: one forward pass over a file, with positions, in bounded memory."""

from __future__ import annotations

import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from codec.errors import Place, UsageError
from codec.tree.files import keep_blocks

BLOCK = 1 << 20


class Source:
    """A seekable file that is read forward in blocks. `data[at:]` is what was read and not yet taken."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        self.block = BLOCK  # bytes that are read at a time, at least
        self.shared = False  # set it before a fork: the file has one position, which both would move
        keep_blocks(4 * BLOCK)
        self.size = file.seek(0, 2)
        self.data, self.at = b"", 0
        self.end = 0  # position in the file after `data`
        self.seek(0)

    @classmethod
    def open(cls, path: Path) -> Source:
        """The file at `path`; the caller closes it. Raises `UsageError` for what is no file, and never waits for it."""
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        file = os.fdopen(fd, "rb", buffering=0)
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
                hint = "copy it to a file first: it is read more than once"
                raise UsageError("input", "the input is no file", Place(str(path)), hint=hint)
            return cls(file, str(path))
        except BaseException:
            file.close()
            raise

    def seek(self, position: int) -> None:
        """Continue from `position`."""
        self.file.seek(position)
        self.data, self.at, self.end = b"", 0, position

    @property
    def position(self) -> int:
        """Position in the file of the next byte that is taken."""
        return self.end - len(self.data) + self.at

    def before(self) -> bytes:
        """Everything in front of the next byte that is taken; for the head of a file."""
        position = self.position
        self.file.seek(0)
        front = self.file.read(position)
        self.seek(position)
        return front

    def fill(self, size: int) -> int:
        """Have at least `size` bytes at hand if the file has them; how many there are."""
        have = len(self.data) - self.at
        if have >= size:
            return have
        blocks = [self.data[self.at :]] if have else []  # one block alone is not copied
        while have < size:
            want = max(self.block, size - have)
            block = os.pread(self.file.fileno(), want, self.end) if self.shared else self.file.read(want)
            if not block:
                break
            blocks.append(block)
            have += len(block)
            self.end += len(block)
        self.data, self.at = b"".join(blocks), 0
        return have

    def take(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end of the file."""
        self.fill(size)
        start, self.at = self.at, min(self.at + size, len(self.data))
        return self.data[start : self.at]

    def crc32c(self, stop: int, start: int = 0) -> int:
        """CRC-32C of the bytes from `start` to `stop`; reads them once more."""
        crc, left = 0, stop - start
        self.file.seek(start)
        while left > 0 and (block := self.file.read(min(BLOCK, left))):
            crc = google_crc32c.extend(crc, block)
            left -= len(block)
        return crc

    def crc32(self, start: int, stop: int) -> int:
        """CRC-32 (IEEE) of the bytes from `start` to `stop`; reads them once more."""
        crc, left = 0, stop - start
        self.file.seek(start)
        while left > 0 and (block := self.file.read(min(BLOCK, left))):
            crc = zlib.crc32(block, crc)
            left -= len(block)
        return crc

    def close(self) -> None:
        """Close the file; it was only read, so that no error matters."""
        with suppress(OSError):
            self.file.close()
