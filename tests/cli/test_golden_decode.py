"""The decoder's drop-in gives, for every golden input, the tree of the reference, or refuses it as the reference does.

Differences that are wanted stand in tests/golden/deviations.yaml; everything else must agree byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.support.deviations import DEVIATIONS, Deviation
from tests.support.golden_cases import ENGINES, Case, Plan, Versions, decode_plan, golden_root, load_cases
from tests.support.golden_compare import subtree_differences, tree_differences
from tests.support.golden_layout import lay_out_input
from tests.support.tools import Bench

CASES = {case.name: case for case in load_cases(golden_root())}


@dataclass(frozen=True, slots=True)
class Run:
    case: Case
    plan: Plan
    versions: Versions
    deviation: Deviation | None

    def __str__(self) -> str:
        return self.case.name + ("" if self.versions == "newest" else f":versions={self.versions}")

    def args(self, engine: str) -> list[str]:
        chosen = [] if self.versions == "newest" else ["--versions", self.versions]
        return [*self.plan.args(self.case.info["decode_args"]), *chosen, "--engine", engine]


def runs() -> Iterator[Run]:
    for case in CASES.values():
        deviation = DEVIATIONS.get(("decode", case.name))
        plan = Plan(deviation.part) if deviation and deviation.part else decode_plan(case)
        if plan is not None:
            for versions in ("newest",) if deviation else case.versions():
                yield Run(case, plan, versions, deviation)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("run", [*runs()], ids=str)
def test_decode(run: Run, engine: str, bench: Bench, golden: Callable[[str, str], None]) -> None:
    golden("decode", run.case.name)
    lay_out_input(run.case, bench.work)

    outcome = bench.run("decode", run.args(engine))

    expected_exit = run.deviation.exit if run.deviation else run.case.info["decode_exit"]
    assert outcome.exit == expected_exit, outcome.stderr
    if expected_exit:
        assert outcome.refusal_faults("decode") == []
        assert not outcome.added, "a refused input left something behind"
        return
    assert outcome.added == {"tree"}
    assert outcome.stdout == ""
    tree = bench.work / "tree"
    if run.deviation and run.deviation.tree_of and run.plan.part:
        assert subtree_differences(CASES[run.deviation.tree_of].tree(), tree, run.plan.part) == []
    else:
        if run.deviation and not run.deviation.tree_of:
            adapters = ["--adapter", ",".join(run.plan.part)] if run.plan.part else []
            again = bench.run("encode", ["--input", "tree", "--output", "again.fsm", "--self-test", *adapters])
            assert again.exit == 0, again.stderr
            return
        model = CASES[run.deviation.tree_of] if run.deviation else run.case
        assert tree_differences(model.tree(), tree, run.plan.part) == []
