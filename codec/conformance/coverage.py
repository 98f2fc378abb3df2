"""Which paragraphs of a format's manual are checked by vectors: by right inputs that have it, by wrong ones that break it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from codec.conformance.index import Entry
from codec.conformance.language_words import words_of
from codec.conformance.points import Point, points
from codec.conformance.vectors import Vector
from codec.spec import library


@dataclass(frozen=True, slots=True)
class Hits:
    """How often each anchor is hit, by accepted and by refused vectors."""

    valid: Counter[str]
    invalid: Counter[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A point with the number of vectors that check it; `excuse` says why one of the numbers may be 0."""

    anchor: str
    kind: str
    valid: int
    invalid: int
    excuse: str
    covered: bool

    @property
    def remark(self) -> str:
        """What people should know of it."""
        return (
            ""
            if self.valid and self.invalid
            else (f"({self.excuse})" if self.excuse and self.covered else "not covered")
        )


def hits_of(vectors: Iterable[Vector | Entry]) -> Hits:
    """The hits of vectors, one after the other."""
    valid, invalid = Counter[str](), Counter[str]()
    for vector in vectors:
        (valid if vector.accepted else invalid).update(vector.covers)
    return Hits(valid, invalid)


def coverage_of(name: str, hits: Hits) -> list[Row]:
    """Every point of the format `name`, in the order of its specs, with its hits; then every word that its specs use."""
    known = list(points(library.load(name)))
    rows = [_row(point, hits) for point in known]
    by_anchor = {row.anchor: row for row in rows}
    return rows + [_word(word, [by_anchor[a] for a in where]) for word, where in sorted(words_of(name, known).items())]


def _word(word: str, rows: list[Row]) -> Row:
    """A word of the language: it is hit through the points that it stands in."""
    valid, invalid = max(row.valid for row in rows), max(row.invalid for row in rows)
    excuse = "" if invalid else next((row.excuse for row in rows if row.excuse), "")
    return Row(f"word {word}", "word", valid, invalid, excuse, bool(valid) and bool(invalid or excuse))


def _row(point: Point, hits: Hits) -> Row:
    valid, invalid = hits.valid[point.anchor], hits.invalid[point.anchor]
    is_right = bool(valid) or bool(point.unreachable) or point.kind == "error"
    is_wrong = bool(invalid) or bool(point.excuse) or bool(point.unreachable)
    excuse = point.unreachable or point.excuse
    return Row(point.anchor, point.kind, valid, invalid, excuse, is_right and is_wrong)
