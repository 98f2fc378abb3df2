"""What conformance has to hit: every record kind, slot, document, member, check, layer and declared error of a plan.

A point's anchor is made of the names that the spec gives, so that it also names the paragraph of the manual:
`redis.Hash.meta.count`, `redis.Hash.document.fields.name`, `redis.errors.ErrRedisInvalidHashMeta`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codec.conformance.edge_points import edge_points
from codec.conformance.type_members import type_anchor
from codec.errors import Place
from codec.spec import plan
from codec.spec.container import Container, StreamPlan, TopDocument
from codec.spec.totals import is_total, takes_anything, value_takes_anything
from codec.spec.words import Empty, Not

NOT_READ = "its bytes are not read: {}"
ANY_BYTES = "any bytes are a value"
NO_MISTAKE = "every input has one answer"
NEVER_EMPTY = "the folder is called by it, and no folder is called nothing"
DROPPED = "whatever stands there is accepted and dropped"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to hit; `excuse` says why no input can be wrong in it, `unreachable` why no vector can have it at all."""

    anchor: str
    kind: str
    place: Place
    excuse: str = ""
    unreachable: str = ""


def points(container: Container) -> Iterator[Point]:
    """Every point of a format, in the order of its specs, the errors last."""
    yield from _container(container)
    for adapter in container.adapters:
        yield from _adapter(adapter)
    seen: set[str] = set()
    from codec.conformance.declared import declared_errors

    for error in declared_errors(container):
        if error.anchor not in seen:
            seen.add(error.anchor)
            yield error


# ------------------------------------------------------------------------------------------------ records


def row_anchor(adapter: str, row: plan.Row) -> str:
    """The anchor of a record kind."""
    return f"{adapter}.{row.label}"


def form_anchor(base: str, row: plan.Row, form: plan.Form) -> str:
    """The anchor of a form of a value; a record kind with one form is that form."""
    return f"{base}.{form.name}" if len(row.forms) > 1 else base


def row_points(adapter: str, row: plan.Row) -> Iterator[Point]:
    """A record kind and everything in it."""
    base = row_anchor(adapter, row)
    unread = not_read(row)
    total = not unread and not row.key_error and value_takes_anything(row)
    yield Point(base, "record kind", row.place, unread or (ANY_BYTES if total else ""))
    for part in row.key:
        yield from _part_points(base, part, unread)
    for form in row.forms:
        where = form_anchor(base, row, form)
        if where != base:
            yield Point(where, "form", form.place, unread or (ANY_BYTES if takes_anything(form.parts) else ""))
        for part in form.parts:
            yield from _part_points(where, part, unread)


def limit_anchor(base: str, slot: plan.Slot, number: int) -> str:
    """The anchor of a limit of a slot's layout."""
    return f"{base}.{slot.name}.limits.{number}"


def not_read(row: plan.Row) -> str:
    """Why a record kind is not looked into, if it is not."""
    if row.unread or row.role == "dropped":
        return NOT_READ.format(row.because)
    if row.role == "derived" and not row.read_with:
        return NOT_READ.format(row.because or "it is computed anew")
    return ""


def _part_points(base: str, part: plan.Part, unread: str) -> Iterator[Point]:
    if isinstance(part, plan.Slot):
        yield Point(f"{base}.{part.name}", "slot", part.place, unread or (ANY_BYTES if is_total(part.layout) else ""))
        for number, _ in enumerate(() if unread else part.layout.limits(), 1):
            yield Point(limit_anchor(base, part, number), "limit", part.place, NO_MISTAKE)
    elif isinstance(part, plan.Optional):
        for slot in part.parts:
            yield Point(f"{base}.{slot.name}", "slot", slot.place, unread)
    elif isinstance(part, plan.Flags):
        yield Point(f"{base}.flags", "flags", part.place, unread)
    elif isinstance(part, plan.Slack):
        yield Point(f"{base}.slack", "slack", part.place, unread or DROPPED)
    elif isinstance(part, plan.Message):
        for field in part.fields:
            yield Point(f"{base}.{field.name}", "message field", field.place, unread)
            for _, name, _ in field.items:
                yield Point(f"{base}.{field.name}.{name}", "message field", field.place, unread)
    elif isinstance(part, plan.Json):
        yield from member_points(base, part.members, unread)


def member_points(base: str, members: tuple[plan.Member, ...], unread: str = "") -> Iterator[Point]:
    """Members of a JSON object, those inside them after them."""
    for member in members:
        anchor = f"{base}.{member.name}"
        excuse = unread or (DROPPED if member.hidden else "")
        yield Point(anchor, "member", member.place, excuse)
        yield from member_points(anchor, (*member.members, *(() if member.bare else member.item)), unread)


# ------------------------------------------------------------------------------------------------ adapters


