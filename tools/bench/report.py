"""Results as text: a line per series for the terminal; tables in Markdown and a plot for the document.

Invariant: every number comes from the results, but for what was reported elsewhere, which is marked so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import exp, log
from pathlib import Path
from statistics import median
from typing import cast

from codec.spec import source

from .contest import OURS
from .plot import Panel, svg
from .results import DISPATCHED, FRAMING, Micro, Results, Series

MIB = 1 << 20
REPORTED = Path(__file__).parent / "reported.yaml"
METHOD = """\
Every number is of the whole process, started as a user starts it; inputs are in the page cache, outputs on tmpfs. `wall` is
the middle of the timed runs, `cpu` the least sum of user and system time of all processes. Peak memory is the largest sum of
PSS over the run's processes, looked at every 10 ms in a run of its own. Nothing is deleted between runs, contestants take
turns, and outputs are compared before anything is timed."""
ELSEWHERE = """\
The Go tools are not at hand here: their seconds and MiB were measured elsewhere, on the same kind of machine
(`tools/bench/reported.yaml`). Where a range was reported, the ratio is to its lower end."""
Row = Sequence[str]
FEW = 20  # records: with fewer it is the start that is measured
SIZE = "size of the workload"


def line(one: Series) -> str:
    """One series, shortly."""
    subject = f"{_subject(one)} {one.direction}"
    times = f"{one.seconds:8.3f} s wall {min(one.cpu):8.3f} s cpu"
    cost = f" {one.cost[0]:.2f} wall {one.cost[1]:.2f} cpu of a decode" if one.cost else ""
    speed = f"{one.pss / MIB:7.1f} MiB {one.records / one.seconds:>11,.0f} records/s"
    return f"{subject:<26} {one.contestant:<12} {times} {speed}{cost}"


def markdown(results: Results, plot: str, note: str = "") -> str:
    """The whole document; `plot` is the file name of the picture beside it, `note` is what else must be known."""
    reported = source.load(REPORTED)
    sections = [
        ("Whole runs", _whole(results, reported)),
        ("Lossless: with a complement", _lossless(results, reported)),
        ("Rows that miss what we want to reach", _missed(results, reported)),
        ("Growth: cost per record and peak memory", _growth(results, plot)),
        ("Large and unsorted input", _large(results)),
        ("System calls per file", _calls(results)),
        ("Starting", _starts(results, reported)),
        ("Framing, per record", _framing(results, reported)),
        ("Records: microseconds each", _pairs(results, ("read ", "write "))),
        ("Documents: microseconds each", _pairs(results, ("parse ", "print "))),
    ]
    text = [_head(results), *([note] if note else [])] + [f"## {title}\n\n{body}" for title, body in sections if body]
    return "\n\n".join(text).rstrip() + "\n"


def picture(results: Results) -> str:
    """Growth as an SVG: cost per record and peak memory, both ways."""
    panels = []
    for direction in ("decode", "encode"):
        grown = {name: [one for one in many if one.direction == direction] for name, many in _grown(results).items()}
        cost = {name: _relative(many) for name, many in grown.items()}
        memory = {name: [(one.scale, one.pss / MIB) for one in many] for name, many in grown.items()}
        panels.append(Panel(f"{direction}: cost per record, smallest size = 1", cost, SIZE))
        panels.append(Panel(f"{direction}: peak memory, MiB (sum of PSS)", memory, SIZE))
    return svg(panels)


def _relative(many: Sequence[Series]) -> list[tuple[float, float]]:
    """The cost per record at each scale, as a multiple of that at the smallest."""
    costs = sorted((one.scale, one.seconds / one.records) for one in many)
    return [(scale, cost / costs[0][1]) for scale, cost in costs]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table; nothing without rows."""
    listed = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in listed) if len(listed) > 2 else ""


# ------------------------------------------------------------------------------------------------ sections


def _head(results: Results) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    versions = ", ".join(f"{name} {value}" for name, value in results.versions.items())
    commands = "\n".join(dict.fromkeys(results.commands))
    used = [cores for one in results.series for cores in one.others]
    load = (
        f" Others used {median(used):.2f} cores of the machine during the middle run, {max(used):.1f} at most."
        if used
        else ""
    )
    made = f"Made {results.made[:10]} by the commands below, on: {machine}. Versions: {versions}.{load}"
    return f"# Benchmarks\n\n{made}\n\n{METHOD}\n\n```sh\n{commands}\n```"


