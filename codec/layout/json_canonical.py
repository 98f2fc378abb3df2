"""JSON text that is what a writer would print, read by a fast parser; any other text is left to `json_read`.

The proof is to print it again: equal bytes mean that no member stands twice, that no number lost a digit and that
nothing is left over. Floats come as `float` where `json_read` gives their text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codec.layout.base import Reject

_loads: Callable[[bytes], object]
_dumps: Callable[..., bytes]
_indent = 0  # what asks for indentation; 0 as long as the parser is not loaded

_ESCAPED = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def document(data: bytes) -> object:
    """The value of a text with indentation; raises `Reject`, or what the parser raises, for text of any other form."""
    if not _indent:
        _load()
    value = _loads(data)
    _compare(_dumps(value, None, _indent), data.removesuffix(b"\n"))
    return value


def lines(texts: Sequence[bytes]) -> list[object]:
    """The values of lines of compact text, each without its line break; raises as `document` does."""
    if not _indent:
        _load()
    values = list(map(_loads, texts))
    for printed, text in zip(map(_dumps, values), texts, strict=True):
        if printed != text:
            _compare(printed, text)
    return values


def one_or(data: bytes, fast: Callable[[object], object], general: Callable[[bytes], object]) -> object:
    """What `fast` makes of the value of compact text, or `general` of the text where that is not possible."""
    try:
        return fast(lines((data,))[0])
    except Exception:  # whatever it is, the general reader knows it, or knows better
        return general(data)


def _load() -> None:
    """Import the parser, which takes too long for runs that never need it."""
    import orjson

    global _loads, _dumps, _indent
    _loads, _dumps, _indent = orjson.loads, orjson.dumps, orjson.OPT_INDENT_2


def _compare(printed: bytes, text: bytes) -> None:
    if printed == text:
        return
    if b"\\u" in text:  # writers for web pages escape more; inside strings only, so that this cannot hide anything
        for plain, escaped in _ESCAPED:
            printed = printed.replace(plain, escaped)
        if printed == text:
            return
    raise Reject


def one_folding(value: object) -> object:
    """`value`, in which no two members of an object differ only in letter case; raises `Reject`."""
    if type(value) is dict:
        if len(value) > 1 and len(set(map(str.casefold, value))) != len(value):
            raise Reject
        for inner in value.values():
            one_folding(inner)
    elif type(value) is list:
        for inner in value:
            one_folding(inner)
    return value


def refused() -> object:
    """In an expression: leave the text to the careful reader."""
    raise Reject
