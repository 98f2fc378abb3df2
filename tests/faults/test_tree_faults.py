"""Every file-system call fails, is interrupted, or is the last one before a kill: the state is whole all the same.

The Nth call goes wrong, for N from 1 until the run has no Nth call. What stands at the place of the output is then the
old state or the new one, whole, and nothing of ours is left, at the latest after the next run.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from codec.errors import CodecError, EnvironmentProblem
from codec.tree import system
from codec.tree.files import held
from codec.tree.publish import OutputFile, clear_stale, move_aside, write_sidecar
from codec.tree.removal import remove_tree
from codec.tree.staging import StagedTree
from tests.support.faults import CALLS, State, fail, injected, interrupt, kill, state

# -- what is run ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scenario:
    """What stands in a folder before, a run that writes `place` there, and the machine that it runs on."""

    place: str
    prepare: Callable[[Path], None]
    run: Callable[[Path], None]
    exchange: bool = True
    mount: bool = False

    @contextmanager
    def machine(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            if not self.exchange:
                patch.setattr(system, "_rename", lambda *_: False)
            if self.mount:
                patch.setattr(system, "mount_id", lambda fd: fd)
            yield

    def folder(self, tmp_path: Path, nth: int) -> Path:
        folder = tmp_path / str(nth)
        folder.mkdir()
        self.prepare(folder)
        return folder

    def run_again(self, folder: Path) -> None:
        """A later run, which here gives up before it publishes anything."""
        with self.machine():
            if self.run is output:
                with OutputFile(folder / self.place):
                    pass
            else:
                with StagedTree(folder / self.place, replace=True):
                    pass


def nothing(folder: Path) -> None:
    pass


def empty_tree(folder: Path) -> None:
    (folder / "t").mkdir()
    (folder / "t").chmod(0o711)


def old_tree(folder: Path) -> None:
    (folder / "t" / "old" / "inner").mkdir(parents=True)
    (folder / "t" / "old" / "inner" / "file").write_bytes(b"old")
    (folder / "t" / "both").mkdir()
    (folder / "t" / "both" / "old").write_bytes(b"old")
    (folder / "t" / "LAST").write_bytes(b"old")


def fill(tree: StagedTree) -> None:
    tree.write("new/inner/file", b"new")
    tree.write("new/inner/file", b"newer")
    tree.append("both/lines").write(b"1")
    tree.append("both/lines").close()
    tree.append("both/lines").write(b"2")
    with tree.create("body") as file:
        file.write(b"x" * 100_000)
    rows = list(tree.checksums())
    tree.write("LAST", repr(rows).encode())
    tree.publish()


def stage(folder: Path) -> None:
    with StagedTree(folder / "t") as tree:
        fill(tree)


def stage_over(folder: Path) -> None:
    with StagedTree(folder / "t", replace=True) as tree:
        fill(tree)


def stage_deep(folder: Path) -> None:
    with StagedTree(folder / "made" / "too" / "t") as tree:
        tree.write("a", b"new")
        tree.publish()


def old_output(folder: Path) -> None:
    (folder / "out").write_bytes(b"old")


def old_link(folder: Path) -> None:
    (folder / "other").write_bytes(b"other")
    (folder / "out").symlink_to("other")


def output(folder: Path) -> None:
    with OutputFile(folder / "out") as out:
        out.write(b"new")
        out.publish()


SCENARIOS = {
    "tree, nothing there": Scenario("t", nothing, stage),
    "tree, nothing there, replace": Scenario("t", nothing, stage_over),
    "tree, parents missing": Scenario("made/too/t", nothing, stage_deep),
    "tree, empty directory": Scenario("t", empty_tree, stage),
    "tree, old tree": Scenario("t", old_tree, stage_over),
    "tree, old tree, no exchange": Scenario("t", old_tree, stage_over, exchange=False),
    "tree, empty mount": Scenario("t", empty_tree, stage, mount=True),
    "tree, mount with a tree": Scenario("t", old_tree, stage_over, mount=True),
    "output, nothing there": Scenario("out", nothing, output),
    "output, old file": Scenario("out", old_output, output),
    "output, old link": Scenario("out", old_link, output),
    "output, old file, no exchange": Scenario("out", old_output, output, exchange=False),
    "output, old link, no exchange": Scenario("out", old_link, output, exchange=False),
}
FEWEST_CALLS = 15  # of any scenario: a loop that ends earlier has injected nothing


@pytest.fixture(params=list(SCENARIOS))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


@pytest.fixture
def old_and_new(tmp_path: Path, scenario: Scenario) -> tuple[State, State]:
    """The whole folder before and after a run without faults."""
    folder = scenario.folder(tmp_path, 0)
    old = state(folder)
    with scenario.machine():
        scenario.run(folder)
    new = state(folder)
    assert new != old
    assert not temporaries(new)
    return old, new


def temporaries(found: State) -> list[str]:
    return [path for path in found if ".tmp-" in path]


def at(found: State, place: str) -> State:
    """The part of a folder's state that is at or below `place`, without temporaries."""
    return {path: entry for path, entry in found.items() if f"{path}/".startswith(f"{place}/") and ".tmp-" not in path}


