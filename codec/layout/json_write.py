"""JSON out, byte for byte as the reference writes it: strings, numbers, base64 and text that is passed through.

Invariant: valid text gives valid JSON, from which `json_read` reads the same value.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from json.encoder import encode_basestring  # quotes and escapes as RFC 8259 demands, and nothing else
from math import isfinite

_RARE = re.compile("[\u2028\u2029\ud800-\udfff]")
_RARE_ESCAPES = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
_TOKEN_OR_SPACE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+')
_PLAIN_NUMBERS = frozenset("0123456789.-")
SEPARATOR = "\x1f"  # between texts that are quoted together; a control character, so that quoting makes it an escape
_ESCAPED_SEPARATOR = "\\u001f"
TO_URL = bytes.maketrans(b"+/", b"-_")


def quote(text: str, html: bool) -> str:
    r"""`text` as a JSON string with its quotes (redis.md §4.1, s3.md §1.1); `html` also escapes `<`, `>` and `&`.

    A lone surrogate becomes `\ufffd`: bytes that are not UTF-8, decoded with `surrogateescape`, are written as the
    reference writes them, one `\ufffd` for each.
    """
    quoted = encode_basestring(text)
    if html and ("<" in quoted or ">" in quoted or "&" in quoted):
        quoted = _escape_html(quoted)
    if not quoted.isascii():
        quoted = _escape_rare(quoted)
    return quoted


def quote_name(name: str, html: bool) -> str:
    """The same for the name of a member: there are few, and each is met often."""
    return _quoted(name, html) if len(name) <= _SHORT else quote(name, html)


_quoted = lru_cache(1024)(quote)
_SHORT = 64  # characters of a name that is worth remembering


def quote_all(texts: list[str], html: bool) -> list[str]:
    """The same for many texts, with the work done for all of them at once."""
    parts = quoted_parts(SEPARATOR.join(texts), html)
    return parts if len(parts) == len(texts) else [quote(text, html) for text in texts]


def quoted_parts(joined: str, html: bool) -> list[str]:
    """The quoted texts that are joined by separators; too many if one of them has a separator, or looks like it has."""
    return quote(joined, html).replace(_ESCAPED_SEPARATOR, f'"{SEPARATOR}"').split(SEPARATOR)


def number(x: float) -> str:
    """The shortest digits that give `x` back, as redis.md §4.1 writes them; `ValueError` for NaN and infinities."""
    if not isfinite(x):
        raise ValueError(f"{x} is not a JSON number")
    text = repr(float(x)).removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    if x == 0 or 1e-6 <= abs(x) < 1e21:
        return _plain(mantissa, int(exponent)) if exponent else text
    return f"{mantissa}e{int(exponent):+d}"


def numbers(many: list[float]) -> list[str] | None:
    """The same for many numbers, as long as none is an infinity, NaN, or so large or small that it needs an exponent."""
    texts = list(map(repr, many))
    if not _PLAIN_NUMBERS.issuperset("".join(texts)):
        return None
    return [text[:-2] if text.endswith(".0") else text for text in texts]


def base64url(b: bytes) -> str:
    """Base64 with the alphabet for URLs, without padding."""
    return binascii.b2a_base64(b, newline=False).translate(TO_URL, b"=").decode("ascii")


def compact(raw_json_text: bytes | str, html: bool) -> str:
    r"""Valid JSON text, token for token as it is, without insignificant white space (sqs.md §1).

    With `html`, raw `<`, `>`, `&`, U+2028 and U+2029 (which only strings can have) become escapes.
    """
    text = raw_json_text if isinstance(raw_json_text, str) else raw_json_text.decode()
    text = _TOKEN_OR_SPACE.sub(lambda found: found[0] if found[0][0] == '"' else "", text)
    if html:
        text = _escape_html(text).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text


def _escape_html(text: str) -> str:
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _escape_rare(text: str) -> str:
    return _RARE.sub(lambda found: _RARE_ESCAPES.get(found[0], "\\ufffd"), text)


def _plain(mantissa: str, exponent: int) -> str:
    """`1.5e-05` or `1.5e+16` without exponent."""
    sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{whole}{fraction}"
    return f"{sign}{whole}{fraction.ljust(exponent, '0')}"
