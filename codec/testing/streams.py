"""Histories of a store: every kind of row of every adapter with its versions, tombstones and expiries; and damage.

Rows share few identities, so that records of one thing meet; foreign rows and rows of the node lie between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.layout.faces import RANGES
from codec.spec import plan
from codec.spec.container import Container
from codec.spec.words import Name, Thing
from codec.testing.containers import History, Version, operational_rows
from codec.testing.identities import pools
from codec.testing.pieces import Held, Holder
from codec.testing.records import Kinds, Record, canonical, loose, records, records_of
from codec.testing.things import Tree
from codec.testing.trees import trees
from codec.testing.values import slots

MOST_ROWS, MOST_VERSIONS = 8, 3
Life = list[tuple[int, bool, int]]  # versions of a row: when, whether deleted, and the expiry
NOW = 1_000_000  # the last commit of drawn histories; versions and expiries lie around it
EDGE_STAMPS = (0, 1, NOW - 1, NOW, NOW + 1, (1 << 64) - 1)


def stamps() -> SearchStrategy[int]:
    """Commit timestamps and expiries: before, at and after the snapshot's own, and the ends of the range."""
    return st.integers(1, 9) | st.sampled_from(EDGE_STAMPS)


def histories(container: Container, adapters: Iterable[plan.Adapter]) -> SearchStrategy[History]:
    """Versions of rows of these adapters and of none, in any order, no version twice."""
    kinds = [_adapter_rows(adapter) for adapter in adapters]
    foreign = st.lists(_foreign_rows(container), max_size=2)
    nodes = st.lists(st.sampled_from(operational_rows(container)), max_size=2, unique=True)

    @st.composite
    def history(draw: st.DrawFn) -> History:
        versions = [one for kind in kinds for one in draw(kind)]
        versions += [one for key, value in draw(foreign) for one in draw(_versions(key, value))]
        distinct = list({(one.key, one.commit_ts): one for one in versions}.values())
        return History(NOW, tuple(draw(st.permutations(distinct))), tuple(draw(nodes)), draw(st.binary(max_size=8)))

    return history()


def _adapter_rows(adapter: plan.Adapter) -> SearchStrategy[list[Version]]:
    """Rows of one adapter: those of a tree's things, and any others with the same few identities."""
    held = [
        e
        for e in adapter.entities
        if not e.computed and not any(c.computed and c.within and c.within[1] == e.name for c in adapter.entities)
    ]
    bodied = {e.name: Holder(adapter, e) for e in adapter.entities if e.bodies is not None}
    free = [row for row in adapter.rows if not row.entity or row.role == "dropped" or any(row in e.rows for e in held)]
    free = [row for row in free if row.entity not in bodied and not row.digest[0]]  # these must fit each other
    pool = st.shared(pools(adapter), key=f"identities of {adapter.name}")
    identity = pool.flatmap(st.sampled_from)
    names = {name for entity in adapter.entities for name in entity.identity}
    names -= {name for e in adapter.entities for name, kind in e.fields.items() if kind.scalar in RANGES}
    others = [records(adapter, row, dict.fromkeys(_key_slots(row) & names, identity)) for row in free]
    strange = st.lists(st.one_of(others), max_size=MOST_ROWS) if others else st.just([])
    whole = trees(adapter)

    @st.composite
    def rows(draw: st.DrawFn) -> list[Version]:
        tree = draw(whole)
        found: list[Version] = []
        records = list(draw(strange))
        for entity in adapter.entities:
            if entity.name in bodied:
                for thing in _some_stale(draw, entity, tree[entity.name]):
                    found += _of_body(draw, bodied[entity.name].records(draw, thing))
                continue
            records += [draw(loose(*one)) for thing in tree[entity.name] for one in records_of(entity, thing)]
        return found + [one for key, value in records for one in draw(_versions(key, value))]

    return rows()


