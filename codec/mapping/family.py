"""Things with a parent, decoded: a parent and all that lies within it, brought together by one external sort.

Of a family the parent's records come first, then those of its children, one kind after the other; a child is one
record. Records of children are kept as they are, in chunks, and read when their parent is known. Memory is the
sorter's and one chunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Protocol, cast

from codec.engine.base import ABSENT, Engine, Misfit, ReadRun
from codec.errors import Place, StreamError
from codec.frozen import frozen
from codec.mapping.bundles import BundleWriter
from codec.mapping.gather import Item, weight
from codec.mapping.making import fields_of, maker
from codec.mapping.press import Press
from codec.mapping.views import RawRows
from codec.spec.plan import Adapter, Choose, Document, Entity, PathStep, Row
from codec.spec.words import Derivation, Element, Name, Pick, Thing
from codec.stream.batches import Ats
from codec.stream.sort import Sorter

Taker = Callable[[list[bytes], list[bytes], Ats], None]
MakeChild = Callable[[Thing, Element, int], Thing]  # parent, what the record says, where it begins
Wrong = Callable[[Row, list[bytes], list[bytes], Ats], StreamError]
Warn = Callable[[str, Thing], None]
Append = Callable[[tuple[PathStep, ...], Thing, bytes], None]
MakeFolder = Callable[[Document, Thing], None]
Put = Callable[[tuple[object, ...], Callable[[object], None]], None]

CHILDREN = 2  # the kind of job that prints children
AT_ONCE = 64  # lines that are written at once
SHARE = 256  # records to a job
Records = tuple[list[int], list[bytes], list[bytes]]  # where each begins, keys, values
Chunk = tuple[
    int, tuple[int, int] | Records
]  # number of the row; where its records stand in the input, or they themselves
Printed = list[tuple[tuple[object, ...], str, bytes]]  # lines of children: their place among others, path, text


class ReadBack(Protocol):
    """Entries that stay in the input; see `codec.stream.contents.Contents`."""

    def span(self, keys: list[bytes], values: list[bytes], ats: list[int]) -> tuple[int, int] | None: ...

    def entries(self, span: tuple[int, int]) -> Records: ...


@frozen
class Ends:
    """What printing families needs from outside: where folders, lines, warnings and jobs go."""

    make_folder: MakeFolder
    warn: Warn
    append: Append
    put: Put
    source: str  # the input's name, for errors


class Family:
    """A parent entity and its children."""

    def __init__(
        self, adapter: Adapter, root: Entity, engine: Engine, press: Press, contents: ReadBack, wrong: Wrong
    ) -> None:
        self._contents = contents
        self._views = [
            RawRows(adapter, view) for view in adapter.views if view.entity == root.name and view.option in press.shown
        ]
        self.root, self._press, self._wrong = root, press, wrong
        self.members = [root, *(e for e in adapter.entities if e.within and e.within[1] == root.name)]
        self._rows = [
            row
            for entity in self.members
            for row in entity.rows
            if row.role == "stored" or row.read_with in press.shown
        ]
        self._read: list[ReadRun] = [engine.run_reader(row) for row in self._rows]
        self._owner = [engine.owner(row) for row in self._rows]
        self._entity_of = [next(i for i, e in enumerate(self.members) if e.name == row.entity) for row in self._rows]
        self._children = [Children(entity, press) for entity in self.members[1:]]
        self._bundles = {
            entity.name: BundleWriter(entity, document, engine, press)
            for entity in self.members[1:]
            for document in entity.documents
            if document.kind == "bundle" and (not document.only_with or document.only_with in press.shown)
        }
        self._sorter: Sorter[Item] = Sorter()
        self._arrival = 0
        self._source = ""

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._sorter.close()
        for bundle in self._bundles.values():
            bundle.close()

    # -------------------------------------------------------------------------------------------- records in

    def takers(self) -> dict[str, Taker]:
        """What is done with records, by the label of their kind."""
        takers = {row.label: self._taker(number) for number, row in enumerate(self._rows)}
        for number, view in enumerate(self._views):
            takers |= {row.label: self._view_taker(number, view, row) for row in view.rows}
        return takers

    def _view_taker(self, number: int, view: RawRows, row: Row) -> Taker:
        """Records that are shown as they are; only whose they are must be readable."""
        rank, label = len(self.members) + number, row.label

        def take(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            for key, value in zip(keys, values, strict=True):
                self._arrival += 1
                item = (view.owner(row, key), rank, self._arrival, (label, key, value))
                self._sorter.add(item, 300 + len(key) + len(value))

        return take

    def _taker(self, number: int) -> Taker:
        row, read, owner = self._rows[number], self._read[number], self._owner[number]
        member, identity_at = self._entity_of[number], row.identity[0]

        def add(identity: object, keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
            self._arrival += 1
            span, size = self._contents.span(keys, values, ats) if len(keys) > 1 else None, 300
            if span is None:
                size += sum(map(len, keys)) + sum(map(len, values)) + 200 * len(keys)
            chunk: Chunk = number, span or (ats, keys, values)
            self._sorter.add((identity, member, self._arrival, chunk), size)

        def take_each(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            for element, key, value, at in zip(read(keys, values), keys, values, ats, strict=True):
                add(element[identity_at], [key], [value], [at])

        def take(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            assert owner is not None
            for start, stop, identity in extents(keys, owner):
                if identity is None:  # not even the owner can be read: reading it whole says why
                    take_each(keys[start:stop], values[start:stop], ats[start:stop])
                    continue
                for at in range(start, stop, SHARE):
                    part = slice(at, min(at + SHARE, stop))
                    add(identity, keys[part], values[part], ats[part])

        return take_each if owner is None or member == 0 else take

    # -------------------------------------------------------------------------------------------- the end

    def finish(self, ends: Ends, number: int) -> None:
        """Print every family, by ascending identity of the parent; `number` is what jobs call this one by."""
        self._source = ends.source
        for identity, items in groupby(self._sorter.sorted(), key=itemgetter(0)):
            thing: Thing = dict.fromkeys(self.root.fields) | {self.root.identity[0]: identity}
            said: set[str] = set()
            orphans: Counter[str] = Counter()
            for member, group in groupby(items, key=itemgetter(1)):
                if member == 0:
                    said = self._parent(group, thing)
                    if not self._is_orphan(said):
                        self._show_parent(thing, ends)
                elif member >= len(self.members):
                    view = self._views[member - len(self.members)]
                    orphans[view.view.name] += self._show_view(view, thing, group, self._is_orphan(said), ends.append)
                elif self._is_orphan(said):
                    orphans[self.members[member].name] += sum(len(self._elements(c)) for c in chunks(group))
                else:
                    self._show_children(number, member, thing, chunks(group), ends)
            if self._is_orphan(said):
                told = partial(ends.warn, self.root.orphan, thing | dict(orphans))
                ends.put((CHILDREN, number, 0), ignoring(told))

    @staticmethod
    def _show_view(view: RawRows, thing: Thing, items: Iterator[Item], orphaned: bool, append: Append) -> int:
        """Records as they are, in the order of the stream; how many."""
        path = (view.view.orphaned if orphaned else view.view.path) or view.view.path
        count = 0
        for item in items:
            append(path, thing, view.line(*item[3]))  # type: ignore[misc]
            count += 1
        return count

    def _is_orphan(self, said: set[str]) -> bool:
        return bool(self.root.exists) and self.root.exists not in said

    def _show_parent(self, thing: Thing, ends: Ends) -> None:
        for document in self.root.documents:
            if document.empty_folder:
                ends.make_folder(document, thing)
        self._press.show_parent(self.root, thing)

    def _parent(self, items: Iterator[Item], thing: Thing) -> set[str]:
        """The parent's fields; of several records of one kind the last counts. Which kinds there were."""
        said = set()
        for chunk in chunks(items):
            row = self._rows[chunk[0]]
            said.add(row.name)
            for _, values in self._elements(chunk):
                thing |= fields_of(row, values)
        for name, other in self.root.fill:
            thing[name] = thing[name] or thing[other].decode("utf-8", "replace")  # type: ignore[attr-defined]
        return said

    def _elements(self, chunk: Chunk) -> list[tuple[int, Element]]:
        """The records of a chunk, read, and where each begins."""
        number, held = chunk
        ats, keys, values = self._contents.entries(held) if len(held) == 2 else held
        try:
            return list(zip(ats, self._read[number](keys, values), strict=True))
        except Misfit:
            raise self._wrong(self._rows[number], keys, values, ats) from None

    def _show_children(self, number: int, member: int, parent: Thing, items: Iterator[Chunk], ends: Ends) -> None:
        entity = self.members[member]
        ranks = ranking(entity.choose, parent)
        lines: Sorter[tuple[object, ...]] = Sorter()
        stale = arrived = 0

        def add(result: object) -> None:
            nonlocal stale, arrived
            more, printed = cast("tuple[int, Printed]", result)
            stale += more
            size = 300 * len(printed) + sum(len(data) for _, _, data in printed)
            lines.extend(((order, at, path, data) for at, (order, path, data) in enumerate(printed, arrived)), size)
            arrived += len(printed)

        if entity.name in self._bundles or (ranks is not None and len(ranks) > 1):
            add(self._one_by_one(member, parent, ranks, items))
        else:
            for chunk in items:
                ends.put((CHILDREN, number, member, parent, ranks, self._source, chunk), add)

        def end(_: object) -> None:
            for path, several in groupby(lines.sorted(), key=itemgetter(2)):
                texts = map(cast("Callable[[object], bytes]", itemgetter(3)), several)
                while some := list(islice(texts, AT_ONCE)):
                    self._press.target.append(cast(str, path), b"".join(some))
            lines.close()
            if stale:
                assert entity.choose is not None
                ends.warn(entity.choose.stale, parent | {"stale": stale})

        ends.put((CHILDREN, number, 0), end)

    def work(self, member: int, *job: object) -> tuple[int, Printed]:
        """A job of this family: print the children of one chunk."""
        if member == 0:  # nothing to do but to come in its turn
            return 0, []
        parent, ranks, source, chunk = job
        self._source = cast(str, source)
        return self._print(member, cast(Thing, parent), cast("Ranks | None", ranks), cast(Chunk, chunk))

    def _print(self, member: int, parent: Thing, ranks: Ranks | None, chunk: Chunk) -> tuple[int, Printed]:
        children = self._children[member - 1]
        (make, rank_of), show = children.of(self._rows[chunk[0]], self._source), children.shower(parent)
        stale, printed = 0, []
        for at, values in self._elements(chunk):
            if ranks is not None and rank_of(values) not in ranks:
                stale += 1
                continue
            printed += show(make(parent, values, at))
        return stale, printed

    def _one_by_one(
        self, member: int, parent: Thing, ranks: Ranks | None, items: Iterator[Chunk]
    ) -> tuple[int, Printed]:
        """Children one after the other, later candidates last so that they win."""
        children, stale, printed = self._children[member - 1], 0, []
        bundle = self._bundles.get(children.entity.name)
        with Sorter[Item]() as ranked:
            for chunk in items:
                _, rank_of = children.of(self._rows[chunk[0]], self._source)
                for at, values in self._elements(chunk):
                    rank = rank_of(values) if ranks is not None else None
                    if ranks is not None and rank not in ranks:
                        stale += 1
                        continue
                    item = (ranks[rank] if ranks else 0, self._next(), chunk[0], at, values)
                    ranked.add(item, 300 + weight(values))
            for *_, number, begins, read in ranked.sorted():
                make, _ = children.of(self._rows[cast(int, number)], self._source)
                thing = make(parent, cast(Element, read), cast(int, begins))
                printed += children.show(thing)
                if bundle is not None:
                    bundle.add(thing)
        if bundle is not None:
            bundle.finish()
        return stale, printed

    def _next(self) -> int:
        self._arrival += 1
        return self._arrival


