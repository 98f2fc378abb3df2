"""Every way in which JSON text can be wrong is refused, with its place and its reason."""

from __future__ import annotations

import io

import pytest

from codec.errors import DocumentError
from codec.layout.json_read import lines, load, values

# name: text, line, column, part of the message
REFUSED: dict[str, tuple[bytes, int, int, str]] = {
    "empty": (b"", 1, 1, "empty"),
    "only white space": (b" \r\n\t\n", 1, 1, "empty"),
    "byte order mark": (b"\xef\xbb\xbf{}", 1, 1, "byte order mark"),
    "utf-16": ('{"a":1}'.encode("utf-16-le"), 1, 2, "not valid JSON"),
    "only a comma": (b",", 1, 1, "not valid JSON"),
    "unknown word": (b'{"a": yes}', 1, 7, "not valid JSON"),
    "capital literal": (b"[True]", 1, 2, "wrong letter case"),
    "literal that goes on": (b"[nullify]", 1, 2, "not valid JSON"),
    "literal before a sign": (b"[true-1]", 1, 6, "not valid JSON"),
    "nan": (b'{"a":\n NaN}', 2, 2, "NaN is not"),
    "infinity": (b"[1, Infinity]", 1, 5, "Infinity is not"),
    "minus infinity": (b"[1, -Infinity]", 1, 5, "-Infinity is not"),
    "leading zero": (b'{"a":\n  [1, 012]}', 2, 7, "leading zeros"),
    "leading zeros of a negative": (b"-00", 1, 1, "leading zeros"),
    "leading plus": (b"[+1]", 1, 2, "not valid JSON"),
    "no digit before the point": (b"[.5]", 1, 2, "not valid JSON"),
    "no digit behind the point": (b"[1.]", 1, 2, "malformed number"),
    "no digit in the exponent": (b"[1e+]", 1, 2, "malformed number"),
    "hexadecimal": (b"0x1F", 1, 1, "malformed number"),
    "two points": (b"1.2.3", 1, 1, "malformed number"),
    "only a minus": (b"-", 1, 1, "does not end"),
    "raw line break in a string": (b'{"a": "x\ny"}', 1, 9, "raw control character"),
    "raw NUL in a name": (b'{"a\x00": 1}', 1, 4, "raw control character"),
    "unknown escape": (b'["\\x41"]', 1, 3, "unknown escape"),
    "short escape": (b'["\\u12"]', 1, 3, "incomplete escape"),
    "escape with a sign": (b'["\\u+123"]', 1, 3, "incomplete escape"),
    "string without end": (b'{"a": "xyz', 1, 7, "string does not end"),
    "single quotes": (b"{'a': 1}", 1, 2, "not valid JSON"),
    "name without quotes": (b"{a: 1}", 1, 2, "not valid JSON"),
    "number as name": (b"{1: 1}", 1, 2, "not valid JSON"),
    "lone high surrogate": (b'{"a": "\\ud83d"}', 1, 8, "surrogate"),
    "lone low surrogate": (b'{"a": "x\\udE00"}', 1, 9, "surrogate"),
    "swapped surrogates": (b'["\\ude00\\ud83d"]', 1, 3, "surrogate"),
    "high surrogate before a whole pair": (b'["\\ud83d\\ud83d\\ude00"]', 1, 3, "surrogate"),
    "lone surrogate in a name": (b'{"\\uD800": 1}', 1, 3, "surrogate"),
    "encoded surrogate": (b'["\xed\xa0\x80"]', 1, 3, "invalid UTF-8"),
    "cut character": (b'["\xe2\x82"]', 1, 3, "invalid UTF-8"),
    "overlong": (b'\n ["\xc0\xaf"]', 2, 4, "invalid UTF-8"),
    "beyond unicode": (b'["\xc3\xa9\xf4\x90\x80\x80"]', 1, 4, "invalid UTF-8"),
    "missing comma": (b'{"a": 1\n "b": 2}', 2, 2, "not valid JSON"),
    "missing colon": (b'{"a" 1}', 1, 6, "not valid JSON"),
    "missing value": (b'{"a":}', 1, 6, "not valid JSON"),
    "comma before the end of an object": (b'{"a":1,\n}', 2, 1, "comma before the end"),
    "comma before the end of an array": (b"[1,]", 1, 4, "comma before the end"),
    "two commas": (b"[1,,2]", 1, 4, "not valid JSON"),
    "wrong bracket": (b'{"a":[1}', 1, 8, "not valid JSON"),
    "not closed": (b'{"a":[1]\n', 2, 1, "ends too early"),
    "comment": (b"[1, // one\n2]", 1, 5, "not valid JSON"),
    "no-break space": (b"[\xc2\xa01]", 1, 2, "not valid JSON"),
    "text behind": (b"{} x", 1, 4, "behind the end"),
    "second value behind": (b"{}\n{}", 2, 1, "behind the end"),
    "bracket behind": (b"{}\n ]", 2, 2, "behind the end"),
    "brace behind": (b"{}}", 1, 3, "behind the end"),
    "NUL behind": (b"{}\x00", 1, 3, "behind the end"),
    "repeated member": (b'{"a": 1,\n "b": 2, "a": 1}', 2, 10, "repeated"),
    "repeated by an escape": (b'{"a": 1, "\\u0061": 1}', 1, 10, "repeated"),
    "repeated deep inside": (b'[{"a": {"x": 1, "x": 2}}]', 1, 17, "repeated"),
    "letter case": (b'{"name": 1, "Name": 1}', 1, 13, "letter case"),
    "letter case with long s": ('{"set": 1, "\u017fet": 1}'.encode(), 1, 12, "letter case"),
    "letter case with the kelvin sign": ('{"\u212aey": 1, "key": 1}'.encode(), 1, 12, "letter case"),
    "letter case in a pair of large letters": (b'{"AB": 1, "Ab": 1}', 1, 11, "letter case"),
}
RIGHT_IN_A_SEQUENCE = ("empty", "only white space", "second value behind")


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_text_is_refused_where_it_is_wrong(name: str) -> None:
    text, line, column, message = REFUSED[name]
    with pytest.raises(DocumentError) as caught:
        load(text, "some.json")
    problem = caught.value
    assert message in problem.message
    assert (problem.code, problem.place.source) == ("json", "some.json")
    assert (problem.place.line, problem.place.column) == (line, column)
    assert len(str(problem)) < 300


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in RIGHT_IN_A_SEQUENCE])
def test_a_stream_of_values_refuses_the_same_behind_good_values(name: str) -> None:
    text, line, column, _ = REFUSED[name]
    got = []
    with pytest.raises(DocumentError) as caught:  # noqa: PT012
        for value, _, _, _ in values(io.BytesIO(b'{"good": 1}\n[2]\n' + text), "some.jsonl", max_value=1000):
            got.append(value)
    assert got[:2] == [{"good": 1}, [2]]
    assert (caught.value.place.line, caught.value.place.column) == (line + 2, column)


