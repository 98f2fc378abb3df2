"""A full disk, a folder that may not be written, an input that vanishes: one clear line, a documented status, no trace."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from codec.tree.staging import StagedTree
from codec.tree.walk import TreeReader
from tests.faults.test_run_faults import ROOT, RUNS, Run, output_of, whole
from tests.support.foreign import IS_ROOT

GOOD = {name: run for name, run in RUNS.items() if not run.status}
ALL = pytest.mark.parametrize("run", GOOD.values(), ids=GOOD)
LIMITS = [0, 1, 600, 5000]  # bytes in one file: of the header, of a document, of an archive or a snapshot
NOBODY = 65534


def in_child(act: Callable[[], int]) -> tuple[int, str]:
    """The status of `act` in a process of its own, and what it said on standard error, a pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 99
        try:
            os.dup2(writing, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            status = act()
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


@ALL
@pytest.mark.parametrize("limit", LIMITS)
def test_a_full_disk_is_told_and_leaves_the_old_state(tmp_path: Path, run: Run, limit: int) -> None:
    """Writing beyond the limit of a file's size fails as on a full disk, with another error number."""

    def act() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return run.start(folder)

    folder = tmp_path / "run"
    run.lay_out(folder)
    before = whole(folder)
    status, said = in_child(act)
    assert status in (0, 1)
    if status:
        assert said.startswith("error[io] ")
        assert said.count("error[") == 1
        assert "Traceback" not in said
        assert output_of(whole(folder)) == output_of(before)
    else:
        assert limit > 0
    assert not [path for path in whole(folder) if ".tmp-" in path and path not in before]


@pytest.mark.skipif(not IS_ROOT, reason="only root can become a user who may not write")
@ALL
def test_a_folder_that_may_not_be_written_is_told_needs_root(run: Run) -> None:
    with tempfile.TemporaryDirectory() as name:
        for folder in (Path(name) / "first", Path(name) / "run"):
            run.lay_out(folder)
            if folder.name == "first":  # imports everything: the other user may not even be able to
                run.start(folder)
        for path in (Path(name), *Path(name).rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)

        def act() -> int:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            return run.start(folder)

        before = whole(folder)
        status, said = in_child(act)
        assert (status, said.count("error[")) == (1, 1), said
        assert "Permission denied" in said
        assert whole(folder) == before


def test_a_tree_that_vanishes_while_it_is_encoded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """At every document that is read, in turn, the rest of the tree is gone."""
    first, next_to_it = TreeReader._open, TreeReader._read_near
    for turn in range(1, 4):
        folder = tmp_path / str(turn)
        RUNS["encode, old output"].lay_out(folder)
        before = whole(folder)
        opened: list[str] = []

        def vanish(path: str, folder=folder, turn=turn, opened=opened):  # type: ignore[no-untyped-def]
            opened.append(path)
            if len(opened) == turn:
                (folder / "input").rename(folder / "elsewhere")
                for each in (folder / "elsewhere").rglob("*.*"):
                    each.unlink()

        def open_first(reader: TreeReader, path: str) -> tuple[int, int]:
            vanish(path)
            return first(reader, path)

        def read_next(reader: TreeReader, name: str, most: int | None) -> bytes | None:
            vanish(name)
            return next_to_it(reader, name, most)

        monkeypatch.setattr(TreeReader, "_open", open_first)
        monkeypatch.setattr(TreeReader, "_read_near", read_next)
        capfd.readouterr()
        status = RUNS["encode, old output"].start(folder)
        monkeypatch.undo()
        said = capfd.readouterr().err
        assert status in (1, 2), said
        assert said.count("error[") == 1
        assert output_of(whole(folder)) == output_of(before)
    assert len(opened) >= turn


def test_a_snapshot_that_shrinks_while_it_is_decoded_is_wrong_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = RUNS["decode, old tree"]
    folder = tmp_path / "run"
    run.lay_out(folder)
    before = whole(folder)
    real = StagedTree.__enter__

    def shrinking(tree: StagedTree) -> StagedTree:
        os.truncate(folder / "input.fsm", 40)
        return real(tree)

    monkeypatch.setattr(StagedTree, "__enter__", shrinking)
    assert run.start(folder) == 2
    assert capfd.readouterr().err.count("error[") == 1
    assert output_of(whole(folder)) == output_of(before)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("more", [[], ["--json"], ["--bogus"]])
def test_messages_that_nobody_can_take_do_not_become_a_traceback(tmp_path: Path, stream: str, more: list[str]) -> None:
    RUNS["decode"].lay_out(tmp_path / "run")
    source = ["decode", "--input", f"{tmp_path}/run/input.fsm", "--output", f"{tmp_path}/tree", "--adapter", "redis"]
    with open("/dev/full", "wb") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}
        ended = subprocess.run([sys.executable, "-m", "tools.main", *source, *more], cwd=ROOT, **streams, check=False)  # type: ignore[call-overload]
    assert ended.returncode in (0, 1)
    for said in (ended.stdout, ended.stderr):
        assert b"Traceback" not in (said or b"")
        assert b"Exception ignored" not in (said or b"")


def test_an_archive_for_a_full_standard_output_is_told(tmp_path: Path) -> None:
    RUNS["pack"].lay_out(tmp_path / "run")
    command = [
        sys.executable,
        "-m",
        "tools.main",
        "archive",
        "pack",
        "--input",
        f"{tmp_path}/run/input",
        "--output",
        "-",
    ]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"error[io] ")
    assert ended.stderr.count(b"error[") == 1
    assert b"Exception ignored" not in ended.stderr
