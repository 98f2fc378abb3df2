"""The text of `sha256sum`: one line per file, and verifying a tree against it (container-and-cli.md §3.3).

Invariant: formatting and parsing are inverse for every name, also one that is no UTF-8; verifying reports every
problem, reads every file once, and holds one line at a time.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from codec.errors import CodecError, EnvironmentProblem
from codec.frozen import frozen
from codec.tree.names import to_bytes, to_text
from codec.tree.walk import TreeFault, TreeReader

FindingKind = Literal[
    "malformed",
    "too_long",
    "traversal",
    "symlink",
    "missing",
    "not_regular",
    "hard_link",
    "unreadable",
    "mismatch",
    "empty",
    "unlisted",
]

_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *](.+)", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.?)", re.DOTALL)
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_UNESCAPES = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_SPECIAL = re.compile(rb"[\\\n\r]")


@dataclass(frozen=True, slots=True)  # made by the thousand
class Row:
    """One line: the digest (64 lower-case hex digits) and the path as it is written there."""

    digest: str
    path: str


@frozen
class Finding:
    """A problem of one line (`line` counts from 1; 0 = of the whole text).

    `path` is empty if the line could not be read; `expected` and `found` are digests, or what the machine said.
    """

    line: int
    kind: FindingKind
    path: str = ""
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)  # made by the thousand
class NumberedRow:
    """A row with its line, and its path without `.` and `..`."""

    line: int
    row: Row
    path: str


def format_line(path: str, digest: str) -> bytes:
    """The line for one file, with its newline; LF, CR and backslash in a name are escaped, all other bytes stay."""
    return format_raw(to_bytes(path), digest)


def format_raw(raw: bytes, digest: str) -> bytes:
    """The same for the bytes of a path."""
    if _SPECIAL.search(raw):
        escaped = _SPECIAL.sub(lambda match: _ESCAPES[match[0]], raw)
        return b"\\%b  %b\n" % (digest.encode("ascii"), escaped)
    return b"%b  %b\n" % (digest.encode("ascii"), raw)


def parse_line(line: bytes) -> Row | None:
    """The row of one line without its newline (a CR at its end is dropped); None if it has not the right shape."""
    match = _LINE.fullmatch(line.removesuffix(b"\r"))
    if match is None:
        return None
    escaped, digest, raw = match.groups()
    if escaped:
        try:
            raw = _ESCAPED.sub(lambda match: _UNESCAPES[match[1]], raw)
        except KeyError:
            return None
    return Row(digest.decode("ascii"), to_text(raw))


def verify(reader: TreeReader, text: BinaryIO, *, max_line: int) -> Iterator[Finding]:
    """Every problem that the tree of `reader` has with the checksums in `text`, in the order of the lines.

    A line of more than `max_line` bytes (without newline) is a finding and is skipped unread. Files that no line
    names are not looked for. Empty lines are skipped; a text without any row is the finding "empty".
    """
    for row in rows(text, max_line=max_line):
        if isinstance(row, Finding):
            yield row
        else:
            yield from _findings(reader, row)


def rows(text: BinaryIO, *, max_line: int) -> Iterator[NumberedRow | Finding]:
    """Every line of `text` as a row whose path stays inside the tree, or as what is wrong with it; as `verify`."""
    count = 0
    for number, line in enumerate(_lines(text, max_line), 1):
        if line is None:
            count += 1
            yield Finding(number, "too_long", expected=f"at most {max_line} bytes")
        elif line not in (b"", b"\r"):
            count += 1
            yield _row(number, parse_line(line))
    if not count:
        yield Finding(0, "empty")


def _lines(text: BinaryIO, max_line: int) -> Iterator[bytes | None]:
    """The lines without newline, None for one that is too long."""
    while line := text.readline(max_line + 1):
        if line.endswith(b"\n"):
            yield line[:-1]
        elif len(line) <= max_line:  # the last one
            yield line
        else:
            while line and not line.endswith(b"\n"):
                line = text.readline(max_line + 1)
            yield None


def _row(number: int, row: Row | None) -> NumberedRow | Finding:
    if row is None:
        return Finding(number, "malformed")
    path = posixpath.normpath(row.path)
    if path == "." or "\0" in path:
        return Finding(number, "malformed", row.path)
    if path.startswith("/") or path == ".." or path.startswith("../"):
        return Finding(number, "traversal", row.path)
    return NumberedRow(number, row, path)


def _findings(reader: TreeReader, numbered: NumberedRow) -> Iterator[Finding]:
    number, row = numbered.line, numbered.row
    try:
        with reader.open(numbered.path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except TreeFault as fault:
        yield Finding(number, kind_of(fault), row.path, row.digest)
    except (CodecError, OSError) as problem:
        said = problem.message if isinstance(problem, EnvironmentProblem) else str(problem)
        yield Finding(number, "unreadable", row.path, row.digest, said)
    else:
        if found != row.digest:
            yield Finding(number, "mismatch", row.path, row.digest, found)


def kind_of(fault: TreeFault) -> FindingKind:
    """What a fault of the tree is called as a finding."""
    match fault.kind:
        case "symlink" | "hard_link" | "not_regular":
            return fault.kind
        case _:
            return "missing"
