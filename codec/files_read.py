"""How far the reading of a tree is: files opened so far, of how many there are."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from codec.api import Progress
from codec.tree.readable import Readable
from codec.tree.walk import TreeFault

LONG = 1.0  # seconds after which it is worth to look up how many files there are
_BLOCK = 1 << 20


class FilesRead:
    """Tells the progress of a run that reads a tree.

    How many files there are is what its list of checksums says, which is read only when the run takes long; without it,
    or where not everything in it is wanted (`whole`), the total stays unknown.
    """

    def __init__(self, tree: Readable, checksums: str, whole: bool, tell: Callable[[Progress], None]) -> None:
        self._tree, self._checksums, self._tell = tree, checksums, tell
        self._due = monotonic() + LONG if whole else float("inf")
        self._total = 0

    def __call__(self) -> None:
        if monotonic() > self._due:
            self._due, self._total = float("inf"), self._listed()
        done = self._tree.opened
        self._tell(Progress("encode", min(done, self._total) if self._total else done, self._total, "files"))

    def _listed(self) -> int:
        """The files that the list of checksums names."""
        try:
            with self._tree.open(self._checksums) as lines:
                return sum(block.count(b"\n") for block in iter(lambda: lines.read(_BLOCK), b""))
        except (TreeFault, OSError):
            return 0
