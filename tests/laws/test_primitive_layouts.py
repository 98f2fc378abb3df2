"""Byte layouts of composite keys: the construct object, the generated code and the strategy say the same thing."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec.layout.base64_text
import codec.layout.decimal_digits
import codec.layout.escaped
import codec.layout.hex_digits
import codec.layout.ordered_decimal  # noqa: F401  (importing a primitive's module registers it)
from codec.compile.code import Code
from codec.layout.base import LAYOUTS, Cut, Layout, Setting, Wrong
from codec.layout.white_space import trim

TEXT: dict[str, object] = {"text": True}


def built(word: str, argument: object = None, **options: object) -> Layout:
    """The layout as a spec with these options gives it."""

    def inner(_: object) -> Layout:
        raise AssertionError(word)

    _, build = LAYOUTS[word]
    return build(Setting(word if argument is None else argument, options, "big", inner))


CONFIGURED = {
    "escaped": built("escaped"),
    "escaped text": built("escaped", **TEXT),
    "escaped, not empty": built("escaped", min=1),
    "base64url": built("base64url"),
    "base64url text": built("base64url", **TEXT),
    "base64url_run": built("base64url_run"),
    "base64url_run text, not empty": built("base64url_run", min=1, **TEXT),
    "decimal": built("decimal"),
    "decimal, limited": built("decimal", min=5, max=1000),
    "decimal, trimmed": built("decimal", trim="spaces"),
    "hex": built("hex", 3),
    "ordered_decimal": built("ordered_decimal"),
}
OWN_END = {name: layout for name, layout in CONFIGURED.items() if not layout.is_open}
OPEN = {name: layout for name, layout in CONFIGURED.items() if layout.is_open}


class Compiled:
    """The layout's generated code as two functions."""

    def __init__(self, layout: Layout) -> None:
        code = Code()
        with code.function("read", "data, start, end", "tuple", "One value, and where it ends."):
            value, after = layout.emit_read(code, Cut("data", "start", "end"))
            code.line(f"return {value}, {after}")
        with code.function("write", "value", "bytes", "The bytes of a value."):
            code.line(f"return {layout.emit_write(code, 'value')}")
        names: dict[str, Any] = {}
        exec(code.text("A layout."), names)
        self.read: Callable[[bytes, int, int], tuple[object, int]] = names["read"]
        self.write: Callable[[object], bytes] = names["write"]


COMPILED = {name: Compiled(layout) for name, layout in CONFIGURED.items()}


def outcome(doing: Callable[[], object]) -> object:
    """What comes out, or that it was refused: not with an error that nobody announced."""
    try:
        return doing()
    except (Wrong, construct.StreamError):
        return "refused"


def compiled_outcome(doing: Callable[[], object]) -> object:
    try:
        return doing()
    except Exception:  # generated code leaves the reasons to the interpreter
        return "refused"


def interpreted(layout: Layout, data: bytes, at: int, tail: int) -> tuple[object, int]:
    stream = io.BytesIO(data)
    stream.seek(at)
    return layout.construct(tail)._parsereport(stream, construct.Container(), ""), stream.tell()


@pytest.mark.parametrize("name", CONFIGURED)
@given(data=st.data(), before=st.binary(max_size=3))
def test_every_value_comes_back_from_both(name: str, data: st.DataObject, before: bytes) -> None:
    layout = CONFIGURED[name]
    value = data.draw(layout.values())
    written = layout.construct(0).build(value)
    assert COMPILED[name].write(value) == written
    whole = before + written
    assert interpreted(layout, whole, len(before), 0) == (value, len(whole))
    assert COMPILED[name].read(whole, len(before), len(whole)) == (value, len(whole))
    assert layout.size in (None, len(written))
    assert all(layout.may_begin(written[:size]) for size in range(4))


@pytest.mark.parametrize("name", OWN_END)
@given(data=st.data(), behind=st.sampled_from([b"", b"|", b"\0", b"\0\0\0\0\0\0\0\1", b"|x\0\1|", b"\xff\0"]))
def test_what_follows_is_left_alone(name: str, data: st.DataObject, behind: bytes) -> None:
    layout = OWN_END[name]
    value = data.draw(layout.values())
    written = layout.construct(0).build(value)
    whole = written + behind
    assert interpreted(layout, whole, 0, len(behind)) == (value, len(written))
    assert COMPILED[name].read(whole, 0, len(whole)) == (value, len(written))