def _some_stale(draw: st.DrawFn, entity: plan.Entity, things: Iterable[Thing]) -> list[Thing]:
    """The things, some of them in a state in which they do not count; no two are one."""
    if entity.choose is None:
        return list(things)
    field, found = entity.choose.field, dict[object, Thing]()
    for thing in things:
        changed = thing | {field: draw(st.integers(0, 3))} if draw(st.sampled_from([False, False, True])) else thing
        found.setdefault(tuple(_said(changed, name) for name in entity.identity), changed)
    return list(found.values())


def _said(thing: Thing, name: str) -> object:
    """What a thing says of a field, or of one of its parent."""
    first, *path = name.split(".")
    return Name(first, path=tuple(path)).get(thing, ())


def _of_body(draw: st.DrawFn, held: Held) -> list[Version]:
    """Versions of the records of a thing with a body: those that need each other are there at the same times."""
    life = draw(lives())
    together = [one for key, value in held.together for one in _lived(life, key, value)]
    contents = [Version(key, 0, value) for key, value in held.contents]
    return together + contents + [one for key, value in held.loose for one in draw(_versions(key, value))]


def _key_slots(row: plan.Row) -> set[str]:
    return {slot.name for part in row.key for slot in slots(part)}


def _foreign_rows(container: Container) -> SearchStrategy[Record]:
    """Rows that belong to no adapter: internal ones, and any bytes."""
    internal = st.one_of([Kinds({}).records(row) for row in container.internal])
    return internal | st.tuples(st.binary(max_size=12), st.binary(max_size=12))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """When a row was written: mostly once, sometimes before and later, deleted or with an expiry."""
    if draw(st.booleans()):
        return [(draw(st.integers(1, 9)), False, 0)]
    times = draw(st.lists(stamps(), min_size=1, max_size=MOST_VERSIONS, unique=True))
    return [(time, draw(st.sampled_from([False, False, True])), draw(st.just(0) | stamps())) for time in times]


def _versions(key: bytes, value: bytes) -> SearchStrategy[list[Version]]:
    """The versions of a row."""
    return lives().map(lambda life: _lived(life, key, value))


def _lived(life: Life, key: bytes, value: bytes) -> list[Version]:
    return [Version(key, time, b"" if dead else value, dead, expiry) for time, dead, expiry in life]


def stored(container: Container, adapter: plan.Adapter, tree: Tree, commit_ts: int = NOW) -> History:
    """The canonical history of a tree: one version of each record, at one time, in no particular order."""
    versions = tuple(Version(key, commit_ts, value) for key, value in _records(adapter, tree))
    return History(commit_ts, versions)


def _records(adapter: plan.Adapter, tree: Tree) -> Iterator[Record]:
    """All records; of those that several things have in common the one that stays."""
    common: dict[bytes, tuple[tuple[object, ...], bytes]] = {}
    for entity in adapter.entities:
        for thing in tree[entity.name]:
            for row, known, element in records_of(entity, thing):
                key, value = canonical(row, known, element)
                if row.repeated:
                    ranked = (_rank(row, known), value)
                    common[key] = min(common.get(key, ranked), ranked)
                else:
                    yield key, value
    yield from ((key, value) for key, (_, value) in common.items())


def _rank(row: plan.Row, thing: Thing) -> tuple[object, ...]:
    """Which of the records with one key stays: the one of the least rank."""
    first, *ties = (name.get(thing, ()) for name in row.repeated)
    assert isinstance(first, int)
    return (-first if row.keep == "greatest" else first, *ties)


# ------------------------------------------------------------------------------------------------ damage


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with one mistake: a byte changed, the end cut off, bytes put in, or a slice written twice."""
    at = draw(st.integers(0, max(0, len(data) - 1)))
    kind = draw(st.sampled_from(["flip", "cut", "insert", "repeat", "remove"]))
    if kind == "flip" and data:
        flipped = data[at] ^ draw(st.integers(1, 255))
        return data[:at] + bytes((flipped,)) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "insert":
        return data[:at] + draw(st.binary(min_size=1, max_size=9)) + data[at:]
    stop = at + draw(st.integers(1, 16))
    return data[:stop] + data[at:] if kind == "repeat" else data[:at] + data[stop:]
