"""Single files that appear whole or not at all, and the small files beside them.

Invariant: only what this run created or truncated is changed; a previous output stays restorable until the block that
writes the new one is left without an error. docs/publish-protocol.md has the steps and what a crash after each leaves.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from codec.errors import EnvironmentProblem, Place, UsageError
from codec.tree import system
from codec.tree.files import close_quietly, fresh_name, held, is_fresh_name, lock, told, write_all
from codec.tree.names import shown_path

_BUFFER = 1 << 20
_MODE = 0o600
_TRIES = 16
_SIDECAR = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class OutputFile:
    """A file that is written as `<path>.tmp-<16 hex digits>` (mode 0600) and takes its name in `publish`.

    A context manager: leaving it by an error puts the previous output back, or the path is empty as before, also after
    `publish`; leaving it in peace after `publish` drops the previous output; leaving it without `publish` gives the
    new file up. Writes in pieces of 1 MiB (container-and-cli.md §6.5).

    Raises `UsageError` if the parent is no directory, and, unless `replace`, if anything stands at the path (also if it
    comes while the file is written); `EnvironmentProblem` if what stands at the path is not a regular
    file or a link (it is kept), and for what the machine refuses.
    """

    def __init__(self, path: Path, *, replace: bool = True) -> None:
        self.path = path
        self._replace = replace
        self.size = 0
        """Bytes written so far."""
        self._name = os.fsencode(path.name)
        self._prefix = self._name + b".tmp-"
        self._temporary = self._previous = b""
        self._buffer = bytearray()
        self._fd = self._base = -1
        self._published = False

    def __enter__(self) -> OutputFile:
        doing = f"making the output {shown_path(str(self.path))}"
        try:
            with told(doing):
                self._base = _open_parent(self.path)
                self._refuse_foreign()
                self._clear_leftovers()
                self._make()
        except BaseException:
            with suppress(OSError):
                self.discard()
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if error is not None or not self._published:
                self.discard()
            else:
                self._unlink(self._previous)
        except OSError:  # a leftover, which the next run removes; an error on the way here matters more
            pass
        finally:
            self._leave()

    @property
    def temporary(self) -> Path:
        """Where the bytes stand before `publish`, for reading them back (after `flush`)."""
        return self.path.parent / os.fsdecode(self._temporary)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Add `data` to the file; all of it is taken."""
        if len(data) >= _BUFFER:
            self.flush()
            self._put(data)
        else:
            self._buffer += data
            if len(self._buffer) >= _BUFFER:
                self.flush()
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Hand what is buffered to the kernel."""
        if self._buffer:
            self._put(self._buffer)
            self._buffer.clear()

    def publish(self) -> None:
        """Bring the bytes to the disk and give them the name `path`. After an error the path is as it was."""
        self.flush()
        with told(f"publishing {shown_path(str(self.path))}"):
            os.fsync(self._fd)
            self._refuse_foreign()
            try:
                self._take_name()
                os.fsync(self._base)
            except BaseException:
                self.discard()
                raise
        self._published = True

    def discard(self) -> None:
        """Undo whatever this run did, published or not: the previous output is put back, or the path is empty.

        What is to be done is seen on the disk, so that an interruption at any point is undone as well. A name that
        another run has taken since is left to it.
        """
        self._published = False
        if self._is_ours(self._name):
            try:
                os.rename(self._previous, self._name, src_dir_fd=self._base, dst_dir_fd=self._base)
            except FileNotFoundError:
                os.unlink(self._name, dir_fd=self._base)
            with suppress(OSError):  # the path is as it was; only a power cut could still bring the new bytes back
                os.fsync(self._base)
        else:
            self._unlink(self._temporary)
            self._unlink(self._previous)

    roll_back = discard  # the name for the same after a publish

    # -- steps ------------------------------------------------------------------------------------------------------

    def _take_name(self) -> None:
        """Put the new file at its name and keep the previous one, if there is one, at `_previous`."""
        if not self._replace:
            if not system.rename_if_free(self._temporary, self._name, dir_fd=self._base):
                raise self._exists()
            return
        try:
            if system.exchange(self._temporary, self._name, first_dir=self._base, second_dir=self._base):
                return
            self._previous = fresh_name(self._prefix)
            self._link(self._name, self._previous)
        except FileNotFoundError:  # there is no previous output
            pass
        os.rename(self._temporary, self._name, src_dir_fd=self._base, dst_dir_fd=self._base)

    def _link(self, name: bytes, second: bytes) -> None:
        try:
            os.link(name, second, src_dir_fd=self._base, dst_dir_fd=self._base, follow_symlinks=False)
        except PermissionError as problem:
            raise EnvironmentProblem(
                "previous-output",
                "the previous output cannot be kept while the new one takes its name",
                Place(shown_path(str(self.path))),
                found=problem.strerror or "",
                hint="this file system has neither exchange nor hard links: move the previous output away",
            ) from problem

    def _make(self) -> None:
        """A new file that carries our lock; the cleaning of another run may hit it before it is locked."""
        for _ in range(_TRIES):
            self._temporary = self._previous = fresh_name(self._prefix)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self._temporary, flags, _MODE, dir_fd=self._base)
            if lock(self._fd) is not False and os.fstat(self._fd).st_nlink:
                return
            close_quietly(self._fd)
            self._fd = -1
        raise EnvironmentProblem("staging", "cannot keep a temporary file", Place(shown_path(str(self.path))))

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        with told(f"writing {shown_path(str(self.path))}"):
            write_all(self._fd, data)

    def _refuse_foreign(self) -> None:
        mode = _mode(self._name, self._base)
        if mode and not self._replace:
            raise self._exists()
        if mode and not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise _foreign(self.path, mode, "the output")

    def _exists(self) -> UsageError:
        place = Place(shown_path(str(self.path)))
        return UsageError("output-exists", "the output exists", place, hint="move it away, or use --replace")

    def _is_ours(self, name: bytes) -> bool:
        """Does `name` stand for the file that this run has made?"""
        if self._fd < 0:
            return False
        try:
            return os.path.samestat(os.stat(name, dir_fd=self._base, follow_symlinks=False), os.fstat(self._fd))
        except FileNotFoundError:
            return False

    def _unlink(self, name: bytes) -> None:
        if name:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._base)

    def _leave(self) -> None:
        for fd in (self._fd, self._base):
            close_quietly(fd)
        self._fd = self._base = -1

    # -- what dead runs left ----------------------------------------------------------------------------------------

    def _clear_leftovers(self) -> None:
        """Remove temporaries of dead runs; what cannot be judged or removed stays."""
        with suppress(OSError), _lock_of(self._name, self._base) as free:
            if free:  # else a living run may still want to put its previous output back
                for name in map(os.fsencode, os.listdir(self._base)):
                    if is_fresh_name(name, self._prefix):
                        with suppress(OSError):
                            self._clear(name)

    def _clear(self, name: bytes) -> None:
        status = os.stat(name, dir_fd=self._base, follow_symlinks=False)
        if status.st_uid != os.geteuid():
            return
        if stat.S_ISLNK(status.st_mode) or self._is_output(status):  # what was kept of the previous output
            os.unlink(name, dir_fd=self._base)
        elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            with _lock_of(name, self._base) as free:
                if free:
                    os.unlink(name, dir_fd=self._base)

    def _is_output(self, status: os.stat_result) -> bool:
        """Is it a second name of the output, from a run that died between keeping it and replacing it?"""
        try:
            return os.path.samestat(os.stat(self._name, dir_fd=self._base, follow_symlinks=False), status)
        except FileNotFoundError:
            return False


def move_aside(path: Path, suffix: str) -> Path | None:
    """Rename the file or link at `path` to `<path><suffix>` and give that name; None if nothing stands there.

    Nothing is ever overwritten: where the name is taken, `<path><suffix>.2`, `.3`, … are tried. Raises
    `EnvironmentProblem` for anything but a file or a link (it is kept) and for what the machine refuses.
    """
    name = os.fsencode(path.name)
    with told(f"moving {shown_path(str(path))} aside"), held(_open_parent(path)) as base:
        mode = _mode(name, base)
        if not mode:
            return None
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise _foreign(path, mode, "the file to be moved aside")
        number = 1
        aside = name + os.fsencode(suffix)
        while not system.rename_if_free(name, aside, dir_fd=base):
            number += 1
            aside = name + os.fsencode(f"{suffix}.{number}")
        os.fsync(base)
    return path.parent / os.fsdecode(aside)


def write_sidecar(path: Path, data: bytes) -> None:
    """Write the small file `path`, mode 0600, also over an older one that was wider (container-and-cli.md §6.5).

    What is not a regular file with one name (a link, also a dangling one, a hard link, a FIFO, a socket, a device, a
    directory) is refused with `EnvironmentProblem` and stays untouched. If writing fails after the older content is
    gone, the file is removed: a missing sidecar says more than half of one.
    """
    name = os.fsencode(path.name)
    with told(f"writing {shown_path(str(path))}"), held(_open_parent(path)) as base:
        mode = _mode(name, base)
        if mode and not stat.S_ISREG(mode):
            raise _foreign(path, mode, "the sidecar")
        ours = not mode
        flags = _SIDECAR | (os.O_CREAT | os.O_EXCL if ours else 0)
        with held(os.open(name, flags, _MODE, dir_fd=base)) as fd:
            try:
                status = os.fstat(fd)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                    raise _foreign(path, status.st_mode, "the sidecar")
                ours = True
                os.ftruncate(fd, 0)
                os.fchmod(fd, _MODE)
                write_all(fd, data)
                os.fsync(fd)
                os.fsync(base)
            except BaseException:
                if ours:
                    with suppress(OSError):
                        os.unlink(name, dir_fd=base)
                raise


def clear_stale(path: Path) -> None:
    """Remove the file that an older run wrote at `path`. What no run writes there (a link, a file with several names, a
    directory, a special file) stays, and so does what cannot be removed (container-and-cli.md §6.2, step 6)."""
    with suppress(OSError):
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            os.unlink(path)


def _open_parent(path: Path) -> int:
    try:
        return os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        place = Place(shown_path(str(path.parent)))
        raise UsageError("output-parent", "the directory of the output does not exist", place, hint="make it") from None


@contextmanager
def _lock_of(name: bytes, base: int) -> Iterator[bool]:
    """Hold the lock of the regular file `name`; gives False if another run has it. What is no such file needs none."""
    mode = _mode(name, base)
    if not stat.S_ISREG(mode):
        yield True
        return
    with held(os.open(name, _LOOK, dir_fd=base)) as fd:
        yield lock(fd) is True


def _mode(name: bytes, base: int) -> int:
    """Kind and permissions of what stands at `name`, 0 if nothing does."""
    try:
        return os.stat(name, dir_fd=base, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISREG, "a file with more than one hard link"),
)


def _foreign(path: Path, mode: int, what: str) -> EnvironmentProblem:
    found = next((name for test, name in _KINDS if test(mode)), "a device")
    return EnvironmentProblem(
        "foreign-entry",
        f"{what} would replace something that this program did not make",
        Place(shown_path(str(path))),
        expected="a regular file or nothing",
        found=found,
        hint="it was left as it is; move it away or choose another path",
    )
