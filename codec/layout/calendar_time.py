"""Moments as text by RFC 3339, and back, to the millisecond."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import ClassVar

from codec.layout.base import WHOLE, Wrong
from codec.layout.faces import Face, face, found
from codec.layout.json_write import quote

_DAY = 86_400_000  # milliseconds
_EPOCH = date(1970, 1, 1)
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # after which the calendar repeats; `date` itself ends with the year 9999
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def to_rfc3339(millis: int) -> str:
    """A moment since 1970 in UTC, with as many digits of the fraction as it needs (s3.md §5.3)."""
    cycles, days = divmod(millis // _DAY, _CYCLE_DAYS)
    day = _EPOCH + timedelta(days=days)
    seconds, fraction = divmod(millis % _DAY, 1000)
    digits = f".{fraction:03}".rstrip("0") if fraction else ""
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{day.year + cycles * _CYCLE_YEARS:04}-{day.month:02}-{day.day:02}T{clock}{digits}Z"


def from_rfc3339(text: str) -> int:
    """Milliseconds since 1970, below zero before it; raises `Wrong` for text that is no moment.

    As lenient as the reference is: any number of fraction digits, of which those below the millisecond are dropped,
    a comma before them, an hour of one digit, offsets up to 24:60. Implements s3.md §6.4.
    """
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        raise Wrong("a moment such as 2006-01-02T15:04:05.999Z", found(text))
    year, month, day, hour, minute, second = (int(part) for part in parts.groups()[:6])
    fraction = int((parts[7] or "0")[:3].ljust(3, "0"))
    sign, ahead, ahead_minutes = parts[8], int(parts[9] or 0), int(parts[10] or 0)
    cycles, place = divmod(year, _CYCLE_YEARS)
    try:
        days = (date(place + _CYCLE_YEARS, month, day) - _EPOCH).days + (cycles - 1) * _CYCLE_DAYS
    except ValueError as problem:
        raise Wrong("a day of the calendar", f"{found(text)}: {problem}") from None
    if hour > 23 or minute > 59 or second > 59 or ahead > 24 or ahead_minutes > 60:
        raise Wrong("a time of the day", found(text))
    offset = (ahead * 60 + ahead_minutes) * (-60_000 if sign == "-" else 60_000)
    return days * _DAY + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offset


@face("rfc3339")
class Rfc3339(Face):
    """Milliseconds since 1970 as text by RFC 3339; what cannot be read is none or an error, as `unreadable` says."""

    takes: ClassVar[dict[str, object] | None] = {"enum": ["millis"]}
    config: ClassVar[dict[str, object]] = {
        "unreadable": {"enum": ["none", "error"], "description": "What text means that is no moment since 1970."},
    }

    holds = frozenset({WHOLE})

    def __init__(self, model: str, html: bool, lenient: bool) -> None:
        super().__init__(model, html)
        self.lenient = lenient

    @classmethod
    def build(cls, argument: object, options: dict[str, object], model: str, html: bool) -> Face:
        return cls(model, html, options["unreadable"] == "none")

    def arguments(self) -> tuple[object, ...]:
        return self.model, self.html, self.lenient

    def write(self, value: object, newline: str) -> str:
        assert isinstance(value, int)
        return quote(to_rfc3339(value), self.html)

    def read(self, value: object) -> object:
        if type(value) is not str:
            raise Wrong("a string", found(value))
        try:
            millis = from_rfc3339(value)
            if millis < 0:
                raise Wrong("a moment since 1970", found(value))
        except Wrong:
            if self.lenient:
                return None
            raise
        return millis

    def missing(self) -> object:
        return None

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "date-time"}
