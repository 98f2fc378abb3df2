"""Every golden decode passes its self-test: what the tree does not give back is a loss that the spec declares."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cli.test_golden_decode import CASES, Run, runs
from tests.support.golden_layout import lay_out_input
from tests.support.tools import Bench

# Trees that no encoder takes, because what came in contradicts itself: the reference warns, or says nothing.
CONTRADICTIONS = {"redis-stream-length-mismatch", "s3-no-bucket", "s3-size-mismatch"}


def decodable() -> list[Run]:
    return [run for run in runs() if run.versions == "newest" and not (run.deviation or run.case.info["decode_exit"])]


@pytest.mark.parametrize("run", decodable(), ids=str)
def test_decode(run: Run, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("decode", run.case.name)
    lay_out_input(run.case, bench.work)
    outcome = bench.run("decode", [*run.args("compiled"), "--self-test"])
    if run.case.name in CONTRADICTIONS:
        assert outcome.exit == 1
        assert "the tree cannot be encoded again" in outcome.stderr
        assert not outcome.added
        return
    assert outcome.exit == 0, outcome.stderr
    assert outcome.added == {"tree"}


@pytest.mark.skipif("real-a-runtime-file" not in CASES, reason="needs all of the golden data")
def test_what_a_real_node_wrote_comes_back_but_for_declared_losses(bench: Bench) -> None:
    case = CASES["real-a-runtime-file"]
    lay_out_input(case, bench.work)
    every = [
        "--preserve-sqs-visibility",
        "--include-sqs-side-records",
        "--include-incomplete-uploads",
        "--include-orphans",
    ]
    outcome = bench.run("decode", ["--input", case.input_name, "--output", "tree", "--self-test", "--json", *every])
    assert outcome.exit == 0, outcome.stdout
    result = json.loads(outcome.stdout.splitlines()[-1])
    assert result["self_test_ran"]
    assert result["losses"]["List.item rewritten"] > 100
    assert (
        result["warnings"]["sqs_stale_generation_messages_dropped"]
        == result["losses"]["sqs_stale_generation_messages_dropped"] // 2
    )
