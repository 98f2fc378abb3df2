"""`codec bench …`: make workloads, run them in turn, and print what was measured.

Invariant: nothing is imported for it before one of its commands is called.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from ..commands import HELP, default_format
from ..session import Session
from .contest import DIRECTIONS, OURS, Direction

if TYPE_CHECKING:
    from codec.spec.container import Container
    from codec.workers import Result

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


@bench.command("run", context_settings=HELP)
@click.argument("names", nargs=-1, metavar="[WORKLOAD]...")
@click.option(
    "--scale", "scales", type=float, multiple=True, default=(1.0,), show_default=True, help="Several: growth."
)
@click.option("--direction", "directions", type=click.Choice(DIRECTIONS), multiple=True, help="Default: all of them.")
@click.option(
    "--rounds",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Timed runs of each contestant; 0: only one, watched.",
)
@click.option(
    "--rival", "rivals", multiple=True, metavar="DIRECTION=COMMAND", help="With the words {input} and {output}."
)
@click.option("--option", "options", multiple=True, metavar="TEXT", help="One more option for our own runs.")
@click.option("--name", default=OURS, show_default=True, help="Name of our own runs in the results.")
@click.option(
    "--check-scale",
    type=click.FloatRange(min=0),
    default=0.01,
    show_default=True,
    help="Scale at which our output is compared with the interpreter's; 0: not.",
)
@click.option("--unsorted", is_flag=True, help="Input whose records stand in no order.")
@click.option("--patience", type=float, default=0.0, help="Seconds to wait before a run for a machine that is calm.")
@click.option("--calls", is_flag=True, help="Count system calls as well, with strace.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/dev/shm"),
    show_default=True,
    help="Folder for inputs and outputs: a file system in memory.",
)
@click.option(
    "--results", "path", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON file to add to."
)
@_seed
@click.pass_obj
def run_series(
    session: Session,
    names: tuple[str, ...],
    scales: tuple[float, ...],
    directions: tuple[Direction, ...],
    rounds: int,
    rivals: tuple[str, ...],
    options: tuple[str, ...],
    name: str,
    check_scale: float,
    unsorted: bool,
    patience: float,
    calls: bool,
    work: Path,
    path: Path,
    seed: int,
) -> None:
    """Measure each WORKLOAD (default: all but `mix`), contestants in turn, and add the numbers to FILE."""
    from codec.spec import library

    from . import report, results, series, workloads
    from .contest import ours, rival

    container = library.load(default_format())
    kept = results.load(path)
    contestants = tuple(one for one in (ours(options, name), rival(rivals)) if one)
    ways = directions or DIRECTIONS[:3]
    wanted = series.Wanted(ways, contestants, rounds, check_scale, seed, unsorted, calls, patience, work)
    kept.commands.append(results.command_line())
    for each in names or workloads.standard():
        workload = workloads.load(each, container)
        for scale in scales:
            for one in series.measured(workload, scale, container, wanted, lambda text: click.echo(text, err=True)):
                kept.add([one])
                results.save(kept, path)
                click.echo(report.line(one))


@bench.command(context_settings=HELP)
@click.argument("names", nargs=-1, metavar="[WORKLOAD]...")
@click.option("--scale", type=float, default=0.05, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--kaitai",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder whose node_modules have Kaitai's compiler.",
)
@click.option(
    "--results", "path", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON file to add to."
)
@_seed
def micro(names: tuple[str, ...], scale: float, rounds: int, kaitai: Path | None, path: Path, seed: int) -> None:
    """Time framing, records and documents of each WORKLOAD beside a bare loop, construct, Kaitai and json."""
    from functools import partial
    from tempfile import TemporaryDirectory

    from codec.spec import ready
    from codec.workers import in_children

    from . import kaitai as yardstick
    from . import micro, micro_records, results, workloads

    container = ready.load(default_format())  # as a run does, without what making it leaves behind
    kept = results.load(path)
    kept.commands.append(results.command_line())
    compiler = yardstick.Compiler(kaitai) if kaitai else None
    ways = list(micro.ways(container, compiler))
    readers = yardstick.readers(container, compiler) if compiler else {}
    names = names or workloads.standard()
    framing = {}
    for name in names:  # first of all, and made in a child: what other work leaves in memory slows it down
        with TemporaryDirectory(prefix="bench-") as folder:
            file = Path(folder) / "input"
            in_children([partial(_written, name, container, file, scale, seed)])
            framing[name] = micro.framing(container, name, file.read_bytes(), ways, rounds)
    for name in names:
        held = micro_records.samples(workloads.load(name, container), scale, seed)
        found = [
            *framing[name],
            *micro_records.records(name, held, rounds, readers),
            *micro_records.documents(name, held, rounds),
        ]
        for one in found:
            click.echo(f"{one.workload:<5}{one.thing:<40}{one.way:<32}{1e6 * one.per_unit:10.2f} us")
        kept.add(micro=found)
        results.save(kept, path)


def _written(name: str, container: Container, file: Path, scale: float, seed: int) -> Result:
    """Write the snapshot of a workload, in a child."""
    from codec.workers import Result

    from . import stream, workloads

    return Result(stream.write(workloads.load(name, container), container, file, scale, seed, unsorted=False).records)


@bench.command(context_settings=HELP)
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="RESULTS")
@click.option("--note", default="", help="A sentence on how it was measured.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Markdown file; a plot goes beside it.")
def report(path: Path, output: Path | None, note: str) -> None:
    """Print the tables of a file of results, or write them to FILE with a plot beside it."""
    from codec.tree.publish import OutputFile

    from . import report, results

    kept = results.load(path)
    if output is None:
        click.echo(report.markdown(kept, f"{path.stem}.svg", note), nl=False)
        return
    plot = output.with_suffix(".svg")
    for target, text in ((plot, report.picture(kept)), (output, report.markdown(kept, plot.name, note))):
        with OutputFile(target) as out:
            out.write(text.encode())
            out.publish()
        click.echo(f"wrote  {target}")