def _adapter(adapter: plan.Adapter) -> Iterator[Point]:
    name = adapter.name
    yield Point(name, "adapter", adapter.place)
    for row in (*(shared.row for shared in adapter.shared), *adapter.unread):
        yield from row_points(name, row)
    for entity in adapter.entities:
        yield Point(f"{name}.{entity.name}", "entity", entity.place)
        for row in entity.rows:
            if row.role != "shared":
                yield from row_points(name, row)
        for document in entity.documents:
            yield from document_points(name, document)
        for kind, anchor in edge_points(name, entity):
            yield Point(anchor, kind, entity.place, NO_MISTAKE)
        for number, check in enumerate(entity.checks):
            yield Point(check_anchor(name, entity, number), "check", check.place, never_broken(entity, check))
    for type in adapter.types.values():
        yield from (Point(type_anchor(name, type.name, kind.name), "type member", adapter.place) for kind in type.kinds)
    for view in adapter.views:
        yield Point(f"{name}.{view.entity}.{view.name}", "view", view.place)
    for names in adapter.names.values():
        yield Point(f"{name}.{names.name}", "names file", adapter.place)


def never_broken(entity: plan.Entity, check: plan.Check) -> str:
    """Why a check cannot fail: it asks for a name that the folder of the thing gives, and no folder is called nothing."""
    inner = check.condition.inner if isinstance(check.condition, Not) else None
    if not isinstance(inner, Empty) or inner.name.path:
        return ""
    named = {document.named_by[1] for document in entity.documents if document.named_by and document.name_checked}
    folders = {
        part.target.field
        for document in entity.documents
        if not document.named_by
        for step in document.path[:-1]
        for part in step
        if isinstance(part, plan.PathPart)
    }
    return NEVER_EMPTY if inner.name.field in named | folders else ""


def check_anchor(adapter: str, entity: plan.Entity, number: int) -> str:
    """The anchor of a check of an entity."""
    return f"{adapter}.{entity.name}.checks.{number + 1}"


def document_points(adapter: str, document: plan.Document) -> Iterator[Point]:
    """A kind of document and its members."""
    base = f"{adapter}.{document.entity}.{document.name}"
    yield Point(base, "document", document.place)
    yield from member_points(base, document.members)
    for line in document.lines:
        yield from member_points(base, line.members)


# ------------------------------------------------------------------------------------------------ container


def _container(container: Container) -> Iterator[Point]:
    name, place = container.name, container.place
    yield Point(name, "format", place)
    yield Point(f"{name}.clock", "layer", place)
    for stream in container.streams:
        for part in stream_parts(stream):
            yield Point(f"{name}.{stream.name}{part}", "stream", stream.place)
    for form, slots in container.clock.forms.items():
        base = clock_anchor(container, form)
        yield Point(base, "layer", place)
        yield from (Point(f"{base}.{slot}", "layer", place) for slot, _ in slots)
    yield Point(f"{name}.footer", "layer", place)
    for row in container.operational:
        yield Point(f"{name}.{row.name}", "row of the node", place, NOT_READ.format(container.operational_reason))
    for internal in container.internal:
        yield Point(f"{name}.{internal.name}", "row of the node", internal.place, NOT_READ.format(internal.because))
    for document, title in ((container.manifest, "manifest"),):
        yield Point(f"{name}.{title}", "manifest", place)
        yield from top_points(f"{name}.{title}", document, place)


def clock_anchor(container: Container, form: bytes) -> str:
    """The anchor of a form of the header that a state machine puts in front."""
    return f"{container.name}.clock.{form.decode('latin-1')}"


def stream_parts(stream: StreamPlan) -> Iterator[str]:
    """What a stream consists of, as ends of anchors; the stream itself first."""
    yield ""
    yield ".magic"
    yield from (f".{slot}" for slot, _ in stream.header)
    if stream.footer is not None:
        yield ".footer"
    if stream.key is not None and stream.value is not None:
        for side, frame in (("key", stream.key), ("value", stream.value)):
            yield f".{side}"
            yield from (f".{side}.{slot}" for slot, _ in (*frame.before, *frame.after))
    if stream.groups is not None:
        yield from (".key", ".versions", ".value")
        yield from (f".version.{slot}" for slot, _ in stream.groups.version)


def top_points(base: str, document: TopDocument, place: Place) -> Iterator[Point]:
    """The members of a document about a run."""
    schema = document.schema.get("properties", {})
    assert isinstance(schema, dict)
    yield from _schema_points(base, dict(document.members), schema, place)


def _schema_points(base: str, members: dict[str, object], schema: dict[str, object], place: Place) -> Iterator[Point]:
    for name, spec in members.items():
        assert isinstance(spec, dict)
        own = schema.get(name)
        yield Point(f"{base}.{name}", "member", place, "" if isinstance(own, dict) and own else DROPPED)
        inner = spec.get("object")
        if isinstance(inner, dict):
            nested = own.get("properties", {}) if isinstance(own, dict) else {}
            yield from _schema_points(f"{base}.{name}", inner, nested, place)


def parents(anchor: str) -> set[str]:
    """An anchor, and those of the things that it belongs to."""
    steps = anchor.split(".")
    return {".".join(steps[:length]) for length in range(1, len(steps) + 1)}
