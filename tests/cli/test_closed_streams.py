"""Standard streams that the caller closed: the run is as with streams that lead nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli_signals import CARRIED, ROOT

SNAPSHOT = CARRIED / "real-a-adapter-redis" / "input.fsm"
START = "import sys; sys.path.insert(0, {root!r}); from tools.entry import {entry}; sys.exit({entry}())"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("entry", "before"), [("codec", ["decode"]), ("snapshot_decode", [])])
def test_a_closed_stream_changes_nothing(entry: str, before: list[str], closed: str, tmp_path: Path) -> None:
    code = START.format(root=str(ROOT), entry=entry)
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code, *before]
    options = ["--input", str(SNAPSHOT), "--output", "tree", "--adapter", "redis"]
    ended = subprocess.run([*command, *options], capture_output=True, cwd=tmp_path, check=False)
    assert b"Traceback" not in ended.stderr
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "tree" / "MANIFEST.json").is_file()