@pytest.mark.parametrize("name", OPEN)
@given(data=st.data(), behind=st.binary(max_size=8))
def test_an_open_one_takes_all_but_the_tail(name: str, data: st.DataObject, behind: bytes) -> None:
    layout = OPEN[name]
    value = data.draw(layout.values())
    written = layout.construct(0).build(value)
    whole = written + behind
    assert interpreted(layout, whole, 0, len(behind)) == (value, len(written))
    assert COMPILED[name].read(whole, 0, len(written)) == (value, len(written))
    assert outcome(lambda: interpreted(layout, behind, 0, len(behind) + 1)) == "refused"
    assert compiled_outcome(lambda: COMPILED[name].read(behind, len(behind), len(behind) - 1)) == "refused"


_ANY = st.one_of(
    st.binary(max_size=12),
    st.lists(st.sampled_from(b"\0\1\2\xff\xfe09aAzZ-_=|/+ \r\n\x85\xc2"), max_size=14).map(bytes),
    st.text("0123456789 \u2003\x85\t", max_size=24).map(str.encode),
)


@pytest.mark.parametrize("name", CONFIGURED)
@given(data=_ANY)
def test_both_read_the_same_from_any_bytes(name: str, data: bytes) -> None:
    layout = CONFIGURED[name]
    found = outcome(lambda: interpreted(layout, data, 0, 0))
    assert compiled_outcome(lambda: COMPILED[name].read(data, 0, len(data))) == found
    if found != "refused":
        assert isinstance(found, tuple)
        value, end = found
        assert all(layout.may_begin(data[:size]) for size in range(4))
        again = layout.construct(0).build(value)
        assert interpreted(layout, again, 0, 0) == (value, len(again))
        assert end == len(data) or not layout.is_open


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("escaped, not empty", b""),
        ("escaped text", "\ud800"),
        ("base64url_run text, not empty", ""),
        ("base64url text", "a\udfff"),
        ("decimal", -1),
        ("decimal", 1 << 64),
        ("decimal, trimmed", 1 << 64),
        ("decimal, limited", 4),
        ("decimal, limited", 1001),
        ("hex", b"ab"),
        ("hex", b"abcd"),
        ("ordered_decimal", "0x10"),
    ],
)
def test_a_value_that_has_no_bytes_is_refused_by_both(name: str, value: object) -> None:
    assert outcome(lambda: CONFIGURED[name].construct(0).build(value)) == "refused"
    assert compiled_outcome(lambda: COMPILED[name].write(value)) == "refused"


# dynamodb.md §1.1, s3.md §8.5 and the first row of sqs.md §8
@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (b"", "00 01"),
        (b"a", "61 00 01"),
        (b"a\0b", "61 00 ff 62 00 01"),
        (b"\0\1\xff", "00 ff 01 ff 00 01"),
        (b"\0\xff", "00 ff ff 00 01"),
    ],
)
def test_escaped_segments(raw: bytes, stored: str) -> None:
    assert CONFIGURED["escaped"].construct(0).build(raw).hex(" ") == stored
    assert interpreted(CONFIGURED["escaped"], bytes.fromhex(stored), 0, 0)[0] == raw


@pytest.mark.parametrize("stored", ["", "61", "61 00", "00 00 01", "61 00 02 00 01", "00 ff", "00 ff 00"])
def test_broken_segments(stored: str) -> None:
    assert outcome(lambda: interpreted(CONFIGURED["escaped"], bytes.fromhex(stored), 0, 0)) == "refused"


@given(st.lists(st.one_of(st.binary(max_size=6), st.lists(st.sampled_from(b"\0\1\xff"), max_size=4).map(bytes))))
def test_escaped_segments_sort_as_their_bytes_do(raws: list[bytes]) -> None:
    build = CONFIGURED["escaped"].construct(0).build
    behind = (b"", b"\0", b"\xff")
    keys = [(raw, build(raw) + behind[at % 3]) for at, raw in enumerate(raws)]
    assert [raw for raw, _ in sorted(keys, key=lambda pair: pair[1])] == sorted(raws)


