"""Several groups of strings behind the number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from codec.layout.base import Cut, Layout, Position, Setting, Wrong, primitive
from codec.layout.numbers import Fixed

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

Groups = tuple[tuple[bytes, ...], ...]


@primitive("counted")
class Counted(Layout):
    """Groups of strings: how many groups, then each string behind its length (s3.md §3.5)."""

    word = "counted"
    holds: frozenset[str] = frozenset()
    takes: ClassVar[dict[str, object] | None] = {"enum": ["u16", "u32"]}
    config: ClassVar[dict[str, object]] = {
        "group": {"type": "integer", "minimum": 1, "description": "How many strings a group has."},
    }

    def __init__(self, number: Fixed, strings: int) -> None:
        self.width_of_number = number.size or 0
        self.strings = strings

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        """The layout as a spec configures it; lengths are numbers of the same width as the count."""
        number = setting.inner(setting.argument)
        assert isinstance(number, Fixed)
        return cls(number, setting.number("group"))

    def _number(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        after = at + self.width_of_number
        if after > end:
            raise Wrong(f"a number of {self.width_of_number} bytes", f"{max(0, end - at)} bytes")
        return int.from_bytes(data[at:after], "big"), after

    def read(self, data: bytes, at: int, end: int) -> tuple[Groups, int]:
        """The groups that begin at `at`, and the position after them; raises `Wrong` where one ends too early."""
        count, at = self._number(data, at, end)
        groups = []
        for _ in range(count):
            group = []
            for _ in range(self.strings):
                size, at = self._number(data, at, end)
                if at + size > end:
                    raise Wrong(f"{size} bytes", str(end - at))
                group.append(data[at : at + size])
                at += size
            groups.append(tuple(group))
        return tuple(groups), at

    def write(self, groups: Groups) -> bytes:
        """The bytes of groups; raises `Wrong` for more than their numbers can say."""
        try:
            out = [len(groups).to_bytes(self.width_of_number, "big")]
            out += [len(text).to_bytes(self.width_of_number, "big") + text for group in groups for text in group]
        except OverflowError:
            raise Wrong(f"a length of {self.width_of_number} bytes", "more") from None
        return b"".join(out)

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Groups

        return Groups(self)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        layout = code.provided("counted", self)
        value, after = code.fresh("groups"), code.fresh("after")
        code.line(f"{value}, {after} = {layout}.read({cut.buffer}, {cut.start}, {cut.end})")
        return value, after

    def emit_write(self, code: Code, value: str) -> str:
        return f"{code.provided('counted', self)}.write({value})"

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        group = st.tuples(*(st.binary(max_size=12) for _ in range(self.strings)))
        return st.lists(group, max_size=4).map(tuple)

    def limits(self) -> tuple[bytes, ...]:
        """See `Layout`: no group, and two whose strings are of different lengths."""
        group = tuple(b"a" * length for length in range(self.strings))
        return self.write(()), self.write((group, group[::-1]))
