"""`codec spec …`: check, show and compile the specs themselves.

Invariant: everything is said by `codec.spec.workbench`; these commands print it and choose the exit status.
"""

from __future__ import annotations

import click

from codec.errors import SpecError

from .commands import HELP, default_format
from .session import Session

BREAKS = 3  # exit status of a difference that breaks readers or writers
_spec_option = click.option("--spec", "name", default="", metavar="SPEC", help="Name of a format, or path of a spec.")


@click.group(context_settings=HELP, no_args_is_help=False)
def spec() -> None:
    """Check, show and compile the specs of formats."""


@spec.command("list", context_settings=HELP)
def list_specs() -> None:
    """Print the known formats."""
    from codec.spec.workbench import formats

    for name, summary in formats():
        click.echo(f"{name}  {summary}")


@spec.command(context_settings=HELP)
@click.argument("names", nargs=-1, metavar="[SPEC]...")
@click.option("--json", is_flag=True, expose_value=False, help="Messages as JSON lines, for programs.")
@click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Mistakes only.")
@click.pass_obj
def lint(session: Session, names: tuple[str, ...]) -> int:
    """Print every mistake and every doubt of each SPEC, a format's name or a spec's path; default: all known formats.

    A doubt is a warning, about something that may be meant. Exit status: 0 no mistake, 2 mistakes.
    """
    from codec.spec.workbench import formats, judged

    from .results import doubted, linted

    found = {name: judged(name) for name in names or [name for name, _ in formats()]}
    for mistakes, doubts in found.values():
        for mistake in mistakes:
            session.voice.error(mistake, SpecError.exit_status, "")
        for doubt in doubts:
            session.voice.warning(doubted(doubt))
    if any(mistakes for mistakes, _ in found.values()):
        return SpecError.exit_status
    session.voice.result(linted({name: len(doubts) for name, (_, doubts) in found.items()}))
    return 0


@spec.command(context_settings=HELP)
@_spec_option
@click.argument("record", default="", metavar="[RECORD]")
def show(name: str, record: str) -> None:
    """Print the resolved plan of one kind of record; without RECORD, the names of all kinds."""
    from codec.spec.workbench import show as plan_text

    click.echo(plan_text(name or default_format(), record))


@spec.command(context_settings=HELP)
@_spec_option
@click.argument("document", default="", metavar="[DOCUMENT]")
def schema(name: str, document: str) -> None:
    """Print the JSON Schema of one kind of document; without DOCUMENT, the names of all kinds."""
    from codec.spec.workbench import schema as schema_text

    click.echo(schema_text(name or default_format(), document))


@spec.command("diff", context_settings=HELP)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def diff_specs(old: str, new: str, as_json: bool) -> int:
    """Print what changed from OLD to NEW (names or paths of specs), and what that means, worst first.

    Exit status: 0 nothing breaks, 3 readers or writers break, 1 wrong use, 2 a spec is wrong.
    """
    from codec.spec.workbench import compared

    text, breaks = compared(old, new, as_json)
    click.echo(text)
    return BREAKS if breaks else 0


@spec.command("compile", context_settings=HELP)
@_spec_option
@click.option("--show", is_flag=True, help="Print the generated source instead of writing it.")
def compile_spec(name: str, show: bool) -> None:
    """Write the Python modules that the compiled engine runs, and print their paths."""
    from codec.spec.workbench import compiled_source, write_compiled

    if show:
        click.echo(compiled_source(name or default_format()))
    else:
        for path in write_compiled(name or default_format()):
            click.echo(str(path))
