"""Laws of the JSON reader: what it reads, that its two parsers agree, that errors stand where the text is wrong."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codec.errors import DocumentError
from codec.layout import json_read
from codec.layout.json_careful import Refused, parse
from codec.layout.json_read import JsonValue, Number, case_clash, lines, load, locate, raw, values

SPACES = ["", "", "", " ", "\n", "\r\n", "\t  ", "\n\n"]
SPECIAL = ["\\u0041", "\\u00E9", "\\u2028", "\\ud83d\\ude00", "\\\\ud800", "\x7f", "\u2028", "\U0001f600"]
SPECIAL += [f"\\{char}" for char in '"\\/bfnrt']
DAMAGE = [*'"\\{}[],:0-.et \n\x01é', "NaN", "\ufeff", "\\ud800"]

raw_characters = st.characters(codec="utf-8", exclude_characters='"\\', min_codepoint=32)
characters = st.one_of(raw_characters, st.sampled_from(SPECIAL))
strings = st.lists(characters, max_size=6).map(lambda parts: '"' + "".join(parts) + '"')
numbers = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "0", "0.0", "-0.5", "1.50E1", "1e+400", "-0e-0", "18446744073709551616", "9" * 30]),
)
scalars = st.one_of(strings, numbers, st.sampled_from(["true", "false", "null"])).map(lambda token: [token])


def between_commas(parts: list[list[str]]) -> list[str]:
    return list(itertools.chain(*(([","] if at else []) + part for at, part in enumerate(parts))))


def containers(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    members = st.tuples(strings, inner).map(lambda pair: [pair[0], ":", *pair[1]])
    different = st.lists(members, max_size=4, unique_by=lambda member: json.loads(member[0]).casefold())
    return st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: ["[", *between_commas(parts), "]"]),
        different.map(lambda parts: ["{", *between_commas(parts), "}"]),
    )


tokens = st.recursive(scalars, containers, max_leaves=12)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Valid JSON with white space anywhere."""
    gaps = itertools.cycle(draw(st.lists(st.sampled_from(SPACES), min_size=1, max_size=7)))
    return "".join(next(gaps) + token for token in draw(tokens)) + next(gaps)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """JSON with up to three small edits; some of these texts are valid."""
    text = draw(texts())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["", *DAMAGE])) + text[at + draw(st.integers(0, 2)) :]
    return text


def reference(text: str) -> JsonValue:
    """The standard reader, told to keep the tokens that `load` keeps."""

    def whole(token: str) -> int | Number:
        return Number(token) if token == "-0" else int(token)

    value: JsonValue = json.loads(text, parse_float=Number, parse_int=whole)
    return value


