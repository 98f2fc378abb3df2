"""The encoder's drop-in makes of every golden tree the bytes and the sidecar of the reference, or refuses it likewise.

Runs whose outcome depends on the self-test carry the marker `self_test`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.support.deviations import DEVIATIONS, Deviation
from tests.support.golden_cases import (
    ENGINES,
    MISMATCH,
    SIDECAR,
    STREAM,
    Case,
    Plan,
    encode_plan,
    golden_root,
    load_cases,
    selected_adapters,
)
from tests.support.golden_compare import encode_info_of, text_differences
from tests.support.golden_layout import lay_out_tree
from tests.support.hurry import in_a_hurry
from tests.support.stream_oracle import only_adapters
from tests.support.tools import Bench


@dataclass(frozen=True, slots=True)
class Run:
    case: Case
    plan: Plan
    deviation: Deviation | None

    def __str__(self) -> str:
        return self.case.name

    @property
    def exit(self) -> int:
        return self.deviation.exit if self.deviation else self.case.info["encode_exit"]

    def args(self, engine: str) -> list[str]:
        return [*self.plan.args(self.case.info["encode_args"]), "--engine", engine]

    def sidecar(self, stream: bytes) -> str:
        """The golden sidecar for this run; where only the reference's self-test failed, ours says that it matched."""
        text = self.case.encode_info() or ""
        if self.deviation:
            assert json.loads(text)["self_test"] == {"ran": True, "matched": False}
            text = text.replace('"matched": false', '"matched": true')
        if self.plan.part is None:
            return text
        return encode_info_of(text, selected_adapters(self.args("")), stream)


def runs() -> Iterator[object]:
    for case in load_cases(golden_root()):
        plan = encode_plan(case)
        if plan is not None:
            run = Run(case, plan, DEVIATIONS.get(("encode", case.name)))
            yield pytest.param(run, marks=[pytest.mark.self_test] if case.mismatch() else [])


HURRIED = "hurried"  # the fast ways of the compiled engine, in two processes, with everything spilled to files


@pytest.mark.parametrize("engine", [*ENGINES, HURRIED])
@pytest.mark.parametrize("run", [*runs()], ids=str)
def test_encode(run: Run, engine: str, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("encode", run.case.name)
    lay_out_tree(run.case, bench.work / "tree")

    if engine == HURRIED:
        with in_a_hurry(shared=True, spilled=True):
            outcome = bench.run("encode", run.args("compiled"))
    else:
        outcome = bench.run("encode", run.args(engine))

    assert outcome.exit == run.exit, outcome.stderr
    if run.exit:
        assert outcome.refusal_faults("encode") == []
        assert outcome.added == ({MISMATCH, SIDECAR} if run.case.mismatch() else set())
    else:
        assert outcome.added == {STREAM, SIDECAR}
        stream = (bench.work / STREAM).read_bytes()
        if run.deviation and not run.case.encode_info():  # refused unseen by the reference; our self-test has passed
            assert "self_test=true" in outcome.stderr
            return
        reference = run.case.reencoded()
        if reference is None:  # refused by the reference's self-test, but its sidecar has the digest of those bytes
            wanted = json.loads(run.case.encode_info() or "")["output_fsm_sha256"]
            assert hashlib.sha256(stream).hexdigest() == wanted
        else:
            assert stream == (reference if run.plan.part is None else only_adapters(reference, run.plan.part))
    if SIDECAR in outcome.added:
        wanted = run.sidecar((bench.work / STREAM).read_bytes() if not run.exit else b"")
        assert text_differences(SIDECAR, wanted, (bench.work / SIDECAR).read_text()) == []
    if MISMATCH in outcome.added:
        assert (bench.work / MISMATCH).read_text() == run.case.mismatch()
