"""What is written reads back as what was meant, in the very spelling that the reference uses."""

from __future__ import annotations

import base64
import json
import math
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.layout.faces import text_or_object, texts_or_objects
from codec.layout.json_read import Number, load
from codec.layout.json_write import base64url, compact, number, quote

GOLDEN = Path(os.environ.get("GOLDEN") or Path(__file__).parent.parent / "golden")
SCORE_DOCUMENTS = sorted(GOLDEN.glob("*/tree/redis/db_0/zsets/*.json"))
PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
EXPONENT_NUMBER = re.compile(r"-?[1-9](\.[0-9]*[1-9])?e[+-][1-9][0-9]*")


@pytest.mark.parametrize(
    ("text", "plain", "html"),
    [
        ("", '""', '""'),
        ('"\\', '"\\"\\\\"', '"\\"\\\\"'),
        ("\b\f\n\r\t", '"\\b\\f\\n\\r\\t"', '"\\b\\f\\n\\r\\t"'),
        ("\x00\x0b\x1f", '"\\u0000\\u000b\\u001f"', '"\\u0000\\u000b\\u001f"'),
        ("<a&b>", '"<a&b>"', '"\\u003ca\\u0026b\\u003e"'),
        ("\u2028\u2029", '"\\u2028\\u2029"', '"\\u2028\\u2029"'),
        ("/\x7fé\ufffd\ufffe\U0010ffff", '"/\x7fé\ufffd\ufffe\U0010ffff"', '"/\x7fé\ufffd\ufffe\U0010ffff"'),
    ],
)
def test_strings_are_spelled_as_the_reference_does(text: str, plain: str, html: str) -> None:
    assert (quote(text, False), quote(text, True)) == (plain, html)


@given(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('<>&"\\\u2028\n\x00'))), st.booleans())
def test_a_string_reads_back(text: str, html: bool) -> None:
    written = quote(text, html)
    assert load(written.encode(), "x") == text
    assert not re.search("[\x00-\x1f\u2028\u2029]", written)
    assert not (html and re.search("[<>&]", written))


@given(st.binary())
def test_each_byte_that_is_not_utf8_is_one_replacement_character(data: bytes) -> None:
    text = data.decode(errors="surrogateescape")
    assert load(quote(text, True).encode(), "x") == re.sub("[\udc80-\udcff]", "\ufffd", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (100.0, "100"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (9.5e-7, "9.5e-7"),
        (1e-7, "1e-7"),
        (1e-10, "1e-10"),
        (12345.678e-9, "0.000012345678"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (12345678901234567.0, "12345678901234568"),
        (123456789012345680000.0, "123456789012345680000"),
        (math.nextafter(1e21, 0), "999999999999999900000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
    ],
)
def test_floats_are_spelled_as_the_reference_does(value: float, text: str) -> None:
    assert number(value) == text
    assert number(-value) == (text[1:] if text[0] == "-" else "-" + text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_in_its_shortest_digits(value: float) -> None:
    text = number(value)
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert float(text) == value
    assert isinstance(load(text.encode(), "x"), (int, Number))
    plain = value == 0 or 1e-6 <= abs(value) < 1e21
    assert (PLAIN_NUMBER if plain else EXPONENT_NUMBER).fullmatch(text)
    assert Decimal(text) == Decimal(repr(value))  # repr gives the shortest digits


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_json_has_no_number_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a JSON number"):
        number(value)


@pytest.mark.skipif(not SCORE_DOCUMENTS, reason="needs the golden data")
def test_golden_scores_where_golden_data_are_there() -> None:
    tokens = 0
    for path in SCORE_DOCUMENTS:
        value = load(path.read_bytes(), str(path))
        assert isinstance(value, dict)
        assert isinstance(value["members"], list)
        for member in value["members"]:
            assert isinstance(member, dict)
            score = member["score"]
            if isinstance(score, (int, Number)):  # infinities are strings
                assert number(float(score)) == str(score)
                tokens += 1
    assert tokens > 0


@given(st.binary())
def test_base64_is_for_urls_and_without_padding(data: bytes) -> None:
    assert base64url(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text('a<>&\u2028\u2029 \\"\t:,é')),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=10,
)


@given(_json, st.booleans(), st.sampled_from([None, 0, 3, "\t"]), st.sampled_from([" , ", ",\r\n"]))
def test_compact_drops_white_space_and_keeps_every_token(
    value: object, ascii_only: bool, indent: int | str | None, comma: str
) -> None:
    spaced = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=(comma, " :\t"))
    tight = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    assert compact(spaced, False) == compact(spaced.encode(), False) == tight
    assert compact(tight, True) == compact(spaced, True)
    assert json.dumps(json.loads(compact(spaced, True))) == json.dumps(json.loads(tight))
    assert not re.search("[<>&\u2028\u2029]", compact(spaced, True))


def test_compact_keeps_the_spelling_of_numbers_and_escapes() -> None:
    text = '{ "b" : 1.50E1 , "a":[ "\\/ \\u003c <" , -0 ] }'
    assert compact(text, False) == '{"b":1.50E1,"a":["\\/ \\u003c <",-0]}'
    assert compact(text, True) == '{"b":1.50E1,"a":["\\/ \\u003c \\u003c",-0]}'


AWKWARD = st.sampled_from(
    [b"", b"\x1f", b"a\x1fb", b"\xff", b"\xed\xa0\x80", b"\xc3\xa9", b"\xc3", b"\xa9", b"<&>", "\u2028".encode()]
)


@given(
    values=st.lists(AWKWARD | st.binary(max_size=6) | st.text(max_size=6).map(str.encode), min_size=1),
    html=st.booleans(),
)
def test_many_values_are_written_as_each_alone(values: list[bytes], html: bool) -> None:
    assert texts_or_objects(values, html, "<", ">") == [text_or_object(value, html, "<", ">") for value in values]
