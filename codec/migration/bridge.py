"""A plan that reads what one version stores and prints what another one shows: the model in the middle is common.

Everything that only changes bytes (keys, layouts, members' names, paths) needs nothing more. New fields get what the
delta declares; what the other version does not have is named, so that it can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar, cast

from codec.errors import Place, SpecError
from codec.layout.types import ZEROS
from codec.migration.ancestry import Kinship
from codec.spec import plan
from codec.spec.container import Container
from codec.spec.words import Constant, Name

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Lost:
    """Something of the old version that the new one has no place for: a field, or (`field` empty) all of an entity."""

    adapter: str
    entity: str
    field: str
    reason: str

    @property
    def label(self) -> str:
        """What is lost, and why: the key under which it is counted."""
        thing = f"{self.entity}.{self.field}" if self.field else self.entity
        return f"{thing or self.adapter}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Bridge:
    """The container that decodes the old version into trees of the new one, and what does not come along."""

    container: Container
    lost: tuple[Lost, ...]


def bridge(old: Container, new: Container, kin: Kinship) -> Bridge:
    """From `old` to `new`; raises `SpecError` if a new field has no value that it could get."""
    there = {adapter.name: adapter for adapter in new.adapters}
    lost = [Lost(a.name, "", "", "the other version does not have it") for a in old.adapters if a.name not in there]
    adapters = []
    for adapter in (adapter for adapter in old.adapters if adapter.name in there):
        made = _Adapter(adapter, there[adapter.name], kin)
        adapters.append(made.made())
        lost += made.lost
    names = [adapter.name for adapter in adapters]
    container = replace(
        old,
        name=new.name,
        version=new.version,
        manifest=new.manifest,
        checksums=new.checksums,
        adapters=tuple(adapters),
        print_order=tuple(name for name in old.print_order if name in names),
        encode_order=tuple(name for name in old.encode_order if name in names),
    )
    return Bridge(container, tuple(lost))


class _Adapter:
    """One adapter on its way; `lost` is complete after `made`."""

    def __init__(self, old: plan.Adapter, new: plan.Adapter, kin: Kinship) -> None:
        self.old, self.new, self.kin = old, new, kin
        self.lost: list[Lost] = []

    def made(self) -> plan.Adapter:
        """The old adapter with the documents of the new one."""
        there = {entity.name: entity for entity in self.new.entities}
        entities = []
        for entity in self.old.entities:
            found = there.get(self.kin.to_new(self.old.name, entity.name))
            if found is None:
                self.lost.append(Lost(self.old.name, entity.name, "", self.kin.reason(self.old.name, entity.name)))
                rows = tuple(replace(row, role="dropped", written=False) for row in entity.rows if row.role != "shared")
                entities.append(replace(entity, rows=rows, documents=(), exists="", within=None, choose=None))
            else:
                entities.append(self._entity(entity, found))
        known = {option.name for option in self.old.options}
        return replace(
            self.old,
            format=f"{self.old.format} as {self.new.format}",
            entities=tuple(entities),
            names=self.new.names,
            folder=self.new.folder,
            options=(*self.old.options, *(option for option in self.new.options if option.name not in known)),
        )

    def _entity(self, old: plan.Entity, new: plan.Entity) -> plan.Entity:
        old_name = {name: self._old(new.name, name) for name in new.fields}
        for name in old.fields:
            if name not in old_name.values():
                self.lost.append(Lost(self.old.name, old.name, name, self.kin.reason(self.old.name, old.name, name)))
        added = {old_name[name]: kind for name, kind in new.fields.items() if old_name[name] not in old.fields}
        constants = {name: self._default(old, new, name) for name in new.fields if old_name[name] in added}
        mover = _Mover(old, new, old_name, {name: value for name, value in constants.items() if value is not None})
        documents = tuple(replace(mover.moved(one), entity=old.name) for one in new.documents)
        computed = {name for name, _ in old.computed}
        return replace(
            old,
            fields={**old.fields, **added},
            documents=documents,
            computed=(*old.computed, *(mover.moved(one) for one in new.computed if one[0] not in computed)),
        )

    def _old(self, entity: str, field: str) -> str:
        return self.kin.to_old(self.new.name, entity, field)

    def _default(self, old: plan.Entity, new: plan.Entity, name: str) -> object:
        """What a new field holds; None where having nothing is one of its values."""
        declared, value = self.kin.default(self.new.name, new.name, name)
        kind = new.fields[name]
        if declared:
            return value.encode() if kind.scalar == "bytes" and isinstance(value, str) else value
        if kind.maybe or kind.many is not None:
            return [] if kind.many is not None else None
        if kind.scalar in ZEROS or kind.scalar.startswith(("u", "i")):
            message = f"`{new.name}.{name}` is new, and nothing says what it holds in what is carried over"
            hint = f"say it in the delta: `migrate: {{defaults: {{{self.new.name}: {{{new.name}: {{{name}: …}}}}}}}}`"
            raise SpecError("spec-migrate", message, new.place, f"{new.name}.{name}", hint=hint)
        return None


class _Mover:
    """Takes parts of the new version's documents to the fields as the old version has them."""

    def __init__(
        self, old: plan.Entity, new: plan.Entity, names: Mapping[str, str], constants: Mapping[str, object]
    ) -> None:
        self.old, self.new, self.names, self.constants = old, new, names, constants

    def moved(self, part: Part) -> Part:
        """The part with every name in it as the old version says it, and constants where it has none."""
        if isinstance(part, Name):
            return cast(Part, self._name(part))
        if isinstance(part, plan.Member) and part.target is not None and part.target.scope == "thing":
            constant = self.constants.get(part.target.field)
            if constant is not None and not part.target.path:
                return cast(Part, replace(part, target=None, derive=Constant(constant)))
        if isinstance(part, tuple):
            return cast(Part, tuple(self.moved(inner) for inner in part))
        if is_dataclass(part) and not isinstance(part, (type, Place)):
            inner = {one.name: getattr(part, one.name) for one in fields(part)}
            moved = {name: self.moved(value) for name, value in inner.items()}
            changed = {name: value for name, value in moved.items() if value is not inner[name]}
            return cast(Part, replace(part, **changed)) if changed else part
        return part

    def _name(self, name: Name) -> Name:
        if name.scope == "thing":
            return replace(name, field=self.names.get(name.field, name.field))
        collection = self.names.get(name.collection, name.collection)
        new, old = self.new.fields.get(name.collection), self.old.fields.get(collection)
        if new is None or old is None or new.many is None or old.many is None:
            return name
        have, want = list(old.many.fields), list(new.many.fields)
        if name.index >= len(want):  # a position
            return replace(name, collection=collection, index=len(have))
        if want[name.index] not in have:
            message = f"elements of `{self.old.name}.{collection}` have no `{want[name.index]}`"
            hint = "fields of elements are carried over under the same names only"
            raise SpecError("spec-migrate", message, self.new.place, f"{self.new.name}.{name.collection}", hint=hint)
        return replace(name, collection=collection, index=have.index(want[name.index]))
