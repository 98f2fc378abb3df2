"""Mistakes at the edges of one part: in bytes, and in one value of a JSON text. Pure: data in, candidates out.

Which of them a format must refuse is the oracle's to say; here they only have names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Step: TypeAlias = str | int
Candidate = tuple[str, str, bytes]  # a name for ids, a sentence's end, and the bytes


def of_slot(data: bytes, start: int, end: int) -> Iterator[Candidate]:
    """One slot of a pattern, wrong at each of its edges."""
    before, inside, after = data[:start], data[start:end], data[end:]
    size = len(inside)
    if size:
        yield "cut", "ends one byte early", data[: end - 1]
        yield "short", "lacks its last byte", before + inside[:-1] + after
        yield "missing", "is not there", before + after
        yield "ones", "has every bit set", before + b"\xff" * size + after
        yield "sign", "has its first bit turned", before + bytes((inside[0] ^ 0x80,)) + inside[1:] + after
        yield "text", "holds other characters", before + b"!" * size + after
        yield "zeros", "has every bit cleared", before + bytes(size) + after
        yield "more", "is one higher in its last byte", before + inside[:-1] + bytes(((inside[-1] + 1) % 256,)) + after
        yield "first", "is one higher in its first byte", before + bytes(((inside[0] + 1) % 256,)) + inside[1:] + after
    yield "long", "has a byte more", before + inside + b"\0" + after
    yield "sloppy", "has a space before it", before + b" " + inside + after
    yield "huge", "is a number that is too large", before + b"9" * 21 + after
    yield "not-a-number", "is not a number of its kind", before + b"\x7f\xf8" + bytes(6) + after
    yield "not-utf8", "is not UTF-8", before + b"\xff\xfe" + after


def of_literal(data: bytes, start: int, end: int) -> Iterator[Candidate]:
    """A literal that must stand there."""
    if end > start:
        yield (
            "literal",
            "is not the one that must stand there",
            data[: end - 1] + bytes((data[end - 1] ^ 1,)) + data[end:],
        )
        yield "literal-cut", "ends early", data[: end - 1]


def of_end(data: bytes) -> Iterator[Candidate]:
    """Something where nothing may follow."""
    yield "trailing", "is followed by a byte", data + b"\0"
    yield "nothing", "is empty", b""


def of_message(data: bytes, start: int, end: int) -> Iterator[Candidate]:
    """One field on the wire, its tag included, wrong in its bytes."""
    field = data[start:end]
    if len(field) < 2:
        return
    yield "wire-cut", "ends one byte early", data[: end - 1]
    yield "wire-length", "is longer than it says", data[:start] + field[:-1] + data[end:]
    yield (
        "wire-group",
        "is a group, which nobody writes",
        data[:start] + bytes(((field[0] & 0xF8) | 3,)) + field[1:] + data[end:],
    )
    yield (
        "wire-bits",
        "has every bit of its content set",
        data[:start] + field[:2] + b"\xff" * (len(field) - 2) + data[end:],
    )
    yield "wire-endless", "is a number that does not end", data[:start] + field[:1] + b"\xff" * 11 + data[end:]
    yield "wire-twice", "stands twice", data[:end] + field + data[end:]


# ------------------------------------------------------------------------------------------------ JSON


NAMED = "value-"  # what values are called that checks name
IN_RANGE = ("one-more", "changed", "missing", "two", "null", NAMED, "added-one")  # wrong only beside other members


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object with its members in order, repeated ones too."""

    members: tuple[tuple[str, object], ...]


class Token(str):
    """A number, or anything else, as it stands in a text."""


OTHERS = (
    ("null", "null"),
    ("true", "true"),
    ("text", '"a"'),
    ("odd-text", '"-"'),
    ("no-text", '""'),
    ("list", "[]"),
    ("list-of-text", '["a"]'),
    ("object", "{}"),
    ("object-of-number", '{"a":0}'),
    ("negative", "-1"),
    ("fraction", "1.5"),
    ("zero", "0"),
    ("two", "2"),
    ("three", "3"),
    ("huge", "18446744073709551616"),
    ("surrogate", '"\\ud800"'),
    ("not-json", "NaN"),
)


ADDED = (
    ("one", "1"),
    ("false", "false"),
    ("base64", '"AA=="'),
    ("object-of-object", '{"a":{}}'),
    ("object-of-list", "[{}]"),
)


def load(text: bytes) -> object:
    """A JSON value in which objects keep every member, and numbers their spelling."""
    return json.loads(text, object_pairs_hook=lambda pairs: Object(tuple(pairs)), parse_int=Token, parse_float=Token)


def dump(value: object) -> str:
    """The text of a value, compact."""
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, Object):
        return (
            "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{dump(one)}" for name, one in value.members) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def of_member(value: object, path: tuple[Step, ...], others: tuple[str, ...] = ()) -> Iterator[Candidate]:
    """The text of `value` with the member at `path` wrong in each way: its name, its absence, its type, its range.

    `others` are JSON texts to put there too.
    """
    here = at(value, path)
    for text in others:
        yield f"{NAMED}{_word(text)}", f"is {text}", _text(_put(value, path, Token(text)))
    if isinstance(here, Token) and here.lstrip("-").isdigit():
        yield "one-more", "is one more", _text(_put(value, path, Token(str(int(here) + 1))))
    elif isinstance(here, str) and not isinstance(here, Token):
        yield "changed", "has a character more", _text(_put(value, path, here + "x"))
    elif isinstance(here, list) and here:
        yield "repeated", "has its first element twice", _text(_put(value, path, [here[0], *here]))
        yield "swapped", "has its elements the other way round", _text(_put(value, path, here[::-1]))
    yield "missing", "is left out", _text(_without(value, path))
    yield "twice", "stands twice", _text(_again(value, path))
    yield "case", "is spelt in other letters", _text(_renamed(value, path))
    for name, text in OTHERS:
        yield name, f"is {text}", _text(_put(value, path, Token(text)))


