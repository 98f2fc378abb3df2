"""Deltas: a version that extends another says only what changed, and addresses parts by name.

`at` is the way to a part; then one of `to` (its new content), `remove` (why it goes), `rename` (its new name), or
`insert` (a new part of the list or mapping at that place: at its end, or `before` or `after` what is named). A delta of
a container changes the adapters that it carries too: `in` names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os.path import normpath
from pathlib import Path
from typing import cast

from codec.errors import Place, SpecError
from codec.spec.source import Mapping, Sequence, load, place_of

EXTENDS, CHANGES, INSIDE, MIGRATE = "extends", "changes", "in", "migrate"
NAMED_AS_A_WHOLE = ("format", "version")  # an adapter that a container's delta changes is called by the delta's
TRANSPARENT = "optional"  # parts in such a group are addressed as if they stood beside it


def extended(path: Path) -> Mapping:
    """The spec in `path` with everything that it extends, its changes applied; raises `SpecError`."""
    versions = chain(path)
    base = versions.pop()
    for delta in reversed(versions):
        for key in (key for key in delta if key not in (EXTENDS, CHANGES, MIGRATE)):
            base[key], base.places[key] = delta[key], delta.places[key]
        for change in changes(delta):
            if not change.inside:
                change.apply(base)
    return base


def carried(container: Path, file: Path) -> Mapping:
    """The spec of an adapter in `file`, as the container in `container` and all that it extends change it."""
    data = extended(file)
    name = data.get("adapter")
    for delta in reversed(chain(container)[:-1]):
        own = [change for change in changes(delta) if change.inside == name]
        for change in own:
            change.apply(data)
        for key in NAMED_AS_A_WHOLE if own else ():
            if key in delta:
                data[key], data.places[key] = delta[key], delta.places[key]
        if own and "format" in delta:
            data["format"] = f"{delta['format']}/{name}"
    return data


def unknown_adapters(container: Path, names: Iterable[str]) -> Iterator[SpecError]:
    """A mistake for each change whose `in` names no carried adapter."""
    known = [*names]
    for delta in chain(container)[:-1]:
        for change in changes(delta):
            if change.inside and change.inside not in known:
                hint = f"one of: {', '.join(known)}"
                yield change.fail(f"`in` names `{change.inside}`, which is not carried", hint)


def changes(delta: Mapping) -> tuple[Change, ...]:
    """The changes of one delta, in order."""
    parts = cast(Sequence, delta.get(CHANGES, Sequence()))
    return tuple(Change(cast(Mapping, part), place_of(delta, (CHANGES, i))) for i, part in enumerate(parts))


def chain(path: Path) -> list[Mapping]:
    """The spec in `path` as it is written, and after it all that it extends, one after the other."""
    versions = [load(path)]
    paths = [path.resolve()]
    while EXTENDS in versions[-1]:
        newer = versions[-1]
        path = Path(normpath(path.parent / str(newer[EXTENDS])))
        if not path.is_file() or path.resolve() in paths:
            message = f"`{newer[EXTENDS]}` {'extends itself' if path.is_file() else 'is not there'}"
            raise SpecError("spec-extends", message, newer.places[EXTENDS], hint="name the older version's file")
        versions.append(load(path))
        paths.append(path.resolve())
    return versions


class Change:
    """One change, and where it stands; `inside` is the adapter that it changes, empty for the file itself."""

    def __init__(self, change: Mapping, place: Place) -> None:
        self.change, self.place = change, place
        self.path = [str(step) for step in cast("list[object]", change["at"])]
        self.inside = str(change.get(INSIDE, ""))

    def apply(self, base: Mapping) -> None:
        """Change `base`; raises `SpecError` if the part is not there."""
        if not self.path and "insert" in self.change:
            self.insert(base)
            return
        holder: object = base
        for step in self.path[:-1]:
            holder = self.child(holder, step)
        last = self.path[-1]
        part = self.child(holder, last)
        if "insert" in self.change:
            self.insert(part)
            return
        if isinstance(holder, Sequence):
            holder, index = self.found(holder, last)
            named = holder[index]
            if isinstance(named, Mapping) and ("remove" not in self.change or len(named) > 1):
                holder = named
            elif "to" in self.change:
                holder[index], holder.places[index] = self.change["to"], self.change.places["to"]
                return
            elif "remove" in self.change:
                del holder[index], holder.places[index]
                return
            else:
                raise self.fail(f"`{last}` is a literal, it has no name", "give its new text: `to: …`")
        holder = cast(Mapping, holder)
        if "to" in self.change:
            holder[last], holder.places[last] = self.change["to"], self.change.places["to"]
        else:
            self.remove_or_rename(holder, last)

    def found(self, holder: Sequence, step: str) -> tuple[Sequence, int]:
        """The list that has the part called `step`, and where in it: the holder, or a group in it."""
        if (index := _index(holder, step)) >= 0:
            return holder, index
        for part in holder:
            group = part.get(TRANSPARENT) if isinstance(part, Mapping) else None
            if isinstance(group, Sequence) and (index := _index(group, step)) >= 0:
                return group, index
        return holder, -1

    def child(self, holder: object, step: str) -> object:
        """The part of `holder` that is called `step`."""
        if isinstance(holder, Mapping) and step in holder:
            return holder[step]
        if isinstance(holder, Sequence):
            inner, index = self.found(holder, step)
            if index >= 0:
                part = inner[index]
                return part[step] if isinstance(part, Mapping) else part
        elif not isinstance(holder, Mapping):
            raise self.fail(f"`{'.'.join(self.path[:-1])}` has no parts", "set the whole of it")
        added = isinstance(holder, Mapping) and "to" in self.change and step == self.path[-1]
        hint = (
            f"`{step}` is not there; {'new parts are added with `insert`' if added else 'parts are addressed by name'}"
        )
        raise self.fail(f"there is no `{'.'.join(self.path)}` to change", hint)

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
        anchor = str(self.change.get("after", self.change.get("before", "")))
        if not anchor and isinstance(target, Sequence):
            target.append(part)
            target.places.append(place)
        elif isinstance(target, Sequence) and (index := _index(target, anchor)) >= 0:
            target.insert(index + after, part)
            target.places.insert(index + after, place)
        elif isinstance(target, Mapping) and isinstance(part, Mapping) and (anchor in target or not anchor):
            known = [key for key in part if key in target]
            if known:
                raise self.fail(f"there is a `{known[0]}` already", "change it: `to: …`")
            new = {key: (value, part.places[key]) for key, value in part.items()}
            if not anchor:
                for key, (value, where) in new.items():
                    target[key], target.places[key] = value, where
                return
            old = {anchor: (target[anchor], target.places[anchor])}
            _replace(target, anchor, old | new if after else new | old)
        else:
            target_name = ".".join(self.path)
            message = f"there is no part `{anchor}` in `{target_name}`" if anchor else f"`{target_name}` has no parts"
            raise self.fail(message, "name a part that stands there" if anchor else "set the whole of it: `to: …`")

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
