"""The project's frame: what is packaged, which commands are installed, and that the documents tell the truth."""

from __future__ import annotations

import importlib
import re
import tomllib
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import click
import pytest

from codec.api import DecodeResult, EncodeResult, FormatResult, VerifyResult
from codec.archive import Packed, Unpacked
from tests.cli.stand_in import Library
from tools.commands import decode_command, encode_command
from tools.main import codec

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DOCUMENT = (ROOT / "docs" / "command-line.md").read_text("utf-8")


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the first table below `heading`, without its head."""
    lines = DOCUMENT.partition(f"{heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    table = lines[start + 1 :]
    end = next((number for number, line in enumerate(table) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[:end]]


def test_every_package_of_the_checkout_is_in_the_wheel() -> None:
    found = [path.parent.relative_to(ROOT).parts for top in ("codec", "tools") for path in (ROOT / top).rglob("*.py")]
    packages = {".".join(parts if parts[0] == "codec" else ("codec", *parts)) for parts in found}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages | {"codec.specs"}


def test_every_spec_of_the_checkout_is_in_the_wheel() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["codec.specs"]
    shipped = {path for pattern in patterns for path in (ROOT / "specs").glob(pattern)}
    present = {path for path in (ROOT / "specs").rglob("*") if path.suffix in (".yaml", ".json")}
    assert present
    assert shipped >= present


@pytest.mark.parametrize("entry", PROJECT["project"]["scripts"].values())
def test_every_installed_command_has_a_function_to_call(entry: str) -> None:
    module, _, function = entry.removeprefix("codec.").partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("command", ["decode", "encode"])
def test_the_document_lists_the_options_of_the_command(
    library: Library, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    from codec.spec import options

    monkeypatch.setattr(options, "options", lambda format, direction: ())
    built = {"decode": decode_command, "encode": encode_command}[command]()
    parameters = built.get_params(click.Context(built, **built.context_settings))
    listed = [re.findall(r"`(--?[a-z-]+)", row[0]) for row in rows_below(f"## Options of `{command}`")]
    assert listed == [list(parameter.opts) for parameter in parameters]


def test_the_document_lists_the_commands() -> None:
    group = codec()
    names = set()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        names |= {f"{name} {inner}" for inner in command.commands} if isinstance(command, click.Group) else {name}
    rows = [row[0].strip("`").split()[1:] for row in rows_below("one implementation.")]
    assert {" ".join(takewhile(re.compile("[a-z][a-z-]*").fullmatch, words)) for words in rows} - {""} == names


RESULTS = [("decode", DecodeResult), ("encode", EncodeResult), ("archive pack", Packed), ("archive unpack", Unpacked)]


def test_the_document_lists_the_members_of_a_judgement() -> None:
    for command, result, more in (("verify", VerifyResult, []), ("fmt", FormatResult, ["check"])):
        (row,) = (row for row in rows_below("### JSON messages") if row[0] == f"`result` of `{command}`")
        members = re.findall(r"`(\w+)`", row[1].replace("`tree`", ""))
        assert members[3:] == [*(part.name for part in fields(result)), *more]


@pytest.mark.parametrize(("command", "result"), RESULTS)
def test_the_document_lists_the_members_of_a_result(command: str, result: type) -> None:
    (row,) = (row for row in rows_below("### JSON messages") if row[0] == f"`result` of `{command}`")
    assert re.findall(r"`(\w+)`", row[1])[4:] == [part.name for part in fields(result)]
