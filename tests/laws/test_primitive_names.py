"""File names of keys: text, numbers and bytes, and the digests that stand for what is too long or misleading."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.layout.canonical_number import canonical_number
from codec.layout.segments import Fallback, Segment

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
LONGEST = 240
SEGMENT = Segment(PLAIN, LONGEST, "b64.", Fallback("sha256", 32, "__", 64, "none"), "bad", "unknown")


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32] + "__"


# dynamodb.md §2, the table
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a b/c~", "a%20b%2Fc%7E"),
        ("", ""),
        ("b64.foo", "72ef1a090c013093607ce5a62f598cf4__b64.foo"),
        (
            "0123456789abcdef0123456789ABCDEF__x",
            "0a1ebe5eba653863220d4fc80ba87050__0123456789abcdef0123456789ABCDEF__x",
        ),
        ("x" * 240, "x" * 240),
        ("x" * 241, digest(b"x" * 241) + "x" * 64),
        ("é" * 40, "%C3%A9" * 40),
        ("é" * 41, digest("é".encode() * 41) + "%C3%A9" * 32),
    ],
)
def test_names_of_text(text: str, name: str) -> None:
    assert SEGMENT.encode(text.encode())[0] == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"\0\1\xff", "b64.AAH_"),
        (b"", "b64."),
        (b"\0" * 177, "b64." + "A" * 236),
        (b"\0" * 178, digest(b"\0" * 178) + "%00" * 64),
    ],
)
def test_names_of_bytes(raw: bytes, name: str) -> None:
    assert SEGMENT.encode_base64url(raw) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("0.5", "1%2F2"), ("-1.5", "-3%2F2"), ("3.14159", "314159%2F100000"), ("-1e-130", "-1%2F1" + "0" * 130)],
)
def test_names_of_numbers(text: str, name: str) -> None:
    assert SEGMENT.encode(canonical_number(text).encode()) == (name, False)


def test_names_of_long_numbers_are_digests() -> None:
    value = b"1" + b"0" * 300
    assert SEGMENT.encode(canonical_number("1e300").encode()) == (digest(value) + "1" + "0" * 63, True)


@given(st.binary(max_size=200))
def test_a_name_of_bytes_gives_them_back_unless_it_is_a_digest(raw: bytes) -> None:
    name = SEGMENT.encode_base64url(raw)
    assert len(name) <= LONGEST
    if len(raw) <= 177:
        assert SEGMENT.decode(name, {}) == raw
    else:
        assert SEGMENT.decode(name, {name: raw}) == raw
