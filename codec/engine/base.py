"""What an engine is: readers and writers of record kinds and document kinds, made from the plan.

Two engines have this face. They give the same values and bytes; for anything wrong the compiled one asks the
interpreter to say where and why, so their errors are the same by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from codec.layout.json_read import JsonValue
from codec.spec import plan
from codec.spec.words import Element, Thing

ReadRow = Callable[[bytes, bytes], Element]
WriteRow = Callable[[Thing, Element], tuple[bytes, bytes]]
WriteDocument = Callable[[Thing, Iterable[Element]], Iterator[str]]
ReadDocument = Callable[[JsonValue], Thing]


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record's key and value begin in the file."""

    source: str
    key: int
    value: int


class Engine(Protocol):
    """Readers and writers by plan. All of them raise for wrong input; `explain` then says why, as a `StreamError`."""

    def reader(self, row: plan.Row) -> ReadRow:
        """Key and value of a record -> the tuple of `row.kept`."""

    def writer(self, row: plan.Row) -> WriteRow:
        """A thing and an element of it -> key and value."""

    def document_writer(self, document: plan.Document, shown: frozenset[str]) -> WriteDocument:
        """A thing and its streamed elements -> pieces of text. `shown` names the options that are on."""

    def document_reader(self, document: plan.Document) -> ReadDocument:
        """A JSON value -> fields of a thing (collections as lists); raises `Misread`."""

    def line_reader(self, document: plan.Document) -> Callable[[JsonValue], tuple[plan.Line, Thing]]:
        """One value of a document of lines -> which kind of line, and its fields; raises `Misread`."""


class Misread(Exception):
    """A member of a document that does not fit: its path, expected, found."""

    def __init__(self, path: tuple[str | int, ...], expected: str, found: str) -> None:
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found
