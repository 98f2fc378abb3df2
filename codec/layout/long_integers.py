"""Integers of any size from and to decimal digits.

`int` and `str` refuse more digits than the process allows, and take time that grows with their square.
"""

from __future__ import annotations

import decimal

_SAFE_DIGITS, _SAFE_BITS = 600, 2000  # within every limit that sys.set_int_max_str_digits() can set
_EXACT = decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[decimal.Inexact])


def from_digits(digits: str) -> int:
    """The integer whose ASCII decimal digits these are, at least one."""
    if len(digits) <= _SAFE_DIGITS:
        return int(digits)
    low = len(digits) // 2
    tens: int = 10**low
    return from_digits(digits[:-low]) * tens + from_digits(digits[-low:])


def to_digits(value: int) -> str:
    """The decimal digits of an integer that is not negative."""
    if value.bit_length() <= _SAFE_BITS:
        return str(value)
    powers: dict[int, decimal.Decimal] = {}

    def power(bits: int) -> decimal.Decimal:
        if bits not in powers:
            half = bits // 2
            small = bits <= _SAFE_BITS
            powers[bits] = decimal.Decimal(1 << bits) if small else _EXACT.multiply(power(half), power(bits - half))
        return powers[bits]

    def convert(part: int, bits: int) -> decimal.Decimal:
        if bits <= _SAFE_BITS:
            return decimal.Decimal(part)
        half = bits // 2
        high = part >> half
        return _EXACT.fma(convert(high, bits - half), power(half), convert(part - (high << half), half))

    return str(convert(value, value.bit_length()))
