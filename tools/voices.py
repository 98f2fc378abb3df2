"""How a run speaks: to people, as the reference's log lines, or as JSON lines for programs (`docs/command-line.md`).

Invariant: text from the input never reaches a terminal raw, and with `quiet` only errors are said.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import click

from codec.errors import CodecError, DataError
from codec.frozen import frozen

from .logline import log_line
from .progress import Meter, Pace, ProgressLine, sentence

if TYPE_CHECKING:
    from codec.api import Progress, Warned

    from .progress import Speed

Fields = Iterable[tuple[str, object]]
LINES_EVERY = 5.0  # seconds between two lines of progress where there is no terminal


@frozen
class Outcome:
    """The end of a run that went well, three times: rows of label and text, log messages with fields, and data."""

    rows: tuple[tuple[str, str], ...]
    log: tuple[tuple[str, tuple[tuple[str, object], ...]], ...]
    data: Mapping[str, object]


class Voice(Protocol):
    """What every way of speaking can say."""

    def warning(self, warned: Warned) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def finding(self, error: CodecError) -> None: ...

    def result(self, outcome: Outcome) -> None: ...

    def error(self, error: CodecError, status: int, doing: str) -> None: ...

    def step_aside(self) -> None:
        """From now on say everything on standard error: standard output carries data."""


class _OnTerminal:
    """Warnings and progress share standard error: a line of progress gives way to everything else that is said.

    Without a terminal progress is said only if it is asked for, now and then, in lines of its own.
    """

    def __init__(self, quiet: bool, asked: bool) -> None:
        self.quiet = quiet
        on_terminal = sys.stderr.isatty() and not quiet
        self._bar = _bar() if on_terminal else None
        self._pace = Pace(LINES_EVERY) if asked and not quiet and not on_terminal else None
        self._meter = Meter()
        self._aside = False

    def step_aside(self) -> None:
        self._aside = True

    def progress(self, progress: Progress) -> None:
        if self._bar:
            self._bar.show(progress)
        elif self._pace and self._pace.due():
            self._say_progress(progress, self._meter.speed(progress))

    def _say_progress(self, progress: Progress, speed: Speed) -> None:
        self.say(sentence(progress, speed))

    def say(self, text: str) -> None:
        """One message on standard error."""
        if self._bar:
            self._bar.close()
        click.echo(text, err=True)


def _bar() -> ProgressLine:
    from shutil import get_terminal_size

    return ProgressLine(sys.stderr, get_terminal_size().columns)


class People(_OnTerminal):
    """Results on standard output; progress, warnings and errors on standard error."""

    def warning(self, warned: Warned) -> None:
        if not self.quiet:
            fields = "  ".join(f"{name} {value}" for name, value in warned.fields)
            self.say(f"{_coloured('warning', 'yellow')}  {printable(f'{warned.event}  {fields}')}")

    def finding(self, error: CodecError) -> None:
        if self._bar:
            self._bar.close()
        click.echo(f"{_coloured('finding', 'red')}  {printable(str(error))}", err=self._aside)

    def result(self, outcome: Outcome) -> None:
        if self._bar:
            self._bar.close()
        if not self.quiet:
            width = max(len(label) for label, _ in outcome.rows)
            for label, text in outcome.rows:
                click.echo(printable(f"{label:<{width}}  {text}"), err=self._aside)

    def error(self, error: CodecError, status: int, doing: str) -> None:
        head, _, rest = printable(error.render(), keep="\n").partition("\n")
        self.say("\n".join(filter(None, (_coloured(head, "red"), rest))))


class LogLines(_OnTerminal):
    """The reference's `key=value` lines, all on standard error (container-and-cli.md §5.4, §6.2)."""

    def __init__(self, quiet: bool, asked: bool, name: str, *, plain_errors: bool) -> None:
        super().__init__(quiet, asked)
        self._name = name
        self._plain_errors = plain_errors

    def warning(self, warned: Warned) -> None:
        if not self.quiet:
            self.say(log_line("WARN", "encoder warning", (("event", warned.event), *warned.fields)))

    def _say_progress(self, progress: Progress, speed: Speed) -> None:
        self.say(log_line("INFO", "progress", _fields(progress, speed).items()))

    def finding(self, error: CodecError) -> None:
        self.say(log_line("ERROR", "finding", (("code", error.code), ("err", str(error)))))

    def result(self, outcome: Outcome) -> None:
        if not self.quiet:
            for message, fields in outcome.log:
                self.say(log_line("INFO", message, fields))

    def error(self, error: CodecError, status: int, doing: str) -> None:
        text = f"{error}; {error.hint}" if error.hint else str(error)
        if not self._plain_errors:
            self.say(log_line("ERROR", self._name, (("err", text),)))
        elif isinstance(error, DataError):
            self.say(printable(f"{self._name}: {doing}: {text}"))
        else:
            self.say(printable(f"{self._name}: {text}"))


class JsonLines:
    """One JSON object a line, all on standard output; at most one progress message a second."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._pace, self._meter = Pace(seconds=1), Meter()
        self._aside = False

    def step_aside(self) -> None:
        self._aside = True

    def warning(self, warned: Warned) -> None:
        if not self.quiet:
            self._write("warning", {"warning": warned.event, "fields": dict(warned.fields)})

    def progress(self, progress: Progress) -> None:
        if not self.quiet and self._pace.due():
            self._write("progress", _fields(progress, self._meter.speed(progress)))

    def finding(self, error: CodecError) -> None:
        self._write("finding", error.as_json())

    def result(self, outcome: Outcome) -> None:
        if not self.quiet:
            self._write("result", outcome.data)

    def error(self, error: CodecError, status: int, doing: str) -> None:
        self._write("error", {"status": status, **error.as_json()})

    def _write(self, event: str, data: Mapping[str, object]) -> None:
        import json

        click.echo(json.dumps({"event": event, **data}, default=_plain), err=self._aside)


def printable(text: str, keep: str = "") -> str:
    """`text` on one line (but for the characters of `keep`), with everything that could act on a terminal escaped."""
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode("ascii") for char in text
    )


def _fields(progress: Progress, speed: Speed) -> dict[str, object]:
    """Progress for programs; what is not known is left out."""
    fields: dict[str, object] = {"phase": progress.phase, "done": progress.done, "total": progress.total}
    fields["unit"] = progress.unit
    if speed.rate is not None:
        fields["per_second"] = round(speed.rate)
    if speed.left is not None:
        fields["seconds_left"] = round(speed.left)
    return fields


def _coloured(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text


def _plain(value: object) -> object:
    """Values that the json module does not know: a mapping as an object, anything else as text."""
    return dict(value) if isinstance(value, Mapping) else str(value)
