"""What the commands of `codec conformance` have to say, three times: for people, as log lines, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .voices import Outcome

if TYPE_CHECKING:
    from codec.conformance.coverage import Row
    from codec.conformance.index import Index
    from codec.conformance.reports import Report

MOST_FAILURES = 20  # that are listed for people; the reports have all


def exported(index: Index, target: str) -> Outcome:
    """Vectors that were written."""
    kinds = Counter(entry.kind for entry in index.entries)
    accepted = sum(entry.accepted for entry in index.entries)
    data = {"command": "conformance export", "output": target, "format": index.format, "version": index.version}
    counts = {"vectors": len(index.entries), "accepted": accepted, "refused": len(index.entries) - accepted}
    rows = (
        ("wrote", f"{target}  {len(index.entries):,} vectors"),
        ("format", f"{index.format}, version {index.version}"),
        ("kinds", _counted(kinds)),
        ("right", f"{accepted:,} inputs that must be accepted, {len(index.entries) - accepted:,} that must be refused"),
    )
    return Outcome(rows, (("vectors exported", tuple(counts.items())),), data | counts | {"kinds": dict(kinds)})


def judged(report: Report) -> Outcome:
    """A program's run over the vectors."""
    from codec.conformance.running import BAD, OUTCOMES

    bad = [result for result in report.results if result.outcome in BAD]
    counts = {outcome: report.counts[outcome] for outcome in OUTCOMES if report.counts[outcome]}
    rows = [("verdict", "it conforms" if report.good else "it does not conform"), ("vectors", _counted(counts))]
    rows += [(one.outcome, f"{one.entry.id}  {one.reason}  ({one.entry.sentence})") for one in bad[:MOST_FAILURES]]
    if len(bad) > MOST_FAILURES:
        rows.append(("more", f"{len(bad) - MOST_FAILURES} others; a report (--report-html) has them all"))
    failures = [{"id": one.entry.id, "outcome": one.outcome, "reason": one.reason} for one in bad]
    data = {"command": "conformance run", "format": report.format, "good": report.good, "counts": counts}
    return Outcome(tuple(rows), (("conformance", tuple(counts.items())),), data | {"failures": failures})


def covered(rows: Iterable[Row], whole: bool) -> Outcome:
    """How many vectors check each paragraph."""
    listed = list(rows)
    missing = [row for row in listed if not row.covered]
    shown = listed if whole else missing
    lines = [("paragraph", f"{'kind':<16} {'right':>6} {'wrong':>6}")] if shown else []
    lines += [(row.anchor, f"{row.kind:<16} {row.valid:>6} {row.invalid:>6}  {row.remark}".rstrip()) for row in shown]
    excused = sum(bool(row.excuse) and not row.invalid for row in listed)
    lines.append(("covered", f"{len(listed) - len(missing)} of {len(listed)}; in {excused} no input can be wrong"))
    points = [
        {"anchor": row.anchor, "kind": row.kind, "valid": row.valid, "invalid": row.invalid, "covered": row.covered}
        | ({"excuse": row.excuse} if row.excuse else {})
        for row in shown
    ]
    data = {"command": "conformance coverage", "points": len(listed), "missing": len(missing), "excused": excused}
    log = (("conformance coverage", tuple(data.items())[1:]),)
    return Outcome(tuple(lines), log, data | {"rows": points})


def _counted(counts: Mapping[Any, int]) -> str:
    return "   ".join(f"{name} {count:,}" for name, count in counts.items())
