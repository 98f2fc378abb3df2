"""`codec verify` and `codec fmt`: judge what is there, and bring edited documents into their form.

Invariant: they only turn options into one call of the library; findings are said one by one, then the count.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from codec.errors import DataError, Place, TreeError

from .commands import HELP
from .session import Session

if TYPE_CHECKING:
    from codec.api import Engine

_ENGINES = ("compiled", "interpreter")
_engine = click.option("--engine", type=click.Choice(_ENGINES), default=_ENGINES[0], show_default=True)
_spec = click.option(
    "--spec",
    "format",
    default="",
    metavar="SPEC",
    help="Name or path of the spec.  [default: the one that the input tells]",
)
_json = click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
_quiet = click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Findings and errors only.")


@click.command(context_settings=HELP, short_help="Judge a snapshot or a tree; change nothing.")
@click.argument("source", metavar="DIR|FILE", type=click.Path())
@click.option("--encode-info", default="", metavar="FILE", help="The document of FILE.  [default: beside it]")
@click.option("--no-encode-info", "alone", is_flag=True, help="Judge FILE alone, without its document.")
@_spec
@_engine
@_json
@_quiet
@click.pass_obj
def verify(session: Session, source: str, encode_info: str, alone: bool, format: str, engine: Engine) -> int:
    """Judge FILE, a snapshot with the document beside it, or DIR, a tree, and print every finding.

    Exit status: 0 no finding, 2 findings, 1 wrong use, also if an encoded FILE has no document.
    """
    from codec import api

    from .results import verified

    session.doing = f"verify {source}"
    start = monotonic()
    options = api.VerifyOptions(
        encode_info=Path(encode_info) if encode_info else None,
        alone=alone,
        format=format,
        engine=engine,
        found=session.voice.finding,
        warn=session.voice.warning,
        progress=session.voice.progress,
    )
    result = api.verify_snapshot(Path(source), options)
    session.voice.result(verified(result, source, monotonic() - start))
    return DataError.exit_status if result.findings else 0


@click.command(context_settings=HELP, short_help="Write edited documents of a tree as a decode would.")
@click.argument("source", metavar="DIR", type=click.Path())
@click.option("--check", is_flag=True, help="Change nothing; findings for what would be changed.")
@_spec
@_engine
@_json
@_quiet
@click.pass_obj
def fmt(session: Session, source: str, check: bool, format: str, engine: Engine) -> int:
    """Write the documents of DIR in their canonical form and its list of checksums anew; touch only what differs.

    Exit status: 0 done, 2 a document cannot be read (nothing was changed), or with --check: something would be changed.
    """
    from codec import api

    from .results import formatted

    session.doing = f"fmt {source}"
    start = monotonic()

    def changed(path: str) -> None:
        if check:
            session.voice.finding(TreeError("not-canonical", "the document is not in its canonical form", Place(path)))

    options = api.FormatOptions(check=check, format=format, engine=engine, changed=changed, found=session.voice.finding)
    result = api.format_tree(Path(source), options)
    session.voice.result(formatted(result, source, check, monotonic() - start))
    return DataError.exit_status if check and (result.changed or result.checksums) else 0
