"""One run of a command line, seen from outside: wall time, CPU time, peak memory, system calls.

Invariant: whatever ends this process ends the command too, with everything that it started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from threading import Event, Thread
from time import perf_counter, sleep

from codec.errors import EnvironmentProblem

LOOK_EVERY = 0.01  # seconds between two looks at the memory of the processes
LOOK_LONG = 0.5  # seconds over which the rest of the machine is looked at
CALM = 0.2  # cores that it may use then
SHOWN = 400  # of what a command that failed said last


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of wall and CPU time (user and system, of all processes), and the largest process's peak RSS in bytes.

    `pss` is the largest sum of the proportional set sizes of all processes that was seen, 0 where nobody looked: who
    looks at memory slows the run down, so time and memory are measured in different runs. `others` is how many cores the
    rest of the machine used meanwhile.
    """

    wall: float
    cpu: float
    rss: int
    pss: int = 0
    processes: int = 1
    others: float = 0


def run(command: Sequence[str], *, watch: bool = False) -> Run:
    """Run `command` to its end; raises `EnvironmentProblem` if it cannot be run or does not exit with 0."""
    with tempfile.TemporaryFile() as said:
        start, busy = perf_counter(), _busy()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        except OSError as problem:
            raise EnvironmentProblem("bench-command", f"cannot run {command[0]}: {problem.strerror}") from None
        try:
            with _Watch(process.pid, watch) as watched:
                _, status, usage = os.wait4(process.pid, 0)
            wall, busy = perf_counter() - start, _busy() - busy
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            with suppress(ProcessLookupError):  # what it left behind, or all of it if we are interrupted
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            said.seek(max(0, said.seek(0, os.SEEK_END) - SHOWN))
            last = said.read().decode(errors="replace").strip()
            message = f"{' '.join(command)} ended with {process.returncode}"
            raise EnvironmentProblem("bench-command", message, found=last)
    peak = usage.ru_maxrss * 1024
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, peak, watched.peak, watched.most, max(0.0, busy - cpu) / wall)


def calm(patience: float) -> None:
    """Wait until the rest of the machine leaves most of it to us, but not longer than `patience` seconds."""
    end = perf_counter() + patience
    while perf_counter() < end:
        before = _busy()
        sleep(LOOK_LONG)
        if (_busy() - before) / LOOK_LONG < CALM:
            return


def _busy() -> float:
    """Seconds that all cores together have been busy since the machine started."""
    words = Path("/proc/stat").read_bytes().partition(b"\n")[0].split()[1:9]
    idle = {3, 4}  # idle, and waiting for a disk
    return sum(int(word) for place, word in enumerate(words) if place not in idle) / os.sysconf("SC_CLK_TCK")


class _Watch:
    """Looks at the memory of a process and of all that it started, over and over, in a thread."""

    def __init__(self, pid: int, wanted: bool) -> None:
        self._pid, self._stop = pid, Event()
        self._thread = Thread(target=self._look, daemon=True) if wanted else None
        self.peak, self.most = 0, 1

    def __enter__(self) -> _Watch:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            sizes = [size for pid in _family(self._pid) if (size := _pss(pid))]
            self.peak, self.most = max(self.peak, sum(sizes)), max(self.most, len(sizes))


def _family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split():
                yield from _family(int(child))


def _pss(pid: int) -> int:
    """The proportional set size in bytes; 0 if the process is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def system_calls(command: Sequence[str]) -> dict[str, int] | None:
    """How often a command and its children make each system call, as `strace -c` counts them; None without strace."""
    if which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile() as table:
        run(["strace", "-f", "-c", "-o", table.name, *command])
        lines = [line.split() for line in Path(table.name).read_text().splitlines()]
    return {words[-1]: int(words[3]) for words in lines if len(words) >= 5 and words[3].isdigit()}
