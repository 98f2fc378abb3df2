"""Decimal numbers of any size as bytes that sort (nearly) as the numbers do.

Invariant: for all bytes that can be read, writing what was read gives the same bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codec.layout.base import TEXT, Layout, Setting, Wrong, primitive
from codec.layout.scanned import Scanned
from codec.layout.white_space import trim

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_NEGATIVE, _ZERO, _POSITIVE = 0, 1, 2  # as the first byte, and as the sign of the exponent
_INVERTED = bytes(255 - byte for byte in range(256))
_MANTISSA = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")
_EXPONENT_MARK = re.compile("[eE]")
_EXPONENT = re.compile(r"([+-]?)0*([0-9]*)")
_EXPONENT_DIGITS = 19  # of any 64-bit number
_I64_LEAST, _I64_MOST = -(1 << 63), (1 << 63) - 1
_PLAIN_FROM, _PLAIN_TO = -6, 21  # exponents of numbers that are printed without one
_MARK = b"\0"  # between exponent and digits


def number_to_bytes(text: str) -> bytes:
    """The ordered bytes of a decimal number (dynamodb.md §1.2); raises `Wrong` for text that is none.

    Equal numbers give equal bytes however they are spelled. The exponent wraps like a signed 64-bit number. Negative
    numbers whose digits begin like another's sort the wrong way, as they do for the nodes.
    Takes time and memory in proportion to the text.
    """
    left, *right = _EXPONENT_MARK.split(trim(text), maxsplit=1)
    found = _MANTISSA.fullmatch(left)
    if found is None or not (found[2] or found[3]):
        raise Wrong("a decimal number", repr(text[:40]))
    sign, whole, fraction = found[1], found[2], found[3] or ""
    exponent = _exponent(right[0]) if right else 0
    significant = (whole + fraction).lstrip("0")
    if not significant:
        return bytes((_ZERO,))
    exponent += len(whole) - (len(whole) + len(fraction) - len(significant))
    body = _exponent_bytes(_wrapped(exponent)) + _MARK + significant.rstrip("0").encode()
    if sign == "-":
        return bytes((_NEGATIVE,)) + body.translate(_INVERTED)
    return bytes((_POSITIVE,)) + body


def bytes_to_number(data: bytes) -> str:
    """The one spelling that stands for ordered bytes; raises `Wrong` for bytes that no number gives.

    Plain digits for numbers from 1e-6 to 1e21, else one digit before the point and an exponent.
    """
    kind = data[:1]
    if kind == bytes((_ZERO,)):
        if len(data) > 1:
            raise Wrong("nothing behind the byte of zero", f"{len(data) - 1} bytes")
        return "0"
    if kind not in (bytes((_NEGATIVE,)), bytes((_POSITIVE,))):
        raise Wrong("the first byte of a number, 00 to 02", kind.hex() or "nothing")
    body = data[1:] if kind[0] == _POSITIVE else data[1:].translate(_INVERTED)
    exponent, at = _read_exponent(body)
    digits = body[at + 1 :]
    if body[at : at + 1] != _MARK:
        raise Wrong("00 behind the exponent", body[at : at + 1].hex() or "the end")
    if not digits.isdigit() or digits.startswith(b"0") or digits.endswith(b"0"):
        raise Wrong("digits without zeros at their ends", repr(digits[:40])[1:])
    return ("-" if kind[0] == _NEGATIVE else "") + _spelled(digits.decode(), exponent)


def _exponent(text: str) -> int:
    found = _EXPONENT.fullmatch(trim(text))
    if found is None or not trim(text)[len(found[1]) :]:
        raise Wrong("an exponent, as decimal digits", repr(text[:40]))
    value = int(found[2] or "0") if len(found[2]) <= _EXPONENT_DIGITS else _I64_MOST + 1
    value = -value if found[1] == "-" else value
    if not _I64_LEAST <= value <= _I64_MOST:
        raise Wrong("an exponent that 64 bits can hold", repr(text[:40]))
    return value


def _wrapped(value: int) -> int:
    return (value - _I64_LEAST) % (1 << 64) + _I64_LEAST


def _exponent_bytes(exponent: int) -> bytes:
    if exponent == 0:
        return bytes((_ZERO,))
    size = (abs(exponent).bit_length() + 7) // 8
    magnitude = bytes((size,)) + abs(exponent).to_bytes(size, "big")
    if exponent < 0:
        return bytes((_NEGATIVE,)) + magnitude.translate(_INVERTED)
    return bytes((_POSITIVE,)) + magnitude


def _read_exponent(body: bytes) -> tuple[int, int]:
    """The exponent, and where it ends."""
    sign = body[0] if body else _POSITIVE + 1
    if sign == _ZERO:
        return 0, 1
    if sign > _POSITIVE:
        raise Wrong("the sign of an exponent, 00 to 02", body[:1].hex() or "the end")
    rest = body[1:10] if sign == _POSITIVE else body[1:10].translate(_INVERTED)
    size = rest[0] if rest else 0
    magnitude = rest[1 : 1 + size]
    if not 1 <= size <= 8 or len(magnitude) < size or magnitude[0] == 0:
        raise Wrong("an exponent of 1 to 8 bytes without zeros in front", body[1:10].hex(" "))
    value = int.from_bytes(magnitude, "big")
    exponent = value if sign == _POSITIVE else -value
    if not _I64_LEAST <= exponent <= _I64_MOST:
        raise Wrong("an exponent that 64 bits can hold", str(exponent))
    return exponent, 2 + size


def _spelled(digits: str, exponent: int) -> str:
    """0.digits times 10^exponent."""
    if _PLAIN_FROM < exponent <= 0:
        return "0." + "0" * -exponent + digits
    if 0 < exponent <= _PLAIN_TO:
        whole, fraction = digits[:exponent].ljust(exponent, "0"), digits[exponent:]
        return f"{whole}.{fraction}" if fraction else whole
    if exponent == _I64_LEAST:  # one less would be no exponent any more
        return f"0.{digits}e{exponent}"
    return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{exponent - 1:+d}"


def read_ordered_decimal(data: bytes, at: int, end: int) -> tuple[str, int]:
    """The number that all of `data` from `at` up to `end` stands for, and `end`; raises `Wrong`."""
    return bytes_to_number(data[at : max(at, end)]), end


@primitive("ordered_decimal")
class OrderedDecimal(Scanned):
    """The text of a decimal number as bytes that sort as numbers do: all that is left; the spelling is not kept."""

    word = "ordered_decimal"
    holds = frozenset({TEXT})
    is_open = True
    one_way = True  # what is read is the number in its one spelling, not the text that was written
    reader = staticmethod(read_ordered_decimal)
    writer = staticmethod(number_to_bytes)

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        """The layout as a spec configures it."""
        return cls()

    def may_begin(self, text: bytes) -> bool:
        return not text or text[0] <= _POSITIVE

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        small = st.integers(-30, 30)
        exponents = st.one_of(small, st.integers(_I64_LEAST, _I64_MOST), st.sampled_from([_I64_LEAST, _I64_MOST]))
        spelled = st.builds("{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(0, 10**40), exponents)
        return spelled.map(lambda text: bytes_to_number(number_to_bytes(text)))
