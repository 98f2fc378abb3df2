"""Findings of a verification: typed errors, collected, sorted by place, each once.

Memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from types import TracebackType

from codec import errors
from codec.errors import CodecError, Place
from codec.stream.sort import Sorter

Item = tuple[str, int, int, str, str]  # source, offset or line, column, code, everything as JSON


class Findings:
    """A context manager that takes errors and gives them back in order."""

    def __init__(self) -> None:
        self._sorter: Sorter[Item] = Sorter()
        self.added = 0
        """How many were told, one that was told twice counted twice."""
        self.by_code: Counter[str] = Counter()
        """How many there are of each code, each once; complete after `sorted`."""

    def __enter__(self) -> Findings:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._sorter.close()

    def add(self, error: CodecError) -> None:
        """Take one finding."""
        place = error.place
        at = place.offset if place.offset is not None else place.line or 0
        text = json.dumps([type(error).__name__, *_parts(error)])
        self._sorter.add((place.source, at, place.column or 0, error.code, text), 200 + len(text))
        self.added += 1

    def sorted(self) -> Iterator[CodecError]:
        """Every finding once, by file, place and code."""
        before = ""
        for *_, code, text in self._sorter.sorted():
            if text != before:
                before = text
                self.by_code[code] += 1
                name, place, *parts = json.loads(text)
                kind: type[CodecError] = getattr(errors, name)
                yield kind(parts[0], parts[1], Place(*place), *parts[2:])


def _parts(error: CodecError) -> list[object]:
    place = error.place
    where = [place.source, place.offset, place.line, place.column]
    return [where, error.code, error.message, error.path, error.expected, error.found, error.hint, error.spec]
