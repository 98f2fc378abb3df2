"""Faults of the machine: the Nth file-system call fails, is interrupted, or is the last one before a kill."""

from __future__ import annotations

import _pyio
import builtins
import contextlib
import errno
import fcntl
import io
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from codec.tree import system

ON_DESCRIPTORS = ("close", "read", "write", "pread", "lseek", "fsync", "fstat", "fchmod", "ftruncate")
ON_NAMES: tuple[str, ...] = (
    "open",
    "stat",
    "lstat",
    "access",
    "chmod",
    "mkdir",
    "rename",
    "unlink",
    "rmdir",
    "link",
    "listdir",
    "scandir",
)
OF_SYSTEM = ("exchange", "rename_if_free", "sync_file_system")
CALLS: list[tuple[object, str]] = [
    *((os, name) for name in ON_DESCRIPTORS + ON_NAMES),
    *((system, name) for name in OF_SYSTEM),
    (fcntl, "flock"),
]
SLOW = {"fsync", "sync_file_system"}  # they matter only in a power cut, which is not tried here

Act = Callable[[Callable[[], object]], object]
"""What happens in place of the Nth call, which is given."""


def fail(_: Callable[[], object]) -> object:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def interrupt(call: Callable[[], object]) -> object:
    """The worst moment: the call is done and nobody has heard of it."""
    result = call()
    if isinstance(result, contextlib.AbstractContextManager):
        result.__exit__(None, None, None)  # a listing
    raise KeyboardInterrupt


def kill(_: Callable[[], object]) -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    return None


@dataclass
class Seen:
    """How many calls there were, and whether the Nth was among them."""

    calls: int = 0
    hit: bool = False


@contextmanager
def injected(nth: int, act: Act, *, and_all_later: bool = False, files: bool = False) -> Iterator[Seen]:
    """Let the Nth file-system call be `act` instead.

    With `files` also those of file objects: they are then Python's own `_pyio`, whose every call goes through `os`.
    """
    seen = Seen()

    def around(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*args: object, **named: object) -> object:
            def call() -> object:
                return None if name in SLOW else real(*args, **named)

            seen.calls += 1
            if seen.calls != nth and not (and_all_later and seen.calls > nth):
                return call()
            seen.hit = True
            if name == "close":
                call()  # Linux closes in any case
                return act(lambda: None)
            return act(call)

        return wrapper

    with pytest.MonkeyPatch.context() as patch:
        for module, name in CALLS:
            patch.setattr(module, name, around(name, getattr(module, name)))
        for module in (io, builtins) if files else ():
            patch.setattr(module, "open", _pyio.open)
        yield seen


State = dict[str, tuple[int, object]]


def state(root: Path) -> State:
    """Kind, permissions and content of `root` and all that is below it."""
    found: State = {}
    for path in [root, *sorted(root.rglob("*"))] if os.path.lexists(root) else []:
        mode = path.lstat().st_mode
        content: object = None
        if stat.S_ISLNK(mode):
            content = os.readlink(path)
        elif stat.S_ISREG(mode):
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (mode, content)
    return found
