"""Whole runs of the command lines while every file-system call in turn fails, is interrupted, or is the last one.

Whatever happens, a run ends with a documented status and without a traceback, the output is the whole old one or the
whole new one, nothing of anybody else's is touched, and after the next run nothing of ours is left. The calls are tried
with a stride that differs from scenario to scenario; `make test-long` tries every one.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.faults import State, fail, injected, kill, state
from tests.support.golden_cases import CARRIED
from tests.support.small_tree import FILES, lay_out, listed
from tools.main import main

ROOT = Path(__file__).parents[2]
LONG = settings.default.max_examples > 100
SNAPSHOT = CARRIED / "redis-zset-meta-only" / "input.fsm"
MADE, SIDECAR, REPORT = "place/out", "place/out.encode_info.json", "place/out.mismatch.txt"
OLD = b"an older output"
OLD_SIDECAR = b"an older sidecar"


@dataclass(frozen=True)
class Run:
    """What stands in a folder before, the arguments of a run that makes `place/out` there, and how it should end."""

    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]
    status: int = 0
    stride: int = 1

    def lay_out(self, folder: Path) -> None:
        """The folder before the run, with things of others beside the output."""
        (folder / "place").mkdir(parents=True)
        self.prepare(folder)
        (folder / "place" / "foreign").write_bytes(b"foreign")
        (folder / "place" / "link").symlink_to("foreign")
        os.link(folder / "place" / "foreign", folder / "place" / "out.tmp-0123456789abcdef")

    def start(self, folder: Path) -> int:
        arguments = [word.replace("@", str(folder)) for word in self.arguments]
        return main([*arguments, "--quiet"])


def new_place(folder: Path) -> None:
    pass


def old_output(folder: Path) -> None:
    (folder / MADE).write_bytes(OLD)
    (folder / SIDECAR).write_bytes(OLD_SIDECAR)
    (folder / REPORT).write_bytes(b"an older report")


def old_tree(folder: Path) -> None:
    (folder / MADE / "old" / "inner").mkdir(parents=True)
    (folder / MADE / "old" / "inner" / "file").write_bytes(OLD)


def snapshot(before: Callable[[Path], None]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / "input.fsm").write_bytes(SNAPSHOT.read_bytes())
        before(folder)

    return prepare


def tree(
    before: Callable[[Path], None], edit: Callable[[Path], None] = lambda _: None, options: tuple[str, ...] = ()
) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        decode = ("decode", "--input", str(SNAPSHOT), "--output", str(folder / "input"), "--adapter", "redis")
        assert main([*decode, "--no-sync", "--quiet", "--jobs", "1", *options]) == 0
        edit(folder / "input")
        before(folder)

    return prepare


def reformat(root: Path) -> None:
    """An edit that the self-test refuses: the same document, written otherwise."""
    path = next(path for path in sorted(root.rglob("*.json")) if path.name != "MANIFEST.json")
    path.write_text(json.dumps(json.loads(path.read_text())))


def small_tree(before: Callable[[Path], None]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        lay_out(folder / "input", listed(FILES))
        before(folder)

    return prepare


def archive(before: Callable[[Path], None]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        lay_out(folder / "tree", listed(FILES))
        assert main(["archive", "pack", "--input", f"{folder}/tree", "--output", f"{folder}/input", "--quiet"]) == 0
        before(folder)

    return prepare


DECODE = ("decode", "--input", "@/input.fsm", "--output", "@/place/out", "--adapter", "redis", "--jobs", "1")
ENCODE = ("encode", "--input", "@/input", "--output", "@/place/out", "--adapter", "redis", "--jobs", "1")
PACK = ("archive", "pack", "--input", "@/input", "--output", "@/place/out")
UNPACK = ("archive", "unpack", "--input", "@/input", "--output", "@/place/out")
RUNS = {
    "decode": Run(snapshot(new_place), DECODE),
    "decode, old tree": Run(snapshot(old_tree), (*DECODE, "--replace")),
    "decode, self-test": Run(snapshot(new_place), (*DECODE, "--self-test")),
    "decode, complement": Run(snapshot(new_place), (*DECODE, "--complement")),
    "encode": Run(tree(new_place), (*ENCODE, "--verify")),
    "encode, complement": Run(tree(new_place, options=("--complement",)), ENCODE),
    "encode, old output": Run(tree(old_output), ENCODE),
    "self-test, old output": Run(tree(old_output), (*ENCODE, "--self-test")),
    "self-test that refuses, old output": Run(tree(old_output, reformat), (*ENCODE, "--self-test"), status=2),
    "pack": Run(small_tree(new_place), PACK),
    "pack, old output": Run(small_tree(old_output), (*PACK, "--replace")),
    "unpack": Run(archive(new_place), UNPACK),
    "unpack, old tree": Run(archive(old_tree), (*UNPACK, "--replace")),
}
FEWEST_CALLS = 50  # of any run: a loop that ends earlier has injected nothing


@dataclass
class Bench:
    """A run with what stands in its folder before it and after it, where nothing goes wrong."""

    run: Run
    root: Path
    old: State
    new: State
    again: State

    def folder(self, number: int) -> Path:
        """A fresh folder, always under the same name, so that outputs that tell their path are equal."""
        folder = self.root / "run"
        if folder.exists():
            folder.rename(self.root / f"done-{number}")
        self.run.lay_out(folder)
        return folder


@pytest.fixture(params=list(RUNS))
def bench(request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Bench:
    run = RUNS[request.param]
    run.lay_out(tmp_path / "run")
    old = whole(tmp_path / "run")
    assert run.start(tmp_path / "run") == run.status
    new = whole(tmp_path / "run")
    assert output_of(new) != output_of(old) or run.status
    run.start(tmp_path / "run")
    return Bench(run, tmp_path, old, new, whole(tmp_path / "run"))


def whole(folder: Path) -> State:
    """The state of a folder, with times of writing left out of the documents that tell them."""
    found = state(folder)
    for path, (mode, content) in found.items():
        if isinstance(content, bytes) and b'"wall_time_iso": "' in content:
            head, _, tail = content.partition(b'"wall_time_iso": "')
            found[path] = (mode, head + tail.partition(b'"')[2])
        elif isinstance(content, bytes) and b"MANIFEST.json\n" in content:  # its digest changes with the time
            found[path] = (mode, b"".join(line for line in content.splitlines(True) if b"MANIFEST" not in line))
    return found


def output_of(found: State) -> State:
    return {path: entry for path, entry in found.items() if path == MADE or path.startswith(f"{MADE}/")}


def check(bench: Bench, folder: Path, nth: int, status: int | None) -> None:
    """The output is whole, everybody else's things are there, and the next run leaves nothing of ours."""
    found = whole(folder)
    states = [output_of(bench.old), output_of(bench.new)]
    assert output_of(found) in states, nth
    if status == 0:
        assert output_of(found) == states[1], nth
    elif status is not None and bench.run.status == 0:
        assert output_of(found) == states[0], nth
    mine = ("place/out", "place/.out")
    others = {path: entry for path, entry in bench.old.items() if not path.startswith(mine) and path != "place"}
    assert {path: found.get(path) for path in others} == others, nth
    assert found["place/out.tmp-0123456789abcdef"] == bench.old["place/out.tmp-0123456789abcdef"]
    for name in (SIDECAR, REPORT):
        if status is not None and name in found:
            assert found[name] in (bench.old.get(name), bench.new.get(name)), (nth, name)
    previous = [entry for path, entry in found.items() if path.startswith("place/out") and entry[1] == OLD]
    if MADE in bench.old and bench.run.status:
        assert previous, nth  # a refused encode never loses the older output
    again = bench.run.start(folder)
    left = whole(folder)
    assert not [path for path in left if ".tmp-" in path and path not in bench.old], nth
    assert again == bench.run.status or (again == 1 and output_of(found) == states[1]), nth
    assert output_of(left) == states[1], nth


