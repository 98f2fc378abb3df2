"""Numbers of fixed width: plain, limited, and such that their bytes sort as the numbers do."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from codec.layout.base import REAL, WHOLE, Cut, Layout, Order, Position, Setting, Wrong, plus, primitive

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

_FORMATS = {"u8": "B", "u16": "H", "u32": "L", "u63": "Q", "u64": "Q", "i64": "q", "f64": "d"}
_MARKS: dict[Order, str] = {"big": ">", "little": "<"}
SIGN_BIT = 1 << 63
ALL_BITS = (1 << 64) - 1


@primitive("u8", "u16", "u32", "u63", "u64", "i64", "f64")
class Fixed(Layout):
    """A number of fixed width; `u63` refuses the top bit, `f64` refuses NaN."""

    word = "u64"

    def __init__(self, word: str, byte_order: Order, low: int | None = None, high: int | None = None) -> None:
        self.word, self.byte_order = word, byte_order
        self.format = _MARKS[byte_order] + _FORMATS[word]
        self.size = struct.calcsize(self.format)
        self.low, self.high = low, high
        self.holds = frozenset({REAL} if word == "f64" else {WHOLE, "flag"} if word == "u8" else {WHOLE})
        if word == "u63":
            self.high = SIGN_BIT - 1

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        low, high = setting.options.get("min"), setting.options.get("max")
        assert isinstance(setting.argument, str)
        return cls(setting.argument, setting.byte_order, low, high)  # type: ignore[arg-type]

    def from_raw(self, raw: object) -> object:
        """The value of what the bytes say; raises `Wrong`."""
        assert isinstance(raw, (int, float))
        if raw != raw:
            raise Wrong("a number", "NaN")
        if (self.high is not None and raw > self.high) or (self.low is not None and raw < self.low):
            raise Wrong(f"{self.low or 0} to {self.high}", str(raw))
        return raw

    def to_raw(self, value: object) -> object:
        """What the bytes say for a value; raises `Wrong`."""
        return self.from_raw(value)

    def construct(self, tail: int) -> construct.Construct:
        from codec.layout.built import Checked

        return Checked(self)

    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        unpack = code.packer(self.format, "unpack_from")
        code.line(f"{(value := code.fresh(self.word))}, = {unpack}({cut.buffer}, {cut.start})")
        self._emit_check(code, value)
        assert self.size is not None
        after = cut.start + self.size if isinstance(cut.start, int) else plus(cut.start, self.size)
        return self.emit_from_raw(code, value), after

    def _emit_check(self, code: Code, value: str) -> None:
        if self.format[1] == "d":
            code.reject_if(f"{value} != {value}")
        if self.high is not None:
            code.reject_if(f"{value} > {self.high}")
        if self.low is not None:
            code.reject_if(f"{value} < {self.low}")

    def emit_from_raw(self, code: Code, raw: str) -> str:
        """The expression of the value, given that of the raw number."""
        return raw

    def emit_to_raw(self, code: Code, value: str) -> str:
        """The expression of the raw number, given that of the value."""
        return value

    def emit_write(self, code: Code, value: str) -> str:
        if self.format[1] == "d" and not code.final:  # in one expression: lists are made of these
            name, refused = code.fresh(self.word), code.imported("codec.layout.json_canonical", "refused")
            return f"{code.packer(self.format, 'pack')}({name} if ({name} := {value}) == {name} else {refused}())"
        if self.high is not None or self.low is not None or self.format[1] == "d":
            code.line(f"{(name := code.fresh(self.word))} = {value}")
            self._emit_check(code, name)
            value = name
        return f"{code.packer(self.format, 'pack')}({self.emit_to_raw(code, value)})"

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        if self.format[1] == "d":
            return st.floats(allow_nan=False)
        assert self.size is not None
        bits = 8 * self.size
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if self.word[0] == "i" else (0, (1 << bits) - 1)
        low = low if self.low is None else self.low
        high = high if self.high is None else self.high
        return st.integers(low, high) | st.sampled_from([low, high])

    def order(self) -> str:
        return "number" if self.byte_order == "big" and self.word[0] == "u" else self.word


def _one_of(setting: Setting, word: str, allowed: tuple[str, ...]) -> str:
    assert setting.argument in allowed, (word, setting.argument)
    return str(setting.argument)


@primitive("complement")
class Complement(Fixed):
    """A number with every bit inverted, so that larger ones sort first."""

    word = "complement"
    takes = {"enum": ["u64"]}

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        return cls(_one_of(setting, cls.word, ("u64",)), setting.byte_order)

    def from_raw(self, raw: object) -> object:
        assert isinstance(raw, int)
        return raw ^ ALL_BITS

    def to_raw(self, value: object) -> object:
        return self.from_raw(value)

    def emit_from_raw(self, code: Code, raw: str) -> str:
        return f"{raw} ^ {ALL_BITS:#x}"

    def emit_to_raw(self, code: Code, value: str) -> str:
        return self.emit_from_raw(code, value)

    def order(self) -> str:
        return "number, descending"


@primitive("clamped")
class Clamped(Fixed):
    """A number that is cut to `max` when read and written as it is: a loss, with its reason in `because`."""

    word = "clamped"
    takes = {"enum": ["u64"]}
    config = {
        "max": {"type": "integer", "description": "What larger numbers are cut to."},
        "because": {"type": "string", "minLength": 1, "description": "Why that loss is right."},
    }

    def __init__(self, word: str, byte_order: Order, most: int, because: str) -> None:
        super().__init__(word, byte_order)
        self.most, self.loss = most, because

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        word = _one_of(setting, cls.word, ("u64",))
        return cls(word, setting.byte_order, setting.number("max"), str(setting.options["because"]))

    def from_raw(self, raw: object) -> object:
        assert isinstance(raw, int)
        return min(raw, self.most)

    def to_raw(self, value: object) -> object:
        return value

    def emit_from_raw(self, code: Code, raw: str) -> str:
        code.line(f"if {raw} > {self.most}:")
        code.line(f"    {raw} = {self.most}")
        return raw

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        return st.integers(0, self.most) | st.sampled_from([0, self.most])

    def limits(self) -> tuple[bytes, ...]:
        """See `Layout`: what is not cut, and what is."""
        return tuple(struct.pack(self.format, number) for number in (self.most, self.most + 1, ALL_BITS))


@primitive("floor")
class Floor(Fixed):
    """A number below zero is written as zero: for positions that are only written."""

    word = "floor"
    takes = {"enum": ["u64"]}

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        return cls(_one_of(setting, cls.word, ("u64",)), setting.byte_order)

    def to_raw(self, value: object) -> object:
        assert isinstance(value, int)
        return max(value, 0)

    def emit_to_raw(self, code: Code, value: str) -> str:
        return f"max({value}, 0)"


@primitive("ordered")
class Ordered(Fixed):
    """A signed number or float turned so that byte order is number order; the zero of a float loses its sign."""

    word = "ordered"
    takes = {"enum": ["i64", "f64"]}

    def __init__(self, kind: str) -> None:
        super().__init__("u64", "big")
        self.kind = kind
        self.holds = frozenset({REAL if kind == "f64" else WHOLE})

    @classmethod
    def build(cls, setting: Setting) -> Layout:
        return cls(_one_of(setting, cls.word, ("i64", "f64")))

    def from_raw(self, raw: object) -> object:
        assert isinstance(raw, int)
        if self.kind == "i64":
            return raw - SIGN_BIT
        value = sorted_bits_to_float(raw)
        if value != value:
            raise Wrong("a number", "NaN")
        return value

    def to_raw(self, value: object) -> object:
        assert isinstance(value, (int, float))
        if self.kind == "i64":
            assert isinstance(value, int)
            return value + SIGN_BIT
        return float_to_sorted_bits(value)

    def emit_from_raw(self, code: Code, raw: str) -> str:
        if self.kind == "i64":
            return f"{raw} - {SIGN_BIT:#x}"
        value = code.fresh("number")
        code.line(f"{value} = {code.imported('codec.layout.numbers', 'sorted_bits_to_float')}({raw})")
        code.reject_if(f"{value} != {value}")
        return value

    def emit_to_raw(self, code: Code, value: str) -> str:
        if self.kind == "i64":
            return f"{value} + {SIGN_BIT:#x}"
        return f"{code.imported('codec.layout.numbers', 'float_to_sorted_bits')}({value})"

    def emit_write(self, code: Code, value: str) -> str:
        if self.kind == "i64" or code.final:
            return super().emit_write(code, value)
        name = code.fresh("real")  # a positive number, with the sign of a negative one
        other = super().emit_write(code, name)
        return f"({code.packer('>d', 'pack')}(-{name}) if ({name} := {value} + 0.0) >= 0 else {other})"

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        if self.kind == "i64":
            return st.integers(-SIGN_BIT, SIGN_BIT - 1)
        return st.floats(allow_nan=False).map(lambda x: x + 0.0)

    def order(self) -> str:
        return "number"


_FLOAT, _BITS = struct.Struct(">d"), struct.Struct(">Q")


def float_to_sorted_bits(value: float) -> int:
    """The bits of `value` turned so that they sort as numbers do; both zeros give the same."""
    (bits,) = _BITS.unpack(_FLOAT.pack(value + 0.0))
    return int(bits ^ ALL_BITS if bits & SIGN_BIT else bits | SIGN_BIT)


def sorted_bits_to_float(bits: int) -> float:
    """The inverse of `float_to_sorted_bits`."""
    (value,) = _FLOAT.unpack(_BITS.pack(bits & ~SIGN_BIT if bits & SIGN_BIT else bits ^ ALL_BITS))
    return float(value)
