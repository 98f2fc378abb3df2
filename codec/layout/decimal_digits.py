"""A number as ASCII decimal digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from codec.layout.base import WHOLE, Layout, Setting, Wrong, primitive
from codec.layout.numbers import ALL_BITS
from codec.layout.scanned import Scanned
from codec.layout.white_space import trim

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

_MOST_DIGITS = len(str(ALL_BITS))
_DIGITS = re.compile(rb"[0-9]+")


def read_decimal(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number whose digits begin at `at`, as far as digits go, and where they end; raises `Wrong`.

    Up to 2^64-1; leading zeros are tolerated, signs are not (dynamodb.md §1, sqs.md §3.2).
    """
    found = _DIGITS.match(data, at, end)
    if found is None:
        raise Wrong("decimal digits", repr(data[at : min(at + 8, end)])[1:])
    digits = found[0].lstrip(b"0") or b"0"
    value = int(digits) if len(digits) <= _MOST_DIGITS else ALL_BITS + 1
    if value > ALL_BITS:
        raise Wrong(f"a number up to {ALL_BITS}", digits[:40].decode())
    return value, found.end()


def read_trimmed_decimal(data: bytes, at: int, end: int) -> tuple[int, int]:
    """As `read_decimal`, for all bytes up to `end`, with white space around the digits."""
    if at > end:
        raise Wrong("decimal digits", "the end")
    raw = trim(data[at:end].decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    value, after = read_decimal(raw, 0, len(raw))
    if after != len(raw):
        raise Wrong("decimal digits only", repr(raw[after : after + 8])[1:])
    return value, end


def write_decimal(value: int) -> bytes:
    """The digits of a number from 0 to 2^64-1; raises `Wrong` for others."""
    if not 0 <= value <= ALL_BITS:
        raise Wrong(f"a number from 0 to {ALL_BITS}", str(value)[:40])
    return b"%d" % value


@primitive("decimal")
class Decimal(Scanned):
    """An unsigned number of 64 bits as decimal digits, as far as digits go; with `trim`, white space around them."""

    word = "decimal"
    holds = frozenset({WHOLE})
    optional: ClassVar[dict[str, object]] = {
        "trim": {
            "enum": ["spaces"],
            "description": "What may stand around the digits, which then are all that is left.",
        },
        "min": {"type": "integer", "minimum": 0, "description": "The least number."},
        "max": {"type": "integer", "minimum": 0, "description": "The greatest number."},
    }
    reader = staticmethod(read_decimal)
    writer = staticmethod(write_decimal)
    run = True
    alphabet: bytes | None = b"0123456789"

    def __init__(self, low: int = 0, high: int = ALL_BITS) -> None:
        self.low, self.high = low, high

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        """The layout as a spec configures it."""
        kind = TrimmedDecimal if setting.options.get("trim") else cls
        return kind(setting.number("min", 0), setting.number("max", ALL_BITS))

    def from_raw(self, raw: object) -> object:
        assert isinstance(raw, int)
        if not self.low <= raw <= self.high:
            raise Wrong(f"{self.low} to {self.high}", str(raw))
        return raw

    def to_raw(self, value: object) -> object:
        return self.from_raw(value)

    def emit_from_raw(self, code: Code, raw: str) -> str:
        if (self.low, self.high) != (0, ALL_BITS):
            code.reject_if(f"not {self.low} <= {raw} <= {self.high}")
        return raw

    def emit_to_raw(self, code: Code, value: str) -> str:
        if (self.low, self.high) == (0, ALL_BITS):
            return value
        code.line(f"{(name := code.fresh('number'))} = {value}")
        return self.emit_from_raw(code, name)

    def may_begin(self, text: bytes) -> bool:
        assert self.alphabet is not None
        return not text or text[0] in self.alphabet

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.integers(self.low, self.high) | st.sampled_from([self.low, self.high])


class TrimmedDecimal(Decimal):
    """An unsigned number of 64 bits as decimal digits with white space around them: all that is left."""

    is_open = True
    reader = staticmethod(read_trimmed_decimal)
    run = False
    alphabet = None

    def may_begin(self, text: bytes) -> bool:
        return True
