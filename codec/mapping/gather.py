"""Records of one thing, brought together: an external sort by identity, then by what each record is good for.

Whatever the order of the file, and whether records of a thing are neighbours or not, things come out one at a time
with their elements as a stream; memory is the sorter's and one element.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import cast

from codec.engine.patterns import ABSENT
from codec.spec.plan import Collection, Entity, Row, Slot
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter

Item = tuple[object, ...]  # identity, rank, order, arrival, row number, values
ELEMENTS = 1000  # rank of the first element row: after everything that says something about the thing itself


@dataclass
class Gathered:
    """One thing: its fields, what records declared, and its elements, which can be read once."""

    thing: Thing
    rows: set[str] = field(default_factory=set)
    declared: list[tuple[Slot, object]] = field(default_factory=list)
    elements: Iterator[Element] = field(default_factory=lambda: iter(()))


class Gatherer:
    """Collects the records of one entity."""

    def __init__(self, entity: Entity, sorter: Sorter[Item]) -> None:
        self.entity, self._sorter = entity, sorter
        self._rows = [row for row in entity.rows if row.role in ("stored", "shared")]
        self._numbers = {row.name: index for index, row in enumerate(self._rows)}
        self._ranks = [self._rank(row) for row in self._rows]
        self._arrival = 0

    def _rank(self, row: Row) -> int:
        """Rows that say something about one field come in the order of `prefer`, element rows after all others."""
        collection = self.entity.collection
        preferred = [order.index(row.name) for order in self.entity.prefer.values() if row.name in order]
        rank = max(preferred, default=0)
        gives = collection is not None and (row.each or any(name == collection[0] for name, _ in row.gives))
        return ELEMENTS + rank if gives else rank

    def add(self, row: Row, values: Element) -> None:
        """One record, as the engine read it."""
        number = self._numbers[row.name]
        identity = values[row.identity[0]] if len(row.identity) == 1 else tuple(values[i] for i in row.identity)
        order = tuple(values[i] for i in row.order)
        self._arrival += 1
        self._sorter.add(
            (identity, self._ranks[number], order, self._arrival, number, values), 200 + sum(map(weight, values))
        )

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._sorter.close()

    def __iter__(self) -> Iterator[Gathered]:
        """The things, by ascending identity. What is left of a thing's elements is read when the next is asked for."""
        for _, items in groupby(self._sorter.sorted(), key=itemgetter(0)):
            one = self._gather(items)
            yield one
            for _ in one.elements:
                pass

    def _gather(self, items: Iterator[Item]) -> Gathered:
        one = Gathered({})
        said: dict[str, int] = {}
        declared: dict[str, tuple[Slot, object]] = {}
        for item in items:
            _, rank, _, _, number, values = item
            row = self._rows[number]  # type: ignore[call-overload]
            one.rows.add(row.name)
            for name, index in zip(self.entity.identity, row.identity, strict=True):
                one.thing.setdefault(name, values[index])  # type: ignore[index]
            if rank >= ELEMENTS:  # type: ignore[operator]
                one.elements = self._elements(row, item, items, one)
                break
            for name, index in row.fields:
                value = values[index]  # type: ignore[index]
                if value is not ABSENT and said.get(name, rank) == rank:
                    one.thing[name], said[name] = value, rank  # type: ignore[assignment]
            for slot, index in row.compares:
                declared[slot.name] = (slot, values[index])  # type: ignore[index]
        one.declared = list(declared.values())
        return one

    def _elements(self, row: Row, first: Item, rest: Iterator[Item], one: Gathered) -> Iterator[Element]:
        """The elements of a thing: of the most preferred kind of record that has any; a repeated one replaces."""
        assert self.entity.collection is not None
        _, collection = self.entity.collection
        unique = [list(collection.fields).index(name) for name in collection.unique]
        taken = first[1]
        if not row.each:
            listed = [item for item in (first, *rest) if item[1] == taken]
            yield from self._listed(listed, collection, unique)
            return
        held: Element | None = None
        place: object = None
        pick = row.element
        for item in chain((first,), rest):
            if item[1] != taken:
                continue
            values = item[5]
            element = tuple(values[i] for i in pick)  # type: ignore[index]
            again = (
                item[2] == place
                if collection.positional
                else unique and all(held is not None and held[i] == element[i] for i in unique)
            )
            if held is not None and not again:
                yield held
            held, place = element, item[2]
        if held is not None:
            yield held

    def _listed(self, items: list[Item], collection: Collection, unique: list[int]) -> Iterator[Element]:
        """Elements that one record lists: in the collection's order, the last of equal ones."""
        last = items[-1]
        row = self._rows[last[4]]  # type: ignore[call-overload]
        elements = cast("list[Element]", cast(Element, last[5])[row.gives[0][1]])
        if unique:
            elements = list({tuple(e[i] for i in unique): e for e in elements}.values())
        order = [list(collection.fields).index(name) for name in collection.order]
        yield from sorted(elements, key=lambda e: tuple(e[i] for i in order)) if order else elements


def weight(value: object) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, (bytes, str)):
        return len(value)
    return sum(map(weight, value)) + 60 if isinstance(value, (tuple, list)) else 8
