"""A decode with a helper process gives the same tree, warnings, counts and errors as one alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from codec import decoding
from codec.api import DecodeOptions, Warned, decode_snapshot
from codec.errors import CodecError
from tests.support.golden_cases import Case, golden_root, load_cases

CASES = [case for case in load_cases(golden_root()) if not case.packed]


@pytest.fixture(autouse=True)
def always_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "WORTH", -1)
    return


def outcome(source: Path, target: Path, jobs: int) -> tuple[object, ...]:
    warned: list[Warned] = []
    try:
        result = decode_snapshot(source, target, DecodeOptions(jobs=jobs, warn=warned.append, input_text="x"))
    except CodecError as error:
        return type(error), str(error), sorted(target.parent.iterdir())
    text = (target / "CHECKSUMS").read_text()
    return asdict(result), [line for line in text.splitlines() if "MANIFEST" not in line], warned


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_two_processes_do_what_one_does(case: Case, tmp_path: Path) -> None:
    source = tmp_path / case.input_name
    source.write_bytes(case.input_bytes)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one, two = outcome(source, tmp_path / "1" / "t", 1), outcome(source, tmp_path / "2" / "t", 2)
    assert one[:2] == two[:2]
    assert len(one[2]) == len(two[2])  # type: ignore[arg-type]
