"""Versions of the format get their vectors from their deltas alone, and are covered and checked as the format itself is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from codec.conformance.coverage import coverage_of, hits_of
from codec.conformance.generate import generated
from codec.conformance.index import Index
from codec.conformance.running import Suite, chosen, run
from codec.spec import library
from codec.tools.main import main
from tests.laws.test_laws_versions import KEYS, NEXT, VERSIONS, changed
from tests.support.conformance_kit import both, long_only, tool, vectors_of

MOST_REFUSED = 1  # of each point: whether there is any is asked here
SAMPLE = 120


ALWAYS = (NEXT, KEYS)  # the others take as long again


@pytest.fixture(
    params=[*ALWAYS, *(pytest.param(name, marks=long_only) for name in VERSIONS if name not in ALWAYS)], scope="module"
)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def vectors(version: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Index]:
    """Of the adapters that the version changes, and of the file around them."""
    return vectors_of(version, tmp_path_factory, MOST_REFUSED, [case.adapter.name for case in changed(version)])


def test_everything_in_what_a_version_changes_is_checked(version: str, vectors: tuple[Path, Index]) -> None:
    mine = {case.adapter.name for case in changed(version)}
    rows = coverage_of(version, hits_of(vectors[1].entries))
    assert [row for row in rows if row.anchor.partition(".")[0] in mine and not row.covered] == []


@long_only
@pytest.mark.parametrize("name", library.names())
def test_every_point_of_every_shipped_format_is_checked(name: str) -> None:
    assert [row for row in coverage_of(name, hits_of(generated(name))) if not row.covered] == []


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
def test_both_engines_pass_a_version(version: str, vectors: tuple[Path, Index], engine: str) -> None:
    folder, index = vectors
    results = list(run(folder, index, chosen(index, sample=SAMPLE), Suite(both(version, engine=engine))))
    assert [(one.entry.id, one.reason) for one in results if one.outcome != "passed"] == []


def test_a_stranger_tests_the_drop_ins_on_a_version(
    tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = vectors_of(NEXT, tmp_path_factory, MOST_REFUSED, [case.adapter.name for case in changed(NEXT)])
    commands = {way: f"{tool(way)} --spec {shlex.quote(NEXT)}" for way in ("decode", "encode")}
    call = ["conformance", "run", "--vectors", str(folder), "--sample", "8", "--jobs", "2"]
    status = main([*call, *(word for way, text in commands.items() for word in (f"--{way}", text))])
    assert (status, capfd.readouterr().out.splitlines()) == (0, ["verdict  it conforms", "vectors  passed 8"])
