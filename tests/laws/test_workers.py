"""Work in child processes: results in order, errors as they would be here, no child left, none that goes unnoticed."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from itertools import chain
from typing import cast

import pytest

from codec.errors import DocumentError, EnvironmentProblem, Place
from codec.workers import Result, Turns, in_children, jobs_of


def _no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_results_come_in_the_order_of_the_tasks() -> None:
    tasks = [lambda n=n: Result(("part", n, os.getpid(), b"x" * 300_000)) for n in range(3)]
    values = [result.value for result in in_children(tasks)]
    assert [value[1] for value in values] == [0, 1, 2]  # type: ignore[index]
    assert len({value[2] for value in values} | {os.getpid()}) == 4  # type: ignore[index]
    assert _no_children()


def test_files_travel() -> None:
    def task() -> Result:
        with tempfile.TemporaryFile() as file:
            file.write(b"from the child")
            file.flush()
            return Result(None, tuple(os.dup(file.fileno()) for _ in range(300)))

    (result,) = in_children([task])
    assert len(result.files) == 300
    assert {os.pread(fd, 99, 0) for fd in result.files} == {b"from the child"}
    for fd in result.files:
        os.close(fd)


def test_the_first_error_counts_and_is_the_same() -> None:
    def wrong(name: str) -> Result:
        raise DocumentError("code", "a message", Place(name, None, 3, 4), "path", "expected", "found", "hint")

    with pytest.raises(DocumentError) as caught:
        in_children([lambda: Result(1), lambda: wrong("second"), lambda: wrong("third")])
    assert caught.value.place == Place("second", None, 3, 4)
    assert caught.value.hint == "hint"
    assert _no_children()


def test_each_turn_is_taken_once() -> None:
    turns = Turns(999)

    def task() -> Result:
        taken: list[int] = []
        turns.take(taken.append)
        return Result(taken)

    lists = [cast("list[int]", result.value) for result in in_children([task] * 3)]
    turns.close()
    assert all(one == sorted(one) for one in lists)
    assert sorted(chain.from_iterable(lists)) == list(range(999))


def test_the_error_of_the_least_turn_counts_and_is_the_last() -> None:
    """As it would be with the turns one after the other: whoever fails later, or earlier in time, does not matter."""
    turns = Turns(100)

    def work(turn: int) -> None:
        if turn in (3, 4):
            time.sleep(0.2 * (turn == 3))  # turn 4 fails first
            raise DocumentError("code", "a message", Place(f"turn {turn}"))
        assert turn < 5, "once one fails, nobody gets another"

    def task() -> Result:
        turns.take(work)
        return Result(None)

    with pytest.raises(DocumentError) as caught:
        in_children([task] * 2)
    turns.close()
    assert caught.value.place == Place("turn 3")
    assert _no_children()


def test_an_error_that_cannot_travel_is_told_in_words() -> None:
    class Local(Exception):
        pass

    def wrong() -> Result:
        raise Local("what went wrong")

    with pytest.raises(RuntimeError, match="what went wrong"):
        in_children([wrong])


@pytest.mark.parametrize(
    ("end", "told"), [(lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"), (lambda: os._exit(7), "status 7")]
)
def test_a_child_that_ends_without_a_word_is_an_error(end, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EnvironmentProblem, match=told):
        in_children([lambda: end() or Result(1)])
    assert _no_children()


def test_other_threads_forbid_a_fork() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert jobs_of(2) == 1
    finally:
        stop.set()
        thread.join()
