"""One text for each number, however it is spelled: the exact rational in lowest terms.

What is read is the text that Go's big.Rat takes, to its limits; what is no such number stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from math import gcd

from codec.layout.base import Wrong
from codec.layout.long_integers import from_digits, to_digits
from codec.layout.white_space import trim

LONGEST = 1 << 20  # characters; exact arithmetic on more would take minutes
_MOST_TENS, _MOST_TWOS = 1_000_000, 10_000_000
_I64_LEAST, _I64_MOST, _I64_DIGITS = -(1 << 63), (1 << 63) - 1, 19


def _separated(digit: str) -> str:
    """Digits with single underscores between them."""
    return f"{digit}++(?:_{digit}++)*+"


def _mantissa(digit: str, prefix: str) -> str:
    """Digits with at most one point; an underscore may stand right behind a prefix."""
    first = f"_?{_separated(digit)}" if prefix else _separated(digit)
    return rf"{prefix}(?:{first}(?:\.(?:{_separated(digit)})?)?|\.{_separated(digit)})"


_BITS = {"b": 1, "o": 3, "x": 4}  # of a digit
_DIGIT = {"b": "[01]", "o": "[0-7]", "x": "[0-9a-fA-F]"}
_PREFIXED = "|".join(_mantissa(_DIGIT[mark], f"0[{mark}{mark.upper()}]") for mark in _BITS)
_SCALED = rf"([+-]?)(?:({_PREFIXED})|({_mantissa('[0-9]', '')}))(?:([eEpP])([+-]?{_separated('[0-9]')}))?"
_WHOLE = "|".join(
    [
        *(f"0[{mark}{mark.upper()}]_?{_separated(_DIGIT[mark])}" for mark in _BITS),
        "0[0-7]*+(?:_[0-7]++)*+",
        "[1-9][0-9]*+(?:_[0-9]++)*+",
    ]
)
_FRACTION = f"([+-]?)({_WHOLE})/({_WHOLE})"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Both, compiled when a number is first looked at: that takes a millisecond."""
    return re.compile(_SCALED), re.compile(_FRACTION)


def canonical_number(text: str) -> str:
    """The exact value of `text`: decimal digits, or `numerator/denominator` in lowest terms (dynamodb.md §2, CANON).

    Text that is no number, or whose exponent is beyond the limits (10^±1000000, 2^±10000000), comes back trimmed.
    Raises `Wrong` for numbers of more than `LONGEST` characters. The result may have millions of digits; where only
    powers of ten make it long, it is built without arithmetic on numbers of that size.
    """
    text = trim(text)
    scaled, fraction = [pattern.fullmatch(text) for pattern in _patterns()]
    if (scaled or fraction) and len(text) > LONGEST:
        raise Wrong(f"a number of at most {LONGEST} characters", str(len(text)))
    exact = _scaled(scaled) if scaled else _fraction(fraction) if fraction else None
    return text if exact is None else exact


def _fraction(found: re.Match[str]) -> str | None:
    top, bottom = _whole(found[2]), _whole(found[3])
    if bottom == 0:
        return None
    common = gcd(top, bottom)
    return _text(found[1], to_digits(top // common), to_digits(bottom // common))


def _whole(text: str) -> int:
    """An integer with a prefix; a plain leading 0 means octal."""
    mark = text[1:2].lower()
    digits = text.replace("_", "")
    if mark in _BITS:
        return int(digits[2:], 1 << _BITS[mark])
    return int(digits, 8) if digits[0] == "0" else from_digits(digits)


def _scaled(found: re.Match[str]) -> str | None:
    """mantissa * 2^twos * 5^fives; None if the exponents are beyond the limits."""
    sign, prefixed, plain, mark, power = found.groups()
    exponent = _exponent(power) if mark else 0
    if exponent is None:
        return None
    whole, _, fraction = (prefixed or plain).replace("_", "").partition(".")
    twos = fives = 0
    if prefixed:
        bits = _BITS[whole[1].lower()]
        mantissa = int(whole[2:] + fraction, 1 << bits)
        twos = -bits * len(fraction)
    else:
        digits = (whole + fraction).lstrip("0")
        significant = digits.rstrip("0")
        mantissa = from_digits(significant or "0")
        twos = fives = -len(fraction)
    if mantissa == 0:
        return "0"
    twos += exponent
    fives += exponent if mark in (None, "e", "E") else 0
    if abs(fives) > _MOST_TENS or abs(twos) > _MOST_TWOS:
        return None
    if not prefixed:
        twos += len(digits) - len(significant)
        fives += len(digits) - len(significant)
    return _product(sign, mantissa, twos, fives)


def _exponent(text: str) -> int | None:
    digits = text.lstrip("+-").replace("_", "").lstrip("0")
    if len(digits) > _I64_DIGITS:
        return None
    value = int(digits or "0") * (-1 if text[0] == "-" else 1)
    return value if _I64_LEAST <= value <= _I64_MOST else None


def _product(sign: str, mantissa: int, twos: int, fives: int) -> str:
    more = (mantissa & -mantissa).bit_length() - 1
    mantissa, twos = mantissa >> more, twos + more
    if fives < 0 and mantissa % 5 == 0:
        mantissa, more = _without_fives(mantissa)
        fives += more
    return _text(sign, _digits(mantissa, max(twos, 0), max(fives, 0)), _digits(1, max(-twos, 0), max(-fives, 0)))


def _without_fives(odd: int) -> tuple[int, int]:
    """An odd number without its factors 5, and how many those were.

    With enough factors 2 added, fives are zeros at the end of its digits; dividing would take quadratic time.
    """
    room = odd.bit_length() // 2 + 1
    digits = to_digits(odd << room)
    rest = digits.rstrip("0")
    fives = len(digits) - len(rest)
    return from_digits(rest) >> (room - fives), fives


def _digits(value: int, twos: int, fives: int) -> str:
    """The digits of value * 2^twos * 5^fives; pairs of the two are zeros and need no arithmetic."""
    zeros = min(twos, fives)
    return to_digits((value * 5 ** (fives - zeros)) << (twos - zeros)) + "0" * zeros


def _text(sign: str, top: str, bottom: str) -> str:
    negative = "-" if sign == "-" and top != "0" else ""
    return negative + top if bottom == "1" else f"{negative}{top}/{bottom}"
