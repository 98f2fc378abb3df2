"""Runs of entries on the disk, given back in the order in which they came. Memory: one run, and a number for each."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Iterator
from pathlib import Path

from codec.complement.pool import Pool, Ref
from codec.stream.wrap import OutRun

_PLAIN = 2  # the version of marshal that does not look for shared objects


class Spool:
    """Takes runs and gives them back. Raises `EnvironmentProblem`."""

    def __init__(self, directory: Path | None) -> None:
        self._pool, self._sizes = Pool(directory), array("Q")

    def add(self, raws: list[bytes], values: list[bytes]) -> None:
        """Keep a run, whose framed keys are all above those of the runs before."""
        self._sizes.append(self._pool.put(marshal.dumps((raws, values), _PLAIN)).size)

    def runs(self) -> Iterator[OutRun]:
        """Every run."""
        at = 0
        for size in self._sizes:
            yield OutRun(*marshal.loads(self._pool.read(Ref(at, size))))
            at += size

    def close(self) -> None:
        """Give the disk back."""
        self._pool.close()
