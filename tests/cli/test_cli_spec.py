"""`codec spec …` prints what the workbench says, and its exit status tells whether the specs are right."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import codec.spec
from codec.errors import Place, SpecError
from tests.cli.stand_in import Shell

MISTAKES = (
    SpecError("unknown-reference", "no such record", Place("a.yaml", None, 3, 7), hint="did you mean `meta`?"),
    SpecError("missing-max", "no limit", Place("a.yaml", None, 9, 1)),
)
DOUBTS = (SpecError("no-example", "no example", Place("fine.yaml", None, 2, 1), hint="add one"),)
DOUBT = "warning  no-example  place fine.yaml:2:1  message no example  hint add one\n"


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("codec.spec.workbench")
    module.formats = lambda: (("good", "A good format."), ("fine", "A fine one."))
    module.judged = lambda name: (MISTAKES if name == "a.yaml" else (), DOUBTS if name == "fine" else ())
    module.show = lambda name, record: f"{name}: {record or 'all records'}"
    module.schema = lambda name, document: f"{name}: {document or 'all documents'}"
    module.compiled_source = lambda name: f"# {name}"
    module.write_compiled = lambda name: (Path(f"{name}.py"),)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(codec.spec, "workbench", module, raising=False)
    return module


@pytest.mark.usefixtures("workbench")
def test_specs_without_a_mistake_have_status_0_and_doubts_are_said(shell: Shell) -> None:
    said = shell.codec("spec", "lint")
    assert (said.status, said.out, said.err) == (0, "good  0 mistakes, 0 doubts\nfine  0 mistakes, 1 doubt\n", DOUBT)


@pytest.mark.usefixtures("workbench")
def test_every_mistake_is_shown_with_its_place_and_the_status_is_2(shell: Shell) -> None:
    said = shell.codec("spec", "lint", "good", "a.yaml")
    assert (said.status, said.out) == (2, "")
    assert said.err.count("error[") == 2
    assert "a.yaml:3:7" in said.err
    assert "did you mean `meta`?" in said.err
    lines = [json.loads(line) for line in shell.codec("spec", "lint", "a.yaml", "--json").out.splitlines()]
    assert [(line["event"], line["code"], line["line"]) for line in lines] == [
        ("error", "unknown-reference", 3),
        ("error", "missing-max", 9),
    ]


@pytest.mark.usefixtures("workbench")
@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (("list",), "good  A good format.\nfine  A fine one.\n"),
        (("show", "--spec", "fine"), "fine: all records\n"),
        (("show", "--spec", "fine", "Hash.meta"), "fine: Hash.meta\n"),
        (("schema", "--spec", "fine"), "fine: all documents\n"),
        (("schema", "--spec", "fine", "manifest"), "fine: manifest\n"),
        (("compile", "--spec", "fine"), "fine.py\n"),
        (("compile", "--spec", "fine", "--show"), "# fine\n"),
    ],
)
def test_a_spec_command_prints_what_the_workbench_says(shell: Shell, arguments: tuple[str, ...], out: str) -> None:
    said = shell.codec("spec", *arguments)
    assert (said.status, said.out, said.err) == (0, out, "")


@pytest.mark.usefixtures("workbench")
@pytest.mark.parametrize(("new", "status"), [("same", 0), ("other", 3)])
def test_a_difference_that_breaks_something_has_a_status_of_its_own(
    shell: Shell, workbench: ModuleType, new: str, status: int
) -> None:
    workbench.compared = lambda old, new, as_json: (f"{old} {new} {as_json}", new == "other")
    said = shell.codec("spec", "diff", "good", new, "--json")
    assert (said.status, said.out) == (status, f"good {new} True\n")


@pytest.mark.usefixtures("workbench")
def test_an_unknown_record_is_an_error_with_its_status(shell: Shell, workbench: ModuleType) -> None:
    def show(name: str, record: str) -> str:
        raise SpecError("unknown-record", f"no record {record}")

    workbench.show = show
    assert shell.codec("spec", "show", "Nothing").status == 2
