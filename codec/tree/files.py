"""What every writer needs: write all, lock, fresh temporary names, and system errors told as ours.

Invariant: a name that `is_fresh_name` accepts was made by `fresh_name`, so that leftovers are known by their name.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from codec.errors import from_os_error

_NO_LOCKS = frozenset((errno.ENOLCK, errno.EOPNOTSUPP))
_TOKEN = re.compile(rb"[0-9a-f]{16}")


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`, however the kernel cuts it."""
    done = os.write(fd, data)
    while done < len(data):
        with memoryview(data) as view:
            done += os.write(fd, view[done:])


def close_quietly(fd: int) -> None:
    """Close a descriptor (-1: none) whose bytes are synced, not wanted, or were only read: no error matters then."""
    if fd >= 0:
        with suppress(OSError):
            os.close(fd)


@contextmanager
def held(fd: int) -> Iterator[int]:
    """Give `fd` and close it quietly in the end."""
    try:
        yield fd
    finally:
        close_quietly(fd)


def lock(fd: int) -> bool | None:
    """Take the lock that says "this run lives": False if another run holds it, None where locks are not supported."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:
        if problem.errno in _NO_LOCKS:
            return None
        raise
    return True


def fresh_name(prefix: bytes) -> bytes:
    """A name that nothing else has: `prefix` and 16 lower-case hex digits."""
    return prefix + os.urandom(8).hex().encode("ascii")


def is_fresh_name(name: bytes, prefix: bytes) -> bool:
    """Was `name` made by `fresh_name(prefix)`?"""
    return name.startswith(prefix) and _TOKEN.fullmatch(name, len(prefix)) is not None


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn an error of the operating system into an `EnvironmentProblem` that says what was being done."""
    try:
        yield
    except OSError as problem:
        raise from_os_error(problem, doing) from problem


def keep_blocks(size: int) -> None:
    """From now on blocks of up to `size` bytes that are given back are used again, and not returned to the system page
    by page: the allocator keeps what is smaller than the largest block that was ever given back."""
    bytes(size)