# dynamodb.md §1, sqs.md §1: what a node's reader tolerates, and what not
@pytest.mark.parametrize(
    ("stored", "raw"),
    [
        (b"", b""),
        (b"YWJj", b"abc"),
        (b"YWJjZA", b"abcd"),
        (b"ZXY", b"ev"),
        (b"dA", b"t"),
        (b"dB", b"t"),  # spare bits
        (b"Y\rW\nJj\r\n", b"abc"),  # line breaks
        (b"_-8", b"\xff\xef"),
        (b"A", None),
        (b"YWJjZ", None),
        (b"YWI=", None),
        (b"YW I", None),
        (b"+/8", None),
        ("é".encode(), None),
    ],
)
def test_base64url_as_nodes_read_it(stored: bytes, raw: bytes | None) -> None:
    found = outcome(lambda: interpreted(CONFIGURED["base64url"], stored, 0, 0))
    assert found == ("refused" if raw is None else (raw, len(stored)))


@given(st.binary())
def test_base64url_is_the_standard_one(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).rstrip(b"=")
    assert CONFIGURED["base64url"].construct(0).build(raw) == text
    assert interpreted(CONFIGURED["base64url_run"], text + b"|1|x", 0, 0) == (raw, len(text))


def test_a_run_ends_at_the_first_byte_outside_its_alphabet() -> None:
    for name in ("base64url_run", "decimal"):
        layout = CONFIGURED[name]
        alphabet = layout.alphabet  # type: ignore[attr-defined]
        for byte in range(256):
            found = outcome(lambda byte=byte, layout=layout: interpreted(layout, b"1234" + bytes((byte,)), 0, 0))
            assert (found != "refused" and found[1] == 4) == (byte not in alphabet)  # type: ignore[index]


# dynamodb.md §2 (table), sqs.md §3.2
@pytest.mark.parametrize(
    ("stored", "value", "trimmed"),
    [
        (b"1", 1, 1),
        (b"01", 1, 1),
        (b"0" * 9000 + b"7", 7, 7),
        (b"18446744073709551615", (1 << 64) - 1, (1 << 64) - 1),
        (b"18446744073709551616", None, None),
        (b"9" * 9000, None, None),
        (b"", None, None),
        (b"+1", None, None),
        (b"-1", None, None),
        (b"_1", None, None),
        (b" 12\n", None, 12),
        ("\u3000\x8512\u2003".encode(), None, 12),
        (b"\x8512", None, None),  # no UTF-8, so no white space
        (b"\x1c12", None, None),
        (b"1 2", None, None),
        (b"12x", None, None),
        (b"1_0", None, None),
        (b" ", None, None),
        ("\u0661".encode(), None, None),
    ],
)
def test_decimals_as_nodes_read_them(stored: bytes, value: int | None, trimmed: int | None) -> None:
    def whole(layout: Layout) -> object:
        found, end = interpreted(layout, stored, 0, 0)
        return found if end == len(stored) else "refused"

    assert outcome(lambda: whole(CONFIGURED["decimal"])) == ("refused" if value is None else value)
    assert outcome(lambda: whole(CONFIGURED["decimal, trimmed"])) == ("refused" if trimmed is None else trimmed)


@pytest.mark.parametrize(
    ("stored", "raw"),
    [(b"00fFAb", b"\0\xff\xab"), (b"00ff", None), (b"00ffa", None), (b"00ffag", None), (b"00 ffa", None)],
)
def test_hexadecimal_digits_in_either_case(stored: bytes, raw: bytes | None) -> None:
    found = outcome(lambda: interpreted(CONFIGURED["hex"], stored, 0, 0))
    assert found == ("refused" if raw is None else (raw, 6))
    assert raw is None or CONFIGURED["hex"].construct(0).build(raw) == stored.lower()


def test_white_space_is_that_of_the_format() -> None:
    spaces = [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F]
    spaces.append(0x3000)
    assert [code for code in range(0x110000) if trim(chr(code)) == ""] == spaces
    assert trim(" \u3000a b\x1c\x85") == "a b\x1c"
