"""Things with a parent, decoded: a parent and all that lies within it, brought together by one external sort.

Of a family the parent's records come first, then those of its children, one kind after the other; a child is one
record. Memory is the sorter's and one child.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import cast

from codec.engine.base import Engine
from codec.engine.patterns import ABSENT
from codec.errors import Place, StreamError
from codec.mapping.gather import Item, weight
from codec.mapping.views import RawRows
from codec.spec.plan import Adapter, Choose, Document, Entity, PathStep, Row
from codec.spec.words import Element, Name, Pick, Thing
from codec.stream.sort import Sorter

Print = Callable[[Entity, Thing, tuple[Document, ...]], None]
Warn = Callable[[str, Thing], None]
Append = Callable[[tuple[PathStep, ...], Thing, bytes], None]
MakeFolder = Callable[[Document, Thing], None]


@dataclass(frozen=True, slots=True)
class Ends:
    """What printing families needs from outside: where documents, folders, lines and warnings go."""

    show: Print
    make_folder: MakeFolder
    warn: Warn
    append: Append
    end: Callable[[], None]  # a family is done
    source: str  # the input's name, for errors


class Family:
    """A parent entity and its children."""

    def __init__(self, adapter: Adapter, root: Entity, engine: Engine, shown: frozenset[str]) -> None:
        self._views = [
            RawRows(adapter, view) for view in adapter.views if view.entity == root.name and view.option in shown
        ]
        self.root = root
        self.members = [root, *(e for e in adapter.entities if e.within and e.within[1] == root.name)]
        self._rows = [
            row for entity in self.members for row in entity.rows if row.role == "stored" or row.read_with in shown
        ]
        self._read = [engine.reader(row) for row in self._rows]
        self._entity_of = [next(i for i, e in enumerate(self.members) if e.name == row.entity) for row in self._rows]
        self._sorter: Sorter[Item] = Sorter()
        self._arrival = 0

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._sorter.close()

    def takers(self) -> dict[str, Callable[[bytes, bytes, int], None]]:
        """What is done with a record, by the label of its kind."""
        takers = {row.label: self._taker(number) for number, row in enumerate(self._rows)}
        for number, view in enumerate(self._views):
            takers |= {row.label: self._view_taker(number, view, row) for row in view.rows}
        return takers

    def _view_taker(self, number: int, view: RawRows, row: Row) -> Callable[[bytes, bytes, int], None]:
        """A record that is shown as it is; only whose it is must be readable."""
        rank, label = len(self.members) + number, row.label

        def take(key: bytes, value: bytes, at: int) -> None:
            self._arrival += 1
            item = (view.owner(row, key), rank, (), self._arrival, 0, at, (label, key, value))
            self._sorter.add(item, 300 + len(key) + len(value))

        return take

    def _taker(self, number: int) -> Callable[[bytes, bytes, int], None]:
        read, member = self._read[number], self._entity_of[number]
        row = self._rows[number]
        at_identity = row.identity[0]
        fields = dict(row.fields)
        documents = self.members[member].documents
        order = [fields[name.field] for document in documents for name in document.order]

        def take(key: bytes, value: bytes, at: int) -> None:
            values = read(key, value)
            self._arrival += 1
            item = (values[at_identity], member, tuple(values[i] for i in order), self._arrival, number, at, values)
            self._sorter.add(item, 200 + sum(map(weight, values)))

        return take

    # -------------------------------------------------------------------------------------------- the end

    def finish(self, ends: Ends) -> None:
        """Print every family, by ascending identity of the parent."""
        show, make_folder, warn, append, source = ends.show, ends.make_folder, ends.warn, ends.append, ends.source
        for identity, items in groupby(self._sorter.sorted(), key=itemgetter(0)):
            groups = groupby(items, key=itemgetter(1))
            thing: Thing = dict.fromkeys(self.root.fields) | {self.root.identity[0]: identity}
            said: set[str] = set()
            orphans: Counter[str] = Counter()
            for member, group in groups:
                if member == 0:
                    said = self._parent(group, thing)
                    if not self._is_orphan(said):
                        self._show_parent(thing, show, make_folder)
                elif member >= len(self.members):
                    count = self._show_view(
                        self._views[member - len(self.members)], thing, group, self._is_orphan(said), append
                    )
                    orphans[self._views[member - len(self.members)].view.name] += count
                elif self._is_orphan(said):
                    orphans[self.members[member].name] += sum(1 for _ in group)
                else:
                    self._children(self.members[member], thing, group, show, warn, source)
            ends.end()
            if self._is_orphan(said):
                warn(self.root.orphan, thing | dict(orphans))

    @staticmethod
    def _show_view(view: RawRows, thing: Thing, items: Iterator[Item], orphaned: bool, append: Append) -> int:
        """Records as they are, in the order of the stream; how many."""
        path = (view.view.orphaned if orphaned else view.view.path) or view.view.path
        count = 0
        for item in items:
            append(path, thing, view.line(*item[6]))  # type: ignore[misc]
            count += 1
        return count

    def _is_orphan(self, said: set[str]) -> bool:
        return bool(self.root.exists) and self.root.exists not in said

    def _show_parent(self, thing: Thing, show: Print, make_folder: MakeFolder) -> None:
        for document in self.root.documents:
            if document.empty_folder:
                make_folder(document, thing)
        show(self.root, thing, self.root.documents)

    def _parent(self, items: Iterator[Item], thing: Thing) -> set[str]:
        """The parent's fields; of several records of one kind the last counts. Which kinds there were."""
        said = set()
        for _, _, _, _, number, _, values in items:
            row = self._rows[number]  # type: ignore[call-overload]
            said.add(row.name)
            thing |= fields_of(row, values)  # type: ignore[arg-type]
        for name, other in self.root.fill:
            thing[name] = thing[name] or thing[other].decode("utf-8", "replace")  # type: ignore[attr-defined]
        return said

    def _children(
        self, entity: Entity, parent: Thing, items: Iterator[Item], show: Print, warn: Warn, source: str
    ) -> None:
        assert entity.within is not None
        stale = 0
        for item in self._chosen(entity.choose, entity, parent, items):
            if item is None:
                stale += 1
                continue
            row: Row = self._rows[item[4]]  # type: ignore[call-overload]
            thing = dict.fromkeys(entity.fields) | {entity.within[0]: parent} | fields_of(row, item[6])  # type: ignore[arg-type]
            self._compute(entity, row, thing, item[5], source)  # type: ignore[arg-type]
            show(entity, thing, entity.documents)
        if stale:
            assert entity.choose is not None
            warn(entity.choose.stale, parent | {"stale": stale})

    def _compute(self, entity: Entity, row: Row, thing: Thing, at: int, source: str) -> None:
        for name, derive in entity.computed:
            fault = derive.fault(thing, ()) if isinstance(derive, Pick) else None
            if fault is not None:
                message = f"a {row.label} record does not say what makes it a {entity.name}"
                raise StreamError(row.value_error, message, Place(source, at), f"{entity.name}.{name}", *fault)
            thing[name] = derive.evaluate(thing, ())

    def _chosen(
        self, choose: Choose | None, entity: Entity, parent: Thing, items: Iterator[Item]
    ) -> Iterator[Item | None]:
        """The children that count, later candidates last so that they win; None for each that does not count."""
        if choose is None:
            yield from items
            return
        assert entity.within is not None
        candidates: list[object] = []
        for name in choose.candidates:
            value = Name(name.path[0], path=name.path[1:]).get(parent, ())
            if not value and name.text in choose.any_if_zero:
                yield from items
                return
            if value or name.text not in choose.nothing_if_zero:
                candidates.append(value)
        rank = {value: index for index, value in enumerate(candidates)}
        with Sorter[Item]() as ranked:
            several = len(rank) > 1
            for item in items:
                row: Row = self._rows[item[4]]  # type: ignore[call-overload]
                value = dict(fields_of(row, item[6])).get(choose.field)  # type: ignore[arg-type]
                if value not in rank:
                    yield None
                elif several:
                    ranked.add((rank[value], item[2], item[3], item), 300 + weight(item[6]))
                else:
                    yield item
            for ranking in ranked.sorted():
                yield cast(Item, ranking[3])


def fields_of(row: Row, values: Element) -> Thing:
    """What a record says, by field; what it does not say is left out."""
    said = ((name, values[index]) for name, index in (*row.fields, *row.gives))
    thing = {name: value for name, value in said if value is not ABSENT}
    for name, index in row.gives:
        thing[name] = ordered(values[index])  # type: ignore[arg-type]
    return thing


def ordered(elements: list[Element]) -> list[Element]:
    """Elements that a record lists by name: sorted, the last of equal names."""
    return sorted({element[0]: element for element in elements}.values(), key=itemgetter(0))
