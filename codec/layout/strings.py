"""Bytes and text: open-ended, and with a length in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codec.layout.base import TEXT, Cut, Layout, Position, Setting, Wrong, plus, primitive
from codec.layout.numbers import Fixed

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code


def as_text(raw: bytes) -> str:
    """`raw` as strict UTF-8; raises `Wrong`."""
    try:
        return raw.decode()
    except UnicodeDecodeError as problem:
        raise Wrong("UTF-8", f"{raw[problem.start : problem.start + 4].hex(' ')} at byte {problem.start}") from None


@primitive("rest")
class Rest(Layout):
    """All bytes that are left, up to the parts of fixed size that follow."""

    word = "rest"
    is_open = True

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        return cls()

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Rest

        return Rest(tail)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        """The pattern has already moved the end of the cut in front of the parts that follow."""
        whole = cut.end == f"len({cut.buffer})"
        if isinstance(cut.start, str) or cut.start:
            code.reject_if(f"{cut.start} > {cut.end}")
        return f"{cut.buffer}[{cut.start}:{'' if whole else cut.end}]", cut.end

    def emit_write(self, code: Code, value: str) -> str:
        return value

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.binary(max_size=40)

    def order(self) -> str:
        return "bytes"


@primitive("utf8")
class Utf8(Rest):
    """All bytes that are left, which must be UTF-8, as text."""

    word = "utf8"
    holds = frozenset({TEXT})

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Rest, Text

        return Text(Rest(tail))

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        raw, after = super().emit_read(code, cut)
        return f"{raw}.decode()", after

    def emit_write(self, code: Code, value: str) -> str:
        return f"{value}.encode()"

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.text(st.characters(codec="utf-8"), max_size=20)


LONG = 1 << 16  # bytes; longer ones make no examples


@primitive("prefixed")
class Prefixed(Layout):
    """Bytes with their length in front, at most `max`."""

    word = "prefixed"
    takes = {"enum": ["u16", "u32", "u64"]}
    config = {
        "max": {"type": "integer", "minimum": 1, "description": "How long it may be at most, in bytes."},
    }

    def __init__(self, length: Fixed, most: int) -> None:
        self.length, self.most = length, most

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        length = setting.inner(setting.argument)
        assert isinstance(length, Fixed)
        return cls(length, setting.number("max"))

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Prefixed

        return Prefixed(self.length, self.most)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        size, start = self.length.emit_read(code, cut)
        code.reject_if(f"{size} > {self.most}")
        after = code.fresh("end")
        code.line(f"{after} = {plus(start, 0)} + {size}")
        return f"{cut.buffer}[{start}:{after}]", after

    def emit_write(self, code: Code, value: str) -> str:
        name = code.fresh("data")
        code.line(f"{name} = {value}")
        code.reject_if(f"len({name}) > {self.most}")
        return f"{self.length.emit_write(code, f'len({name})')} + {name}"

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.binary(max_size=min(self.most, 40))

    def limits(self) -> tuple[bytes, ...]:
        """See `Layout`: the longest, if it is not too long for an example."""
        assert self.length.size is not None
        longest = self.most.to_bytes(self.length.size, self.length.byte_order) + bytes(self.most)
        return (longest,) if self.most <= LONG else ()

    def width(self) -> str:
        return f"{self.length.size}+≤{self.most}"

    def may_begin(self, text: bytes) -> bool:
        """No, if the length that `text` begins with is over the limit whatever follows."""
        assert self.length.size is not None
        least = text[: self.length.size].ljust(self.length.size, b"\0")
        return int.from_bytes(least, self.length.byte_order) <= self.most

    def order(self) -> str:
        return "length, bytes"


@primitive("bytes")
class FixedBytes(Layout):
    """As many bytes as the number after the word says."""

    word = "bytes"
    takes = {"type": "integer", "minimum": 1}

    def __init__(self, size: int) -> None:
        self.size: int = size

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        assert isinstance(setting.argument, int)
        return cls(setting.argument)

    def construct(self, tail: int) -> construct.Construct:
        from construct import Bytes

        return Bytes(self.size)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        name = code.fresh("data")
        after = cut.start + self.size if isinstance(cut.start, int) else plus(cut.start, self.size)
        code.line(f"{name} = {cut.buffer}[{cut.start}:{after}]")
        code.reject_if(f"len({name}) != {self.size}")
        return name, after

    def emit_write(self, code: Code, value: str) -> str:
        code.reject_if(f"len({value}) != {self.size}")
        return value

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.binary(min_size=self.size, max_size=self.size)

    def order(self) -> str:
        return "bytes"
