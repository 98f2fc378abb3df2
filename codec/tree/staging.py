"""A new tree, written file by file into a private directory and published as a whole.

Invariants: nothing is ever written outside the tree, whatever the names; each file is opened, written and closed once,
relative to an open directory, and its digest is taken on the way; a path has at most one writer at a time.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from codec.errors import CodecError, Place, TreeError, from_os_error
from codec.stream.sort import Sorter
from codec.tree.checksums import format_raw
from codec.tree.directories import FLAGS, OpenDirectories
from codec.tree.files import told, write_all
from codec.tree.landing import Landing
from codec.tree.names import check_component, shown_path, split, to_text

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OVER = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_ON = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = (0o600, 0o700)  # files, directories
_SHARED = (0o666, 0o777)  # minus umask
_BUFFER = 64 << 10
_OPEN_WRITERS = 32
_DIGESTS = 16 << 20  # bytes of digests kept in memory
_DIGEST_OVERHEAD = 200  # bytes of Python objects per digest

_CLASH = frozenset((errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP))
_REFUSED = frozenset((errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ))


class Twice(Exception):
    """A file was written a second time while several processes write."""


class StagedTree:
    """A context manager in which a tree is written; `publish` makes it appear, leaving without it undoes everything.

    Paths are relative to the root, `/`-separated; bytes that are no UTF-8 stand as surrogate escapes. Files are made
    with mode 0600, directories with 0700, or both as the umask says if `shared`; until the publish all of it
    stands in a directory that only this user can enter. With `sync`, the tree is on the disk before its name appears.
    Memory: one buffer (64 KiB) for at most 32 writers at a time, 128 open directories, and 16 MiB of digests.

    Raises `UsageError` on construction for a target that is not a directory or, unless `replace`, not empty;
    `TreeError` for paths that cannot stand in a tree; `EnvironmentProblem` for what the machine refuses.
    """

    def __init__(self, target: Path, *, replace: bool = False, sync: bool = True, shared: bool = False) -> None:
        with told(f"looking at {shown_path(str(target))}"):
            self._landing = Landing(target, replace=replace)
        self._sync = sync
        self._file_mode, self._dir_mode = _SHARED if shared else _PRIVATE
        self._directories = OpenDirectories(-1, self._step)
        self._writers: dict[bytes, StagedFile] = {}
        self._open: OrderedDict[StagedFile, None] = OrderedDict()
        self._digests: Sorter[tuple[bytes, int, bytes]] | None = None
        self._written = 0
        self._notes: list[tuple[bytes, bytes]] | None = None
        self.exclusive = False
        """With True, a file that is written a second time raises `Twice`: several processes write, and neither knows
        whose was meant to be the last."""
        self.files = 0
        """Files in the tree so far; one that was replaced counts once."""
        self.leftover = ""
        """After `publish`: the path of what should have been removed and could not be, for a warning."""

    @property
    def staged_inside(self) -> bool:
        """True if the tree is staged inside the target, which cannot be renamed over; its entries then appear one by
        one."""
        return self._landing.inside

    @property
    def staged(self) -> Path:
        """Where the tree stands before the publish, for reading it back."""
        return self._landing.staged

    def __enter__(self) -> StagedTree:
        try:
            with told(f"starting a tree at {shown_path(str(self._landing.target))}"):
                self._landing.open(self._dir_mode)
            self._directories = OpenDirectories(self._landing.tree, self._step)
            self._digests = Sorter(_DIGESTS, self._landing.scratch)
        except BaseException:
            self._landing.leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            for writer in self._writers.values():
                writer.forget()
            self._writers.clear()
            self._directories.close()
            if self._digests is not None:
                self._digests.close()
        finally:
            self._landing.leave()

    def write(self, path: str, data: bytes) -> None:
        """Make the file `path` with `data` as its content, or replace the one of that name."""
        raw, head, name = split(path)
        fd = self._start(raw, head, name)
        try:
            try:
                write_all(fd, data)
            finally:
                os.close(fd)
        except OSError as problem:
            raise _refused(problem, raw) from problem
        self._record(raw, hashlib.sha256(data).digest())

    def create(self, path: str) -> StagedFile:
        """Make or replace the file `path` and give a writer for its content; `close` it (or use it in a `with`)."""
        raw, head, name = split(path)
        return self._keep(raw, self._start(raw, head, name))

    def append(self, path: str) -> StagedFile:
        """The writer at the end of `path`, which is made if it is missing; the same one until it is closed.

        It costs about a kilobyte while it is not closed, so close it when its lines are known to be complete; going on
        after that reads the file once, for its digest.
        """
        raw, head, name = split(path)
        writer = self._writers.get(raw)
        if writer is None:
            directory = self._directories.get(head)
            try:
                try:
                    writer = self._keep(raw, os.open(name, _NEW, self._file_mode, dir_fd=directory))
                    self.files += 1
                except FileExistsError:
                    writer = self._keep(raw, os.open(name, _ON, dir_fd=directory))
                    writer.read_what_stands()
            except OSError as problem:
                raise _refused(problem, raw) from problem
        return writer

    def mkdir(self, path: str) -> None:
        """Make the directory `path` and its parents; one that exists is fine."""
        self._directories.get(split(path)[0])

    def checksums(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 (hex) of every file, sorted by the bytes of the path; to be called once, at the end.

        Closes all writers first. Files made after the call are not in it: that is how the list itself gets into the
        tree. Raises `TreeError` if the file system took two names for one.
        """
        return ((to_text(raw), digest.hex()) for raw, digest in self._all_digests())

    def checksum_lines(self) -> Iterator[bytes]:
        """The same as the lines of a file of checksums."""
        return (format_raw(raw, digest.hex()) for raw, digest in self._all_digests())

    def _all_digests(self) -> Iterator[tuple[bytes, bytes]]:
        self._close_writers()
        digests, self._digests = self._digests, None
        if digests is None:
            raise RuntimeError("the checksums are given once, inside the context")
        return _last_of_each(digests, self.files)

    def publish(self) -> None:
        """Make the tree appear at the target, whole. After an error the target is as it was."""
        self._close_writers()
        self._directories.close()
        self._directories = OpenDirectories(-1, self._step)  # a late write must not reach the published tree
        with told(f"publishing {shown_path(str(self._landing.target))}"):
            self.leftover = self._landing.publish(self._sync)

    # -- for several processes --------------------------------------------------------------------------------------

    def note_only(self) -> None:
        """In a helper process: note the digests of files instead of keeping them."""
        self._notes = []

    def noted(self) -> list[tuple[bytes, bytes]]:
        """Path and digest of the files that a helper wrote since the last call."""
        notes = self._notes or []
        if notes:
            self._notes = []
        return notes

    def take_over(self, notes: list[tuple[bytes, bytes]]) -> None:
        """Keep the digests of files that a helper wrote."""
        self.files += len(notes)
        if self._digests is not None:
            rows = [(raw, number, digest) for number, (raw, digest) in enumerate(notes, self._written + 1)]
            self._digests.extend(rows, sum(len(raw) for raw, _ in notes) + _DIGEST_OVERHEAD * len(notes))
            self._written += len(notes)

    # -- for StagedFile ---------------------------------------------------------------------------------------------

    def opened(self, writer: StagedFile) -> None:
        """Count `writer` as the one used last, and park the one that was not used for the longest time."""
        self._open[writer] = None
        self._open.move_to_end(writer)
        if len(self._open) > _OPEN_WRITERS:
            self._open.popitem(last=False)[0].park()

    def reopen(self, raw: bytes) -> int:
        """A descriptor at the end of a file that a writer of this tree has begun."""
        _, head, name = split(to_text(raw))
        try:
            return os.open(name, _ON, dir_fd=self._directories.get(head))
        except OSError as problem:
            raise _refused(problem, raw) from problem

    def closed(self, writer: StagedFile, raw: bytes, digest: bytes) -> None:
        """Take the digest of a file that is complete."""
        self._writers.pop(raw, None)
        self._open.pop(writer, None)
        self._record(raw, digest)

    # -- own --------------------------------------------------------------------------------------------------------

    def _start(self, raw: bytes, head: bytes, name: bytes) -> int:
        """Open the file as an empty one."""
        if raw in self._writers:
            raise clash(raw, "a path that is being written already")
        directory = self._directories.get(head)
        try:
            try:
                fd = os.open(name, _NEW, self._file_mode, dir_fd=directory)
            except FileExistsError:
                if self.exclusive:
                    raise Twice from None
                return os.open(name, _OVER, dir_fd=directory)
        except OSError as problem:
            raise _refused(problem, raw) from problem
        self.files += 1
        return fd

    def _keep(self, raw: bytes, fd: int) -> StagedFile:
        writer = self._writers[raw] = StagedFile(self, raw, fd)
        self.opened(writer)
        return writer

    def _close_writers(self) -> None:
        for writer in list(self._writers.values()):
            writer.close()

    def _record(self, raw: bytes, digest: bytes) -> None:
        if self._notes is not None:
            self._notes.append((raw, digest))
        elif self._digests is not None:
            self._written += 1
            self._digests.add((raw, self._written, digest), len(raw) + _DIGEST_OVERHEAD)

    def _step(self, parent: int, name: bytes, path: bytes) -> int:
        """Make, if need be, and open one directory."""
        check_component(name, path)
        try:
            with suppress(FileExistsError):
                os.mkdir(name, self._dir_mode, dir_fd=parent)
            return os.open(name, FLAGS, dir_fd=parent)
        except OSError as problem:
            raise _refused(problem, path) from problem