# -- the loops --------------------------------------------------------------------------------------------------------


def test_a_call_that_fails_is_told_and_changes_nothing_or_does_not_matter(
    tmp_path: Path, scenario: Scenario, old_and_new: tuple[State, State]
) -> None:
    old, new = old_and_new
    for nth in count(1):
        folder = scenario.folder(tmp_path, nth)
        told = False
        with scenario.machine(), injected(nth, fail) as seen:
            try:
                scenario.run(folder)
            except CodecError:
                told = True
        if not seen.hit:
            break
        if not told and temporaries(state(folder)):  # what was replaced could not be removed: left to the next run
            scenario.run_again(folder)
        assert state(folder) == (old if told else new), nth
    assert nth > FEWEST_CALLS


def test_a_machine_that_fails_from_some_call_on_leaves_the_old_state_or_the_new(
    tmp_path: Path, scenario: Scenario, old_and_new: tuple[State, State]
) -> None:
    old, new = old_and_new
    for nth in count(1):
        folder = scenario.folder(tmp_path, nth)
        with scenario.machine(), injected(nth, fail, and_all_later=True) as seen, suppress(CodecError):
            scenario.run(folder)
        if not seen.hit:
            break
        check_after_the_next_run(scenario, folder, old, new, nth)
    assert nth > FEWEST_CALLS


def test_an_interrupt_after_any_call_leaves_the_old_state_or_the_new(
    tmp_path: Path, scenario: Scenario, old_and_new: tuple[State, State]
) -> None:
    old, new = old_and_new
    for nth in count(1):
        folder = scenario.folder(tmp_path, nth)
        with scenario.machine(), injected(nth, interrupt) as seen, suppress(KeyboardInterrupt):
            scenario.run(folder)
        if not seen.hit:
            break
        assert at(state(folder), scenario.place) in (at(old, scenario.place), at(new, scenario.place)), nth
        check_after_the_next_run(scenario, folder, old, new, nth)
    assert nth > FEWEST_CALLS


def test_a_kill_before_any_call_leaves_the_old_state_or_the_new(
    tmp_path: Path, scenario: Scenario, old_and_new: tuple[State, State]
) -> None:
    old, new = old_and_new
    for nth in count(1):
        folder = scenario.folder(tmp_path, nth)
        child = os.fork()
        if not child:
            with scenario.machine(), injected(nth, kill):
                scenario.run(folder)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            break
        check_after_the_next_run(scenario, folder, old, new, nth)
    assert nth > FEWEST_CALLS


def check_after_the_next_run(scenario: Scenario, folder: Path, old: State, new: State, nth: int) -> None:
    scenario.run_again(folder)
    found = state(folder)
    assert not temporaries(found), nth
    assert at(found, scenario.place) in (at(old, scenario.place), at(new, scenario.place)), nth


# -- order and permission ---------------------------------------------------------------------------------------------


