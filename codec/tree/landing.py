"""Where a new tree lands: a private directory beside the target, and the swap that publishes it.

Invariant: the target is the whole old tree or the whole new one; docs/publish-protocol.md has the steps and what a
crash after each of them leaves. What an interrupted run left behind is settled and removed by the next one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from codec.errors import EnvironmentProblem, Place, UsageError
from codec.tree import system
from codec.tree.directories import FLAGS
from codec.tree.files import close_quietly, fresh_name, held, is_fresh_name, lock
from codec.tree.names import shown_path
from codec.tree.removal import remove_tree

# What stands in the private directory, by name:
TREE = b"tree"  # the new tree while it is written
NEW = b"new"  # the same once it may not be given up any more (only when staged inside)
OLD = b"old"  # what the new tree replaces, while both have to exist

_TRIES = 16
_NOT_EMPTY = frozenset((errno.ENOTEMPTY, errno.EEXIST))


class Landing:
    """The place for one new tree at `target`.

    A link to a directory is resolved once. Raises `UsageError`, before anything is written, for a target that is not a
    directory, and for one that is not empty unless `replace`. `inside` is True where the target itself cannot be
    renamed over (a mount point, the current directory, a parent that may not be written): then the new tree is staged
    in it and its top-level entries are moved.
    """

    def __init__(self, target: Path, *, replace: bool) -> None:
        self._replace = replace
        self.target = _resolve(target)
        path = os.fsencode(self.target)
        parent, self._name = os.path.split(path)
        self._prefix = b"." + self._name + b".tmp-"
        self._clear_leftovers(parent, inside=False)  # this may bring the target back
        self._clear_leftovers(path, inside=True)
        exists = _exists(path)
        if exists and not replace:
            self._refuse_unless_empty()
        self.inside = exists and not _can_be_renamed_over(path)
        self._base_path = path if self.inside else parent
        self._made: list[bytes] = []  # the parents that this run makes
        self._base = self._private = self.tree = -1
        self._private_name = b""
        self._published = False

    @property
    def staged(self) -> Path:
        """The new tree while it is written."""
        return self.scratch / os.fsdecode(TREE)

    @property
    def scratch(self) -> Path:
        """The private directory that goes away with this run, on the file system of the target."""
        return Path(os.fsdecode(os.path.join(self._base_path, self._private_name)))

    def owns(self, path: str) -> bool:
        """Whether a path in the target is the private directory, or in it (only if `inside`)."""
        return self.inside and path.split("/", 1)[0] == os.fsdecode(self._private_name)

    def open(self, dir_mode: int) -> None:
        """Make the private directory and in it the new tree, with `dir_mode` minus umask; `tree` is its descriptor."""
        self._make_parents()
        self._base = os.open(self._base_path, FLAGS & ~os.O_NOFOLLOW)
        self._make_private()
        os.mkdir(TREE, dir_mode, dir_fd=self._private)
        self.tree = os.open(TREE, FLAGS, dir_fd=self._private)

    def publish(self, sync: bool) -> str:
        """Put the new tree in place of the target; what stood there is kept until the new name is on the disk.

        Gives the path of what could not be removed afterwards, or nothing. Raises `OSError` or `UsageError`; the target
        is then as it was.
        """
        if sync:
            system.sync_file_system(self.tree)
        if self.inside:
            self._move_in(sync)
        else:
            self._swap_in(sync)
        self._published = True
        return self._remove_private()

    def leave(self) -> None:
        """End the run: without a publish, give the new tree up and remove all that this run made. Never raises
        `OSError`, since it runs after another error; what could not be removed is left to the next run."""
        with suppress(OSError):
            if not self._published and self._private_name:
                if self._private >= 0:
                    self._settle(self._base, self._private, self.inside)
                remove_tree(self._private_name, self._base)
        for fd in (self.tree, self._private, self._base):
            close_quietly(fd)
        self.tree = self._private = self._base = -1
        if not self._published:
            for parent in reversed(self._made):
                with suppress(OSError):
                    os.rmdir(parent)

    # -- the private directory --------------------------------------------------------------------------------------

    def _make_parents(self) -> None:
        path, missing = self._base_path, list[bytes]()
        while not os.path.isdir(path) and path != os.path.dirname(path):
            missing.append(path)
            path = os.path.dirname(path)
        for path in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(path)
                self._made.append(path)

    def _make_private(self) -> None:
        """A new directory that carries our lock; the cleaning of another run may hit it before it is locked."""
        for _ in range(_TRIES):
            self._private_name = fresh_name(self._prefix)
            try:
                os.mkdir(self._private_name, 0o700, dir_fd=self._base)
                self._private = os.open(self._private_name, FLAGS, dir_fd=self._base)
                if lock(self._private) is not False and os.fstat(self._private).st_nlink:
                    return
            except (FileExistsError, FileNotFoundError):
                pass
            self._private_name = b""
            close_quietly(self._private)
            self._private = -1
        raise EnvironmentProblem("staging", "cannot keep a private directory", Place(shown_path(self._base_path)))

    def _remove_private(self) -> str:
        try:
            remove_tree(self._private_name, self._base)
        except OSError:
            return str(self.scratch)
        return ""

    def _clear_leftovers(self, place: bytes, *, inside: bool) -> None:
        """Settle and remove what dead runs of ours left; whatever cannot be settled or removed stays."""
        with suppress(OSError), held(os.open(place, FLAGS & ~os.O_NOFOLLOW)) as base:
            for name in map(os.fsencode, os.listdir(base)):
                if is_fresh_name(name, self._prefix):
                    with suppress(OSError):
                        self._clear(base, name, inside)

    def _clear(self, base: int, name: bytes, inside: bool) -> None:
        with held(os.open(name, FLAGS, dir_fd=base)) as private:
            if os.fstat(private).st_uid == os.geteuid() and lock(private):
                self._settle(base, private, inside)
                remove_tree(name, base)

    def _refuse_unless_empty(self) -> None:
        with os.scandir(self.target) as entries:
            if any(entries):
                raise self._not_empty()

    def _not_empty(self) -> UsageError:
        return UsageError(
            "target-not-empty",
            "the target is a directory that is not empty",
            Place(shown_path(str(self.target))),
            hint="name a new directory, or ask for the old tree to be replaced",
        )

    # -- beside the target ------------------------------------------------------------------------------------------

    def _swap_in(self, sync: bool) -> None:
        undo = self._rename_in()
        try:
            if sync:
                os.fsync(self._base)
        except BaseException:
            undo()
            raise

    def _rename_in(self) -> Callable[[], None]:
        """Publish by renaming; gives the way back."""
        empty = self._mode_of_target()
        try:
            os.rename(TREE, self._name, src_dir_fd=self._private, dst_dir_fd=self._base)
            return lambda: self._rename_out(empty)
        except OSError as problem:
            if problem.errno not in _NOT_EMPTY:
                raise
        if not self._replace:  # somebody filled it meanwhile
            raise self._not_empty()
        if self._exchange():
            return self._exchange_back
        os.rename(self._name, OLD, src_dir_fd=self._base, dst_dir_fd=self._private)
        os.rename(TREE, self._name, src_dir_fd=self._private, dst_dir_fd=self._base)
        return lambda: self._rename_out(None)

    def _exchange(self) -> bool:
        return system.exchange(TREE, self._name, first_dir=self._private, second_dir=self._base)

    def _exchange_back(self) -> None:
        self._exchange()

    def _rename_out(self, empty: int | None) -> None:
        os.rename(self._name, TREE, src_dir_fd=self._base, dst_dir_fd=self._private)
        if empty is not None:
            os.mkdir(self._name, dir_fd=self._base)
            os.chmod(self._name, empty, dir_fd=self._base)
        self._settle(self._base, self._private, inside=False)

    def _mode_of_target(self) -> int | None:
        try:
            return stat.S_IMODE(os.stat(self._name, dir_fd=self._base, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return None

    # -- inside the target ------------------------------------------------------------------------------------------

    def _move_in(self, sync: bool) -> None:
        """Publish entry by entry; the rename of TREE to NEW decides between going back and going on after a crash."""
        old = [name for name in map(os.fsencode, os.listdir(self._base)) if not is_fresh_name(name, self._prefix)]
        if old and not self._replace:
            raise self._not_empty()
        os.mkdir(OLD, 0o700, dir_fd=self._private)
        for name in old:
            os.rename(name, OLD + b"/" + name, src_dir_fd=self._base, dst_dir_fd=self._private)
        self._sync(sync, self._base)
        new = _entries(self._private, TREE)
        os.rename(TREE, NEW, src_dir_fd=self._private, dst_dir_fd=self._private)
        try:
            self._sync(sync, self._private)
            for name in new:
                os.rename(NEW + b"/" + name, name, src_dir_fd=self._private, dst_dir_fd=self._base)
            self._sync(sync, self._base)
        except OSError:
            for name in new:
                with suppress(FileNotFoundError):
                    os.rename(name, NEW + b"/" + name, src_dir_fd=self._base, dst_dir_fd=self._private)
            os.rename(NEW, TREE, src_dir_fd=self._private, dst_dir_fd=self._private)
            raise

    def _sync(self, wanted: bool, fd: int) -> None:
        if wanted:
            os.fsync(fd)

    # -- after an interruption --------------------------------------------------------------------------------------

    def _settle(self, base: int, private: int, inside: bool) -> None:
        """Bring a publish that was interrupted to its old or its new end; then nothing in `private` is needed."""
        found = set(map(os.fsencode, os.listdir(private)))
        if NEW in found:
            _move_all(private, NEW, base)
        elif TREE in found and OLD in found:
            if inside:
                _move_all(private, OLD, base)
            else:
                os.rename(OLD, self._name, src_dir_fd=private, dst_dir_fd=base)


def _move_all(private: int, name: bytes, base: int) -> None:
    for entry in _entries(private, name):
        os.rename(name + b"/" + entry, entry, src_dir_fd=private, dst_dir_fd=base)


def _entries(private: int, name: bytes) -> list[bytes]:
    """What stands in `name`, directories first, then files by age: what was written last also appears last."""
    found: list[tuple[bool, int, bytes]] = []
    with held(os.open(name, FLAGS, dir_fd=private)) as fd, os.scandir(fd) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            found.append((not stat.S_ISDIR(status.st_mode), status.st_mtime_ns, os.fsencode(entry.name)))
    return [entry for _, _, entry in sorted(found)]


def _resolve(target: Path) -> Path:
    """The target without links, a directory or nothing."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        if target.is_symlink():
            raise _unfit(target, "is a link that leads nowhere") from None
        if target.name in ("", ".."):
            raise _unfit(target, "ends in `..` below a missing directory") from None
        return Path(os.path.realpath(target.parent)) / target.name
    except OSError as problem:
        if problem.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        raise _unfit(target, "is not reached through directories") from None
    if not stat.S_ISDIR(mode):
        raise _unfit(target, "exists and is not a directory")
    return Path(os.path.realpath(target, strict=True))


def _exists(path: bytes) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def _unfit(target: Path, why: str) -> UsageError:
    place = Place(shown_path(str(target)))
    return UsageError("target-not-directory", f"the target {why}", place, hint="name a new directory")


def _can_be_renamed_over(path: bytes) -> bool:
    with held(os.open(path, FLAGS)) as here, held(os.open(b"..", FLAGS, dir_fd=here)) as above:
        return (
            path != b"/"
            and not _is_current(here)
            and system.same_mount(here, above)
            and os.access(b"..", os.W_OK | os.X_OK, dir_fd=here)
            and not _is_guarded(os.fstat(here), os.fstat(above))
        )


def _is_current(fd: int) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat("."))
    except FileNotFoundError:  # the current directory is gone
        return False


def _is_guarded(here: os.stat_result, above: os.stat_result) -> bool:
    """Does the sticky bit of the parent keep us from renaming what another user owns?"""
    return bool(above.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, here.st_uid, above.st_uid)
