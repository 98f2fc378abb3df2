"""Removing a directory with all that is in it.

Invariant: no link is followed, no mount is entered, and memory and descriptors do not grow with depth or number.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from codec.tree.directories import FLAGS
from codec.tree.files import held

_NOT_EMPTY = frozenset((errno.ENOTEMPTY, errno.EEXIST))


def remove_tree(name: bytes, dir_fd: int) -> None:
    """Remove the directory `name` of `dir_fd`; `OSError` leaves the rest of it where it is.

    A directory in it is not descended into: its own directories are first lifted to the top, so that two descriptors
    do for every depth. What vanishes meanwhile is somebody else's success.
    """
    fresh = (f".lifted-{os.urandom(8).hex()}-{number}" for number in count())
    with held(os.open(name, FLAGS, dir_fd=dir_fd)) as top:
        while _pass_over(top, fresh):
            pass
    with suppress(FileNotFoundError):
        os.rmdir(name, dir_fd=dir_fd)


def _pass_over(top: int, fresh: Iterator[str]) -> bool:
    """Remove what a listing of `top` shows; True if it showed anything, since what was lifted may be missing in it."""
    found = False
    with os.scandir(top) as entries:
        for entry in entries:
            found = True
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    _dissolve(entry.name, top, fresh)
                else:
                    os.unlink(entry.name, dir_fd=top)
    return found


def _dissolve(name: str, top: int, fresh: Iterator[str]) -> None:
    """Remove the directory `name` of `top`; its files are removed, its directories lifted into `top`."""
    try:
        os.rmdir(name, dir_fd=top)  # of the non-empty ones it finds the mount points (EBUSY) before anything is lost
        return
    except OSError as problem:
        if problem.errno not in _NOT_EMPTY:
            raise
    with held(os.open(name, FLAGS, dir_fd=top)) as inner, os.scandir(inner) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    os.rename(entry.name, next(fresh), src_dir_fd=inner, dst_dir_fd=top)
                else:
                    os.unlink(entry.name, dir_fd=inner)
    try:
        os.rmdir(name, dir_fd=top)
    except OSError as problem:
        if problem.errno not in _NOT_EMPTY:  # the listing missed an entry; the next pass sees it
            raise
