"""A resolved plan as readable text: one record kind, document, entity or adapter, each part with its line in the spec.

Nothing is decided here; widths, accounts, orders and losses are read off the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from codec.errors import Place, SpecError
from codec.spec import library, plan
from codec.spec.account import (
    Entry,
    account,
    document_account,
    losses,
    row_account,
    row_losses,
    slots_of,
)
from codec.spec.describe import (
    cells,
    key_order,
    literal_text,
    offsets,
    path_text,
    role_of,
    type_text,
    written_when,
)
from codec.spec.wording import nearest


def show(format: str, kind: str) -> str:
    """The plan of everything that `kind` names in a format: `Hash.meta`, `Hash`, `redis`; raises `SpecError`."""
    adapters = library.load(format).adapters
    pages = [page for adapter in adapters for name, page in _pages(adapter) if name == kind]
    if not pages:
        known = [name for adapter in adapters for name, _ in _pages(adapter)]
        raise SpecError("spec-unknown-name", f"there is no `{kind}` in {format}", hint=nearest(kind, known))
    return "\n\n".join("\n".join(page) for page in pages)


def _pages(adapter: plan.Adapter) -> Iterator[tuple[str, Iterable[str]]]:
    yield adapter.name, _adapter(adapter)
    for entity in adapter.entities:
        yield entity.name, _entity(adapter, entity)
        for document in entity.documents:
            yield f"{entity.name}.{document.name}", _document(document)
    for row in adapter.rows:
        yield row.label, _row(adapter, row)


# ------------------------------------------------------------------------------------------------ records


def _row(adapter: plan.Adapter, row: plan.Row) -> Iterator[str]:
    yield _title(row.label, f"record kind, {role_of(row)}")
    yield from _facts(
        spec=_line(row.place),
        manual=row.manual,
        why=row.because,
        each=row.each and f"one record per element of `{row.each}`",
        option=(row.option and f"only with {row.option}") or (row.read_with and f"read with {row.read_with}"),
        order=key_order(row),
        errors=", ".join(
            f"{part}: {name}" for part, name in (("key", row.key_error), ("value", row.value_error)) if name
        ),
        example=" = ".join(
            literal_text(bytes.fromhex(row.example[part])) or "(empty)"
            for part in ("key", "value")
            if part in row.example
        ),
    )
    entries = {(entry.place, entry.name): entry for entry in row_account(row)}
    yield from _parts("key", row.key, entries)
    for form in row.forms:
        title = f"value, form {form.name}{written_when(form)}" if len(row.forms) > 1 else "value"
        yield from _parts(title, form.parts, entries)
    goes = list(_goes(adapter, row))
    if goes:
        yield from _section("shown", goes)
    yield from _section("losses", [(loss.what, loss.reason, _line(loss.place)) for loss in row_losses(row)])


def _parts(title: str, parts: Sequence[plan.Part], entries: dict[tuple[Place, str], Entry]) -> Iterator[str]:
    lines = []
    for part, offset in zip(parts, offsets(parts), strict=True):
        for index, (name, width, layout) in enumerate(cells(part)):
            place = part.place if isinstance(part, plan.Literal_) else _slot_place(part, name)
            entry = entries.get((place, name))
            where = f"{entry.account}: {entry.says}" if entry else ""
            lines.append((offset if not index else "", width, name, layout, where, _line(place)))
    yield from _section(title, lines) if lines else [f"  {title}", "    (empty)"]


def _slot_place(part: plan.Part, name: str) -> Place:
    return next((slot.place for slot in slots_of(part) if slot.name == name), part.place)


def _goes(adapter: plan.Adapter, row: plan.Row) -> Iterator[tuple[str, str, str]]:
    """What the row binds, and the members of documents that show it."""
    entities = [entity for entity in adapter.entities if row.entity in ("", entity.name)]
    entries = [entry for entity in entities for document in entity.documents for entry in document_account(document)]
    for field in dict.fromkeys(field for entry in row_account(row) for field in entry.fields):
        for entry in entries:
            if field in entry.fields:
                yield field, f"{entry.where}: {entry.name}", _line(entry.place)


# ------------------------------------------------------------------------------------------------ documents, entities


def _document(document: plan.Document) -> Iterator[str]:
    yield _title(f"{document.entity}.{document.name}", f"document, {document.kind}")
    yield from _facts(
        spec=_line(document.place),
        path=path_text(document.path),
        beside=document.beside,
        when=document.when.describe() if document.when is not None else "",
    )
    yield from _section("members", [_entry_cells(entry) for entry in document_account(document)])


def _entry_cells(entry: Entry) -> tuple[str, ...]:
    return entry.name, f"{entry.account}: {entry.says}", _line(entry.place)


def _entity(adapter: plan.Adapter, entity: plan.Entity) -> Iterator[str]:
    yield _title(entity.name, f"entity of {adapter.name}")
    yield from _facts(
        doc=entity.doc.strip(),
        spec=_line(entity.place),
        identity=", ".join(entity.identity),
        exists=entity.exists and f"if there is a record `{entity.exists}`; else the warning {entity.orphan}",
    )
    fields = [(name, type_text(kind), _wins(entity, name)) for name, kind in entity.fields.items()]
    yield from _section("model", fields)
    yield from _section("records", [_row_cells(row) for row in entity.rows])
    for document in entity.documents:
        title = f"document {document.name} ({document.kind}): {path_text(document.path)}"
        yield from _section(title, [_entry_cells(entry) for entry in document_account(document)])
    checks = [(check.condition.describe(), check.hint, _line(check.place)) for check in entity.checks]
    yield from _section("checks", checks)
    own = [loss for loss in losses(adapter) if loss.where.partition(".")[0] == entity.name]
    yield from _section("losses", [(loss.where, loss.what, loss.reason, _line(loss.place)) for loss in own])


def _wins(entity: plan.Entity, name: str) -> str:
    return f"the first of {', '.join(entity.prefer[name])} that says it" if name in entity.prefer else ""


def _row_cells(row: plan.Row) -> tuple[str, ...]:
    return row.label, literal_text(row.prefix), role_of(row), key_order(row), _line(row.place)


def _adapter(adapter: plan.Adapter) -> Iterator[str]:
    yield _title(adapter.name, f"adapter, {adapter.format} version {adapter.version}")
    yield from _facts(doc=" ".join(adapter.doc.split()), spec=_line(adapter.place), manual=adapter.manual)
    yield from _section("options", [(o.name, ", ".join(o.directions), o.help) for o in adapter.options])
    yield from _section("records", [_row_cells(row) for row in adapter.rows])
    documents = [document for entity in adapter.entities for document in entity.documents]
    cells = [(f"{d.entity}.{d.name}", d.kind, path_text(d.path), _line(d.place)) for d in documents]
    yield from _section("documents", cells)
    events = [(warning.event, ", ".join(name for name, _ in warning.fields)) for warning in adapter.warnings.values()]
    yield from _section("warnings", events)
    counts = Counter(entry.account for entry in account(adapter))
    yield from _section("account", [(name, str(count)) for name, count in counts.items()])
    yield from _section("losses", [(loss.where, loss.what, loss.reason, _line(loss.place)) for loss in losses(adapter)])


# ------------------------------------------------------------------------------------------------ text


def _title(name: str, what: str) -> str:
    return f"{name}: {what}"


def _line(place: Place) -> str:
    return f"{Path(place.source).name}:{place.line}"


def _facts(**facts: str) -> Iterator[str]:
    known = [(name, text) for name, text in facts.items() if text]
    return (f"  {line}" for line in _table(known))


def _section(title: str, lines: Sequence[Sequence[str]]) -> Iterator[str]:
    if lines:
        yield f"  {title}"
        yield from (f"    {line}" for line in _table(lines))


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Cells in columns; columns without text are left out."""
    columns = [index for index in range(max(map(len, lines), default=0)) if any(line[index] for line in lines)]
    widths = {index: max(len(line[index]) for line in lines) for index in columns}
    return ("  ".join(line[index].ljust(widths[index]) for index in columns).rstrip() for line in lines)
