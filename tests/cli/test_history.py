"""`codec history`: the versions of one key, of a file and of a tree with its complement, also after an edit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot, key_history
from codec.tools.main import main as codec_main
from tests.support.golden_cases import golden_root, load_cases

CASE = next(case for case in load_cases(golden_root()) if case.name == "real-a-runtime-file")
KEY, DOCUMENT = "!redis|str|counter", "redis/db_0/strings/counter.bin"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.fsm"
    path.write_bytes(CASE.input_bytes)
    return path


def expected(key: bytes) -> list[tuple[int, bool, int]]:
    """What the oracle sees of a key, newest first."""
    rows = [row for row in CASE.stream.rows if row.user_key == key]
    return sorted(((row.commit_ts, row.deleted, len(row.body)) for row in rows), reverse=True)


@pytest.mark.parametrize("key", sorted({row.user_key for row in CASE.stream.rows})[::60], ids=repr)
def test_the_versions_of_a_key_are_those_of_the_file(key: bytes, file: Path) -> None:
    told = key_history(file, key)
    assert [(one.commit_ts, one.state == "deleted", one.size) for one in told] == expected(key)


def test_a_tree_with_its_complement_has_the_same_history_and_an_edit_is_the_newest(file: Path, tmp_path: Path) -> None:
    tree, edited = tmp_path / "tree", tmp_path / "edited.fsm"
    decode_snapshot(file, tree, DecodeOptions(complement=True, sync=False))
    before = key_history(file, KEY.encode())
    assert key_history(tree, KEY.encode()) == before
    (tree / DOCUMENT).write_bytes(b"1234")
    with edited.open("wb") as sink:
        encode_snapshot(tree, sink, EncodeOptions())
    newest, *older = key_history(edited, KEY.encode())
    assert newest.commit_ts == 1 + max(CASE.stream.header_ts, *(row.commit_ts for row in CASE.stream.rows))
    assert [one.commit_ts for one in older] == [one.commit_ts for one in before[1:]]
    past = tmp_path / "past"
    decode_snapshot(edited, past, DecodeOptions(as_of=older[0].commit_ts, sync=False))
    assert (past / DOCUMENT).read_bytes() != b"1234"


def test_the_command_line(file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["codec"])
    assert codec_main(["history", str(file), KEY, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert [one["commit_ts"] for one in said["versions"]] == [ts for ts, _, _ in expected(KEY.encode())]
    assert codec_main(["history", str(file), "no such key"]) == 2
    assert codec_main(["history", str(file), "\\q"]) == 1
    assert codec_main(["history", str(file) + ".none", KEY]) == 1
