"""Open directories of a tree, by descriptor, each reached component by component from the root.

Invariant: at most `limit` descriptors are open; no path is ever handed to the kernel whole, so no link can redirect it.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable

from codec.tree.files import close_quietly
from codec.tree.names import check_component

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEFAULT_LIMIT = 128

Step = Callable[[int, bytes, bytes], int]


class OpenDirectories:
    """A bounded cache of descriptors, least recently used first out.

    `step(parent, name, path)` opens (or makes) the directory `name` below the descriptor `parent`; `path` is for its
    errors. `root` belongs to the caller and is not closed. Not for use by several threads.
    """

    __slots__ = ("_fds", "_limit", "_root", "_step")

    def __init__(self, root: int, step: Step, limit: int = DEFAULT_LIMIT) -> None:
        self._root = root
        self._step = step
        self._limit = max(limit, 2)
        self._fds: OrderedDict[bytes, int] = OrderedDict()

    def get(self, path: bytes) -> int:
        """The descriptor of `path` (empty = the root), valid until the next call. Raises what `step` raises, and
        `TreeError` for a component that is no name."""
        if not path:
            return self._root
        fd = self._fds.get(path)
        if fd is not None:
            self._fds.move_to_end(path)
            return fd
        return self._descend(path)

    def close(self) -> None:
        """Close every descriptor of the cache."""
        while self._fds:
            close_quietly(self._fds.popitem()[1])

    def _descend(self, path: bytes) -> int:
        """Open what is missing below the deepest ancestor that is open already."""
        missing: list[bytes] = []
        known, slash = path, b"/"
        while slash and known not in self._fds:
            known, slash, name = known.rpartition(b"/")
            check_component(name, path)
            missing.append(name)
        fd = self.get(known)
        for name in reversed(missing):
            known = known + b"/" + name if known else name
            fd = self._step(fd, name, known)
            self._fds[known] = fd
            if len(self._fds) > self._limit:
                close_quietly(self._fds.popitem(last=False)[1])
        return fd
