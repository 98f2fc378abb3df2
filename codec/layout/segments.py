"""One component of a file's name for any bytes, and back (container-and-cli.md §4.1, §4.2).

Names that cannot be turned back are short digests with a hint; the caller keeps them in a names file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import NoReturn

from codec.frozen import frozen
from codec.layout.base import Wrong
from codec.layout.faces import from_base64url
from codec.layout.json_write import base64url

Pattern = re.Pattern[str]

_HEX = "0123456789abcdefABCDEF"
_BYTES = {high + low: chr(int(high + low, 16)) for high in _HEX for low in _HEX}


@frozen
class Fallback:
    """The shape of a name that is a digest: `digits` of `digest`, `join`, a hint of the first `hint_bytes`."""

    digest: str
    digits: int
    join: str
    hint_bytes: int
    names: str


@frozen
class Segment:
    """Percent-encoding of every byte outside `literal`, at most `longest` characters, with a `fallback`."""

    literal: str
    longest: int
    mark: str
    fallback: Fallback
    bad: str
    unknown: str
    dots: str = ""  # stands for a dot where the name would be `.` or `..`, which are no names of folders

    def __getstate__(self) -> dict[str, object]:
        """The fields; what follows from them is made anew where it is needed."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @cached_property
    def _shape(self) -> Pattern:
        return re.compile(self._shape_text, re.DOTALL)

    @cached_property
    def _shape_text(self) -> str:
        return f"[{_HEX}]{{{self.fallback.digits}}}{re.escape(self.fallback.join)}"

    @cached_property
    def _names(self) -> dict[int, str]:
        """What stands for each byte."""
        kept = self.literal.encode()
        return {b: chr(b) if b in kept else f"%{b:02X}" for b in range(256)}

    @cached_property
    def _special(self) -> Pattern:
        return re.compile(f"{re.escape(self.mark)}|{self._shape_text}", re.DOTALL)

    @cached_property
    def _escaped(self) -> Pattern:
        return re.compile(f"(?:[{re.escape(self.literal)}]++|%[{_HEX}]{{2}})*")

    @cached_property
    def _plain(self) -> Pattern:
        return re.compile("[" + re.escape(self.literal) + "]*")

    def encode(self, raw: bytes) -> tuple[str, bool]:
        """The name, and whether it must be kept in the names file."""
        if len(raw) > self.longest:
            return self._hashed(raw), True
        text = raw.decode("latin-1").translate(self._names)
        if len(text) > self.longest or self._special.match(text):
            return self._hashed(raw), True
        if self.dots and text in (".", ".."):
            return text.replace(".", self.dots), False
        return text, False

    def encode_base64url(self, raw: bytes) -> str:
        """The name of bytes that are kept as base64url, whatever they are; a digest if that is too long."""
        text = self.mark + base64url(raw)
        return text if len(text) <= self.longest else self._hashed(raw)

    def _hashed(self, raw: bytes) -> str:
        shape = self.fallback
        digits = hashlib.new(shape.digest, raw).hexdigest()[: shape.digits]
        return digits + shape.join + raw[: shape.hint_bytes].decode("latin-1").translate(self._names)

    def decode(self, name: str, originals: Mapping[str, bytes]) -> bytes:
        """The bytes that `name` stands for; `originals` is the names file. Raises `BadName`."""
        if self._plain.fullmatch(name) and len(name) <= self.longest:
            if not self._special.match(name):
                return name.encode()
        elif len(name) > self.longest:
            raise BadName(self.bad, f"a name of at most {self.longest} characters", f"{len(name)}")
        if self._special.match(name):
            if self._shape.match(name):
                if name not in originals:
                    raise BadName(self.unknown, f"a line for this name in {self.fallback.names}", "none")
                return originals[name]
            try:
                return from_base64url(name[len(self.mark) :])
            except Wrong as wrong:
                raise BadName(self.bad, wrong.expected, wrong.found) from None
        return self._unescape(name)

    def _unescape(self, name: str) -> bytes:
        if not self._escaped.fullmatch(name):
            self._refuse(name)
        first, *rest = name.split("%")
        return (first + "".join([_BYTES[part[:2]] + part[2:] for part in rest])).encode("latin-1")

    def _refuse(self, name: str) -> NoReturn:
        """Say what is wrong with a name that is not escaped as names are."""
        match = self._escaped.match(name)
        assert match is not None
        at = match.end()
        if name[at] != "%":
            raise BadName(self.bad, "a letter, digit, or an escape such as %2F", repr(name[at]))
        raise BadName(self.bad, "two hexadecimal digits after %", repr(name[at + 1 : at + 3]))


class BadName(Wrong):
    """A file name that stands for nothing; `code` is the error's name in the spec."""

    def __init__(self, code: str, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.code = code


def build(config: Mapping[str, object]) -> Segment:
    """The segment as a spec configures it."""
    shape, errors = config["fallback"], config["errors"]
    assert isinstance(shape, dict) and isinstance(errors, dict)
    text: Callable[[object], str] = str
    longest = config["max"]
    assert isinstance(longest, int)
    return _shared(
        Segment(
            text(config["percent"]),
            longest,
            text(config["base64url_mark"]),
            Fallback(
                text(shape["digest"]), shape["digits"], text(shape["join"]), shape["hint_bytes"], text(shape["names"])
            ),
            text(errors["bad"]),
            text(errors["unknown"]),
            text(config.get("dots", "")),
        )
    )


@lru_cache
def _shared(segment: Segment) -> Segment:
    """One object for equal segments: what follows from their fields is made once."""
    return segment


SCHEMA: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["percent", "max", "base64url_mark", "fallback", "errors"],
    "properties": {
        "percent": {
            "type": "string",
            "minLength": 1,
            "description": "The characters that stand for themselves; others become % and two hex digits.",
        },
        "max": {"type": "integer", "minimum": 1, "description": "How long a name may be, in characters."},
        "dots": {"type": "string", "minLength": 1, "description": "What stands for a dot in a name of dots alone."},
        "base64url_mark": {
            "type": "string",
            "minLength": 1,
            "description": "What a name begins with if the rest of it is base64url; accepted, never written.",
        },
        "fallback": {
            "type": "object",
            "description": "What stands for a name that is too long or looks like one of the other shapes.",
            "additionalProperties": False,
            "required": ["digest", "digits", "join", "hint_bytes", "names"],
            "properties": {
                "digest": {"enum": ["sha256"], "description": "The hash of the bytes that the name stands for."},
                "digits": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 64,
                    "description": "How many hexadecimal digits of it are kept.",
                },
                "join": {"type": "string", "minLength": 1, "description": "What stands between digits and hint."},
                "hint_bytes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "How many of the first bytes follow, for people to recognise.",
                },
                "names": {"type": "string", "description": "Which of the names files keeps what the name stands for."},
            },
        },
        "errors": {
            "type": "object",
            "additionalProperties": False,
            "description": "The error's name for each way in which a name can be wrong.",
            "required": ["bad", "unknown"],
            "properties": {
                "bad": {"type": "string", "description": "A name that no bytes give."},
                "unknown": {"type": "string", "description": "A fallback name that the names file does not have."},
            },
        },
    },
}
