"""The generating face of the condition words: a thing changed so that a condition of its spec holds.

A word without a face here is an error, so that a new condition cannot be forgotten by the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from codec.layout.faces import RANGES
from codec.spec.plan import FieldType
from codec.spec.words import Compared, Condition, Derivation, Field, Present, Thing, Together
from codec.testing.values import scalars


def satisfy(draw: st.DrawFn, condition: Condition, thing: Thing, fields: Mapping[str, FieldType]) -> Thing:
    """`thing` with those fields drawn anew that `condition` leaves no choice for."""
    if isinstance(condition, Present):
        return thing | _present(draw, condition, thing, fields)
    if isinstance(condition, Compared) and condition.word == "equal":
        return thing | _equal(condition, thing)
    if isinstance(condition, Compared) and condition.word == "at_least":
        return thing | _at_least(draw, condition, thing, fields)
    raise NotImplementedError(f"{type(condition).__name__} has no generating face yet: give it one in this file")


def _present(draw: st.DrawFn, condition: Present, thing: Thing, fields: Mapping[str, FieldType]) -> Thing:
    name = condition.name.field
    return {} if thing[name] is not None else {name: draw(scalars(fields[name].scalar))}


def _equal(condition: Compared, thing: Thing) -> Thing:
    """The side that is a field of the thing takes the value of the other one."""
    free, given = condition.left, condition.right
    if not _fields(free):
        free, given = given, free
    value = given.evaluate(thing, ())
    values = value if isinstance(value, list) else [value]
    return dict(zip(_fields(free), values, strict=True))


def _at_least(draw: st.DrawFn, condition: Compared, thing: Thing, fields: Mapping[str, FieldType]) -> Thing:
    """The fields of the left side, drawn at or above the right side, the first of them weighing most."""
    bound = condition.right.evaluate(thing, ())
    bounds = bound if isinstance(bound, list) else [bound]
    drawn: Thing = {}
    above = False
    for name, least in zip(_fields(condition.left), bounds, strict=True):
        low, high = RANGES[fields[name].scalar]
        value = draw(st.integers(low if above else least, high) | st.just(high if above else least))
        above = above or value > least
        drawn[name] = value
    return drawn


def _fields(side: Derivation) -> list[str]:
    """The fields of the thing that a side consists of; empty if it is computed."""
    if isinstance(side, Together):
        names = [_fields(part) for part in side.parts]
        return [name for part in names for name in part] if all(names) else []
    return [side.name.field] if isinstance(side, Field) and side.name.scope == "thing" else []
