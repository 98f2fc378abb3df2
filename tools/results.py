"""What a finished run has to say, taken from the library's results; the voices choose the form.

Invariant: nothing that was hidden, dropped or lost goes unsaid, and a good outcome is said aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codec.api import DecodeResult, EncodeResult, FormatResult, KeyVersion, VerifyResult, Warned
from codec.errors import SpecError

from .progress import size
from .voices import Outcome

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from codec.archive import Packed, Unpacked

# The counts of `DecodeResult` that the reference does not have: what version resolution hid.
_HIDDEN = ("older", "expired", "deleted", "later", "operational")


def decoded(result: DecodeResult, adapters: tuple[str, ...], source: str, target: str, seconds: float) -> Outcome:
    """A finished decode of `source` into `target`; the log line is that of container-and-cli.md §5.4."""
    hidden = {name: count for name in _HIDDEN if (count := result.counts.get(name, 0))}
    plain = {name: count for name, count in result.counts.items() if name not in _HIDDEN}
    lost = {name: count for name, count in result.losses.items() if count}
    unknown = unknown_rows(result)
    warned = {**result.warnings, **({unknown.event: 1} if unknown else {})}
    rows = [
        ("wrote", f"{target}  {result.files:,} files  in {seconds:.1f} s"),
        ("read", f"{source}  {result.container}, last commit {result.last_commit_ts}"),
        ("adapters", _counted(_picked(plain, adapters))),
        ("rows", _counted({name: count for name, count in plain.items() if name not in adapters})),
        ("hidden", _counted(hidden) or "nothing"),
        ("lost", _counted(lost) or "nothing"),
        ("warned", _counted(warned) or "of nothing"),
        (
            "tested",
            "matched: every difference is a declared loss" if result.self_test_ran else "not run (--self-test)",
        ),
        *([("kept", _counted(result.kept))] if result.kept else []),
    ]
    ends = (("input", source), ("output", target))
    log = [("snapshot decoded", (*ends, *plain.items(), ("last_commit_ts", result.last_commit_ts)))]
    log += [("rows hidden", tuple(hidden.items()))] if hidden else []
    log += [("complement kept", tuple(result.kept.items()))] if result.kept else []
    log += [("not in the tree", tuple(lost.items()))] if lost else []
    return Outcome(tuple(rows), tuple(log), {**_data("decode", ends, seconds, result), "warnings": warned})


def unknown_rows(result: DecodeResult) -> Warned | None:
    """The one warning about rows that no spec knows, with their number and the first of their prefixes."""
    if not result.counts.get("unknown"):
        return None
    prefixes = ", ".join(result.unknown_prefixes)
    hint = "these rows are not in the tree"
    return Warned("unknown_rows", (("count", result.counts["unknown"]), ("first_prefixes", prefixes), ("hint", hint)))


def encoded(result: EncodeResult, source: str, target: str, seconds: float) -> Outcome:
    """A finished encode of `source` into `target`; the log line is that of container-and-cli.md §6.2."""
    counts = {name: result.counts.get(name, 0) for name in result.adapters}
    written = size(result.bytes_written)
    rows = (
        ("wrote", f"{target}  {written}  {result.entries:,} records  in {seconds:.1f} s"),
        ("sha256", result.sha256),
        ("commit", str(result.last_commit_ts)),
        ("adapters", _counted(counts)),
        *([] if result.complement is None else [("complement", _counted(result.complement) or "empty")]),
        ("self-test", "matched: 0 files differ" if result.self_test_ran else "not run (--self-test)"),
    )
    line = (
        ("output", target),
        ("bytes", result.bytes_written),
        ("self_test", result.self_test_ran),
        ("adapters", ",".join(result.adapters)),
    )
    ends = (("input", source), ("output", target))
    log: list[tuple[str, tuple[tuple[str, object], ...]]] = [("encode complete", line)]
    log += [] if result.complement is None else [("complement applied", tuple(result.complement.items()))]
    return Outcome(rows, tuple(log), _data("encode", ends, seconds, result))


def history(versions: list[KeyVersion], shift: int, source: str, key: str) -> Outcome:
    """The versions of one key, newest first; `shift` turns their times into milliseconds."""
    rows = [
        (str(one.commit_ts), f"{_moment(one.commit_ts >> shift)}  {one.state:<8} {size(one.size):>10}  {one.change}")
        for one in versions
    ]
    log = [("version", tuple((part.name, getattr(one, part.name)) for part in fields(one))) for one in versions]
    parts = [{part.name: getattr(one, part.name) for part in fields(one)} for one in versions]
    data = {"command": "history", "input": source, "key": key, "versions": parts}
    return Outcome(tuple(rows), tuple(log), data)


def _moment(millis: int) -> str:
    try:
        return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return "no time"


def linted(doubts: Mapping[str, int]) -> Outcome:
    """Specs without a mistake, each with the number of doubts about it."""
    rows = tuple((name, f"0 mistakes, {count} {'doubt' if count == 1 else 'doubts'}") for name, count in doubts.items())
    return Outcome(rows, (), {"command": "spec lint", "specs": tuple(doubts), "doubts": dict(doubts)})


def doubted(doubt: SpecError) -> Warned:
    """Something in a spec that may be meant."""
    parts = (("place", str(doubt.place)), ("message", doubt.message), ("hint", doubt.hint))
    return Warned(doubt.code, parts)


def packed(result: Packed, source: str, target: str, seconds: float) -> Outcome:
    """A tree that was packed."""
    rows = (
        ("wrote", f"{target}  {size(result.archive_bytes)}  in {seconds:.1f} s"),
        ("packed", f"{result.files:,} files   {result.folders:,} folders   {size(result.bytes)}"),
        ("sha256", result.sha256),
        ("checked", "0 findings: the tree agrees with its checksums"),
    )
    ends = (("input", source), ("output", target))
    return Outcome(rows, (), _data("archive pack", ends, seconds, result))


def unpacked(result: Unpacked, source: str, target: str, seconds: float) -> Outcome:
    """An archive that was unpacked."""
    rows = (
        ("wrote", f"{target}  {result.files:,} files  {size(result.bytes)}  in {seconds:.1f} s"),
        ("checked", "0 findings: the tree agrees with its checksums"),
    )
    ends = (("input", source), ("output", target))
    return Outcome(rows, (), _data("archive unpack", ends, seconds, result))


def verified(result: VerifyResult, source: str, seconds: float) -> Outcome:
    """A snapshot or a tree that was judged."""
    rows = (
        ("verified", f"{source}  {result.kind or 'unreadable'}  in {seconds:.1f} s"),
        ("read", _counted({name: count for name, count in result.counts.items() if count}) or "nothing"),
        ("findings", _counted(result.by_code) if result.findings else "0"),
    )
    return Outcome(rows, (), _data("verify", (("input", source),), seconds, result))


def formatted(result: FormatResult, source: str, check: bool, seconds: float) -> Outcome:
    """A tree that was brought into its canonical form, or looked at."""
    would = "would be " if check else ""
    rows = (
        ("documents", f"{result.documents:,} read, {result.changed:,} {would}rewritten  in {seconds:.1f} s"),
        ("checksums", f"{would}written anew" if result.checksums else "up to date"),
    )
    return Outcome(rows, (), _data("fmt", (("input", source),), seconds, result) | {"check": check})


def _data(
    command: str, ends: Iterable[tuple[str, str]], seconds: float, result: DataclassInstance
) -> dict[str, object]:
    parts = {part.name: getattr(result, part.name) for part in fields(result)}
    return {"command": command, **dict(ends), "seconds": round(seconds, 3), **parts}


def _picked(counts: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    return {name: counts[name] for name in names if name in counts}


def _counted(counts: Mapping[str, int]) -> str:
    return "   ".join(f"{name} {count:,}" for name, count in counts.items())
