"""Rules for the stored side of one adapter: what records bind, lose, and how they are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from codec.errors import Place
from codec.spec import plan
from codec.spec.account import nested_members, part_names, row_parts, slots_of
from codec.spec.context import POSITION
from codec.spec.coverage import body_fields, bound_fields, contents, copied_fields
from codec.spec.finding import AdapterRule, Finding, Subject, doubt, mistake
from codec.spec.source import place_of
from codec.spec.totals import key_takes_anything, value_takes_anything
from codec.spec.wording import listed


def identity_in_key(subject: Subject) -> Iterator[Finding]:
    """A record whose key does not say whose it is cannot be gathered with the others."""
    for entity in subject.adapter.entities:
        for row in entity.rows:
            if row.role == "dropped":
                continue
            named = {name.text for part in row.key for name in part_names(part)}
            for name in (name for name in entity.identity if name not in named):
                message = f"the key of `{row.label}` does not say `{name}`"
                yield mistake("spec-identity", message, row.place, row.label, f"add a slot `{name}` to the key")


def derived_binds(subject: Subject) -> Iterator[Finding]:
    """A derived record is never read: what only it says would be lost."""
    for entity in subject.adapter.entities:
        read = [row for row in entity.rows if row.role in ("stored", "shared")]
        stored = {name for row in read for name in bound_fields(entity, row)}
        for row in (row for row in entity.rows if row.role == "derived" and not row.read_with):
            for name in (name for name in bound_fields(entity, row) if name not in stored):
                message = f"`{row.label}` is derived, but nothing else stores `{name}`"
                hint = "store it elsewhere, or say `legacy` or nothing instead of `derived`"
                yield mistake("spec-derived", message, row.place, row.label, hint)


def never_stored(subject: Subject) -> Iterator[Finding]:
    """A field that records do not say is lost by an encode, or is always empty after a decode."""
    for entity in subject.adapter.entities:
        rows = [row for row in entity.rows if row.role != "dropped"]
        pieces = body_fields(entity)
        read = {name for row in rows for name in bound_fields(entity, row)} | pieces
        written = {name for row in rows if row.written for name in bound_fields(entity, row, written=True)} | pieces
        written |= copied_fields(entity)
        if entity.name in contents(subject.adapter):
            written |= read  # as pieces of bodies
        for name in entity.fields:
            place = place_of(subject.data, ("entities", entity.name, "model", name))
            if name not in read:
                message = f"no record stores `{name}`"
                hint = "bind it in a record kind, or take it out of the model"
                yield mistake("spec-never-stored", message, place, f"{entity.name}.{name}", hint)
            elif name not in written:
                message = f"no record that is written stores `{name}`"
                hint = "an encode would lose it: bind it in a record kind and form that is written"
                yield mistake("spec-never-stored", message, place, f"{entity.name}.{name}", hint)


def preferences(subject: Subject) -> Iterator[Finding]:
    """Where several record kinds say a field, one must go before the others."""
    for entity in subject.adapter.entities:
        says: dict[str, list[plan.Row]] = {}
        for row in (row for row in entity.rows if row.role in ("stored", "shared")):
            for name in (name for name in bound_fields(entity, row) if name not in entity.identity):
                says.setdefault(name, []).append(row)
        here = ("entities", entity.name)
        for name, order in entity.prefer.items():
            place = place_of(subject.data, (*here, "prefer", name))
            if name not in entity.fields:
                message = f"`prefer` names `{name}`, which is not a field of the model"
                yield mistake("spec-unknown-name", message, place, entity.name, f"one of: {', '.join(says)}")
                continue
            known = {row.name for row in entity.rows}
            saying = [row.name for row in says.get(name, ())]
            for other in (other for other in order if other in known and other not in saying):
                message = f"`prefer` names `{other}` for `{name}`, which it does not say"
                hint = f"leave `{other}` out, or bind `{name}` in it"
                yield mistake("spec-prefer", message, place, entity.name, hint)
        for name, rows in says.items():
            names = [row.name for row in rows]
            alternatives = all(row.when is not None for row in rows)  # a thing has one of them
            if len(rows) > 1 and not alternatives and not set(names) <= {*entity.prefer.get(name, ())}:
                place = place_of(subject.data, (*here, "prefer", name))
                message = f"{listed(names, 'and')} say `{name}`, and nothing says which of them wins"
                hint = f"write `prefer: {{{name}: [{', '.join(names)}]}}` in the order that is right"
                yield mistake("spec-prefer", message, place, entity.name, hint)


def told_losses(subject: Subject) -> Iterator[Finding]:
    """What reading drops and writing replaces needs a reason, so that the table of losses has it."""
    rows = [row for row in subject.adapter.rows if row.role == "stored" and not row.unread]
    for row in rows:
        for part in row_parts(row):
            for field in slots_of(part):
                yield from _slot_loss(row, field)
            for member in nested_members(part.members) if isinstance(part, plan.Json) else ():
                if member.derive is not None and not member.because:
                    yield _recomputed(member.name, row, member.place)
        if row.legacy:
            continue
        for form in (form for form in row.forms if not form.written and not form.because):
            message = f"the form `{form.name}` of `{row.label}` is read and never written, without a reason"
            hint = f"say why: `lossy: {{{form.name}: reason}}`, or when it is written"
            yield mistake("spec-loss", message, form.place, row.label, hint)


def _slot_loss(row: plan.Row, field: plan.Slot | plan.WireField) -> Iterator[Finding]:
    slot = field.slot if isinstance(field, plan.WireField) else field
    if slot is None or slot.because:
        return
    if slot.account == "derived" and not slot.differs:
        yield _recomputed(slot.name, row, slot.place)
    if slot.target is not None and slot.target.field == POSITION and slot.target.scope == "element":
        message = f"positions of `{row.label}` are renumbered when written"
        yield mistake("spec-loss", message, slot.place, row.label, "say why that is right: `lost: reason`")


def _recomputed(name: str, row: plan.Row, place: Place) -> Finding:
    message = f"`{name}` of `{row.label}` is recomputed, and what the record says is not looked at"
    return mistake("spec-loss", message, place, row.label, "say `differs: warning`, or `lost: reason`")


def forms_apart(subject: Subject) -> Iterator[Finding]:
    """A reader takes the first form whose leading literal fits; what it takes wrongly is read wrongly."""
    for row in subject.adapter.rows:
        for index, form in enumerate(row.forms):
            for earlier in row.forms[:index]:
                if form.magic.startswith(earlier.magic):
                    message = f"the form `{form.name}` of `{row.label}` is never reached: `{earlier.name}` fits too"
                    hint = "put the form with the longer leading literal first"
                    yield mistake("spec-forms", message, form.place, row.label, hint)
            if not form.magic and form.parts and index:
                fitting = [other.name for other in row.forms[:index] if other.magic and _may_begin(form, other.magic)]
                if fitting:
                    others = listed(fitting, "or")
                    message = f"a value in the form `{form.name}` of `{row.label}` may begin like {others}"
                    hint = "it is then read as that form; nothing to do if such values do not exist"
                    yield doubt("spec-forms", message, form.place, row.label, hint)


def _may_begin(form: plan.Form, text: bytes) -> bool:
    first = form.parts[0]
    return not isinstance(first, plan.Slot) or first.layout.may_begin(text)


def forms_written(subject: Subject) -> Iterator[Finding]:
    """Every value needs exactly one form to be written in."""
    for row in subject.adapter.rows:
        if len(row.forms) > 1 and sum(form.written and form.when is None for form in row.forms) != 1:
            hint = "say `otherwise` for exactly one form"
            message = f"`write` of `{row.label}` does not say one form for what no condition fits"
            yield mistake("spec-forms", message, row.place, row.label, hint)


def flags_name_parts(subject: Subject) -> Iterator[Finding]:
    """A bit says that a later part follows, so there must be one of that name."""
    for row in subject.adapter.rows:
        for parts in (row.key, *(form.parts for form in row.forms)):
            for index, part in enumerate(parts):
                if not isinstance(part, plan.Flags):
                    continue
                later = {slot.name for after in parts[index + 1 :] for slot in slots_of(after)}
                for name in (name for name, _ in part.bits if name not in later):
                    message = f"the flags of `{row.label}` name `{name}`, which does not follow"
                    yield mistake("spec-unknown-name", message, part.place, row.label, "name a later part")


def owners_store(subject: Subject) -> Iterator[Finding]:
    """An owner of a shared record kind says what it does with it, and whoever says so is an owner."""
    for shared in subject.adapter.shared:
        owners = {entity for entity, _ in shared.owners}
        users = {e.name for e in subject.adapter.entities if any(r.shared == shared.row.name for r in e.rows)}
        for index, (name, _) in enumerate(shared.owners):
            if name not in users:
                place = place_of(subject.data, ("shared", shared.row.name, "owners", index))
                message = f"`{name}` owns `{shared.row.name}` and does not store it"
                hint = f"add `{shared.row.name}: {{shared: both}}` to its `stored`, or take it out of `owners`"
                yield mistake("spec-owners", message, place, shared.row.name, hint)
        for name in sorted(users - owners):
            row = next(row for row in subject.adapter.entity(name).rows if row.shared == shared.row.name)
            message = f"`{name}` stores `{shared.row.name}` and is not among its owners"
            hint = f"add `{name}` to `owners`, where it belongs in the order"
            yield mistake("spec-owners", message, row.place, row.label, hint)


def examples_given(subject: Subject) -> Iterator[Finding]:
    """An example is tested by both engines, printed in the manual and exported as a vector."""
    for row in subject.adapter.rows:
        if row.role == "stored" and not row.unread and not row.example:
            hint = "add `example: {key: text, value: text}`"
            yield doubt("spec-example", f"`{row.label}` has no example", row.place, row.label, hint)


def errors_named(subject: Subject) -> Iterator[Finding]:
    """What can be wrong in a record is refused under a name, and a name that nothing can cause is a mistake."""
    shown = {label for view in subject.adapter.views for label in view.rows}
    for row in subject.adapter.rows:
        is_read = row.role == "stored" or bool(row.read_with)
        if row.unread or row.role == "dropped" or not (is_read or row.label in shown):
            continue
        key, value = key_takes_anything(row), not is_read or value_takes_anything(row)
        nameless = [side for side, total in (("key", key), ("value", value)) if not total]
        if nameless and not (row.key_error or row.value_error):
            message = f"`{row.label}` can be wrong in its {listed(nameless, 'and')}, and has no name for that"
            hint = f"name it: `errors: {{{', '.join(f'{side}: Err…' for side in nameless)}}}`"
            yield mistake("spec-error-name", message, row.place, row.label, hint)
        for side, total in (("key", key), ("value", value)):
            if total and side in _declared(subject, row):
                message = f"`{row.label}` has a name for what is wrong in its {side}, and nothing can be wrong there"
                yield mistake("spec-error-name", message, row.place, row.label, f"take `{side}` out of its `errors`")


def _declared(subject: Subject, row: plan.Row) -> set[str]:
    """The sides that the spec of a record kind has error names for."""
    entities = cast("dict[str, dict[str, dict[str, dict[str, object]]]]", subject.data["entities"])
    shared = cast("dict[str, dict[str, object]]", subject.data.get("shared", {}))
    spec = entities[row.entity]["stored"][row.name] if row.entity in entities else shared[row.name]
    return {*cast("dict[str, str]", spec.get("errors", {}))}


RULES: tuple[AdapterRule, ...] = (
    identity_in_key,
    derived_binds,
    never_stored,
    preferences,
    told_losses,
    forms_apart,
    forms_written,
    flags_name_parts,
    owners_store,
    examples_given,
    errors_named,
)