class Children:
    """How the children of one kind are made and shown; nothing is remembered from one to the next."""

    def __init__(self, entity: Entity, press: Press) -> None:
        self.entity, self._press = entity, press
        assert entity.within is not None
        self._alias = entity.within[0]
        empty: Thing = dict.fromkeys((*entity.fields, self._alias))
        self._makers = {row.label: maker(row, empty) for row in entity.rows}
        order = [name for document in entity.documents for name in document.order]
        plain = all(name.scope == "thing" and not name.path for name in order)
        self._order = picked([name.field for name in order]) if plain else None
        self._ordered_by = order
        documents = [d for d in entity.documents if not d.only_with or d.only_with in press.shown]
        lines = [d for d in documents if d.kind == "together" and d.when is None and press.namer.is_of_parent(d)]
        self._line = lines[0] if len(lines) == len(documents) == 1 else None  # a child is one line, and nothing else
        self._computed = needed(entity)

    def of(self, row: Row, source: str) -> tuple[MakeChild, Callable[[Element], object]]:
        """What makes a child of a parent and a record, and what says the value by which children are chosen.

        The first raises `StreamError` if the record does not say what it must.
        """
        make, alias, computed = self._makers[row.label], self._alias, self._computed
        index = dict(row.fields).get(self.entity.choose.field) if self.entity.choose else None

        def made(parent: Thing, values: Element, at: int) -> Thing:
            thing = make(values)
            thing[alias] = parent
            for name, derive in computed:
                if not isinstance(derive, Pick):
                    thing[name] = derive.evaluate(thing, ())
                    continue
                try:
                    thing[name] = derive.settled(thing, ())
                except LookupError:
                    message = f"a {row.label} record does not say what makes it a {self.entity.name}"
                    place, fault = Place(source, at), derive.fault(thing, ()) or ()
                    raise StreamError(row.value_error, message, place, f"{self.entity.name}.{name}", *fault) from None
            return thing

        def rank(values: Element) -> object:
            value = None if index is None else values[index]
            return None if value is ABSENT else value

        return made, rank

    def shower(self, parent: Thing) -> Callable[[Thing], Printed]:
        """What prints children of this parent; see `show`."""
        line, order = self._line, self._order
        if line is None or order is None:
            return self.show
        write, path = (
            self._press.writers[f"{self.entity.name}.{line.name}"],
            self._press.namer.of(line)({self._alias: parent}),
        )
        return lambda thing: [(order(thing), path, "".join(write(thing, ())).encode())]

    def show(self, thing: Thing) -> Printed:
        """Print a child; its lines in files with others, with its place among them."""
        self._press.show(self.entity, thing)
        if not self._press.target.lines:
            return []
        order = self._order(thing) if self._order else tuple(name.get(thing, ()) for name in self._ordered_by)
        return [(order, path, data) for path, data in self._press.target.taken()]


