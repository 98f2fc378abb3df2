"""What a primitive of the byte side is: one class with all its faces, and the registry that the spec language uses.

A layout turns bytes into one value and back. It says so three times: as a `construct` object (the interpreter), as
lines of Python (the compiled engine), and as a Hypothesis strategy; tests hold the three together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from codec.frozen import frozen

if TYPE_CHECKING:
    import construct
    from hypothesis.strategies import SearchStrategy

    from codec.compile.code import Code

Order = Literal["big", "little"]
Position = int | str  # a known offset, or the name of a local that holds it


WHOLE, REAL, BYTES, TEXT = "whole number", "f64", "bytes", "text"
_WHOLE = frozenset({"u8", "u16", "u32", "u63", "u64", "i64", "any64"})


def family(model: str) -> str:
    """The family of a model's scalar type: all whole numbers are one, any other type is one of its own."""
    return WHOLE if model in _WHOLE else model


class Wrong(Exception):
    """Bytes that a layout does not accept: `expected` and `found`; the pattern adds where."""

    def __init__(self, expected: str, found: str = "") -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found = expected, found


class Reject(Exception):
    """Raised by compiled code for anything wrong; the interpreter then reads the same bytes and says where and why."""


@frozen
class Cut:
    """What compiled code reads from: the local `buffer`, from `start`, up to the expression `end`."""

    buffer: str
    start: Position
    end: str

    def at(self, moved: int) -> str:
        """The expression for `start` plus `moved`."""
        return plus(self.start, moved)


def plus(position: Position, moved: int) -> str:
    """The source text of a position moved by a constant."""
    if isinstance(position, int):
        return str(position + moved)
    return f"{position} + {moved}" if moved else position


class Layout(ABC):
    """Bytes of a record, as one value."""

    word: str  # its name in a spec
    config: ClassVar[dict[str, object]] = {}  # JSON Schema of its other members, by name; all are required
    optional: ClassVar[dict[str, object]] = {}  # JSON Schema of members that may be left out
    takes: ClassVar[dict[str, object] | None] = None  # JSON Schema of what follows the word itself
    size: int | None = None  # in bytes, where it is always the same
    is_open: bool = False  # takes everything up to the fixed parts that follow
    holds: frozenset[str] = frozenset({BYTES})  # families of model types (`family`) that it fits; none means any
    loss: str = ""  # why what the bytes say may be lost, where reading is not exact

    @abstractmethod
    def construct(self, tail: int) -> construct.Construct:
        """The `construct` object; an open layout leaves the last `tail` bytes of the input alone."""

    @abstractmethod
    def emit_read(self, code: Code, cut: Cut) -> tuple[str, Position]:
        """Lines that read; the expression of the value and the position after it. Anything wrong raises."""

    @abstractmethod
    def emit_write(self, code: Code, value: str) -> str:
        """The expression of the bytes of the expression `value`."""

    @abstractmethod
    def values(self) -> SearchStrategy[object]:
        """Every value that this layout can hold and give back."""

    def limits(self) -> tuple[bytes, ...]:
        """Right bytes at its limits, which its values hardly meet; for conformance."""
        return ()

    def order(self) -> str:
        """The order that the bytes impose: layouts with the same answer merge without a sort."""
        return self.word

    def may_begin(self, text: bytes) -> bool:
        """Whether its bytes, and what follows them, can begin with `text`; tells record kinds apart."""
        return True

    def width(self) -> str:
        """How many bytes it takes, in a word."""
        return "…" if self.size is None else str(self.size)

    def describe(self) -> str:
        """One line for the manual: the first line of the class's docstring."""
        return (type(self).__doc__ or "").strip().splitlines()[0]


Inner = Callable[[object], Layout]
Builder = Callable[["Setting"], Layout]


@frozen
class Setting:
    """How a spec configures a layout: what stands after its word, its other members, and the byte order around it."""

    argument: object
    options: dict[str, object]
    byte_order: Order
    inner: Inner

    def number(self, name: str, default: int | None = None) -> int:
        """The integer option `name`."""
        value = self.options.get(name, default)
        assert isinstance(value, int), name
        return value


LAYOUTS: dict[str, tuple[type[Layout], Builder]] = {}


def primitive(*words: str) -> Callable[[type[Layout]], type[Layout]]:
    """Register a layout class under `words`; the class must have `build(setting)`."""

    def register(kind: type[Layout]) -> type[Layout]:
        for word in words:
            LAYOUTS[word] = (kind, kind.build)  # type: ignore[attr-defined]
        return kind

    return register
