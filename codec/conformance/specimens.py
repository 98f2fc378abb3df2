"""Records to make vectors of: those of drawn trees, bodies with their pieces, and kinds that are read but not written.

Draws are derandomised: the same plan gives the same records. Nothing here lists a field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.strategies import SearchStrategy

from codec.spec import plan
from codec.spec.bodies import Bodies, Take
from codec.spec.container import Container
from codec.spec.words import Element, Thing
from codec.testing import things
from codec.testing.records import Record, build, canonical, records, records_of, values_of
from codec.testing.satisfy import ZEROS, satisfy
from codec.testing.streams import stored
from codec.testing.trees import trees

Drawn = TypeVar("Drawn")

TREES, ODD_RECORDS = 60, 8  # how many are drawn of each; vectors are chosen from them
PIECES = (b"first ", b"\0\xff")  # of a body


@dataclass(frozen=True, slots=True)
class Scene:
    """Records that stand together in one stream; `odd` ones were drawn without the things that belong to them.

    One that was made for an edge `hits` it, as far as the `option` is on that it waits for.
    """

    records: tuple[Record, ...]
    odd: bool = False
    hits: frozenset[str] = frozenset()
    option: str = ""


def scenes(adapter: plan.Adapter, container: Container, count: int = TREES) -> Iterator[Scene]:
    """Scenes of an adapter: each of its record kinds occurs in some of them."""
    bodied = [entity for entity in adapter.entities if entity.bodies is not None]
    if bodied:
        for entity in bodied:
            yield from _with_bodies(adapter, entity)
    else:
        for tree in drawn(trees(adapter), count):
            found = tuple((one.key, one.value) for one in stored(container, adapter, tree).versions)
            if found:
                yield Scene(found)
    for row in adapter.rows:
        if not (row.written and row.role == "stored" and _holds_json(row)):  # such come with their things
            for record in drawn(records(adapter, row), ODD_RECORDS):
                yield Scene((record,), odd=True)


def _holds_json(row: plan.Row) -> bool:
    return any(isinstance(part, plan.Json) for form in row.forms for part in form.parts)


def drawn(strategy: SearchStrategy[Drawn], count: int) -> list[Drawn]:
    """So many examples of a strategy, always the same ones."""
    found: list[Drawn] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def keep(example: Drawn) -> None:
        found.append(example)

    # by default it also draws constants of whatever modules are loaded, which differ from program to program
    with patch.object(providers, "_get_local_constants", Constants, create=True):
        keep()
    return found


# ------------------------------------------------------------------------------------------------ bodies


def _with_bodies(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Scene]:
    """Things with a body, joined in each way that the spec knows, with what they lie within."""
    assert entity.bodies is not None
    for thing in drawn(things(entity, adapter), ODD_RECORDS):
        for take in entity.bodies.join.takes:
            yield Scene(tuple(_joined(adapter, entity, entity.bodies, take, thing)))


def _joined(
    adapter: plan.Adapter, entity: plan.Entity, bodies: Bodies, take: Take, drawn_thing: Thing
) -> Iterator[Record]:
    join, row = bodies.join, entity.row(take.row)
    elements = [_piece(entity, row, take, number, data, drawn_thing[join.only]) for number, data in enumerate(PIECES)]
    thing = drawn_thing | {entity.row(other.row).each: [] for other in join.takes}
    thing = with_body(entity, thing | {row.each: elements}, b"".join(PIECES))
    size = sum(map(len, PIECES))
    thing[join.parts] = [_part(entity, join.parts, bodies, take, size)]
    yield from around(adapter, entity, thing)
    for one, known, element in records_of(entity, thing | {row.each: []}):
        yield canonical(one, known, element)
    for number, element in enumerate(elements):
        form = row.forms[number % len(row.forms)]
        yield (
            build(row.key, values_of(row.key, thing, element)),
            build(form.parts, values_of(form.parts, thing, element)),
        )
    if take.content:
        content = adapter.entity(take.content)
        (one,) = (row for row in content.rows if row.role == "stored")
        by, data = content.identity[0], next(name for name in content.fields if name not in content.identity)
        for piece in PIECES:
            whole: Thing = {by: hashlib.sha256(piece).digest(), data: piece}
            yield (
                build(one.key, values_of(one.key, whole, ())),
                build(one.forms[0].parts, values_of(one.forms[0].parts, whole, ())),
            )


def with_body(entity: plan.Entity, thing: Thing, body: bytes) -> Thing:
    """A thing that is shown, with another body, and with all that its checks ask of that."""
    assert entity.bodies is not None
    thing = thing | {entity.bodies.join.field: body}
    if entity.choose is not None:
        thing[entity.choose.field] = entity.choose.candidates[0].get(thing, ())
    for check in entity.checks:
        thing = satisfy(_no_draw(), check.condition, thing, entity.fields)
    return thing


def around(adapter: plan.Adapter, entity: plan.Entity, thing: Thing) -> Iterator[Record]:
    """The records of what a thing lies within, if it does."""
    if entity.within is not None:
        alias, parent = entity.within
        holder = thing[alias]
        assert isinstance(holder, dict)
        yield from (canonical(*one) for one in records_of(adapter.entity(parent), holder))


def _no_draw() -> st.DrawFn:
    def draw(strategy: object, label: object = None) -> object:
        raise AssertionError("a check of a body leaves no choice")

    return draw  # type: ignore[return-value]


def _piece(entity: plan.Entity, row: plan.Row, take: Take, number: int, data: bytes, only: object) -> Element:
    values = _nothing(entity, row.each)
    values[take.part[0]], values[take.number], values[take.only] = 1, number, only
    if take.content:
        values[take.by], values[take.size] = hashlib.sha256(data).digest(), len(data)
    else:
        values[take.data] = data
    return tuple(values)


def _part(entity: plan.Entity, name: str, bodies: Bodies, take: Take, size: int) -> Element:
    """What the thing declares of its one part: as a cut would declare it, flagged for the kind of pieces."""
    values = _nothing(entity, name)
    many = entity.fields[name].many
    assert many is not None
    known = {"count": len(PIECES), "sizes": [len(piece) for piece in PIECES]}
    for index, (kind, value) in enumerate(bodies.cut.part):
        field = list(many.fields.values())[index]
        own = size if field.scalar in ("i64", "u64") else ""
        values[index] = value if kind == "const" else known.get(kind, own)
    if take.flag >= 0:
        values[take.flag] = take.on
    return tuple(values)


def _nothing(entity: plan.Entity, name: str) -> list[object]:
    many = entity.fields[name].many
    assert many is not None
    return [None if kind.maybe else ZEROS.get(kind.scalar, 0) for kind in many.fields.values()]
