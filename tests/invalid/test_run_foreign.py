"""Entries of others at every place that a run touches: told in one error with its status, never changed, never waited for."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codec.tree import landing, system
from tests.support.foreign import ENTRIES, IS_ROOT, State, put, state
from tests.support.golden_cases import CARRIED
from tools.main import main

SNAPSHOT = CARRIED / "redis-zset-meta-only" / "input.fsm"
NO_FILE = [kind for kind in ENTRIES if kind != "file"]
SIDECAR, REPORT = "out.encode_info.json", "out.mismatch.txt"


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(system, "sync_file_system", lambda fd: None)


def decode(source: Path, target: Path, *more: str) -> int:
    ends = ("--input", str(source), "--output", str(target), "--adapter", "redis", "--jobs", "1")
    return main(["decode", *ends, "--no-sync", "--quiet", *more])


def encode(folder: Path, *more: str) -> int:
    ends = ("--input", str(folder / "tree"), "--output", str(folder / "out"), "--adapter", "redis", "--jobs", "1")
    return main(["encode", *ends, *more])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tree that can be encoded."""
    assert decode(SNAPSHOT, tmp_path / "tree") == 0
    return tmp_path


def spoil(root: Path) -> None:
    """Make the self-test refuse the tree."""
    path = next(path for path in sorted(root.rglob("*.json")) if path.name != "MANIFEST.json")
    path.write_text(json.dumps(json.loads(path.read_text())))


def kept(before: State, folder: Path, *but: str) -> None:
    """Everything that stood there is as it was, but for what is named."""
    after = state(folder)
    assert {path: entry for path, entry in before.items() if path not in but} == {
        path: after.get(path) for path in before if path not in but
    }
    assert not [path for path in after if ".tmp-" in path]


# -- encode: output, sidecar, report ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_output_of_others_is_replaced_by_name_only_or_kept(folder: Path, kind: str) -> None:
    put(kind, folder / "out")
    before = state(folder)
    status = encode(folder, "--self-test")
    if kind in ("file", "hard-link", "link", "dangling-link"):
        assert status == 0
        assert stat.S_ISREG((folder / "out").lstat().st_mode)
        kept({path: entry for path, entry in before.items() if not path.startswith("other/")}, folder, "out")
        assert [path.read_bytes() for path in (folder / "other").iterdir()] in ([], [b"foreign"])
    else:
        assert status == 1
        kept(before, folder)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("kind", NO_FILE)
def test_a_sidecar_of_others_is_kept_and_the_older_output_is_put_back(folder: Path, kind: str, again: bool) -> None:
    if again:
        (folder / "out").write_bytes(b"older")
    put(kind, folder / SIDECAR)
    before = state(folder)
    assert encode(folder) == 1
    kept(before, folder)
    assert (folder / "out").exists() == again


@pytest.mark.parametrize("kind", NO_FILE)
@pytest.mark.parametrize("place", [SIDECAR, REPORT])
def test_after_a_mismatch_the_notes_of_others_are_kept_and_the_other_note_is_written(
    folder: Path, kind: str, place: str
) -> None:
    spoil(folder / "tree")
    put(kind, folder / place)
    before = state(folder)
    assert encode(folder, "--self-test") == 2
    kept(before, folder)
    assert not (folder / "out").exists()
    other = folder / (REPORT if place == SIDECAR else SIDECAR)
    assert stat.S_IMODE(other.lstat().st_mode) == 0o600
    if other.name == SIDECAR:
        assert json.loads(other.read_text())["self_test"] == {"ran": True, "matched": False}
    else:
        assert other.read_text().endswith(" (bytes differ)\n")


def test_a_mismatch_moves_an_older_output_and_its_sidecar_aside_and_never_over_others(folder: Path) -> None:
    assert encode(folder, "--self-test") == 0
    older, sidecar = (folder / "out").read_bytes(), (folder / SIDECAR).read_bytes()
    (folder / SIDECAR).chmod(0o644)
    spoil(folder / "tree")
    put("link", folder / "out.previous")
    before = state(folder)
    assert encode(folder, "--self-test") == 2
    kept(before, folder, "out", SIDECAR)
    assert (folder / "out.previous.2").read_bytes() == older
    assert (folder / f"{SIDECAR}.previous").read_bytes() == sidecar
    assert stat.S_IMODE((folder / SIDECAR).stat().st_mode) == 0o600
    assert not (folder / "out").exists()


