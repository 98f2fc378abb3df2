"""Records of one thing, brought together: an external sort by identity, then by what each record is good for.

Records that follow each other in the input are kept as one chunk, so that a collection in its natural order costs
nothing per element. Whatever the order of the file, and whether records of a thing are neighbours or not, things come
out one at a time with their elements as a stream of blocks; memory is the sorter's and one block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter, lt
from typing import cast

from codec.engine.base import ABSENT
from codec.spec.plan import Collection, Entity, Row, Slot
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter

Item = tuple[object, ...]  # identity, rank, order of the first, arrival, row number, records
ELEMENTS = 1000  # rank of the first element row: after everything that says something about the thing itself
BLOCK = 1024  # elements given at once where they come one by one


@dataclass
class Gathered:
    """One thing: its fields, what records declared, and its elements in blocks, which can be read once."""

    thing: Thing
    rows: set[str] = field(default_factory=set)
    declared: list[tuple[Slot, object]] = field(default_factory=list)
    blocks: Iterator[list[Element]] = field(default_factory=lambda: iter(()))


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

    def add(self, row: Row, records: list[Element], weight: int) -> None:
        """Records of one kind and one thing, as the engine read them, in the order of the input; about `weight` bytes
        in all."""
        number = self._numbers[row.name]
        if not row.each or ascends(row, records):
            self._add(row, number, records, weight)
            return
        for record in records:
            self._add(row, number, [record], weight // len(records))

    def _add(self, row: Row, number: int, records: list[Element], weight: int) -> None:
        first = records[0]
        identity = first[row.identity[0]] if len(row.identity) == 1 else tuple(first[i] for i in row.identity)
        order = tuple(first[i] for i in row.order)
        self._arrival += 1
        item = (identity, self._ranks[number], order, self._arrival, number, records)
        self._sorter.add(item, 200 + weight + 100 * len(records))

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._sorter.close()

    def __iter__(self) -> Iterator[Gathered]:
        """The things, by ascending identity. What is left of a thing's elements is read when the next is asked for."""
        for _, items in groupby(self._sorter.sorted(), key=itemgetter(0)):
            one = self._gather(items)
            yield one
            for _ in one.blocks:
                pass

    def _gather(self, items: Iterator[Item]) -> Gathered:
        one = Gathered({})
        said: dict[str, int] = {}
        declared: dict[str, tuple[Slot, object]] = {}
        for item in items:
            _, rank, _, _, number, records = item
            row = self._rows[number]  # type: ignore[call-overload]
            one.rows.add(row.name)
            if rank >= ELEMENTS:  # type: ignore[operator]
                first = cast("list[Element]", records)[0]
                for name, index in zip(self.entity.identity, row.identity, strict=True):
                    one.thing.setdefault(name, first[index])
                one.blocks = self._blocks(row, item, items)
                break
            for values in cast("list[Element]", records):
                for name, index in zip(self.entity.identity, row.identity, strict=True):
                    one.thing.setdefault(name, values[index])
                for name, index in row.fields:
                    value = values[index]
                    if value is not ABSENT and said.get(name, rank) == rank:
                        one.thing[name], said[name] = value, rank  # type: ignore[assignment]
                for slot, index in row.compares:
                    declared[slot.name] = (slot, values[index])
        one.declared = list(declared.values())
        return one

    def _blocks(self, row: Row, first: Item, rest: Iterator[Item]) -> Iterator[list[Element]]:
        """The elements of a thing: of the most preferred kind of record that has any; a repeated one replaces."""
        assert self.entity.collection is not None
        _, collection = self.entity.collection
        taken = first[1]
        items = (item for item in chain((first,), rest) if item[1] == taken)
        if not row.each:
            yield self._listed(
                row, list(chain.from_iterable(cast("list[Element]", item[5]) for item in items)), collection
            )
            return
        unique = {row.element[list(collection.fields).index(name)] for name in collection.unique}
        replace = collection.positional or (bool(unique) and unique <= set(row.order))
        blocks = in_order(items, row, replace)
        if unique and not replace:
            blocks = last_of_equals(blocks, sorted(unique))
        pick = picker(row.element)
        for block in blocks:
            yield list(map(pick, block))

    def _listed(self, row: Row, records: list[Element], collection: Collection) -> list[Element]:
        """Elements that one record lists: in the collection's order, the last of equal ones."""
        unique = [list(collection.fields).index(name) for name in collection.unique]
        elements = cast("list[Element]", records[-1][row.gives[0][1]])
        if unique:
            elements = list({tuple(e[i] for i in unique): e for e in elements}.values())
        order = [list(collection.fields).index(name) for name in collection.order]
        return sorted(elements, key=lambda e: tuple(e[i] for i in order)) if order else elements


def picker(indices: tuple[int, ...]) -> Callable[[Element], Element]:
    """What takes these parts of a record, as a tuple."""
    if indices == tuple(range(indices[0], indices[-1] + 1)):
        return itemgetter(slice(indices[0], indices[-1] + 1))
    return itemgetter(*indices) if len(indices) > 1 else lambda record: (record[indices[0]],)


def ascends(row: Row, records: list[Element]) -> bool:
    """Whether each record has its place after the one before it."""
    if not row.order:
        return False
    places = list(map(itemgetter(*row.order), records))
    return all(map(lt, places, islice(places, 1, None)))


def in_order(items: Iterable[Item], row: Row, replace: bool) -> Iterator[list[Element]]:
    """Records in blocks, by their places, equal ones as they arrived (with `replace` only the last of them). `items` are
    chunks that ascend, by the place of their first record; those that overlap are sorted."""
    if not row.order:
        yield from (cast("list[Element]", item[5]) for item in items)
        return
    place = itemgetter(*row.order)
    held: Item | None = None
    mixed: Sorter[Item] | None = None
    top: object = None
    try:
        for item in items:
            chunk = cast("list[Element]", item[5])
            if held is not None and not place(chunk[0]) > top:
                if mixed is None:
                    mixed = Sorter()
                    _mix(mixed, held, place)
                _mix(mixed, item, place)
                top = max(top, place(chunk[-1]))
                continue
            if held is not None:
                yield from [cast("list[Element]", held[5])] if mixed is None else _unmixed(mixed, replace)
            held, mixed, top = item, None, place(chunk[-1])
        if held is not None:
            yield from [cast("list[Element]", held[5])] if mixed is None else _unmixed(mixed, replace)
    finally:
        if mixed is not None:
            mixed.close()


def _mix(sorter: Sorter[Item], item: Item, place: Callable[[Element], object]) -> None:
    for number, record in enumerate(cast("list[Element]", item[5])):
        sorter.add((place(record), item[3], number, record), 300 + weight(record))


def _unmixed(sorter: Sorter[Item], replace: bool) -> Iterator[list[Element]]:
    """The records by place, in blocks."""
    with sorter:
        groups = groupby(sorter.sorted(), key=itemgetter(0))
        kept = (item for _, group in groups for item in (deque(group, maxlen=1) if replace else group))
        while block := [cast(Element, item[3]) for item in islice(kept, BLOCK)]:
            yield block


def last_of_equals(blocks: Iterable[list[Element]], same: list[int]) -> Iterator[list[Element]]:
    """Of neighbours that are equal in some parts, the last."""
    key = itemgetter(*same)
    rest = chain.from_iterable(blocks)
    last = (deque(group, maxlen=1).pop() for _, group in groupby(rest, key=key))
    while block := list(islice(last, BLOCK)):
        yield block


def weight(value: object) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, (bytes, str)):
        return len(value)
    return sum(map(weight, value)) + 60 if isinstance(value, (tuple, list)) else 8