def _whole(results: Results, reported: source.Mapping) -> str:
    rows, ratios, least = [], [], []
    for one in _standard(results):
        ends = _reported(reported, one)
        if ends:
            ratios.append(one.seconds / ends[0])
            least.append(min(one.wall) / ends[0])
        rows.append(
            (
                *(one.workload, one.direction, one.contestant),
                *(f"{one.seconds:.2f}", f"{min(one.wall):.2f}", f"{min(one.cpu):.2f}"),
                *(f"{one.records / one.seconds:,.0f}", f"{1e6 * one.seconds / one.records:.2f}"),
                *(
                    f"{median(one.others):.1f}",
                    f"{one.pss / MIB:.0f}",
                    str(one.processes),
                    _range(ends),
                    f"{ratios[-1]:.2f}" if ends else "",
                ),
                *(_reported_mib(reported, one), one.equal),
            )
        )
    head = (
        "",
        "",
        "who",
        "wall s",
        "least",
        "cpu s",
        "records/s",
        "us/record",
        "others: cores",
        "peak MiB",
        "processes",
    )
    text = table((*head, "Go, reported elsewhere: s", "ratio", "MiB", "output equal to"), rows)
    if not ratios:
        return text
    means = f"**{_mean(ratios):.3f}** ({_mean(least):.3f} from the least times)"
    return f"{text}\n\nGeometric mean of the {len(ratios)} ratios: {means}.\n{ELSEWHERE}"


def _mean(ratios: Sequence[float]) -> float:
    """The geometric mean."""
    return exp(sum(map(log, ratios)) / len(ratios))


def _missed(results: Results, reported: source.Mapping) -> str:
    reach = cast("dict[str, float]", reported["reach"])
    lines = []
    for one in _standard(results):
        ends = _reported(reported, one)
        if ends and one.seconds / ends[0] > reach["row"]:
            lines.append(
                f"- {one.workload} {one.direction}: ratio {one.seconds / ends[0]:.2f}, at most {reach['row']:g} is wanted."
            )
    for one in results.series:
        if one.contestant == OURS and one.pss / MIB > reach["mib"]:
            lines.append(
                f"- {_subject(one)} {one.direction}: peak memory {one.pss / MIB:.0f} MiB, at most {reach['mib']:g} is wanted."
            )
    for one in results.series:
        if one.contestant == OURS and one.cost and max(one.cost) > reach["complement"]:
            wall, cpu = one.cost
            lines.append(
                f"- {_subject(one)} {one.direction}: {wall:.2f} times the wall and {cpu:.2f} times the CPU time of a decode, "
                f"at most {reach['complement']:g} is wanted."
            )
    for one, name, wanted in _started(results, reach):
        if 1000 * one.seconds > wanted:
            lines.append(f"- {name}: {1000 * one.seconds:.0f} ms, at most {wanted:g} is wanted.")
    for each in results.micro:
        if each.thing == FRAMING and each.way == DISPATCHED and 1e6 * each.per_unit > reach["framing_us"]:
            lines.append(
                f"- framing of {each.workload}: {1e6 * each.per_unit:.2f} us, at most {reach['framing_us']:g} is wanted."
            )
    return "\n".join(lines) or ("None." if results.series else "")


def _lossless(results: Results, reported: source.Mapping) -> str:
    """Decodes that keep a complement, and encodes with it, beside decodes without."""
    rows = []
    for one in results.series:
        if one.direction not in ("complement", "restore") or one.records < FEW:
            continue
        plain, cost = ("", ""), ("", "")
        if one.cost:
            plain = f"{median(one.plain['wall']):.2f}", f"{min(one.plain['cpu']):.2f}"
            cost = f"{one.cost[0]:.2f}", f"{one.cost[1]:.2f}"
        times = f"{one.seconds:.2f}", f"{min(one.cpu):.2f}"
        rows.append(
            (_subject(one), one.direction, one.contestant, *times, *plain, *cost, f"{one.pss / MIB:.0f}", one.equal)
        )
    head = ("", "", "who", "wall s", "cpu s", "decode: wall s", "cpu s", "times: wall", "cpu", "peak MiB")
    text = table((*head, "output equal to"), rows)
    wanted = cast("dict[str, float]", reported["reach"])["complement"]
    return f"{text}\n\nWanted: at most {wanted:g} times a decode, made in turn with it." if rows else ""


def _growth(results: Results, plot: str) -> str:
    rows = []
    for name, many in _grown(results).items():
        for direction in dict.fromkeys(one.direction for one in many):
            line = sorted((one for one in many if one.direction == direction), key=lambda one: one.scale)
            if len(line) < 2:
                continue
            cost = [f"{1e6 * one.seconds / one.records:.2f}" for one in line]
            memory = [f"{one.pss / MIB:.0f}" for one in line]
            scales = [f"x{one.scale:g}" for one in line]
            rows.append((name, direction, " / ".join(scales), " / ".join(cost), " / ".join(memory)))
    text = table(("", "", "scales", "us per record", "peak MiB"), rows)
    return f"{text}\n\n![Cost per record and peak memory by size]({plot})" if rows else ""


