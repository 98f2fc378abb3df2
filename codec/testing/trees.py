"""Trees: things of every entity of an adapter that can stand beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.mapping.naming import Namer
from codec.spec import plan
from codec.spec.words import GREATEST, Thing
from codec.testing.bodies import literal
from codec.testing.documents import Collected
from codec.testing.identities import pools
from codec.testing.records import canonical, records_of
from codec.testing.things import MOST_CHILDREN, MOST_THINGS, Kind, Tree


def trees(adapter: plan.Adapter) -> SearchStrategy[Tree]:
    """Things of every entity of an adapter, with distinct identities, such that each shared record has one owner."""
    kinds = {entity.name: Kind(entity, adapter) for entity in adapter.entities}

    @st.composite
    def tree(draw: st.DrawFn) -> Tree:
        pool = st.sampled_from(draw(pools(adapter)))
        drawn: dict[str, list[Thing]] = {}
        for name, kind in kinds.items():
            if not any(row.written for row in kind.entity.rows):
                drawn[name] = []  # of such things only records are known
            elif kind.entity.within is None:
                few = st.lists(kind.drawn(pool, None), max_size=MOST_THINGS)
                drawn[name] = _beside_each_other(adapter, kind.entity, draw(few))
            else:
                drawn[name] = []
                for parent in drawn[kind.entity.within[1]]:
                    few = st.lists(kind.drawn(pool, parent), max_size=MOST_CHILDREN)
                    children = _beside_each_other(adapter, kind.entity, draw(few))
                    parent |= _greatest(adapter, name, children)
                    drawn[name] += children
        for shared in adapter.shared:
            _one_owner(adapter, shared, drawn)
        return {name: tuple(things) for name, things in drawn.items()}

    return tree()


def _greatest(adapter: plan.Adapter, name: str, children: list[Thing]) -> Thing:
    """What a parent knows of its children: their greatest values of some fields."""
    fields = [field for kind, field in adapter.aggregates if kind == name]
    return {f"{GREATEST}{name}.{field}": max((child[field] for child in children), default=0) for field in fields}  # type: ignore[type-var]


def _beside_each_other(adapter: plan.Adapter, entity: plan.Entity, drawn: list[Thing]) -> list[Thing]:
    """Those things that share no key of a record, and no path of a document of its own, with an earlier one."""
    taken: set[object] = set()
    kept = []
    for thing in drawn:
        places = {*_keys(entity, thing), *_paths(adapter, entity, thing)}
        if taken.isdisjoint(places):
            taken |= places
            kept.append(thing)
    return kept


def _keys(entity: plan.Entity, thing: Thing) -> Iterator[bytes]:
    """Keys of its records, but of those that several things may have in common."""
    return (canonical(row, known, element)[0] for row, known, element in records_of(entity, thing) if not row.repeated)


def _paths(adapter: plan.Adapter, entity: plan.Entity, thing: Thing) -> Iterator[str]:
    """Paths of its documents, but of those that many things stand in, and that are chosen for many keys at once."""
    namer = Namer(dict(adapter.names), Collected())
    alone = (
        document
        for document in entity.documents
        if document.kind in ("raw", "json", "lines", "keyed") and literal(document) is None and not document.option
    )
    return (namer.path(document, thing)[0] for document in alone)


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
