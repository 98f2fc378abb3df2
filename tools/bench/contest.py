"""Who runs: our own command line and any rival, each as one command template per direction."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from codec.errors import UsageError

Direction = Literal["decode", "encode", "self-test", "complement", "restore", "help"]
"""`complement` is a decode that keeps a complement, `restore` the encode of such a tree."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
OURS = "codec"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A name and, per direction, the words of a command; `{input}` and `{output}` stand for paths."""

    name: str
    commands: Mapping[Direction, tuple[str, ...]]

    def command(self, direction: Direction, source: Path, target: Path) -> list[str]:
        """The command that turns `source` into `target`."""
        paths = {"{input}": str(source), "{output}": str(target)}
        return [paths.get(word, word) for word in self.commands[direction]]


def ours(options: tuple[str, ...] = (), name: str = OURS) -> Contestant:
    """The command line that is running now, with more options for both directions."""
    script = Path(sys.argv[0]).absolute()
    module = f"{__package__}".rpartition(".")[0] + ".main"
    program = (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-m", module)
    ends = ("--input", "{input}", "--output", "{output}", *options)
    return Contestant(
        name,
        {
            "decode": (*program, "decode", *ends),
            "encode": (*program, "encode", *ends),
            "self-test": (*program, "encode", *ends, "--self-test"),
            "complement": (*program, "decode", *ends, "--complement"),
            "restore": (*program, "encode", *ends),
            "help": (*program, "--help"),
        },
    )


def rival(texts: tuple[str, ...]) -> Contestant | None:
    """The contestant that `--rival DIRECTION=COMMAND`, given once per direction, describes."""
    commands: dict[Direction, tuple[str, ...]] = {}
    for text in texts:
        direction, equals, command = text.partition("=")
        if direction not in DIRECTIONS or not equals:
            hint = f"DIRECTION is one of {', '.join(DIRECTIONS)}"
            raise UsageError("usage", f"--rival {text}: not of the form DIRECTION=COMMAND", hint=hint)
        words = shlex.split(command)
        if missing := [place for place in ("{input}", "{output}") if place not in words and direction != "help"]:
            raise UsageError(
                "usage", f"--rival {text}: {' and '.join(missing)} must stand in it, as words of their own"
            )
        commands[direction] = tuple(words)
    return Contestant("rival", commands) if commands else None
