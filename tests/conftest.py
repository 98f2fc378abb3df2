"""Fixtures, and the summary of the golden tests: how many cases ran, and on which data."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import golden_cases
from tests.support.tools import Bench

GOLDEN_PROPERTY = "golden"
KINDS = ("decode", "encode", "encoder line", "decoder line", "version", "complement")


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in a shell's background ignores it
    config.addinivalue_line("markers", "self_test: the golden outcome depends on the encoder's self-test")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Bench:
    """An empty folder in which the command lines can be run."""
    work = tmp_path / "work"
    work.mkdir()
    return Bench(work, monkeypatch, capfd)


@pytest.fixture
def golden(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Notes for the session's summary that a case of this kind and name ran."""
    return lambda kind, name: record_property(GOLDEN_PROPERTY, f"{kind}:{name}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran: dict[str, bool] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for key, case in getattr(report, "user_properties", ()):
                if key == GOLDEN_PROPERTY:
                    ran[case] = ran.get(case, True) and outcome == "passed"
    if not ran:
        return
    count = Counter(case.partition(":")[0] for case in ran)
    shares = ", ".join(f"{count[kind]} {kind}" for kind in KINDS)
    under_test = ", ".join(golden_cases.ADAPTERS_UNDER_TEST)
    terminalreporter.write_line(
        f"golden: {len(ran)} cases ran ({shares}), {sum(not passed for passed in ran.values())} failed; "
        f"adapters under test: {under_test}; data: {golden_cases.golden_root()}"
    )
