"""The tables of a module, kinds of records, things and documents with their functions; and what is called from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codec.compile.names import document_name, row_name
from codec.generate.python.code import ModuleCode
from codec.generate.python.model import maker, shown_fields
from codec.mapping.gather import ELEMENTS
from codec.spec import plan
from codec.spec.account import path_parts
from codec.spec.bodies import Cut, Source
from codec.spec.container import Container
from codec.spec.coverage import contents, copied
from codec.spec.words import GREATEST

READ = ("stored", "shared")

API_TEXT = '''

Thing = THINGS


@dataclasses.dataclass
class Snapshot:
    """What a stream holds: things, a parent before its children."""

    last_commit_ts: int = 0
    things: list[Thing] = dataclasses.field(default_factory=list)


class Document(NamedTuple):
    """A document of a thing: its kind, its path in a tree, its bytes (of a file with lines of many things, its line)."""

    kind: str
    path: str
    content: bytes


BY_CLASS = {kind.make: kind for kind in KINDS}
BY_NAME = {kind.name: kind for kind in KINDS}


def decode(data: bytes, options: Options = frozenset()) -> Snapshot:
    """The things of a stream, the newest version of each; raises `CodecError`."""
    stamp, entries = FileReader(OUTSIDE, data).read()
    taken = read_records(newest(entries, stamp), ROWS, options)
    return Snapshot(stamp, [*assemble(taken, KINDS, SHARED)])


def encode(snapshot: Snapshot, options: Options = frozenset()) -> bytes:
    """The canonical stream of things; raises `CodecError`."""
    records = records_of(snapshot.things, BY_CLASS, options)
    return written_file(OUTSIDE.written, snapshot.last_commit_ts, records)


def documents(thing: Thing, options: Options = frozenset()) -> list[Document]:
    """The documents that show a thing. Names that a tree must change (too long, in each other's way) stand as they are."""
    return [Document(*one) for one in shown_documents(thing, BY_CLASS, options, DEFAULTS)]


def read(kind: str, shown: Mapping[str, bytes], **known: Any) -> Thing:
    """The thing of a kind that documents (by their kinds) show; `known` are fields that they do not say, as its parent."""
    thing: Thing = loaded(BY_NAME[kind], shown, known)
    return thing
'''


class Tables:
    """The tables of one module; `classes` are the classes of entities by name."""

    def __init__(self, code: ModuleCode, container: Container, classes: dict[str, str]) -> None:
        self.code, self.container, self.classes = code, container, classes

    def lines(self) -> Iterator[str]:
        """All tables, as text."""
        container, code = self.container, self.code
        yield "ROWS: tuple[RowKind, ...] = ("
        for row in container.internal:
            yield f"    RowKind({row.label!r}, '', {row.name!r}, {row.prefix!r}),"
        for adapter in container.adapters:
            for row in adapter.rows:
                entity = next((e for e in adapter.entities if e.name == row.entity), None)
                yield f"    {self._row(row, entity)},"
        yield ")"
        yield "SHARED: tuple[SharedKind, ...] = ("
        for adapter in container.adapters:
            for shared in adapter.shared:
                own = {
                    entity.name: row
                    for entity in adapter.entities
                    for row in entity.rows
                    if row.shared == shared.row.name and entity.name in self.classes
                }
                views = ", ".join(
                    f"{name!r}: {self._row(row, adapter.entity(name), read=False)}" for name, row in own.items()
                )
                yield f"    SharedKind({shared.row.name!r}, {shared.owners!r}, {{{views}}}),"
        yield ")"
        yield "KINDS: tuple[EntityKind, ...] = ("
        for name in container.print_order:
            adapter = container.adapter(name)
            ordered = sorted(adapter.entities, key=lambda e: adapter.print_order.index(e.name))
            for entity in ordered:
                if entity.name in self.classes:
                    yield from (f"    {line}" for line in self._entity(adapter, entity))
        yield ")"
        outside = ", ".join(
            f"{name}={code.value(getattr(container, name))}" for name in ("streams", "clock", "footer", "operational")
        )
        yield f"OUTSIDE = Outside({outside})"
        defaults = sorted(
            f"{option.name}={option.default}"
            for adapter in container.adapters
            for option in adapter.options
            if option.kind == "choice"
        )
        yield f"DEFAULTS: Options = frozenset({defaults!r})"

    def _row(self, row: plan.Row, entity: plan.Entity | None, read: bool = True) -> str:
        parts = [repr(row.label), repr(row.entity), repr(row.name), repr(row.prefix)]
        is_read = (row.role in READ and not copied(row)) or bool(row.read_with)
        if entity is not None and entity.name not in self.classes and not self._is_content(entity):
            is_read = False
        if row.unread or row.role == "dropped":
            is_read = False
        if is_read and read:
            parts.append(f"read_{row_name(row)}")
        if is_read:
            named = {
                "refused": row.refused,
                "option": row.option,
                "read_with": row.read_with,
                "error": row.value_error or row.key_error,
                "key_error": row.key_error,
                "identity": row.identity,
                "fields": row.fields,
                "gives": row.gives,
                "each": row.each,
                "element": row.element,
                "order": row.order,
                "rank": rank(row, entity) if entity is not None else 0,
                "legacy": row.legacy,
            }
            parts += [f"{name}={value!r}" for name, value in named.items() if value]
            if read and row.key_error:
                parts.append(f"read_key=key_{row_name(row)}")
            algorithm, slot, error = row.digest
            if algorithm:
                data = next(at for name, at in row.fields if name != slot)
                parts.append(f"digest={(algorithm, row.identity[0], data, error)!r}")
        if row.by_shape:
            parts.append(f"shape=read_{row_name(row)}")
        return f"RowKind({', '.join(parts)})"

    def _is_content(self, entity: plan.Entity) -> bool:
        return any(entity.name in contents(adapter) for adapter in self.container.adapters)

    def _entity(self, adapter: plan.Adapter, entity: plan.Entity) -> Iterator[str]:
        name = self.classes[entity.name]
        yield "EntityKind("
        yield f"    {entity.name!r},"
        yield f"    {name},"
        yield f"    {tuple(entity.fields)!r},"
        yield f"    {entity.identity!r},"
        makers = ", ".join(
            f"{field!r}: {maker(name, (field,), kind.many)}"
            for field, kind in shown_fields(entity).items()
            if kind.many is not None
        )
        yield f"    {{{makers}}},"
        collection = entity.collection
        if collection is not None and entity.bodies is None:
            fields = list(collection[1].fields)
            unique = tuple(fields.index(one) for one in collection[1].unique)
            order = tuple(fields.index(one) for one in collection[1].order)
            yield f"    collection=Collection({collection[0]!r}, {collection[1].positional}, {unique!r}, {order!r}),"
        if entity.within is not None:
            yield f"    alias={entity.within[0]!r},"
            yield f"    parent={entity.within[1]!r},"
        orders = next((document.order for document in entity.documents if document.order), ())
        greatest = tuple((f"{GREATEST}{kind}.{field}", kind, field) for kind, field in sorted(adapter.aggregates))
        shared = {name for one in adapter.shared for name, _ in one.row.fields}
        for word, value in (
            ("exists", entity.exists),
            ("shared", tuple(name for name in entity.fields if name in shared)),
            ("order", tuple(one.field for one in orders)),
            ("fill", entity.fill),
            ("greatest", tuple(one for one in greatest if self._lies_within(adapter, one[1], entity))),
        ):
            if value:
                yield f"    {word}={value!r},"
        if entity.choose is not None:
            yield f"    candidates=candidates_{entity.name},"
            yield f"    chosen_by={entity.choose.field!r},"
        if entity.computed:
            yield f"    compute=compute_{entity.name},"
        if entity.checks:
            yield f"    check=check_{entity.name},"
        yield f"    records=records_{entity.name},"
        if any(row.repeated and row.written for row in entity.rows):
            yield f"    common=common_{entity.name},"
        yield f"    documents=({''.join(self._document(one) + ', ' for one in self._printed(entity))}),"
        if entity.bodies is not None:
            every = next(option for option in adapter.options if option.name == entity.bodies.cut.every)
            yield f"    join={self.code.value(entity.bodies.join)},"
            yield f"    cut={self.code.value(with_bytes(entity, entity.bodies.cut))},"
            yield f"    every={every.default!r},"
        yield "),"

    @staticmethod
    def _lies_within(adapter: plan.Adapter, child: str, entity: plan.Entity) -> bool:
        within = adapter.entity(child).within
        return within is not None and within[1] == entity.name

    @staticmethod
    def _printed(entity: plan.Entity) -> Iterator[plan.Document]:
        for document in entity.documents:
            whole = all(part.target.scope == "thing" for part in path_parts(document))
            if whole and document.kind not in ("copies",):
                yield document

    def _document(self, document: plan.Document) -> str:
        name = document_name(document)
        made = document.kind != "raw"
        show, load = (f"show_{name}", f"load_{name}") if made else ("None", "None")
        parts = [repr(document.name), repr(document.kind), f"path_{name}", show, load]
        for word in ("raw", "beside", "only_with"):
            if getattr(document, word):
                parts.append(f"{word}={getattr(document, word)!r}")
        if document.when is not None:
            parts.append(f"when=lambda thing: bool({self.code.words(document.when.emit())})")
        return f"DocumentKind({', '.join(parts)})"


def with_bytes(entity: plan.Entity, cut: Cut) -> Cut:
    """A cut whose constants are of the types of the fields that they become."""

    def typed(sources: tuple[Source, ...], collection: str) -> tuple[Source, ...]:
        many = entity.fields[collection].many
        assert many is not None
        kinds = [kind.scalar for kind in many.fields.values()]
        return tuple(
            (word, value.encode()) if word == "const" and isinstance(value, str) and kind == "bytes" else (word, value)
            for (word, value), kind in zip(sources, kinds, strict=True)
        )

    return replace(cut, piece=typed(cut.piece, cut.into), part=typed(cut.part, cut.parts))


def rank(row: plan.Row, entity: plan.Entity) -> int:
    """Where a kind of record comes among those that say the same: after those that are preferred."""
    collection = entity.collection
    preferred = [order.index(row.name) for order in entity.prefer.values() if row.name in order]
    gives = collection is not None and (row.each or any(name == collection[0] for name, _ in row.gives))
    return max(preferred, default=0) + (ELEMENTS if gives else 0)
