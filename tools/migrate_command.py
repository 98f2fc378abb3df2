"""`codec migrate`: a stream or a tree of one version of a format becomes one of another.

Invariant: options become one call of the library; what could not be carried over is said, thing by thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from .commands import HELP, LateCommand, format_options
from .session import Session
from .voices import Outcome

if TYPE_CHECKING:
    from codec.api import Engine
    from codec.migration.run import MigrateResult

_ENGINES = ("compiled", "interpreter")


def _options(format: str) -> list[click.Parameter]:
    def path(name: str, metavar: str, sentence: str, *names: str) -> click.Option:
        return click.Option([name, *names], metavar=metavar, help=sentence, default="")

    def needed(name: str, metavar: str, sentence: str, *names: str) -> click.Option:
        return click.Option([name, *names], metavar=metavar, help=sentence, required=True)

    return [
        path("--from", "SPEC", "Spec of the input.  [default: the one that it tells]", "older"),
        needed("--to", "SPEC", "Spec of the output: a name, or a path.", "newer"),
        needed("--input", "FILE|DIR", "Snapshot or tree to read.", "source"),
        needed("--output", "FILE|DIR", "The same kind of thing.", "target"),
        click.Option(["--replace"], is_flag=True, help="Replace a tree that is already at --output, as a whole."),
        *format_options(format, "decode", "encode"),
        path("--scratch-root", "DIR", "Folder for what is put aside.  [default: the system's]"),
        click.Option(["--engine"], type=click.Choice(_ENGINES), default=_ENGINES[0], show_default=True),
        click.Option(["--json"], is_flag=True, expose_value=False, help="Messages as JSON lines, for programs."),
        click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, help="Errors only."),
    ]


def _migrate(
    session: Session,
    *,
    older: str,
    newer: str,
    source: str,
    target: str,
    replace: bool,
    scratch_root: str,
    engine: Engine,
    **switches: object,
) -> None:
    from codec.migration.run import MigrateOptions
    from codec.migration.run import migrate as run

    session.doing = f"migrate {source}"
    start = monotonic()
    options = MigrateOptions(
        older=older,
        newer=newer,
        switches=_said(switches),
        replace=replace,
        engine=engine,
        scratch_root=Path(scratch_root) if scratch_root else None,
        warn=session.voice.warning,
        progress=session.voice.progress,
    )
    result = run(Path(source), Path(target), options)
    session.voice.result(_migrated(result, source, target, monotonic() - start))


def _said(switches: Mapping[str, object]) -> dict[str, object]:
    """The options that the command line says: of the others the input and the spec know better than any default."""
    source = click.get_current_context().get_parameter_source
    return {name: value for name, value in switches.items() if source(name) is not ParameterSource.DEFAULT}


migrate = LateCommand(
    "migrate",
    context_settings=HELP,
    callback=click.pass_obj(_migrate),
    options_metavar="--to SPEC --input FILE|DIR --output FILE|DIR [options]",
    short_help="Turn a snapshot or a tree into one of another version.",
    help="Write the output, by the other version's spec, from the input; what cannot be carried over is counted and said."
    "\n\nThe output appears whole or not at all; the input is only read.",
    epilog="Exit status: 0 done, also if something could not be carried over, 1 wrong use, 2 wrong data or spec.",
)
migrate.late = _options
migrate.named_by = "--to"


def _migrated(result: MigrateResult, source: str, target: str, seconds: float) -> Outcome:
    hidden = "   ".join(f"{name} {count:,}" for name, count in result.hidden.items())
    rows = [
        ("wrote", f"{target}  {result.kind}, {result.records:,} records  in {seconds:.1f} s"),
        ("from", result.older),
        ("to", result.newer),
        ("hidden", hidden or "nothing"),
        ("lost", "nothing" if not result.lost else f"{len(result.lost)} kinds of things"),
    ]
    rows += [("", f"{count:,}  {what}") for what, count in result.lost.items()]
    data = {"command": "migrate", "input": source, "output": target, "seconds": round(seconds, 3), **asdict(result)}
    return Outcome(tuple(rows), (), data)
