"""What an engine is: readers and writers of record kinds and document kinds, made from the plan.

Two engines have this face. They give the same values and bytes; for anything wrong the compiled one asks the
interpreter to say where and why, so their errors are the same by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from codec.frozen import frozen
from codec.layout.base import Reject, Wrong
from codec.layout.faces import found
from codec.layout.json_read import JsonValue
from codec.spec import plan
from codec.spec.words import Element, Thing

ReadRow = Callable[[bytes, bytes], Element]
ReadRun = Callable[[list[bytes], list[bytes]], list[Element]]
Owner = Callable[[bytes], tuple[object, int]]
WriteRow = Callable[[Thing, Element], tuple[bytes, bytes]]
WriteDocument = Callable[[Thing, Iterable[list[Element]]], Iterator[str]]


ABSENT = ...  # nobody said anything; `None` is: somebody said that there is nothing


class Notes(Counter[str]):
    """What a reader has to say besides the fields, as counts; `data` is the text it reads, for values passed through."""

    data: bytes = b""


MOST_DIGITS = 4000  # of a number in a text, leading zeros and all; below what Python refuses to convert
UNKNOWN = "unknown members"  # counted in the notes of a reader
ReadDocument = Callable[[JsonValue, Notes], Thing]
Parse = Callable[[Any], Any]
WriteRecords = Callable[
    [Sequence[Thing], bytes], tuple[list[tuple[bytes, bytes]], list[tuple[bytes, tuple[object, ...], bytes]]]
]
ReadLine = Callable[[JsonValue, Notes], tuple[plan.Line, Thing]]


@frozen
class RecordPlace:
    """Where a record's key and value begin in the file."""

    source: str
    key: int
    value: int


class Engine(Protocol):
    """Readers and writers by plan. All of them raise for wrong input; `explain` then says why, as a `StreamError`."""

    def reader(self, row: plan.Row) -> ReadRow:
        """Key and value of a record -> the tuple of `row.kept`."""

    def run_reader(self, row: plan.Row) -> ReadRun:
        """Keys and values of many records of one kind -> their tuples, in the same order."""

    def accepts(self, row: plan.Row, key: bytes, value: bytes) -> bool:
        """Whether a record has the row's shape."""

    def owner(self, row: plan.Row) -> Owner | None:
        """A key -> the first part of its identity, and the position behind what says it; None if it must be read whole."""

    def writer(self, row: plan.Row) -> WriteRow:
        """A thing and an element of it -> key and value."""

    def document_writer(self, document: plan.Document, shown: frozenset[str]) -> WriteDocument:
        """A thing and blocks of its streamed elements -> pieces of text. `shown` names the options that are on."""

    def document_reader(self, document: plan.Document) -> ReadDocument:
        """A JSON value -> fields of a thing (collections as lists); raises `Misread`."""

    def line_reader(self, document: plan.Document) -> ReadLine:
        """One value of a document of lines -> which kind of line, and its fields; raises `Misread`."""

    def parser(self, document: plan.Document) -> Parse | None:
        """Text of a document that a writer printed -> what it says, if the engine has a fast way.

        The text is the whole document as bytes, or the list of its lines. It says fields of a thing, or (where each
        line is a thing) the list of these. Raises anything for any other text, right or wrong: readers know more."""

    def records_writer(self, entity: plan.Entity) -> WriteRecords | None:
        """Things of one parent -> all their records (keys with the bytes behind them that are handed in), and those that
        others may share (key, rank, value), if the engine has a fast way. Raises anything where the general way has to
        judge."""


class Misfit(Exception):
    """A part that does not fit: its name, the position where it begins, expected and found."""

    def __init__(self, part: str, start: int, expected: str, found: str) -> None:
        super().__init__(f"{part} at {start}: expected {expected}, found {found}")
        self.part, self.start, self.expected, self.found = part, start, expected, found


class Misread(Exception):
    """A member of a document that does not fit: its path, expected, found."""

    def __init__(self, path: tuple[str | int, ...], expected: str, found: str) -> None:
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found


def note_unknown(known: frozenset[str], value: dict[str, JsonValue], notes: Notes) -> None:
    """Count the members that nobody declared; one that is spelt in another letter case is refused (`Reject`)."""
    folded = {name.casefold() for name in known}
    for name in value:
        if name not in known:
            if name.casefold() in folded:
                raise Reject
            notes[UNKNOWN] += 1


def read_text_pattern(shape: tuple[str | None, ...], value: JsonValue) -> list[int]:
    """The numbers in a text such as `12-0`; `shape` has the literals between them. Raises `Wrong`."""
    form = "".join(part if part is not None else "N" for part in shape)
    if type(value) is not str:
        raise Wrong("a string", found(value) if value is not None else "nothing")
    numbers, rest = [], value
    for index, part in enumerate(shape):
        if part is not None:
            if not rest.startswith(part):
                raise Wrong(f"text of the form {form}", found(value))
            rest = rest[len(part) :]
            continue
        literal = shape[index + 1] if index + 1 < len(shape) else None
        digits = rest.partition(literal)[0] if literal else rest
        if not (digits.isascii() and digits.isdigit()) or len(digits) > MOST_DIGITS or int(digits) >= 1 << 64:
            raise Wrong(f"text of the form {form}, with numbers below 2^64", found(value))
        numbers.append(int(digits))
        rest = rest[len(digits) :]
    if rest:
        raise Wrong(f"text of the form {form}", found(value))
    return numbers