def exact(value: object) -> str:
    """Tells `1`, `True`, `Number('1')` and `'1'` apart, which `==` does not."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{exact(child)}" for name, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exact, value)) + "]"
    return f"{type(value).__name__}({str(value)!r})"


def place(text: str, at: int) -> tuple[int, int]:
    before = text[:at].split("\n")
    return len(before), len(before[-1]) + 1


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(self._step, size or 0) if size and size > 0 else self._step)


@given(texts())
def test_a_valid_text_is_read_as_the_standard_reader_does(text: str) -> None:
    assert exact(load(text.encode(), "x")) == exact(reference(text))


@given(texts())
def test_the_careful_parser_reads_the_same(text: str) -> None:
    value, end = parse(text, 0, max_depth=100, fold=True)
    assert exact(value) == exact(reference(text))
    assert text[end:].strip(" \t\r\n") == ""


@given(damaged(), st.booleans())
def test_both_parsers_accept_the_same_texts(text: str, fold: bool) -> None:
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        fast = json_read._read_fast(text, start, 100, fold)
    except (json.JSONDecodeError, json_read._Doubtful):
        with pytest.raises(Refused):
            parse(text, start, max_depth=100, fold=fold)
    else:
        slow = parse(text, start, max_depth=100, fold=fold)
        assert (exact(fast[0]), fast[1]) == (exact(slow[0]), slow[1])


def refusal(text: str) -> DocumentError | None:
    try:
        load(text.encode(), "x")
    except DocumentError as problem:
        return problem
    return None


@given(damaged())
def test_what_is_accepted_the_standard_reader_accepts_and_what_is_refused_has_a_place(text: str) -> None:
    if problem := refusal(text):
        rows = text.split("\n")
        assert 1 <= (problem.place.line or 0) <= len(rows)
        assert 1 <= (problem.place.column or 0) <= len(rows[(problem.place.line or 0) - 1]) + 1
    else:
        assert exact(load(text.encode(), "x")) == exact(reference(text))


@given(texts(), st.data())
def test_a_strange_character_between_tokens_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    ends = [at for at in range(len(text) + 1) if _outside(text, at)]
    at = data.draw(st.sampled_from(ends))
    with pytest.raises(DocumentError) as caught:
        load((text[:at] + " @" + text[at:]).encode(), "x")
    assert (caught.value.place.line, caught.value.place.column) == place(text[:at] + " @", at + 1)


def _outside(text: str, at: int) -> bool:
    """Whether `at` is next to a structural character that is not inside a string."""
    stripped = text[:at].replace("\\\\", "").replace('\\"', "")
    return stripped.count('"') % 2 == 0 and (at in (0, len(text)) or text[at - 1] in ",:{}[]" or text[at] in ",:{}[]")


@given(st.lists(characters, max_size=8), st.sampled_from(["\n", "\x00", "\x1f"]), st.lists(characters, max_size=3))
def test_a_raw_control_character_is_found_where_it_stands(before: list[str], control: str, after: list[str]) -> None:
    text = '{"name": [1,\n "' + "".join(before)
    with pytest.raises(DocumentError, match="raw control character") as caught:
        load((text + control + "".join(after) + '"]}').encode(), "x")
    assert (caught.value.place.line, caught.value.place.column) == place(text, len(text))
    assert caught.value.path == "name[1]"


@given(texts(), st.binary(min_size=1, max_size=3), st.data())
def test_invalid_utf8_is_found_where_it_stands(text: str, junk: bytes, data: st.DataObject) -> None:
    assume(junk.decode(errors="replace").startswith("\ufffd") and not junk.startswith("\ufffd".encode()))
    at = data.draw(st.integers(0, len(text)))
    with pytest.raises(DocumentError, match="invalid UTF-8") as caught:
        load(text[:at].encode() + junk + b" " + text[at:].encode(), "x")
    assert (caught.value.place.line, caught.value.place.column) == place(text, at)


@given(texts())
def test_every_beginning_of_a_value_is_only_cut_off(text: str) -> None:
    assume(text.strip(" \t\r\n")[0] in '{["')
    _, end = parse(text, 0, max_depth=100, fold=True)
    for stop in range(end):
        with pytest.raises(Refused) as caught:
            parse(text[:stop], 0, max_depth=100, fold=True)
        assert caught.value.cut


def refused_at(text: str) -> Refused | None:
    try:
        parse(text, 0, max_depth=100, fold=True)
    except Refused as refused:
        return refused
    return None


@given(damaged(), damaged())
def test_what_is_wrong_stays_wrong_whatever_follows(text: str, more: str) -> None:
    first = refused_at(text)
    assume(first is not None and not first.cut)
    second = refused_at(text + more)
    assert (first and first.at) == (second and second.at)


@pytest.mark.parametrize("token", ["7" * 5000, "-" + "7" * 5000])
def test_an_integer_of_any_length_is_kept(token: str) -> None:
    value = load(f'{{"a": [{token}, -0, 1, 1e5]}}'.encode(), "x")
    assert isinstance(value, dict)
    assert exact(value["a"]) == exact([Number(token), Number("-0"), 1, Number("1e5")])
    assert exact(value) == exact(parse(f'{{"a": [{token}, -0, 1, 1e5]}}', 0, max_depth=9, fold=True)[0])


@given(texts())
def test_each_part_can_be_located_and_its_text_taken(text: str) -> None:
    data = text.encode()
    for path, value in _parts(load(data, "x")):
        part = raw(data, path)
        assert exact(load(part, "x")) == exact(value)
        at = [at for at in range(len(text)) if place(text, at) == locate(data, path)]
        assert text[at[0] :].encode().startswith(part)


def _parts(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    yield path, value
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _parts(child, (*path, name))
    elif isinstance(value, list):
        for at, child in enumerate(value):
            yield from _parts(child, (*path, at))


def test_a_path_that_ends_early_gives_the_last_value_there_is() -> None:
    data = b'{"a": [1,\n  {"b": 2}]}'
    assert locate(data, ("a", 1, "b")) == (2, 9)
    assert locate(data, ("a", 1, "c", 5)) == (2, 3)
    assert locate(data, ("a", 7)) == (1, 7)
    assert locate(data, ("a", 0, "x")) == (1, 8)
    assert locate(b'{"0": 1, "a": 2}', (0,)) == (1, 1)
    assert locate(b'{"a": 2}', ("a",), line=7, column=3) == (7, 9)
    with pytest.raises(KeyError):
        raw(data, ("a", 7))


@st.composite
def sequences(draw: st.DrawFn) -> tuple[str, list[tuple[str, int]]]:
    """Texts of values behind each other, and each one's text and index."""
    text, found = draw(st.sampled_from(SPACES)), []
    for one in draw(st.lists(texts(), max_size=5)):
        one = one.strip(" \t\r\n")
        ends_itself = text[-1:] in ("", *'}]" \t\r\n') or one[0] in '{["'
        text += draw(st.sampled_from(SPACES)) if ends_itself else draw(st.sampled_from(SPACES[3:]))
        found.append((one, len(text)))
        text += one
    return text + draw(st.sampled_from(SPACES)), found


