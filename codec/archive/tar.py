"""Tar headers, written so that equal trees give equal bytes, and read without trust (container-and-cli.md §7.1).

Invariant: a reader yields only folders and regular files, holds at most one extended header (1 MiB), and takes no
archive without its end.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, Protocol

from codec.errors import Place, StreamError
from codec.tree.names import shown_path, to_text

BLOCK = 512
END = bytes(2 * BLOCK)
PIECE = 1 << 20
_LONGEST_EXTENSION = 1 << 20
_LONGEST_USTAR = tarfile.LENGTH_PREFIX + 1 + tarfile.LENGTH_NAME
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700  # what a decode gives them, whatever the umask was
_TEXT = ("utf-8", "surrogateescape")
_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ")
_NUMBER = re.compile(rb"[0-9]{1,19}")
_FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE))
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a FIFO",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
    tarfile.XGLTYPE: "a header for all that follow",
}


class _Header(tarfile.TarInfo):
    """Folders without a slash at their end, as the reference writes them."""

    def get_info(self) -> dict[str, str | int | bytes]:
        info = dict(super().get_info())
        info["name"] = str(info["name"]).rstrip("/")
        return info  # type: ignore[return-value]


def header(path: str, size: int | None) -> bytes:
    """The header of the file `path` with `size` bytes, or of a folder (None): no owner, no time, fixed permissions.

    A plain USTAR header where the path fits into one, else with an extended one in front.
    """
    entry = _Header(path)
    entry.type, entry.mode = (tarfile.DIRTYPE, _FOLDER_MODE) if size is None else (tarfile.REGTYPE, _FILE_MODE)
    entry.size = size or 0
    if path.isascii() and len(path) <= _LONGEST_USTAR:
        try:
            return entry.tobuf(tarfile.USTAR_FORMAT, *_TEXT)
        except ValueError:  # the path is too long, or the file too large
            pass
    return entry.tobuf(tarfile.PAX_FORMAT, *_TEXT)


def padding(size: int) -> bytes:
    """What follows a body of `size` bytes."""
    return bytes(-size % BLOCK)


class Stream(Protocol):
    """Gives the next bytes, fewer than asked for only at the end."""

    def read(self, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its path as it is written there, without `./` in front and without a slash at the end."""

    path: str
    is_folder: bool
    size: int


class TarReader:
    """Iterates over the members of a tar stream; `body` gives the bytes of the current one.

    Reads USTAR, PAX and GNU long names. Raises `StreamError`: `archive-format` for what is no tar stream or ends early,
    `archive-entry` for an entry that is neither a folder nor a plain file.
    """

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream, self._name = stream, name
        self._position = self._start = self._left = 0

    def __iter__(self) -> Iterator[Member]:
        while (member := self._next()) is not None:
            yield member
            for _ in self.body():
                pass
            self._take(-member.size % BLOCK)
        self._end()

    def body(self) -> Iterator[bytes]:
        """What is left of the current member's bytes, in pieces of at most 1 MiB."""
        while self._left:
            piece = self._take(min(self._left, PIECE))
            self._left -= len(piece)
            yield piece

    def _next(self) -> Member | None:
        path, size = b"", None
        self._start = self._position
        while (entry := self._entry()) is not None:
            if entry.type == tarfile.GNUTYPE_LONGNAME:
                path = self._extension(entry).rstrip(b"\0")
            elif entry.type == tarfile.XHDTYPE:
                records = self._records(self._extension(entry))
                path, size = records.get(b"path", b""), self._size(records)
            else:
                return self._member(entry, to_text(path) or entry.name, entry.size if size is None else size)
        if path or size is not None:
            self._refuse("archive-format", "the archive ends after an extended header")
        return None

    def _entry(self) -> tarfile.TarInfo | None:
        """The next header; None at the end mark."""
        block = self._take(BLOCK)
        try:
            entry = tarfile.TarInfo.frombuf(block, *_TEXT)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            return None
        except tarfile.HeaderError as problem:
            self._refuse("archive-format", f"this is no tar header: {problem}")
        if entry.size < 0:
            self._refuse("archive-format", "an entry has a negative size")
        return entry

    def _member(self, entry: tarfile.TarInfo, path: str, size: int) -> Member:
        while path.startswith("./"):
            path = path[2:].lstrip("/")
        is_folder = entry.type == tarfile.DIRTYPE
        if is_folder and size:
            self._refuse_entry(path, "a folder with a body")
        if not is_folder and entry.type not in _FILES:
            self._refuse_entry(path, _KINDS.get(entry.type, f"type {entry.type!r}"))
        self._left = size
        return Member(path.rstrip("/") if is_folder else path, is_folder, size)

    def _extension(self, entry: tarfile.TarInfo) -> bytes:
        if entry.size > _LONGEST_EXTENSION:
            self._refuse("archive-format", f"an extended header is longer than {_LONGEST_EXTENSION} bytes")
        data = self._take(entry.size)
        self._take(-entry.size % BLOCK)
        return data

    def _records(self, data: bytes) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        at = 0
        while at < len(data):
            match = _RECORD.match(data, at)
            end = at + int(match[1]) if match else 0
            if match is None or not match.end() < end <= len(data) or data[end - 1] != ord("\n"):
                self._refuse("archive-format", "an extended header is malformed")
            name, equals, value = data[match.end() : end - 1].partition(b"=")
            if not equals:
                self._refuse("archive-format", "an extended header is malformed")
            if name.startswith(b"GNU.sparse."):
                self._refuse_entry(to_text(found.get(b"path", b"")), _KINDS[tarfile.GNUTYPE_SPARSE])
            found[name] = value
            at = end
        return found

    def _size(self, records: dict[bytes, bytes]) -> int | None:
        text = records.get(b"size")
        if text and not _NUMBER.fullmatch(text):
            self._refuse("archive-format", "an extended header has a size that is no number")
        return int(text) if text else None

    def _end(self) -> None:
        """After the first block of zeros: nothing but zeros."""
        rest = self._stream.read(BLOCK)
        if len(rest) < BLOCK:
            self._refuse("archive-format", "the archive ends inside its end mark")
        while rest:
            if rest.count(0) != len(rest):
                self._refuse("archive-format", "data follows the end of the archive")
            rest = self._stream.read(PIECE)

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size) if size else b""
        self._position += len(data)
        if len(data) < size:
            self._refuse("archive-format", "the archive ends too early", "is it complete?")
        return data

    def _refuse_entry(self, path: str, found: str) -> NoReturn:
        hint = "a tree has only folders and plain files"
        raise StreamError(
            "archive-entry",
            "an entry that cannot stand in a tree",
            Place(self._name, self._start),
            shown_path(path),
            "a folder or a plain file",
            found,
            hint,
        )

    def _refuse(self, code: str, message: str, hint: str = "") -> NoReturn:
        raise StreamError(code, message, Place(self._name, self._start), hint=hint)
