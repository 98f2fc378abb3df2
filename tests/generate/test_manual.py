"""The manual says everything that the spec says, leads nowhere that is not there, and is the one in `docs/manual`."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from codec.engine.documents import STEM
from codec.engine.interpreter import Interpreter
from codec.generate.manual.anchors import anchor
from codec.generate.manual.book import WHOLE, manual
from codec.generate.manual.errors import errors
from codec.generate.samples import example, sample
from codec.spec import library, plan
from codec.spec.account import losses
from codec.spec.json_schema import ONE_LINE, schemas
from codec.testing.documents import elements
from tests.support.laws import CONTAINER, FORMAT

COMMITTED = Path(__file__).parents[2] / "docs" / "manual"
BOOK = manual(CONTAINER)
VOID = frozenset({"meta"})
ENTITIES = [(adapter, entity) for adapter in CONTAINER.adapters for entity in adapter.entities]
ROWS = [(adapter, row) for adapter in CONTAINER.adapters for row in adapter.rows]


def test_the_manual_in_docs_is_fresh() -> None:
    committed = {path.name: path.read_text("utf-8") for path in COMMITTED.iterdir()}
    stale = sorted(name for name in {*committed, *BOOK} if committed.get(name) != BOOK.get(name))
    assert stale == [], "the specs have changed: run `make manual` and commit docs/manual"


@pytest.mark.parametrize(("adapter", "row"), ROWS, ids=lambda one: getattr(one, "label", None) or one.name)
def test_every_kind_of_record_has_a_paragraph(adapter: plan.Adapter, row: plan.Row) -> None:
    page = BOOK[f"{adapter.name}.md"]
    start = page.index(f'<a id="{anchor(adapter.name, "record", row.label)}"></a>')
    paragraph = page[start : page.index("<a id=", start + 1)]
    names = [part.name for part in row.key if isinstance(part, plan.Slot)]
    assert [name for name in names if f"`{name}`" not in paragraph] == []
    for error in (row.key_error, row.value_error, row.read_with):
        assert f"`{error}`" in paragraph or not error or row.unread


@pytest.mark.parametrize("adapter", CONTAINER.adapters, ids=lambda one: one.name)
def test_every_document_warning_error_and_loss_is_told(adapter: plan.Adapter) -> None:
    page = BOOK[f"{adapter.name}.md"]
    told = page.replace("\\", "")
    documents = [f"{d.entity}.{d.name}" for entity in adapter.entities for d in entity.documents]
    assert [d for d in documents if f'<a id="{anchor(adapter.name, "document", d)}"></a>' not in page] == []
    assert [event for event in adapter.warnings if f"`{event}`" not in page] == []
    assert [error for error in errors(adapter) if f"`{error}`" not in page] == []
    assert [loss for loss in losses(adapter) if f"| `{loss.where}` | {loss.what} | {loss.reason} |" not in told] == []


def test_every_error_of_the_specs_is_in_the_manual() -> None:
    named = {
        word for path in (library.root() / FORMAT).glob("*.yaml") for word in re.findall(r"\bErr\w+", path.read_text())
    }
    assert sorted(named - set(re.findall(r"\bErr\w+", "".join(BOOK.values())))) == []


class Page(HTMLParser):
    """What an HTML page opens and closes, the names in it, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.leads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.names += [value or "" for name, value in attributes if name == "id"]
        self.leads += [value or "" for name, value in attributes if name in ("href", "src")]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_page_is_whole_and_needs_nothing_else() -> None:
    page = Page()
    page.feed(BOOK[WHOLE])
    page.close()
    assert page.open == []
    assert [name for name, count in Counter(page.names).items() if count > 1] == []
    assert page.leads
    assert [lead for lead in page.leads if not lead.startswith("#") or lead[1:] not in page.names] == []


def test_links_between_the_markdown_pages_lead_somewhere() -> None:
    links = [link for text in BOOK.values() for link in re.findall(r"\]\(([^)#]+)#([^)]+)\)", text)]
    assert links
    assert [link for link in links if f'<a id="{link[1]}"></a>' not in BOOK[link[0]]] == []


# ------------------------------------------------------------------------------------------------ examples


@pytest.mark.parametrize(("adapter", "entity"), ENTITIES, ids=lambda one: one.name)
def test_samples_fulfil_the_checks_and_their_records_are_read(adapter: plan.Adapter, entity: plan.Entity) -> None:
    engine, thing = Interpreter(), sample(entity, adapter)
    assert [check.condition.describe() for check in entity.checks if not check.condition.holds(thing, ())] == []
    written = [row for row in entity.rows if row.written and row.role == "stored"]
    found = {row.label: example(row, entity, thing, engine) for row in written}
    for row in written:
        record = found[row.label]
        if record is not None:
            values = engine.reader(row)(*record)
            assert [values[at] for at in row.identity] == [at_path(thing, name) for name in entity.identity]
    assert any(found.values()) or not written, "no record of the sample can be written"


@pytest.mark.parametrize(("adapter", "entity"), ENTITIES, ids=lambda one: one.name)
def test_examples_of_documents_are_valid_and_come_back(adapter: plan.Adapter, entity: plan.Entity) -> None:
    engine, thing = Interpreter(), sample(entity, adapter)
    for document in entity.documents:
        if document.kind in ("raw", "copies"):
            continue
        known = thing | {STEM: "name"}
        text = "".join(engine.document_writer(document, frozenset())(known, elements(entity, thing)))
        schema = schemas(CONTAINER)[f"{adapter.name}/{entity.name}.{document.name}"]
        for one in text.splitlines() if document.kind in ONE_LINE else [text]:
            jsonschema.validate(json.loads(one), schema)


def at_path(thing: object, name: str) -> object:
    for step in name.split("."):
        assert isinstance(thing, dict)
        thing = thing[step]
    return thing
