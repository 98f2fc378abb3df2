"""Folders of parents that an edit brought in or took away: what the documents did not show of things in them, or showed
without a document of the parent, must not be shown now (docs/complement.md, edits).

Memory: the paths of such folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from codec.complement.units import Units
from codec.engine.base import Misfit
from codec.engine.patterns import Record
from codec.mapping.besides import Besides
from codec.mapping.households import component
from codec.mapping.naming import Namer
from codec.spec.container import Container
from codec.spec.plan import Adapter, Entity, Row
from codec.tree.walk import TreeReader

Home = tuple[Adapter, Entity, str]  # whose folder a record names, and what its key has in front of the parent's fields


class Homes:
    """Finds the folder that a record belongs to, and knows which of them changed."""

    def __init__(self, container: Container, units: Units, besides: Besides, tree: TreeReader) -> None:
        self._units = units
        self._parents: dict[int, Home] = {}
        self._children: dict[int, Home] = {}
        for adapter in container.adapters:
            for entity in adapter.entities:
                if entity.within and entity.exists:
                    alias, parent = entity.within[0], adapter.entity(entity.within[1])
                    self._children[id(entity.row(entity.exists))] = adapter, parent, f"{alias}."
                    self._parents |= {id(row): (adapter, parent, "") for row in parent.stored if row.written}
        mains = {component(parent.documents[0].path[-1]) for _, parent, _ in self._children.values()}
        self._changed = set(_not_as_it_was(besides.pardoned, mains, tree))

    def note(self, key: bytes, value: bytes) -> None:
        """A record was added or taken away: if it is what a parent exists by, its folder changed."""
        folder = self._folder(self._parents, key, value)
        if folder:
            self._changed.add(folder)

    def of(self, key: bytes, value: bytes) -> str:
        """The folder in which a thing would stand that exists by this record; empty if none does."""
        return self._folder(self._children, key, value)

    def changed(self, folder: str) -> bool:
        """Whether a parent's folder came, or went."""
        return folder in self._changed

    def _folder(self, homes: Mapping[int, Home], key: bytes, value: bytes) -> str:
        row = self._units.row(key, value)
        home = homes.get(id(row))
        return "" if row is None or home is None else _path(row, *home, key)


def _path(row: Row, adapter: Adapter, parent: Entity, before: str, key: bytes) -> str:
    """The folder of the parent that a key names; empty if the key cannot be read."""
    try:
        slots = Record(row.key).read(key)
    except Misfit:
        return ""
    thing = {name: slots[f"{before}{name}"] for name in parent.identity}
    return Namer(dict(adapter.names), _Nowhere()).join(parent.documents[0].path[:-1], thing)[0]


def _not_as_it_was(pardoned: Iterable[str], mains: set[str], tree: TreeReader) -> Iterator[str]:
    """What had no document of a parent, and is gone or has one; what was changed in another way is refused elsewhere."""
    for path in pardoned:
        kind = tree.kind(path)
        if kind is None or (kind == "directory" and any(tree.kind(f"{path}/{main}") for main in mains)):
            yield path


class _Nowhere:
    """Where lines of names files go here."""

    def append(self, path: str, data: bytes) -> None:
        """Nothing is kept."""
