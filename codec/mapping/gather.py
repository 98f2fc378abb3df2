"""Records of one thing, brought together: an external sort by identity, then by what each record is good for.

Records that follow each other in the input are kept as one chunk, so that a collection in its natural order costs
nothing per element. Whatever the order of the file, and whether records of a thing are neighbours or not, things come
out one at a time with their elements as a stream of blocks; memory is the sorter's and one block.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter, lt
from typing import Any, cast

from codec.engine.base import ABSENT
from codec.spec.plan import Entity, Row, Slot
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter

Item = tuple[
    object, ...
]  # identity, rank, order of the first, arrival, row number, records, how many, order of the last
Chunk = tuple[object, int, tuple[object, ...], int, bytes, int, tuple[object, ...]]  # an item without its arrival
Block = tuple[int, bytes, int]  # row number, records, how many
ELEMENTS = 1000  # rank of the first element row: after everything that says something about the thing itself
BLOCK = 1024  # records of a block that is made of chunks which overlap
BUDGET = 8 << 20  # bytes of the records of one kind of thing that are held
_FORM = 2  # of marshal: the last one that does not look for shared objects, which would cost more than it saves


@dataclass
class Gathered:
    """One thing: its fields, what records declared, and the records of its elements in blocks, which can be read once;
    `Gatherer.elements` reads a block."""

    thing: Thing
    rows: set[str] = field(default_factory=set)
    declared: list[tuple[Slot, object]] = field(default_factory=list)
    blocks: Iterator[Block] = field(default_factory=lambda: iter(()))


class Gatherer:
    """Collects the records of one entity."""

    def __init__(self, entity: Entity, sorter: Sorter[Item]) -> None:
        self.entity, self._sorter = entity, sorter
        self._rows = [row for row in entity.rows if row.role in ("stored", "shared")]
        self._numbers = {row.name: index for index, row in enumerate(self._rows)}
        self._ranks = [self._rank(row) for row in self._rows]
        self._arrival = 0
        self._identities = [itemgetter(*row.identity) for row in self._rows]
        self._pickers = [picker(row.element) if row.each else None for row in self._rows]

    def _rank(self, row: Row) -> int:
        """Rows that say something about one field come in the order of `prefer`, element rows after all others."""
        collection = self.entity.collection
        preferred = [order.index(row.name) for order in self.entity.prefer.values() if row.name in order]
        rank = max(preferred, default=0)
        gives = collection is not None and (row.each or any(name == collection[0] for name, _ in row.gives))
        return ELEMENTS + rank if gives else rank

    def chunks(self, row: Row, records: Iterable[Element]) -> list[Chunk]:
        """Records of one kind, as the engine read them, as chunks: those of one thing that follow each other, as long as
        each has its place after the one before it."""
        number = self._numbers[row.name]
        rank, places = self._ranks[number], row.order
        found: list[Chunk] = []
        for identity, group in groupby(records, key=self._identities[number]):
            several = list(group)
            parts = [several] if not row.each or ascends(row, several) else [[record] for record in several]
            for part in parts:
                first, last = part[0], part[-1]
                order, end = tuple(first[i] for i in places), tuple(last[i] for i in places)
                found.append((identity, rank, order, number, marshal.dumps(part, _FORM), len(part), end))
        return found

    def take(self, chunks: list[Chunk]) -> None:
        """Keep chunks, in the order of the input."""
        for identity, rank, order, number, data, count, end in chunks:
            self._arrival += 1
            self._sorter.add((identity, rank, order, self._arrival, number, data, count, end), 400 + len(data))

    def elements(self, block: Block) -> list[Element]:
        """The elements that the records of a block say."""
        number, data, _ = block
        pick, records = self._pickers[number], records_of(data)
        return self._listed(self._rows[number], records) if pick is None else list(map(pick, records))

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
            _, rank, _, _, number, data, *_ = item
            row, records = self._rows[number], records_of(data)  # type: ignore[call-overload]
            one.rows.add(row.name)
            if rank >= ELEMENTS:  # type: ignore[operator]
                for name, index in zip(self.entity.identity, row.identity, strict=True):
                    one.thing.setdefault(name, records[0][index])
                one.blocks = self._blocks(row, item, items)
                break
            for values in records:
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

    def _blocks(self, row: Row, first: Item, rest: Iterator[Item]) -> Iterator[Block]:
        """The elements of a thing: of the most preferred kind of record that has any; a repeated one replaces."""
        assert self.entity.collection is not None
        _, collection = self.entity.collection
        taken, number = first[1], cast(int, first[4])
        items = (item for item in chain((first,), rest) if item[1] == taken)
        if not row.each:
            (last,) = deque(items, maxlen=1)
            data = cast(bytes, last[5])
            count = len(self.elements((number, data, 0)))
            if count:
                yield number, data, count
            return
        unique = {row.element[list(collection.fields).index(name)] for name in collection.unique}
        replace = collection.positional or (bool(unique) and unique <= set(row.order))
        blocks = in_order(items, row, replace)
        if unique and not replace:
            blocks = last_of_equals(blocks, sorted(unique))
        for data, count in blocks:
            yield number, data, count

    def _listed(self, row: Row, records: list[Element]) -> list[Element]:
        """Elements that one record lists: in the collection's order, the last of equal ones."""
        assert self.entity.collection is not None
        _, collection = self.entity.collection
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


