"""The drop-in for the reference's decoder (container-and-cli.md §5).

Invariant: its flag spelling, its log lines, and its one status for every failure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .commands import decode_command
from .session import Program, called_as, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, else those of this process; the exit status is 0, 1, or 130 or 143 when interrupted."""
    program = Program(called_as(), messages="log-plain-errors", go_flags=True, failure_status=1)
    given = sys.argv[1:] if arguments is None else arguments
    command = decode_command()
    command.choose(given)
    return run(command, program, given)


if __name__ == "__main__":
    sys.exit(main())
