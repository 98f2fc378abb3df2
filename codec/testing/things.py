"""Things and trees of things as the model has them: canonical, with every check of the spec fulfilled.

Derived from the plan alone: a field, entity or adapter is drawn from the day that it is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.engine.documents import targets
from codec.layout.tagged import TaggedKey
from codec.spec import plan
from codec.spec.account import row_parts, slots_of
from codec.spec.coverage import shown_fields
from codec.spec.words import Among, Derivation, Element, FirstOf, Pick, Present, Thing
from codec.testing.bodies import cut, cut_fields, every, literal, literal_keys
from codec.testing.identities import seeds
from codec.testing.records import form_of, listed
from codec.testing.satisfy import ZEROS, satisfy, satisfy_pick
from codec.testing.values import FieldUses, all_members, members_of, slots

Tree = Mapping[str, tuple[Thing, ...]]  # the things of an adapter, by entity
Identities = SearchStrategy[bytes]
MOST_ELEMENTS, MOST_THINGS, MOST_CHILDREN = 3, 2, 3


def things(entity: plan.Entity, adapter: plan.Adapter) -> SearchStrategy[Thing]:
    """Things of an entity: each comes back from its records, and from its documents where these show all of it.

    A thing that lies within another has that other one, under the name that the spec gives it.
    """
    kind = Kind(entity, adapter)
    if entity.within is None:
        return kind.drawn(seeds(adapter), None)
    return things(adapter.entity(entity.within[1]), adapter).flatmap(lambda parent: kind.drawn(st.just(b""), parent))


class Kind:
    """How things of one entity are drawn; `fixed` says of some fields what they are first drawn from."""

    def __init__(
        self,
        entity: plan.Entity,
        adapter: plan.Adapter,
        fixed: Mapping[str, SearchStrategy[object]] | None = None,
    ) -> None:
        self.entity = entity
        uses = FieldUses(entity)
        self._fields = {
            name: _values(uses, entity, name, kind)
            for name, kind in entity.fields.items()
            if name not in cut_fields(entity)
        }
        for document in entity.documents:
            if shown_as := literal(document):
                name, path = shown_as
                self._fields[name.field] |= literal_keys(path, adapter.names[path.names])
        for check in entity.checks:
            if isinstance(check.condition, Among) and not check.condition.name.path:
                self._fields[check.condition.name.field] = st.sampled_from(check.condition.values)
        self._fields |= fixed or {}
        self._every = every(adapter, entity) if entity.bodies is not None else 0
        self._derived = tuple(_derived(entity))
        self._unsaid = _unsaid(entity)
        self._together = tuple(_together(entity))
        self._keys = next(tagged_keys(entity), None)
        self._named_by = next((document.named_by for document in entity.documents if document.named_by), None)

    def drawn(self, identities: Identities, parent: Thing | None) -> SearchStrategy[Thing]:
        """Things with one of these identities, within `parent` if they lie within anything."""

        @st.composite
        def thing(draw: st.DrawFn) -> Thing:
            return self._draw(draw, identities, parent)

        return thing().filter(self._is_canonical)

    def _is_canonical(self, drawn: Thing) -> bool:
        checked = all(check.condition.holds(drawn, ()) for check in self.entity.checks)
        return checked and is_told(self.entity, drawn)

    def _draw(self, draw: st.DrawFn, identities: Identities, parent: Thing | None) -> Thing:
        entity = self.entity
        drawn = {name: draw(values) for name, values in self._fields.items()} | dict.fromkeys(self._unsaid)
        if entity.within is not None and parent is not None:
            drawn[entity.within[0]] = parent
            drawn |= _chosen(entity, drawn)
        for group in self._together:
            if any(drawn[name] is None for name in group):
                drawn |= dict.fromkeys(group)
        self._identify(draw, identities, drawn)
        drawn = self._derive(self._computed(drawn))
        for check in entity.checks:
            drawn = self._computed(satisfy(draw, check.condition, drawn, entity.fields))
        if self._named_by is not None:
            drawn[self._named_by[0]] = str(drawn[self._named_by[1]]).encode()
        drawn = self._derive(self._compute(draw, drawn))
        drawn = cut(entity, drawn, self._every) if entity.bodies is not None else drawn
        return drawn | dict.fromkeys(self._not_held(drawn))

    def _computed(self, drawn: Thing) -> Thing:
        """What follows from other fields; picked values come later."""
        for name, derive in self.entity.computed:
            if not isinstance(derive, Pick):
                drawn = drawn | {name: derive.evaluate(drawn, ())}
        return drawn

    def _derive(self, drawn: Thing) -> Thing:
        """Fields that records do not hold as they are, but as they follow: these are what they follow to be."""
        for name, derive, kind in self._derived:
            value = derive.evaluate(drawn, ())
            drawn = drawn | {name: ZEROS.get(kind, 0) if value is None else value}
        return drawn

    def _not_held(self, drawn: Thing) -> Iterator[str]:
        """Fields that may be none, of which no record that is written holds anything."""
        for name, kind in self.entity.fields.items():
            rows = [row for row in self.entity.rows if row.written and row.role == "stored" and name in held_by(row)]
            if kind.maybe and rows and not any(row.when is None or row.when.holds(drawn, ()) for row in rows):
                yield name

    def _identify(self, draw: st.DrawFn, identities: Identities, drawn: Thing) -> None:
        """Give the field that says the identity one of `identities`."""
        if self._named_by is not None:
            drawn[self._named_by[1]] = draw(identities).decode("latin-1")
        elif self.entity.identity[0] in drawn:
            drawn[self.entity.identity[0]] = draw(identities)

    def _compute(self, draw: st.DrawFn, drawn: Thing) -> Thing:
        """Put in what makes the thing one of its kind, and now and then what further records follow from."""
        picks = [(name, derive) for name, derive in self.entity.computed if isinstance(derive, Pick)]
        for _, pick in picks:
            drawn = satisfy_pick(draw, pick, drawn, (), self._tagged)
        for row in self.entity.rows:
            if row.each_of is not None:
                for element in listed(row.each_of.get(drawn, ())):
                    for _, pick in row.locals:
                        drawn = satisfy_pick(draw, pick, drawn, element, self._tagged)
        return self._computed(drawn | {name: pick.evaluate(drawn, ()) for name, pick in picks})

    def _tagged(self, tag: str) -> SearchStrategy[object]:
        assert self._keys is not None, "a picked value stands in a key"
        return self._keys.codecs[tag].values()


def _chosen(entity: plan.Entity, thing: Thing) -> Thing:
    """Where a field of the identity says whether a thing counts: what it is in those that count most."""
    choose = entity.choose
    if choose is None or choose.field not in entity.identity:
        return {}
    return {choose.field: choose.candidates[-1].get(thing, ())}


def _unsaid(entity: plan.Entity) -> tuple[str, ...]:
    """Fields of which records hold what follows if nobody says them, and that no document shows."""
    held = [slot.slot if isinstance(slot, plan.WireField) else slot for row in entity.rows for slot in _slots_of(row)]
    derived = [derive for _, derive in entity.computed] + [slot.derive for slot in held if slot is not None]
    tests = [test for derive in derived if isinstance(derive, FirstOf) for test, _ in derive.branches]
    asked = {test.name.field for test in tests if isinstance(test, Present)}
    return tuple(name for name in entity.fields if name in asked - {name for _, name in shown_fields(entity)})


def _slots_of(row: plan.Row) -> Iterator[plan.Slot | plan.WireField]:
    return (slot for part in row_parts(row) for slot in slots_of(part))


def _derived(entity: plan.Entity) -> Iterator[tuple[str, Derivation, str]]:
    """Fields whose records say what follows, not what the field is: how it follows, and the field's type."""
    for row in entity.rows:
        if not row.written or row.role != "stored":
            continue
        for part in (*row.key, *(part for form in row.forms for part in form.parts)):
            held: list[plan.Slot | plan.Member] = [*slots(part), *(part.members if isinstance(part, plan.Json) else ())]
            for one in held:
                if one.target is not None and one.derive is not None and not one.target.path:
                    yield one.target.field, one.derive, entity.fields[one.target.field].scalar


