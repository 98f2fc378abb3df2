"""The drop-in for the reference's encoder (container-and-cli.md §6).

Invariant: its flag spelling, its log lines, and its statuses.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .commands import encode_command
from .session import Program, called_as, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, else those of this process; the exit status is 0, 1, 2, or 130 or 143 when interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    command = encode_command()
    command.choose(given)
    return run(command, Program(called_as(), messages="log", go_flags=True), given)


if __name__ == "__main__":
    sys.exit(main())
