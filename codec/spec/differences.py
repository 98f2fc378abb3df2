"""Where two loaded specs differ: parts that were added, removed, changed, renamed or moved, each once, by their names.

Parts of patterns are paired by name as deltas address them; a part that is renamed and otherwise the same is said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeGuard

from codec.errors import Place
from codec.spec.source import Mapping, Sequence, place_of

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Way = tuple[str, ...]
NAMELESS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `way` leads to the part by names, a renamed one by its old name; `place` is its line in the new
    spec, or in the old one if it is gone."""

    kind: Kind
    way: Way
    old: object
    new: object
    place: Place


def differences(old: object, new: object, way: Way = ()) -> Iterator[Difference]:
    """Every difference below `way`, in the order of the new spec, removed parts first."""
    if _is_named(old) and _is_named(new):
        yield from _of_names(_Named(old), _Named(new), way, _place(new, old))
    elif old != new:
        yield Difference("changed", way, old, new, _place(new, old))


def _is_named(part: object) -> TypeGuard[Mapping | Sequence]:
    """Whether the parts have names: those of a mapping, and of a pattern of literals and slots."""
    return isinstance(part, Mapping) or (isinstance(part, Sequence) and _has_names(part))


class _Named:
    """The parts of a mapping, or of a pattern, by name; a literal is its own name."""

    def __init__(self, parts: Mapping | Sequence) -> None:
        self.parts: dict[str, object] = {}
        self.places: dict[str, Place] = {}
        if isinstance(parts, Mapping):
            self.parts, self.places = dict(parts), parts.places
            return
        for index, part in enumerate(parts):
            inner = part if isinstance(part, Mapping) else {str(part): part}
            for name, content in inner.items():
                while name in self.parts:
                    name += "'"  # a second group or literal of that name
                self.parts[name] = content
                self.places[name] = (
                    part.places[name] if isinstance(part, Mapping) and name in part else parts.places[index]
                )


def _has_names(parts: Sequence) -> bool:
    """Whether a list is a pattern: literals and slots. Lists of one kind only are values."""
    return any(isinstance(part, Mapping) and len(part) == 1 for part in parts)


def _of_names(old: _Named, new: _Named, way: Way, here: Place) -> Iterator[Difference]:
    gone = [name for name in old.parts if name not in new.parts]
    come = [name for name in new.parts if name not in old.parts]
    for name in gone:
        again = next((other for other in come if _same(name, old.parts[name], other, new.parts[other])), None)
        if again is not None:
            come.remove(again)
            yield Difference("renamed", (*way, name), name, again, new.places.get(again, here))
        else:
            yield Difference("removed", (*way, name), old.parts[name], None, old.places.get(name, here))
    kept_old = [name for name in old.parts if name in new.parts]
    kept_new = [name for name in new.parts if name in old.parts]
    for name, part in new.parts.items():
        if name in come:
            yield Difference("added", (*way, name), None, part, new.places.get(name, here))
        elif name in old.parts:
            if isinstance(part, NAMELESS) and isinstance(old.parts[name], NAMELESS) and old.parts[name] != part:
                yield Difference("changed", (*way, name), old.parts[name], part, new.places.get(name, here))
            else:
                yield from differences(old.parts[name], part, (*way, name))
    if kept_old != kept_new:
        yield Difference("moved", way, kept_old, kept_new, here)


def _same(old_name: str, old: object, new_name: str, new: object) -> bool:
    """Whether a part is the same under another name; literals have no name to change."""
    return old == new and not (old == old_name or new == new_name)


def _place(new: object, old: object) -> Place:
    return place_of(new if isinstance(new, (Mapping, Sequence)) else old, ())