def records_of(data: object) -> list[Element]:
    """The records of a chunk."""
    return cast("list[Element]", marshal.loads(cast(bytes, data)))


def in_order(items: Iterable[Item], row: Row, replace: bool) -> Iterator[tuple[bytes, int]]:
    """Records in blocks, by their places, equal ones as they arrived (with `replace` only the last of them). `items` are
    chunks that ascend, by the place of their first record; those that overlap are sorted."""
    held: Item | None = None
    mixed: Sorter[Item] | None = None
    top: Any = None
    try:
        for item in items:
            if held is not None and row.order and not item[2] > top:
                if mixed is None:
                    mixed = Sorter()
                    _mix(mixed, held, row)
                _mix(mixed, item, row)
                top = max(top, item[7])
                continue
            if held is not None:
                yield from [(cast(bytes, held[5]), cast(int, held[6]))] if mixed is None else _unmixed(mixed, replace)
            held, mixed, top = item, None, item[7]
        if held is not None:
            yield from [(cast(bytes, held[5]), cast(int, held[6]))] if mixed is None else _unmixed(mixed, replace)
    finally:
        if mixed is not None:
            mixed.close()


def _mix(sorter: Sorter[Item], item: Item, row: Row) -> None:
    place = itemgetter(*row.order)
    for number, record in enumerate(records_of(item[5])):
        sorter.add((place(record), item[3], number, record), 300 + weight(record))


def _unmixed(sorter: Sorter[Item], replace: bool) -> Iterator[tuple[bytes, int]]:
    """The records by place, in blocks."""
    with sorter:
        groups = groupby(sorter.sorted(), key=itemgetter(0))
        kept = (item for _, group in groups for item in (deque(group, maxlen=1) if replace else group))
        yield from _in_blocks(cast(Element, item[3]) for item in kept)


def last_of_equals(blocks: Iterable[tuple[bytes, int]], same: list[int]) -> Iterator[tuple[bytes, int]]:
    """Of neighbours that are equal in some parts, the last."""
    rest = chain.from_iterable(records_of(data) for data, _ in blocks)
    yield from _in_blocks(deque(group, maxlen=1).pop() for _, group in groupby(rest, key=itemgetter(*same)))


def _in_blocks(records: Iterator[Element]) -> Iterator[tuple[bytes, int]]:
    while block := list(islice(records, BLOCK)):
        yield marshal.dumps(block, _FORM), len(block)


def weight(value: object) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, (bytes, str)):
        return len(value)
    return sum(map(weight, value)) + 60 if isinstance(value, (tuple, list)) else 8
