"""`codec migrate`: a stream or a tree of one version of a format becomes one of another.

Invariant: options become one call of the library; what could not be carried over is said, thing by thing.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from .commands import HELP
from .session import Session
from .voices import Outcome

if TYPE_CHECKING:
    from codec.api import Engine
    from codec.migration.run import MigrateResult

_ENGINES = ("compiled", "interpreter")


@click.command(context_settings=HELP, short_help="Turn a snapshot or a tree into one of another version.")
@click.option(
    "--from", "older", default="", metavar="SPEC", help="Spec of the input.  [default: the one that it tells]"
)
@click.option("--to", "newer", required=True, metavar="SPEC", help="Spec of the output: a name, or a path.")
@click.option(
    "--input", "source", required=True, metavar="FILE|DIR", type=click.Path(), help="Snapshot or tree to read."
)
@click.option(
    "--output", "target", required=True, metavar="FILE|DIR", type=click.Path(), help="The same kind of thing."
)
@click.option("--replace", is_flag=True, help="Replace a tree that is already at --output, as a whole.")
@click.option(
    "--scratch-root", default="", metavar="DIR", help="Folder for what is put aside.  [default: the system's]"
)
@click.option("--engine", type=click.Choice(_ENGINES), default=_ENGINES[0], show_default=True)
@click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
@click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Errors only.")
@click.pass_obj
def migrate(
    session: Session,
    older: str,
    newer: str,
    source: str,
    target: str,
    replace: bool,
    scratch_root: str,
    engine: Engine,
) -> None:
    """Write the output, by the other version's spec, from the input; what cannot be carried over is counted and said.

    The output appears whole or not at all; the input is only read.

    Exit status: 0 done, also if something could not be carried over, 1 wrong use, 2 wrong data or spec.
    """
    from codec.migration.run import MigrateOptions
    from codec.migration.run import migrate as run

    session.doing = f"migrate {source}"
    start = monotonic()
    options = MigrateOptions(
        older=older,
        newer=newer,
        replace=replace,
        engine=engine,
        scratch_root=Path(scratch_root) if scratch_root else None,
        warn=session.voice.warning,
        progress=session.voice.progress,
    )
    result = run(Path(source), Path(target), options)
    session.voice.result(_migrated(result, source, target, monotonic() - start))


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
