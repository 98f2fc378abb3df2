"""Log lines of `key=value` fields, as the reference's log package prints them (container-and-cli.md §5.4).

Invariant: one message is one line, and a value that holds a space, a quote, `=` or anything unprintable is quoted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

_ESCAPES = dict(zip('\a\b\f\n\r\t\v"\\', 'abfnrtv"\\', strict=True))


def log_line(level: str, message: str, fields: Iterable[tuple[str, object]]) -> str:
    """One line without its newline: local time with milliseconds, `level`, `message`, then `fields` in their order."""
    time = datetime.now().astimezone().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    pairs = (("time", time), ("level", level), ("msg", message), *fields)
    return " ".join(f"{name}={_value(value)}" for name, value in pairs)


def _value(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text and text.isprintable() and not set(text) & {" ", '"', "="}:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return f"\\{_ESCAPES[char]}"
    if char.isprintable():
        return char
    number = ord(char)
    if number < 0x80:
        return f"\\x{number:02x}"
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
