"""Paragraphs of the manual about record kinds: byte diagrams, tables of their parts, an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codec.engine.base import Engine
from codec.errors import Place
from codec.generate.manual.anchors import anchor
from codec.generate.manual.blocks import Block, Bytes, Cell, Code, Heading, Paragraph, Table, code
from codec.generate.manual.members import MEMBERS, members
from codec.generate.samples import example
from codec.spec import plan
from codec.spec.account import Entry, row_account, slots_of
from codec.spec.describe import cells, key_order, literal_text, offsets, role_of, written_when
from codec.spec.words import Thing

HEX_WIDTH = 16  # bytes on a line of a dump
PARTS = ("at", "bytes", "part", "layout", "what becomes of it")


def record(
    adapter: plan.Adapter, row: plan.Row, level: int, entity: plan.Entity | None, thing: Thing, engine: Engine
) -> Iterator[Block]:
    """One kind of record; `thing` is a sample of its entity."""
    yield Heading(level, f"Record `{row.label}`", anchor(adapter.name, "record", row.label))
    yield Paragraph(_sentence(row))
    if facts := list(_facts(row)):
        yield Table(("", ""), facts)
    if row.unread:
        return
    entries = {(entry.place, entry.name): entry for entry in row_account(row)}
    yield from _pattern("Key", row.key, entries)
    for form in row.forms:
        title = f"Value, form `{form.name}`{written_when(form)}" if len(row.forms) > 1 else "Value"
        yield from _pattern(title, form.parts, entries)
    found = example(row, entity, thing, engine) if entity is not None else None
    if found is None and row.example:
        found = bytes.fromhex(row.example["key"]), bytes.fromhex(row.example["value"])
    if found is not None:
        yield Paragraph("Example, key and value:")
        yield Code("\n".join((*dump(found[0]), "", *(dump(found[1]) or ["(empty)"]))), "text")


def _sentence(row: plan.Row) -> str:
    role = role_of(row)
    why = f" {row.because[:1].upper()}{row.because[1:].rstrip('.')}." if row.because else ""
    return f"{role[:1].upper()}{role[1:]}.{why}"


def _facts(row: plan.Row) -> Iterator[tuple[str, str]]:
    facts = (
        ("prefix", code(literal_text(row.prefix)) if row.prefix else ""),
        ("format document", row.manual),
        ("each", row.each and f"one record per element of {code(row.each)}"),
        ("option", code(row.option or row.read_with)),
        ("written when", row.when.describe() if row.when is not None else ""),
        ("order of keys", key_order(row)),
        ("error in the key", code(row.key_error)),
        ("error in the value", code(row.value_error)),
    )
    return ((name, text) for name, text in facts if text)


def _pattern(title: str, parts: Sequence[plan.Part], entries: dict[tuple[Place, str], Entry]) -> Iterator[Block]:
    if not parts:
        yield Paragraph(f"{title}: empty.")
        return
    drawn, lines = [], []
    for part, offset in zip(parts, offsets(parts), strict=True):
        if isinstance(part, plan.Message):
            drawn.append(Cell(offset, "…", "a protobuf message", False))
        for index, (name, width, layout) in enumerate(cells(part)):
            at = offset if not index else "…"
            is_literal = isinstance(part, plan.Literal_)
            if not isinstance(part, plan.Message):
                drawn.append(Cell(at, width, name, is_literal))
            place = next((slot.place for slot in slots_of(part) if slot.name == name), part.place)
            entry = None if is_literal else entries.get((place, name))
            layout = layout if not isinstance(part, plan.Json) else "its members stand below"
            lines.append((at, width, code(name), layout, _becomes(entry) or "must stand there" * is_literal))
    yield Bytes(title, drawn)
    yield Table(PARTS, lines)
    for part in parts:
        if isinstance(part, plan.Json):
            yield Table(MEMBERS, list(members(part.members, "")))


def _becomes(entry: Entry | None) -> str:
    if entry is None:
        return ""
    return f"{entry.account}: {code(entry.says) if entry.account == 'bound' else entry.says}"


def dump(data: bytes) -> list[str]:
    """Bytes in hexadecimal and as text, 16 on a line."""
    rows = (data[at : at + HEX_WIDTH] for at in range(0, len(data), HEX_WIDTH))
    return [
        f"{at * HEX_WIDTH:04x}  {row.hex(' '):<47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}"
        for at, row in enumerate(rows)
    ]
