"""`codec conformance …`: vectors of a format as data files, runs of any program over them, and what they cover.

Invariant: what a vector is, and whether a run was right, is said by `codec.conformance`; these commands parse and print.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codec.errors import UsageError

from .commands import HELP, default_format
from .session import Session

if TYPE_CHECKING:
    from codec.conformance.index import Entry, Index
    from codec.conformance.reports import Report
    from codec.conformance.vectors import Vector

WRONG_DATA = 2
_CPUS, _SECONDS = os.cpu_count() or 1, click.FloatRange(0.1)
_golden = click.option(
    "--golden", type=click.Path(), default="", metavar="DIR", help="Folder of golden cases to take in."
)
_json = click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
_quiet = click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Errors only.")


@click.group(context_settings=HELP, no_args_is_help=False)
def conformance() -> None:
    """Test any program that reads or writes a format."""


@conformance.command(context_settings=HELP, short_help="Write the vectors of a format, as data files.")
@click.argument("name", default="", metavar="[SPEC]")
@click.option("-o", "--output", "target", type=click.Path(), default="", metavar="DIR", help="Folder to write.")
@click.option("--replace", is_flag=True, help="Replace a folder that is already at --output, as a whole.")
@_golden
@_json
@_quiet
@click.pass_obj
def export(session: Session, name: str, target: str, replace: bool, golden: str) -> None:
    """Write the conformance vectors of SPEC (a format's name, or a spec's path) into DIR: inputs, outputs, an index."""
    from .conformance_results import exported

    if not target:
        raise UsageError("usage", "--output is required")
    session.doing = f"export to {target}"
    session.voice.result(exported(_export(name, golden, Path(target), replace=replace), target))


def _export(name: str, golden: str, target: Path, *, replace: bool = False, sync: bool = True) -> Index:
    from codec.conformance.export import export as write

    return write(
        name or default_format(), vectors(name or default_format(), golden), target, replace=replace, sync=sync
    )


def vectors(name: str, golden: str) -> Iterable[Vector]:
    """The generated vectors of a format, and those of a folder of golden cases if there is one."""
    try:
        from codec.conformance.generate import generated
    except ModuleNotFoundError as problem:
        hint = "install this program with its extra `testing`"
        raise UsageError("install", f"vectors cannot be made without {problem.name}", hint=hint) from None
    yield from generated(name)
    if golden:
        from codec.conformance.golden import golden_vectors

        yield from golden_vectors(name, Path(golden))


@conformance.command(context_settings=HELP, short_help="Run a program over the vectors, and judge it.")
@click.argument("name", default="", metavar="[SPEC]")
@click.option("--decode", default="", metavar="CMD", help="Command that decodes {input} into {output}.")
@click.option("--encode", default="", metavar="CMD", help="Command that encodes {input} into {output}.")
@click.option(
    "--vectors", "folder", type=click.Path(), default="", metavar="DIR", help="Exported vectors; else those of SPEC."
)
@click.option("--known", type=click.Path(), default="", metavar="FILE", help="Ids of vectors that are known to fail.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Only vectors whose id or paragraph fits; repeatable.")
@click.option(
    "--sample", type=click.IntRange(0), default=0, metavar="N", help="Only N vectors, spread over all.  [default: all]"
)
@click.option(
    "--jobs", type=click.IntRange(1), default=_CPUS, metavar="N", help="Commands at once.  [default: processors]"
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds that a command may take.",
)
@click.option("--refusals", default="1,2", show_default=True, metavar="LIST", help="Statuses that mean a refusal.")
@click.option("--report-json", type=click.Path(), default="", metavar="FILE", help="Write the results as JSON.")
@click.option("--report-junit", type=click.Path(), default="", metavar="FILE", help="Write the results as JUnit XML.")
@click.option(
    "--report-html", type=click.Path(), default="", metavar="FILE", help="Write the results as one HTML page."
)
@_golden
@_json
@_quiet
@click.pass_obj
def run(
    session: Session,
    /,
    name: str,
    decode: str,
    encode: str,
    folder: str,
    golden: str,
    known: str,
    only: tuple[str, ...],
    sample: int,
    jobs: int,
    timeout: float,
    refusals: str,
    **reports: str,
) -> int:
    """Run CMD over the vectors and say where it is wrong; {input}, {output} and {options} in CMD are filled in.

    An input that is right must give the output of its vector; one that is wrong must be refused, with a status for
    that and without an output. Exit status: 0 it conforms, 1 wrong use, 2 it does not.
    """
    from codec.conformance.drivers import Command
    from codec.conformance.index import read_index
    from codec.conformance.reports import Report
    from codec.conformance.running import Suite, chosen, known_failures
    from codec.conformance.running import run as results

    from .conformance_results import judged

    given = {"decode": decode, "encode": encode}
    if not decode and not encode:
        raise UsageError("usage", "--decode or --encode is required", hint="--decode 'program {input} {output}'")
    drivers = {way: Command(text, f"--{way}", timeout) for way, text in given.items() if text}
    statuses = _statuses(refusals)
    with tempfile.TemporaryDirectory(prefix="vectors-") as made:
        home = Path(folder) if folder else Path(made, "vectors")
        if not folder:
            session.doing = f"vectors of {name or default_format()}"
            _export(name, golden, home, sync=False)
        index = read_index(home)
        entries = [entry for entry in index.entries if entry.direction in drivers]
        entries = chosen(_with(index, entries), only, sample)
        expected = known_failures(Path(known), index) if known else frozenset[str]()
        suite = Suite(drivers, statuses, expected, jobs)  # type: ignore[arg-type]
        session.doing = "run"
        commands = {way: text for way, text in given.items() if text}
        report = Report(index.format, index.version, commands, tuple(results(home, index, entries, suite)))
    _write_reports(report, reports)
    session.voice.result(judged(report))
    return 0 if report.good else WRONG_DATA


def _with(index: Index, entries: list[Entry]) -> Index:
    from dataclasses import replace

    return replace(index, entries=tuple(entries))


def _statuses(text: str) -> frozenset[int]:
    words = text.split(",")
    if not all(word.strip().isdecimal() and 0 < int(word) < 126 for word in words):
        raise UsageError("usage", "--refusals is no list of statuses", expected="such as 1,2", found=text)
    return frozenset(map(int, words))


def _write_reports(report: Report, wanted: dict[str, str]) -> None:
    from codec.conformance.reports import to_html, to_json, to_junit
    from codec.tree.publish import OutputFile

    for option, form in (("report_json", to_json), ("report_junit", to_junit), ("report_html", to_html)):
        if wanted[option]:
            with OutputFile(Path(wanted[option])) as out:
                out.write(form(report).encode())
                out.publish()


@conformance.command(context_settings=HELP, short_help="Show which paragraphs of a format the vectors check.")
@click.argument("name", default="", metavar="[SPEC]")
@click.option(
    "--vectors", "folder", type=click.Path(), default="", metavar="DIR", help="Exported vectors; else those of SPEC."
)
@click.option("--all", "whole", is_flag=True, help="Every paragraph, not only those that nothing checks.")
@_golden
@_json
@_quiet
@click.pass_obj
def coverage(session: Session, name: str, folder: str, whole: bool, golden: str) -> int:
    """Print for each record kind, slot, document, member, error and word how many vectors check it, both ways.

    Where no input can be wrong, it says why. Exit status: 0 all is checked, 1 wrong use, 2 something is not.
    """
    from codec.conformance.coverage import coverage_of, hits_of
    from codec.conformance.index import read_index

    from .conformance_results import covered

    hits = hits_of(read_index(Path(folder)).entries) if folder else hits_of(vectors(name or default_format(), golden))
    rows = coverage_of(name or default_format(), hits)
    session.voice.result(covered(rows, whole))
    return 0 if all(row.covered for row in rows) else WRONG_DATA
