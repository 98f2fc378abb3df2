"""One run of a command line: the only place where errors, signals and exit statuses meet.

Invariant: whatever happens ends in one message and one documented status; a traceback appears only for a bug.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import PurePath
from types import FrameType
from typing import Literal, NoReturn

import click

from codec.errors import CodecError, EnvironmentProblem, UsageError, from_os_error
from codec.frozen import frozen

from . import goflags
from .voices import JsonLines, LogLines, People, Voice

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_WRONG_USE = 1


@frozen
class Program:
    """What makes one command line differ from another.

    `messages` is how people and scripts hear of a run without `--json`: prose, or the reference's log lines with errors
    as a plain last line or as a log line of their own. `failure_status` is for a program that knows only one.
    """

    name: str
    messages: Literal["prose", "log-plain-errors", "log"] = "prose"
    go_flags: bool = False
    failure_status: int | None = None

    def voice(self, arguments: Sequence[str]) -> Voice:
        """How this program speaks when it is called with `arguments`, which need not be valid."""
        quiet, asked = not {"-q", "--quiet"}.isdisjoint(arguments), "--progress" in arguments
        if "--json" in arguments:
            return JsonLines(quiet)
        if self.messages == "prose":
            return People(quiet, asked)
        return LogLines(quiet, asked, self.name, plain_errors=self.messages == "log-plain-errors")


class Session:
    """What a command is handed: who speaks, and `doing`, what it is at (where a message would not tell)."""

    def __init__(self, voice: Voice) -> None:
        self.voice, self.doing = voice, ""


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived. Not an `Exception`, so that only clean-up code sees it on its way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def called_as() -> str:
    """The name under which this process was started."""
    return PurePath(sys.argv[0]).name


def run(command: click.Command, program: Program, arguments: Sequence[str]) -> int:
    """Run `command` with `arguments`, and return its exit status (container-and-cli.md §5.4, §6.2)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
    try:
        with _signals_raise():
            return _run(command, program, arguments)
    except Stopped as stop:  # while the last message was being said
        return 128 + stop.number
    except BrokenPipeError:  # nobody reads on
        return _WRONG_USE
    finally:
        _give_up_what_nobody_takes()


def _give_up_what_nobody_takes() -> None:
    """Without this the interpreter would complain once more when it flushes at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(command: click.Command, program: Program, arguments: Sequence[str]) -> int:
    session = Session(program.voice(arguments))
    error: CodecError
    try:
        if program.go_flags:
            arguments = goflags.rewritten(arguments, goflags.flags_of(command))
            session.voice = program.voice(arguments)
        status = command.main(list(arguments), prog_name=program.name, standalone_mode=False, obj=session)
        sys.stdout.flush()
        return status or 0
    except click.ClickException as problem:
        error = _usage_error(problem, program)
    except CodecError as problem:
        error = problem
    except BrokenPipeError:
        raise
    except OSError as problem:
        error = from_os_error(problem, session.doing or program.name)
    except MemoryError:
        error = EnvironmentProblem("memory", f"{session.doing or program.name}: not enough memory")
    except Stopped as stop:
        error = EnvironmentProblem("interrupted", f"interrupted by {stop.number.name}")
        return _fail(session, error, 128 + stop.number)
    return _fail(session, error, program.failure_status or error.exit_status)


def _fail(session: Session, error: CodecError, status: int) -> int:
    with suppress(OSError):  # where not even that can be said, the status still tells
        session.voice.error(error, status, session.doing)
    return status


def _usage_error(problem: click.ClickException, program: Program) -> UsageError:
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    path = context.command_path if context else program.name
    return UsageError("usage", problem.format_message(), hint=f"see `{path} --help`")


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Inside, the first SIGINT or SIGTERM raises `Stopped`; later ones cannot cut its clean-up short."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    # A signal that our caller set to be ignored (as shells do for background jobs) stays ignored.
    before = {number: old for number in _SIGNALS if (old := signal.getsignal(number)) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
