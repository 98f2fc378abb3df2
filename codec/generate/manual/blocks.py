"""What a page of the manual is made of; the two renderers know these and nothing of formats.

Text may have `code` in backticks and nothing else that means anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with a name that links can point to; level 1 is the page's own."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; columns without any text are left out."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def columns(self) -> list[int]:
        """The columns that have text."""
        return [index for index in range(len(self.head)) if any(row[index] for row in self.rows)]


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a byte diagram: where it begins, how many bytes it takes, what it is called."""

    offset: str
    width: str
    name: str
    is_literal: bool


@dataclass(frozen=True, slots=True)
class Bytes:
    """A byte diagram."""

    title: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Code:
    """Text as it is; `language` names its syntax."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A line of a table of contents."""

    text: str
    page: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Links:
    """A table of contents."""

    links: Sequence[Link]


Block = Heading | Paragraph | Table | Bytes | Code | Links


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the manual: its name (without suffix) and what stands on it."""

    name: str
    blocks: Sequence[Block]


def code(text: str) -> str:
    """Text in backticks, if there is any; backticks in it become quotes."""
    return f"`{text.replace('`', chr(39))}`" if text else ""
