"""Large values on the disk, while what refers to them is sorted: one unlinked file, written once, read when needed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

from codec.errors import from_os_error


class Ref(NamedTuple):
    """Where a value lies in the pool."""

    offset: int
    size: int


class Pool:
    """Takes values and gives them back; memory is one value. Raises `EnvironmentProblem`."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, value: bytes) -> Ref:
        """Keep a value."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115
            self._file.write(value)
        except OSError as problem:
            raise from_os_error(problem, "cannot write the temporary file of an encode") from problem
        ref = Ref(self._end, len(value))
        self._end += len(value)
        return ref

    def read(self, ref: Ref) -> bytes:
        """A value that was kept."""
        assert self._file is not None
        try:
            self._file.flush()
            return os.pread(self._file.fileno(), ref.size, ref.offset)
        except OSError as problem:
            raise from_os_error(problem, "cannot read the temporary file of an encode") from problem

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()
            self._file = None