def _word(text: str) -> str:
    return text.strip('"') or "none"


def of_absent(value: object, path: tuple[Step, ...], others: tuple[str, ...] = ()) -> Iterator[Candidate]:
    """The text of `value` with a member at `path` that is not there now, of every type, and as `others` say."""
    *holder, name = path
    for label, text in (*((_word(text), text) for text in others), *ADDED, *OTHERS):
        yield f"added-{label}", f"is added, as {text}", _text(_added(value, tuple(holder), str(name), Token(text)))


def _text(value: object) -> bytes:
    return dump(value).encode("utf-8", "surrogatepass")


def at(value: object, path: tuple[Step, ...]) -> object:
    """The part of a value at a path."""
    for step in path:
        if isinstance(step, int):
            assert isinstance(value, list)
            value = value[step]
        else:
            assert isinstance(value, Object)
            value = next(one for name, one in value.members if name == step)
    return value


def _change(value: object, path: tuple[Step, ...], members: object) -> object:
    first, *rest = path
    if isinstance(value, list):
        assert isinstance(first, int)
        return [_change(one, tuple(rest), members) if index == first else one for index, one in enumerate(value)]
    assert isinstance(value, Object)
    if not rest:
        assert callable(members)
        pairs = (members(name, one) if name == first else [(name, one)] for name, one in value.members)
        return Object(tuple(pair for kept in pairs for pair in kept))
    return Object(
        tuple((name, _change(one, tuple(rest), members) if name == first else one) for name, one in value.members)
    )


def _added(value: object, path: tuple[Step, ...], name: str, new: object) -> object:
    if not path:
        assert isinstance(value, Object)
        return Object((*value.members, (name, new)))
    if isinstance(path[0], int):
        assert isinstance(value, list)
        return [_added(one, path[1:], name, new) if index == path[0] else one for index, one in enumerate(value)]
    assert isinstance(value, Object)
    return Object(
        tuple((key, _added(one, path[1:], name, new) if key == path[0] else one) for key, one in value.members)
    )


def _put(value: object, path: tuple[Step, ...], new: object) -> object:
    return _change(value, path, lambda name, one: [(name, new)])


def _without(value: object, path: tuple[Step, ...]) -> object:
    return _change(value, path, lambda name, one: [])


def _again(value: object, path: tuple[Step, ...]) -> object:
    return _change(value, path, lambda name, one: [(name, one), (name, one)])


def _renamed(value: object, path: tuple[Step, ...]) -> object:
    return _change(value, path, lambda name, one: [(name.swapcase(), one)])


def with_text(value: object, path: tuple[Step, ...], text: str) -> bytes:
    """The text of `value` with another string at `path`."""
    return _text(_put(value, path, text))


def of_text(data: bytes) -> Iterator[Candidate]:
    """A whole JSON document, wrong outside of its members."""
    yield "empty", "is empty", b""
    yield "half", "ends in the middle", data[: len(data) // 2]
    yield "trailing", "is followed by something", data + b"x"
    yield "second", "stands there twice", data.rstrip() + b"," + data
    yield "list", "is a list", b"[]\n"
    yield "null", "is null", b"null\n"
    yield "not-utf8", "is not UTF-8", data.replace(b'"', b'"\xff', 1)
    yield "bom", "begins with a byte order mark", b"\xef\xbb\xbf" + data
    yield "unknown", "has a member that nobody knows", data.replace(b"{", b'{"$unknown": [1, {"a": null}], ', 1)
    yield "spaced", "is laid out otherwise", data.replace(b":", b" :\t ")
    yield "bracket", "has a closing bracket too many", data.rstrip() + b"]\n"


def of_length(line: bytes, most: int) -> Iterator[Candidate]:
    """A line of text that is as long as it may be with its end, and one that is longer."""
    text = line.rstrip(b"\n")
    yield "longest", "is as long as a line may be", text.ljust(most - 1) + b"\n"
    yield "too-long", "is longer than a line may be", text.ljust(most) + b"\n"


def of_lines(data: bytes) -> Iterator[Candidate]:
    """A document of lines, wrong as a whole."""
    lines = data.splitlines(keepends=True)
    yield "no-line", "is empty", b""
    yield "no-newline", "does not end its last line", data.rstrip(b"\n")
    yield "blank", "has an empty line", data + b"\n"
    yield "again", "has its last line twice", data + lines[-1] if lines else b""
    yield "first-again", "has its first line twice", lines[0] + data if lines else b""
    yield "last-gone", "lacks its last line", b"".join(lines[:-1])
    yield "backwards", "has its lines the other way round", b"".join(reversed(lines))
