"""Bytes as hexadecimal digits."""

from __future__ import annotations

from binascii import Error, unhexlify
from typing import TYPE_CHECKING, ClassVar

from codec.layout.base import Cut, Layout, Position, Setting, Wrong, plus, primitive

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

_DIGITS = frozenset(b"0123456789abcdefABCDEF")


def from_hex(digits: bytes | str) -> bytes:
    """The bytes that pairs of digits stand for, in either letter case; raises `Wrong`."""
    try:
        return unhexlify(digits)
    except (Error, ValueError):
        raise Wrong("pairs of hexadecimal digits", repr(digits[:16]).removeprefix("b")) from None


@primitive("hex")
class Hex(Layout):
    """As many bytes as the number after the word says, as hexadecimal digits: read in either case, written in lower."""

    word = "hex"
    takes: ClassVar[dict[str, object] | None] = {"type": "integer", "minimum": 1}

    def __init__(self, count: int) -> None:
        self.count = count
        self.size: int = 2 * count

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        """The layout as a spec configures it."""
        assert isinstance(setting.argument, int)
        return cls(setting.argument)

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Digits

        return Digits(self)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        from_digits = code.imported(from_hex.__module__, from_hex.__name__)
        name = code.fresh("data")
        after = cut.start + self.size if isinstance(cut.start, int) else plus(cut.start, self.size)
        code.line(f"{name} = {from_digits}({cut.buffer}[{cut.start}:{after}])")
        code.reject_if(f"len({name}) != {self.count}")
        return name, after

    def emit_write(self, code: Code, value: str) -> str:
        code.line(f"{(name := code.fresh('data'))} = {value}")
        code.reject_if(f"len({name}) != {self.count}")
        return f"{name}.hex().encode()"

    def may_begin(self, text: bytes) -> bool:
        return _DIGITS.issuperset(text[: self.size])

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.binary(min_size=self.count, max_size=self.count)
