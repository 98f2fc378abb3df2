"""Whether a tree has all that came in: the records that it gives, against those it was made from.

Both sides are brought to what the model says: the row's kind, whose it is, and the fields that the tree shows; an
element whose position is not kept is counted instead. What came in and does not come back must be a loss that the spec
declares, and is counted under it; what comes back and did not come in must follow from what did. Memory is that of the
sorters.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from codec.api import Warned
from codec.engine.base import ABSENT, Engine, ReadRow
from codec.errors import CodecError, Place, StreamError
from codec.frozen import frozen
from codec.mapping.dispatch import every_kind
from codec.spec import plan
from codec.spec.account import member_names, nested_members, path_parts, row_parts, slots_of
from codec.spec.container import Container
from codec.spec.coverage import body_fields, contents, copied
from codec.spec.words import Count, Known
from codec.stream.difference import Version, pairs
from codec.stream.sort import Sorter

Tell = Callable[[CodecError], None]
Residue = tuple[bytes, int, str, str]  # what is compared, side, kind, key
Positioned = tuple[
    int, str, bytes, tuple[object, ...], bytes, str
]  # side, kind, whose it is, position, what it says, key
Fact = tuple[bytes, int, str, bytes, str]  # whose, side, name, value, key
IN, OUT = 0, 1
SHOWN_KEY = 100
Uncounted = tuple[str, str]  # a warning, and what of the things that it tells of
STALE = "stale"  # what the words of a spec call things that are not the ones that count
ITSELF = ""  # the records of a thing that are neither elements nor within it
UNKNOWN, UNSELECTED = "unknown records", "records of other adapters"


@frozen
class _Kind:
    """How records of one kind are compared: places in what reading yields.

    `said` is what must come back, `position` the order of elements that are numbered anew, `facts` what several kinds
    of records say, each under one name. `gone` names the loss of records that never come back as they are; `events` the
    warnings that tell of things that do not count; `follows` says that such records may be made from others.
    """

    row: plan.Row
    read: ReadRow
    identity: tuple[int, ...]
    position: tuple[int, ...]
    said: tuple[int, ...]
    facts: tuple[tuple[str, int], ...]
    gone: bool
    events: tuple[Uncounted, ...]
    follows: bool


class LossCheck:
    """Compares the live records of an input with the records of the tree that was made from it.

    `warned` takes the warnings of the decode first. `losses` counts what is lost, by the kind of record or the warning
    that the spec declares it under; records that come back with other bytes, but all that the tree shows, count as
    `<kind> rewritten`.
    """

    def __init__(
        self,
        container: Container,
        selected: frozenset[str],
        engine: Callable[[plan.Adapter], Engine],
        on: frozenset[str],
    ) -> None:
        self._find = every_kind(container, on).find
        self._selected, self._engine, self._on = selected, engine, on
        self._adapters = {id(row): adapter for adapter in container.adapters for row in adapter.rows}
        self._kinds: dict[int, _Kind | str] = {}
        self._warnings = {event: warning for a in container.adapters for event, warning in a.warnings.items()}
        self._orphans = {shared.row.name: shared.orphan for a in container.adapters for shared in a.shared}
        self._uncounted: Counter[Uncounted] = Counter()
        entities = [entity for adapter in container.adapters for entity in adapter.entities]
        self._kinds_of_event = {e.orphan: sum(r.role == "stored" and not r.each for r in e.rows) for e in entities}
        self._by_label: dict[str, _Kind] = {}
        self.losses: Counter[str] = Counter()

    def warned(self, warned: Warned) -> None:
        """Take note of how many records of each kind a warning says do not count, and that it tells of one more thing."""
        warning = self._warnings.get(warned.event)
        if warning is not None:
            values = dict(warned.fields)
            for name, derive in warning.fields:
                if isinstance(derive, (Known, Count)):
                    what = derive.key if isinstance(derive, Known) else derive.collection
                    self._uncounted[warned.event, what] += int(str(values[name]))
            self._uncounted[warned.event, ITSELF] += self._kinds_of_event.get(warned.event, 0)

    def run(self, found: Iterable[Version], given: Iterable[tuple[bytes, bytes]], source: str, tell: Tell) -> None:
        """Compare two sides, both by user key; every difference that no declared loss explains is told."""
        with Sorter[Residue]() as rest, Sorter[Positioned]() as numbered, Sorter[Fact]() as facts:
            for one, two in pairs(found, given):
                same = one is not None and two is not None and one[5] == two[1]
                if one is not None:
                    self._take((IN, one[0], one[5], same), rest, numbered, facts)
                if two is not None:
                    self._take((OUT, two[0], two[1], same), rest, numbered, facts)
            for item in _renumbered(numbered):
                rest.add(item, 250 + len(item[3]))
            for _, group in groupby(rest.sorted(), key=itemgetter(0)):
                self._judge(group, source, tell)
            for _, told in groupby(facts.sorted(), key=itemgetter(0)):
                self._judge_facts(told, source, tell)

    def _take(
        self,
        record: tuple[int, bytes, bytes, bool],
        rest: Sorter[Residue],
        numbered: Sorter[Positioned],
        facts: Sorter[Fact],
    ) -> None:
        side, key, value, same = record
        kind = self._kind(key, value)
        if isinstance(kind, str):
            self.losses[kind] += side == IN and not same
            return
        if same and not kind.position and not kind.facts:
            return
        values, label, text = kind.read(key, value), kind.row.label, repr(key)[2:-1][:SHOWN_KEY]
        whose = _digest(*(values[at] for at in kind.identity))
        for name, at in kind.facts:
            if values[at] is not ABSENT:
                facts.add((_digest(name, whose), side, name, _digest(values[at]), text), 300 + len(text))
        said = [(at, values[at]) for at in kind.said if values[at] is not ABSENT and values[at] is not None]
        if kind.position:
            order = tuple(values[at] for at in kind.position)
            numbered.add((side, label, whose, order, _digest(*said), text), 400 + len(text))
        elif not same and (said or kind.row.each):  # else it says only that the thing exists
            rest.add((_digest(label, whose, *said), side, label, text), 250 + len(text))

    def _judge(self, group: Iterator[Residue], source: str, tell: Tell) -> None:
        """Records that say the same: as many come back as came in, or the spec says why not."""
        sides: tuple[list[Residue], list[Residue]] = ([], [])
        for item in group:
            sides[item[1]].append(item)
        came, back = sides
        both = min(len(came), len(back))
        if both:
            self.losses[f"{came[0][2]} rewritten"] += both
        for _, _, label, key in came[both:]:
            kind = self._by_label[label]
            if kind.gone:
                self.losses[label] += 1
            elif not self._is_uncounted(kind.events):
                message = f"a {label} record is not in the tree, and no declared loss says why"
                tell(StreamError("self-test", message, Place(source), label, "the record", "nothing", key))
        for _, _, label, key in back[both:]:
            if not self._by_label[label].follows:
                message = f"the tree gives a {label} record that did not come in"
                tell(StreamError("self-test", message, Place(source), label, "no such record", key))

    def _is_uncounted(self, events: tuple[Uncounted, ...]) -> bool:
        """Count a record as one of those that a warning told of, as long as there are any left."""
        for event in events:
            if self._uncounted[event]:
                self._uncounted[event] -= 1
                self.losses[event[0]] += 1
                return True
        return False

    def _judge_facts(self, told: Iterator[Fact], source: str, tell: Tell) -> None:
        """What several records say of one thing: the tree has one of it, or the thing is none."""
        nothing = _digest(None)
        sides: tuple[dict[bytes, str], dict[bytes, str]] = ({}, {})
        name = ""
        for _, side, name, value, key in told:  # noqa: B007  # they are all of one name
            sides[side][value] = key
        came, back = sides
        for value, key in came.items():
            if value in back or value == nothing:
                continue
            if any(other in came for other in back):
                self.losses[f"{name} overridden"] += 1
            elif back or not self._is_uncounted(((self._orphans[name], name),)):
                message = f"what a {name} record says is not in the tree"
                tell(StreamError("self-test", message, Place(source), name, "the same", key))
        for value, key in back.items():
            if value not in came and value != nothing:
                message = f"the tree says of a thing what no {name} record says"
                tell(StreamError("self-test", message, Place(source), name, "the same", key))

    # -------------------------------------------------------------------------------------------- kinds

    def _kind(self, key: bytes, value: bytes) -> _Kind | str:
        row = self._find(key, value)
        if row is None:
            return UNKNOWN
        known = self._kinds.get(id(row))
        if known is None:
            known = self._kinds[id(row)] = self._make(row)
        return known

    def _make(self, row: plan.Row) -> _Kind | str:
        adapter = self._adapters.get(id(row))
        if adapter is None or row.unread or row.role in ("dropped", "derived"):
            return row.label
        if adapter.name not in self._selected:
            return UNSELECTED
        kind = self._compared(adapter, row)
        self._by_label[row.label] = kind
        return kind

    def _compared(self, adapter: plan.Adapter, row: plan.Row) -> _Kind:
        entity = next((entity for entity in adapter.entities if entity.name == row.entity), None)
        lost = set(_lost(row))
        shared = {
            name: share.row.name
            for share in adapter.shared
            for name, _ in share.row.fields
            if entity is None or any(owner == entity.name for owner, _ in share.owners)
        }
        shown = set(_shown(entity, self._on)) - {name for name, _ in entity.fill} if entity is not None else set()
        pieces = body_fields(entity) if entity is not None else set()
        compares = {at for _, at in row.compares}
        elements = set(row.element)
        said = []
        for at, name in enumerate(row.kept):
            field = name.rsplit(".", 1)[-1]
            if at in row.identity or at in compares or at in row.order or name in lost or field in shared:
                continue
            if at in elements or field in shown:
                said.append(at)
        gone = row.legacy or row.each in pieces or copied(row) or row.entity in contents(adapter)
        legacy = entity is not None and any(other.legacy for other in entity.rows)
        return _Kind(
            row,
            self._engine(adapter).reader(row),
            row.identity,
            row.order if any(row.kept[at] in lost for at in row.order) else (),
            tuple(said),
            tuple((shared[name], at) for at, name in enumerate(row.kept) if name in shared and at not in row.identity),
            gone,
            tuple(_events(adapter, entity, row)),
            legacy or row.each in pieces or copied(row),
        )


def _renumbered(numbered: Sorter[Positioned]) -> Iterator[Residue]:
    """Elements by their number among those of their thing, on each side."""
    for _, elements in groupby(numbered.sorted(), key=itemgetter(0, 1, 2)):
        for number, (side, label, whose, _, said, key) in enumerate(elements):
            yield _digest(label, whose, number, said), side, label, key


def _lost(row: plan.Row) -> Iterator[str]:
    """The names that a row binds and that do not come back as they were."""
    for part in row_parts(row):
        if isinstance(part, plan.Json):
            for member in nested_members(part.members):
                if member.because:
                    yield from (name.text for name in member_names(member))
        for slot in slots_of(part):
            inner = slot.slot if isinstance(slot, plan.WireField) else slot
            if slot.target is not None and inner is not None and (inner.account == "lost" or inner.because):
                yield slot.target.text


def _shown(entity: plan.Entity, on: frozenset[str]) -> Iterator[str]:
    """The fields that the documents show with these options."""
    for document in entity.documents:
        if document.only_with and document.only_with not in on:
            continue
        yield from (part.target.field for part in path_parts(document))
        yield from (name for name in (document.raw, document.keyed.field if document.keyed else "") if name)
        members = [*document.members, *(member for line in document.lines for member in line.members)]
        yield from (line.each for line in document.lines if line.each)
        for member in nested_members(tuple(members)):
            hidden = (member.option and member.option not in on) or (member.unless and member.unless not in on)
            if not (hidden or (member.shown_with and not on & set(member.shown_with))):
                yield from (name.field for name in member_names(member))


def _events(adapter: plan.Adapter, entity: plan.Entity | None, row: plan.Row) -> Iterator[Uncounted]:
    """The warnings that tell of things that do not count, for records of one kind."""
    if entity is None:
        return
    if entity.choose is not None:
        yield entity.choose.stale, STALE
    if entity.orphan:
        yield entity.orphan, row.each or ITSELF
    if entity.within and (parent := adapter.entity(entity.within[1])).orphan:
        yield parent.orphan, entity.name


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
