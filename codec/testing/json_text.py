"""JSON texts that say the same in other words, and texts that say something else in one place."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.spec import plan
from codec.testing.values import all_members, texts

SPACE = st.text(" \t\r\n", max_size=3)
SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[^"\[\]{},:]+|.', re.DOTALL)
NOT_FIRST = "$"  # begins the name of a member that nobody knows


class Token(str):
    """A number as it stands in the text."""


def respelt(text: str, strangers: bool = True, whole: Collection[str] = ()) -> SearchStrategy[str]:
    """Other texts of the JSON value in `text`; with `strangers`, objects have members that nobody knows.

    Not so the objects in members called as in `whole`, of which every member is known.
    """
    value = json.loads(text, parse_int=Token, parse_float=Token)

    @st.composite
    def spelt(draw: st.DrawFn) -> str:
        return draw(SPACE) + _value(draw, value, strangers, whole) + draw(SPACE)

    return spelt()


def whole_of(members: Iterable[plan.Member]) -> frozenset[str]:
    """The members that hold an object of which every member is known."""
    return frozenset(one.name for one in all_members(members) if one.face is not None and one.face.shape == "by_name")


def _value(draw: st.DrawFn, value: object, strangers: bool, whole: Collection[str]) -> str:
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, str):
        return _string(draw, value)
    if isinstance(value, list):
        return "[" + ",".join(draw(SPACE) + _value(draw, one, strangers, whole) + draw(SPACE) for one in value) + "]"
    if isinstance(value, dict):
        members = draw(st.permutations(list(value.items())))
        parts = [
            draw(SPACE)
            + _string(draw, name)
            + draw(SPACE)
            + ":"
            + draw(SPACE)
            + _value(draw, one, strangers and name not in whole, whole)
            for name, one in members
        ]
        if strangers and draw(st.booleans()):
            name = _string(draw, NOT_FIRST + draw(texts()))
            parts.insert(
                draw(st.integers(0, len(parts))), f"{name}:{draw(st.sampled_from(['null', '[]', '{}', '-1.5e3']))}"
            )
        return "{" + ",".join(parts) + "}"
    return json.dumps(value)


def _string(draw: st.DrawFn, text: str) -> str:
    """A string with some of its characters escaped, and those that must be."""
    escaped = draw(st.sampled_from(["must", "short", "all"]))
    return '"' + "".join(_character(char, escaped) for char in text) + '"'


def _character(char: str, escaped: str) -> str:
    if escaped == "all":
        units = char.encode("utf-16-be")
        return "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))
    if char in '"\\' or char < " " or (escaped == "short" and char in SHORT_ESCAPES):
        return SHORT_ESCAPES.get(char, f"\\u{ord(char):04x}")
    return char


def respaced(text: str) -> SearchStrategy[str]:
    """The same tokens with white space between them: where values are passed through as they are written."""
    tokens = [token.decode() for token in TOKEN.findall(text.encode())]
    return st.lists(SPACE, min_size=len(tokens), max_size=len(tokens)).map(
        lambda spaces: "".join(space + token for space, token in zip(spaces, tokens, strict=True))
    )


# ------------------------------------------------------------------------------------------------ wrong texts

OTHERS = (
    b"null",
    b"true",
    b"-1",
    b"1.5",
    b"18446744073709551616",
    b'""',
    b'"a"',
    b'"-"',
    b"[]",
    b"{}",
    b'["a"]',
    b'{"a":0}',
    b"NaN",
)


def spoilt(text: bytes) -> SearchStrategy[bytes]:
    """Texts of JSON values in one place of which something else stands: another type, another case, less, or more."""

    @st.composite
    def wrong(draw: st.DrawFn) -> bytes:
        tokens = TOKEN.findall(text)
        at = draw(st.integers(0, max(0, len(tokens) - 1)))
        kind = draw(st.sampled_from(["replace", "remove", "repeat", "case"]))
        if kind == "replace":
            tokens[at : at + 1] = [draw(st.sampled_from(OTHERS))]
        elif kind == "remove":
            del tokens[at : at + draw(st.integers(1, 4))]
        elif kind == "repeat":
            tokens[at:at] = tokens[at : at + draw(st.integers(1, 5))]
        else:
            tokens[at : at + 1] = [token.swapcase() for token in tokens[at : at + 1]]
        return b"".join(tokens)

    return wrong()
