"""Where the members that a plan names stand in a JSON value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codec.conformance.damage import Object, Step
from codec.spec import plan


def member_paths(
    base: str, members: Iterable[plan.Member], value: object, path: tuple[Step, ...] = ()
) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The members that are there: anchor and path; of the items of a list those of the first that has them."""
    if not isinstance(value, Object):
        return
    held = dict(value.members)
    for member in members:
        if member.name not in held:
            continue
        here, inner = (*path, member.name), held[member.name]
        anchor = f"{base}.{member.name}"
        yield anchor, here
        yield from member_paths(anchor, member.members, inner, here)
        if member.item and not member.bare and isinstance(inner, list):
            seen: set[str] = set()
            for index, item in enumerate(inner):
                for found, where in member_paths(anchor, member.item, item, (*here, index)):
                    if found not in seen:
                        seen.add(found)
                        yield found, where


def absent_paths(
    base: str, members: Iterable[plan.Member], value: object, path: tuple[Step, ...] = ()
) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The members that an object lacks, there and in the objects inside it."""
    if not isinstance(value, Object):
        return
    held = dict(value.members)
    for member in members:
        here, anchor = (*path, member.name), f"{base}.{member.name}"
        if member.name not in held:
            yield anchor, here
            continue
        yield from absent_paths(anchor, member.members, held[member.name], here)
        inner = held[member.name]
        for index, item in enumerate(inner[:1] if isinstance(inner, list) and not member.bare else ()):
            yield from absent_paths(anchor, member.item, item, (*here, index))


def plain_paths(base: str, value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Every member of nested objects."""
    for name, inner in value.members if isinstance(value, Object) else ():
        yield f"{base}.{name}", (*path, name)
        yield from plain_paths(f"{base}.{name}", inner, (*path, name))
