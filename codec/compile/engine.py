"""The compiled engine: one generated module per adapter, run beside the interpreter.

The generated code has no error handling of its own. Whatever it refuses is done again by the interpreter, which either
says what is wrong or knows better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from codec.compile.names import document_name, row_name
from codec.engine.base import (
    Notes,
    Owner,
    Parse,
    ReadDocument,
    ReadLine,
    ReadRow,
    ReadRun,
    WriteDocument,
    WriteRecords,
    WriteRow,
)
from codec.engine.interpreter import Interpreter
from codec.layout.json_read import JsonValue
from codec.spec import plan, words
from codec.spec.words import Element, Thing

if TYPE_CHECKING:
    from codec.compile.code import Code


def source(adapter: plan.Adapter) -> str:
    """The generated module of an adapter, as text."""
    return generate(adapter)[0]


def generate(adapter: plan.Adapter) -> tuple[str, dict[str, object]]:
    """The generated module of an adapter, and the objects that it needs by name."""
    from codec.compile import documents, printers, readers, rows, things
    from codec.compile.code import Code

    code = Code()
    code.imported("typing", "Any")
    code.imported("collections.abc", "Iterable")
    code.imported("collections.abc", "Iterator")
    code.imported("codec.engine.base", "Notes")
    for name in words.FUNCTIONS:
        code.imported(words.__name__, name)
    _emit_unions(code, adapter)
    seen = set()
    for row in (*adapter.rows, *(row for entity in adapter.entities for row in entity.rows if row.role == "shared")):
        if (row.role != "dropped" or row.by_shape) and row_name(row) not in seen:
            seen.add(row_name(row))
            if row.role != "derived" or row.read_with:
                rows.emit_reader(code, row)
                rows.emit_run_reader(code, row)
                rows.emit_owner(code, row)
            if row.written:
                rows.emit_writer(code, row)
    for entity in adapter.entities:
        for document in entity.documents:
            printers.emit_printer(code, entity, document)
            if documents.can(document):
                documents.emit_reader(code, document)
            readers.emit_parser(code, document)
        if entity.documents:
            things.emit_records(code, entity)
    for name, field in code.items.items():
        rows.emit_item(code, name, field)
    return code.text(f"{adapter.format} version {adapter.version}: generated from its spec, do not edit."), code.objects


def _emit_unions(code: Code, adapter: plan.Adapter) -> None:
    from codec.compile import readers, things
    from codec.layout.types import Union

    for union in (declared for declared in adapter.types.values() if isinstance(declared, Union)):
        readers.emit_union_reader(code, union)
        if things.can_write(union, adapter.types):
            things.emit_union_writer(code, union)
            code.writers[union.name] = things.union_writer(union)


def _module(code: CodeType, objects: dict[str, object], name: str) -> dict[str, Any]:
    module = ModuleType(name)
    module.__dict__.update(objects)
    exec(code, module.__dict__)
    return module.__dict__


_engines: dict[int, tuple[plan.Adapter, Compiled]] = {}


def compiled(adapter: plan.Adapter) -> Compiled:
    """The compiled engine of an adapter, made once."""
    known = _engines.get(id(adapter))
    if known is None:
        text, objects = generate(adapter)
        know(adapter, compile(text, f"<generated from {adapter.format}>", "exec"), objects)
        known = _engines[id(adapter)]
    return known[1]


def know(adapter: plan.Adapter, code: CodeType, objects: dict[str, object]) -> None:
    """Keep what was generated from an adapter."""
    _engines[id(adapter)] = (adapter, Compiled(_module(code, objects, adapter.format)))


class Compiled:
    """The engine that runs generated code; see `codec.engine.base.Engine`."""

    def __init__(self, code: dict[str, Any]) -> None:
        self._code = code
        self._slow = Interpreter()

    def reader(self, row: plan.Row) -> ReadRow:
        fast: ReadRow = self._code[f"read_{row_name(row)}"]

        def read(key: bytes, value: bytes) -> Element:
            try:
                return fast(key, value)
            except Exception:
                return self._slow.reader(row)(key, value)

        return read

    def run_reader(self, row: plan.Row) -> ReadRun:
        fast: ReadRun = self._code[f"read_all_{row_name(row)}"]

        def read(keys: list[bytes], values: list[bytes]) -> list[Element]:
            try:
                return fast(keys, values)
            except Exception:
                return self._slow.run_reader(row)(keys, values)

        return read

    def accepts(self, row: plan.Row, key: bytes, value: bytes) -> bool:
        try:
            self._code[f"read_{row_name(row)}"](key, value)
        except Exception:
            return self._slow.accepts(row, key, value)
        return True

    def owner(self, row: plan.Row) -> Owner | None:
        return self._code.get(f"owner_{row_name(row)}")

    def writer(self, row: plan.Row) -> WriteRow:
        fast: WriteRow = self._code[f"write_{row_name(row)}"]

        def write(thing: Thing, element: Element) -> tuple[bytes, bytes]:
            try:
                return fast(thing, element)
            except Exception:
                return self._slow.writer(row)(thing, element)

        return write

    def document_writer(self, document: plan.Document, shown: frozenset[str]) -> WriteDocument:
        if f"print_{document_name(document)}" not in self._code:
            return self._slow.document_writer(document, shown)
        fast: Callable[[Thing, Iterable[list[Element]], frozenset[str]], Iterator[str]] = self._code[
            f"print_{document_name(document)}"
        ]
        return lambda thing, blocks: fast(thing, blocks, shown)

    def document_reader(self, document: plan.Document) -> ReadDocument:
        fast: ReadDocument | None = self._code.get(f"load_{document_name(document)}")
        slow = self._slow.document_reader(document)
        return slow if fast is None else self._reader(fast, slow)

    @staticmethod
    def _reader(fast: ReadDocument, slow: ReadDocument) -> ReadDocument:
        def read(value: JsonValue, notes: Notes) -> Thing:
            before = notes.copy()
            try:
                return fast(value, notes)
            except Exception:
                notes.clear()
                notes.update(before)
                return slow(value, notes)

        return read

    def parser(self, document: plan.Document) -> Parse | None:
        return self._code.get(f"parse_{document_name(document)}")

    def records_writer(self, entity: plan.Entity) -> WriteRecords | None:
        return self._code.get(f"records_{entity.name}")

    def line_reader(self, document: plan.Document) -> ReadLine:
        slow = self._slow.line_reader(document)
        kinds = []
        for index, line in enumerate(document.lines):
            fast = self._code[f"load_{document_name(document)}_{index}"]
            kinds.append((line.mark, line, fast))
        marked = [(mark[0], mark[1], line, fast) for mark, line, fast in kinds if mark is not None]
        plain = next(((line, fast) for mark, line, fast in kinds if mark is None), None)

        def read(value: JsonValue, notes: Notes) -> tuple[plan.Line, Thing]:
            before = notes.copy()
            try:
                for member, constant, line, fast in marked:
                    if value.get(member) == constant:  # type: ignore[union-attr]
                        return line, fast(value, notes)
                line, fast = plain  # type: ignore[misc]
                return line, fast(value, notes)
            except Exception:
                notes.clear()
                notes.update(before)
                return slow(value, notes)

        return read
