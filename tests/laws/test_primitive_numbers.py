"""Numbers as text: their ordered bytes, their one spelling as exact rationals, and what is no number."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from codec.layout.base import Wrong
from codec.layout.canonical_number import LONGEST, canonical_number
from codec.layout.escaped import escape
from codec.layout.fnv import fnv1a_32
from codec.layout.long_integers import from_digits, to_digits
from codec.layout.ordered_decimal import bytes_to_number, number_to_bytes

DIGITS = "12345678901234567890123456789012345678"

# dynamodb.md §1.2, the table
RAW = [
    ("0", "01"),
    ("-0", "01"),
    ("0.000", "01"),
    ("0e5", "01"),
    ("1", "02 02 01 01 00 31"),
    ("+1", "02 02 01 01 00 31"),
    ("01", "02 02 01 01 00 31"),
    ("1.0", "02 02 01 01 00 31"),
    ("-1", "00 fd fe fe ff ce"),
    ("-1.5", "00 fd fe fe ff ce ca"),
    ("0.5", "02 01 00 35"),
    ("5e-1", "02 01 00 35"),
    (".5", "02 01 00 35"),
    ("0.01", "02 00 fe fe 00 31"),
    ("100", "02 02 01 03 00 31"),
    ("1e2", "02 02 01 03 00 31"),
    ("1E+2", "02 02 01 03 00 31"),
    ("1e125", "02 02 01 7e 00 31"),
    ("-1e-130", "00 ff 01 81 ff ce"),
    ("1e255", "02 02 02 01 00 00 31"),
    ("1e-256", "02 00 fe 00 00 31"),
    (DIGITS, "02 02 01 26 00 " + DIGITS.encode().hex(" ")),
    ("9." + "9" * 37 + "e125", "02 02 01 7e 00" + " 39" * 38),
    ("-9.99e-10", "00 ff 01 09 ff c6 c6 c6"),
    ("1e9223372036854775807", "02 00 f7 7f ff ff ff ff ff ff ff 00 31"),  # wraps to -2^63
    (" 1\u3000", "02 02 01 01 00 31"),
    ("1e 2", "02 02 01 03 00 31"),
    ("5.", "02 02 01 01 00 35"),
]


@pytest.mark.parametrize(("text", "raw"), RAW)
def test_ordered_bytes_are_those_of_the_format(text: str, raw: str) -> None:
    assert number_to_bytes(text) == bytes.fromhex(raw)
    assert number_to_bytes(bytes_to_number(bytes.fromhex(raw))) == bytes.fromhex(raw)


def test_ordered_bytes_in_a_key() -> None:
    assert escape(number_to_bytes("-1e-130")).hex(" ") == "00 ff ff 01 81 ff ce 00 01"
    assert escape(number_to_bytes("1e255")).hex(" ") == "02 02 02 01 00 ff 00 ff 31 00 01"


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "-", "+.", "1..2", "1.2.3", "--1", "+-1", "- 1", "1 0", "1 e5", "e5", "1e", "1e ", "1e+", "1e1.5",
     "1e5e5", "0e99999999999999999999", "1e9223372036854775808", "1e-9223372036854775809", "0x10", "1_000", "1/2",
     "1p3", "NaN", "inf", "Infinity", "\u0661", "1e\u0661", "\x1c1"],
)  # fmt: skip
def test_what_is_no_number_has_no_bytes(text: str) -> None:
    with pytest.raises(Wrong):
        number_to_bytes(text)


@pytest.mark.parametrize(
    "raw",
    ["", "03", "01 00", "02", "00", "02 03", "02 02", "02 02 00", "02 02 01", "02 02 01 00 00 31",
     "02 02 02 00 01 00 31", "02 02 09 01 00 00 00 00 00 00 00 00 00 31", "02 02 08 80 00 00 00 00 00 00 00 00 31",
     "02 02 01 01", "02 02 01 01 00", "02 02 01 01 01 31", "02 02 01 01 00 30 31", "02 02 01 01 00 31 30",
     "02 02 01 01 00 3a", "02 01 35", "02 01 00 2d 31", "02 00 f7 7f ff ff ff ff ff ff fe 00 31", "00 fd fe fe ff 31"],
)  # fmt: skip
def test_bytes_that_no_number_gives_are_refused(raw: str) -> None:
    with pytest.raises(Wrong):
        bytes_to_number(bytes.fromhex(raw))


SIGNS = st.sampled_from(["", "-", "+"])
EXPONENTS = st.one_of(st.integers(-5, 5), st.integers(-400, 400))


@st.composite
def decimals(draw: st.DrawFn, exponents: st.SearchStrategy[int] = EXPONENTS) -> tuple[str, Fraction]:
    """A decimal number in some spelling, and its value."""
    whole, fraction = draw(st.text("0123459", max_size=7)), draw(st.text("0123459", max_size=7))
    assume(whole or fraction)
    point = "." if fraction or draw(st.booleans()) else ""
    sign, exponent = draw(SIGNS), draw(exponents)
    power = draw(st.sampled_from(["e{}", "E{}", "e{:+}"])).format(exponent) if exponent or draw(st.booleans()) else ""
    value = Fraction(int(whole + fraction)) * Fraction(10) ** (exponent - len(fraction))
    space = st.sampled_from(["", " ", "\u2003\t"])
    return draw(space) + sign + whole + point + fraction + power + draw(space), -value if sign == "-" else value


@given(decimals())
def test_reading_gives_the_number_back(number: tuple[str, Fraction]) -> None:
    text, value = number
    again = bytes_to_number(number_to_bytes(text))
    assert Fraction(again) == value
    assert number_to_bytes(again) == number_to_bytes(text)
    assert bytes_to_number(number_to_bytes(again)) == again


@given(SIGNS, st.integers(1, 10**40), st.integers(-(1 << 63), (1 << 63) - 1))
@example("-", 1, -(1 << 63))
@example("", 1, (1 << 63) - 1)
@example("", 12, (1 << 63) - 1)
def test_exponents_of_64_bits_come_back(sign: str, digits: int, exponent: int) -> None:
    raw = number_to_bytes(f"{sign}{digits}e{exponent}")
    assert number_to_bytes(bytes_to_number(raw)) == raw


@given(st.binary(max_size=14) | st.lists(st.sampled_from(b"\0\1\2\xff\xfe\xfd013\xce"), max_size=9).map(bytes))
def test_whatever_can_be_read_is_written_alike(raw: bytes) -> None:
    try:
        text = bytes_to_number(raw)
    except Wrong:
        return
    assert number_to_bytes(text) == raw


@given(decimals(), decimals())
@example(("-1", Fraction(-1)), ("-1.5", Fraction(-3, 2)))
@example(("-1", Fraction(-1)), ("-10.5", Fraction(-21, 2)))
def test_bytes_sort_as_numbers_do_but_for_negative_ones_that_begin_alike(
    one: tuple[str, Fraction], other: tuple[str, Fraction]
) -> None:
    (low, less), (high, more) = sorted([one, other], key=lambda number: number[1])
    first, second = number_to_bytes(low), number_to_bytes(high)
    if less == more:
        assert first == second
    elif more < 0 and first.startswith(second):  # dynamodb.md §10.3
        assert first > second
    else:
        assert first < second


# ------------------------------------------------------------------------------------------------ canonical numbers


@contextmanager
def digits_limited_to(most: int) -> Iterator[None]:
    """As if the user had set the limit of `int()` and `str()`; 0 is none."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(most)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


