"""Reading what a `SpooledTree` took: the questions of `Readable` and `Cutter`, answered from scratch files.

A key is a path with NUL for `/`, so that what stands below a folder comes right behind it and names come by their bytes.
Every read names its place in the file, so that forked processes may read at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_SET, BufferedReader, BytesIO, RawIOBase
from typing import TYPE_CHECKING, cast

from codec.errors import from_os_error
from codec.tree.names import to_bytes
from codec.tree.paths import PathIndex
from codec.tree.spans import Span
from codec.tree.walk import Entry, Kind, TreeFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import WriteableBuffer

WHOLE, MORE, FOLDER = range(3)  # a file from its beginning, more of a file, a folder
_AT_ONCE = 1 << 20  # bytes of a file that is held whole while it is open
Part = tuple[int, int, int]  # file, first byte, how many


class SpooledReader:
    """The files of a spool; `files` are descriptors of whoever made it."""

    def __init__(self, index: PathIndex, files: Sequence[int]) -> None:
        self._index, self._files = index, files
        self.opened = 0

    def forget(self) -> None:
        """Nothing is shared that a forked process could disturb."""

    def kind(self, path: str) -> Kind | None:
        """What stands at `path`; None if nothing does."""
        key = _key(path)
        row = next(self._index.rows(key), None) if key else (b"", FOLDER)
        if row is None:
            return None
        if row[0] == key:
            return "directory" if row[1] == FOLDER else "file"
        return "directory" if row[0].startswith(key + b"\0") else None

    def size(self, path: str) -> int:
        """Bytes in the file `path`."""
        return sum(size for _, _, size in self.parts(path))

    def entries(self, path: str = "") -> list[Entry]:
        """What stands in a folder, sorted by the bytes of the names."""
        return list(self.each(path))

    def each(self, path: str) -> Iterator[Entry]:
        """The same one by one."""
        if (kind := self.kind(path)) != "directory":
            raise TreeFault("missing" if kind is None else "not_directory", path)
        home = _key(path) + b"\0" if path else b""
        after: bytes | None = home
        while after is not None:
            start, after, before = after, None, b""
            for row in self._index.rows(start):
                if not row[0].startswith(home):
                    return
                name, below, _ = row[0][len(home) :].partition(b"\0")
                is_folder = bool(below) or row[1] == FOLDER
                if name != before:
                    yield Entry(name.decode("utf-8", "surrogateescape"), "directory" if is_folder else "file")
                before = name
                if is_folder:
                    after = home + name + b"\1"  # behind all that is in it
                    break

    def open(self, path: str) -> BufferedReader | BytesIO:
        """The file `path`, open for reading."""
        try:
            return BytesIO(self.read(path, _AT_ONCE))
        except TreeFault as fault:
            if fault.kind != "too_large":
                raise
        return BufferedReader(_Joined(self, path), _AT_ONCE)

    def read(self, path: str, max_bytes: int | None = None) -> bytes:
        """The content of the file `path`; `TreeFault` "too_large" if it is longer than `max_bytes`."""
        pieces, total = list[bytes](), 0
        for part in self.parts(path):
            total += part[2]
            if max_bytes is not None and total > max_bytes:
                raise TreeFault("too_large", path)
            pieces.append(self.bytes_of(part))
        self.opened += 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def bytes_of(self, part: Part) -> bytes:
        """The bytes of a part."""
        which, at, size = part
        try:
            data = os.pread(self._files[which], size, at)
            while len(data) < size:  # one call reads at most 2 GiB
                more = os.pread(self._files[which], size - len(data), at + len(data))
                if not more:
                    raise OSError("the file became shorter")
                data += more
        except OSError as problem:
            raise from_os_error(problem, "reading what is put aside") from problem
        return data

    def cut(self, path: str, every: int) -> tuple[int, list[Span]]:
        """The size of a file, and where its parts of `every` bytes lie, the last one perhaps shorter."""
        spans, open_, total = list[Span](), list[Part](), 0
        room = every
        for which, start, length in self.parts(path):
            at, size = start, length
            total += size
            while size:
                some = min(size, room)
                open_.append((which, at, some))
                at, size, room = at + some, size - some, room - some
                if not room:
                    spans.append(tuple(open_))
                    open_, room = [], every
        if open_:
            spans.append(tuple(open_))
        return total, spans

    def parts(self, path: str) -> Iterator[Part]:
        """Where the file lies, part by part."""
        key, found = _key(path), False
        for row in self._index.rows(key):
            if row[0] != key:
                break
            if row[1] == FOLDER:
                raise TreeFault("not_regular", path)
            found = True
            yield row[2:]
        if not found:
            raise TreeFault("missing" if self.kind(path) is None else "not_regular", path)


class SpooledSpans:
    """Parts of files of a spool; they cannot change."""

    def __init__(self, tree: SpooledReader) -> None:
        self.tree = tree

    def of(self, path: str, every: int) -> tuple[int, list[Span]]:
        """The size of a file, and its parts of `every` bytes, the last one perhaps shorter."""
        return self.tree.cut(path, every)

    def fetch(self, span: Span) -> bytes:
        """The bytes of a part."""
        return b"".join(map(self.tree.bytes_of, cast("tuple[Part, ...]", span)))


class _Joined(RawIOBase):
    """The parts of a file one after the other."""

    def __init__(self, tree: SpooledReader, path: str) -> None:
        self._tree, self._path = tree, path
        self._parts: Iterator[Part] = tree.parts(path)
        self._part: Part = (0, 0, 0)
        self._at = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a place that is not behind the end, from the beginning or from here."""
        wanted = offset + self._at if whence == SEEK_CUR else offset
        if wanted != self._at:
            self._parts, self._part, self._at = self._tree.parts(self._path), (0, 0, 0), 0
            while self._at < wanted and (part := next(self._parts, None)):
                which, at, size = part
                some = min(size, wanted - self._at)
                self._part, self._at = (which, at + some, size - some), self._at + some
        return self._at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._part[2]:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._part = part
        which, at, size = self._part
        some = min(size, len(view))
        view[:some] = self._tree.bytes_of((which, at, some))
        self._part, self._at = (which, at + some, size - some), self._at + some
        return some


def _key(path: str) -> bytes:
    return to_bytes(path).replace(b"/", b"\0")


__all__ = ["FOLDER", "MORE", "WHOLE", "SpooledReader", "SpooledSpans"]
