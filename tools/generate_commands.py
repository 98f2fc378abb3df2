"""`codec generate …`: what else can be made of a spec.

Invariant: everything is made and published by `codec.generate`; these commands turn options into one call.
"""

from __future__ import annotations

from pathlib import Path

import click

from .commands import HELP

_folder = click.option("-o", "--output", "target", metavar="DIR", required=True, help="Folder to write.")
_replace = click.option("--replace", is_flag=True, help="Replace what is already at --output, as a whole.")
_spec = click.argument("name", metavar="SPEC")


@click.group(context_settings=HELP, no_args_is_help=False)
def generate() -> None:
    """Make schemas, a manual and code of a spec; SPEC is the name of a format, or the path of a spec."""


@generate.command("json-schema", context_settings=HELP)
@_spec
@_folder
@_replace
def json_schema(name: str, target: str, replace: bool) -> None:
    """Write a JSON Schema for every kind of document of SPEC."""
    _write_folder("json-schema", name, target, replace)


@generate.command(context_settings=HELP)
@_spec
@_folder
@_replace
def docs(name: str, target: str, replace: bool) -> None:
    """Write the reference manual of SPEC: Markdown pages, and one HTML page with all of them."""
    _write_folder("docs", name, target, replace)


@generate.command(context_settings=HELP)
@_spec
@click.option("-o", "--output", "target", metavar="FILE", required=True, help="File to write.")
def python(name: str, target: str) -> None:
    """Write a Python module of SPEC that needs nothing else: its things as classes, `decode`, `encode`, documents."""
    from codec.generate.outputs import write_python

    click.echo(f"{target}  {write_python(name, Path(target)):,} lines")


@generate.command(context_settings=HELP)
@_spec
@_folder
@_replace
def kaitai(name: str, target: str, replace: bool) -> None:
    """Write Kaitai structs of the binary side of SPEC: one of the file, one of each adapter's records."""
    _write_folder("kaitai", name, target, replace)


def _write_folder(kind: str, name: str, target: str, replace: bool) -> None:
    from codec.generate.outputs import write_folder

    count = write_folder(kind, name, Path(target), replace=replace)
    click.echo(f"{target}  {count} files")
