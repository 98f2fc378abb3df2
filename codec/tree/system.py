"""Calls of Linux that Python does not offer: `syncfs`, `renameat2` with its flags, and `prctl`.

Invariant: a call that kernel or file system does not have changes nothing and says so; the caller has another way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal

_NOREPLACE, _EXCHANGE = 1, 2  # flags of renameat2
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG
_UNSUPPORTED = frozenset((errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP))
_libc = ctypes.CDLL(None, use_errno=True)


def sync_file_system(fd: int) -> None:
    """Bring everything that was written to the file system of `fd` to the disk; `OSError` if that fails."""
    if not hasattr(_libc, "syncfs"):
        os.sync()
    elif _libc.syncfs(fd) != 0:
        raise _problem(b"")


def exchange(first: bytes, second: bytes, *, first_dir: int, second_dir: int) -> bool:
    """Swap what stands at two names, in one step; False where that is not supported."""
    return _rename(first, first_dir, second, second_dir, _EXCHANGE)


def rename_if_free(source: bytes, target: bytes, *, dir_fd: int) -> bool:
    """Rename within one directory; False if something stands at `target` (which stays as it is)."""
    try:
        if _rename(source, dir_fd, target, dir_fd, _NOREPLACE):
            return True
    except FileExistsError:
        return False
    try:
        os.stat(target, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        return True
    return False


def same_mount(one: int, other: int) -> bool:
    """Are two descriptors of one mount? Bind mounts of one file system are told apart where `/proc` is mounted."""
    ids = mount_id(one), mount_id(other)
    return os.fstat(one).st_dev == os.fstat(other).st_dev if None in ids else ids[0] == ids[1]


def mount_id(fd: int) -> object:
    """Something that is equal for two descriptors of one mount, None where that cannot be known."""
    try:
        with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as lines:
            return next((line for line in lines if line.startswith("mnt_id:")), None)
    except OSError:
        return None


def die_with(parent: int) -> None:
    """In a forked process: end it as soon as `parent` has ended, however that comes."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


def _rename(source: bytes, source_dir: int, target: bytes, target_dir: int, flag: int) -> bool:
    if not hasattr(_libc, "renameat2"):
        return False
    if _libc.renameat2(source_dir, source, target_dir, target, flag) == 0:
        return True
    if ctypes.get_errno() in _UNSUPPORTED:
        return False
    raise _problem(target)


def _problem(name: bytes) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), name)
