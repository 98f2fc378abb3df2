"""The page of one adapter: its things with records and documents, then warnings, errors and losses."""

from __future__ import annotations

from collections.abc import Iterator

from codec.engine.interpreter import Interpreter
from codec.generate.manual.anchors import anchor
from codec.generate.manual.blocks import Block, Heading, Link, Links, Page, Paragraph, Table, code
from codec.generate.manual.documents import document
from codec.generate.manual.errors import errors
from codec.generate.manual.glossary import views_and_names, words
from codec.generate.manual.records import record
from codec.generate.samples import sample
from codec.spec import plan
from codec.spec.account import losses
from codec.spec.describe import literal_text, path_text, role_of, type_text


def adapter_page(adapter: plan.Adapter) -> Page:
    """Everything about one adapter."""
    return Page(adapter.name, tuple(_blocks(adapter)))


def _blocks(adapter: plan.Adapter) -> Iterator[Block]:
    name = adapter.name
    yield Heading(1, f"Adapter `{name}`", anchor(name))
    yield Paragraph(f"{' '.join(adapter.doc.split())} Format `{adapter.format}`, version {adapter.version}.")
    yield Links([Link(entity.name, name, anchor(name, entity.name)) for entity in adapter.entities])
    if adapter.options:
        yield Heading(2, "Options", anchor(name, "options"))
        options = [(code(o.name), ", ".join(o.directions), f"{o.default}", o.help) for o in adapter.options]
        yield Table(("option", "directions", "default", "meaning"), options)
    yield Heading(2, "Records at a glance", anchor(name, "records"))
    rows = [(code(literal_text(r.prefix)) if r.prefix else "", code(r.label), role_of(r)) for r in adapter.rows]
    yield Table(("prefix", "record", "role"), rows)
    yield Heading(2, "Documents at a glance", anchor(name, "documents"))
    documents = [d for entity in adapter.entities for d in entity.documents]
    yield Table(
        ("path", "document", "kind"),
        [(code(path_text(d.path)), code(f"{d.entity}.{d.name}"), d.kind) for d in documents],
    )
    for entity in adapter.entities:
        yield from _entity(adapter, entity)
    yield from _other_records(adapter)
    yield from views_and_names(adapter)
    yield from words(adapter)
    yield from _outcomes(adapter)


def _entity(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[Block]:
    thing, engine = sample(entity, adapter), Interpreter()
    yield Heading(2, entity.name, anchor(adapter.name, entity.name))
    within = f" It lies within a `{entity.within[1]}`." if entity.within else ""
    exists = f" Without its record `{entity.exists}` there is none: {entity.orphan}." if entity.exists else ""
    yield Paragraph(
        f"{' '.join(entity.doc.split())} Its identity is {', '.join(map(code, entity.identity))}.{within}{exists}"
    )
    yield Table(
        ("field", "type", "taken from"),
        [(code(name), type_text(kind), _wins(entity, name)) for name, kind in entity.fields.items()],
    )
    if entity.computed:
        yield Table(("computed", "as"), [(code(name), derive.describe()) for name, derive in entity.computed])
    for row in entity.rows:
        if row.role != "shared":
            yield from record(adapter, row, 3, entity, thing, engine)
    for one in entity.documents:
        yield from document(adapter, one, 3, entity, thing, engine)
    if entity.checks:
        yield Heading(3, f"Checks of `{entity.name}`", anchor(adapter.name, entity.name, "checks"))
        yield Table(
            ("must hold before it is written", "hint"), [(c.condition.describe(), c.hint) for c in entity.checks]
        )


def _wins(entity: plan.Entity, name: str) -> str:
    return f"the first of {', '.join(entity.prefer[name])} that says it" if name in entity.prefer else ""


def _other_records(adapter: plan.Adapter) -> Iterator[Block]:
    if not adapter.shared and not adapter.unread:
        return
    yield Heading(2, "Other records", anchor(adapter.name, "other"))
    for shared in adapter.shared:
        yield from record(adapter, shared.row, 3, None, {}, Interpreter())
        owners = ", ".join(code(owner if not row else f"{owner}.{row}") for owner, row in shared.owners)
        yield Paragraph(f"It belongs to the first of {owners} that exists; without any of them: `{shared.orphan}`.")
    for row in adapter.unread:
        yield from record(adapter, row, 3, None, {}, Interpreter())


def _outcomes(adapter: plan.Adapter) -> Iterator[Block]:
    name = adapter.name
    if adapter.warnings:
        yield Heading(2, "Warnings", anchor(name, "warnings"))
        warnings = [
            (code(w.event), ", ".join(field for field, _ in w.fields), w.hint) for w in adapter.warnings.values()
        ]
        yield Table(("warning", "fields", "hint"), warnings)
    yield Heading(2, "Errors", anchor(name, "errors"))
    yield Table(("error", "where"), [(code(error), "; ".join(where)) for error, where in errors(adapter).items()])
    yield Heading(2, "Losses", anchor(name, "losses"))
    yield Paragraph("What reading and writing again does not give back, with the reason for each.")
    yield Table(("where", "what", "why"), [(code(loss.where), loss.what, loss.reason) for loss in losses(adapter)])
