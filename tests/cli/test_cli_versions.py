"""The commands at the top of `docs/versions.md`, run one after the other: what a stranger would do with a new version."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support.golden_cases import golden_root
from tools.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "versions.md").read_text("utf-8")
COMMANDS = [
    shlex.split(line, comments=True)[1:] for line in re.findall(r"^codec .*$", PAGE.partition("```\n")[0], re.M)
]
REAL = golden_root() / "real-a-adapter-redis" / "reencoded.fsm"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "old.fsm").write_bytes(REAL.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_begins_with_commands_that_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diff, migrate, decode = COMMANDS
    assert main(diff) == 3, "readers and writers of the older version break, and the status says so"
    assert "magic-changed: container.streams.store.magic EKVPBBL1 -> EKVPBBL2" in capsys.readouterr().out
    assert main(migrate) == 0
    out = capsys.readouterr().out
    assert re.search(r"^from +elastickv 1$", out, re.M)
    assert re.search(r"^to +elastickv-next 2$", out, re.M)
    assert re.search(r"^lost +nothing$", out, re.M)
    assert main(decode) == 0
    assert '"spec": "elastickv-next"' in (folder / "tree" / "MANIFEST.json").read_text("utf-8")
    assert main(["verify", "new.fsm", "-q"]) == 0
    assert main(["verify", "tree", "-q"]) == 0
    assert main(["encode", "--input", "tree", "--output", "again.fsm", "--adapter", "redis", "--self-test", "-q"]) == 0
    assert main(["migrate", "--to", "elastickv", "--input", "again.fsm", "--output", "back.fsm", "-q"]) == 0
    assert (folder / "back.fsm").read_bytes() == REAL.read_bytes()


def test_what_is_lost_is_said_by_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["migrate", "--to", "elastickv-next", "--input", "old.fsm", "--output", "new.fsm", "-q"])
    main(["decode", "--input", "new.fsm", "--output", "tree", "--adapter", "redis", "-q"])
    for path in [*(folder / "tree" / "redis" / "db_0" / "hashes").iterdir()][:2]:
        path.write_text(path.read_text("utf-8")[:-2] + ',\n  "created_at_ms": 12\n}', "utf-8")
    capsys.readouterr()
    assert main(["migrate", "--to", "elastickv", "--input", "tree", "--output", "older", "--json"]) == 0
    (result,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"result"' in line]
    assert result["lost"] == {"Hash.created_at_ms: the other version does not have it": 2}
    assert (result["command"], result["kind"], result["older"]) == ("migrate", "tree", "elastickv-next 2")
    assert main(["migrate", "--to", "elastickv", "--input", "tree", "--output", "older", "--replace"]) == 0
    assert re.search(r"^ +2  Hash.created_at_ms: the other version does not have it$", capsys.readouterr().out, re.M)


def test_a_tree_that_names_its_spec_and_no_version_is_of_that_spec(folder: Path) -> None:
    main(["decode", "--input", "old.fsm", "--output", "tree", "--adapter", "redis", "-q"])
    manifest = folder / "tree" / "MANIFEST.json"
    named = manifest.read_text("utf-8").replace("{", '{\n  "spec": "elastickv",', 1)
    manifest.write_text(named, "utf-8")
    assert main(["encode", "--input", "tree", "--output", "out.fsm", "--adapter", "redis", "-q"]) == 0
    manifest.write_text(named.replace('"spec": "elastickv",', '"spec": "elastickv", "spec_version": 9,'), "utf-8")
    assert main(["encode", "--input", "tree", "--output", "other.fsm", "--adapter", "redis", "-q"]) == 2


def test_only_options_that_are_said_change_a_tree(folder: Path) -> None:
    """A default of the command line never undoes what the manifest says."""
    main(["decode", "--input", "old.fsm", "--output", "tree", "--dynamodb-bundle-mode", "jsonl", "-q"])
    for name, options in (("same", []), ("other", ["--dynamodb-bundle-mode", "per-item"])):
        assert main(["migrate", "--to", "elastickv-next", "--input", "tree", "--output", name, *options, "-q"]) == 0
    modes = [json.loads((folder / name / "MANIFEST.json").read_text("utf-8")) for name in ("tree", "same", "other")]
    assert [mode["dynamodb_layout"] for mode in modes] == ["jsonl", "jsonl", "per-item"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--to", "elastickv-none", "--input", "old.fsm", "--output", "x"], 2, "there is no format `elastickv-none`"),
        (["--to", "elastickv-next", "--input", "none.fsm", "--output", "x"], 1, "none.fsm"),
        (["--to", "elastickv-next", "--input", "old.fsm", "--output", "."], 1, "the output is a directory"),
        (
            ["--from", "elastickv-next", "--to", "elastickv", "--input", "old.fsm", "--output", "x"],
            2,
            "no snapshot stream",
        ),
        (["--input", "old.fsm", "--output", "x"], 1, "--to"),
    ],
)
def test_a_wrong_call_is_told_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    assert main(["migrate", *arguments]) == status
    assert message in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["old.fsm"]
