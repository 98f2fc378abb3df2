"""The encoder's drop-in on the hand-made trees of encoder_cases.jsonl: same exit status, bytes, sidecar, mismatch file.

Runs whose outcome depends on the self-test carry the marker `self_test`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from tests.support.deviations import DEVIATIONS
from tests.support.golden_cases import (
    ENGINES,
    MISMATCH,
    SIDECAR,
    STREAM,
    EncoderLine,
    golden_root,
    line_is_under_test,
    load_encoder_lines,
)
from tests.support.golden_compare import indented, text_differences
from tests.support.golden_layout import content_of, lay_out_line
from tests.support.tools import Bench

DEFAULT_MANIFEST, LINES = load_encoder_lines(golden_root())


def runs() -> Iterator[object]:
    for line in LINES:
        if line_is_under_test(line):
            marks = [pytest.mark.self_test] if "mismatch" in line else []
            yield pytest.param(line, id=line["name"], marks=marks)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("line", [*runs()])
def test_encoder_line(line: EncoderLine, engine: str, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("encoder line", line["name"])
    lay_out_line(line, DEFAULT_MANIFEST, bench.work / "tree")
    deviation = DEVIATIONS.get(("encode", line["name"]))
    expected_exit = deviation.exit if deviation else line["encode_exit"]

    outcome = bench.run("encode", [*line["encode_args"], "--engine", engine])

    assert outcome.exit == expected_exit, outcome.stderr
    outputs = {STREAM: "fsm", SIDECAR: "encode_info", MISMATCH: "mismatch"}
    expected = set() if deviation else {name for name, member in outputs.items() if member in line}
    if deviation and not expected_exit:
        expected = {STREAM, SIDECAR}
    assert outcome.added == expected
    if expected_exit:
        assert outcome.refusal_faults("encode") == []
    if deviation and STREAM in expected:
        assert sha256((bench.work / STREAM).read_bytes()).hexdigest() == deviation.sha256
        return
    if STREAM in expected:
        assert (bench.work / STREAM).read_bytes() == content_of(line["fsm"])
    if SIDECAR in expected:
        wanted = indented(line["encode_info"], escape_html=True)
        assert text_differences(SIDECAR, wanted, (bench.work / SIDECAR).read_text()) == []
    if MISMATCH in expected:
        assert (bench.work / MISMATCH).read_text() == line["mismatch"]
