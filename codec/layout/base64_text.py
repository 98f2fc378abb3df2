"""Bytes as unpadded base64url: all that is left, or as far as its alphabet goes."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from functools import lru_cache

from codec.layout.base import Wrong, primitive
from codec.layout.faces import from_base64url
from codec.layout.json_write import TO_URL
from codec.layout.scanned import ScannedBytes

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_\r\n"  # line breaks are skipped
SHORT = 256  # characters of a run that is worth remembering
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is not in its alphabet becomes what is in none
_PADDING = (b"", b"!", b"==", b"=")
_RUN = re.compile(rb"[A-Za-z0-9_\r\n-]*")


def read_base64url(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """The bytes that all of `data` from `at` up to `end` stands for, and `end`; raises `Wrong`.

    As lenient as the nodes are: line breaks are skipped, spare bits of the last character may be set; padding and a
    length of 1 modulo 4 are wrong (dynamodb.md §1, sqs.md §1).
    """
    if at > end:
        raise Wrong("base64url without padding", "the end")
    return _plain(data[at:end]), end


def _plain(text: bytes) -> bytes:
    """The bytes of text that mostly is as a writer prints it."""
    try:
        return a2b_base64(text.translate(_FROM_URL) + _PADDING[len(text) & 3], strict_mode=True)
    except ValueError:
        return from_base64url(text.decode("latin-1"))


def read_base64url_run(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """As `read_base64url`, but only as far as the alphabet goes."""
    found = _RUN.match(data, at, end)
    if found is None:
        raise Wrong("base64url without padding", "the end")
    after = found.end()
    return (_short(found[0]) if after - at < SHORT else read_base64url(data, at, after)[0]), after


@lru_cache(64)
def _short(text: bytes) -> bytes:
    """Names that many neighbouring keys begin with."""
    return _plain(text)


def write_base64url(raw: bytes) -> bytes:
    """The text that stands for `raw`."""
    return b2a_base64(raw, newline=False).translate(TO_URL, b"=")


@primitive("base64url")
class Base64Url(ScannedBytes):
    """Bytes as base64url without padding: all that is left."""

    word = "base64url"
    is_open = True
    reader = staticmethod(read_base64url)
    writer = staticmethod(write_base64url)

    def may_begin(self, text: bytes) -> bool:
        return self.least == 0 or not text or text[0] in ALPHABET


@primitive("base64url_run")
class Base64UrlRun(Base64Url):
    """Bytes as base64url without padding, up to the first byte outside its alphabet."""

    word = "base64url_run"
    is_open = False
    reader = staticmethod(read_base64url_run)
    run = True
    alphabet = ALPHABET

    def may_begin(self, text: bytes) -> bool:
        """No, if `text` holds the whole run, and no bytes give that run."""
        found = _RUN.match(text)
        run = found[0] if found is not None else b""
        characters = len(run.translate(None, b"\r\n"))
        return len(run) == len(text) or (characters % 4 != 1 and (characters > 0 or self.least == 0))
