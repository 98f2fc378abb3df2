"""The drop-in tools' flag spelling (container-and-cli.md §5.1), rewritten into the one spelling that click reads.

Invariant: every accepted spelling becomes exactly one `--name` or `--name=value`; nothing is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import click

from codec.errors import UsageError, shown
from codec.frozen import frozen

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


@frozen
class Flag:
    """One flag as click knows it: its canonical spelling, and whether it is a switch or takes a value."""

    option: str
    takes_value: bool


def flags_of(command: click.Command) -> dict[str, Flag]:
    """Every flag of `command` under each of its names without dashes."""
    flags: dict[str, Flag] = {}
    for parameter in command.get_params(click.Context(command, **command.context_settings)):
        if isinstance(parameter, click.Option):
            flag = Flag(max(parameter.opts, key=len), not parameter.is_flag)
            flags |= {name.lstrip("-"): flag for name in parameter.opts}
    return flags


def rewritten(arguments: Sequence[str], flags: dict[str, Flag]) -> list[str]:
    """`arguments` in click's spelling: the last repetition of a flag wins, a switch that is off disappears.

    Raises:
        UsageError: an unknown flag, bad syntax, a switch with a value that is no boolean, a missing value, and any
            argument that is not a flag (the reference would ignore it and all that follow).
    """
    found: dict[str, str | bool] = {}
    words = iter(arguments)
    for word in words:
        if word == "--":
            if (stray := next(words, None)) is not None:
                _refuse(f"unexpected argument {shown(stray)}")
            break
        if not word.startswith("-") or word == "-":
            _refuse(f"unexpected argument {shown(word)}")
        name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        if not name or name.startswith("-"):
            _refuse(f"bad flag syntax: {shown(word)}")
        if name not in flags:
            _refuse(f"unknown flag {shown('-' + name)}")
        flag = flags[name]
        if not flag.takes_value:
            found[flag.option] = _switch(name, value) if equals else True
        elif equals:
            found[flag.option] = value
        elif (following := next(words, None)) is not None:
            found[flag.option] = following
        else:
            _refuse(f"flag -{name} needs a value")
    return [option if value is True else f"{option}={value}" for option, value in found.items() if value is not False]


def _switch(name: str, value: str) -> bool:
    if value not in _TRUE | _FALSE:
        _refuse(f"flag -{name} is a switch: {shown(value)} is neither true nor false")
    return value in _TRUE


def _refuse(message: str) -> NoReturn:
    raise UsageError("usage", message)
