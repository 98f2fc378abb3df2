"""Records to documents, for one adapter: read `stored`, print `shown`.

Things of a single record are printed as they come; things of many records are gathered by an external sort and printed
at the end, in the adapter's print order. Memory does not grow with the number of records or of elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import cast

from codec.api import Warned
from codec.engine.base import Engine, WriteDocument
from codec.engine.documents import STEM
from codec.engine.interpreter import Interpreter
from codec.engine.patterns import ABSENT
from codec.mapping.bodies import Household, ReadLater
from codec.mapping.bundles import BundleWriter
from codec.mapping.family import Ends, Family
from codec.mapping.gather import Gathered, Gatherer, Item
from codec.mapping.naming import Namer
from codec.mapping.target import Target
from codec.spec.plan import Adapter, Document, Entity, PathStep, Row, Shared
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter

PRESENT, DEFERRED, SHARED = range(3)  # what a claim says, in this order for one key
Warn = Callable[[Warned], None]
Taker = Callable[[list[bytes], list[bytes], list[int]], None]


class AdapterDecoder:
    """Takes the records of one adapter and prints its documents into `target`."""

    def __init__(
        self, adapter: Adapter, engine: Engine, target: Target, shown: frozenset[str], warn: Warn, contents: ReadLater
    ) -> None:
        self.adapter, self.target = adapter, target
        self._warn, self._interpreter = warn, Interpreter()
        self._namer = Namer(dict(adapter.names), target)
        self._engine = engine
        self._entities = {entity.name: entity for entity in adapter.entities}
        self._gatherers = {e.name: Gatherer(e, Sorter()) for e in adapter.entities if e.collection is not None}
        self._claims: Sorter[Item] = Sorter()
        self._late: Sorter[Item] = Sorter()
        parents = {e.within[1] for e in adapter.entities if e.within}
        with_bodies = {e.within[1] for e in adapter.entities if e.within and e.bodies is not None}
        self._families: list[Family | Household] = [
            Household(adapter, root, engine, target, shown, contents)
            if root.name in with_bodies
            else Family(adapter, root, engine, shown)
            for root in adapter.entities
            if root.name in parents
        ]
        self._of_family = {label: take for family in self._families for label, take in family.takers().items()}
        self._writers: dict[str, WriteDocument] = {
            f"{e.name}.{d.name}": engine.document_writer(d, shown) for e in adapter.entities for d in e.documents
        }
        self._shown = shown
        self._bundles = {
            f"{e.name}.{d.name}": BundleWriter(e, d, engine, self._writers[f"{e.name}.{d.name}"], self._namer, target)
            for e in adapter.entities
            for d in e.documents
            if d.kind == "bundle"
        }
        self._owner_numbers = self._owners()
        self._last_claim: dict[str, object] = {}
        self._arrival = 0
        self.losses: Counter[str] = Counter()
        self.takers = {row.label: self._taker(row) for row in adapter.rows}

    def _owners(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """For each kind of record, by label, the places (shared record, owner) that it makes exist."""
        result: dict[str, list[tuple[int, int]]] = {}
        for number, shared in enumerate(self.adapter.shared):
            for index, (entity, row) in enumerate(shared.owners):
                for candidate in self._entities[entity].rows:
                    if candidate.role == "stored" and row in ("", candidate.name):
                        result.setdefault(candidate.label, []).append((number, index))
        return {label: tuple(owners) for label, owners in result.items()}

    def close(self) -> None:
        """Give the memory and disk of everything that was gathered back."""
        for part in (self._claims, self._late, *self._gatherers.values(), *self._families, *self._bundles.values()):
            part.close()

    @property
    def extensions(self) -> frozenset[str]:
        """Kinds of names that other tools cannot turn back and that the tree has; complete after `finish`."""
        return frozenset().union(*(family.extensions for family in self._families if isinstance(family, Household)))

    # -------------------------------------------------------------------------------------------- records in

    def _taker(self, row: Row) -> Taker:
        """What is done with records of one kind, many at once: keys, values, where each begins in the input."""
        if row.label in self._of_family:
            return each(self._of_family[row.label])
        if row.role in ("dropped", "derived"):
            label, counts = row.label, row.role == "dropped"

            def drop(keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
                self.losses[label] += counts * len(keys)

            return drop
        read = self._engine.run_reader(row)
        if not row.entity:
            number = next(
                i for i, shared in enumerate(self.adapter.shared) if shared.row is row or shared.row.name == row.name
            )

            def take_shared(keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
                for element in read(keys, values):
                    self._take_shared(number, element)

            return take_shared
        entity = self._entities[row.entity]
        if entity.collection is None:

            def take_direct(keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
                for element in read(keys, values):
                    self._take_direct(entity, row, element)

            return take_direct
        gatherer, at = self._gatherers[entity.name], itemgetter(row.identity[0])

        def gather(keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
            share = (sum(map(len, keys)) + sum(map(len, values))) // len(keys)
            for identity, elements in groupby(read(keys, values), key=at):
                self._claim(row, identity, False)
                records = list(elements)
                gatherer.add(row, records, share * len(records))

        return gather

    def _claim(self, row: Row, identity: object, said: bool) -> None:
        """Note that a thing exists, once for a run of its records."""
        if self._last_claim.get(row.label) == identity and not said:
            return
        self._last_claim[row.label] = identity
        for number, owner in self._owner_numbers.get(row.label, ()):
            self._claims.add((identity, PRESENT, number, owner, said), 200 + len(identity))  # type: ignore[arg-type]

    def _take_direct(self, entity: Entity, row: Row, values: Element) -> None:
        """A thing that one record makes: printed at once, unless a more preferred record may follow."""
        shared_fields = {name for shared in self.adapter.shared for name, _ in shared.row.fields}
        said = any(values[index] is not ABSENT for name, index in row.fields if name in shared_fields)
        if row.legacy:
            self._arrival += 1
            identity = values[row.identity[0]]
            number = entity.rows.index(row)
            self._claims.add(
                (identity, DEFERRED, entity.name, self._arrival, number, values),
                300 + sum(len(v) for v in values if isinstance(v, bytes)),
            )
            return
        self._claim(row, values[row.identity[0]], said)
        self._print_direct(entity, row, values)

    def _print_direct(self, entity: Entity, row: Row, values: Element) -> None:
        thing: Thing = dict.fromkeys(entity.fields)
        for name, index in zip(entity.identity, row.identity, strict=True):
            thing[name] = values[index]
        for name, index in row.fields:
            thing[name] = None if values[index] is ABSENT else values[index]
        self._print(entity, thing, entity.documents)

    def _print(self, entity: Entity, thing: Thing, documents: tuple[Document, ...]) -> None:
        """Print the documents of a thing that has no streamed elements; sidecars only where their condition holds."""
        for document in documents:
            if document.when is not None and not document.when.holds(thing, ()):
                continue
            if document.only_with and document.only_with not in self._shown:
                continue
            if document.kind == "bundle":
                self._bundles[f"{entity.name}.{document.name}"].add(thing)
                continue
            if document.kind == "sidecar":
                main = next(d for d in entity.documents if d.name == document.beside)
                thing[STEM] = self._namer.path(main, thing)[1]
                path = self._namer.path(document, thing)[0]
                self.target.append(path, "".join(self._writers[f"{entity.name}.{document.name}"](thing, ())).encode())
                continue
            path, _ = self._namer.path(document, thing)
            if document.kind == "together":
                self.target.append(path, "".join(self._writers[f"{entity.name}.{document.name}"](thing, ())).encode())
            elif document.kind == "raw":
                self.target.write(path, thing[document.raw])  # type: ignore[arg-type]
            else:
                self.target.stream(path, self._writers[f"{entity.name}.{document.name}"](thing, ()))

    def _take_shared(self, number: int, values: Element) -> None:
        self._arrival += 1
        identity = values[self.adapter.shared[number].row.identity[0]]
        self._claims.add((identity, SHARED, number, self._arrival, values), 200 + len(identity))  # type: ignore[arg-type]

    # -------------------------------------------------------------------------------------------- the end

    def finish(self, source: str) -> None:
        """Give shared records to their owners, then print what was gathered; `source` is the input's name for errors."""
        ends = Ends(self._print, self._make_folder, self.warning, self._append, self._end_of_family, source)
        for family in self._families:
            family.finish(ends)
        orphans = Counter[int]()
        for identity, claims in groupby(self._claims.sorted(), key=itemgetter(0)):
            self._settle(identity, claims, orphans)
        for _, name, thing in self._late.sorted():
            entity = self._entities[name]  # type: ignore[index]
            self._print(entity, thing, tuple(d for d in entity.documents if d.kind == "sidecar"))  # type: ignore[arg-type]
        for name in self.adapter.print_order:
            if name in self._gatherers:
                for one in self._gatherers[name]:
                    self._finish_thing(self._entities[name], one)
        for number, count in sorted(orphans.items()):
            self.warning(self.adapter.shared[number].orphan, {self.adapter.shared[number].row.name: count})

    def _settle(self, identity: object, claims: Iterator[Item], orphans: Counter[int]) -> None:
        """Who owns the shared records of one key: the first owner that exists."""
        present: dict[tuple[int, int], bool] = {}
        for claim in claims:
            if claim[1] == PRESENT:
                at = (claim[2], claim[3])
                present[at] = present.get(at, False) or bool(claim[4])  # type: ignore[index, arg-type]
            elif claim[1] == DEFERRED:
                self._settle_deferred(claim, present)
            else:
                number = claim[2]
                shared: Shared = self.adapter.shared[number]  # type: ignore[call-overload]
                owners = [i for n, i in present if n == number]
                if not owners:
                    orphans[number] += 1  # type: ignore[index]
                    continue
                self._hand_over(shared, min(owners), present[number, min(owners)], claim)  # type: ignore[index]

    def _settle_deferred(self, claim: Item, present: dict[tuple[int, int], bool]) -> None:
        """A record of a less preferred kind makes the thing only if no other did."""
        _, _, name, _, number, values = claim
        entity = self._entities[name]  # type: ignore[index]
        owners = [
            (n, i)
            for n, shared in enumerate(self.adapter.shared)
            for i, (owner, row) in enumerate(shared.owners)
            if owner == name and not row
        ]
        if any(owner in present for owner in owners):
            return
        row = entity.rows[number]  # type: ignore[call-overload]
        said = False
        present.update(dict.fromkeys(owners, said))
        self._print_direct(entity, row, values)  # type: ignore[arg-type]

    def _hand_over(self, shared: Shared, owner: int, said: bool, claim: Item) -> None:
        _, _, _, arrival, values = claim
        entity = self._entities[shared.owners[owner][0]]
        row = next(row for row in entity.rows if row.shared == shared.row.name)
        if entity.name in self._gatherers:
            self._gatherers[entity.name].add(row, [cast(Element, values)], 100)
        elif not said:
            fields = {name: values[index] for name, index in shared.row.fields}  # type: ignore[index]
            identity = dict(zip(entity.identity, (values[i] for i in shared.row.identity), strict=True))  # type: ignore[index]
            self._late.add((arrival, entity.name, identity | fields), 400)

    def _finish_thing(self, entity: Entity, one: Gathered) -> None:
        assert entity.collection is not None
        name = entity.collection[0]
        thing = dict.fromkeys(entity.fields) | one.thing
        if entity.exists and entity.exists not in one.rows:
            thing[name] = sum(map(len, one.blocks))
            self.target.mkdir(entity.documents[0].folder)
            self.warning(entity.orphan, thing)
            return
        count = 0

        def counted() -> Iterator[list[Element]]:
            nonlocal count
            for block in one.blocks:
                count += len(block)
                yield block

        for document in entity.documents:
            path, _ = self._namer.path(document, thing)
            self.target.stream(path, self._writers[f"{entity.name}.{document.name}"](thing, counted()))
        thing[name] = count
        for slot, declared in one.declared:
            assert slot.compare is not None
            if slot.compare.evaluate(thing, ()) != declared:
                self.warning(slot.differs, thing | {"declared": declared})

    def _end_of_family(self) -> None:
        for bundle in self._bundles.values():
            bundle.finish()

    def _append(self, steps: tuple[PathStep, ...], thing: Thing, data: bytes) -> None:
        self.target.append(self._namer.join(steps, thing)[0], data)

    def _make_folder(self, document: Document, thing: Thing) -> None:
        path = self._namer.path(document, thing)[0]
        self.target.mkdir(f"{path.rpartition('/')[0]}/{document.empty_folder}")

    def warning(self, event: str, thing: Thing) -> None:
        """Emit a structured warning with the fields that the spec names."""
        warning = self.adapter.warnings[event]
        fields = [(name, derive.evaluate(thing, ())) for name, derive in warning.fields]
        self._warn(Warned(event, (*fields, ("hint", warning.hint))))


def each(take: Callable[[bytes, bytes, int], None]) -> Taker:
    """Records of a run, one by one."""

    def take_all(keys: list[bytes], values: list[bytes], ats: list[int]) -> None:
        for key, value, at in zip(keys, values, ats, strict=True):
            take(key, value, at)

    return take_all