def test_where_the_other_member_is() -> None:
    with pytest.raises(DocumentError) as caught:
        load(b'{"x": [0, {"a": 1,\n "b": 2, "A": 1}]}', "x")
    assert caught.value.hint == "the other one is at line 1, column 12"
    assert caught.value.path == "x[1].A"


def test_members_of_users_may_differ_in_letter_case_only() -> None:
    assert load(b'{"a": 1, "A": 2}', "x", fold=False) == {"a": 1, "A": 2}
    with pytest.raises(DocumentError, match="repeated"):
        load(b'{"a": 1, "A": 2, "a": 3}', "x", fold=False)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        (b'{"a":1}\n\n{"a":2}\n', 2, 1, "an empty line"),
        (b'{"a":1}\n \r\n', 2, 1, "an empty line"),
        (b'{"a":1}\n{"a":1}{"a":2}\n', 2, 8, "behind the end"),
        (b'{"a":1}\n{"a":\n1}\n', 2, 6, "ends too early"),
        (b'{"a":1}\r\n  {"a":NaN}', 2, 8, "NaN"),
        (b'{"a":1}\n"\xff"\n', 2, 2, "invalid UTF-8"),
        (b'\xef\xbb\xbf{"a":1}\n', 1, 1, "byte order mark"),
        (b'{"a":1}\n' + b" " * 60 + b'{"a":1}\n', 2, 1, "too long"),
    ],
)
def test_a_wrong_line_is_refused(text: bytes, line: int, column: int, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        list(lines(io.BytesIO(text), "some.jsonl", max_line=60))
    assert (caught.value.place.line, caught.value.place.column) == (line, column)


def test_names_and_values_in_an_error_are_short() -> None:
    long = b"n" * 100_000
    for text in (b'{"%s": {"%s": nul}}' % (long, long), b'{"%s": 1, "%s": 1}' % (long, long), b"[%s]" % long):
        with pytest.raises(DocumentError) as caught:
            load(text, "x")
        assert len(caught.value.render()) < 600
