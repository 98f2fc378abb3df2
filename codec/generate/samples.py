"""One plain thing of every entity, for the examples of the manual: each field is called as itself, numbers count up.

Made from the plan alone and without chance. What a thing's words compute or compare is mended, so that the sample
fulfils the checks of its spec.
"""

from __future__ import annotations

from collections.abc import Iterator

from codec.engine.base import Engine
from codec.layout.types import Kind, Struct, Type
from codec.spec import plan
from codec.spec.account import all_members
from codec.spec.bodies import Cut, element_of
from codec.spec.words import (
    Among,
    Compared,
    Condition,
    Derivation,
    Element,
    Empty,
    Field,
    Joined,
    Lookup,
    Not,
    Pick,
    Present,
    Thing,
    Together,
)

FEW = 2  # elements of a collection
FIRST_NUMBER = 1000
ZEROS: dict[str, object] = {"text": "", "bytes": b"", "flag": False, "f64": 0.0}


def sample(entity: plan.Entity, adapter: plan.Adapter) -> Thing:
    """A thing of the entity; one that lies within another has a sample of that one under the name of the spec."""
    thing: Thing = {name: _value(name, kind, at) for at, (name, kind) in enumerate(entity.fields.items())}
    if entity.within is not None:
        alias, parent = entity.within
        thing[alias] = sample(adapter.entity(parent), adapter)
    for at, named in enumerate(_lookups(entity)):
        thing = _named(thing, named, at)
    for at, pick in enumerate(_picks(entity)):
        thing = _picked(thing, pick, at)
    for document in entity.documents:
        if document.named_by is not None:
            thing[document.named_by[0]] = str(thing[document.named_by[1]]).encode()
    if entity.bodies is not None:
        thing = _cut(entity.bodies.cut, thing)
    for check in entity.checks:
        thing = _computed(entity, thing)
        thing = _mend(check.condition, thing, entity)
    return _computed(entity, thing)


def example(row: plan.Row, entity: plan.Entity, thing: Thing, engine: Engine) -> tuple[bytes, bytes] | None:
    """Key and value of the first record of a kind that the thing is stored as; None if it has none."""
    holder = row.each_of.get(thing, ()) if row.each_of else thing[row.each] if row.each else [()]
    assert isinstance(holder, list)
    for element in holder[:1]:
        here = thing | {name: pick.evaluate(thing, element) for name, pick in row.locals}
        if row.written and (row.when is None or row.when.holds(here, element)):
            many = entity.fields[row.each].many if row.each else None
            return engine.writer(row)(here, (*element, 0) if many is not None and many.positional else element)
    return None


def _computed(entity: plan.Entity, thing: Thing) -> Thing:
    for name, derive in entity.computed:
        thing = thing | {name: derive.evaluate(thing, ())}
    return thing


# ------------------------------------------------------------------------------------------------ values


def _value(name: str, kind: plan.FieldType, at: int) -> object:
    if kind.many is not None:
        return _elements(kind.many)
    if kind.declared is not None:
        return _declared(kind.declared, name)
    if kind.inner is not None:
        return {inner: _value(inner, part, at) for inner, part in kind.inner.items()}
    return _plain(kind.scalar, name, at + FIRST_NUMBER * (kind.scalar not in ("u8", "f64")))


def _elements(many: plan.Collection) -> list[Element]:
    found = [
        tuple(
            _value(f"{name}-{n}" if kind.many is None else name, kind, n)
            for at, (name, kind) in enumerate(many.fields.items())
        )
        for n in range(1, FEW + 1)
    ]
    order = [list(many.fields).index(name) for name in many.order]
    return found if many.positional else sorted(found, key=lambda one: [one[at] for at in order])


def _declared(kind: Type, name: str) -> object:
    """A struct with all of its fields, lists and maps empty; the first member of a union."""
    if isinstance(kind, Struct):
        return {one.name: _member(kind, one) for one in kind.kinds}
    return kind.kinds[0].name, _plain(kind.kinds[0].base, name)


def _member(struct: Struct, one: Kind) -> object:
    if one.shape != "one":
        return [] if one.shape == "list" else {}
    return _plain(one.base, one.name) if one.is_scalar else _declared(struct.types[one.base], one.name)


