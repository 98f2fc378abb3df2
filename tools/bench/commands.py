"""`codec bench …`: make workloads, run them in turn, and print what was measured.

Invariant: nothing is imported for it before one of its commands is called.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from ..commands import HELP, default_format
from ..session import Session

_scale = click.option("--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
_seed = click.option("--seed", type=int, default=1, show_default=True)


@click.group(context_settings=HELP, no_args_is_help=False)
def bench() -> None:
    """Make workloads, run them in turn with other tools, and report time and memory."""


@bench.command("list", context_settings=HELP)
def list_workloads() -> None:
    """Print the workloads that come with the project."""
    from codec.spec import library

    from . import workloads

    container = library.load(default_format())
    for name in workloads.names():
        click.echo(f"{name:<5}{workloads.load(name, container).doc}")


@bench.command(context_settings=HELP)
@click.argument("workload")
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Snapshot to write.")
@_scale
@_seed
@click.option("--unsorted", is_flag=True, help="Records in an order that has nothing to do with their keys.")
@click.pass_obj
def make(session: Session, workload: str, output: Path, scale: float, seed: int, unsorted: bool) -> None:
    """Write the snapshot of WORKLOAD, the name of a shipped one or the path of a template."""
    from codec.spec import library

    from ..voices import Outcome
    from . import stream, workloads

    start = monotonic()
    container = library.load(default_format())
    made = stream.write(workloads.load(workload, container), container, output, scale, seed, unsorted=unsorted)
    seconds = monotonic() - start
    rows = (("wrote", f"{output}  {made.size:,} bytes  {made.records:,} records  in {seconds:.1f} s"),)
    data = {"command": "bench make", "output": str(output), "records": made.records, "bytes": made.size}
    session.voice.result(Outcome(rows, (), data))
