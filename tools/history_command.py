"""`codec history`: the versions of one key.

Invariant: it only turns options into one call of the library and its result into an `Outcome`.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from codec.errors import DataError, Place, UsageError

from .commands import HELP, default_format
from .session import Session

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|\\|.?)", re.DOTALL)


@click.command(context_settings=HELP, short_help="List the versions of one key.")
@click.argument("source", metavar="DIR|FILE", type=click.Path())
@click.argument("key", metavar="KEY")
@click.option(
    "--spec", "format", default="", metavar="SPEC", help="Name or path of the spec.  [default: told by the input]"
)
@click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
@click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Errors only.")
@click.pass_obj
def history(session: Session, source: str, key: str, format: str) -> None:
    r"""List the versions of KEY, a record's key, newest first: commit, time, state, size, and what changed.

    FILE is a snapshot; of DIR, a tree, it is what an encode of it would write, with its complement. In KEY, `\xNN` is a
    byte and `\\` a backslash.

    Exit status: 0 done, 1 wrong use, 2 wrong data, also if there is no such key.
    """
    from codec import api
    from codec.spec import ready

    from .results import history as told

    session.doing = f"history {source}"
    if not Path(source).exists():
        raise UsageError("input", f"{source} does not exist", Place(source))
    raw = unescaped(key)
    versions = api.key_history(Path(source), raw, format)
    if not versions:
        hint = "a record's key begins with the prefix of its kind; `codec spec show` lists them"
        raise DataError("no-such-key", "no record has this key", Place(source), found=key, hint=hint)
    shift = ready.load(format or default_format()).clock.shift
    session.voice.result(told(versions, shift, source, key))


def unescaped(text: str) -> bytes:
    """The bytes that a key on a command line stands for; raises `UsageError`."""

    def byte(found: re.Match[bytes]) -> bytes:
        if found[1] == b"\\":
            return b"\\"
        if len(found[1]) != 3:
            hint = "write a backslash as two, a byte as \\xNN"
            raise UsageError("usage", "a backslash in KEY that is no escape", hint=hint)
        return bytes((int(found[1][1:], 16),))

    return _ESCAPE.sub(byte, text.encode("utf-8", "surrogateescape"))