def _plain(scalar: str, name: str, number: int = 1) -> object:
    """A value of a scalar type, called as its field where it has letters."""
    words = name.replace("_", "-")
    lettered: dict[str, object] = {"text": words, "bytes": words.encode(), "json": f'"{words}"'}
    return lettered.get(scalar, True if scalar == "flag" else number + 0.5 if scalar == "f64" else number)


# ------------------------------------------------------------------------------------------------ names of elements


def _lookups(entity: plan.Entity) -> Iterator[Lookup]:
    for document in entity.documents:
        for member in all_members(document):
            if isinstance(member.derive, Lookup):
                yield member.derive


def _picks(entity: plan.Entity) -> Iterator[Pick]:
    yield from (derive for _, derive in entity.computed if isinstance(derive, Pick))


def _named(thing: Thing, lookup: Lookup, at: int) -> Thing:
    """The field by which an element is looked up says the name of one of them."""
    elements = lookup.collection.get(thing, ())
    if lookup.by.scope == "element" or not isinstance(elements, list):
        return thing
    return _put(thing, (lookup.by.field, *lookup.by.path), elements[at % len(elements)][0])


def _picked(thing: Thing, pick: Pick, at: int) -> Thing:
    """An element is called as the field says by which it is picked, and has the first tag that is allowed."""
    wanted, elements = pick.by.get(thing, ()), pick.collection.get(thing, ())
    assert isinstance(elements, list)
    changed = list(elements)
    changed[at % len(changed)] = (wanted, (pick.only[0], _plain("text", str(wanted))))
    return thing | {pick.collection.field: sorted(changed)}


def _cut(cut: Cut, thing: Thing) -> Thing:
    """A body in one piece."""
    known = {"position": 0, "piece": thing[cut.field], "count": 1, "sizes": [len(thing[cut.field])]}  # type: ignore[arg-type]
    return thing | {
        cut.into: [element_of(cut.piece, known, thing)],
        cut.parts: [element_of(cut.part, known, thing)],
    }


# ------------------------------------------------------------------------------------------------ checks


def _mend(condition: Condition, thing: Thing, entity: plan.Entity) -> Thing:
    """`thing` with as few fields changed as it takes for a check to hold; unchanged where nothing here helps."""
    if condition.holds(thing, ()):
        return thing
    for changed in _changes(condition, thing, entity):
        if condition.holds(changed, ()):
            return changed
    return thing


def _changes(condition: Condition, thing: Thing, entity: plan.Entity) -> Iterator[Thing]:
    if isinstance(condition, Among):
        yield from (_put(thing, (condition.name.field, *condition.name.path), value) for value in condition.values)
    elif isinstance(condition, Empty):
        kind = entity.fields.get(condition.name.field)
        if kind is not None:
            yield thing | {condition.name.field: None if kind.maybe else ZEROS.get(kind.scalar, 0)}
    elif isinstance(condition, Not) and isinstance(condition.inner, Present):
        yield thing | {condition.inner.name.field: None}
    elif isinstance(condition, Compared):
        yield _compared(thing, condition.left, condition.right.evaluate(thing, ()))
    elif isinstance(condition, Joined) and condition.word == "any":
        yield from (changed for part in condition.parts for changed in _changes(part, thing, entity))
    elif isinstance(condition, Joined):
        for part in condition.parts:
            thing = _mend(part, thing, entity)
        yield thing


def _compared(thing: Thing, left: Derivation, value: object) -> Thing:
    """Fields on the left become what stands on the right."""
    if isinstance(left, Field):
        return _put(thing, (left.name.field, *left.name.path), value)
    if isinstance(left, Together):
        for part, one in zip(left.parts, value, strict=True):  # type: ignore[call-overload]
            thing = _compared(thing, part, one)
    return thing


def _put(holder: Thing, path: tuple[str, ...], value: object) -> Thing:
    first, *rest = path
    if not rest:
        return holder | {first: value}
    inner = holder[first]
    assert isinstance(inner, dict)
    return holder | {first: _put(inner, tuple(rest), value)}
