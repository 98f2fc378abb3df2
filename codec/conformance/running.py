"""Driving an implementation over vectors: several at once, judged one by one, against a list of known failures."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Literal

from codec.conformance.compare import stream_difference, tree_differences
from codec.conformance.drivers import Driver, Ran
from codec.conformance.index import Entry, Index
from codec.conformance.vectors import Direction
from codec.errors import Place, UsageError
from codec.spec.wording import nearest

Outcome = Literal["passed", "failed", "known failure", "unexpected success", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "known failure", "unexpected success", "skipped")
BAD: tuple[Outcome, ...] = ("failed", "unexpected success")
MOST_DIFFERENCES = 5
NO_OPTIONS = "the command has no place for options"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one vector; `reason` says what was wrong, `said` is the end of what the command printed."""

    entry: Entry
    outcome: Outcome
    reason: str = ""
    said: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """An implementation under test: a driver for each direction, statuses that mean a refusal, known failures by id."""

    drivers: Mapping[Direction, Driver]
    refusals: frozenset[int] = frozenset((1, 2))
    known: frozenset[str] = frozenset()
    jobs: int = 1


@dataclass(slots=True)
class Summary:
    """Counts of outcomes, and the results that are no success."""

    counts: Counter[str] = field(default_factory=Counter)
    bad: int = 0

    def add(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        self.bad += result.outcome in BAD


def run(folder: Path, index: Index, entries: Iterable[Entry], suite: Suite) -> Iterator[Result]:
    """The result of each entry, in their order. At most a few more than `jobs` are under way at a time."""
    waiting: list[Future[Result]] = []
    source = iter([entry for entry in entries if entry.direction in suite.drivers])
    with ThreadPoolExecutor(suite.jobs) as pool:
        try:
            for entry in islice(source, 2 * suite.jobs):
                waiting.append(pool.submit(_result, folder, index, entry, suite))
            while waiting:
                result = waiting.pop(0).result()
                for entry in islice(source, 1):
                    waiting.append(pool.submit(_result, folder, index, entry, suite))
                yield result
        except BaseException:
            for future in waiting:
                future.cancel()
            for driver in suite.drivers.values():
                getattr(driver, "stop", lambda: None)()
            raise


def _result(folder: Path, index: Index, entry: Entry, suite: Suite) -> Result:
    driver = suite.drivers[entry.direction]
    if entry.options and not driver.takes_options:
        return Result(entry, "skipped", NO_OPTIONS)
    with tempfile.TemporaryDirectory(prefix="conformance-") as work:
        target = Path(work, "work", "output")
        target.parent.mkdir()
        ran = driver(_input(folder, entry, Path(work, "input")), target, entry.options)
        reason = judged(folder, index, entry, target, ran, suite.refusals)
    is_known = entry.id in suite.known
    if reason:
        return Result(entry, "known failure" if is_known else "failed", reason, ran.said, ran.seconds)
    return Result(entry, "unexpected success" if is_known else "passed", "", ran.said if is_known else "", ran.seconds)


def _input(folder: Path, entry: Entry, copy: Path) -> Path:
    """The input; where it has links it is copied, so that they can be made."""
    source = folder / entry.input
    if not entry.links:
        return source
    copy.mkdir()
    for path in sorted(source.rglob("*")):
        if path.is_file():
            (copy / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(source)).write_bytes(path.read_bytes())
    for link in entry.links:
        link.make(copy)
    return copy


def judged(folder: Path, index: Index, entry: Entry, target: Path, ran: Ran, refusals: frozenset[int]) -> str:
    """What is wrong with a run; empty if nothing."""
    if ran.timed_out:
        return f"did not end within {ran.seconds:.0f} s"
    if ran.status < 0:
        return f"was ended by signal {-ran.status}"
    if ran.crashed:
        return f"crashed, with status {ran.status}"
    if not entry.accepted:
        if ran.status == 0:
            return f"was accepted; it must be refused{f' ({entry.error})' if entry.error else ''}"
        if ran.status not in refusals:
            return f"ended with status {ran.status}, which means no refusal"
        left = sorted(path.name for path in target.parent.iterdir())
        return f"left {', '.join(left)} behind" if left else ""
    if ran.status != 0:
        return f"was refused with status {ran.status}; it must be accepted"
    if not target.exists():
        return "left no output"
    expected = folder / entry.output
    if entry.direction == "encode":
        return stream_difference(expected, target) if target.is_file() else "the output is no file"
    if not target.is_dir():
        return "the output is no folder"
    differences = list(islice(tree_differences(expected, target, index.rules), MOST_DIFFERENCES))
    return "; ".join(differences)


# ------------------------------------------------------------------------------------------------ which ones


def chosen(index: Index, patterns: Iterable[str] = (), sample: int = 0) -> list[Entry]:
    """The entries whose id or paragraph fits one of the patterns (all if there is none); of these a spread `sample`.

    Raises `UsageError` if nothing is chosen.
    """
    wanted = tuple(patterns)
    fits: Callable[[Entry], bool] = lambda entry: any(  # noqa: E731
        fnmatchcase(entry.id, pattern) or fnmatchcase(entry.paragraph, pattern) for pattern in wanted
    )
    found = [entry for entry in index.entries if not wanted or fits(entry)]
    if not found:
        raise UsageError("usage", "no vector fits", found=", ".join(wanted), hint="patterns are of ids or paragraphs")
    return found if not 0 < sample < len(found) else [found[number * len(found) // sample] for number in range(sample)]


def known_failures(path: Path, index: Index) -> frozenset[str]:
    """The ids in a list: one a line, `#` begins a comment. Raises `UsageError` for an id that no vector has."""
    ids = {entry.id for entry in index.entries}
    found: dict[str, int] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as problem:
        raise UsageError("usage", f"open {path}: {problem.strerror}", Place(str(path))) from None
    for number, line in enumerate(lines, 1):
        name = line.partition("#")[0].strip()
        if name and name not in ids:
            hint = nearest(name, tuple(ids)) or "remove the line"
            raise UsageError("usage", f"there is no vector {name}", Place(str(path), line=number), hint=hint)
        if name in found:
            raise UsageError(
                "usage", f"{name} stands twice", Place(str(path), line=number), hint="remove one of the lines"
            )
        if name:
            found[name] = number
    return frozenset(found)
