"""Runs in turn: every contestant once per round, each into a fresh place, nothing deleted before the end.

Invariant: outputs are compared before anything is timed; inputs are read once before the first run that counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codec.errors import DataError, Place
from codec.spec.container import Container
from codec.stream.write import BLOCK

from . import measure, stream
from .contest import Contestant, Direction, ours
from .results import Series
from .workloads import Workload

INTERPRETED = "interpreter"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: `rounds` timed runs each, one watched run, and one traced run if `calls`.

    Without rounds the watched run is the timed one, which saves space and time for large inputs.
    Outputs of the contestants are compared at the full scale, with those of our interpreter at `check_scale`.
    """

    directions: tuple[Direction, ...]
    contestants: tuple[Contestant, ...]
    rounds: int
    check_scale: float
    seed: int
    unsorted: bool
    calls: bool
    patience: float  # seconds to wait, before each timed run, for a machine that is calm
    folder: Path


@dataclass(frozen=True, slots=True)
class Input:
    """A workload at one scale, as stream and as tree, in a folder of its own."""

    folder: Path
    stream: Path
    canonical: Path  # the same records in order: what an encode of the tree gives
    tree: Path
    records: int
    files: int
    size: int

    def of(self, direction: Direction) -> Path:
        """What a direction reads; the tree with a complement is made when it is first asked for."""
        if direction != "restore":
            return self.stream if direction in ("decode", "complement") else self.tree
        kept = self.folder / "kept"
        if not kept.exists():
            measure.run(ours().command("complement", self.stream, kept))
        return kept


Say = Callable[[str], None]


def measured(workload: Workload, scale: float, container: Container, wanted: Wanted, say: Say) -> Iterator[Series]:
    """The series of one workload at one scale, direction by direction."""
    if wanted.check_scale:
        with made(workload, min(scale, wanted.check_scale), container, wanted) as few:
            say(f"{workload.name}: comparing with the interpreter")
            for direction in ("decode", "encode"):
                _compare(container, few, direction, [ours(), ours(("--engine", INTERPRETED), INTERPRETED)])
    with made(workload, scale, container, wanted) as many:
        for direction in wanted.directions:
            yield from _direction(workload, scale, container, many, direction, wanted, say)