@given(sequences(), st.integers(1, 40))
def test_values_behind_each_other(sequence: tuple[str, list[tuple[str, int]]], step: int) -> None:
    text, expected = sequence
    got = list(values(Dribble(text.encode(), step), "x", max_value=10_000))
    assert [(exact(value), found, (line, column)) for value, found, line, column in got] == [
        (exact(reference(one)), one.encode(), place(text, at)) for one, at in expected
    ]


def outcome(found: Iterator[tuple[JsonValue, bytes, int, int]]) -> list[object]:
    got: list[object] = []
    try:
        for value, text, line, column in found:
            got.append((exact(value), text, line, column))
    except DocumentError as problem:
        got.append((problem.code, problem.message, problem.place, problem.path, problem.found))
    return got


@given(st.lists(damaged(), min_size=1, max_size=3).map("\n".join), st.integers(1, 9), st.binary(max_size=2))
def test_the_outcome_does_not_depend_on_how_the_bytes_arrive(text: str, step: int, tail: bytes) -> None:
    data = text.encode() + tail
    slowly = outcome(values(Dribble(data, step), "x", max_value=10_000))
    assert slowly == outcome(values(io.BytesIO(data), "x", max_value=10_000))


@given(st.lists(texts(), max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_hold_one_value_each(ones: list[str], end: str, last: bool) -> None:
    ones = [one.replace("\n", " ") for one in ones]
    text = end.join(ones) + (end if last and ones else "")
    got = list(lines(io.BytesIO(text.encode()), "x", max_line=10_000))
    assert [(exact(value), found, line) for value, found, line, _ in got] == [
        (exact(reference(one)), one.strip(" \t\r").encode(), at) for at, one in enumerate(ones, 1)
    ]
    for (_, found, _, column), one in zip(got, ones, strict=True):
        assert one[column - 1 :].encode().startswith(found)


def test_the_longest_line_is_one_byte_shorter_than_the_limit() -> None:
    line = b'"' + b"x" * 97 + b'"'
    for end in (b"", b"\n"):
        assert len(list(lines(io.BytesIO(line + end), "x", max_line=100))) == 1
        with pytest.raises(DocumentError, match="json-too-long"):
            list(lines(io.BytesIO(b" " + line + end), "x", max_line=100))


def test_the_longest_value_has_as_many_bytes_as_the_limit() -> None:
    for text in ('"' + "é" * 49 + '"', "1" * 100, "[" + " " * 98 + "]"):
        assert len(list(values(io.BytesIO(text.encode()), "x", max_value=100))) == 1
        with pytest.raises(DocumentError, match="json-too-long"):
            list(values(io.BytesIO(text.encode()), "x", max_value=99))


class Endless(io.RawIOBase):
    """Repeats a text without end, and counts what was read."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        assert self.given < 64 << 20, "reads on without end"
        return (self._text * (size // len(self._text) + 1))[:size]


@pytest.mark.parametrize("text", [b"1", b'"x', b"[", b"[1,", b'{"a":1}, ', b"\\", b"\xff", b"[2 "])
def test_an_endless_value_is_given_up(text: bytes) -> None:
    with pytest.raises(DocumentError):
        for _ in values(Endless(text), "x", max_value=100_000):  # type: ignore[arg-type]
            pass


def test_memory_does_not_grow_with_the_stream() -> None:
    row = b'{"name": "some text", "numbers": [1, 2.5, null]}\n'
    stream = Dribble(row * 100_000, 1 << 16)
    tracemalloc.start()
    count = sum(1 for _ in values(stream, "x", max_value=1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 2 << 20


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_up_to_the_limit(opening: str, closing: str) -> None:
    limit = 10_000 // opening.count("[") if opening.count("{") == 0 else 10_000 // len(closing)
    text = (opening * limit + "1" + closing * limit).encode()
    assert _depth(load(text, "x")) == 10_000
    assert raw(text, ()) == text
    assert [found for _, found, _, _ in values(io.BytesIO(text), "x", max_value=len(text))] == [text]
    with pytest.raises(DocumentError, match="nested deeper than 10000 levels") as caught:
        load(b"[" + text + b"]", "x")
    assert caught.value.place.line == 1
    assert len(caught.value.path) < 200


def _depth(value: JsonValue) -> int:
    depth = 0
    while isinstance(value, (dict, list)):
        value = value[0] if isinstance(value, list) else value["a"]
        depth += 1
    return depth


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_a_small_limit_of_nesting_holds_on_the_fast_path(limit: int) -> None:
    def nested(depth: int) -> bytes:
        return b"[" * depth + b'"[[[[[[[[[[[[",1' + b"]" * depth

    load(nested(limit), "x", max_depth=limit)
    load(b"[" + b",".join([nested(limit)] * 5) + b"]", "x", max_depth=limit + 1)
    with pytest.raises(DocumentError, match="nested deeper"):
        load(nested(limit + 1), "x", max_depth=limit)


def test_two_hundred_thousand_open_brackets_are_refused() -> None:
    for opening in (b"[", b'{"a":'):
        with pytest.raises(DocumentError, match="nested deeper"):
            load(opening * 200_000, "x")


@given(st.sets(st.text(max_size=3), max_size=6))
def test_case_clash_is_what_load_refuses(names: set[str]) -> None:
    text = json.dumps(dict.fromkeys(names, 1))
    assert load(text.encode(), "x", fold=False) == dict.fromkeys(names, 1)
    if case_clash(names):
        with pytest.raises(DocumentError, match="letter case"):
            load(text.encode(), "x")
    else:
        assert load(text.encode(), "x") == dict.fromkeys(names, 1)
