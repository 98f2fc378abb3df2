"""Bodies in pieces as a store may hold them: in several parts, in versions, by digest, with pieces beside them that
belong to no body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.spec import plan
from codec.spec.bodies import Take
from codec.spec.words import Element, Thing
from codec.testing.records import Kinds, Record, canonical, noisy
from codec.testing.things import element_values
from codec.testing.values import FieldUses, slots, texts

MOST_PARTS, MOST_PIECES = 2, 2
Order = tuple[int, int, bool]  # number, version and kind of a part


@dataclass(frozen=True, slots=True)
class Held:
    """The records of a thing with a body: those that count only together, content by its digest, and loose pieces."""

    together: list[Record] = field(default_factory=list)
    contents: list[Record] = field(default_factory=list)
    loose: list[Record] = field(default_factory=list)


class Holder:
    """How things of one kind, which have bodies, are held."""

    def __init__(self, adapter: plan.Adapter, entity: plan.Entity) -> None:
        assert entity.bodies is not None
        self._adapter, self._entity, self._bodies = adapter, entity, entity.bodies
        self._kinds = Kinds(adapter.types)
        self._takes = {take.row: take for take in self._bodies.join.takes}
        many = entity.fields[self._bodies.join.parts].many
        assert many is not None
        self._parts = element_values(FieldUses(entity), self._bodies.join.parts, many)
        (written,) = (take for take in self._takes.values() if entity.row(take.row).each == self._bodies.cut.into)
        kind, own = self._bodies.cut.piece[written.only]
        assert kind == "const"
        assert isinstance(own, bytes)
        self._uploads: SearchStrategy[bytes] = st.sampled_from([b"", b"u", own]) | texts().map(str.encode)

    def records(self, draw: st.DrawFn, thing: Thing) -> Held:
        """Some way to hold a thing, as an encode would never write it."""
        join, held = self._bodies.join, Held()
        only, body = draw(self._uploads), thing[join.field]
        assert isinstance(body, bytes)
        parts: dict[Order, Element] = {}
        for order, pieces in self._split(draw, body):
            take = self._take(order)
            parts[order] = self._part(draw, take, order, [len(piece) for piece in pieces])
            for number, piece in enumerate(pieces):
                upload = draw(self._uploads) if take.any_if_empty and not only else only
                held.together.append(self._piece(draw, thing, take, (*order[:2], number, upload), piece))
                held.contents.extend(self._content(draw, take, piece))
        declared = draw(st.permutations([parts[order] for order in sorted(parts)]))
        for row in self._entity.rows:
            if row.name not in self._takes and row.written:
                said = thing | {join.only: only, join.parts: declared}
                record = _as_it_is(row), said, ()
                held.together.append(draw(noisy(*record)) if draw(st.booleans()) else canonical(*record))
        if draw(st.booleans()):
            held.loose.extend(self._stray(draw, thing, only, parts))
        return held

    def _take(self, order: Order) -> Take:
        return next(take for take in self._takes.values() if take.on == order[2])

    def _split(self, draw: st.DrawFn, body: bytes) -> Iterator[tuple[Order, list[bytes]]]:
        """The body in parts, in their order, each in pieces; only an empty one may have no part."""
        numbers = st.integers(0, 3) | st.integers(0, (1 << 64) - 1)
        orders = st.tuples(numbers, numbers, st.booleans())
        found = draw(st.lists(orders, unique=True, min_size=bool(body), max_size=MOST_PARTS))
        for order, data in zip(sorted(found), _cut(draw, body, len(found)), strict=True):
            count = draw(st.integers(1 if data else 0, MOST_PIECES))
            yield order, _cut(draw, data, count)

    def _part(self, draw: st.DrawFn, take: Take, order: Order, sizes: list[int]) -> Element:
        """What the thing says of a part."""
        part = list(draw(self._parts))
        part[take.part[1]], part[take.version[1]], part[take.flag] = order
        part[self._bodies.join.count] = len(sizes)
        if take.content:
            part[take.sizes] = sizes
        return tuple(part)

    def _piece(
        self, draw: st.DrawFn, thing: Thing, take: Take, said: tuple[int, int, int, bytes], data: bytes
    ) -> Record:
        """The record of a piece: `said` are the number and the version of its part, its own number, and its upload."""
        row = self._entity.row(take.row)
        many = self._entity.fields[row.each].many
        assert many is not None
        names = list(many.fields)
        part, version, number, upload = said
        fixed: dict[str, object] = {names[take.part[0]]: part, names[take.number]: number, names[take.only]: upload}
        fixed[names[take.version[0]]] = version or None
        if take.content:
            fixed |= {names[take.by]: _digest(self._content_row(take), data), names[take.size]: len(data)}
        else:
            fixed[names[take.data]] = data
        own = {
            slot.name: slot.target.get(thing, ())
            for part_ in row.key
            for slot in slots(part_)
            if slot.target is not None and slot.target.scope == "thing"
        }
        return self._drawn(draw, row, fixed | own)

    def _drawn(self, draw: st.DrawFn, row: plan.Row, fixed: Mapping[str, object]) -> Record:
        """A record of which these slots are fixed."""
        return draw(self._kinds.records(row, {name: st.just(value) for name, value in fixed.items()}))

    def _content_row(self, take: Take) -> plan.Row:
        return next(row for row in self._adapter.entity(take.content).rows if row.digest[0])

    def _content(self, draw: st.DrawFn, take: Take, data: bytes) -> Iterator[Record]:
        """The record of content by its digest, for pieces that are kept so."""
        if take.content:
            row = self._content_row(take)
            (name,) = (name for name, _ in row.fields if name != row.digest[1])
            yield self._drawn(draw, row, {row.digest[1]: _digest(row, data), name: data})

    def _stray(self, draw: st.DrawFn, thing: Thing, only: bytes, parts: Mapping[Order, Element]) -> Iterator[Record]:
        """A piece that is none of the body: of another upload, or of a part that is not declared."""
        order: Order = (1, draw(st.integers(0, 3)), False)
        is_declared = draw(st.booleans())
        if parts and is_declared:
            order = draw(st.sampled_from(sorted(parts)))
        take, upload = self._take(order), draw(self._uploads)
        counts = upload == only or (take.any_if_empty and not only)
        data = draw(st.binary(max_size=8))
        if order not in parts or not counts:
            yield self._piece(draw, thing, take, (*order[:2], draw(st.integers(0, MOST_PIECES)), upload), data)


def _cut(draw: st.DrawFn, data: bytes, count: int) -> list[bytes]:
    """Data in so many slices."""
    inner = sorted(draw(st.lists(st.integers(0, len(data)), min_size=max(0, count - 1), max_size=max(0, count - 1))))
    return [data[start:end] for start, end in zip([0, *inner], [*inner, len(data)], strict=True)] if count else []


def _digest(row: plan.Row, data: bytes) -> bytes:
    return hashlib.new(row.digest[0], data).digest()


def _as_it_is(row: plan.Row) -> plan.Row:
    """The row with what a thing says where it is written with the same whatever the thing says."""
    return replace(row, forms=tuple(replace(form, parts=tuple(map(_unset, form.parts))) for form in row.forms))


def _unset(part: plan.Part) -> plan.Part:
    if not isinstance(part, plan.Json):
        return part
    return replace(part, members=tuple(replace(one, is_reset=False, reset=None) for one in part.members))