class StagedFile:
    """A writer for one file of a `StagedTree`: buffered, digested on the way, closed by the tree at the latest.

    Any number may exist; the descriptors of those not used for long are closed and opened again when needed.
    """

    __slots__ = ("_buffer", "_digest", "_fd", "_tree", "closed", "raw")

    def __init__(self, tree: StagedTree, raw: bytes, fd: int) -> None:
        self._tree = tree
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._fd = fd
        self.raw = raw
        self.closed = False

    def __enter__(self) -> StagedFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is None:
            self.close()

    def write(self, data: bytes) -> int:
        """Add `data`; nothing is kept in memory beyond one buffer."""
        if self.closed:
            raise ValueError("write to a closed file")
        if self._fd < 0:
            self._fd = self._tree.reopen(self.raw)
        self._tree.opened(self)
        if len(data) >= _BUFFER:
            self._flush()
            self._put(data)
        else:
            self._buffer += data
            if len(self._buffer) >= _BUFFER:
                self._flush()
        return len(data)

    def close(self) -> None:
        """Complete the file; a second call does nothing."""
        if not self.closed:
            self.park()
            self.closed = True
            self._tree.closed(self, self.raw, self._digest.digest())

    def park(self) -> None:
        """Give the descriptor back until the next `write`."""
        self._flush()
        self._release()

    def forget(self) -> None:
        """Give the file up: close the descriptor, whatever is in the buffer."""
        self.closed = True
        with suppress(CodecError):
            self._release()

    def read_what_stands(self) -> None:
        """Take into the digest what the file holds already."""
        at = 0
        while data := os.pread(self._fd, _BUFFER, at):
            self._digest.update(data)
            at += len(data)

    def _release(self) -> None:
        fd, self._fd = self._fd, -1
        try:
            if fd >= 0:
                os.close(fd)
        except OSError as problem:
            raise _refused(problem, self.raw) from problem

    def _flush(self) -> None:
        if self._buffer:
            self._put(self._buffer)
            self._buffer.clear()

    def _put(self, data: bytes | bytearray) -> None:
        self._digest.update(data)
        try:
            write_all(self._fd, data)
        except OSError as problem:
            raise _refused(problem, self.raw) from problem


