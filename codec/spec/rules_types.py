"""Rules on types: what a layout or a face gives is what the model's field holds."""

from __future__ import annotations

from collections.abc import Iterator, Set

from codec.errors import Place
from codec.layout.base import BYTES, REAL, TEXT, WHOLE, family
from codec.layout.faces import RANGES
from codec.spec import plan
from codec.spec.account import all_members, nested_members, row_parts, slots_of
from codec.spec.finding import AdapterRule, Finding, Subject, mistake
from codec.spec.words import Name

OF_WIRE = {
    "string": frozenset({BYTES, TEXT}),
    "bytes": frozenset({BYTES}),
    "double": frozenset({REAL}),
    "uint64": frozenset({WHOLE}),
}


SCALARS = frozenset({*RANGES, REAL, BYTES, TEXT, "flag", "json"})


def types_fit(subject: Subject) -> Iterator[Finding]:
    """A number in a field of text would be read as something that the other projection cannot write."""
    for entity in subject.adapter.entities:
        for row in (row for row in entity.rows if row.role in ("stored", "shared")):
            for part in row_parts(row):
                for slot in slots_of(part):
                    yield from _slot(entity, row, slot)
                for member in nested_members(part.members) if isinstance(part, plan.Json) else ():
                    yield from _member(entity, row.label, member)
        for document in entity.documents:
            for member in all_members(document):
                yield from _member(entity, f"{entity.name}.{document.name}", member)


def _slot(entity: plan.Entity, row: plan.Row, slot: plan.Slot | plan.WireField) -> Iterator[Finding]:
    if isinstance(slot, plan.Slot):
        if slot.account == "bound":
            yield from _checked(entity, slot.target, slot.layout.word, slot.layout.holds, slot.place, row.label)
        return
    kinds = [(slot.target, slot.wire)] if slot.slot is not None and slot.slot.account == "bound" else []
    if slot.target is not None:
        kinds += [(Name(name, "element", 0, slot.target.field), wire) for _, name, wire in slot.items]
    for target, wire in kinds:
        if wire is not None:
            yield from _checked(entity, target, wire.word, OF_WIRE.get(wire.word, set()), slot.place, row.label)


def _member(entity: plan.Entity, label: str, member: plan.Member) -> Iterator[Finding]:
    if member.face is not None and member.derive is None:
        yield from _checked(entity, member.target, member.face.word, member.face.holds, member.place, label)


def _checked(
    entity: plan.Entity, target: Name | None, word: str, holds: Set[str], place: Place, label: str
) -> Iterator[Finding]:
    if target is None or not holds:
        return
    kind = _type(entity, target)
    if kind is None or kind.many or not kind.scalar or family(kind.scalar) in holds:
        return
    if kind.scalar not in SCALARS and kind.declared is None:
        return  # its own mistake
    message = f"`{word}` is for {' or '.join(sorted(holds))}; `{target.text}` of the model is {kind.scalar}"
    hint = f"give `{target.text}` another type, or take another codec"
    yield mistake("spec-type", message, place, label, hint)


def _type(entity: plan.Entity, name: Name) -> plan.FieldType | None:
    """The type of a field of the entity itself, or of its elements; None for parents, parts of structs, positions."""
    if name.path:
        return None
    if name.scope == "thing":
        return entity.fields.get(name.field)
    holder = entity.fields.get(name.collection)
    return holder.many.fields.get(name.field) if holder is not None and holder.many is not None else None


RULES: tuple[AdapterRule, ...] = (types_fit,)
