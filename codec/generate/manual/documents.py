"""Paragraphs of the manual about kinds of documents: paths, members, an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codec.engine.base import Engine
from codec.engine.documents import STEM
from codec.generate.manual.anchors import anchor
from codec.generate.manual.blocks import Block, Code, Heading, Paragraph, Table, code
from codec.generate.manual.members import MEMBERS, holds, members
from codec.spec import plan
from codec.spec.describe import path_text
from codec.spec.words import Element, Thing

KINDS = {
    "json": "One JSON document for each thing.",
    "lines": "JSON lines: one file for each thing.",
    "raw": "The bytes of the field, as they are.",
    "sidecar": "JSON lines beside other documents: one line for each thing that has something to say.",
    "keyed": "One JSON object, whose members are named by the elements.",
    "together": "JSON lines: many things in one file.",
    "bundle": "JSON lines in numbered files, many things in each.",
    "copies": "JSON lines: records as they are.",
}


def document(
    adapter: plan.Adapter, one: plan.Document, level: int, entity: plan.Entity, thing: Thing, engine: Engine
) -> Iterator[Block]:
    """One kind of document; `thing` is a sample of its entity."""
    label = f"{one.entity}.{one.name}"
    yield Heading(level, f"Document `{label}`", anchor(adapter.name, "document", label))
    yield Paragraph(KINDS[one.kind])
    yield Table(("", ""), list(_facts(one)))
    if one.kind in ("keyed", "bundle"):
        only = one.members[0]
        assert one.keyed is not None
        yield Table(MEMBERS, [("each", holds(only), f"an element of {code(one.keyed.text)}", "")])
    elif one.members:
        yield Table(MEMBERS, list(members(one.members, "")))
    for line in one.lines:
        yield Paragraph(f"A line for each element of {code(line.each)}:" if line.each else "One line:")
        yield Table(MEMBERS, list(members(line.members, "")))
    if one.kind not in ("raw", "copies") and (one.when is None or one.when.holds(thing, ())):
        text = "".join(engine.document_writer(one, frozenset())(thing | {STEM: "name"}, _elements(entity, thing)))
        yield Paragraph("Example:")
        yield Code(text, "json")


def _elements(entity: plan.Entity, thing: Thing) -> Iterable[list[Element]]:
    if entity.collection is None:
        return ()
    found = thing[entity.collection[0]]
    assert isinstance(found, list)
    return [found]


def _facts(one: plan.Document) -> Iterator[tuple[str, str]]:
    number = f"{{number}}{one.bundle.suffix}" if one.bundle else ""
    for when, path in one.alternatives:
        yield "path", f"{code(path_text(path) + number)} if {when.describe()}"
    yield "path", code(path_text(one.path) + number)
    facts = (
        ("lines in the order of", ", ".join(name.text for name in one.order)),
        ("size of a file", f"about {one.bundle.most} bytes" if one.bundle else ""),
        ("beside", code(one.beside)),
        ("there when", one.when.describe() if one.when is not None else ""),
        ("only with", code(one.only_with or one.option)),
        ("names", one.labels),
        ("the name is that of", code(one.named_by[1]) if one.named_by else ""),
        ("error", code(one.error)),
    )
    yield from ((name, text) for name, text in facts if text)
