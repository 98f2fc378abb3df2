"""`codec`: the one command line for people; every job is a sub-command.

Invariant: a sub-command is built when it is called, so that `--version`, `--help` and completion answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from codec.errors import UsageError

from .commands import HELP, decode_command, encode_command
from .session import Program, called_as, run

DISTRIBUTION = "declarative-codec"
CHECKOUT = "dev"  # the version that no build has stamped
SHELLS = ("bash", "zsh", "fish")
ELSEWHERE = {  # sub-commands and the modules that have them, which are imported when one of them is called
    "archive": "archive_commands",
    "spec": "spec_commands",
    "conformance": "conformance_commands",
    "generate": "generate_commands",
    "bench": "bench.commands",
    "migrate": "migrate_command",
    "verify": "check_commands",
    "fmt": "check_commands",
    "history": "history_command",
}


class LateGroup(click.Group):
    """A group some of whose sub-commands stand in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE and cmd_name not in self.commands:
            from importlib import import_module

            module = import_module(f".{ELSEWHERE[cmd_name]}", __package__)
            self.add_command(getattr(module, cmd_name))
        return super().get_command(ctx, cmd_name)


def codec() -> click.Group:
    """The command `codec` with all of its sub-commands."""
    group = LateGroup(
        "codec",
        context_settings=HELP,
        no_args_is_help=False,
        help="Turn a storage format into files that people can read and edit, and back, byte for byte.",
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Print the version.",
            )
        ],
    )
    for command in (decode_command(), encode_command(), completion):
        group.add_command(command)
    return group


@click.command(context_settings=HELP, short_help="Print a completion script for a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a completion script for SHELL: put `eval "$(codec completion bash)"` into the shell's start-up file."""
    from click.shell_completion import get_completion_class

    root = context.find_root()
    program = root.info_name or ""
    script = get_completion_class(shell)
    if script is None:
        raise UsageError("usage", f"no completion for {shell}")
    variable = f"_{program}_complete".replace("-", "_").upper()
    click.echo(script(root.command, {}, program, variable).source())


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from codec.version import __version__

    number = __version__ if __version__ != CHECKOUT else _installed()
    click.echo(f"{context.info_name} {number}")
    context.exit()


def _installed() -> str:
    """The version that a checkout was installed as: slow to find, and stamped into what a build makes."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, else those of this process; the exit status is 0, 1, 2, or 130 or 143 when interrupted."""
    return run(codec(), Program(called_as()), sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