def calls_of(run: Callable[[Path], None], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of a run that decide what survives a power cut, in their order."""
    calls: list[str] = []

    def logged(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*args: object, **named: object) -> object:
            result = real(*args, **named)
            is_directory = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)  # type: ignore[arg-type]
            calls.append(f"{name} directory" if is_directory else name)
            return result

        return wrapper

    for module, name in CALLS:
        if name in ("write", "fsync", "rename", "exchange", "sync_file_system"):
            monkeypatch.setattr(module, name, logged(name, getattr(module, name)))
    run(folder)
    monkeypatch.undo()
    return calls


def stage_without_sync(folder: Path) -> None:
    with StagedTree(folder / "t", sync=False) as tree:
        tree.write("a", b"1")
        tree.publish()


def stage_with_sync(folder: Path) -> None:
    with StagedTree(folder / "t") as tree:
        tree.write("a", b"1")
        tree.publish()


ORDERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], list[str]]] = {
    "tree": (nothing, stage_with_sync, ["write", "sync_file_system", "rename", "fsync directory"]),
    "tree without sync": (nothing, stage_without_sync, ["write", "rename"]),
    "output": (old_output, output, ["write", "fsync", "exchange", "fsync directory"]),
    "sidecar": (nothing, lambda folder: write_sidecar(folder / "s", b"1"), ["write", "fsync", "fsync directory"]),
}


@pytest.mark.parametrize(("prepare", "run", "expected"), ORDERS.values(), ids=ORDERS)
def test_what_is_written_is_on_the_disk_before_its_name_and_the_name_before_the_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path], None],
    run: Callable[[Path], None],
    expected: list[str],
) -> None:
    prepare(tmp_path)
    assert calls_of(run, tmp_path, monkeypatch) == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_fills_what_it_owns_and_is_refused_elsewhere_needs_root() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for own in ("own", "own/t"):
            (folder / own).mkdir()
        os.chown(folder / "own/t", 65534, 65534)
        (folder / "out").write_bytes(b"root's")
        before = state(folder)
        child = os.fork()
        if not child:
            os._exit(as_another_user(folder))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        after = state(folder)
        assert after.pop("own/t/a")[1] == b"1"
        assert after == before


def as_another_user(folder: Path) -> int:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    acts: tuple[Callable[[], object], ...] = (
        lambda: stage_without_sync(folder),
        lambda: output(folder),
        lambda: write_sidecar(folder / "out", b"1"),
        lambda: move_aside(folder / "out", ".previous"),
    )
    refused = 0
    for act in acts:
        try:
            act()
        except EnvironmentProblem:
            refused += 1
    clear_stale(folder / "out")
    with StagedTree(folder / "own" / "t", sync=False) as tree:
        tree.write("a", b"1")
        tree.publish()
    return 0 if refused == 4 and tree.staged_inside else 1


# -- the small files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("older", [None, b"old"])
def test_a_sidecar_that_cannot_be_written_is_old_or_missing_never_half(tmp_path: Path, older: bytes | None) -> None:
    path = tmp_path / "side"
    for nth in count(1):
        if older is not None:
            path.write_bytes(older)
        told = False
        with injected(nth, fail) as seen:
            try:
                write_sidecar(path, b"new")
            except EnvironmentProblem:
                told = True
        if not seen.hit:
            break
        contents = path.read_bytes() if path.exists() else None
        assert contents in ({older, None} if told else {b"new"}), nth
        path.unlink(missing_ok=True)
    assert nth > 8


@pytest.mark.parametrize("replaceable", [True, False])
def test_moving_aside_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaceable: bool) -> None:
    if not replaceable:
        monkeypatch.setattr(system, "_rename", lambda *_: False)
    for nth in count(1):
        folder = tmp_path / str(nth)
        folder.mkdir()
        (folder / "out").write_bytes(b"1")
        (folder / "out.previous").write_bytes(b"0")
        with injected(nth, fail) as seen, suppress(EnvironmentProblem):
            move_aside(folder / "out", ".previous")
        contents = sorted(path.read_bytes() for path in folder.iterdir())
        assert contents == [b"0", b"1"], nth
        if not seen.hit:
            break
    assert nth > 4


def test_a_publish_that_fails_has_put_the_previous_output_back(tmp_path: Path) -> None:
    old_output(tmp_path)
    with OutputFile(tmp_path / "out") as out:
        out.write(b"new")
        with pytest.MonkeyPatch.context() as patch:
            synced: list[int] = []
            patch.setattr(os, "fsync", lambda fd: synced.append(fd) if not synced else fail(lambda: None))
            with pytest.raises(EnvironmentProblem):
                out.publish()
        assert (tmp_path / "out").read_bytes() == b"old"


@pytest.mark.parametrize("mount", ["t", "t/old", "t/old/inner"])
def test_a_mount_in_a_tree_that_is_removed_is_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str
) -> None:
    old_tree(tmp_path)

    def busy(real: Callable[..., None]) -> Callable[..., None]:
        def wrapper(name: str, *rest: str, **where: int) -> None:
            if name == os.path.basename(mount):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            real(name, *rest, **where)

        return wrapper

    before = state(tmp_path / mount)
    monkeypatch.setattr(os, "rmdir", busy(os.rmdir))
    monkeypatch.setattr(os, "rename", busy(os.rename))
    with pytest.raises(OSError, match="busy"), held(os.open(tmp_path.parent, os.O_RDONLY)) as parent:
        remove_tree(os.fsencode(tmp_path.name), parent)
    assert before in [state(path) for path in tmp_path.rglob(os.path.basename(mount))]


def test_a_tree_that_could_not_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_tree(tmp_path)
    with StagedTree(tmp_path / "t", replace=True, sync=False) as tree:
        tree.write("a", b"new")
        real = os.unlink
        monkeypatch.setattr(os, "unlink", lambda *_, **__: fail(lambda: None))
        tree.publish()
        monkeypatch.setattr(os, "unlink", real)
    assert (tmp_path / "t" / "a").read_bytes() == b"new"
    assert Path(tree.leftover).is_dir()
