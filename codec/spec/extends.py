"""Deltas: a version that extends another says only what changed, and addresses parts by name."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import cast

from codec.errors import SpecError
from codec.spec.source import Mapping, Sequence, load, place_of

CHANGES = "changes"


def extended(path: Path) -> Mapping:
    """The spec in `path` with everything that it extends, its changes applied."""
    data = load(path)
    if "extends" not in data:
        return data
    base = copy.deepcopy(extended(path.parent / str(data["extends"])))
    for key, value in data.items():
        if key not in ("extends", CHANGES):
            base[key] = value
            base.places[key] = data.places[key]
    changes = cast(Sequence, data.get(CHANGES, Sequence()))
    for index, change in enumerate(changes):
        _apply(base, cast(Mapping, change), cast(Sequence, changes).places[index].source, index, data)
    return base


def _apply(base: Mapping, change: Mapping, source: str, index: int, delta: Mapping) -> None:
    where = place_of(delta, (CHANGES, index))
    path = [str(step) for step in cast("list[object]", change["at"])]
    holder: object = base
    for step in path[:-1]:
        holder = _child(holder, step, where, path)
    last = path[-1]
    if "remove" in change:
        _child(holder, last, where, path)
        _remove(holder, last)
    elif "rename" in change:
        assert isinstance(holder, Mapping)
        _child(holder, last, where, path)
        _rename(holder, last, str(change["rename"]))
    elif "insert" in change:
        _insert(holder, last, change, where, path)
    else:
        _set(holder, last, change, where)


def _child(holder: object, step: str, where: object, path: list[str]) -> object:
    if isinstance(holder, Mapping) and step in holder:
        return holder[step]
    if isinstance(holder, Sequence):
        index = _index(holder, step)
        if index is not None:
            part = holder[index]
            return part[step] if isinstance(part, Mapping) else part
    raise SpecError("spec-delta", f"there is no `{'.'.join(path)}` to change", where, hint="parts are addressed by name")  # type: ignore[arg-type]


def _index(parts: Sequence, step: str) -> int | None:
    """The part called `step`: a slot of that name, or that very literal."""
    return next((i for i, part in enumerate(parts) if part == step or (isinstance(part, Mapping) and step in part)), None)


def _remove(holder: object, step: str) -> None:
    if isinstance(holder, Mapping):
        del holder[step], holder.places[step]
        return
    assert isinstance(holder, Sequence)
    index = _index(holder, step)
    assert index is not None
    del holder[index], holder.places[index]


def _rename(holder: Mapping, old: str, new: str) -> None:
    items = [(new if key == old else key, value, holder.places[key]) for key, value in holder.items()]
    holder.clear()
    for key, value, place in items:
        holder[key] = value
        holder.places[key] = place


def _set(holder: object, step: str, change: Mapping, where: object) -> None:
    value, place = change["to"], change.places["to"]
    if isinstance(holder, Mapping):
        holder[step] = value
        holder.places[step] = place
        return
    assert isinstance(holder, Sequence)
    index = _index(holder, step)
    if index is None:
        raise SpecError("spec-delta", f"there is no part `{step}` to change", where)  # type: ignore[arg-type]
    part = holder[index]
    if isinstance(part, Mapping):
        part[step] = value
        part.places[step] = place
    else:
        holder[index] = value
        holder.places[index] = place


def _insert(holder: object, step: str, change: Mapping, where: object, path: list[str]) -> None:
    target = _child(holder, step, where, path)
    assert isinstance(target, Sequence)
    anchor = str(change.get("before", change.get("after", "")))
    index = _index(target, anchor)
    if index is None:
        raise SpecError("spec-delta", f"there is no part `{anchor}` in `{'.'.join(path)}`", where)  # type: ignore[arg-type]
    index += "after" in change
    target.insert(index, change["insert"])
    target.places.insert(index, change.places["insert"])
