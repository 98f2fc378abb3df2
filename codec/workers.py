"""Work shared with child processes: each is forked, so that it knows all that its parent knows, and does one task.

Invariant: what comes back, result or error, is what the tasks one after the other would have given; no child outlives
the call, and none runs any code of its parent but its task.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, NoReturn

from codec.errors import EnvironmentProblem
from codec.frozen import frozen
from codec.tree.system import die_with

if TYPE_CHECKING:
    from socket import socket

USUAL_JOBS = 2  # more would pay in memory for what one disk and one sorted output cannot give
_SIGNALS = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
_HEAD = Struct("<QQ?")  # bytes of what follows, how many files, whether it is an error
_TURN = Struct("<H")
_FILES_AT_ONCE = 200  # descriptors in one message; the system takes 253


@frozen
class Result:
    """What a task gives: plain values (numbers, text, bytes, None, tuples, lists, dicts), and open files.

    The files are descriptors; whoever takes the result closes them.
    """

    value: object
    files: tuple[int, ...] = ()


Task = Callable[[], Result]


def jobs_of(asked: int | None) -> int:
    """How many processes may work: what was asked for, else one per core up to 2.

    Always 1 where the process has other threads: a fork would take locks along that nobody ever opens.
    """
    if threading.active_count() > 1:
        return 1
    return asked or min(USUAL_JOBS, len(os.sched_getaffinity(0)))


def in_children(tasks: Sequence[Task]) -> list[Result]:
    """Do each task in a process of its own, all at once; their results in order. See `Children`."""
    children = Children(tasks)
    try:
        return children.results()
    finally:
        children.end()


class Failed(Exception):
    """What went wrong in a turn. Of several children that fail, the one of the least turn says what is raised."""

    def __init__(self, turn: int, error: BaseException) -> None:
        super().__init__(turn, error)
        self.turn, self.error = turn, error


class Turns:
    """The numbers from 0 on, in order, each of them for one of the processes that are forked meanwhile: for whoever is free.

    They wait in a pipe, which has room for `MOST`; whoever makes them must `close` them.
    """

    MOST = 2048

    def __init__(self, count: int) -> None:
        assert count <= self.MOST
        try:
            self._from, to = os.pipe()
        except OSError as problem:
            raise EnvironmentProblem("worker", f"work cannot be shared: {problem.strerror}") from None
        os.write(to, b"".join(map(_TURN.pack, range(count))))
        os.close(to)

    def __iter__(self) -> Iterator[int]:
        while data := os.read(self._from, _TURN.size):
            yield _TURN.unpack(data)[0]

    def take(self, work: Callable[[int], None]) -> None:
        """In a child: `work` in each turn that it gets. Once one fails, nobody gets another; raises `Failed`."""
        for turn in self:
            try:
                work(turn)
            except BaseException as error:
                for _ in self:
                    pass
                raise Failed(turn, error) from error

    def close(self) -> None:
        """This process takes no more."""
        os.close(self._from)


class Children:
    """Tasks that are being done, each in a process of its own; whoever starts them must `end` them.

    Raises `EnvironmentProblem` if a process cannot be started or ends without a word. Pages of the parent are shared.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._children: list[_Child] = []
        gc.freeze()  # a collection in a child would otherwise touch, and so copy, every page of its parent
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # our handlers must not run in a child, nor now
        try:
            for task in tasks:
                self._children.append(_Child(task))
        except OSError as problem:
            self.end()
            raise EnvironmentProblem("worker", f"a worker process cannot be started: {problem.strerror}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            gc.unfreeze()

    def results(self) -> list[Result]:
        """Wait for all; their results in order. Raises the error of the first task that failed, or of the least turn, as it
        would be raised here. Memory is that of the results."""
        results: list[Result] = []
        failed: list[Failed] = []
        for child in self._children:
            try:
                results.append(child.result())
            except Failed as error:
                failed.append(error)
        if failed:
            raise min(failed, key=attrgetter("turn")).error
        return results

    def end(self) -> None:
        """See to it that no child is left."""
        for child in self._children:
            child.end()


class _Child:
    """One forked process."""

    def __init__(self, task: Task) -> None:
        from socket import socketpair

        self._socket, there = socketpair()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            die_with(parent)
            _do(task, there)
        there.close()

    def result(self) -> Result:
        """Wait for the result; raise what the child raised."""
        from socket import recv_fds

        head = self._read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise self._silent()
        size, count, failed = _HEAD.unpack(head)
        files: list[int] = []
        while len(files) < count:
            mark, more, _, _ = recv_fds(self._socket, 1, _FILES_AT_ONCE)
            files += more
            if not mark:
                raise self._silent()
        data = self._read(size)
        if len(data) < size:
            raise self._silent()
        if failed:
            import pickle

            error = pickle.loads(data)
            assert isinstance(error, BaseException)
            raise error
        return Result(marshal.loads(data), tuple(files))

    def _read(self, size: int) -> bytes:
        pieces = []
        while size and (piece := self._socket.recv(min(size, 1 << 20))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _silent(self) -> EnvironmentProblem:
        """The child ended without a word."""
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if os.WIFSIGNALED(status):
            how = f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
        else:
            how = f"ended with status {os.waitstatus_to_exitcode(status)}"
        hint = "the machine may be short of memory; --jobs 1 works in one process"
        return EnvironmentProblem("worker", f"a worker process {how}", hint=hint)

    def end(self) -> None:
        """See to it that the child is gone."""
        self._socket.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0


def _do(task: Task, out: socket) -> NoReturn:
    """The whole life of a child."""
    status = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        try:
            result = task()
            _send(
                out,
                marshal.dumps(result.value),  # type: ignore[arg-type]
                result.files,
                failed=False,
            )
        except BaseException as error:
            _send(out, _pickled(error), (), failed=True)
        status = 0
    finally:
        os._exit(status)


def _pickled(error: BaseException) -> bytes:
    import pickle
    import traceback

    try:
        data = pickle.dumps(error)
        if type(pickle.loads(data)) is type(error):
            return data
    except Exception:  # an error that cannot travel is told in words
        pass
    return pickle.dumps(RuntimeError("".join(traceback.format_exception(error))))


def _send(out: socket, data: bytes, files: Sequence[int], *, failed: bool) -> None:
    from socket import send_fds

    out.sendall(_HEAD.pack(len(data), len(files), failed))
    for at in range(0, len(files), _FILES_AT_ONCE):
        send_fds(out, [b"f"], list(files[at : at + _FILES_AT_ONCE]))
    out.sendall(data)
