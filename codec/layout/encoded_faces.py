"""Bytes in documents as text of one encoding: base64, base64url, hexadecimal digits."""

from __future__ import annotations

import re
from abc import abstractmethod
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING

from codec.layout.base import BYTES, Wrong
from codec.layout.faces import Face, face, found, from_base64url
from codec.layout.hex_digits import from_hex
from codec.layout.json_write import base64url

if TYPE_CHECKING:
    from codec.compile.code import Code

_PADDED = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def to_base64(raw: bytes) -> str:
    """Standard base64 with padding."""
    return b2a_base64(raw, newline=False).decode()


def from_base64(text: str) -> bytes:
    """The bytes of standard base64 with padding; raises `Wrong`.

    Line breaks are skipped and spare bits of the last character may be set (dynamodb.md §5.5).
    """
    if not len(text) % 4 and not text.endswith("==="):
        try:
            return a2b_base64(text, strict_mode=True)  # takes what `_PADDED` takes, and more padding
        except ValueError:
            pass
    plain = text.replace("\r", "").replace("\n", "")
    if not _PADDED.fullmatch(plain) or len(plain) % 4:
        raise Wrong("base64 with padding", found(text))
    return a2b_base64(plain)


class _Encoded(Face):
    """Bytes as a string; none is null."""

    holds = frozenset({BYTES})
    pattern: str

    @abstractmethod
    def encode(self, raw: bytes) -> str:
        """The text of bytes."""

    @abstractmethod
    def decode(self, text: str) -> bytes:
        """The bytes of text; raises `Wrong`."""

    def write(self, value: object, newline: str) -> str:
        if value is None:
            return "null"
        assert isinstance(value, bytes)
        return f'"{self.encode(value)}"'

    def read(self, value: object) -> object:
        if type(value) is not str:
            raise Wrong("a string", found(value))
        return self.decode(value)

    def missing(self) -> object:
        return b""

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": self.pattern}


@face("base64")
class Base64(_Encoded):
    """Bytes as standard base64 with padding."""

    pattern = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        return f"'\"' + {code.imported('codec.layout.encoded_faces', 'to_base64')}({value}) + '\"'"

    def encode(self, raw: bytes) -> str:
        return to_base64(raw)

    def decode(self, text: str) -> bytes:
        return from_base64(text)


@face("base64url")
class Base64Url(_Encoded):
    """Bytes as base64url without padding."""

    pattern = "^[A-Za-z0-9_-]*$"

    def encode(self, raw: bytes) -> str:
        return base64url(raw)

    def decode(self, text: str) -> bytes:
        return from_base64url(text)


@face("hex")
class Hex(_Encoded):
    """Bytes as hexadecimal digits: read in either letter case, written in lower."""

    pattern = "^(?:[0-9a-f]{2})*$"

    def encode(self, raw: bytes) -> str:
        return raw.hex()

    def decode(self, text: str) -> bytes:
        return from_hex(text)
