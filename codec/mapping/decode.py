"""Records to documents, for one adapter: read `stored`, print `shown`.

Things of a single record are printed as they come; things of many records are gathered by an external sort and printed
at the end, in the adapter's print order. Memory does not grow with the number of records or of elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import cast

from codec.api import Warned
from codec.crew import Alone, Crew
from codec.engine.base import ABSENT, Engine, Misfit, ReadRun
from codec.errors import StreamError
from codec.mapping.bodies import Household
from codec.mapping.family import Ends, Family
from codec.mapping.gather import BUDGET, Block, Chunk, Gathered, Gatherer, Item
from codec.mapping.making import maker
from codec.mapping.press import Lines, Press
from codec.mapping.target import Target
from codec.spec.plan import Adapter, Document, Entity, PathStep, Row, Shared
from codec.spec.words import Element, Thing
from codec.stream.batches import Ats
from codec.stream.contents import Contents
from codec.stream.sort import Sorter

PRESENT, DEFERRED, SHARED = range(3)  # what a claim says, in this order for one key
DIRECT, THINGS, CHILDREN, GATHER = range(4)  # kinds of jobs; children are those of `codec.mapping.family`
SHARE = 1024  # records to a job that prints
MANY = 4096  # and to one that only gathers
FEW = 3  # blocks of elements; a thing with so many is streamed
ENOUGH = 1 << 18  # bytes of elements to a job
Warn = Callable[[Warned], None]
Taker = Callable[[list[bytes], list[bytes], Ats], None]
Wrong = Callable[[Row, list[bytes], list[bytes], Ats], StreamError]


class AdapterDecoder:
    """Takes the records of one adapter and prints its documents into `target`.

    `wrong` says what is wrong with the first record of a run that does not fit. Work is put into `jobs`, under `number`;
    whoever made this sets both, and brings the work to `work`.
    """

    def __init__(
        self,
        adapter: Adapter,
        engine: Engine,
        target: Target,
        shown: frozenset[str],
        warn: Warn,
        contents: Contents,
        wrong: Wrong,
    ) -> None:
        self.adapter, self.target = adapter, target
        self.jobs: Alone | Crew
        self.tell: Callable[[], None] = lambda: None  # called after each job, for the progress
        self.number: int
        self._warn, self._wrong = warn, wrong
        self.press = Press(adapter, engine, target, shown)
        self._engine = engine
        self._entities = {entity.name: entity for entity in adapter.entities}
        self._gatherers = {e.name: Gatherer(e, Sorter(BUDGET)) for e in adapter.entities if e.collection is not None}
        self._claims: Sorter[Item] = Sorter()
        self._late: Sorter[Item] = Sorter()
        self._has_shared = False
        self._rows = {row.label: row for row in adapter.rows}
        self._run_readers: dict[str, ReadRun] = {}
        parents = {e.within[1] for e in adapter.entities if e.within}
        with_bodies = {e.within[1] for e in adapter.entities if e.within and e.bodies is not None}
        self._families: list[Family | Household] = [
            Household(adapter, root, engine, target, self.press, contents)
            if root.name in with_bodies
            else Family(adapter, root, engine, self.press, contents, wrong)
            for root in adapter.entities
            if root.name in parents
        ]
        self._of_family = {label: take for family in self._families for label, take in family.takers().items()}
        self._owner_numbers = self._owners()
        self._last_claim: dict[str, object] = {}
        self._arrival = 0
        self.losses: Counter[str] = Counter()
        self.kept: dict[str, dict[str, int]] | None = None
        """If it is a dict, what documents of parents do not show and records of their children need is put there."""
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
        for part in (self._claims, self._late, *self._gatherers.values(), *self._families):
            part.close()

    @property
    def extensions(self) -> frozenset[str]:
        """Kinds of names that other tools cannot turn back and that the tree has; complete after `finish`."""
        return frozenset().union(*(family.extensions for family in self._families if isinstance(family, Household)))

    # -------------------------------------------------------------------------------------------- records in

    def _taker(self, row: Row) -> Taker:
        """What is done with records of one kind, many at once: keys, values, where each begins in the input."""
        if row.label in self._of_family:
            return self._of_family[row.label]
        if row.role in ("dropped", "derived"):
            label, counts = row.label, row.role == "dropped"

            def drop(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
                self.losses[label] += counts * len(keys)

            return drop
        read = self._run_readers[row.label] = self._engine.run_reader(row)
        if not row.entity:
            number = next(
                i for i, shared in enumerate(self.adapter.shared) if shared.row is row or shared.row.name == row.name
            )

            def take_shared(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
                for element in read(keys, values):
                    self._take_shared(number, element)

            return take_shared
        entity = self._entities[row.entity]
        if entity.collection is None:
            return self._defer(entity, row, read) if row.legacy else self._direct(row)
        gatherer = self._gatherers[entity.name]

        def keep(chunks: object) -> None:
            for chunk in cast("list[Chunk]", chunks):
                self._claim(row, chunk[0])
            gatherer.take(cast("list[Chunk]", chunks))

        def gather(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            for at in range(0, len(keys), MANY):
                part = slice(at, at + MANY)
                self.put((GATHER, row.label, keys[part], values[part]), keep)

        return gather

    def _defer(self, entity: Entity, row: Row, read: ReadRun) -> Taker:
        """Things of a less preferred kind of record wait: a more preferred one may follow."""
        number = entity.rows.index(row)

        def take(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            for element in read(keys, values):
                self._arrival += 1
                item = (element[row.identity[0]], DEFERRED, entity.name, self._arrival, number, element)
                self._has_shared = True
                self._claims.add(item, 300 + sum(len(v) for v in element if isinstance(v, bytes)))

        return take

    def _direct(self, row: Row) -> Taker:
        """Things that one record makes are printed at once."""

        def claim(given: object) -> None:
            claims = cast("list[tuple[bytes, bool]]", given)
            weight = 200 * len(claims) + sum(len(identity) for identity, _ in claims)
            for number, owner in self._owner_numbers.get(row.label, ()):
                self._claims.extend([(one, PRESENT, number, owner, said) for one, said in claims], weight)

        def take(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
            for at in range(0, len(keys), SHARE):
                part = slice(at, at + SHARE)
                self.put((DIRECT, row.label, keys[part], values[part], ats[part]), claim)

        return take

    # -------------------------------------------------------------------------------------------- jobs

    def put(self, job: tuple[object, ...], then: Callable[[object], None]) -> None:
        """Have a job done; `then` takes what it gives, in its turn."""

        def done(result: object) -> None:
            value, lines, notes = cast("tuple[object, Lines, object]", result)
            self.target.take_over(notes)
            for path, data in lines:
                self.target.append(path, data)
            then(value)
            self._add_lines()
            self.tell()

        self.jobs.put((self.number, *job), done)

    def work(self, kind: object, *rest: object) -> tuple[object, Lines]:
        """Do one job: what it gives, and the lines that it has for files that grow."""
        value: object = None
        if kind == DIRECT:
            value = self._print_records(*rest)  # type: ignore[arg-type]
        elif kind == GATHER:
            value = self._chunks(*rest)  # type: ignore[arg-type]
        elif kind == THINGS:
            self._print_things(*rest)  # type: ignore[arg-type]
        else:
            value = self._families[cast(int, rest[0])].work(*rest[1:])  # type: ignore[arg-type]
        return value, self.press.target.taken()

    def _chunks(self, label: str, keys: list[bytes], values: list[bytes]) -> list[Chunk]:
        row = self._rows[label]
        return self._gatherers[row.entity].chunks(row, self._run_readers[label](keys, values))

    def _print_records(
        self, label: str, keys: list[bytes], values: list[bytes], ats: list[int]
    ) -> list[tuple[object, bool]]:
        """Things of one record each; who they are, and whether they say themselves what a shared record could say."""
        row = self._rows[label]
        entity = self._entities[row.entity]
        try:
            elements = self._run_readers[label](keys, values)
        except Misfit:
            raise self._wrong(row, keys, values, ats) from None
        shared = {name for one in self.adapter.shared for name, _ in one.row.fields}
        says = [index for name, index in row.fields if name in shared]
        show, at = self.press.show, row.identity[0]
        make = self._maker(entity, row)
        for element in elements:
            show(entity, make(element))
        if not self._owner_numbers.get(label):
            return []
        return [(element[at], any(element[index] is not ABSENT for index in says)) for element in elements]

    @staticmethod
    def _maker(entity: Entity, row: Row) -> Callable[[Element], Thing]:
        return maker(row, dict.fromkeys(entity.fields), zip(entity.identity, row.identity, strict=True))

    def _print_things(self, name: str, things: list[tuple[Thing, list[Block]]]) -> None:
        entity, elements = self._entities[name], self._gatherers[name].elements
        for thing, blocks in things:
            self.press.show_gathered(entity, thing, map(elements, blocks))

    def _claim(self, row: Row, identity: object) -> None:
        """Note that a thing exists, once for a run of its records."""
        label = row.label
        if self._last_claim.get(label) == identity:
            return
        self._last_claim[label] = identity
        for number, owner in self._owner_numbers.get(label, ()):
            self._claims.add((identity, PRESENT, number, owner, False), 200 + len(identity))  # type: ignore[arg-type]

    def _take_shared(self, number: int, values: Element) -> None:
        self._arrival += 1
        self._has_shared = True
        identity = values[self.adapter.shared[number].row.identity[0]]
        self._claims.add((identity, SHARED, number, self._arrival, values), 200 + len(identity))  # type: ignore[arg-type]

    # -------------------------------------------------------------------------------------------- the end

    def finish(self, source: str) -> None:
        """Give shared records to their owners, then print what was gathered; `source` is the input's name for errors."""
        ends = Ends(self._make_folder, self.warning, self._append, self.put, source)
        for number, family in enumerate(self._families):
            family.finish(ends, number)
        self.jobs.finish()
        self._add_lines()
        orphans = Counter[int]()
        if self._has_shared:
            for identity, claims in groupby(self._claims.sorted(), key=itemgetter(0)):
                self._settle(identity, claims, orphans)
        self._claims.close()
        for _, name, thing in self._late.sorted():
            self.press.show_sidecars(self._entities[cast(str, name)], cast(Thing, thing))
            self._add_lines()
        for name in self.adapter.print_order:
            if name in self._gatherers:
                self._finish_things(self._entities[name])
        self.jobs.finish()
        for number, count in sorted(orphans.items()):
            self.warning(self.adapter.shared[number].orphan, {self.adapter.shared[number].row.name: count})

    def _add_lines(self) -> None:
        for path, data in self.press.target.taken():
            self.target.append(path, data)

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
        self.press.show(entity, self._maker(entity, row)(cast(Element, values)))
        self._add_lines()

    def _hand_over(self, shared: Shared, owner: int, said: bool, claim: Item) -> None:
        _, _, _, arrival, values = claim
        entity = self._entities[shared.owners[owner][0]]
        row = next(row for row in entity.rows if row.shared == shared.row.name)
        if entity.name in self._gatherers:
            gatherer = self._gatherers[entity.name]
            gatherer.take(gatherer.chunks(row, [cast(Element, values)]))
        elif not said:
            fields = {name: values[index] for name, index in shared.row.fields}  # type: ignore[index]
            identity = dict(zip(entity.identity, (values[i] for i in shared.row.identity), strict=True))  # type: ignore[index]
            self._late.add((arrival, entity.name, identity | fields), 400)

    def _finish_things(self, entity: Entity) -> None:
        """Print what was gathered, several things to a job; a large one is streamed."""
        assert entity.collection is not None
        name = entity.collection[0]
        some: list[tuple[Thing, list[Block]]] = []
        size = 0
        elements = self._gatherers[entity.name].elements
        for one in self._gatherers[entity.name]:
            thing = dict.fromkeys(entity.fields) | one.thing
            if entity.exists and entity.exists not in one.rows:
                thing[name] = sum(count for _, _, count in one.blocks)
                self.target.mkdir(entity.documents[0].folder)
                self.warning(entity.orphan, thing)
                continue
            counted = Counted(one.blocks)
            blocks = list(islice(counted, FEW))
            if len(blocks) < FEW:
                some.append((thing, blocks))
                size += sum(len(data) for _, data, _ in blocks)
                if size > ENOUGH:
                    self.put((THINGS, entity.name, some), nothing)
                    some, size = [], 0
            else:
                self.put((THINGS, entity.name, some), nothing)
                some, size = [], 0
                self.jobs.finish()
                self.press.show_gathered(entity, dict(thing), map(elements, chain(blocks, counted)))
                self._add_lines()
            self._compare(one, thing | {name: counted.count})
        self.put((THINGS, entity.name, some), nothing)

    def _compare(self, one: Gathered, thing: Thing) -> None:
        """Warn where a record declares another number than there is."""
        for slot, declared in one.declared:
            assert slot.compare is not None
            if slot.compare.evaluate(thing, ()) != declared:
                self.warning(slot.differs, thing | {"declared": declared})

    def _append(self, steps: tuple[PathStep, ...], thing: Thing, data: bytes) -> None:
        self.target.append(self.press.namer.join(steps, thing)[0], data)
        self._add_lines()

    def _make_folder(self, document: Document, thing: Thing) -> None:
        path = self.press.namer.path(document, thing)[0]
        self.target.mkdir(f"{path.rpartition('/')[0]}/{document.empty_folder}")

    def warning(self, event: str, thing: Thing) -> None:
        """Emit a structured warning with the fields that the spec names."""
        warning = self.adapter.warnings[event]
        fields = [(name, derive.evaluate(thing, ())) for name, derive in warning.fields]
        self._warn(Warned(event, (*fields, ("hint", warning.hint))))


class Counted:
    """Blocks of elements, counted as they go by."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks, self.count = blocks, 0

    def __iter__(self) -> Iterator[Block]:
        for block in self._blocks:
            self.count += block[2]
            yield block


def nothing(_: object) -> None:
    """What is done with the result of a job that has none."""
