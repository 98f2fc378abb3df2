"""Strict JSON in: documents, sequences of values and lines of values, with line and column in every refusal.

The standard decoder does the work; what it refuses or cannot judge is read again by `json_careful`, which knows why.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, NoReturn, TypeAlias

from codec.errors import DocumentError, Place, shown
from codec.layout.json_careful import (
    AFTER_TOKEN,
    SPACE,
    JsonValue,
    Number,
    Refused,
    integer,
    parse,
    path_text,
    run_end,
)

__all__ = ["JsonValue", "Number", "case_clash", "lines", "load", "locate", "path_text", "raw", "values"]

DEFAULT_DEPTH = 10_000
CODE = "json"
TOO_LONG = "json-too-long"
_CHUNK = 1 << 16
_SPACE_BYTES = b" \t\r\n"
_MINUS_ZERO = re.compile(r"-0(?![0-9.eE])")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PAIR_OR_BACKSLASH = re.compile(r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")

Found: TypeAlias = tuple[JsonValue, bytes, int, int]  # a value, its text, its line and column
_Pairs: TypeAlias = list[tuple[str, JsonValue]]
_Decode: TypeAlias = Callable[[str, int], tuple[JsonValue, int]]
_PlaceOf: TypeAlias = Callable[[int], tuple[int, int]]


class _Doubtful(Exception):
    """The standard decoder met something that only the careful parser can judge."""


def load(data: bytes, source: str, *, max_depth: int = DEFAULT_DEPTH, fold: bool = True) -> JsonValue:
    """The one JSON value in `data`, white space around it allowed.

    Objects are dicts in the order of the text; numbers are `int` if they are plain integers (exact at any size), else
    `Number`. Implements redis.md §4.3 and s3.md §1.1 without their leniencies: raises `DocumentError` with line and
    column (in characters, from 1) for whatever RFC 8259 does not allow, invalid UTF-8, lone surrogate escapes, repeated
    members, text behind the value and more than `max_depth` levels. With `fold`, members of one object must differ in
    more than letter case; documents with members named by users need False, and `case_clash` where names are fixed.
    """
    return _load(data, source, 1, 1, max_depth, fold)


def locate(data: bytes, path: Sequence[str | int], line: int = 1, column: int = 1) -> tuple[int, int]:
    """Line and column of the value at `path` of a text that `load` accepts and that begins at `line` and `column`.

    Where the path ends early: of the last value that is there. Takes as long as reading the text up to the place.
    """
    text = data.decode()
    start, _ = _walk(text, path)
    return _place(text, start, line, column)


def raw(data: bytes, path: Sequence[str | int]) -> bytes:
    """The text of the value at `path` as it stands in `data`, which `load` accepts; raises `KeyError` if missing."""
    text = data.decode()
    start, there = _walk(text, path)
    if not there:
        raise KeyError(path_text(path))
    _, end = _read(text, start, len(text), fold=False)
    return text[start:end].encode()


def case_clash(names: Iterable[str]) -> tuple[str, str] | None:
    """Two of `names` that differ only in letter case (Unicode case folding), if there are such."""
    met: dict[str, str] = {}
    for name in names:
        if (other := met.setdefault(name.casefold(), name)) != name:
            return other, name
    return None


def values(
    stream: BinaryIO, source: str, *, max_value: int, max_depth: int = DEFAULT_DEPTH, fold: bool = True, line: int = 1
) -> Iterator[Found]:
    """The JSON values of a stream, white space between them optional, each with its text, line and column.

    `line` is the number of the line at whose start the stream is set.

    Raises `DocumentError` as `load` does, placed in the whole stream, and with the code "json-too-long" for a value of
    more than `max_value` bytes. Memory: a small multiple of the longest value, whatever the length of the stream.
    """
    window = _Window(stream, source, line)
    while window.to_value():
        value, end = _next_value(window, max_value, max_depth, fold)
        at_line, column = window.place(window.at)
        found = window.text[window.at : end].encode()
        if len(found) > max_value:
            _too_long(source, at_line, column, max_value)
        window.at = end
        yield value, found, at_line, column


def lines(
    stream: BinaryIO, source: str, *, max_line: int, max_depth: int = DEFAULT_DEPTH, fold: bool = True
) -> Iterator[Found]:
    """The JSON values of a stream that has exactly one on each line, each with its text, line and column.

    A line ends with LF, a CR before it is dropped, the last one may lack LF (redis.md §3.3). Raises `DocumentError` as
    `load` does; an empty line and a line of `max_line` bytes or more (LF not counted) are refused.
    Memory: a small multiple of the longest line.
    """
    number = 0
    while line := stream.readline(max_line):
        number += 1
        if len(line) >= max_line and not line.endswith(b"\n"):
            _too_long(source, number, 1, max_line - 1)
        begun = line.lstrip(_SPACE_BYTES)
        text = begun.rstrip(_SPACE_BYTES)
        column = len(line) - len(begun) + 1
        if not text:
            place = Place(source, line=number, column=1)
            raise DocumentError(CODE, "an empty line", place, expected="a JSON value", found="nothing")
        yield _load(text, source, number, column, max_depth, fold), text, number, column


def _load(data: bytes, source: str, line: int, column: int, max_depth: int, fold: bool) -> JsonValue:
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        before = data[: problem.start].decode()
        _invalid_utf8(problem, source, *_place(before, len(before), line, column))
    try:
        start = 0 if text[:1] > " " else run_end(SPACE, text, 0)
        if start == len(text):
            raise Refused(0, "the document is empty", "a JSON value", "nothing")
        value, end = _read(text, start, max_depth, fold)
        if end != len(text) and (end := run_end(SPACE, text, end)) != len(text):
            raise Refused(end, "text behind the end of the value", "the end of the text", shown(text[end : end + 20]))
        return value
    except Refused as refused:
        _refuse(refused, source, lambda at: _place(text, at, line, column))


def _too_long(source: str, line: int, column: int, limit: int) -> NoReturn:
    place = Place(source, line=line, column=column)
    raise DocumentError(TOO_LONG, "a value is too long", place, expected=f"at most {limit} bytes", found="more")


def _invalid_utf8(problem: UnicodeDecodeError, source: str, line: int, column: int) -> NoReturn:
    found = shown(problem.object[problem.start : problem.end])
    place = Place(source, line=line, column=column)
    raise DocumentError(CODE, "invalid UTF-8", place, expected="UTF-8", found=found) from None


def _refuse(refused: Refused, source: str, place_of: _PlaceOf) -> NoReturn:
    """Raise the error that users see."""
    hint = refused.hint
    if refused.first is not None:
        hint = "the other one is at line {}, column {}".format(*place_of(refused.first))
    line, column = place_of(refused.at)
    place = Place(source, line=line, column=column)
    raise DocumentError(CODE, refused.message, place, refused.path, refused.expected, refused.found, hint) from None


def _place(text: str, at: int, line: int, column: int) -> tuple[int, int]:
    """Line and column of an index into a text that begins at `line` and `column`."""
    if breaks := text.count("\n", 0, at):
        return line + breaks, at - text.rfind("\n", 0, at)
    return line, column + at


# --- one value -------------------------------------------------------------------------------------------------------


def _object_exact(pairs: _Pairs) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Doubtful
    return members


def _object_folded(pairs: _Pairs) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Doubtful
    if len(members) > 1:
        names = "".join(members)
        # names that folding leaves alone cannot clash; to see that is cheaper than to fold each
        if names.casefold() != names and len(set(map(str.casefold, members))) != len(members):
            raise _Doubtful
    return members


def _no_constant(_: str) -> NoReturn:
    raise _Doubtful


def _decoder(members: Callable[[_Pairs], dict[str, JsonValue]], integers: Callable[[str], int | Number]) -> _Decode:
    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_float=Number, parse_int=integers, parse_constant=_no_constant
    )
    return decoder.raw_decode


_FAST = {False: _decoder(_object_exact, int), True: _decoder(_object_folded, int)}
_EXACT_INTEGERS = {False: _decoder(_object_exact, integer), True: _decoder(_object_folded, integer)}


def _read(text: str, at: int, max_depth: int, fold: bool) -> tuple[JsonValue, int]:
    """The value that begins at `at`, and where it ends; raises `Refused`."""
    try:
        return _read_fast(text, at, max_depth, fold)
    except (_Doubtful, ValueError, RecursionError):
        return parse(text, at, max_depth=max_depth, fold=fold)


def _read_fast(text: str, at: int, max_depth: int, fold: bool) -> tuple[JsonValue, int]:
    """As `_read`, but raises `JSONDecodeError` where the text is wrong or cut off, and `_Doubtful` or `RecursionError`
    where the careful parser has to judge."""
    try:
        value, end = _FAST[fold](text, at)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than int() takes
        value, end = _EXACT_INTEGERS[fold](text, at)
    else:
        if text.find("-0", at, end) >= 0 and _MINUS_ZERO.search(text, at, end):
            value, end = _EXACT_INTEGERS[fold](text, at)
    if end < len(text) and text[end] not in AFTER_TOKEN and type(value) not in (dict, list, str):
        raise _Doubtful  # the number or literal goes on
    if text.find("\\u", at, end) >= 0 and _has_lone_surrogate(text[at:end]):
        raise _Doubtful
    if end - at > 2 * max_depth and text.count("[", at, end) + text.count("{", at, end) > max_depth:
        _check_depth(value, max_depth)
    return value, end


def _has_lone_surrogate(text: str) -> bool:
    """Whether an escape in valid JSON is half of a pair: one is left once pairs and escaped backslashes are out."""
    return _SURROGATE.search(text) is not None and _SURROGATE.search(_PAIR_OR_BACKSLASH.sub(" ", text)) is not None


def _check_depth(value: JsonValue, max_depth: int) -> None:
    """Raise `_Doubtful` if containers are nested in more than `max_depth` levels; level by level, without recursion."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(max_depth):
        children = (child for node in level for child in (node.values() if type(node) is dict else node))
        level = [child for child in children if type(child) is dict or type(child) is list]
        if not level:
            return
    raise _Doubtful


