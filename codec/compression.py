"""The bytes around the tar stream: one zstd frame, or none.

Invariant: what is read in pieces is never more than a piece at a time, however much a few bytes stand for.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

from codec.errors import Place, StreamError

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

Compression = Literal["zstd", "none"]

_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
_LEVEL, QUICK = 3, 1
_MOST_WINDOW_LOG = 26  # 64 MiB: twice what any writer takes that is not told to take more
_IN, _OUT = 128 << 10, 1 << 20


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Compressed:
    """A sink that writes to `sink`, compressed as asked; `finish` completes it and leaves `sink` open."""

    def __init__(self, sink: Sink, compression: Compression, level: int = _LEVEL) -> None:
        parameter = zstd.CompressionParameter
        options = {int(parameter.compression_level): level, int(parameter.checksum_flag): 1}
        self._sink = sink
        self._frame = zstd.ZstdCompressor(options=options) if compression == "zstd" else None

    def write(self, data: bytes) -> None:
        """Add `data`."""
        if self._frame is not None:
            data = self._frame.compress(data)
        if data:
            self._sink.write(data)

    def finish(self) -> None:
        """End the frame."""
        if self._frame is not None:
            self._sink.write(self._frame.flush())


class Expanded:
    """The plain bytes of `file`; `compression` None tells by the first bytes. Memory: the window (at most 64 MiB).

    Raises `StreamError` for data that is not compressed like that, is damaged, or ends too early.
    """

    def __init__(self, file: BinaryIO, name: str, compression: Compression | None) -> None:
        self._file, self._name = file, name
        self._head = file.read(len(_MAGIC))
        self.compression: Compression = compression or ("zstd" if self._head == _MAGIC else "none")
        """What it is."""
        if compression is not None and (self._head == _MAGIC) != (compression == "zstd"):
            raise self._bad(f"the archive is not compressed as asked ({compression})", "leave out --compression")
        self.taken = 0
        """Bytes of the file read so far."""
        self._frame = self._new_frame() if self.compression == "zstd" else None
        self._piece, self._at = b"", 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size:
            if self._at == len(self._piece):
                self._piece, self._at = self._next_piece(), 0
                if not self._piece:
                    break
            part = self._piece[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _next_piece(self) -> bytes:
        if self._frame is None:
            return self._input(b"")
        unused = b""
        while True:
            if self._frame.eof:  # another frame may follow
                unused = self._input(self._frame.unused_data)
                if not unused:
                    return b""
                self._frame = self._new_frame()
            data = unused
            if not data and self._frame.needs_input:
                data = self._input(b"")
                if not data:
                    raise self._bad("the archive ends inside its compressed data", "is it complete?")
            unused = b""
            try:
                piece = self._frame.decompress(data, _OUT)
            except zstd.ZstdError as problem:
                raise self._bad(f"the compressed data is damaged: {problem}", "") from None
            if piece:
                return piece

    def _input(self, unused: bytes) -> bytes:
        if unused:
            return unused
        data, self._head = self._head or self._file.read(_IN), b""
        self.taken += len(data)
        return data

    def _new_frame(self) -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MOST_WINDOW_LOG})

    def _bad(self, message: str, hint: str) -> StreamError:
        return StreamError("archive-compression", message, Place(self._name), hint=hint)