Ranks = dict[object, int]


def picked(fields: list[str]) -> Callable[[Thing], tuple[object, ...]] | None:
    """What takes some fields of a thing; None if that is not simpler than to ask for each."""
    return cast("Callable[[Thing], tuple[object, ...]]", itemgetter(*fields)) if len(fields) > 1 else None


def ranking(choose: Choose | None, parent: Thing) -> Ranks | None:
    """The candidates that a parent names, the one that wins last; None if all children count."""
    if choose is None:
        return None
    candidates: list[object] = []
    for name in choose.candidates:
        value = Name(name.path[0], path=name.path[1:]).get(parent, ())
        if not value and name.text in choose.any_if_zero:
            return None
        if value or name.text not in choose.nothing_if_zero:
            candidates.append(value)
    return {value: index for index, value in enumerate(candidates)}


def needed(entity: Entity) -> tuple[tuple[str, Derivation], ...]:
    """What is computed for children that are shown: what paths, members or conditions of their documents name, and
    what must be there in any case."""
    text = repr([(d.path, d.alternatives, d.members, d.lines, d.when) for d in entity.documents])
    return tuple(pair for pair in entity.computed if isinstance(pair[1], Pick) or f"field={pair[0]!r}" in text)


def chunks(items: Iterator[Item]) -> Iterator[Chunk]:
    """The chunks of sorted items."""
    return (cast(Chunk, item[3]) for item in items)


def extents(
    keys: list[bytes], owner: Callable[[bytes], tuple[object, int]]
) -> Iterator[tuple[int, int, object | None]]:
    """Consecutive keys of one owner: from where, to where, whose. Keys that say no owner stand alone, with None.

    What makes two keys have one owner is that they are equal up to the byte behind what says it.
    """
    start, end = 0, len(keys)
    while start < end:
        key = keys[start]
        try:
            identity, after = owner(key)
        except Exception:  # whatever generated code makes of a bad key
            yield start, start + 1, None
            start += 1
            continue
        stop, same = start + 1, key[: after + 1]
        if len(same) > after:
            while stop < end and keys[stop].startswith(same):
                stop += 1
        yield start, stop, identity
        start = stop


def ignoring(call: Callable[[], None]) -> Callable[[object], None]:
    """A call without arguments as one with an argument."""
    return lambda _: call()
