"""A signal ends a run at any moment: with its status, without a traceback, and with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.golden_cases import CARRIED

ROOT = Path(__file__).parents[2]
SNAPSHOT = CARRIED / "real-a-runtime-file" / "00000000000001be.fsm"
ENDS = ["--input", str(SNAPSHOT), "--output", "tree"]
STATUSES = {signal.SIGINT: 130, signal.SIGTERM: 143}
START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tools.entry import codec
sys.exit(codec())
"""
WHEN_IMPORTED = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
"""
IMPORTED = """
import atexit, sys
atexit.register(lambda: print(*names, sep="\\n"))
names = []
class Finder:
    def find_spec(self, name, path=None, target=None):
        names.append(name)
sys.meta_path.insert(0, Finder())
"""
TRIED = 14  # imports in which a signal comes


def test_a_signal_during_any_import_ends_the_run(tmp_path: Path) -> None:
    """From the first import of the entry module to the last one of the run."""
    command = ["decode", *ENDS, "--adapter", "redis", "--quiet", "--jobs", "1"]
    seen = subprocess.run(
        [sys.executable, "-c", IMPORTED + START, *command], capture_output=True, cwd=tmp_path, text=True
    )
    (tmp_path / "tree").rename(tmp_path.parent / "tree")
    names = [
        name for name in seen.stdout.split() if not name.startswith(("codec.built", "tools.entry")) and name != "tools"
    ]
    names = names[names.index("tools.main") :]
    assert len(names) > TRIED
    for turn, name in enumerate(names[:: len(names) // TRIED]):
        number = list(STATUSES)[turn % 2]
        code = WHEN_IMPORTED.format(name=name, number=int(number)) + START
        ended = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, cwd=tmp_path, check=False)
        assert ended.returncode == STATUSES[number], (name, ended.stderr)
        assert b"Traceback" not in ended.stderr, name
        assert ended.stdout == b""
        assert os.listdir(tmp_path) == []


def test_nothing_is_imported_before_the_handlers_stand() -> None:
    """Neither by the package nor by the entry module."""
    code = f"import sys; before = set(sys.modules); sys.path.insert(0, {str(ROOT)!r}); import codec, tools.entry\n"
    code += "print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ended.stdout.split() == ["codec", "tools", "tools.entry"]


def test_a_signal_that_the_caller_ignores_stays_ignored_from_the_start(tmp_path: Path) -> None:
    code = WHEN_IMPORTED.format(name="click", number=int(signal.SIGINT)) + START
    command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable, "-c", code, "--version"]
    assert subprocess.run(command, capture_output=True, cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_signal_at_any_time_leaves_the_whole_tree_or_nothing(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", START, "decode", *ENDS, "--quiet"]
    statuses = set()
    for twentieths in range(1, 10, 2):
        run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
        time.sleep(twentieths / 20)
        run.send_signal(number)
        run.communicate()
        statuses.add(run.returncode)
        found = os.listdir(tmp_path)
        if found == ["tree"]:
            assert (tmp_path / "tree" / "CHECKSUMS").exists()
            (tmp_path / "tree").rename(tmp_path.parent / f"{number.name}-{twentieths}")
        else:
            assert found == []
    assert statuses <= {0, STATUSES[number], -number, 1}  # before the interpreter has begun, the signal itself ends it
