"""Scenes at edges that a draw rarely meets: who says a field that several records may say, and names at their limits.

One for every name in every `prefer` list, and one on each side of every limit of a name; nothing here lists a field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import construct
from hypothesis import strategies as st

from codec.conformance.name_edges import EDGES, segments_of
from codec.conformance.points import names_anchor, preference_anchor
from codec.conformance.specimens import Scene, drawn
from codec.layout.base import Wrong
from codec.spec import plan
from codec.spec.words import Element, Thing
from codec.testing import things
from codec.testing.records import Record, build, canonical, listed, records_of, values_of
from codec.testing.things import Kind

DRAWS = 24  # things of which two that say different things are taken
NOTHING: tuple[object, ...] = (None, [], (), b"")


def edge_scenes(adapter: plan.Adapter) -> Iterator[Scene]:
    """Every such scene of an adapter; one of several edges hits them all."""
    found: dict[tuple[object, str], Scene] = {}
    for entity in adapter.entities:
        for scene in (*_preferences(adapter, entity), *_names(adapter, entity)):
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
    for segment in segments_of(entity):
        for edge, of in EDGES.items():
            kind = Kind(entity, adapter).drawn(st.just(of(segment)), None)
            thing = min(drawn(kind, DRAWS), key=lambda thing: len(repr(thing)))
            records = tuple(canonical(*one) for one in records_of(entity, thing))
            yield Scene(records, hits=frozenset({names_anchor(adapter.name, entity, edge)}))