def spelled(value: Fraction) -> str:
    with digits_limited_to(0):
        return str(value)


# dynamodb.md §2 (tables and text)
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.0", "1"),
        ("1", "1"),
        ("01", "1"),
        ("0.5", "1/2"),
        ("-1.5", "-3/2"),
        ("3.14159", "314159/100000"),
        ("1e125", "1" + "0" * 125),
        ("-1e-130", "-1/1" + "0" * 130),
        ("1e300", "1" + "0" * 300),
        ("0", "0"),
        ("-0.00e7", "0"),
        ("0x0p5", "0"),
        ("-0/7", "0"),
        ("0e9223372036854775807", "0"),
        ("0e9223372036854775808", "0e9223372036854775808"),
        ("1e1000001", "1e1000001"),
        ("1e-1000001", "1e-1000001"),
        ("0.1e-1000000", "0.1e-1000000"),
        ("1e99999999999999999999", "1e99999999999999999999"),
        ("1e 5", "1e 5"),
        (" 1e5 ", "100000"),
        ("\u30002\x85", "2"),
        ("\x1c2", "\x1c2"),
        ("", ""),
        ("zzz", "zzz"),
        (" z z ", "z z"),
        (".", "."),
        ("-", "-"),
        ("NaN", "NaN"),
        ("5.", "5"),
        ("+.5", "1/2"),
        ("0x10", "16"),
        ("0X1F", "31"),
        ("-0b101", "-5"),
        ("0o17", "15"),
        ("0x1.8", "3/2"),
        ("0x.8", "1/2"),
        ("0b1.01", "5/4"),
        ("0o7.4", "15/2"),
        ("0x1e3", "483"),
        ("0b1e3", "1000"),
        ("0b101e-1", "1/2"),
        ("1p3", "8"),
        ("1P-3", "1/8"),
        ("0x1p-2", "1/4"),
        ("1.5p1", "3"),
        ("10p-1", "5"),
        ("1p10000001", "1p10000001"),
        ("017", "17"),
        ("08", "8"),
        ("1_000", "1000"),
        ("0_1", "1"),
        ("0x_1", "1"),
        ("1e1_0", "10000000000"),
        ("1_", "1_"),
        ("_1", "_1"),
        ("1__0", "1__0"),
        ("1_.5", "1_.5"),
        ("1._5", "1._5"),
        ("0x_.8", "0x_.8"),
        ("1e_5", "1e_5"),
        ("1e5_", "1e5_"),
        ("0b2", "0b2"),
        ("0x", "0x"),
        ("0o8", "0o8"),
        ("4/2", "2"),
        ("-6/4", "-3/2"),
        ("+6/4", "3/2"),
        ("010/1", "8"),
        ("0_7/1", "7"),
        ("08/1", "08/1"),
        ("00/1", "0"),
        ("1/010", "1/8"),
        ("0x10/0b100", "4"),
        ("1/0", "1/0"),
        ("1/-2", "1/-2"),
        ("1/", "1/"),
        ("/1", "/1"),
        ("1/2/3", "1/2/3"),
        ("1.5/2", "1.5/2"),
        ("1/2e1", "1/2e1"),
        ("1 /2", "1 /2"),
        ("\u0661", "\u0661"),
    ],
)
def test_canonical_numbers_are_those_of_the_format(text: str, canonical: str) -> None:
    assert canonical_number(text) == canonical


