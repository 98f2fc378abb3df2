"""Jobs done beside the main process: a forked helper takes what the main process would otherwise do next.

A job is plain data, and what is done with it is a function that both processes have since the fork. Invariant: what
jobs give is handed on in the order in which they were put, whoever did them. A job that fails in the helper raises
`HelperFailed` here: whoever shares work must be able to begin again alone, and then meets the error itself. Memory:
some few jobs.
"""

from __future__ import annotations

import gc
import marshal
import os
import select
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from struct import Struct
from typing import NoReturn

from codec.errors import EnvironmentProblem
from codec.tree.files import write_all
from codec.tree.system import die_with

Work = Callable[[object], object]
Then = Callable[[object], None]

WAITING = 3  # jobs that the helper has at once: one that it does, and some so that it need not wait
_HEAD = Struct("<?Q")  # whether it went well, bytes of what follows
_BLOCK = 1 << 20
_SIGNALS = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))


class HelperFailed(Exception):
    """The helper could not do a job; done alone, it will say why."""


class Alone:
    """Jobs done at once, by whoever puts them."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put(self, job: object, then: Then) -> None:
        """Do a job and hand on what it gives."""
        then(self._work(job))

    def finish(self) -> None:
        """Wait for all jobs: none is left."""

    def close(self) -> None:
        """Nothing is left."""


class Crew:
    """Jobs shared with one helper, which is forked here: it knows what its parent knows now. `begin` is called in it first."""

    def __init__(self, work: Work, begin: Callable[[], None]) -> None:
        self._work = work
        self._sent: deque[list[object]] = deque()
        self._open: deque[list[object]] = deque()  # [then, whether it is done, what it gave]
        self._out = bytearray()
        self._in = bytearray()
        gc.freeze()
        self._ends: list[int] = []
        self._pid = 0
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # our handlers must not run in the helper
        parent = os.getpid()
        try:
            jobs, self._to = self._pipe()
            self._from, replies = self._pipe()
            self._pid = os.fork()
            if self._pid == 0:
                die_with(parent)
                os.close(self._to)
                os.close(self._from)
                _serve(jobs, replies, work, begin)
            for end in (jobs, replies):
                self._ends.remove(end)
                os.close(end)
        except OSError as problem:
            self.close()
            raise EnvironmentProblem("worker", f"a worker process cannot be started: {problem.strerror}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            gc.unfreeze()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)

    def _pipe(self) -> tuple[int, int]:
        """A pipe that takes some jobs: with less room the helper would wait for the rest of one."""
        ends = os.pipe()
        self._ends += ends
        with suppress(OSError):
            fcntl(ends[0], F_SETPIPE_SZ, _BLOCK)
        return ends

    def put(self, job: object, then: Then) -> None:
        """Do a job, or have it done; `then` is called with what it gave, in its turn."""
        entry: list[object] = [then, False, None]
        self._open.append(entry)
        self._talk(wait=False)
        if len(self._sent) < WAITING:
            self._send(entry, job)
        else:
            entry[2], entry[1] = self._work(job), True
        self._hand_on()

    def _send(self, entry: list[object], job: object) -> None:
        data = marshal.dumps(job)  # type: ignore[arg-type]
        self._sent.append(entry)
        self._out += _HEAD.pack(True, len(data))
        self._out += data
        self._talk(wait=False)

    def finish(self) -> None:
        """Wait for all jobs."""
        while self._sent:
            self._talk(wait=True)
        self._hand_on()

    def close(self) -> None:
        """See to it that the helper is gone."""
        while self._ends:
            os.close(self._ends.pop())
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _hand_on(self) -> None:
        """Hand on what the first jobs gave."""
        while self._open and self._open[0][1]:
            then, _, gave = self._open.popleft()
            then(gave)  # type: ignore[operator]

    def _talk(self, wait: bool) -> None:
        """Write what the helper takes, read what it says."""
        while True:
            reads, writes, _ = select.select([self._from], [self._to] if self._out else [], [], None if wait else 0)
            if writes:
                sent = 0
                with suppress(BlockingIOError, BrokenPipeError), memoryview(self._out) as view:
                    sent = os.write(self._to, view[:_BLOCK])
                del self._out[:sent]
            if reads:
                data = os.read(self._from, _BLOCK)
                if not data:
                    raise self._silent()
                self._in += data
                if self._replies() and wait:
                    return
            elif not writes and not wait:
                return

    def _replies(self) -> bool:
        """Take the replies that are whole; whether there was any."""
        any_ = False
        while len(self._in) >= _HEAD.size:
            went_well, size = _HEAD.unpack_from(self._in)
            if len(self._in) < _HEAD.size + size:
                break
            if not went_well:
                raise HelperFailed
            entry = self._sent.popleft()
            entry[2] = marshal.loads(memoryview(self._in)[_HEAD.size : _HEAD.size + size])
            entry[1] = any_ = True
            del self._in[: _HEAD.size + size]
        return any_

    def _silent(self) -> EnvironmentProblem:
        """The helper ended without a word."""
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        code = os.waitstatus_to_exitcode(status)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        hint = "the machine may be short of memory; --jobs 1 works in one process"
        return EnvironmentProblem("worker", f"a worker process {how}", hint=hint)


def _serve(jobs: int, replies: int, work: Work, begin: Callable[[], None]) -> NoReturn:
    """The whole life of the helper."""
    status = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        begin()
        with os.fdopen(jobs, "rb", buffering=_BLOCK) as file:
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                _, size = _HEAD.unpack(head)
                went_well, data = True, b""
                try:
                    data = marshal.dumps(work(marshal.loads(file.read(size))))  # type: ignore[arg-type]
                except BaseException:  # told by doing the job again
                    went_well = False
                write_all(replies, _HEAD.pack(went_well, len(data)) + data)
        status = 0
    finally:
        os._exit(status)
