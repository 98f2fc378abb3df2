"""Things and trees of things as the model has them: canonical, with every check of the spec fulfilled.

Derived from the plan alone: a field, entity or adapter is drawn from the day that it is declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.mapping.rows import needed
from codec.spec import plan
from codec.spec.words import Element, Thing
from codec.testing.identities import pools, seeds
from codec.testing.satisfy import satisfy
from codec.testing.values import FieldUses, slots

Tree = Mapping[str, tuple[Thing, ...]]  # the things of an adapter, by entity
MOST_ELEMENTS, MOST_THINGS = 3, 2


def things(entity: plan.Entity, adapter: plan.Adapter) -> SearchStrategy[Thing]:
    """Things of an entity: each comes back from its records, and from its documents where these show all of it."""
    uses = FieldUses(entity)
    identity = seeds(adapter)
    fields = {
        name: identity if name in entity.identity and kind.scalar == "bytes" else _values(uses, entity, name, kind)
        for name, kind in entity.fields.items()
    }
    groups = list(_together(entity))

    @st.composite
    def thing(draw: st.DrawFn) -> Thing:
        drawn = {name: draw(values) for name, values in fields.items()}
        for group in groups:
            if any(drawn[name] is None for name in group):
                drawn |= dict.fromkeys(group)
        for check in entity.checks:
            drawn = satisfy(draw, check.condition, drawn, entity.fields)
        return drawn

    return thing().filter(lambda drawn: is_told(entity, drawn))


def _values(uses: FieldUses, entity: plan.Entity, name: str, kind: plan.FieldType) -> SearchStrategy[object]:
    if kind.many is not None:
        return _elements(uses, name, kind.many, _distinct(entity, name, kind.many))
    values = uses.of(name).values(kind.scalar)
    return st.none() | values if kind.maybe else values


def _elements(uses: FieldUses, name: str, many: plan.Collection, distinct: tuple[int, ...]) -> SearchStrategy[object]:
    """Elements in canonical order, different in the fields that tell them apart."""
    parts = []
    for inner, kind in many.fields.items():
        if kind.many is not None:
            parts.append(_elements(uses, inner, kind.many, _indexes(kind.many, kind.many.unique)))
        else:
            values = uses.of(inner, name).values(kind.scalar)
            parts.append(st.none() | values if kind.maybe else values)
    one = st.tuples(*parts)
    if many.positional:
        return st.lists(one, max_size=MOST_ELEMENTS)
    order = _indexes(many, many.order)
    unique = (lambda element: tuple(element[i] for i in distinct)) if distinct else None
    drawn = st.lists(one, max_size=MOST_ELEMENTS, unique_by=unique)
    return drawn.map(lambda elements: sorted(elements, key=lambda element: tuple(element[i] for i in order)))


def _indexes(many: plan.Collection, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(list(many.fields).index(name) for name in names)


def _distinct(entity: plan.Entity, name: str, many: plan.Collection) -> tuple[int, ...]:
    """The fields in which elements must differ: the unique ones, else those that the keys of their records hold."""
    if many.unique:
        return _indexes(many, many.unique)
    keys = [
        {slot.target.index for part in row.key for slot in slots(part) if slot.target and slot.target.scope == "element"}
        for row in entity.rows
        if row.written and row.each == name
    ]
    return tuple(sorted(set.intersection(*keys))) if keys else ()


def _together(entity: plan.Entity) -> Iterator[tuple[str, ...]]:
    """Fields of the thing that its records hold together or not at all."""
    for row in entity.rows:
        for form in row.forms:
            for part in form.parts:
                if row.written and isinstance(part, plan.Optional) and len(part.parts) > 1:
                    yield tuple(slot.target.field for slot in part.parts if slot.target is not None)


def is_told(entity: plan.Entity, thing: Thing) -> bool:
    """Whether every record of the thing is read in the form it is written in.

    A form without a magic cannot hold a value that begins like another form; formats that have such forms lose it.
    """
    for row in entity.rows:
        if not row.written or row.each or len(row.forms) < 2:
            continue
        form = form_of(row, thing, ())
        first = form.parts[0] if form.parts else None
        if not form.magic and isinstance(first, plan.Slot) and first.target is not None:
            value = first.target.get(thing, ())
            earlier = row.forms[: row.forms.index(form)]
            if isinstance(value, bytes) and any(value.startswith(other.magic) for other in earlier):
                return False
    return True


def form_of(row: plan.Row, thing: Thing, element: Element) -> plan.Form:
    """The form that a thing's record is written in."""
    return next(form for form in row.forms if form.written and (form.when is None or form.when.holds(thing, element)))


# ------------------------------------------------------------------------------------------------ trees


def trees(adapter: plan.Adapter) -> SearchStrategy[Tree]:
    """Things of every entity of an adapter, with distinct identities, such that each shared record has one owner."""
    few = {entity.name: st.lists(things(entity, adapter), max_size=MOST_THINGS) for entity in adapter.entities}

    @st.composite
    def tree(draw: st.DrawFn) -> Tree:
        pool = draw(pools(adapter))
        drawn = {entity.name: list(_distinct_things(draw, entity, draw(few[entity.name]), pool)) for entity in adapter.entities}
        for shared in adapter.shared:
            _one_owner(adapter, shared, drawn)
        return {name: tuple(things) for name, things in drawn.items()}

    return tree()


def _distinct_things(draw: st.DrawFn, entity: plan.Entity, drawn: list[Thing], pool: list[bytes]) -> Iterator[Thing]:
    taken: set[object] = set()
    for thing in drawn:
        if len(entity.identity) == 1 and isinstance(thing[entity.identity[0]], bytes):
            thing = thing | {entity.identity[0]: draw(st.sampled_from(pool))}
        identity = tuple(thing[name] for name in entity.identity)
        if identity not in taken:
            taken.add(identity)
            yield thing


def _one_owner(adapter: plan.Adapter, shared: plan.Shared, tree: Mapping[str, list[Thing]]) -> None:
    """Of the things with one identity only the first owner may write the shared record."""
    fields = [name for name, _ in shared.row.fields]
    first: dict[object, str] = {}
    for owner, row in shared.owners:
        entity = adapter.entity(owner)
        if row and not entity.row(row).written:
            continue
        writes = any(one.shared == shared.row.name and one.written for one in entity.rows)
        for thing in tree[owner]:
            identity = tuple(thing[name] for name in entity.identity)
            if first.setdefault(identity, owner) != owner and writes:
                thing |= dict.fromkeys(fields)


def records_of(entity: plan.Entity, thing: Thing) -> Iterator[tuple[plan.Row, Element]]:
    """The records that a thing is stored as: their kind, and the element that each is for."""
    for row in entity.rows:
        if not row.written:
            continue
        if row.each:
            many, elements = entity.fields[row.each].many, thing[row.each]
            assert many is not None and isinstance(elements, (list, tuple))
            for position, element in enumerate(elements):
                yield row, (*element, position) if many.positional else element
        elif all(name.get(thing, ()) is not None for name in needed(row)):
            yield row, ()


def visible(entity: plan.Entity, thing: Thing, shown: frozenset[str]) -> Thing:
    """What documents show of a thing while the options in `shown` are on: fields behind other options are none."""
    behind = {
        member.target.field
        for document in entity.documents
        for member in (*document.members, *(member for line in document.lines for member in line.members))
        if member.option and member.option not in shown and member.target is not None
    }
    return thing | dict.fromkeys(behind)