def held_by(row: plan.Row) -> set[str]:
    """The fields of the thing that a kind of record holds."""
    parts = [*row.key, *(part for form in row.forms for part in form.parts)]
    names = {slot.target.field for part in parts for slot in slots(part) if slot.target is not None}
    stored = (member for part in parts if isinstance(part, plan.Json) for member in part.members)
    return names | {member.target.field for member in stored if member.target is not None}


def tagged_keys(entity: plan.Entity) -> Iterator[TaggedKey]:
    """The layouts of tagged values in keys."""
    for row in entity.rows:
        for part in row.key:
            written = part.written if isinstance(part, plan.Slack) else slots(part)
            yield from (slot.layout for slot in written if isinstance(slot.layout, TaggedKey))


def _values(uses: FieldUses, entity: plan.Entity, name: str, kind: plan.FieldType) -> SearchStrategy[object]:
    if kind.many is not None:
        many = _elements(uses, name, kind.many, _distinct(entity, name, kind.many))
        whole = next((face for face in uses.of(name).faces if face.shape == "by_name"), None)
        return many if whole is None else many.map(lambda elements: elements or whole.missing())
    return uses.of(name).values(kind)


def _elements(uses: FieldUses, name: str, many: plan.Collection, distinct: tuple[int, ...]) -> SearchStrategy[object]:
    """Elements in canonical order, different in the fields that tell them apart."""
    one = element_values(uses, name, many)
    if many.positional:
        return st.lists(one, max_size=MOST_ELEMENTS)
    order = _indexes(many, many.order)
    drawn = st.lists(one, max_size=MOST_ELEMENTS, unique_by=_by(distinct) if distinct else None)
    return drawn.map(lambda elements: sorted(elements, key=_by(order)))


