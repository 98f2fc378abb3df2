"""What a generated module knows of its format: kinds of records, of documents, and of things. Data only.

Generated modules carry these definitions word for word (`inline.py`), and those of `to_things`, `to_records` and
`to_documents`; the toolkit itself does not use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

from codec.spec.bodies import Cut, Join

Fields = dict[str, Any]
Element = tuple[Any, ...]
Options = frozenset[str]
T = TypeVar("T")

ABSENT: Any = ...  # a record said nothing of a field; `None` is: it said that there is nothing


@dataclass_transform(frozen_default=True)
def frozen(kind: type[T]) -> type[T]:
    """A frozen dataclass."""
    return dataclass(frozen=True)(kind)


class Wrong(Exception):
    """A part that does not fit: `expected` and `found`; `path` leads to the member of a document."""

    def __init__(self, expected: str, found: str = "", path: tuple[str | int, ...] = ()) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found, self.path = expected, found, path


class Reject(Exception):
    """A record that does not fit."""


@dataclass(frozen=True)
class RowKind:
    """A kind of record. `read` gives a tuple; the other numbers are indexes in it, by what they are."""

    label: str
    entity: str
    name: str
    prefix: bytes
    read: Callable[[bytes, bytes], Element] | None = None  # None: the record is passed over
    shape: Callable[[bytes, bytes], Element] | None = None  # it is this kind only if that can be read
    refused: tuple[bytes, ...] = ()
    option: str = ""
    read_with: str = ""
    error: str = ""
    key_error: str = ""
    read_key: Callable[[bytes], None] | None = None
    identity: tuple[int, ...] = ()
    fields: tuple[tuple[str, int], ...] = ()
    gives: tuple[tuple[str, int], ...] = ()
    each: str = ""
    element: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    rank: int = 0
    legacy: bool = False
    digest: tuple[str, int, int, str] = ("", 0, 0, "")  # algorithm, where it and the bytes stand, the error


@dataclass(frozen=True)
class SharedKind:
    """A kind of record that belongs to the first of `owners` that exists; `rows` are the owners' views of it."""

    name: str
    owners: tuple[tuple[str, str], ...]
    rows: Mapping[str, RowKind]


@dataclass(frozen=True)
class Collection:
    """How elements of a thing are told apart and ordered, where they have records of their own."""

    name: str
    positional: bool
    unique: tuple[int, ...]
    order: tuple[int, ...]


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document. `path` gives its name and the last part of it; a raw one is the field `raw`."""

    name: str
    kind: str
    path: Callable[[Fields], tuple[str, str]]
    show: Callable[[Fields, Options], str] | None
    load: Callable[[str], Fields] | None
    raw: str = ""
    beside: str = ""
    only_with: str = ""
    when: Callable[[Fields], bool] = lambda fields: True


@dataclass(frozen=True)
class EntityKind:
    """A kind of thing."""

    name: str
    make: type[Any]
    fields: tuple[str, ...]
    identity: tuple[str, ...]
    elements: Mapping[str, Callable[[Element], Any]]
    collection: Collection | None = None
    exists: str = ""
    shared: tuple[str, ...] = ()  # fields that shared records say
    alias: str = ""
    parent: str = ""
    order: tuple[str, ...] = ()
    fill: tuple[tuple[str, str], ...] = ()
    candidates: Callable[[Fields], tuple[Any, ...] | None] | None = None  # None: every one counts
    chosen_by: str = ""
    compute: Callable[[Fields], None] = lambda fields: None
    check: Callable[[Fields], None] = lambda fields: None
    records: Callable[[Fields], Iterator[tuple[bytes, bytes]]] = lambda fields: iter(())
    common: Callable[[Fields], Iterator[tuple[bytes, Element, bytes]]] = lambda fields: iter(())
    greatest: tuple[tuple[str, str, str], ...] = ()  # what it knows of its children: name, their kind, their field
    documents: tuple[DocumentKind, ...] = ()
    join: Join | None = None
    cut: Cut | None = None
    every: int = 0
