"""Trees that are written: hostile names, hostile targets, and what other runs left: refused, told, and kept."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codec.errors import EnvironmentProblem, TreeError, UsageError
from codec.tree import system
from codec.tree.publish import OutputFile
from codec.tree.staging import StagedTree
from codec.tree.walk import TreeReader
from tests.support.foreign import ENTRIES, IS_ROOT, State, cwd, put, state

# -- names ----------------------------------------------------------------------------------------------------------

BAD_PATHS = ["/", "/a", "//a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", ""]
BAD_PATHS += ["a/../../b", "\0", "a\0b", "a/\0/b", "\ud800", "x/" * 2047 + "xx"]
Write = Callable[[StagedTree, str], object]
WRITES: dict[str, Write] = {
    "write": lambda tree, path: tree.write(path, b""),
    "create": lambda tree, path: tree.create(path),
    "append": lambda tree, path: tree.append(path),
    "mkdir": lambda tree, path: tree.mkdir(path),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_path_that_could_leave_the_tree_is_refused(tmp_path: Path, write: Write) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.write("a/file", b"1")
        before = state(tree.staged.parent)
        for path in BAD_PATHS:
            with pytest.raises(TreeError) as caught:
                write(tree, path)
            assert caught.value.code == "tree-path", path
            assert caught.value.hint
        after = state(tree.staged.parent)
    assert after == before
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", [path for path in BAD_PATHS if path])
def test_a_reader_refuses_a_path_that_could_leave_the_tree(tmp_path: Path, path: str) -> None:
    (tmp_path / "a").mkdir()
    with TreeReader(tmp_path / "a") as reader:
        for call in (reader.open, reader.read, reader.kind, reader.size, reader.entries):
            with pytest.raises(TreeError):
                call(path)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_name_that_the_file_system_refuses_is_told(tmp_path: Path, write: Write) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        for path in ("n" * 256, "n" * 256 + "/x"):
            with pytest.raises(TreeError) as caught:
                write(tree, path)
            assert caught.value.code == "tree-name"
            assert caught.value.hint
            assert str(caught.value.place).startswith("nnn")


CLASHES = [("write", "write"), ("write", "mkdir"), ("mkdir", "append"), ("append", "create"), ("create", "write")]


@pytest.mark.parametrize(("first", "second"), CLASHES)
def test_a_path_cannot_be_a_file_and_a_directory(tmp_path: Path, first: str, second: str) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        WRITES[first](tree, "a/b/c")
        for how, path in ((second, "a/b"), ("write" if first == "mkdir" else second, "a/b/c/d")):
            if (how, path) == ("mkdir", "a/b") or (how != "mkdir" and first == "mkdir" and path == "a/b/c/d"):
                continue  # no clash
            with pytest.raises(TreeError) as caught:
                WRITES[how](tree, path)
            assert caught.value.code == "tree-clash"
            assert caught.value.hint


@pytest.mark.parametrize("second", ["write", "create"])
def test_a_path_has_one_writer_at_a_time(tmp_path: Path, second: str) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.append("a").write(b"1")
        with pytest.raises(TreeError, match="being written"):
            WRITES[second](tree, "a")
        tree.append("a").close()
        WRITES[second](tree, "a")


def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        file = tree.append("a")
        file.close()
        with pytest.raises(ValueError, match="closed"):
            file.write(b"1")


def test_names_that_fall_together_on_the_file_system_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def without_case(path: bytes, *args: int, dir_fd: int | None = None) -> int:
        return real(path if dir_fd is None or isinstance(path, str) else path.lower(), *args, dir_fd=dir_fd)

    with StagedTree(tmp_path / "t", sync=False) as tree:
        monkeypatch.setattr(os, "open", without_case)
        tree.write("name", b"1")
        tree.write("NAME", b"2")
        with pytest.raises(TreeError) as caught:
            list(tree.checksums())
        monkeypatch.undo()
    assert caught.value.code == "tree-names-fall-together"


def test_a_message_never_carries_control_characters_or_a_huge_name(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        for path in ("\x1b[31m\n\udcff\u202e/..", "/" + "\x07" * 100_000):
            with pytest.raises(TreeError) as caught:
                tree.write(path, b"")
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 1200


def test_nothing_is_written_into_a_published_tree(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.publish()
        for path in ("late", "late/inner"):
            with pytest.raises(EnvironmentProblem):
                tree.write(path, b"")
    assert os.listdir(tmp_path / "t") == []


# -- targets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in ENTRIES if kind not in ("directory", "full-directory")])
def test_a_target_that_is_no_directory_is_refused_and_kept(tmp_path: Path, kind: str, replace: bool) -> None:
    put(kind, tmp_path / "t")
    before = state(tmp_path)
    for target in (tmp_path / "t", tmp_path / "t" / "below"):
        if kind == "dangling-link" and target.name == "below":
            continue  # the place it would be made in is missing: test below
        with pytest.raises(UsageError):
            StagedTree(target, replace=replace)
    assert state(tmp_path) == before


def test_a_target_below_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("loop")
    (tmp_path / "loop").symlink_to("link")
    before = state(tmp_path)
    for target in ("link", "link/below"):
        with pytest.raises(UsageError):
            StagedTree(tmp_path / target)
    with pytest.raises(UsageError):
        StagedTree(tmp_path / "missing" / "..")
    assert state(tmp_path) == before


def test_a_target_that_is_not_empty_is_refused_at_once_and_kept(tmp_path: Path) -> None:
    put("full-directory", tmp_path / "t")
    (tmp_path / "link").symlink_to("t")
    before = state(tmp_path)
    for name in ("t", "link"):
        with pytest.raises(UsageError) as caught:
            StagedTree(tmp_path / name)
        assert caught.value.code == "target-not-empty"
        assert caught.value.hint
    with cwd(tmp_path / "t"), pytest.raises(UsageError):
        StagedTree(Path())
    assert state(tmp_path) == before


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("existed", [False, True])
def test_a_target_that_is_filled_meanwhile_is_refused_and_kept(
    tmp_path: Path, existed: bool, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "t"
    if existed:
        target.mkdir()
    if inside:
        monkeypatch.setattr(system, "mount_id", lambda fd: fd)
    with StagedTree(target, sync=False) as tree:
        assert tree.staged_inside == (inside and existed)
        tree.write("a", b"1")
        target.mkdir(exist_ok=True)
        (target / "foreign").write_bytes(b"2")
        with pytest.raises(UsageError):
            tree.publish()
    assert os.listdir(target) == ["foreign"]
    assert os.listdir(tmp_path) == ["t"]


@pytest.mark.parametrize("kind", ["file", "link", "fifo"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_target_that_becomes_something_else_meanwhile_is_kept(tmp_path: Path, kind: str, replace: bool) -> None:
    def publish() -> None:
        with StagedTree(tmp_path / "t", replace=replace, sync=False) as tree:
            tree.write("a", b"1")
            put(kind, tmp_path / "t")
            told.append(state(tmp_path / "other"))
            tree.publish()

    told: list[State] = []
    with pytest.raises(EnvironmentProblem):
        publish()
    assert sorted(os.listdir(tmp_path)) == ["other", "t"]
    assert not (tmp_path / "t").is_dir()
    assert state(tmp_path / "other") == told[0]


# -- what other runs left ---------------------------------------------------------------------------------------------

STALE = ".t.tmp-0123456789abcdef"


def run_again(target: Path) -> None:
    with StagedTree(target, replace=True, sync=False):
        pass


def test_the_next_run_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    (tmp_path / STALE / "tree" / "a").mkdir(parents=True)
    (tmp_path / STALE / "tree" / "a" / "f").write_bytes(b"1")
    run_again(tmp_path / "t")
    assert os.listdir(tmp_path) == []


def test_the_next_run_keeps_what_a_living_one_needs(tmp_path: Path) -> None:
    (tmp_path / STALE / "tree").mkdir(parents=True)
    fd = os.open(tmp_path / STALE, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        run_again(tmp_path / "t")
        assert os.listdir(tmp_path) == [STALE]
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    "name", [".t.tmp-0123456789abcde", ".t.tmp-0123456789abcdeF", ".t.tmp-0123456789abcdef0", ".u.tmp-0123456789abcdef"]
)
def test_the_next_run_keeps_what_has_another_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    run_again(tmp_path / "t")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("kind", [kind for kind in ENTRIES if "directory" not in kind])
def test_the_next_run_keeps_what_is_no_directory(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / STALE)
    before = state(tmp_path)
    run_again(tmp_path / "t")
    assert state(tmp_path) == before


@pytest.mark.skipif(not IS_ROOT, reason="only root can make what belongs to another user")
def test_the_next_run_keeps_what_belongs_to_another_user_needs_root(tmp_path: Path) -> None:
    for name in (STALE, "out.tmp-0123456789abcdef"):
        (tmp_path / name).mkdir() if name == STALE else (tmp_path / name).touch()
        os.chown(tmp_path / name, 12345, 12345)
    before = state(tmp_path)
    run_again(tmp_path / "t")
    with OutputFile(tmp_path / "out"):
        pass
    assert state(tmp_path) == before


def test_an_old_tree_that_a_dead_run_had_set_aside_is_put_back(tmp_path: Path) -> None:
    (tmp_path / STALE / "tree").mkdir(parents=True)
    (tmp_path / STALE / "old" / "a").mkdir(parents=True)
    run_again(tmp_path / "t")
    assert state(tmp_path).keys() == {"t", "t/a"}


def test_an_old_tree_that_was_put_back_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / STALE / "tree").mkdir(parents=True)
    (tmp_path / STALE / "old" / "a").mkdir(parents=True)
    with pytest.raises(UsageError):
        StagedTree(tmp_path / "t")
    assert state(tmp_path).keys() == {"t", "t/a"}


@pytest.mark.parametrize(("phase", "kept"), [("tree", "old"), ("new", "new")])
def test_what_a_dead_run_moved_inside_is_settled_from_anywhere(tmp_path: Path, phase: str, kept: str) -> None:
    """The dead run stood in the target; the next one, which does not, sees the same tree."""
    (tmp_path / "t" / STALE / phase / "new").mkdir(parents=True)
    (tmp_path / "t" / STALE / "old" / "old").mkdir(parents=True)
    with pytest.raises(UsageError):
        StagedTree(tmp_path / "t")
    assert state(tmp_path).keys() == {"t", f"t/{kept}"}


def test_an_old_tree_that_cannot_be_put_back_is_kept(tmp_path: Path) -> None:
    (tmp_path / STALE / "tree").mkdir(parents=True)
    (tmp_path / STALE / "old" / "a").mkdir(parents=True)
    put("full-directory", tmp_path / "t")
    before = state(tmp_path)
    with pytest.raises(UsageError):
        StagedTree(tmp_path / "t")
    assert state(tmp_path) == before


def test_an_output_clears_only_leftovers_of_dead_runs(tmp_path: Path) -> None:
    dead, linked, living = (tmp_path / f"out.tmp-{digit * 16}" for digit in "abc")
    dead.touch()
    put("hard-link", linked)
    living.touch()
    (tmp_path / "out.tmp-short").touch()
    fd = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        with OutputFile(tmp_path / "out"):
            pass
    finally:
        os.close(fd)
    assert sorted(os.listdir(tmp_path)) == ["other", linked.name, living.name, "out.tmp-short"]


def test_a_previous_output_that_another_run_still_holds_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"previous")
    with OutputFile(tmp_path / "out") as first:
        first.write(b"first")
        first.publish()
        with OutputFile(tmp_path / "out"):
            pass
        first.roll_back()
    assert state(tmp_path).keys() == {"out"}
    assert (tmp_path / "out").read_bytes() == b"previous"


def test_a_roll_back_leaves_the_output_of_another_run_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"previous")
    with OutputFile(tmp_path / "out") as first:
        first.publish()
        with OutputFile(tmp_path / "out") as second:
            second.write(b"second")
            second.publish()
        first.roll_back()
    assert (tmp_path / "out").read_bytes() == b"second"
    assert state(tmp_path).keys() == {"out"}
