"""The account of an adapter: every slot of every record and every member of every document, and what becomes of it.

Each is exactly one of bound, derived, constant, or lost with a reason; the table of losses is read off this account.
"""

from __future__ import annotations

from collections.abc import Iterator

from codec.errors import Place
from codec.frozen import frozen
from codec.spec import plan
from codec.spec.words import Name

REBUILT = "recomputed when written"


@frozen
class Entry:
    """One slot or member: `where` is its record kind or document, `says` what it is bound to or follows from.

    `fields` are the model's fields that it is bound to.
    """

    where: str
    name: str
    account: plan.Account
    says: str
    place: Place
    fields: tuple[str, ...] = ()


@frozen
class Loss:
    """Something that reading and writing again does not give back."""

    where: str
    what: str
    reason: str
    place: Place


def account(adapter: plan.Adapter) -> tuple[Entry, ...]:
    """Every slot and member of the adapter, record kinds first, in the order of the spec."""
    entries = [entry for row in adapter.rows for entry in row_account(row)]
    for entity in adapter.entities:
        for document in entity.documents:
            entries += document_account(document)
    return tuple(entries)


def row_account(row: plan.Row) -> Iterator[Entry]:
    """The slots of a record kind: of its key, then of each form of its value."""
    if row.unread:
        yield Entry(row.label, "everything behind the prefix", "lost", row.because, row.place)
        return
    for part in row.key:
        yield from _part_account(row, "key", part)
    for form in row.forms:
        for part in form.parts:
            yield from _part_account(row, form.name if len(row.forms) > 1 else "value", part)


def _part_account(row: plan.Row, section: str, part: plan.Part) -> Iterator[Entry]:
    where = f"{row.label}.{section}"
    if isinstance(part, plan.Slack):
        yield Entry(where, "whatever follows", "lost", part.because, part.place)
    elif isinstance(part, plan.Flags):
        names = ", ".join(f"`{name}`" for name, _ in part.bits)
        yield Entry(where, "flags", "derived", f"whether {names} is there", part.place)
    elif isinstance(part, plan.Json):
        yield from _members_account(where, "", part.members)
    else:
        for slot in slots_of(part):
            yield _slot_account(row, where, slot)


def slots_of(part: plan.Part) -> tuple[plan.Slot | plan.WireField, ...]:
    """The slots of a part, those inside it included."""
    if isinstance(part, plan.Optional):
        return part.parts
    if isinstance(part, plan.Message):
        return part.fields
    return (part,) if isinstance(part, plan.Slot) else ()


def row_parts(row: plan.Row, written: bool = False) -> Iterator[plan.Part]:
    """The parts of a row's key and of all forms of its value; `written`: only of those that are written."""
    yield from row.key
    for form in row.forms:
        if form.written or not written:
            yield from form.parts


def _slot_account(row: plan.Row, where: str, part: plan.Slot | plan.WireField) -> Entry:
    slot = part.slot if isinstance(part, plan.WireField) else part
    if row.role == "dropped":
        return Entry(where, part.name, "lost", row.because, part.place)
    if row.role == "derived" and part.target is not None:
        return Entry(where, part.name, "derived", f"`{part.target.text}`", part.place)
    if slot is None or slot.account == "bound":
        assert part.target is not None
        return _bound(where, part.name, (part.target,), part.place)
    if slot.derive is not None:
        return Entry(where, part.name, "derived", slot.derive.describe(), part.place)
    says = f"always {slot.constant}" if slot.account == "constant" else slot.because
    return Entry(where, part.name, slot.account, says, part.place)


def document_account(document: plan.Document) -> Iterator[Entry]:
    """The names in a document's path, and its members; members of items follow their array."""
    where = f"{document.entity}.{document.name}"
    for part in path_parts(document):
        yield _bound(where, "the file's name", (part.target,), document.place)
    if document.keyed is not None:
        yield _bound(where, "the members' names", (document.keyed,), document.place)
    if document.raw:
        yield _bound(where, "the file's bytes", (Name(document.raw),), document.place)
    yield from _members_account(where, "", document.members)
    for line in document.lines:
        yield from _members_account(where, f"{line.each}: " if line.each else "", line.members)


def _members_account(where: str, prefix: str, members: tuple[plan.Member, ...]) -> Iterator[Entry]:
    for member in members:
        name = prefix + member.name
        if member.is_constant:
            yield Entry(where, name, "constant", f"always {member.constant}", member.place)
        elif member.stem:
            yield Entry(where, name, "bound", f"the name of `{member.stem}`", member.place)
        elif member.each is not None:
            yield _bound(where, name, (member.each,), member.place)
            yield from _members_account(where, f"{name}[].", member.item)
        elif member.members:
            yield from _members_account(where, f"{name}.", member.members)
        elif member.is_reset or member.hidden:
            yield Entry(where, name, "lost", member.because, member.place)
        elif member.derive is not None:
            yield Entry(where, name, "derived", member.derive.describe(), member.place)
        else:
            yield _bound(where, name, tuple(member_names(member)), member.place)


def path_parts(document: plan.Document) -> Iterator[plan.PathPart]:
    """The fields in a document's path, whichever it has."""
    paths = (document.path, *(path for _, path in document.alternatives))
    return (part for path in paths for step in path for part in step if isinstance(part, plan.PathPart))


