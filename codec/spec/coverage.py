"""What the two projections of an entity cover: which fields its records say, and which of them its documents show."""

from __future__ import annotations

from collections.abc import Iterator

from codec.spec import plan
from codec.spec.account import all_members, member_names, part_names, path_parts, row_parts, slots_of
from codec.spec.words import Name

Shown = set[tuple[str, str]]  # collection ("" for the thing itself) and field


def bound_fields(entity: plan.Entity, row: plan.Row, written: bool = False) -> list[str]:
    """The model's fields that a row says, in the model's order; `written`: only in forms that are written."""
    names = {row.each}
    for part in row_parts(row, written):
        names |= {name.field for name in part_names(part) if name.scope == "thing"}
    return [name for name in entity.fields if name in names]


def reset_fields(entity: plan.Entity) -> set[str]:
    """The fields that records say and that are written anew, with a reason: they need not be shown."""
    kept: set[str] = set()
    reset: set[str] = set()
    for row in entity.rows:
        for part in row_parts(row) if row.role == "stored" else ():
            lost = {slot.target.field for slot in slots_of(part) if slot.target and _lost(slot)}
            reset |= lost
            kept |= {name.field for name in part_names(part)} - lost
    return reset - kept


def _lost(part: plan.Slot | plan.WireField) -> bool:
    slot = part.slot if isinstance(part, plan.WireField) else part
    return slot is not None and slot.account != "bound" and bool(slot.because)


def body_fields(entity: plan.Entity) -> set[str]:
    """The fields that a body is joined from and cut into, and the body itself."""
    if entity.bodies is None:
        return set()
    join = entity.bodies.join
    pieces = {entity.row(take.row).each for take in join.takes}
    return {join.field, join.parts, join.only, entity.bodies.cut.into, *pieces}


def copied(row: plan.Row) -> bool:
    """Whether records of this kind are shown and written back as they are."""
    return row.role == "stored" and not row.written and not row.legacy


def copied_fields(entity: plan.Entity) -> set[str]:
    """The fields of records that are shown and written back as they are."""
    return {name for row in entity.rows if copied(row) for name in bound_fields(entity, row)}


def contents(adapter: plan.Adapter) -> set[str]:
    """The entities whose things are shown as pieces of the bodies of others."""
    bodies = [entity.bodies for entity in adapter.entities if entity.bodies is not None]
    return {take.content for body in bodies for take in body.join.takes if take.content}


def shown_fields(entity: plan.Entity) -> Shown:
    """The fields of the model that some document has."""
    names = [name for document in entity.documents if document.kind != "copies" for name in _shown_names(document)]
    shown = {(name.collection if name.scope == "element" else "", name.field) for name in names}
    whole = [name.field for name in names if name.scope == "thing" and _shown_whole(entity, name.field)]
    for collection in whole:
        many = entity.fields[collection].many
        shown |= {(collection, field) for field in (many.fields if many is not None else ())}
    return shown


def _shown_names(document: plan.Document) -> Iterator[Name]:
    yield from (part.target for part in path_parts(document))
    yield from (Name(line.each) for line in document.lines)
    if document.raw:
        yield Name(document.raw)
    if document.keyed is not None:
        yield document.keyed
    for member in all_members(document):
        yield from member_names(member)


def _shown_whole(entity: plan.Entity, name: str) -> bool:
    """Whether some document has a collection as one value, or with a member for each element."""
    for document in entity.documents:
        values = [document.keyed, *(name for m in all_members(document) for name in (m.target, m.keyed))]
        if any(value is not None and value.scope == "thing" and value.field == name for value in values):
            return True
    return False
