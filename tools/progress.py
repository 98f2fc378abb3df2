"""How often and how progress is shown.

Invariant: telling costs nothing worth mentioning, however often the library reports.
"""

from __future__ import annotations

from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar as ClickBar

    from codec.api import Progress


class Pace:
    """A clock that says when the next message is due: at once, then every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        now = monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class ProgressBar:
    """One line on a terminal for the phase that is under way; a phase with an unknown total has no percentage."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._pace = Pace(seconds=0.1)
        self._phase = ""
        self._bar: ClickBar[int] | None = None

    def show(self, progress: Progress) -> None:
        if self._bar is None or progress.phase != self._phase:
            self.close()
            self._bar = self._started(progress)
        if self._pace.due() or progress.done == progress.total:
            self._bar.update(progress.done - self._bar.pos)

    def close(self) -> None:
        """End the line, so that other text can follow; the next `show` starts a new one."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None

    def _started(self, progress: Progress) -> ClickBar[int]:
        self._phase = progress.phase
        # click reads "no length" off an iterable whose end is unknown.
        bar = click.progressbar(
            None if progress.total else count(),
            length=progress.total or None,
            label=progress.phase,
            file=self._terminal,
        )
        bar.__enter__()
        return bar