def _large(results: Results) -> str:
    rows = [
        (
            *(_subject(one), one.direction, f"{one.records:,}", f"{one.files:,}", f"{one.stream_bytes / MIB:,.0f}"),
            *(f"{one.seconds:.1f}", f"{1e6 * one.seconds / one.records:.2f}", f"{one.pss / MIB:.0f}", one.equal),
        )
        for one in results.series
        if one.contestant == OURS and (one.unsorted or one.stream_bytes > 1 << 30)
    ]
    return table(("", "", "records", "files", "stream MiB", "wall s", "us/record", "peak MiB", "output equal to"), rows)


def _calls(results: Results) -> str:
    rows = []
    for one in results.series:
        if one.calls and one.direction != "help":
            most = sorted(one.calls.items(), key=lambda item: -item[1])
            total = sum(count for _, count in most) if "total" not in one.calls else one.calls["total"]
            each = [f"{name} {count / one.files:.2f}" for name, count in most if name != "total"][:6]
            rows.append(
                (
                    _subject(one),
                    one.direction,
                    one.contestant,
                    f"{one.files:,}",
                    f"{total / one.files:.1f}",
                    ", ".join(each),
                )
            )
    return table(("", "", "who", "files", "calls per file", "most of them"), rows)


def _starts(results: Results, reported: source.Mapping) -> str:
    rows = [
        (name, one.contestant, f"{1000 * one.seconds:.0f}", f"{1000 * min(one.wall):.0f}", f"{wanted:g}")
        for one, name, wanted in _started(results, cast("dict[str, float]", reported["reach"]))
    ]
    return table(("", "who", "middle ms", "least ms", "at most wanted"), rows)


def _started(results: Results, reach: dict[str, float]) -> Iterator[tuple[Series, str, float]]:
    """What was run for its start alone: the series, its name, the milliseconds that are wanted."""
    for one in results.series:
        if one.direction == "help":
            yield one, "--help", reach["help_ms"]
        elif one.records < FEW:
            yield one, f"{one.direction} of {one.records} records", reach["tiny_ms"]


def _framing(results: Results, reported: source.Mapping) -> str:
    found = [one for one in results.micro if one.thing == FRAMING]
    workloads = list(dict.fromkeys(one.workload for one in found))
    ways = list(dict.fromkeys(one.way for one in found))
    rows = [(way, *(_micro(found, way, workload) for workload in workloads)) for way in ways]
    wanted = cast("dict[str, float]", reported["reach"])["framing_us"]
    text = table(("microseconds per record", *workloads), rows)
    return (
        f"{text}\n\nWanted: at most {wanted:g} for framing and dispatch. Least of the rounds, stream in memory."
        if rows
        else ""
    )


def _pairs(results: Results, starts: tuple[str, ...]) -> str:
    found = [one for one in results.micro if one.thing.startswith(starts)]
    ways = list(dict.fromkeys(one.way for one in found))
    rows = [
        (workload, thing, *(_micro([one for one in found if one.thing == thing], way, workload) for way in ways))
        for workload, thing in dict.fromkeys((one.workload, one.thing) for one in found)
    ]
    return table(("", "", *ways), rows)


# ------------------------------------------------------------------------------------------------ what is where


def _subject(one: Series) -> str:
    return f"{one.workload} x{one.scale:g}{' unsorted' if one.unsorted else ''}"


def _standard(results: Results) -> Iterator[Series]:
    """The series of the full workloads, each with the same order of directions."""
    order = ["decode", "encode", "self-test"]
    chosen = [
        one
        for one in results.series
        if one.scale == 1 and not one.unsorted and one.direction in order and one.records >= FEW
    ]
    yield from sorted(chosen, key=lambda one: (one.workload, order.index(one.direction)))


def _grown(results: Results) -> dict[str, list[Series]]:
    """Our series of workloads that were measured at several scales."""
    grown: dict[str, list[Series]] = {}
    for one in results.series:
        if one.contestant == OURS and not one.unsorted and one.direction != "help" and not one.calls:
            grown.setdefault(one.workload, []).append(one)
    return {name: many for name, many in sorted(grown.items()) if len({one.scale for one in many}) > 1}


def _reported(reported: source.Mapping, one: Series) -> tuple[float, float] | None:
    """The seconds that were reported for the Go tools, if this is our row beside them."""
    seconds = cast("dict[str, dict[str, tuple[float, float]]]", reported["seconds"])
    return seconds.get(one.workload, {}).get(one.direction) if one.contestant == OURS else None


def _reported_mib(reported: source.Mapping, one: Series) -> str:
    mib = cast("dict[str, dict[str, int]]", reported["mib"]).get(one.workload, {})
    return str(mib.get(one.direction, "")) if one.contestant == OURS else ""


def _range(ends: tuple[float, float] | None) -> str:
    if not ends:
        return ""
    return f"{ends[0]:g}" if ends[0] == ends[1] else f"{ends[0]:g} to {ends[1]:g}"


def _micro(found: Iterable[Micro], way: str, workload: str) -> str:
    return next((f"{1e6 * one.per_unit:.2f}" for one in found if one.way == way and one.workload == workload), "")
