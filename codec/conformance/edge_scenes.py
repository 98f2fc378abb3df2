"""Scenes at edges that a draw rarely meets; nothing here lists a field.

Who says a field that several records may say, names on each side of their limits, fields at the ends of their types,
every value that a check allows, keys that a kind of record refuses, and bodies that do not fit into one piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import construct
from hypothesis import strategies as st

from codec.conformance.edge_points import (
    allowed_anchor,
    cut_anchor,
    end_anchor,
    most_ends,
    names_anchor,
    preference_anchor,
    refused_anchor,
)
from codec.conformance.name_edges import names_of
from codec.conformance.specimens import Scene, around, drawn, with_body
from codec.layout.base import Wrong
from codec.spec import plan
from codec.spec.scalars import ENDS
from codec.spec.words import Among, Element, Thing
from codec.testing import things
from codec.testing.bodies import cut, every
from codec.testing.identities import seeds
from codec.testing.records import Record, build, canonical, listed, records_of, values_of
from codec.testing.things import Kind
from codec.testing.values import FieldUses

DRAWS, FEW = 24, 3  # things of which those are taken that say something; of which the smallest is taken
NOTHING: tuple[object, ...] = (None, [], (), b"")


def edge_scenes(adapter: plan.Adapter) -> Iterator[Scene]:
    """Every such scene of an adapter; one of several edges hits them all."""
    found: dict[tuple[object, str], Scene] = {}
    for entity in adapter.entities:
        for scene in (scene for edges in _EDGES for scene in edges(adapter, entity)):
            same = frozenset(dict(scene.records).items()), scene.option
            known = found.get(same, scene)
            found[same] = replace(known, hits=known.hits | scene.hits)
    yield from found.values()


# ------------------------------------------------------------------------------------------------ who says a field


def _preferences(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """Of each field: all but one kind of record say nothing; then each pair of them says different things."""
    found = drawn(things(entity, adapter), DRAWS) if entity.prefer else []
    for field, order in entity.prefer.items():
        said = [thing for thing in found if thing[field] not in NOTHING and _fits(entity, order, thing)]
        if not said:
            continue
        one = min(said, key=lambda thing: len(repr(thing)))
        other = next((thing[field] for thing in said if thing[field] != one[field]), None)
        for index, name in enumerate(order):
            row = entity.row(name)
            alone = frozenset({preference_anchor(adapter.name, entity, field, name)})
            yield Scene((*_without(entity, one, field, order), *_of(row, one)), hits=alone, option=row.option)
            for later in order[index + 1 :] if other is not None else ():
                hits = frozenset({preference_anchor(adapter.name, entity, field, name, later)})
                loser = entity.row(later)
                records = (*_of(row, one), *_of(loser, one | {field: other}))
                whole = (*_without(entity, one, field, (*order[:index], later)), *records)
                yield Scene(whole, hits=hits, option=row.option or loser.option)


def _without(entity: plan.Entity, thing: Thing, field: str, order: tuple[str, ...]) -> Iterator[Record]:
    """The records of a thing of which those kinds say nothing of a field: they are not there where they cannot do so."""
    kind = entity.fields[field]
    empty = thing | {field: [] if kind.many is not None else None}
    can_be_silent = kind.maybe or kind.many is not None
    for row, known, element in records_of(entity, empty if can_be_silent else thing):
        if can_be_silent or row.name not in order:
            yield canonical(row, known, element)


def _fits(entity: plan.Entity, order: tuple[str, ...], thing: Thing) -> bool:
    """Whether each of these kinds of records can say what a thing is: older ones hold less."""
    try:
        return all(any(_of(entity.row(name), thing)) for name in order)
    except (Wrong, construct.ConstructError):
        return False


def _of(row: plan.Row, thing: Thing) -> Iterator[Record]:
    """The records of one kind, also of one that is only read, in its first form."""
    elements: list[Element] = listed(thing[row.each]) if row.each else [()]
    for element in elements:
        parts = row.forms[0].parts
        yield build(row.key, values_of(row.key, thing, element)), build(parts, values_of(parts, thing, element))


# ------------------------------------------------------------------------------------------------ names at their limits


def _names(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """A thing under each identity at an edge of the names of its documents."""
    for edge, identities in names_of(entity).items():
        for identity in identities:
            kind = Kind(entity, adapter).drawn(st.just(identity), None)
            thing = min(drawn(kind, FEW), key=lambda thing: len(repr(thing)))
            records = tuple(canonical(*one) for one in records_of(entity, thing))
            yield Scene(records, hits=frozenset({names_anchor(adapter.name, entity, edge)}))


# ------------------------------------------------------------------------------------------------ values at their ends


def _ends(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """A thing with all of its fields at the same end of their types, as far as its records and documents hold that."""
    if entity.within is not None or entity.bodies is not None:
        return
    uses = FieldUses(entity)
    found = sorted(drawn(things(entity, adapter), DRAWS), key=lambda thing: len(repr(thing)))
    for end in range(most_ends(entity)):
        hits = frozenset({end_anchor(adapter.name, entity, end)})
        thing = found[-1]
        for change in _at_end(entity, uses, thing, end):
            changed = thing | dict((change,))
            if _fits(entity, (), changed) and all(check.condition.holds(changed, ()) for check in entity.checks):
                thing = changed
        yield Scene(tuple(canonical(*one) for one in records_of(entity, thing)), hits=hits)


def _at_end(entity: plan.Entity, uses: FieldUses, thing: Thing, end: int) -> Iterator[tuple[str, object]]:
    """The fields, each with what it holds at an end; elements of collections keep what tells them apart."""
    named = {name for document in entity.documents if document.named_by for name in document.named_by}
    kept = {*entity.identity, *(name for name, _ in entity.computed), *named}
    for name, kind in entity.fields.items():
        if name in kept:
            continue
        if kind.many is None:
            value = _end(kind, end)
            if value is not None and uses.of(name).keeps(value):
                yield name, value
            continue
        fixed = {*kind.many.unique, *kind.many.order}
        elements = listed(thing[name])
        for index, (inner, of) in enumerate(kind.many.fields.items()):
            value = _end(of, end) if inner not in fixed else None
            if value is not None and uses.of(inner, name).keeps(value):
                elements = [(*one[:index], value, *one[index + 1 :]) for one in elements]
        yield name, elements


def _end(kind: plan.FieldType, end: int) -> object:
    """An end of a scalar type; a type that has fewer begins again."""
    ends = ENDS.get(kind.scalar, ())
    return ends[end % len(ends)] if ends and kind.many is None else None


def _allowed(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """A thing with each of the values that a check names."""
    for number, check in enumerate(entity.checks if entity.within is None else ()):
        if not isinstance(check.condition, Among) or check.condition.name.path:
            continue
        field = check.condition.name.field
        for value in check.condition.values:
            kind = Kind(entity, adapter, {field: st.just(value)})
            found = [thing for thing in drawn(kind.drawn(seeds(adapter), None), DRAWS) if thing[field] == value]
            if found:
                thing = min(found, key=lambda thing: len(repr(thing)))
                records = tuple(canonical(*one) for one in records_of(entity, thing))
                yield Scene(records, hits=frozenset({allowed_anchor(adapter.name, entity, number, value)}))


def _refused_keys(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """A key that a kind of record without a prefix would take, if it did not begin as it does."""
    for row in (row for row in entity.rows if row.refused):
        for text in row.refused:
            hits = frozenset({refused_anchor(adapter.name, row, text)})
            yield Scene(((text + b"?", b"!"),), odd=True, hits=hits, option=row.option)


def _cuts(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """A thing whose body is one byte longer than a piece is where no option says otherwise."""
    if entity.bodies is None:
        return
    size = every(adapter, entity)
    small = min(drawn(things(entity, adapter), FEW), key=lambda thing: len(repr(thing)))
    thing = cut(entity, with_body(entity, small, b"x" * (size + 1)), size)
    records = (canonical(*one) for one in records_of(entity, thing))
    yield Scene((*around(adapter, entity, thing), *records), hits=frozenset({cut_anchor(adapter.name, entity)}))


_EDGES = (_preferences, _names, _ends, _allowed, _refused_keys, _cuts)