def test_an_encode_that_fails_leaves_the_older_output_and_its_sidecar_and_clears_the_older_report(folder: Path) -> None:
    assert encode(folder, "--self-test") == 0
    (folder / REPORT).write_bytes(b"an older report")
    path = next(path for path in sorted((folder / "tree" / "redis").rglob("*.json")))
    path.write_text("{")
    before = state(folder)
    assert encode(folder, "--self-test") == 2
    kept(before, folder, REPORT)
    assert not (folder / REPORT).exists()


def test_a_sidecar_that_was_wider_is_private_again(folder: Path) -> None:
    (folder / SIDECAR).write_bytes(b"older, and longer than what is written now" * 100)
    (folder / SIDECAR).chmod(0o666)
    assert encode(folder) == 0
    assert stat.S_IMODE((folder / SIDECAR).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "out").stat().st_mode) == 0o600
    json.loads((folder / SIDECAR).read_bytes())


# -- encode: the tree ---------------------------------------------------------------------------------------------------

FOLDERS = ["redis", "redis/db_0", "redis/db_0/zsets"]


@pytest.mark.parametrize("self_test", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in NO_FILE if "directory" not in kind])
@pytest.mark.parametrize("place", FOLDERS)
def test_an_entry_of_others_in_place_of_a_folder_is_refused(
    folder: Path, kind: str, place: str, self_test: bool
) -> None:
    (folder / "tree" / place).rename(folder / "aside")
    put(kind, folder / "entry")
    os.rename(folder / "entry", folder / "tree" / place)
    (folder / "out").write_bytes(b"older")
    before = state(folder)
    assert encode(folder, *(["--self-test"] if self_test else [])) == 2
    kept(before, folder)


