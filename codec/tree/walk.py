"""Reading a tree that anybody may have prepared, and may be changing while it is read; and replacing single files of it.

Invariant: every component of every path is opened without following links, from the root's descriptor; only a regular
file with one name is ever read; nothing that is opened can block.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from codec.errors import from_os_error
from codec.stream.sort import Sorter
from codec.tree.directories import FLAGS, OpenDirectories
from codec.tree.files import close_quietly, told
from codec.tree.names import shown_path, split, to_bytes, to_text

Kind = Literal["file", "directory", "symlink", "other"]
FaultKind = Literal["missing", "not_directory", "not_regular", "hard_link", "symlink", "too_large"]

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PIECE = 1 << 20
NAMES = 12 << 20  # bytes of memory for the names of one folder
PER_NAME = 130  # bytes that an entry takes beside its name
_SURELY_SHORT = 1000  # characters of a path that cannot be too long
_TYPE = stat.S_IFMT(0o777777)
_NO_SUCH = frozenset((errno.ENOENT, errno.ENAMETOOLONG))  # a name that the file system cannot hold is not in it
_NO_DIRECTORY = frozenset((errno.ENOTDIR, errno.ELOOP))
_FAULTS: dict[int | None, FaultKind] = {
    **dict.fromkeys(_NO_SUCH, "missing"),
    errno.ELOOP: "symlink",
    errno.ENXIO: "not_regular",  # a socket
    errno.ENODEV: "not_regular",  # a device without a driver
}
_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}


_FOUND: dict[FaultKind, str] = {
    "missing": "nothing",
    "not_directory": "something that is no folder",
    "not_regular": "something that is no regular file",
    "hard_link": "a file with more than one hard link",
    "symlink": "a symbolic link",
    "too_large": "more bytes than it may have",
}


class Entry(NamedTuple):
    """One entry of a directory."""

    name: str
    kind: Kind


class TreeFault(Exception):
    """What stands at `path` is not what was asked for. `path` is the component that is at fault, which may be a parent.

    It has no name of its own for users: the caller knows which error of its format this is.
    """

    def __init__(self, kind: FaultKind, path: str) -> None:
        super().__init__(kind, path)
        self.kind: FaultKind = kind
        self.path = path

    @property
    def found(self) -> str:
        """What stands there, in words."""
        return _FOUND[self.kind]

    def __str__(self) -> str:
        return f"{shown_path(self.path)}: {self.kind}"


class TreeReader:
    """The tree at `root`, which may itself be a link. A context manager; not for use by several threads.

    Paths are `/`-separated text relative to the root, "" is the root; bytes that are no UTF-8 stand as surrogate
    escapes. Every call raises `TreeFault` for what the tree holds, `TreeError` for a path that cannot stand in a tree
    (absolute, `..`, NUL), and `EnvironmentProblem` for what the machine refuses. At most 128 directories are open.
    """

    def __init__(self, root: Path) -> None:
        with told(f"opening {shown_path(str(root))}"):
            try:
                self._root = os.open(root, FLAGS & ~os.O_NOFOLLOW)
            except FileNotFoundError:
                raise TreeFault("missing", "") from None
            except NotADirectoryError:
                raise TreeFault("not_directory", "") from None
        self._directories = OpenDirectories(self._root, _step)
        self.opened = 0  # files, for whoever tells how far a run is
        self._near, self._near_fd = "", self._root  # the directory of the file that was read last

    def __enter__(self) -> TreeReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all descriptors; a second call does nothing."""
        self.forget()
        root, self._root = self._root, -1
        close_quietly(root)

    def forget(self) -> None:
        """Close the directories below the root. A forked process must, as positions in them are shared."""
        self._near, self._near_fd = "", self._root
        self._directories.close()

    def descriptor(self, path: str) -> tuple[int, int]:
        """A descriptor of the file `path`, which the caller closes, and its size in bytes."""
        return self._open(path)

    def entries(self, path: str = "") -> list[Entry]:
        """What stands in the directory `path`, sorted by the bytes of the names. One listing, no call per entry;
        memory for all its names."""
        raw = split(path)[0] if path else b""
        try:
            with os.scandir(self._folder(raw)) as found:
                listed = [(os.fsencode(entry.name), _kind_of(entry)) for entry in found]
        except OSError as problem:
            raise from_os_error(problem, f"listing {shown_path(path)}") from problem
        listed.sort()
        return [Entry(name.decode("utf-8", "surrogateescape"), kind) for name, kind in listed]

    def each(self, path: str) -> Iterator[Entry]:
        """The same one by one, however many there are: from some number on they are sorted in a file."""
        raw = split(path)[0] if path else b""
        with Sorter[tuple[bytes, Kind]](NAMES) as sorter:
            try:
                with os.scandir(self._folder(raw)) as found:
                    for entry in found:
                        name = os.fsencode(entry.name)
                        sorter.add((name, _kind_of(entry)), len(name) + PER_NAME)
            except OSError as problem:
                raise from_os_error(problem, f"listing {shown_path(path)}") from problem
            for name, kind in sorter.sorted():
                yield Entry(name.decode("utf-8", "surrogateescape"), kind)

    def open(self, path: str) -> BufferedReader:
        """The file `path`, open for reading; the caller closes it."""
        return os.fdopen(self._open(path)[0], "rb")

    def read(self, path: str, max_bytes: int | None = None) -> bytes:
        """The content of the file `path`; `TreeFault` "too_large" if it is longer than `max_bytes`, of which at most
        that many bytes and one are read."""
        head, _, name = path.rpartition("/")
        if head != self._near or len(path) > _SURELY_SHORT:
            data = self._read_anywhere(path, max_bytes)
            self._near, self._near_fd = head, self._directories.get(to_bytes(head))
            return data
        near = self._read_near(name, max_bytes)
        return self._read_anywhere(path, max_bytes) if near is None else near

    def _read_near(self, name: str, max_bytes: int | None) -> bytes | None:
        """A file beside the one that was read last; None for whatever is odd, which is left to `_read_anywhere`."""
        try:
            fd = os.open(name.encode("utf-8", "surrogateescape"), _READ, dir_fd=self._near_fd)
        except (OSError, ValueError):
            return None
        try:
            status = os.fstat(fd)
            size = status.st_size
            plain = status.st_nlink == 1 and status.st_mode & _TYPE == stat.S_IFREG
            if plain and (max_bytes is None or size <= max_bytes):
                data = os.read(fd, size + 1)
                self.opened += 1
                return data if len(data) == size else None
        except OSError:
            pass
        finally:
            close_quietly(fd)
        return None

    def _read_anywhere(self, path: str, max_bytes: int | None) -> bytes:
        fd, size = self._open(path)
        try:
            if max_bytes is None or size <= max_bytes:
                data = _read(fd, size, max_bytes)
                if max_bytes is None or len(data) <= max_bytes:
                    return data
        except OSError as problem:
            raise from_os_error(problem, f"reading {shown_path(path)}") from problem
        finally:
            close_quietly(fd)
        raise TreeFault("too_large", path)

    def kind(self, path: str) -> Kind | None:
        """What stands at `path`, links not followed; None if nothing does."""
        try:
            status = self._stat(path)
        except TreeFault as fault:
            if fault.kind == "missing":
                return None
            raise
        return _KINDS.get(stat.S_IFMT(status.st_mode), "other")

    def size(self, path: str) -> int:
        """Bytes in the regular file `path`."""
        status = self._stat(path)
        _check_file(status, path)
        return status.st_size

    def put(self, staged: bytes, path: str) -> None:
        """Give the complete file `staged` (an absolute path on the same file system) the name `path`, in a directory that
        exists; whatever file has that name is replaced in one step. The name is on the disk afterwards."""
        _, head, name = split(path)
        with told(f"replacing {shown_path(path)}"):
            directory = self._folder(head)
            os.rename(staged, name, dst_dir_fd=directory)
            os.fsync(directory)

    def _folder(self, head: bytes) -> int:
        """The descriptor of a directory, valid until the next call."""
        self._near, self._near_fd = "", self._root  # which may be closed now
        return self._directories.get(head)

    def _stat(self, path: str) -> os.stat_result:
        if not path:
            return os.fstat(self._root)
        _, head, name = split(path)
        try:
            return os.stat(name, dir_fd=self._folder(head), follow_symlinks=False)
        except OSError as problem:
            if problem.errno in _NO_SUCH:
                raise TreeFault("missing", path) from None
            raise from_os_error(problem, f"looking at {shown_path(path)}") from problem

    def _open(self, path: str) -> tuple[int, int]:
        """A descriptor of the regular file `path`, which the caller closes, and its size."""
        _, head, name = split(path)
        try:
            fd = os.open(name, _READ, dir_fd=self._folder(head))
            try:
                status = os.fstat(fd)
                _check_file(status, path)
            except BaseException:
                close_quietly(fd)
                raise
        except OSError as problem:
            if problem.errno in _FAULTS:
                raise TreeFault(_FAULTS[problem.errno], path) from None
            raise from_os_error(problem, f"opening {shown_path(path)}") from problem
        self.opened += 1
        return fd, status.st_size