@given(decimals())
def test_what_has_ordered_bytes_has_its_exact_value_as_canonical_text(number: tuple[str, Fraction]) -> None:
    text, value = number
    assert canonical_number(text) == str(value)


@given(decimals(), decimals())
def test_the_canonical_text_tells_numbers_apart_as_the_ordered_bytes_do(
    one: tuple[str, Fraction], other: tuple[str, Fraction]
) -> None:
    alike = number_to_bytes(one[0]) == number_to_bytes(other[0])
    assert (canonical_number(one[0]) == canonical_number(other[0])) == alike


@given(st.text("0123456789.eEpPxXbBoO_+-/ aAfF", max_size=9))
def test_the_canonical_text_is_its_own(text: str) -> None:
    canonical = canonical_number(text)
    assert canonical_number(canonical) == canonical


@given(SIGNS, st.integers(0, 1 << 40), st.sampled_from([("0x", 16, "x"), ("0b", 2, "b"), ("0o", 8, "o")]), st.data())
def test_prefixed_numbers_are_exact(sign: str, mantissa: int, kind: tuple[str, int, str], data: st.DataObject) -> None:
    prefix, base, form = kind
    digits = format(mantissa, form)
    point = data.draw(st.integers(0, len(digits)))
    power = data.draw(st.integers(-60, 60))
    value = Fraction(mantissa) / base ** (len(digits) - point) * Fraction(2) ** power
    text = f"{sign}{prefix}{digits[:point]}.{digits[point:]}p{power}"
    assert canonical_number(text) == str(-value if sign == "-" else value)


@given(st.integers(), st.integers(1))
def test_fractions_are_in_lowest_terms(top: int, bottom: int) -> None:
    assert canonical_number(f"{top}/{bottom}") == str(Fraction(top, bottom))


LONG = st.builds(
    lambda n, power, more: n * power**more, st.integers(1), st.sampled_from([2, 3, 5, 10]), st.integers(0, 9000)
)


@given(LONG, st.integers(-9000, 9000), st.sampled_from([640, 4300]))
def test_long_numbers_are_exact_whatever_int_and_str_allow(mantissa: int, exponent: int, limit: int) -> None:
    value = Fraction(mantissa) * Fraction(10) ** exponent
    text, canonical = spelled(Fraction(mantissa)), spelled(value)
    with digits_limited_to(limit):
        assert canonical_number(f"{text}e{exponent}") == canonical
        assert from_digits(text) == mantissa
        assert to_digits(mantissa) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1e1000000", "1" + "0" * 1_000_000),
        ("12.5e-999999", "1/8" + "0" * 999_997),
        ("-2e-1000000", "-1/5" + "0" * 999_999),
        ("0.1e1000001", "1" + "0" * 1_000_000),
    ],
)
def test_numbers_at_the_limit_of_exponents(text: str, canonical: str) -> None:
    assert canonical_number(text) == canonical


def test_more_text_than_can_be_reckoned_with_is_refused() -> None:
    assert canonical_number("z" * 2 * LONGEST) == "z" * 2 * LONGEST
    assert canonical_number(" " + "1" * LONGEST).startswith("111")
    for text in ("1" * (LONGEST + 1), "1" * LONGEST + "/3"):
        with pytest.raises(Wrong):
            canonical_number(text)


# ------------------------------------------------------------------------------------------------ the hash


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968), (b"\0", 0x050C5D1F)]
)
def test_fnv_is_the_published_one(data: bytes, value: int) -> None:
    assert fnv1a_32(data) == value


@given(st.binary(), st.integers(0, 255))
def test_fnv_goes_on_byte_by_byte(data: bytes, byte: int) -> None:
    assert fnv1a_32(data + bytes((byte,))) == ((fnv1a_32(data) ^ byte) * 16777619) % (1 << 32)
