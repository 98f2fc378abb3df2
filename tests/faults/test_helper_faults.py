"""No helper process outlives the run that started it, however that ends: it would still hold the run's locks."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

import pytest

from codec.crew import Crew
from codec.workers import Result, in_children

PATIENCE = 60  # seconds until a test that would hang fails


def tell_and_wait(writing: int) -> None:
    os.write(writing, b"%d\n" % os.getpid())
    signal.pause()


def with_workers(writing: int) -> None:
    def task() -> Result:
        tell_and_wait(writing)
        return Result(None)

    in_children([task, task])


def with_crew(writing: int) -> None:
    def work(_: object) -> object:
        tell_and_wait(writing)
        return None

    crew = Crew(work, lambda: None)
    crew.put(1, lambda _: None)
    crew.finish()


@pytest.mark.parametrize(("run", "helpers"), [(with_workers, 2), (with_crew, 1)])
def test_a_killed_run_takes_its_helpers_along(run: Callable[[int], None], helpers: int) -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if not parent:
        os.close(reading)
        run(writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as told:
        while helpers:
            helpers -= told.read(100).count(b"\n")
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert select.select([told], [], [], PATIENCE)[0], "a helper lives on"
        assert told.read(1) == b""  # the end of the pipe: nobody holds it any more
