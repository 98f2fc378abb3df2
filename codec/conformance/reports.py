"""Results as JSON (with its schema), as JUnit XML, and as one self-contained page of HTML."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from xml.sax.saxutils import quoteattr

from codec.conformance.running import BAD, OUTCOMES, Result

LAYOUT = 1
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run: what was run, on which format, and every result."""

    format: str
    version: int
    commands: dict[str, str]
    results: tuple[Result, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many results of each outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def good(self) -> bool:
        """Whether nothing failed that is not known to, and nothing known to fail succeeded."""
        return not any(result.outcome in BAD for result in self.results)


# ------------------------------------------------------------------------------------------------ JSON


def to_json(report: Report) -> str:
    """The report as JSON, by `REPORT_SCHEMA`."""
    document = {
        "layout": LAYOUT,
        "format": report.format,
        "version": report.version,
        "commands": report.commands,
        "good": report.good,
        "counts": {outcome: report.counts[outcome] for outcome in OUTCOMES},
        "results": [_result_json(result) for result in report.results],
    }
    return json.dumps(document, indent=1) + "\n"


def _result_json(result: Result) -> dict[str, object]:
    entry = result.entry
    parts: dict[str, object] = {
        "id": entry.id,
        "direction": entry.direction,
        "kind": entry.kind,
        "paragraph": entry.paragraph,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 3),
    }
    optional = {"sentence": entry.sentence, "reason": result.reason, "said": result.said}
    return parts | {name: text for name, text in optional.items() if text and result.outcome != "passed"}


REPORT_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Report of a conformance run",
    "type": "object",
    "required": ["layout", "format", "version", "commands", "good", "counts", "results"],
    "additionalProperties": False,
    "properties": {
        "layout": {"const": LAYOUT},
        "format": {"type": "string"},
        "version": {"type": "integer"},
        "commands": {"type": "object", "additionalProperties": {"type": "string"}},
        "good": {"type": "boolean", "description": "No failure that is not known, no success that is not expected."},
        "counts": {
            "type": "object",
            "required": list(OUTCOMES),
            "additionalProperties": False,
            "properties": {outcome: {"type": "integer", "minimum": 0} for outcome in OUTCOMES},
        },
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "direction", "kind", "paragraph", "outcome", "seconds"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string"},
                    "direction": {"enum": ["decode", "encode"]},
                    "kind": {"enum": ["golden", "valid", "near-valid", "invalid"]},
                    "paragraph": {"type": "string"},
                    "outcome": {"enum": list(OUTCOMES)},
                    "seconds": {"type": "number", "minimum": 0},
                    "sentence": {"type": "string"},
                    "reason": {"type": "string", "description": "What was wrong with the run."},
                    "said": {"type": "string", "description": "The end of what the command printed."},
                },
            },
        },
    },
}


# ------------------------------------------------------------------------------------------------ JUnit


def to_junit(report: Report) -> str:
    """The report as JUnit XML: one suite, one case a vector; known failures are skipped ones."""
    counts, seconds = report.counts, sum(result.seconds for result in report.results)
    failures = sum(counts[outcome] for outcome in BAD)
    skipped = counts["skipped"] + counts["known failure"]
    head = f'tests="{len(report.results)}" failures="{failures}" skipped="{skipped}" errors="0" time="{seconds:.3f}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuite name={_attribute(report.format)} {head}>"]
    for result in report.results:
        lines += _case(result)
    return "\n".join([*lines, "</testsuite>", ""])


def _case(result: Result) -> Iterator[str]:
    entry = result.entry
    name, group = _attribute(entry.id), _attribute(entry.paragraph)
    yield f'  <testcase name={name} classname={group} time="{result.seconds:.3f}">'
    if result.outcome in BAD:
        message = _attribute(result.reason or result.outcome)
        yield f"    <failure message={message}>{escape(_printable(entry.sentence + chr(10) + result.said))}</failure>"
    elif result.outcome != "passed":
        yield f"    <skipped message={_attribute(f'{result.outcome}: {result.reason}')}/>"
    yield "  </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_printable(text), {"\n": "&#10;"})


def _printable(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


# ------------------------------------------------------------------------------------------------ HTML

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
:root { color-scheme: light dark }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .2rem .6rem; vertical-align: top }
tr + tr { border-top: 1px solid #8884 } td.n { text-align: right; font-variant-numeric: tabular-nums }
code, pre { font-size: .9em }
pre { white-space: pre-wrap; background: #8882; padding: .5rem }
.bad { color: #c33 } .good { color: #2a7 } summary { cursor: pointer }
"""


def to_html(report: Report) -> str:
    """The report as one page that needs no other file: counts, counts by paragraph, and every failure."""
    verdict = '<p class="good">It conforms.</p>' if report.good else '<p class="bad">It does not conform.</p>'
    commands = "".join(
        f"<li><code>{_html(name)}</code>: <code>{_html(text)}</code></li>" for name, text in report.commands.items()
    )
    head = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Conformance to {_html(report.format)}</title>"
    return "".join(
        [
            f"{head}<style>{_STYLE}</style><h1>Conformance to {_html(report.format)}, version {report.version}</h1>",
            f"{verdict}<ul>{commands}</ul><h2>Outcomes</h2>{_table(('outcome', 'vectors'), report.counts.items())}",
            f"<h2>Failures</h2>{_failures(report.results)}<h2>By kind of record and document</h2>{_groups(report.results)}",
            "</html>\n",
        ]
    )


def _failures(results: Iterable[Result]) -> str:
    shown = [result for result in results if result.outcome in BAD]
    text = "".join(
        f"<details><summary><code>{_html(one.entry.id)}</code> "
        f"<span class=bad>{_html(one.reason or one.outcome)}</span></summary>"
        f"<p>{_html(one.entry.sentence)}</p><pre>{_html(one.said or 'The command said nothing.')}</pre></details>"
        for one in shown
    )
    return text or "<p>None.</p>"


def _groups(results: Iterable[Result]) -> str:
    count: dict[str, Counter[str]] = {}
    for result in results:
        group = ".".join(result.entry.paragraph.split(".")[:3])
        count.setdefault(group, Counter())[result.outcome] += 1
    rows = ((name, *(outcomes[outcome] or "" for outcome in OUTCOMES)) for name, outcomes in sorted(count.items()))
    return _table(("paragraph", *OUTCOMES), rows)


def _table(head: Iterable[str], rows: Iterable[tuple[object, ...]]) -> str:
    lines = ["<table><tr>", *(f"<th>{_html(name)}</th>" for name in head), "</tr>"]
    for name, *numbers in rows:
        cells = "".join(f"<td class=n>{number}</td>" for number in numbers)
        lines.append(f"<tr><td><code>{_html(str(name))}</code></td>{cells}</tr>")
    return "".join([*lines, "</table>"])


def _html(text: str) -> str:
    return escape(_printable(text))
