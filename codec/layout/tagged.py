"""Values that carry their tag, as key bytes, file names and JSON: a codec per tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from codec.layout.base import Cut, Layout, Position, Wrong
from codec.layout.canonical_number import canonical_number
from codec.layout.escaped import escape
from codec.layout.faces import Face, from_base64url
from codec.layout.json_write import base64url
from codec.layout.scanned import Scanned
from codec.layout.segments import BadName, Fallback, Segment
from codec.layout.types import Union

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code


class TaggedKey(Layout):
    """A tagged value as the bytes of its tag's codec, escaped. The bytes do not say the tag: it is only written."""

    word = "by_tag"
    holds: frozenset[str] = frozenset()

    def __init__(self, codecs: Mapping[str, Layout]) -> None:
        self.codecs = codecs
        self._built: dict[str, construct.Construct] = {}

    def to_bytes(self, value: object) -> bytes:
        """The key bytes of a tagged value; raises `Wrong`."""
        tag, inner = cast("tuple[str, object]", value)
        if isinstance(inner, str) and self.codecs[tag].word == "utf8":
            return escape(inner.encode())
        if isinstance(inner, bytes):
            return escape(inner)
        codec = self.codecs[tag]
        if isinstance(codec, Scanned):
            return escape(codec.writer(codec.to_raw(inner)))
        if tag not in self._built:
            self._built[tag] = codec.construct(0)
        raw: bytes = self._built[tag].build(inner)
        return escape(raw)

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Tagged

        return Tagged(self)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        raise NotImplementedError("the bytes do not say which tag they had")

    def emit_write(self, code: Code, value: str) -> str:
        return f"{code.provided('key_part', self)}.to_bytes({value})"

    def values(self) -> SearchStrategy[object]:
        raise NotImplementedError("drawn from the model")


class Name(Protocol):
    """What turns a value into one component of a path, and back."""

    def encode(self, raw: object) -> tuple[str, bool]: ...

    def decode(self, name: str, originals: Mapping[str, bytes]) -> object: ...


class LabelByTag:
    """A file name for a tagged value: a label only, which nobody reads."""

    def __init__(self, segment: Segment, tags: Mapping[str, str]) -> None:
        self.segment, self.tags = segment, tags
        self.fallback = segment.fallback

    def encode(self, raw: object) -> tuple[str, bool]:
        """The name, which never needs a line in a names file."""
        tag, value = cast("tuple[str, Any]", raw)
        kind = self.tags[tag]
        if kind == "base64url_name":
            return self.segment.encode_base64url(value), False
        text = canonical_number(value) if kind == "canonical_number" else value
        return self.segment.encode(text.encode())[0], False

    def decode(self, name: str, originals: Mapping[str, bytes]) -> object:
        """Labels are not read."""
        raise BadName("label", "a document that says its key", name)


class PlainBase64Url:
    """A file name that is the unpadded base64url of a field."""

    fallback: Fallback | None = None

    def encode(self, raw: bytes) -> tuple[str, bool]:
        """The name, which can always be turned back."""
        return base64url(raw), False

    def decode(self, name: str, originals: Mapping[str, bytes]) -> object:
        """The bytes that the name stands for; raises `Wrong`."""
        return from_base64url(name)


class Tagged(Face):
    """A tagged value as an object with one member, its tag."""

    word = "tagged"

    def __init__(self, union: Union, html: bool) -> None:
        super().__init__(union.name, html)
        self.union = union

    def write(self, value: object, newline: str) -> str:
        return self.union.write_json(value, newline, self.html)

    def read(self, value: object) -> object:
        return self.union.read_json(value)

    def missing(self) -> object:
        raise Wrong("a tagged value", "nothing")

    def schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"enum": [k.name for k in self.union.kinds]},
        }

    def emit_write(self, code: Code, value: str, newline: str) -> str:
        from codec.compile.unions import printer_of

        return f"{printer_of(code, self.union, self.html)}({value}, {newline!r})"

    def emit_read(self, code: Code, value: str) -> str:
        return f"{code.provided('tagged', self)}.read({value})"