def _step(parent: int, name: bytes, path: bytes) -> int:
    """Open one directory."""
    try:
        return os.open(name, FLAGS, dir_fd=parent)
    except OSError as problem:
        if problem.errno in _NO_SUCH:
            raise TreeFault("missing", to_text(path)) from None
        if problem.errno not in _NO_DIRECTORY:
            raise
    mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    raise TreeFault("symlink" if stat.S_ISLNK(mode) else "not_directory", to_text(path))


def _kind_of(entry: os.DirEntry[str]) -> Kind:
    if entry.is_file(follow_symlinks=False):
        return "file"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    return "symlink" if entry.is_symlink() else "other"


def _check_file(status: os.stat_result, path: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise TreeFault("symlink", path)
    if not stat.S_ISREG(status.st_mode):
        raise TreeFault("not_regular", path)
    if status.st_nlink != 1:
        raise TreeFault("hard_link", path)


def _read(fd: int, size: int, max_bytes: int | None) -> bytes:
    """The file to its end, also if it grows meanwhile, but at most `max_bytes` and one."""
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    pieces, total = [data], len(data)
    while data and (max_bytes is None or total <= max_bytes):
        data = os.read(fd, _PIECE if max_bytes is None else min(_PIECE, max_bytes + 1 - total))
        pieces.append(data)
        total += len(data)
    return b"".join(pieces)