@contextmanager
def made(workload: Workload, scale: float, container: Container, wanted: Wanted) -> Iterator[Input]:
    """The input of both directions, in a folder that is removed at the end; both are warm in the page cache."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=wanted.folder) as name:
        folder = Path(name).resolve()
        source, tree = folder / "input.fsm", folder / "input"
        written = stream.write(workload, container, source, scale, wanted.seed, unsorted=wanted.unsorted)
        canonical = folder / "sorted.fsm" if wanted.unsorted else source
        if wanted.unsorted:
            stream.write(workload, container, canonical, scale, wanted.seed, unsorted=False)
        measure.run(ours().command("decode", source, tree))
        yield Input(folder, source, canonical, tree, written.records, sum(1 for _ in _files(tree)), written.size)


def _direction(
    workload: Workload,
    scale: float,
    container: Container,
    many: Input,
    direction: Direction,
    wanted: Wanted,
    say: Say,
) -> Iterator[Series]:
    """All contestants of one direction; everything that their runs left is removed after the last one."""
    needed: set[Direction] = {"decode", "complement", "restore"} if direction == "complement" else {direction}
    contestants = [one for one in wanted.contestants if needed <= one.commands.keys()]
    with tempfile.TemporaryDirectory(prefix="out-", dir=many.folder) as name:
        out, source = Path(name), many.of(direction)
        equal = _compare(container, many, direction, contestants)
        runs: dict[str, list[measure.Run]] = {one.name: [] for one in contestants}
        plain: dict[str, list[measure.Run]] = {one.name: [] for one in contestants if direction == "complement"}
        for number in range(wanted.rounds):
            say(f"{workload.name} x{scale:g} {direction}: round {number + 1} of {wanted.rounds}")
            for one in contestants:
                command = one.command(direction, source, out / f"{one.name}-{number}")
                measure.calm(wanted.patience)
                runs[one.name].append(measure.run(command))
                if one.name in plain:
                    command = one.command("decode", source, out / f"{one.name}-{number}-plain")
                    measure.calm(wanted.patience)
                    plain[one.name].append(measure.run(command))
        for one in contestants:
            say(f"{workload.name} x{scale:g} {direction}: memory of {one.name}")
            watched = measure.run(one.command(direction, source, out / f"{one.name}-watched"), watch=True)
            traced = one.command(direction, source, out / f"{one.name}-traced")
            calls = (measure.system_calls(traced) or {}) if wanted.calls else {}
            timed = runs[one.name] or [watched]
            beside = plain.get(one.name, [])
            yield Series(
                workload.name,
                scale,
                wanted.unsorted,
                direction,
                one.name,
                " ".join((Path(one.commands[direction][0]).name, *one.commands[direction][1:])),
                many.records,
                many.files,
                many.size,
                [run.wall for run in timed],
                [run.cpu for run in timed],
                watched.pss,
                max(run.rss for run in (*timed, watched)),
                watched.processes,
                [run.others for run in timed],
                equal,
                calls,
                {"wall": [run.wall for run in beside], "cpu": [run.cpu for run in beside]} if beside else {},
            )


def _compare(container: Container, many: Input, direction: Direction, contestants: Sequence[Contestant]) -> str:
    """Compare what all make, and what an encode makes with the stream that the tree is from; names what was equal.

    Raises `DataError` where something differs, `EnvironmentProblem` if a command fails.
    """
    if direction == "complement":
        return _compare_back(container, many, contestants)
    against = {"encode": [many.canonical], "self-test": [many.canonical], "restore": [many.stream]}.get(direction, [])
    if direction == "help" or (len(contestants) < 2 and not against):
        return ""
    first = contestants[0]
    with tempfile.TemporaryDirectory(prefix="check-", dir=many.folder) as name:
        outputs = {one.name: Path(name) / one.name for one in contestants}
        for one in contestants:
            measure.run(one.command(direction, many.of(direction), outputs[one.name]))
        difference = different_tree if direction == "decode" else different_file
        for other in [*against, *(outputs[one.name] for one in contestants[1:])]:
            if found := difference(container, outputs[first.name], other):
                message = f"{first.name} made something else than {other.name}"
                raise DataError("bench-differs", message, Place(found), hint="nothing is timed before this is settled")
    return ", ".join([*("the input" for _ in against), *(one.name for one in contestants[1:])])


def _compare_back(container: Container, many: Input, contestants: Sequence[Contestant]) -> str:
    """Compare what an encode makes of each tree that has a complement with the file that the tree is from."""
    with tempfile.TemporaryDirectory(prefix="check-", dir=many.folder) as name:
        for one in contestants:
            tree, back = Path(name) / f"{one.name}-tree", Path(name) / f"{one.name}-back"
            measure.run(one.command("complement", many.stream, tree))
            measure.run(one.command("restore", tree, back))
            if found := different_file(container, many.stream, back):
                message = f"an encode of what {one.name} made does not give the input back"
                raise DataError("bench-differs", message, Place(found), hint="nothing is timed before this is settled")
    return "the input, encoded again"


def different_tree(container: Container, one: Path, other: Path) -> str:
    """The first path that two trees do not have in common; the manifest, which has the time, is not compared."""
    names = set(_files(one)) | set(_files(other))
    manifest = container.manifest.path
    for name in sorted(names - {manifest, container.checksums}):
        if different_file(container, one / name, other / name):
            return name
    sums = [
        [line for line in (tree / container.checksums).read_text().splitlines() if not line.endswith(f"  {manifest}")]
        for tree in (one, other)
    ]
    return "" if sums[0] == sums[1] else container.checksums


def different_file(container: Container, one: Path, other: Path) -> str:
    """The path of a file whose bytes another has not, else nothing."""
    try:
        with one.open("rb") as left, other.open("rb") as right:
            while block := left.read(BLOCK):
                if block != right.read(BLOCK):
                    return str(one)
            return str(one) if right.read(1) else ""
    except OSError:
        return str(one)


def _files(tree: Path) -> Iterator[str]:
    """Every file below a folder, by its path."""
    for folder, _, names in os.walk(tree):
        below = os.path.relpath(folder, tree)
        yield from (name if below == "." else f"{below}/{name}" for name in names)
