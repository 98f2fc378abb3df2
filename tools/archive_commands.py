"""`codec archive …`: a tree as one file, and back.

Invariant: they only turn options into one call of the library and its result into an `Outcome`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from codec.errors import UsageError

from .commands import HELP, default_format
from .session import Session

if TYPE_CHECKING:
    from codec.archive import Compression

STANDARD = "-"  # standard input or output in the place of a file

_json = click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
_progress = click.option("--progress", is_flag=True, expose_value=False, help="Progress also without a terminal.")
_quiet = click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Errors only.")


@click.group(context_settings=HELP, no_args_is_help=False)
def archive() -> None:
    """Pack a tree into one file, or unpack it."""


@archive.command(context_settings=HELP, options_metavar="--input DIR --output FILE [options]")
@click.option("--input", "source", default="", metavar="DIR", help="Tree to pack.")
@click.option("--output", "target", default="", metavar="FILE", help="Archive to write; - for standard output.")
@click.option("--compression", type=click.Choice(("zstd", "none")), default="zstd", show_default=True)
@click.option("--replace", is_flag=True, help="Replace an archive that is already at --output.")
@_json
@_progress
@_quiet
@click.pass_obj
def pack(session: Session, source: str, target: str, compression: Compression, replace: bool) -> None:
    """Pack DIR, a tree that `decode` wrote, into FILE, a tar archive.

    The tree is judged first: every file must agree with the checksums, and nothing else may stand in it. Equal trees
    give equal archives. FILE appears whole or not at all.
    """
    _need(source, "--input")
    _need(target, "--output")
    if target == STANDARD:
        if sys.stdout.isatty():
            raise UsageError("usage", "an archive is nothing for a terminal", hint="write it to a file or into a pipe")
        session.voice.step_aside()

    from codec.archive import pack as pack_to
    from codec.archive import pack_to_file

    from .results import packed

    session.doing = f"pack {source}"
    start = monotonic()
    given, progress, root = default_format(), session.voice.progress, Path(source)
    if target == STANDARD:
        result = pack_to(root, sys.stdout.buffer, format=given, compression=compression, progress=progress)
        sys.stdout.buffer.flush()
    else:
        result = pack_to_file(
            root, Path(target), format=given, compression=compression, replace=replace, progress=progress
        )
    session.voice.result(packed(result, source, target, monotonic() - start))


@archive.command(context_settings=HELP, options_metavar="--input FILE --output DIR [options]")
@click.option("--input", "source", default="", metavar="FILE", help="Archive to read; - for standard input.")
@click.option("--output", "target", default="", metavar="DIR", help="Tree to write; absent or empty, unless --replace.")
@click.option("--compression", type=click.Choice(("auto", "zstd", "none")), default="auto", show_default=True)
@click.option("--replace", is_flag=True, help="Replace a tree that is already at --output, as a whole.")
@click.option("--no-sync", is_flag=True, help="Do not wait until the tree is on the disk.")
@click.option("--shared", is_flag=True, help="Let the umask say who may read the tree; else only you may.")
@_json
@_progress
@_quiet
@click.pass_obj
def unpack(
    session: Session, source: str, target: str, compression: str, replace: bool, no_sync: bool, shared: bool
) -> None:
    """Unpack FILE, an archive of a tree, into DIR.

    DIR appears whole or not at all, and only if every file agrees with the checksums and nothing else is in it.
    """
    _need(source, "--input")
    _need(target, "--output")

    from contextlib import nullcontext

    from codec.archive import unpack as unpack_from
    from codec.archive.unpack import opened

    from .results import unpacked

    session.doing = f"unpack {source}"
    start = monotonic()
    wanted: Compression | None = "zstd" if compression == "zstd" else "none" if compression == "none" else None
    with nullcontext(sys.stdin.buffer) if source == STANDARD else opened(Path(source)) as file:
        result = unpack_from(
            file,
            Path(target),
            name="standard input" if source == STANDARD else source,
            format=default_format(),
            compression=wanted,
            replace=replace,
            sync=not no_sync,
            shared=shared,
            size=0 if source == STANDARD else Path(source).stat().st_size,
            warn=session.voice.warning,
            progress=session.voice.progress,
        )
    session.voice.result(unpacked(result, source, target, monotonic() - start))


def _need(value: str, option: str) -> None:
    if not value:
        raise UsageError("usage", f"{option} is required")
