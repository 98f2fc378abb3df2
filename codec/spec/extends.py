"""Deltas: a version that extends another says only what changed, and addresses parts by name.

`at` is the way to a part; then one of `to` (its new content), `remove` (why it goes), `rename` (its new name), or
`insert` with `before` or `after` (for the list or mapping at that place).
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from codec.errors import Place, SpecError
from codec.spec.source import Mapping, Sequence, load, place_of

EXTENDS, CHANGES = "extends", "changes"


def extended(path: Path) -> Mapping:
    """The spec in `path` with everything that it extends, its changes applied; raises `SpecError`."""
    versions = chain(path)
    base = versions.pop()
    for delta in reversed(versions):
        for key in (key for key in delta if key not in (EXTENDS, CHANGES)):
            base[key], base.places[key] = delta[key], delta.places[key]
        for index, change in enumerate(cast(Sequence, delta.get(CHANGES, Sequence()))):
            _Change(cast(Mapping, change), place_of(delta, (CHANGES, index))).apply(base)
    return base


def chain(path: Path) -> list[Mapping]:
    """The spec in `path` as it is written, and after it all that it extends, one after the other."""
    versions = [load(path)]
    paths = [path.resolve()]
    while EXTENDS in versions[-1]:
        newer = versions[-1]
        path = path.parent / str(newer[EXTENDS])
        if not path.is_file() or path.resolve() in paths:
            message = f"`{newer[EXTENDS]}` {'extends itself' if path.is_file() else 'is not there'}"
            raise SpecError("spec-extends", message, newer.places[EXTENDS], hint="name the older version's file")
        versions.append(load(path))
        paths.append(path.resolve())
    return versions


class _Change:
    """One change, and where it stands."""

    def __init__(self, change: Mapping, place: Place) -> None:
        self.change, self.place = change, place
        self.path = [str(step) for step in cast("list[object]", change["at"])]

    def apply(self, base: Mapping) -> None:
        holder: object = base
        for step in self.path[:-1]:
            holder = self.child(holder, step)
        last = self.path[-1]
        if "to" in self.change:
            self.set(holder, last)
            return
        part = self.child(holder, last)
        if "insert" in self.change:
            self.insert(part)
        elif isinstance(holder, Mapping):
            self.remove_or_rename(holder, last)
        elif "remove" in self.change:
            holder = cast(Sequence, holder)
            index = _index(holder, last)
            del holder[index], holder.places[index]
        else:
            named = cast(Sequence, holder)[_index(cast(Sequence, holder), last)]
            if not isinstance(named, Mapping):
                raise self.fail(f"`{last}` is a literal, it has no name", "give its new text: `to: …`")
            self.remove_or_rename(named, last)

    def child(self, holder: object, step: str) -> object:
        if isinstance(holder, Mapping) and step in holder:
            return holder[step]
        if isinstance(holder, Sequence) and (index := _index(holder, step)) >= 0:
            part = holder[index]
            return part[step] if isinstance(part, Mapping) else part
        hint = f"`{step}` is not there; parts are addressed by name"
        raise self.fail(f"there is no `{'.'.join(self.path)}` to change", hint)

    def set(self, holder: object, step: str) -> None:
        value, place = self.change["to"], self.change.places["to"]
        if isinstance(holder, Sequence):
            self.child(holder, step)
            index = _index(holder, step)
            if not isinstance(holder[index], Mapping):
                holder[index], holder.places[index] = value, place
                return
            holder = holder[index]
        if not isinstance(holder, Mapping):
            raise self.fail(f"`{'.'.join(self.path[:-1])}` has no parts", "set the whole of it")
        holder[step], holder.places[step] = value, place

    def remove_or_rename(self, holder: Mapping, step: str) -> None:
        new = {}
        if "rename" in self.change:
            new[str(self.change["rename"])] = (holder[step], self.change.places["rename"])
        if not new.keys().isdisjoint(holder):
            raise self.fail(f"there is a `{self.change['rename']}` already", "choose another name")
        _replace(holder, step, new)

    def insert(self, target: object) -> None:
        part, place = self.change["insert"], self.change.places["insert"]
        after = "after" in self.change
        anchor = str(self.change["after" if after else "before"])
        if isinstance(target, Sequence) and (index := _index(target, anchor)) >= 0:
            target.insert(index + after, part)
            target.places.insert(index + after, place)
        elif isinstance(target, Mapping) and isinstance(part, Mapping) and anchor in target:
            known = [key for key in part if key in target]
            if known:
                raise self.fail(f"there is a `{known[0]}` already", "change it: `to: …`")
            new = {key: (value, part.places[key]) for key, value in part.items()}
            old = {anchor: (target[anchor], target.places[anchor])}
            _replace(target, anchor, old | new if after else new | old)
        else:
            raise self.fail(f"there is no part `{anchor}` in `{'.'.join(self.path)}`", "name a part that stands there")

    def fail(self, message: str, hint: str) -> SpecError:
        return SpecError("spec-delta", message, self.place, hint=hint)


def _index(parts: Sequence, step: str) -> int:
    """Where the part called `step` stands: a slot of that name, or that very literal; -1 if there is none."""
    return next((i for i, part in enumerate(parts) if part == step or (isinstance(part, Mapping) and step in part)), -1)


def _replace(holder: Mapping, old: str, new: dict[str, tuple[object, Place]]) -> None:
    """Put `new` where `old` stands: order has a meaning in patterns and documents."""
    items = [(key, value, holder.places[key]) for key, value in holder.items()]
    holder.clear()
    holder.places.clear()
    for key, value, place in items:
        for name, (content, where) in (new if key == old else {key: (value, place)}).items():
            holder[name], holder.places[name] = content, where
