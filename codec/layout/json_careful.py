"""JSON by the letter (RFC 8259), one token at a time: slow, but it knows where and why a text is refused.

Invariant: accepts the texts that the fast path of `json_read` accepts, with the same values, and never recurses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from codec.errors import SHOWN_BYTES, shown


class Number(str):
    """A number that is not a plain integer, as the token that was read (`1.50E1`, `-0`). Ask for it before `str`."""

    __slots__ = ()


JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

SPACE = re.compile(r"[ \t\n\r]*")
AFTER_TOKEN = frozenset(' \t\n\r,:]}{["')  # what may follow a number or a literal without white space between them

_PLAIN_RUN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_NUMBER_BEGINS = frozenset("-0123456789")
_NUMBER_RUN = re.compile(r"[-+.0-9A-Za-z_]*")
_FOUR_HEX = re.compile(r"[0-9A-Fa-f]{4}")
_WORD = re.compile(r"\w*")
_BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SHOWN_STEPS = 6


@dataclass(eq=False)
class Refused(Exception):
    """Why the text is not accepted: the index where, and the parts of the error to be.

    `cut`: nothing is wrong but that the text ends here; `first`: the index of the member that this one repeats.
    """

    at: int
    message: str
    expected: str = ""
    found: str = ""
    hint: str = ""
    path: str = ""
    cut: bool = False
    first: int | None = None


@dataclass(slots=True)
class _Open:
    """A container whose end is not reached yet; `name` is the member whose value comes next."""

    value: dict[str, JsonValue] | list[JsonValue]
    name: str = ""
    names: dict[str, int] = field(default_factory=dict)  # as compared -> index


def run_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a run that may be empty ends."""
    found = pattern.match(text, at)
    assert found is not None
    return found.end()


def integer(token: str) -> int | Number:
    """An integer token: exact at any size that `int` takes, else (and for `-0`) the token itself."""
    if token == "-0":
        return Number(token)
    try:
        return int(token)
    except ValueError:  # longer than sys.get_int_max_str_digits()
        return Number(token)


def path_text(path: Sequence[str | int]) -> str:
    """A path for people: `fields[3].name`; names that are no identifiers are quoted, long paths lose their middle."""
    half = _SHOWN_STEPS // 2
    shortened = [*path[:half], None, *path[-half:]] if len(path) > _SHOWN_STEPS else path
    text = ""
    for step in shortened:
        if step is None:
            text += "…"
        elif isinstance(step, str) and len(step) <= SHOWN_BYTES and _BARE_NAME.fullmatch(step):
            text += f".{step}"
        else:
            text += f"[{shown(step)}]"
    return text.removeprefix(".")


def parse(text: str, at: int, *, max_depth: int, fold: bool) -> tuple[JsonValue, int]:
    """The value that begins at or after `at`, and the index behind it; raises `Refused`.

    `fold`: members of one object must differ in more than letter case. Memory: the value, plus a frame per open level.
    """
    return _Parser(text, max_depth, fold).value(at)