def _last_of_each(digests: Sorter[tuple[bytes, int, bytes]], files: int) -> Iterator[tuple[bytes, bytes]]:
    with digests:
        seen, last, digest = 0, b"", b""
        for raw, _, newer in digests.sorted():
            if raw != last and seen:
                yield last, digest
            seen += raw != last
            last, digest = raw, newer
        if seen:
            yield last, digest
    if seen != files:
        raise TreeError(
            "tree-names-fall-together",
            "the file system of the target takes different names for one (letter case?)",
            expected=f"{seen} files",
            found=f"{files} files",
            hint="write the tree to a file system that keeps names apart byte by byte",
        )


def _refused(problem: OSError, raw: bytes) -> CodecError:
    """The error for a `problem` met at the path `raw`."""
    if problem.errno in _CLASH:
        return clash(raw, "a path that would have to be a file and a directory")
    if problem.errno in _REFUSED:
        return TreeError(
            "tree-name",
            "the file system refuses this name",
            Place(shown_path(raw)),
            found=problem.strerror or "",
            hint="most file systems take at most 255 bytes between two slashes",
        )
    return from_os_error(problem, f"writing {shown_path(raw)}")


def clash(raw: bytes, message: str) -> TreeError:
    """The error for a path that two things of the input claim."""
    hint = "two things of the input have names that exclude each other; rename one of them or leave it out"
    return TreeError("tree-clash", message, Place(shown_path(raw)), hint=hint)
