"""To which thing a record belongs, told by its key: records of one thing that stand under other keys than the canonical
ones must change together.

A thing is its entity and its identity. A child that is one record has no identity but its parent's; of it the content is
the name, so that the same content under another key is recognised as the same thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from codec.engine.base import Misfit
from codec.engine.interpreter import Interpreter
from codec.engine.patterns import Record
from codec.mapping.dispatch import Dispatch
from codec.spec.container import Container
from codec.spec.plan import Entity, Row, Slot

NamedBy = Callable[[bytes, bytes], bytes]


class Units:
    """Finds kinds of records, and the unit of a record."""

    def __init__(self, container: Container, shown: frozenset[str]) -> None:
        self._interpreter = Interpreter()
        self.adapter_of = {id(row): a.name for a in container.adapters for row in a.rows}
        rows = [row for adapter in container.adapters for row in adapter.rows if not row.option or row.option in shown]
        self._dispatch = Dispatch([*container.internal, *rows], self._interpreter.accepts)
        self._internal = {id(row) for row in container.internal}
        self._named = {
            id(row): named
            for adapter in container.adapters
            for entity in adapter.entities
            for row in entity.rows
            if (named := _named_by(entity, row)) is not None
        }

        self._shares: dict[int, list[NamedBy]] = {}
        for adapter in container.adapters:
            for shared in adapter.shared:
                label = f"shared {shared.row.name}"
                owners = [entity for entity in adapter.entities if entity.name in dict(shared.owners)]
                for row in (row for row in adapter.rows if not row.entity and row.name == shared.row.name):
                    self._shares[id(row)] = [*_by_identity(label, owners[0].identity, row)]
                for entity in owners:
                    for row in (row for row in entity.rows if row.entity == entity.name):
                        self._shares.setdefault(id(row), []).extend(_by_identity(label, entity.identity, row))

    def row(self, key: bytes, value: bytes) -> Row | None:
        """The kind of a record, if it is of any."""
        return self._dispatch.find(key, value)

    def is_internal(self, row: Row) -> bool:
        """Whether the kind belongs to the container itself."""
        return id(row) in self._internal or bool(row.counted)

    def of(self, key: bytes, value: bytes, row: Row | None = None) -> int:
        """The number of the unit, never 0; 0 for a record that belongs to none."""
        row = row or self.row(key, value)
        named = self._named.get(id(row))
        return 0 if named is None else _number(named, key, value)

    def sharing(self, key: bytes, value: bytes) -> list[int]:
        """The numbers of what a record has in common with others: of a record that several things may own, that of the
        things that may; and of a record of such a thing, those of the records that it may own."""
        found = (_number(named, key, value) for named in self._shares.get(id(self.row(key, value)), ()))
        return [number for number in found if number]


def _named_by(entity: Entity, row: Row) -> NamedBy | None:
    """What names the thing that a record belongs to; None if nothing in it does."""
    if row.role not in ("stored", "derived") or row.entity != entity.name:
        return None
    if entity.within and not entity.collection:
        return (lambda key, value: entity.name.encode() + b"\0" + value) if row.role == "stored" else None
    return next(iter(_by_identity(entity.name, entity.identity, row)), None)


def _by_identity(label: str, identity: tuple[str, ...], row: Row) -> Iterator[NamedBy]:
    """What names it by the identity in the key; nothing if that is not all there."""
    names = {part.name for part in row.key if isinstance(part, Slot)}
    if not names.issuperset(identity):
        return
    record = Record(row.key)

    def by_identity(key: bytes, value: bytes) -> bytes:
        slots = record.read(key)
        return repr((label, *(slots[name] for name in identity))).encode()

    yield by_identity


def _number(named: NamedBy, key: bytes, value: bytes) -> int:
    try:
        name = named(key, value)
    except Misfit:
        return 0
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") or 1
