"""Running a third-party command on a vector: in a group of processes of its own, in an empty folder, within a time limit."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from codec.conformance.vectors import Options
from codec.errors import UsageError

INPUT, OUTPUT, OPTIONS = "{input}", "{output}", "{options}"
MOST_SHOWN = 2000  # bytes of what a command said
CRASHES = (
    b"Traceback (most recent call last)",
    b"panic: ",
    b"thread '",
    b"goroutine ",
    b"AddressSanitizer",
    b"Fatal Python error",
)
_NOT_RUN = (126, 127)  # what a shell says of a command that it cannot run


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: its status (below 0 = the signal that ended it), what it said last, how long it took in seconds."""

    status: int
    said: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    crashed: bool = False


class Driver(Protocol):
    """Something that can be asked: a command, or code in this process."""

    @property
    def takes_options(self) -> bool:
        """Whether options of a vector reach it."""

    def __call__(self, source: Path, target: Path, options: Options) -> Ran:
        """Run on the input `source`, which must not change; the output belongs at `target`, where nothing stands."""


class Command:
    """A command line with `{input}` and `{output}` in it, and `{options}` where options may stand.

    Raises `UsageError` for a template without the two.
    """

    def __init__(self, template: str, option: str, seconds: float) -> None:
        try:
            self._words = shlex.split(template)
        except ValueError as problem:
            raise UsageError("usage", f"{option}: {problem}", found=template) from None
        for place in (INPUT, OUTPUT):
            if not any(place in word for word in self._words):
                hint = f"such as: {option} 'program {OPTIONS} --input {INPUT} --output {OUTPUT}'"
                raise UsageError("usage", f"{option} has no {place}", found=template, hint=hint)
        self._seconds = seconds
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._stopped = threading.Lock(), False

    @property
    def takes_options(self) -> bool:
        """Whether the template has a place for options."""
        return OPTIONS in self._words

    def __call__(self, source: Path, target: Path, options: Options) -> Ran:
        start = time.monotonic()
        with tempfile.TemporaryFile() as said:
            with self._lock:
                if self._stopped:
                    raise InterruptedError
                try:
                    process = subprocess.Popen(
                        list(self._filled(source, target, options)),
                        stdin=subprocess.DEVNULL,
                        stdout=said,
                        stderr=said,
                        cwd=target.parent,
                        start_new_session=True,
                    )
                except OSError as problem:
                    raise UsageError("usage", f"cannot run {self._words[0]}: {problem.strerror}") from None
                self._running.add(process)
            try:
                process.wait(self._seconds)
                timed_out = False
            except subprocess.TimeoutExpired:
                timed_out = True
            finally:
                _end(process)
                self._running.discard(process)
            text = _tail(said)
        crashed = process.returncode in _NOT_RUN or any(mark in text for mark in CRASHES)
        return Ran(process.returncode, text.decode("utf-8", "replace"), time.monotonic() - start, timed_out, crashed)

    def stop(self) -> None:
        """End every process that runs, and start no other."""
        with self._lock:
            self._stopped = True
            for process in list(self._running):
                _end(process)

    def _filled(self, source: Path, target: Path, options: Options) -> list[str]:
        words: list[str] = []
        for word in self._words:
            if word == OPTIONS:
                words += spelt(options)
            else:
                words.append(word.replace(INPUT, str(source)).replace(OUTPUT, str(target)))
        return words


def spelt(options: Options) -> list[str]:
    """Options as words of a command line."""
    return [
        f"--{name}" if value is True else f"--{name}={value}" for name, value in options.items() if value is not False
    ]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started; one that has ended leaves its group to be ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MOST_SHOWN))
    return file.read()
