"""Things to records: the fields of a thing with all that follows from them, and the records that these make."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from codec.errors import DataError
from codec.generate.python.kinds import (
    Element,
    EntityKind,
    Fields,
    Options,
)
from codec.spec.bodies import Cut, element_of


def fields_of(thing: Any, kinds: Mapping[type[Any], EntityKind], options: Options, children: Sequence[Any]) -> Fields:
    """The fields of a thing, those of its parent and what follows from them; `children` are all there are."""
    kind = kinds[type(thing)]
    fields: Fields = dict.fromkeys(kind.fields) | {f"option {name}": True for name in options}
    fields |= {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    for name, child, field in kind.greatest:
        own = (
            one for one in children if kinds[type(one)].name == child and getattr(one, kinds[type(one)].alias) is thing
        )
        fields[name] = max((getattr(one, field) for one in own), default=0)
    if kind.alias:
        fields[kind.alias] = fields_of(fields[kind.alias], kinds, options, children)
    if kind.cut is not None:
        fields |= pieces_of(kind.cut, fields, kind.every)
    kind.compute(fields)
    return fields


def pieces_of(cut: Cut, fields: Fields, every: int) -> Fields:
    """A body as pieces of `every` bytes, and the part that they make."""
    body = fields[cut.field]
    pieces = [body[at : at + every] for at in range(0, len(body), every)]
    known = {"count": len(pieces), "sizes": [len(piece) for piece in pieces]}
    elements = [element_of(cut.piece, {"position": n, "piece": piece}, fields) for n, piece in enumerate(pieces)]
    return {cut.into: elements, cut.parts: [element_of(cut.part, known, fields)] if pieces else []}


def records_of(
    things: Sequence[Any], kinds: Mapping[type[Any], EntityKind], options: Options
) -> Iterator[tuple[bytes, bytes]]:
    """The records that things are stored as, in no particular order; raises `DataError`."""
    common: dict[bytes, tuple[Element, bytes]] = {}
    for thing in things:
        kind, fields = kinds[type(thing)], fields_of(thing, kinds, options, things)
        kind.check(fields)
        yield from kind.records(fields)
        for key, rank, value in kind.common(fields):
            common[key] = min(common.get(key, (rank, value)), (rank, value), key=itemgetter(0))
    for key, (_, value) in common.items():
        yield key, value


def first_named(elements: Sequence[Element], wanted: Any) -> Any:
    """The second field of the first element whose first field is `wanted`; empty text if there is none."""
    return next((one[1] for one in elements if one[0] == wanted), "")


def checked(holds: bool, hint: str) -> None:
    """Raise `DataError` unless a check holds."""
    if not holds:
        raise DataError("check", hint)
