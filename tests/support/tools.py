"""Runs the two drop-in command lines inside the test's process: a folder and arguments in, an exit status out."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import pytest

Tool = Literal["decode", "encode"]

MODULES: dict[Tool, str] = {"decode": "codec.tools.snapshot_decode", "encode": "codec.tools.snapshot_encode"}
PROGRAMS: dict[Tool, str] = {"decode": "elastickv-snapshot-decode", "encode": "elastickv-snapshot-encode"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left: its exit status, its two outputs, and the entries that it added to the folder it ran in."""

    exit: int
    stdout: str
    stderr: str
    added: frozenset[str]

    def refusal_faults(self, tool: Tool) -> list[str]:
        """What is wrong with this run as a refusal: it names itself in its last line, and is no crash."""
        faults = []
        if "Traceback" in self.stderr:
            faults.append("a traceback reached the user")
        last = (self.stderr.strip().splitlines() or [""])[-1]
        if tool == "decode" and not last.startswith(PROGRAMS[tool]):
            faults.append(f"the last line does not start with {PROGRAMS[tool]}: {last!r}")
        if not last:
            faults.append("nothing on stderr")
        return faults


class Bench:
    """A folder in which a command line can be run."""

    def __init__(self, work: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.work = work
        self._monkeypatch = monkeypatch
        self._capture = capture

    def run(self, tool: Tool, args: Sequence[str]) -> Outcome:
        """Run it with the bench's folder as working directory."""
        main = cast(Callable[[list[str]], int], importlib.import_module(MODULES[tool]).main)
        before = self._entries()
        self._capture.readouterr()
        with self._monkeypatch.context() as patch:
            patch.chdir(self.work)
            patch.setattr(sys, "argv", [PROGRAMS[tool], *args])
            exit_status = main(list(args))
        stdout, stderr = self._capture.readouterr()
        return Outcome(exit_status, stdout, stderr, frozenset(self._entries() - before))

    def _entries(self) -> set[str]:
        return {path.name for path in self.work.iterdir()}
