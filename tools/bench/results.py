"""What was measured, as JSON that is kept: one object per series and per micro-benchmark, with machine and versions.

Invariant: reports are printed from these files only, so no number stands in them that was not measured.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from codec.errors import DataError, Place, from_os_error
from codec.tree.publish import OutputFile

FRAMING, DISPATCHED = "framing, per record", "ours, all checks, versions and dispatch"
VERSIONS = ("declarative-codec", "construct", "kaitaistruct", "orjson", "msgspec", "google-crc32c", "click")


@dataclass(frozen=True, slots=True)
class Series:
    """All runs of one contestant on one workload in one direction. Times in seconds, sizes in bytes.

    `wall` and `cpu` have one number per timed run; `pss` is the peak of the run that was watched, `rss` that of the
    largest process of any run; `calls` are system calls of one more run. `others` are the cores that the rest of the machine
    used during each timed run. `plain` are wall and CPU times of the same runs without a complement, made in turn with those
    of a decode that keeps one.
    """

    workload: str
    scale: float
    unsorted: bool
    direction: str
    contestant: str
    command: str
    records: int
    files: int
    stream_bytes: int
    wall: list[float]
    cpu: list[float]
    pss: int
    rss: int
    processes: int
    others: list[float]
    equal: str = ""  # with whose output this one was found to be equal
    calls: dict[str, int] = field(default_factory=dict)
    plain: dict[str, list[float]] = field(default_factory=dict)

    @property
    def cost(self) -> tuple[float, float] | None:
        """How many times the wall and the CPU time of a plain decode this took, if that was measured."""
        if not self.plain:
            return None
        return self.seconds / median(self.plain["wall"]), min(self.cpu) / min(self.plain["cpu"])

    @property
    def seconds(self) -> float:
        """The middle of the wall times."""
        return median(self.wall)


@dataclass(frozen=True, slots=True)
class Micro:
    """One way to do one small thing: seconds per unit, for each round."""

    thing: str
    way: str
    workload: str
    units: int
    seconds: list[float]
    note: str = ""

    @property
    def per_unit(self) -> float:
        """The least time per unit: what is left when nothing else runs."""
        return min(self.seconds) / self.units


@dataclass(slots=True)
class Results:
    """Everything that one file holds."""

    made: str
    machine: dict[str, str]
    versions: dict[str, str]
    commands: list[str] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    micro: list[Micro] = field(default_factory=list)

    def add(self, series: Iterable[Series] = (), micro: Iterable[Micro] = ()) -> None:
        """Take new measurements in; each replaces an older one of the same thing."""
        for one in series:
            self.series = [old for old in self.series if _subject(old) != _subject(one)] + [one]
        for each in micro:
            same = (each.thing, each.way, each.workload)
            self.micro = [old for old in self.micro if (old.thing, old.way, old.workload) != same] + [each]


def _subject(one: Series) -> tuple[object, ...]:
    return one.workload, one.scale, one.unsorted, one.direction, one.contestant


def empty() -> Results:
    """Results of this machine, now."""
    return Results(datetime.now(UTC).isoformat(timespec="seconds"), machine(), versions())


def load(path: Path) -> Results:
    """The results in a file, or empty ones if it is not there; raises `DataError` for anything else."""
    if not path.exists():
        return empty()
    try:
        data = json.loads(path.read_bytes())
        series = [Series(**one) for one in data.pop("series")]
        micro = [Micro(**one) for one in data.pop("micro")]
        return Results(**data, series=series, micro=micro)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        hint = "name a file that `codec bench run` wrote, or one that is not there"
        raise DataError("bench-results", f"not a file of results: {problem}", Place(str(path)), hint=hint) from None
    except OSError as problem:
        raise from_os_error(problem, f"read {path}") from None


def save(results: Results, path: Path) -> None:
    """Write the file, whole or not at all."""
    with OutputFile(path) as out:
        out.write(json.dumps(asdict(results), indent=1).encode() + b"\n")
        out.publish()


def machine() -> dict[str, str]:
    """What the numbers depend on: processor, cores, memory, kernel, Python."""
    processor = _line("/proc/cpuinfo", "model name") or platform.processor()
    memory = int((_line("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) >> 20
    return {
        "processor": processor,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory} GiB",
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """Versions of the packages that took part and are installed."""
    found = {}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _line(path: str, name: str) -> str:
    """What stands after `name:` in a file of the kernel."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def command_line() -> str:
    """The command that is running, as one can type it again."""
    return " ".join(["codec", *sys.argv[1:]])