def numbers(bench: Bench) -> Iterator[int]:
    """The calls to try: every one in the long tests."""
    step = 1 if LONG else 4
    return count(1 + sum(map(ord, " ".join(bench.run.arguments))) % step, step)


def test_a_call_that_fails_ends_the_run_with_one_line(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for nth in numbers(bench):
        folder = bench.folder(nth)
        capfd.readouterr()
        with injected(nth, fail, files=True) as seen:
            status = bench.run.start(folder)
        said = capfd.readouterr()
        if not seen.hit:
            break
        assert status in (0, 1, bench.run.status), (nth, said.err)
        assert said.out == ""
        assert (status == 0) == (said.err.count("error[") == 0), (nth, said.err)
        assert "Traceback" not in said.err
        check(bench, folder, nth, status)
    assert nth > FEWEST_CALLS


def stop(call: Callable[[], object]) -> object:
    """A signal comes when the call is done and nobody has heard of it."""
    result = call()
    if hasattr(result, "close") and not isinstance(result, int):
        result.close()  # a listing
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError("the signal has no handler")


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")  # just opened
def test_a_signal_after_any_call_ends_the_run_cleanly(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for nth in numbers(bench):
        folder = bench.folder(nth)
        with injected(nth, stop, files=True) as seen:
            status = bench.run.start(folder)
        if not seen.hit:
            break
        assert status in (143, bench.run.status), nth
        assert "Traceback" not in capfd.readouterr().err
        check(bench, folder, nth, None)
    assert nth > FEWEST_CALLS


def test_a_kill_before_any_call_leaves_the_old_state_or_the_new(bench: Bench) -> None:
    for nth in numbers(bench):
        folder = bench.folder(nth)
        child = os.fork()
        if not child:
            with injected(nth, kill, files=True) as seen:
                bench.run.start(folder)
            os._exit(0 if not seen.hit else 1)
        if os.waitpid(child, 0)[1] == 0:
            break
        check(bench, folder, nth, None)
    assert nth > FEWEST_CALLS