def element_values(uses: FieldUses, name: str, many: plan.Collection) -> SearchStrategy[Element]:
    """Single elements of a collection."""
    parts = [
        _elements(uses, inner, kind.many, _indexes(kind.many, kind.many.unique))
        if kind.many is not None
        else uses.of(inner, name).values(kind)
        for inner, kind in many.fields.items()
    ]
    return st.tuples(*parts)


def _by(indexes: tuple[int, ...]) -> Callable[[Element], Element]:
    return lambda element: tuple(element[index] for index in indexes)


def _indexes(many: plan.Collection, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(list(many.fields).index(name) for name in names)


def _distinct(entity: plan.Entity, name: str, many: plan.Collection) -> tuple[int, ...]:
    """The fields in which elements must differ: the unique ones, else those that the keys of their records hold."""
    if many.unique:
        return _indexes(many, many.unique)
    keys = [
        {
            slot.target.index
            for part in row.key
            for slot in slots(part)
            if slot.target and slot.target.scope == "element"
        }
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


def visible(entity: plan.Entity, thing: Thing, shown: frozenset[str], parent: plan.Entity | None = None) -> Thing:
    """What documents show of a thing while the options in `shown` are on: fields behind other options are none.

    With its `parent` also what is shown of that.
    """
    members = list(all_members(member for document in entity.documents for member in members_of(document)))
    behind = {name.field for m in members if m.option and m.option not in shown for name in targets(m)}
    thing = thing | {name: _nothing(entity.fields[name]) for name in sorted(behind)}
    for member in members:
        if member.shown_with:
            said = thing if not shown.isdisjoint(member.shown_with) else {}
            values = {name.field: said.get(name.field) for name in targets(member)}
            thing |= {name: member.default if value is None else value for name, value in values.items()}
    if parent is not None and entity.within is not None:
        holder = thing[entity.within[0]]
        assert isinstance(holder, dict)
        thing |= {entity.within[0]: visible(parent, holder, shown)}
        thing |= _chosen(entity, thing)
    return thing


def _nothing(kind: plan.FieldType) -> object:
    """What a field is of which nothing is said."""
    if kind.many is not None:
        return []
    return None if kind.maybe else ZEROS.get(kind.scalar, 0)
