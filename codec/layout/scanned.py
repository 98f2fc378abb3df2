"""Layouts whose bytes a pair of plain functions knows: the interpreter and generated code call the same two.

Invariant: a layout takes only the bytes that are its own; what it leaves is for the parts that follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from codec.layout.base import BYTES, TEXT, Cut, Layout, Position, Setting, Wrong
from codec.layout.strings import as_text

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

# data, from, up to -> value, where it ends; value -> bytes; both raise `Wrong`
Reader: TypeAlias = "staticmethod[[bytes, int, int], tuple[Any, int]]"
Writer: TypeAlias = "staticmethod[[Any], bytes]"


class Scanned(Layout):
    """Bytes that `reader` and `writer` know: module-level functions, so that generated code can import them."""

    reader: ClassVar[Reader]
    writer: ClassVar[Writer]
    run = False  # ends itself: at the first byte outside `alphabet`, whatever follows
    alphabet: bytes | None = None

    def from_raw(self, raw: object) -> object:
        """The value of what `reader` found; raises `Wrong`."""
        return raw

    def to_raw(self, value: object) -> object:
        """What `writer` takes for a value; raises `Wrong`."""
        return value

    def emit_from_raw(self, code: Code, raw: str) -> str:
        """As `from_raw`, for the local `raw`; what is refused is refused by lines, not by the expression."""
        return raw

    def emit_to_raw(self, code: Code, value: str) -> str:
        """As `to_raw`, for an expression."""
        return value

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Functions

        return Functions(self, tail if self.is_open else 0)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        reader = code.imported(self.reader.__module__, self.reader.__name__)
        value = code.fresh(self.word)
        after = code.fresh("after")
        code.line(f"{value}, {after} = {reader}({cut.buffer}, {cut.start}, {cut.end})")
        return self.emit_from_raw(code, value), after

    def emit_write(self, code: Code, value: str) -> str:
        writer = code.imported(self.writer.__module__, self.writer.__name__)
        return f"{writer}({self.emit_to_raw(code, value)})"


class ScannedBytes(Scanned):
    """Bytes in an encoding that ends itself or takes all that is left; with `text`, those of UTF-8 text."""

    optional: ClassVar[dict[str, object]] = {
        "text": {"type": "boolean", "description": "Whether the bytes must be UTF-8 and the value is text."},
        "min": {"type": "integer", "minimum": 0, "description": "How many bytes the value has at least."},
    }

    def __init__(self, text: bool = False, least: int = 0) -> None:
        self.text, self.least = text, least
        self.holds = frozenset({TEXT if text else BYTES})

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        """The layout as a spec configures it."""
        return cls(bool(setting.options.get("text", False)), setting.number("min", 0))

    def from_raw(self, raw: object) -> object:
        assert isinstance(raw, bytes)
        self._check(raw)
        return as_text(raw) if self.text else raw

    def to_raw(self, value: object) -> object:
        raw = utf8(value) if isinstance(value, str) else value
        assert isinstance(raw, bytes)
        self._check(raw)
        return raw

    def _check(self, raw: bytes) -> None:
        if len(raw) < self.least:
            raise Wrong(f"at least {self.least} bytes", f"{len(raw)}")

    def emit_from_raw(self, code: Code, raw: str) -> str:
        if self.least:
            code.reject_if(f"len({raw}) < {self.least}")
        if not self.text:
            return raw
        code.line(f"{(name := code.fresh('text'))} = {raw}.decode()")
        return name

    def emit_to_raw(self, code: Code, value: str) -> str:
        raw = f"{value}.encode()" if self.text else value
        if not self.least:
            return raw
        code.line(f"{(name := code.fresh('raw'))} = {raw}")
        code.reject_if(f"len({name}) < {self.least}")
        return name

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        if not self.text:
            return st.binary(min_size=self.least, max_size=self.least + 30)
        return st.text(st.characters(codec="utf-8"), min_size=self.least, max_size=self.least + 12)


def utf8(text: str) -> bytes:
    """The bytes of `text`; raises `Wrong` for half a surrogate pair, which UTF-8 cannot say."""
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        raise Wrong("text without half surrogate pairs", ascii(text[problem.start])) from None
