"""The decoder's drop-in understands its command line as the reference does (decoder_cli_cases.jsonl)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.support.golden_cases import ENGINES, DecoderLine, golden_root, load_decoder_lines
from tests.support.golden_compare import tree_differences
from tests.support.golden_layout import write_file
from tests.support.tools import Bench

LINES = load_decoder_lines(golden_root())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("line", [pytest.param(line, id=line["name"]) for line in LINES])
def test_decoder_line(line: DecoderLine, engine: str, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("decoder line", line["name"])
    write_file(bench.work / "input.fsm", base64.b64decode(line["input_b64"]))
    for path, text in line["files_before"].items():
        write_file(bench.work / path, text.encode())

    outcome = bench.run("decode", [*line["args"], "--engine", engine])

    assert outcome.exit == line["exit"], outcome.stderr
    if "files_after" not in line:
        assert outcome.refusal_faults("decode") == []
        assert not outcome.added
        return
    output = line["args"][line["args"].index("--output") + 1]
    assert outcome.added == {output.partition("/")[0]}
    wanted = {path.removeprefix(f"{output}/"): text.encode() for path, text in line["files_after"].items()}
    assert tree_differences(wanted, bench.work / output) == []