class _Parser:
    def __init__(self, text: str, max_depth: int, fold: bool) -> None:
        self._text = text
        self._max_depth = max_depth
        self._fold = fold
        self._open: list[_Open] = []

    def value(self, at: int) -> tuple[JsonValue, int]:
        while True:
            value, at, whole = self._begin(self._skip(at))
            while whole:
                if not self._open:
                    return value, at
                value, at, whole = self._attach(value, at)

    def _begin(self, at: int) -> tuple[JsonValue, int, bool]:
        """A scalar or an empty container (whole), or the inside of a container, up to where its first value begins."""
        char = self._text[at : at + 1]
        if char == '"':
            return *self._string(at), True
        if char not in ("{", "["):
            return *self._scalar(at), True
        if len(self._open) >= self._max_depth:
            self._refuse(at, f"nested deeper than {self._max_depth} levels")
        frame = _Open({} if char == "{" else [])
        self._open.append(frame)
        at = self._skip(at + 1)
        if self._text[at : at + 1] == ("}" if char == "{" else "]"):
            self._open.pop()
            return frame.value, at + 1, True
        if char == "{":
            at = self._name(frame, at, "a member name or '}'")
        return None, at, False

    def _attach(self, value: JsonValue, at: int) -> tuple[JsonValue, int, bool]:
        """Put a whole value into the innermost container; then that one is whole, or the next value begins."""
        frame = self._open[-1]
        if isinstance(frame.value, dict):
            frame.value[frame.name] = value
            end = "}"
        else:
            frame.value.append(value)
            end = "]"
        at = self._skip(at)
        char = self._text[at : at + 1]
        if char == end:
            self._open.pop()
            return frame.value, at + 1, True
        if char != ",":
            self._unexpected(at, f"',' or '{end}'")
        at = self._skip(at + 1)
        if end == "}":
            at = self._name(frame, at, "a member name")
        elif self._text[at : at + 1] == "]":
            self._refuse(at, "a comma before the end of the array", "a value", "']'")
        return None, at, False

    def _name(self, frame: _Open, at: int, expected: str) -> int:
        """A member name and its colon; the index behind them."""
        start = at
        if self._text[at : at + 1] != '"':
            if expected == "a member name" and self._text[at : at + 1] == "}":
                self._refuse(at, "a comma before the end of the object", expected, "'}'")
            self._unexpected(at, expected)
        name, at = self._string(at)
        frame.name = name
        assert isinstance(frame.value, dict)
        if name in frame.value:
            self._refuse(start, "a member is repeated", found=shown(name), first=frame.names[self._compared(name)])
        if (first := frame.names.setdefault(self._compared(name), start)) != start:
            self._refuse(start, "two members differ only in letter case", found=shown(name), first=first)
        at = self._skip(at)
        if self._text[at : at + 1] != ":":
            self._unexpected(at, "':'")
        return at + 1

    def _compared(self, name: str) -> str:
        return name.casefold() if self._fold else name

    def _string(self, at: int) -> tuple[str, int]:
        text = self._text
        start, pieces = at, []
        at += 1
        while True:
            end = run_end(_PLAIN_RUN, text, at)
            pieces.append(text[at:end])
            char = text[end : end + 1]
            if char == '"':
                return "".join(pieces), end + 1
            if char == "\\":
                piece, at = self._escape(end)
                pieces.append(piece)
            elif char:
                hint = "write it as the escape; or the string lacks its closing quote"
                self._refuse(end, "a raw control character in a string", f"\\u{ord(char):04x}", shown(char), hint)
            else:
                self._refuse(start, "a string does not end", "'\"'", "the end of the text", cut=True)

    def _escape(self, at: int) -> tuple[str, int]:
        text = self._text
        char = text[at + 1 : at + 2]
        if char in _SHORT_ESCAPES:
            return _SHORT_ESCAPES[char], at + 2
        if char and char != "u":
            hint = "write a backslash as \\\\"
            known = 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u'
            self._refuse(at, "an unknown escape in a string", known, shown("\\" + char), hint)
        unit = self._unit(at)
        if not 0xD800 <= unit < 0xE000:
            return chr(unit), at + 6
        hint = "characters beyond U+FFFF are two escapes, \\ud800-\\udbff then \\udc00-\\udfff"
        if unit < 0xDC00 and "\\u".startswith(text[at + 6 : at + 8]):
            low = self._unit(at + 6)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), at + 12
        self._refuse(at, "half of a surrogate pair in a string", found=text[at : at + 6], hint=hint)

    def _unit(self, at: int) -> int:
        r"""The number of the escape \uHHHH at `at`."""
        if digits := _FOUR_HEX.match(self._text, at + 2):
            return int(digits[0], 16)
        found = self._text[at : at + 6]
        expected = "\\u and four hex digits"
        self._refuse(at, "an incomplete escape in a string", expected, shown(found), cut=len(found) < 6)

    def _scalar(self, at: int) -> tuple[bool | int | Number | None, int]:
        text = self._text
        if text[at : at + 1] in _NUMBER_BEGINS:
            end = run_end(_NUMBER_RUN, text, at)
            if number := _NUMBER.fullmatch(text, at, end):
                self._token_ends(end)
                return integer(number[0]) if not number[2] else Number(number[0]), end
            self._bad_number(at, end)
        end = run_end(_WORD, text, at)
        word = text[at:end]
        if word in _LITERALS:
            self._token_ends(end)
            return _LITERALS[word], end
        cut = end == len(text)  # the word may go on
        if not word:
            self._unexpected(at, "a value")
        if cut and any(literal.startswith(word) for literal in _LITERALS):
            self._refuse(at, "a literal does not end", "a value", shown(word), cut=cut)
        if word in ("NaN", "Infinity"):
            self._refuse(at, f"{word} is not a JSON number", "a value", word, cut=cut)
        if word.lower() in _LITERALS:
            self._refuse(at, "a literal in wrong letter case", word.lower(), word, cut=cut)
        self._refuse(at, "not valid JSON", "a value", shown(word), "text stands in double quotes", cut=cut)

    def _token_ends(self, end: int) -> None:
        if end < len(self._text) and self._text[end] not in AFTER_TOKEN:
            self._unexpected(end, "',' or the end of the value")

    def _bad_number(self, at: int, end: int) -> NoReturn:
        token = self._text[at:end]
        digits = token.removeprefix("-")
        cut = end == len(self._text)  # the token may go on
        message, expected = "a malformed number", "digits, then a fraction or an exponent if any"
        if cut and _NUMBER.fullmatch(token + "0"):
            message, expected = "a number does not end", "a digit"
        elif digits == "Infinity":
            message, expected = "-Infinity is not a JSON number", "a value"
        elif digits[:1] == "0" and digits[1:2].isdigit():
            message, expected = "a number with leading zeros", "the number without them"
        self._refuse(at, message, expected, shown(token), cut=cut)

    def _skip(self, at: int) -> int:
        return run_end(SPACE, self._text, at)

    def _unexpected(self, at: int, expected: str) -> NoReturn:
        if at >= len(self._text):
            self._refuse(at, "the text ends too early", expected, "the end of the text", cut=True)
        char = self._text[at]
        if char == "\ufeff":
            self._refuse(at, "a byte order mark", expected, shown(char), "save the file as UTF-8 without it")
        hint = "names and strings stand in double quotes" if char == "'" else ""
        self._refuse(at, "not valid JSON", expected, shown(char), hint)

    def _refuse(
        self,
        at: int,
        message: str,
        expected: str = "",
        found: str = "",
        hint: str = "",
        *,
        cut: bool = False,
        first: int | None = None,
    ) -> NoReturn:
        path = [frame.name if isinstance(frame.value, dict) else len(frame.value) for frame in self._open]
        raise Refused(at, message, expected, found, hint, path_text(path), cut, first)