# --- inside a value --------------------------------------------------------------------------------------------------


def _walk(text: str, path: Sequence[str | int]) -> tuple[int, bool]:
    """Where the value at `path` begins, or the last one before the path ends early (False)."""
    at = run_end(SPACE, text, 0)
    for step in path:
        for name, start in _children(text, at):
            if name == step and type(name) is type(step):
                at = start
                break
        else:
            return at, False
    return at, True


def _children(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """Name or number of each child of the container at `at`, and where its value begins; none for a scalar."""
    kind = text[at]
    if kind not in "{[":
        return
    at = run_end(SPACE, text, at + 1)
    number = 0
    while text[at] not in "]}":
        name: JsonValue = number
        if kind == "{":
            name, at = _read(text, at, 1, fold=False)
            at = run_end(SPACE, text, run_end(SPACE, text, at) + 1)
        assert isinstance(name, (str, int))
        yield name, at
        _, at = _read(text, at, len(text), fold=False)
        at = run_end(SPACE, text, at)
        if text[at] == ",":
            at = run_end(SPACE, text, at + 1)
        number += 1


# --- a stream of values ----------------------------------------------------------------------------------------------


class _Window:
    """The part of a stream that is in memory, as text; the next value begins at `at`."""

    def __init__(self, stream: BinaryIO, source: str, line: int) -> None:
        self.text = ""
        self.at = 0
        self.complete = False  # nothing more will come
        self.source = source
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._problem: UnicodeDecodeError | None = None
        self._line = line
        self._line_start = 0  # index of the first character of the line, below 0 if it is not in memory any more
        self._counted = 0  # line breaks before this index are counted

    def to_value(self) -> bool:
        """Go to the next value; False at the end of the stream."""
        while True:
            self.at = run_end(SPACE, self.text, self.at)
            if self.at < len(self.text):
                return True
            if self.complete:
                self.check_end()
                return False
            self.more()

    def more(self) -> None:
        """Drop what lies behind, and read at least as much as there is left."""
        self.place(self.at)
        self._counted -= self.at
        self._line_start -= self.at
        self.text = self.text[self.at :]
        self.at = 0
        data = self._stream.read(max(_CHUNK, len(self.text)))
        try:
            self.text += self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as problem:  # what stands before it is still good
            self._problem = problem
            self.text += problem.object[: problem.start].decode()
        self.complete = not data or self._problem is not None

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of an index that is not before any asked for earlier."""
        if breaks := self.text.count("\n", self._counted, at):
            self._line += breaks
            self._line_start = self.text.rfind("\n", self._counted, at) + 1
        self._counted = at
        return self._line, at - self._line_start + 1

    def check_end(self) -> None:
        """Where the text ends: raise if the stream goes on with something that is not UTF-8."""
        if self._problem is not None:
            _invalid_utf8(self._problem, self.source, *self.place(len(self.text)))


def _next_value(window: _Window, max_value: int, max_depth: int, fold: bool) -> tuple[JsonValue, int]:
    """The value at the window's place, and where it ends in the window's text, which grows until the value is whole."""
    while True:
        full = len(window.text) - window.at > max_value
        try:
            if window.complete or full:
                value, end = _read(window.text, window.at, max_depth, fold)
            else:
                value, end = _read_early(window.text, window.at, max_depth, fold)
            if window.complete or end < len(window.text) or type(value) in (dict, list, str):
                return value, end
        except Refused as refused:
            if refused.cut and window.complete:
                window.check_end()
            if window.complete or not refused.cut:
                _refuse(refused, window.source, window.place)
        if full:
            _too_long(window.source, *window.place(window.at), max_value)
        window.more()


def _read_early(text: str, at: int, max_depth: int, fold: bool) -> tuple[JsonValue, int]:
    """As `_read`, for text that may be cut off: there the cause is not looked for until there is no more text."""
    try:
        return _read_fast(text, at, max_depth, fold)
    except json.JSONDecodeError:
        raise Refused(len(text), "", cut=True) from None
    except (_Doubtful, RecursionError):
        return parse(text, at, max_depth=max_depth, fold=fold)
