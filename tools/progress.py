"""How often and how progress is shown: what is done, how fast it goes, how long it will still take.

Invariant: telling costs nothing worth mentioning, however often the library reports.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, TextIO

from codec.frozen import frozen

if TYPE_CHECKING:
    from codec.api import Progress

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_CLEAR_REST = "\x1b[K"  # of the line, as every terminal has it


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


@frozen
class Speed:
    """Units per second since the phase began, and the seconds that are left at this rate; None where it cannot be known."""

    rate: float | None
    left: float | None


class Meter:
    """Measures one phase after the other."""

    def __init__(self) -> None:
        self._phase, self._start, self._first = "", 0.0, 0

    def speed(self, progress: Progress) -> Speed:
        """How fast the phase goes that `progress` is about; its first report starts the clock."""
        now = monotonic()
        if progress.phase != self._phase or progress.done < self._first:
            self._phase, self._start, self._first = progress.phase, now, progress.done
        seconds, done = now - self._start, progress.done - self._first
        rate = done / seconds if seconds > 0 and done else None
        left = max(0, progress.total - progress.done) / rate if rate and progress.total else None
        return Speed(rate, left)


class ProgressLine:
    """One line on a terminal for the phase that is under way, rewritten in place."""

    def __init__(self, terminal: TextIO, width: int) -> None:
        self._terminal, self._width = terminal, width
        self._pace, self._meter = Pace(seconds=0.1), Meter()
        self._phase = ""

    def show(self, progress: Progress) -> None:
        if progress.phase != self._phase:
            self.close()
            self._phase = progress.phase
        elif not self._pace.due() and progress.done != progress.total:
            return
        text = sentence(progress, self._meter.speed(progress))[: self._width - 1]
        self._terminal.write(f"\r{text}{_CLEAR_REST}")
        self._terminal.flush()

    def close(self) -> None:
        """End the line, so that other text can follow; the next `show` starts a new one."""
        if self._phase:
            self._terminal.write("\n")
            self._phase = ""


def sentence(progress: Progress, speed: Speed) -> str:
    """Progress in words: `decode  45%  1.2 GB of 2.7 GB  310.0 MB/s  5 s left`."""
    parts = [progress.phase]
    if progress.total:
        parts.append(f"{100 * min(progress.done, progress.total) // progress.total}%")
        parts.append(f"{_amount(progress.done, progress.unit)} of {_amount(progress.total, progress.unit)}")
    else:
        parts.append(_amount(progress.done, progress.unit))
    if speed.rate is not None:
        parts.append(f"{_amount(int(speed.rate), progress.unit)}/s")
    if speed.left is not None:
        parts.append(f"{duration(speed.left)} left")
    return "  ".join(parts)


def _amount(count: int, unit: str) -> str:
    return size(count) if unit == "bytes" else f"{count:,} {unit}"


def size(count: int) -> str:
    """A number of bytes for people, in steps of 1000."""
    value, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{count} bytes" if unit == _UNITS[0] else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds for people: `5 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