@pytest.mark.parametrize("kind", NO_FILE)
def test_an_entry_of_others_in_place_of_a_document_is_refused_or_warned_of(
    folder: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Golden cases pin that this format skips all of them but hard links; the skipping is said."""
    (folder / "tree" / "redis/db_0/zsets/x.json").unlink()
    put(kind, folder / "entry")
    os.rename(folder / "entry", folder / "tree" / "redis/db_0/zsets/x.json")
    before = state(folder)
    assert encode(folder) == (2 if kind == "hard-link" else 0)
    kept(before, folder)
    assert kind == "hard-link" or "unexpected_entries" in capfd.readouterr().err


@pytest.mark.parametrize("self_test", [False, True])
@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize("place", ["", "redis", "redis/db_0", "redis/db_0/zsets"])
def test_an_additional_entry_of_others_ends_in_an_error_or_a_warning(
    folder: Path, kind: str, place: str, self_test: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    put(kind, folder / "entry")
    os.rename(folder / "entry", folder / "tree" / place / "foreign")
    before = state(folder)
    status = encode(folder, *(["--self-test"] if self_test else []))
    assert status in (0, 2)
    assert "Traceback" not in capfd.readouterr().err
    kept(before, folder)


@pytest.mark.parametrize("kind", NO_FILE)
def test_a_manifest_that_is_no_plain_file_is_refused(folder: Path, kind: str) -> None:
    (folder / "tree" / "MANIFEST.json").unlink()
    put(kind, folder / "entry")
    os.rename(folder / "entry", folder / "tree" / "MANIFEST.json")
    before = state(folder)
    assert encode(folder) == 2
    kept(before, folder)


@pytest.mark.parametrize("missing", ["tree", "tree/MANIFEST.json"])
def test_a_missing_tree_or_manifest_is_wrong_use(folder: Path, missing: str) -> None:
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = state(folder)
    assert encode(folder) == 1
    kept(before, folder)


# -- decode -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fifo", "socket", "directory", "dangling-link", *(["device"] if IS_ROOT else [])])
def test_an_input_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "input")
    before = state(tmp_path)
    assert decode(tmp_path / "input", tmp_path / "tree") == 1
    kept(before, tmp_path)
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("kind", ENTRIES)
def test_a_target_of_others_is_kept(tmp_path: Path, kind: str, replace: bool) -> None:
    put(kind, tmp_path / "tree")
    before = state(tmp_path)
    status = decode(SNAPSHOT, tmp_path / "tree", *(["--replace"] if replace else []))
    if kind == "directory" or (kind == "full-directory" and replace):
        assert status == 0
        kept({path: entry for path, entry in before.items() if not path.startswith("tree")}, tmp_path)
    else:
        assert status == 1
        kept(before, tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in NO_FILE if kind != "full-directory"])
def test_what_a_replaced_tree_led_to_is_kept(tmp_path: Path, kind: str) -> None:
    (tmp_path / "tree").mkdir()
    put(kind, tmp_path / "entry")
    os.rename(tmp_path / "entry", tmp_path / "tree" / "foreign")
    before = {path: entry[:2] for path, entry in state(tmp_path).items() if path.startswith("other")}
    assert decode(SNAPSHOT, tmp_path / "tree", "--replace") == 0
    assert {path: entry[:2] for path, entry in state(tmp_path).items() if path.startswith("other")} == before


def test_a_tree_that_could_not_appear_in_one_step_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "mount_id", lambda fd: fd)
    (tmp_path / "tree").mkdir()
    ends = ("--input", str(SNAPSHOT), "--output", str(tmp_path / "tree"), "--adapter", "redis", "--json")
    assert main(["decode", *ends, "--no-sync"]) == 0
    messages = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert "staged_inside" in [message.get("warning") for message in messages]


def test_what_is_left_of_a_replaced_tree_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def stuck(name: bytes, dir_fd: int) -> None:
        raise OSError(16, "Device or resource busy")

    put("full-directory", tmp_path / "tree")
    monkeypatch.setattr(landing, "remove_tree", stuck)
    ends = ("--input", str(SNAPSHOT), "--output", str(tmp_path / "tree"), "--adapter", "redis", "--json")
    assert main(["decode", *ends, "--replace"]) == 0
    messages = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (path,) = (each["fields"]["path"] for each in messages if each.get("warning") == "left_over")
    assert (Path(path) / "tree" / "file").read_bytes() == b"foreign"
    assert (tmp_path / "tree" / "CHECKSUMS").exists()


# -- another user -------------------------------------------------------------------------------------------------------

NOBODY = 65534


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_nobody(run: list[str]) -> int:
    """The status of a run of another user."""
    child = os.fork()
    if not child:
        status = 99
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            status = main([*run, "--quiet"])
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")
def test_another_user_is_refused_what_it_may_not_and_changes_nothing_needs_root() -> None:
    with public_folder() as folder:
        shutil.copy(SNAPSHOT, folder / "input")
        (folder / "input").chmod(0o644)
        assert decode(folder / "input", folder / "tree", "--shared") == 0
        assert decode(folder / "input", folder / "private") == 0
        (folder / "own").mkdir()
        os.chown(folder / "own", NOBODY, NOBODY)
        (folder / "own" / SIDECAR).write_bytes(b"root's")
        (folder / "own" / SIDECAR).chmod(0o600)
        (folder / "out").write_bytes(b"root's")
        before = state(folder)
        redis = ["--adapter", "redis", "--jobs", "1"]
        refused = [
            ["decode", "--input", f"{folder}/input", "--output", f"{folder}/new", *redis],
            ["decode", "--input", f"{folder}/input", "--output", f"{folder}/tree", "--replace", *redis],
            ["encode", "--input", f"{folder}/tree", "--output", f"{folder}/new", *redis],
            ["encode", "--input", f"{folder}/tree", "--output", f"{folder}/out", *redis],
            ["encode", "--input", f"{folder}/private", "--output", f"{folder}/own/new", *redis],
            ["encode", "--input", f"{folder}/tree", "--output", f"{folder}/own/out", *redis],  # the sidecar is root's
            ["archive", "pack", "--input", f"{folder}/tree", "--output", f"{folder}/new"],
            ["archive", "pack", "--input", f"{folder}/private", "--output", f"{folder}/own/new"],
        ]
        assert [as_nobody(run) for run in refused] == [1] * len(refused)
        assert state(folder) == before
        assert as_nobody(["decode", "--input", f"{folder}/input", "--output", f"{folder}/own/tree", *redis]) == 0
        assert as_nobody(["encode", "--input", f"{folder}/tree", "--output", f"{folder}/own/x", *redis]) == 0
