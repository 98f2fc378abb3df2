"""What two versions of a format call the same things, why things went, and what new fields hold: read off their deltas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from codec.spec.extends import MIGRATE, chain, changes

Names = dict[tuple[str, ...], str]  # the way to a thing by the names of the common ancestor -> its name in a version
ENTITIES, MODEL = "entities", "model"


@dataclass(frozen=True, slots=True)
class Lineage:
    """A version as its deltas made it out of the oldest: its root, what was renamed, why things went, defaults.

    Ways are (adapter, entity) and (adapter, entity, field), by the names of the root.
    """

    root: Path
    names: Names = field(default_factory=dict)
    reasons: dict[tuple[str, ...], str] = field(default_factory=dict)
    defaults: dict[tuple[str, ...], object] = field(default_factory=dict)

    def of(self, way: tuple[str, ...]) -> tuple[str, ...]:
        """A way by the names of the root, as this version calls it."""
        return tuple(self.names.get(way[: index + 1], step) for index, step in enumerate(way))

    def back(self, way: tuple[str, ...]) -> tuple[str, ...]:
        """A way as this version calls it, by the names of the root."""
        found: tuple[str, ...] = ()
        for step in way:
            old = next((at[-1] for at, name in self.names.items() if at[:-1] == found and name == step), step)
            found = (*found, old)
        return found


def lineage(path: Path) -> Lineage:
    """The lineage of the format in `path`."""
    versions = chain(path)
    result = Lineage(Path(versions[-1].place.source).resolve())
    for delta in reversed(versions[:-1]):
        for change in changes(delta):
            way = _thing((change.inside, *change.path))
            if way is None:
                continue
            known = result.back(way)
            if "rename" in change.change:
                result.names[known] = str(change.change["rename"])
            elif "remove" in change.change:
                result.reasons[known] = str(change.change["remove"])
        declared = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]]", delta.get(MIGRATE, {}))
        for adapter, entities in declared.get("defaults", {}).items():
            for entity, fields in entities.items():
                for name, value in fields.items():
                    result.defaults[result.back((adapter, entity, name))] = value
    return result


def _thing(path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The way to an entity or to one of its fields, if that is where a change is."""
    if len(path) == 3 and path[1] == ENTITIES:
        return path[0], path[2]
    if len(path) == 5 and (path[1], path[3]) == (ENTITIES, MODEL):
        return path[0], path[2], path[4]
    return None


@dataclass(frozen=True, slots=True)
class Kinship:
    """What the version `new` calls what the version `old` calls so."""

    old: Lineage
    new: Lineage

    def to_new(self, *way: str) -> str:
        """The name in the new version of a thing of the old one."""
        return self.new.of(self.old.back(way))[-1]

    def to_old(self, *way: str) -> str:
        """The name in the old version of a thing of the new one."""
        return self.old.of(self.new.back(way))[-1]

    def default(self, *way: str) -> tuple[bool, object]:
        """Whether a version says what a field that is new holds, and what; the field as the new version calls it."""
        known = self.new.back(way)
        for version in (self.new, self.old):
            if known in version.defaults:
                return True, version.defaults[known]
        return False, None

    def reason(self, *way: str) -> str:
        """Why a thing of the old version is not in the new one."""
        known = self.old.back(way)
        return self.new.reasons.get(known, "the other version does not have it")
