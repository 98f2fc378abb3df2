"""Every error that a user can meet, as data: what, where, expected, found, and what to do next.

`CodecError` is the one ancestor. Its children say whose fault it is, which also decides the exit status:
`UsageError` and `EnvironmentProblem` (1), `DataError` and its children (2). Anything else is a bug of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar

from codec.frozen import frozen

SHOWN_BYTES = 48  # a value from the input is never printed longer than this


@frozen
class Place:
    """Where in the input: a byte `offset` of a stream, or `line` and `column` of a document (all from the file's start)."""

    source: str = ""
    offset: int | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        if self.offset is not None:
            return f"{self.source} at {self.offset:#x} (byte {self.offset})"
        if self.line is not None:
            return f"{self.source}:{self.line}:{self.column or 1}"
        return self.source

    def __bool__(self) -> bool:
        return bool(self.source) or self.offset is not None or self.line is not None


@dataclass(eq=False)
class CodecError(Exception):
    """An error with its parts.

    `code` is stable and documented (the name that the format's document gives it); `path` names record kind and
    field as the spec does (`Hash.meta.value.count`) or the member of a document (`fields[3].name`); `spec` is the
    line of the spec that was broken.
    """

    code: str
    message: str
    place: Place = field(default_factory=Place)
    path: str = ""
    expected: str = ""
    found: str = ""
    hint: str = ""
    spec: str = ""

    exit_status: ClassVar[int] = 2

    def __str__(self) -> str:
        """One line: place, code, message, path, expected and found."""
        head = f"{self.place}: " if self.place else ""
        tail = f" ({self.path})" if self.path else ""
        known = [f"{name} {text}" for name, text in (("expected", self.expected), ("found", self.found)) if text]
        tail += f": {', '.join(known)}" if known else ""
        return f"{head}{self.code}: {self.message}{tail}"

    def render(self) -> str:
        """Several lines for people: the sentence, then one labelled line per part that is known."""
        rows = [("input", str(self.place)), ("path", self.path), ("spec", self.spec)]
        rows += [("expected", self.expected), ("found", self.found), ("hint", self.hint)]
        lines = [f"error[{self.code}] {self.message}"]
        lines += [f"  {label:<9} {text}" for label, text in rows if text]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The parts that are known, under stable names, for `--json`."""
        parts: dict[str, object] = {"error": type(self).__name__}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "place":
                parts |= {p.name: v for p in fields(Place) if (v := getattr(value, p.name)) not in ("", None)}
            elif value:
                parts[part.name] = value
        return parts

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), tuple(getattr(self, part.name) for part in fields(self))


class UsageError(CodecError):
    """The call is wrong: a flag, a missing file, an output that may not be replaced."""

    exit_status: ClassVar[int] = 1


class EnvironmentProblem(CodecError):
    """The machine says no: disk full, permission, a vanished file."""

    exit_status: ClassVar[int] = 1


class DataError(CodecError):
    """The input breaks its format; ancestor of everything that exits with 2."""


class StreamError(DataError):
    """A stream or one of its records; `place.offset` is the start of the part that is wrong."""


class LimitError(StreamError):
    """A length or count exceeds a `max` of the spec; raised before anything is allocated."""


class DocumentError(DataError):
    """A file of the tree cannot be read as its spec says; `place` has line and column."""


class VersionError(DocumentError):
    """A document has a version that this program does not know; its other members were not looked at."""


class TreeError(DataError):
    """An entry of the tree is of the wrong kind, or a name that cannot stand for anything."""


class SpecError(CodecError):
    """A spec is wrong: `place` is its file, line and column."""


def shown(value: object) -> str:
    """`value` as short, printable text for the `found` part of an error."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value[: SHOWN_BYTES // 2 + 1])
        text = raw[: SHOWN_BYTES // 2].hex(" ") or "no bytes"
        return f"{text} … ({len(value)} bytes)" if len(value) > SHOWN_BYTES // 2 else text
    text = repr(value)
    return text if len(text) <= SHOWN_BYTES else text[: SHOWN_BYTES - 1] + "…"


def from_os_error(problem: OSError, doing: str) -> EnvironmentProblem:
    """An operating-system error as one clear line."""
    name = problem.filename if isinstance(problem.filename, str) else ""
    return EnvironmentProblem("io", f"{doing}: {problem.strerror or problem}", Place(name))
