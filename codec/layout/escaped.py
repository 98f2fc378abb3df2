"""Bytes that end themselves and sort as they did before: the segments of composite keys."""

from __future__ import annotations

from codec.layout.base import Wrong, primitive
from codec.layout.scanned import ScannedBytes

_ZERO, _KEPT_ZERO, _END = b"\0", b"\0\xff", b"\0\x01"


def read_escaped(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """The bytes of the segment that begins at `at`, and the position after its terminator; raises `Wrong`.

    Takes time and memory in proportion to the segment (dynamodb.md §1.1, s3.md §1).
    """
    stop = data.find(_END, at, end)
    if stop < 0:
        raise Wrong("the terminator 00 01", "none")
    raw = data[at:stop]
    if _ZERO in raw:
        if raw.count(_ZERO) != raw.count(_KEPT_ZERO):
            raise Wrong("00 ff or 00 01 wherever there is a 00", _bad_zero(raw))
        raw = raw.replace(_KEPT_ZERO, _ZERO)
    return raw, stop + len(_END)


def escape(raw: bytes) -> bytes:
    """The segment of any bytes."""
    return raw.replace(_ZERO, _KEPT_ZERO) + _END


def _bad_zero(raw: bytes) -> str:
    at = raw.replace(_KEPT_ZERO, b"..").index(_ZERO)
    return f"{(raw + _END)[at : at + 2].hex(' ')} at byte {at}"


@primitive("escaped")
class Escaped(ScannedBytes):
    """Bytes with 00 as 00 FF and 00 01 at the end: they end themselves, and keep their order."""

    word = "escaped"
    reader = staticmethod(read_escaped)
    writer = staticmethod(escape)

    def order(self) -> str:
        return "bytes"