def _bound(where: str, name: str, targets: tuple[Name, ...], place: Place) -> Entry:
    fields = tuple(f"{target.collection}[].{target.text}" if target.collection else target.text for target in targets)
    return Entry(where, name, "bound", ", ".join(fields), place, fields)


# ------------------------------------------------------------------------------------------------ losses


def losses(adapter: plan.Adapter) -> tuple[Loss, ...]:
    """All that the adapter's records lose on the way to documents and back, with the reason for each."""
    found = [loss for row in adapter.rows for loss in row_losses(row)]
    for entity in adapter.entities:
        found += _entity_losses(entity)
    found += [
        Loss(shared.row.name, "records without an owner", f"warned: {shared.orphan}", shared.place)
        for shared in adapter.shared
    ]
    return tuple(found)


def row_losses(row: plan.Row) -> Iterator[Loss]:
    """What is lost of one record kind."""
    if row.because:
        what = "the form" if row.legacy else "the record"
        reason = f"{REBUILT}: {row.because}" if row.role == "derived" else row.because
        yield Loss(row.label, what, reason, row.place)
    if row.role in ("dropped", "derived") or row.unread:
        return
    for part in row.key:
        yield from _part_losses(f"{row.label}.key", part)
    for form in row.forms:
        where = f"{row.label}.{form.name if len(row.forms) > 1 else 'value'}"
        if form.because:
            yield Loss(where, "the form", form.because, form.place)
        for part in form.parts:
            yield from _part_losses(where, part)


def _part_losses(where: str, part: plan.Part) -> Iterator[Loss]:
    if isinstance(part, plan.Slack):
        yield Loss(where, "whatever follows", part.because, part.place)
    elif isinstance(part, plan.Flags):
        yield Loss(where, "other bits of the flags", "nothing is known of them", part.place)
    elif isinstance(part, plan.Json):
        for member in nested_members(part.members):
            if member.because:
                yield Loss(where, member.name, member.because, member.place)
    elif isinstance(part, plan.Message):
        yield Loss(where, "unknown fields of the message", "nothing is known of them", part.place)
        for field in part.fields:
            if field.slot is not None:
                yield from _slot_losses(where, field.slot)
    elif isinstance(part, plan.Optional):
        for slot in part.parts:
            yield from _slot_losses(where, slot)
    elif isinstance(part, plan.Slot):
        yield from _slot_losses(where, part)


def _slot_losses(where: str, slot: plan.Slot) -> Iterator[Loss]:
    if slot.because:
        yield Loss(where, slot.name, slot.because, slot.place)
    if slot.differs and slot.account == "derived":
        yield Loss(where, slot.name, f"{REBUILT}; a difference is warned: {slot.differs}", slot.place)
    if slot.layout.loss:
        yield Loss(where, slot.name, slot.layout.loss, slot.place)
    if slot.zero_is_none:
        yield Loss(where, slot.name, "zero is read as none", slot.place)


def _entity_losses(entity: plan.Entity) -> Iterator[Loss]:
    for row in entity.rows:
        if row.role == "shared" and row.because:
            yield Loss(row.label, "the record", row.because, row.place)
    if entity.exists:
        yield Loss(entity.name, f"records without `{entity.exists}`", f"warned: {entity.orphan}", entity.place)
    if entity.choose is not None:
        reason = f"warned: {entity.choose.stale}"
        yield Loss(entity.name, f"those whose `{entity.choose.field}` is not the one that counts", reason, entity.place)
    for document in entity.documents:
        if document.restored is not None:
            where = f"{entity.name}.{document.name}"
            yield Loss(where, document.restored.member, document.restored.because, document.place)
        for member in all_members(document):
            where = f"{entity.name}.{document.name}"
            if member.option:
                yield Loss(where, member.name, f"shown only with the option {member.option}", member.place)
            if member.hidden:
                yield Loss(where, member.name, member.because, member.place)
            if member.shown_with:
                reason = f"shown only with the options {', '.join(member.shown_with)}"
                yield Loss(where, member.name, reason, member.place)
            if member.unless:
                reason = f"shown as {member.reset} without the option {member.unless}"
                yield Loss(where, member.name, reason, member.place)


def all_members(document: plan.Document) -> Iterator[plan.Member]:
    """Every member of a document, those inside another after it."""
    yield from nested_members(document.members)
    for line in document.lines:
        yield from nested_members(line.members)


def nested_members(members: tuple[plan.Member, ...]) -> Iterator[plan.Member]:
    """Every member of an object, those inside another after it."""
    for member in members:
        yield member
        yield from nested_members((*member.item, *member.members))


def member_names(member: plan.Member) -> Iterator[Name]:
    """The fields of the model that a member says, without those inside it."""
    yield from (name for name in (member.target, member.each, member.keyed) if name is not None)
    yield from (part[0] for part in member.pattern if not isinstance(part, str))


def part_names(part: plan.Part) -> Iterator[Name]:
    """The fields of the model that a part of a record says."""
    if isinstance(part, plan.Json):
        for member in nested_members(part.members):
            yield from member_names(member)
    for slot in slots_of(part):
        if slot.target is not None:
            yield slot.target
