"""The generating face of conditions and picks: a thing changed so that what its spec asks of it holds.

A word without a face here is an error, so that a new condition cannot be forgotten by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.layout.faces import RANGES
from codec.spec.plan import FieldType
from codec.spec.words import (
    Among,
    Compared,
    Condition,
    Derivation,
    Element,
    Empty,
    Field,
    Joined,
    Name,
    Not,
    Pick,
    Present,
    Thing,
    Together,
)
from codec.testing.values import scalars

Types = Mapping[str, FieldType]
ZEROS: dict[str, object] = {"text": "", "bytes": b"", "f64": 0.0, "flag": False}


def satisfy(draw: st.DrawFn, condition: Condition, thing: Thing, fields: Types) -> Thing:
    """`thing` with those fields drawn anew that `condition` leaves no choice for."""
    if isinstance(condition, Compared) and condition.word == "equal":
        return thing | _equal(condition, thing, fields)
    if isinstance(condition, Compared) and condition.word == "at_least":
        return thing | _at_least(draw, condition, thing, fields)
    if isinstance(condition, Joined) and condition.word == "all":
        for part in condition.parts:
            thing = satisfy(draw, part, thing, fields)
        return thing
    if condition.holds(thing, ()):
        return thing
    if isinstance(condition, Joined):
        return _any(draw, condition, thing, fields)
    if _names(condition) - fields.keys():
        return thing  # about the parent, or a view: it is as it is
    if isinstance(condition, Among):
        return put(thing, condition.name, draw(st.sampled_from(condition.values)))
    if isinstance(condition, Compared):
        return thing | _compared(draw, condition, thing, fields)
    if isinstance(condition, Not) and isinstance(condition.inner, Present):
        return put(thing, condition.inner.name, None)
    if isinstance(condition, Not) and isinstance(condition.inner, Among):
        name, refused = condition.inner.name, condition.inner.values
        return put(thing, name, draw(scalars(_type(name, fields)).filter(lambda value: value not in refused)))
    if isinstance(condition, Present):
        return put(thing, condition.name, draw(scalars(_type(condition.name, fields))))
    if isinstance(condition, Empty):
        return put(thing, condition.name, ZEROS.get(_type(condition.name, fields), 0))
    if isinstance(condition, Not) and isinstance(condition.inner, Empty):
        name = condition.inner.name
        return put(thing, name, draw(scalars(_type(name, fields)).filter(bool)))
    raise NotImplementedError(f"{type(condition).__name__} has no generating face yet: give it one in this file")


def _any(draw: st.DrawFn, condition: Joined, thing: Thing, fields: Types) -> Thing:
    """The first branch, of all in any order, that can be made to hold."""
    for part in draw(st.permutations(condition.parts)):
        changed = satisfy(draw, part, thing, fields)
        if part.holds(changed, ()):
            return changed
    return thing


def _names(condition: Condition) -> set[str]:
    """The fields that a condition speaks of."""
    if isinstance(condition, Not):
        return _names(condition.inner)
    if isinstance(condition, (Present, Empty, Among)):
        return {condition.name.field}
    if isinstance(condition, Compared):
        return set(_fields(condition.left)) or {""}
    return {""}


def _compared(draw: st.DrawFn, condition: Compared, thing: Thing, fields: Types) -> Thing:
    """A number above or at most another."""
    (name,) = _fields(condition.left)
    low, high = RANGES[fields[name].scalar]
    bound = condition.right.evaluate(thing, ())
    assert isinstance(bound, int)
    return {name: draw(st.integers(bound + 1, high) if condition.word == "above" else st.integers(low, bound))}


def put(thing: Thing, name: Name, value: object) -> Thing:
    """`thing` with another value for a field, or for a part of a struct in it."""
    return _put(thing, (name.field, *name.path), value)


def _put(holder: Thing, path: tuple[str, ...], value: object) -> Thing:
    first, *rest = path
    inner = holder[first]
    return holder | {first: _put(inner, tuple(rest), value) if rest and isinstance(inner, dict) else value}


def _type(name: Name, fields: Types) -> str:
    kind = fields[name.field]
    for step in name.path:
        assert kind.inner is not None
        kind = kind.inner[step]
    return kind.scalar


def _equal(condition: Compared, thing: Thing, fields: Types) -> Thing:
    """The side that is a field of the model takes the value of the other one."""
    free, given = condition.left, condition.right
    if not fields.keys() >= set(_fields(free) or [""]):
        free, given = given, free
    value = given.evaluate(thing, ())
    values = value if isinstance(value, list) else [value]
    return dict(zip(_fields(free), values, strict=True))


def _at_least(draw: st.DrawFn, condition: Compared, thing: Thing, fields: Types) -> Thing:
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
    is_own = isinstance(side, Field) and side.name.scope == "thing" and not side.name.path
    return [side.name.field] if is_own else []  # type: ignore[attr-defined]


def satisfy_pick(
    draw: st.DrawFn, pick: Pick, thing: Thing, element: Element, tagged: Callable[[str], SearchStrategy[object]]
) -> Thing:
    """`thing` with the element that the pick names, drawn anew so that keys can hold it; an optional one only now and then.

    `tagged` gives the values that a tag may have in keys.
    """
    wanted = pick.by.get(thing, element)
    is_needed = pick.needed == "always" or (pick.needed == "if_named" and bool(wanted))
    is_there = pick.find(thing, element) is not None
    if not is_there and not is_needed and (not wanted or draw(st.booleans())):
        return thing
    elements = pick.collection.get(thing, element)
    assert isinstance(elements, list)
    tag = draw(st.sampled_from(pick.only))
    kept = [one for one in elements if one[0] != wanted]
    return put(thing, pick.collection, sorted([*kept, (wanted, (tag, draw(tagged(tag))))]))
