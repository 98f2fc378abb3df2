"""A whole module: classes, record kinds, documents, the file around them, and the few functions that are called.

Everything that has to do with one format stands in tables and functions made of its plan; the rest is text of the
toolkit, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator

from codec.compile import rows
from codec.compile.names import row_name
from codec.errors import SpecError
from codec.generate.python.code import FILE, ModuleCode
from codec.generate.python.model import class_name, declared_types, entity_classes
from codec.generate.python.rules import emit_path, emit_records, emit_rules, emit_tagged_key
from codec.generate.python.shown import PRINTED, emit_document, emit_stored
from codec.generate.python.tables import API_TEXT, READ, Tables
from codec.spec import plan
from codec.spec.account import path_parts
from codec.spec.container import Container
from codec.spec.coverage import contents, copied

API = frozenset(
    {
        "Snapshot",
        "Thing",
        "Document",
        "decode",
        "encode",
        "documents",
        "read",
        "KINDS",
        "ROWS",
        "SHARED",
        "OUTSIDE",
        "DEFAULTS",
    }
)
CALLED = (
    *("Fields", "Element", "Options", "Wrong", "assemble", "records_of", "read_records", "shown_documents", "loaded"),
    *("RowKind", "SharedKind", "EntityKind", "Collection", "DocumentKind"),
)
ABOUT = (
    "    snapshot = decode(data)              # a stream becomes things",
    "    for thing in snapshot.things:",
    "        documents(thing)                 # a thing as documents; `read` makes a thing of documents",
    "    data = encode(snapshot)              # things become the canonical stream",
    "",
    "All of it happens in memory, and needs nothing but Python. Errors are children of `CodecError`.",
)


def python_module(container: Container) -> str:
    """The text of the module of a format; raises `SpecError` for what two adapters call by one name."""
    names = [entity.name for adapter in container.adapters for entity in adapter.entities]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        hint = "in one module every entity needs a name of its own"
        raise SpecError("generate-names", "two adapters have an entity of the same name", found=twice[0], hint=hint)
    return Module(container).text()


class Module:
    """One module while it is made."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.code = code = ModuleCode()
        for name in ("Any", "NamedTuple", "TypedDict"):
            code.imported("typing", name)
        for name in ("Iterable", "Iterator", "Mapping"):
            code.imported("collections.abc", name)
        code.imported("dataclasses", "")
        for name in CALLED:
            code.runtime(name)
        for name in ("FileReader", "Outside", "newest", "written_file"):
            code.imported(FILE, name)
        taken = code.inliner.names | frozenset(API)
        self.known = [
            (adapter, e) for adapter in container.adapters for e in adapter.entities if has_things(adapter, e)
        ]
        self.classes = {entity.name: class_name(entity, taken) for _, entity in self.known}
        for adapter in container.adapters:
            code.adapter = adapter
            self._rows(adapter)
            for entity in adapter.entities:
                if entity.name in self.classes:
                    self._entity(entity)
            self._leftovers()

    # -------------------------------------------------------------------------------------------- functions

    def _rows(self, adapter: plan.Adapter) -> None:
        """What reads and writes records."""
        seen = set()
        every = (*adapter.rows, *(row for e in adapter.entities for row in e.rows if row.role == "shared"))
        for row in every:
            if not row.unread and row_name(row) not in seen:
                seen.add(row_name(row))
                self.code.doing = row.label
                if is_read(row) or row.by_shape:
                    rows.emit_reader(self.code, row)
                    if row.key_error:
                        rows.emit_key_reader(self.code, row)
                if row.written and not row.copies and row.role != "dropped":
                    rows.emit_writer(self.code, row)

    def _leftovers(self) -> None:
        """What the functions so far have asked for."""
        for name, field in list(self.code.items.items()):
            rows.emit_item(self.code, name, field)
        for name, layout in list(self.code.keys.items()):
            emit_tagged_key(self.code, name, layout)
        for name, part in list(self.code.stored.items()):
            emit_stored(self.code, name, part)
        for held in (self.code.items, self.code.keys, self.code.stored):
            held.clear()

    def _entity(self, entity: plan.Entity) -> None:
        for document in printed(entity):
            if document.kind != "raw":
                emit_document(self.code, document)
            emit_path(self.code, document)
        emit_rules(self.code, entity)
        emit_records(self.code, entity)

    # -------------------------------------------------------------------------------------------- text

    def text(self) -> str:
        """The whole module."""
        container, code = self.container, self.code
        tables = [*Tables(code, container, self.classes).lines()]
        doc = f"{container.name} version {container.version}: generated from its spec, do not edit."
        head = [f'"""{doc}', "", *ABOUT, '"""', "", "from __future__ import annotations", ""]
        classes = [line for adapter in container.adapters for line in declared_types(adapter)]
        for _, entity in self.known:
            parent = self.classes[entity.within[1]] if entity.within else ""
            classes += entity_classes(entity, self.classes[entity.name], parent)
        parts = [
            *head,
            *code.imports,
            *banner("the things of the format"),
            *classes,
            *banner("taken from the toolkit, word for word"),
            code.inliner.text(),
            *banner("records and documents of the format"),
            *code.constants,
            *code.body,
            *banner("tables"),
            *tables,
            *banner("what is called from outside"),
        ]
        return "\n".join(parts) + API_TEXT.replace("THINGS", " | ".join(self.classes.values()))


def banner(title: str) -> tuple[str, ...]:
    """The line above a part of the module."""
    return "", "", f"# {'-' * 80} {title}", ""


def is_read(row: plan.Row) -> bool:
    """Whether things are made of a kind of record."""
    return (row.role in READ and not copied(row)) or bool(row.read_with)


def has_things(adapter: plan.Adapter, entity: plan.Entity) -> bool:
    """Whether an entity has things of its own: not only records as they are, nor pieces of the bodies of others."""
    return entity.name not in contents(adapter) and any(is_read(row) for row in entity.rows)


def printed(entity: plan.Entity) -> Iterator[plan.Document]:
    """The documents that show a thing as a whole."""
    for document in entity.documents:
        whole = all(part.target.scope == "thing" for part in path_parts(document))
        if whole and document.kind in (*PRINTED, "raw"):
            yield document
