"""Anchors of edges that a right input stands at: which there are, read off the plan."""

from __future__ import annotations

from collections.abc import Iterator

from codec.conformance.name_edges import names_of
from codec.spec import plan
from codec.spec.scalars import ENDS
from codec.spec.words import Among


def edge_points(adapter: str, entity: plan.Entity) -> Iterator[tuple[str, str]]:
    """Every edge of an entity: its kind, and its anchor."""
    for field, order in entity.prefer.items():
        for index, row in enumerate(order):
            for later in ("", *order[index + 1 :]):
                yield "preference", preference_anchor(adapter, entity, field, row, later)
    for edge in names_of(entity):
        yield "edge of names", names_anchor(adapter, entity, edge)
    for end in range(most_ends(entity)):
        yield "end of types", end_anchor(adapter, entity, end)
    for number, check in enumerate(entity.checks if entity.within is None else ()):
        if isinstance(check.condition, Among) and not check.condition.name.path:
            for value in check.condition.values:
                yield "value", allowed_anchor(adapter, entity, number, value)
    if entity.bodies is not None:
        yield "cut", cut_anchor(adapter, entity)
    for kind in entity.rows:
        yield from (("refused key", refused_anchor(adapter, kind, text)) for text in kind.refused)


def preference_anchor(adapter: str, entity: plan.Entity, field: str, row: str, later: str = "") -> str:
    """The anchor of what decides about a field: only records of one kind say it, or a `later` kind says something else."""
    return f"{adapter}.{entity.name}.prefer.{field}.{row}{f'.before.{later}' if later else ''}"


def names_anchor(adapter: str, entity: plan.Entity, edge: str) -> str:
    """The anchor of an edge of the names of an entity's documents."""
    return f"{adapter}.{entity.name}.names.{edge}"


def end_anchor(adapter: str, entity: plan.Entity, end: int) -> str:
    """The anchor of a thing whose fields are at one end of their types."""
    return f"{adapter}.{entity.name}.ends.{end + 1}"


def most_ends(entity: plan.Entity) -> int:
    """How many ends the types of an entity's fields have at most; things within others, or with a body, are left out."""
    if entity.within is not None or entity.bodies is not None:
        return 0
    inner = (of for kind in entity.fields.values() if kind.many for of in kind.many.fields.values())
    kinds = (*entity.fields.values(), *inner)
    return max((len(ENDS[kind.scalar]) for kind in kinds if kind.scalar in ENDS), default=0)


def allowed_anchor(adapter: str, entity: plan.Entity, number: int, value: object) -> str:
    """The anchor of a value that a check allows."""
    return f"{adapter}.{entity.name}.checks.{number + 1}.{value if value != '' else 'empty'}"


def cut_anchor(adapter: str, entity: plan.Entity) -> str:
    """The anchor of a body in two pieces."""
    return f"{adapter}.{entity.name}.cut"


def refused_anchor(adapter: str, row: plan.Row, text: bytes) -> str:
    """The anchor of how keys of a kind of record do not begin."""
    return f"{adapter}.{row.label}.not.{text.decode('latin-1')}"
