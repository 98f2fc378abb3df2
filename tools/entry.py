"""What the installed commands call: from the first moment on, a signal ends the process with its documented status.

Invariant: the handlers stand before anything else is imported; as long as these are in place, nothing has been made
that would have to be taken away. `session` has handlers of its own while a command runs.
"""

import _signal  # type: ignore[import-not-found]  # built in: `signal` would load other modules first
import os
import sys

_SIGNALS = (_signal.SIGINT, _signal.SIGTERM)


def codec() -> int:
    """The command `codec`; its exit status."""
    _catch_signals()
    _open_closed_streams()
    from .main import main

    return main()


def snapshot_decode() -> int:
    """The drop-in for the reference's decoder; its exit status."""
    _catch_signals()
    _open_closed_streams()
    from .snapshot_decode import main

    return main()


def snapshot_encode() -> int:
    """The drop-in for the reference's encoder; its exit status."""
    _catch_signals()
    _open_closed_streams()
    from .snapshot_encode import main

    return main()


def _catch_signals() -> None:
    for number in _SIGNALS:
        if _signal.getsignal(number) != _signal.SIG_IGN:  # what our caller wants to be ignored stays ignored
            _signal.signal(number, _stop)


def _open_closed_streams() -> None:
    """What our caller closed leads nowhere: nothing fails for it, and no file of ours gets its descriptor."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  # for as long as the process lives


def _stop(number: int, frame: object) -> None:
    os._exit(128 + number)
