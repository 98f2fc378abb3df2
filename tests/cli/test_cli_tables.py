"""The tables of `docs/command-line.md` say what the programs say: statuses, messages and warnings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from codec import errors
from codec.spec import library
from tests.cli.test_cli_frame import ROOT, rows_below
from tools import session

SOURCES = [path for top in ("codec", "tools") for path in sorted((ROOT / top).rglob("*.py"))]
FORMAT = library.load("elastickv")


def names(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9_]+)`", cell)


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or method `name` in the sources."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                yield path, node


def subclasses(of: type) -> Iterator[type]:
    yield of
    for each in of.__subclasses__():
        yield from subclasses(each)


def test_the_statuses() -> None:
    statuses = {0} | {each.exit_status for each in subclasses(errors.CodecError)}
    statuses |= {128 + number for number in session._SIGNALS}
    assert {int(row[0]) for row in rows_below("## Exit status")} == statuses


def test_the_json_messages() -> None:
    said = {call.args[0].value for path, call in calls("_write") if path.name == "voices.py"}  # type: ignore[attr-defined]
    listed = {names(row[0])[0] for row in rows_below("### JSON messages")}
    assert listed == said
    (error,) = (row[1] for row in rows_below("### JSON messages") if names(row[0]) == ["error"])
    full = errors.DataError(
        "code", "message", errors.Place("source", 1, 2, 3), "path", "expected", "found", "hint", "spec"
    )
    assert set(names(error)) == {"status", *full.as_json()}


def test_the_results() -> None:
    """Every sub-command that says a result in JSON has its row."""
    commands = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())) if path.parts[len(ROOT.parts)] == "tools" else ():
            if isinstance(node, ast.Dict):
                commands |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "command" and isinstance(value, ast.Constant)
                }
    commands |= {call.args[0].value for _, call in calls("_data") if isinstance(call.args[0], ast.Constant)}
    listed = {match[1] for row in rows_below("### JSON messages") if (match := re.search(r"of `([a-z -]+)`", row[0]))}
    assert commands
    assert commands <= listed


def test_the_warnings_of_every_format() -> None:
    said: dict[str, list[str] | None] = {}
    for _, call in calls("Warned"):
        if isinstance(call.args[0], ast.Constant):
            fields = call.args[1]
            literal = isinstance(fields, ast.Tuple) and all(isinstance(each, ast.Tuple) for each in fields.elts)
            said.setdefault(
                call.args[0].value,
                [each.elts[0].value for each in fields.elts] if literal else None,  # type: ignore[attr-defined]
            )
    listed = {names(row[0])[0]: names(row[1]) for row in rows_below("Those of every format:")}
    assert listed.keys() == said.keys()
    assert {name: fields for name, fields in listed.items() if said[name] is not None} == {
        name: fields for name, fields in said.items() if fields is not None
    }


def test_the_warnings_of_the_format() -> None:
    declared = {
        event: [name for name, _ in warning.fields]
        for adapter in FORMAT.adapters
        for event, warning in adapter.warnings.items()
    }
    (sentence,) = (
        line for line in (ROOT / "docs/command-line.md").read_text().splitlines() if "hint` besides:" in line
    )
    assert {names(row[0])[0]: names(row[1]) for row in rows_below(sentence)} == declared
