"""Documents to records, for one adapter: read `shown`, write `stored`.

One document is held at a time; sidecars are joined to their documents by a merge of two sorted sides. Nothing is
followed out of the tree, and what no spec describes is counted and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO

from codec.engine.base import Engine, Misread
from codec.engine.interpreter import STEM
from codec.engine.patterns import Misfit
from codec.errors import CodecError, DataError, DocumentError, LimitError, Place, TreeError
from codec.layout import json_read
from codec.layout.faces import from_base64url
from codec.layout.json_careful import path_text
from codec.layout.segments import BadName
from codec.mapping.rows import RowWriter
from codec.spec.plan import Adapter, Document, Entity, Folder, Line, Names, PathPart
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter
from codec.tree.walk import Entry, TreeFault, TreeReader

Emit = Callable[[bytes, bytes], None]
SHOWN = 5  # how many unexpected entries are named
TEXT_PER_BYTE = 6  # the longest JSON text of one byte is an escape of six characters
DIRECTORY = "directory"


class AdapterEncoder:
    """Reads the documents of one adapter and emits its records, in no particular order."""

    def __init__(
        self, adapter: Adapter, engine: Engine, reader: TreeReader, emit: Emit, most_value: int, limit_error: str
    ) -> None:
        assert adapter.folder is not None
        self.adapter, self.engine, self.reader, self.emit = adapter, engine, reader, emit
        self.folder: Folder = adapter.folder
        self.most_value, self.limit_error = most_value, limit_error
        self.most_text = TEXT_PER_BYTE * most_value
        self.rows = RowWriter(adapter, engine)
        self.originals: dict[str, dict[str, bytes]] = {}
        self.unexpected: list[str] = []
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """The whole adapter; raises `DataError` of the kind that the spec names."""
        if not self._is_there():
            return
        self.originals = {name: self._read_names(names) for name, names in self.adapter.names.items()}
        claimed = {names.path for names in self.adapter.names.values()}
        for entity in self.adapter.entities:
            for document in entity.documents:
                claimed.add(document.folder if document.kind != "sidecar" else literal_path(document))
                if document.kind != "sidecar":
                    self._read_documents(entity, document)
        self._note_strangers(claimed)

    # -------------------------------------------------------------------------------------------- the folder

    def _is_there(self) -> bool:
        """Whether the adapter's folder has anything: it and its numbered folder must be real folders."""
        folder = self.folder
        kind = self.reader.kind(folder.root)
        if kind is None:
            return False
        if kind != DIRECTORY:
            raise self._tree_error("not_directory", folder.root, kind)
        numbered = [e for e in self._entries(folder.root) if self._is_numbered(e.name)]
        self.unexpected += [
            f"{folder.root}/{e.name}" for e in self._entries(folder.root) if not self._is_numbered(e.name)
        ]
        wanted = folder.pattern + folder.numbered
        others = [e.name for e in numbered if e.name != wanted]
        if others:
            hint = f"keep {wanted} only; several databases cannot be written into one snapshot"
            raise TreeError(
                folder.number_error,
                f"only {wanted} can be encoded",
                Place(f"{folder.root}/{others[0]}"),
                expected=wanted,
                found=", ".join(others[:3]),
                hint=hint,
            )
        for entry in numbered:
            if entry.kind != DIRECTORY:
                raise self._tree_error("not_directory", f"{folder.root}/{entry.name}", entry.kind)
        return bool(numbered)

    def _is_numbered(self, name: str) -> bool:
        digits = name.removeprefix(self.folder.pattern)
        canonical = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
        return name.startswith(self.folder.pattern) and canonical

    def _entries(self, path: str) -> list[Entry]:
        try:
            return self.reader.entries(path)
        except TreeFault as fault:
            raise self._fault(fault, is_folder=True) from None

    def _note_strangers(self, claimed: set[str]) -> None:
        home = f"{self.folder.root}/{self.folder.pattern}{self.folder.numbered}"
        self.unexpected += [path for e in self._entries(home) if (path := f"{home}/{e.name}") not in claimed]

    def _tree_error(self, kind: str, path: str, found: str) -> TreeError:
        code = self.folder.errors[kind]
        wanted = {"not_directory": "a folder", "not_regular": "a regular file", "hard_link": "a file with one link"}[
            kind
        ]
        hint = "links are not followed, so that nothing outside the tree is read"
        return TreeError(
            code, "an entry of the tree is of the wrong kind", Place(path), expected=wanted, found=found, hint=hint
        )

    def _fault(self, fault: TreeFault, is_folder: bool) -> CodecError:
        if fault.kind == "hard_link":
            return self._tree_error("hard_link", fault.path, "several links")
        return self._tree_error(
            "not_directory" if is_folder else "not_regular", fault.path, fault.kind.replace("_", " ")
        )

    # -------------------------------------------------------------------------------------------- names files

    def _read_names(self, names: Names) -> dict[str, bytes]:
        """The originals by encoded name; the last line wins. Every line is checked, needed or not (redis.md §3.3)."""
        if self.reader.kind(names.path) is None:
            return {}
        originals: dict[str, bytes] = {}
        with self._open(names.path) as stream:
            try:
                for value, _, line, column in json_read.lines(stream, names.path, max_line=names.max_line):
                    encoded, original = self._names_line(names, value, Place(names.path, None, line, column))
                    originals[encoded] = original
            except DocumentError as error:
                error.code = names.error
                raise
        return originals

    def _names_line(self, names: Names, value: json_read.JsonValue, place: Place) -> tuple[str, bytes]:
        members = (names.encoded, names.original, names.kind_member)
        if not isinstance(value, dict) or not all(type(value.get(name)) is str for name in members):
            raise DocumentError(
                names.error,
                "a line of the names file lacks a member",
                place,
                expected=f"an object with the strings {', '.join(members)}",
                found=str(value)[:60],
            )
        encoded, original, kind = (str(value[name]) for name in members)
        if not encoded or not kind:
            raise DocumentError(names.error, "a line of the names file has an empty member", place)
        try:
            return encoded, from_base64url(original)
        except Misfit as wrong:
            raise DocumentError(
                names.error, "the original name is not base64url", place, names.original, wrong.expected, wrong.found
            ) from None
        except Exception as wrong:
            if not hasattr(wrong, "expected"):
                raise
            raise DocumentError(
                names.error, "the original name is not base64url", place, names.original, wrong.expected, wrong.found
            ) from None  # type: ignore[attr-defined]

    # -------------------------------------------------------------------------------------------- documents

    def _read_documents(self, entity: Entity, document: Document) -> None:
        kind = self.reader.kind(document.folder)
        if kind is None:
            return
        if kind != DIRECTORY:
            raise self._tree_error("not_directory", document.folder, kind)
        slot, suffix = last_slot(document)
        names = []
        for entry in self._entries(document.folder):
            if entry.kind == "file" and entry.name.endswith(suffix):
                names.append(entry.name[: len(entry.name) - len(suffix)] if suffix else entry.name)
            else:
                self.unexpected.append(f"{document.folder}/{entry.name}")
        sidecars = [d for d in entity.documents if d.kind == "sidecar" and d.beside == document.name]
        for stem, beside in self._beside(sidecars, names):
            path = f"{document.folder}/{stem}{suffix}"
            thing: Thing = dict.fromkeys(entity.fields)
            thing |= beside
            thing[slot.target.field] = self._identity(slot, stem, path)
            self._read_document(entity, document, path, thing)
            self.counts["documents"] += 1

    def _identity(self, slot: PathPart, stem: str, path: str) -> bytes:
        try:
            return slot.segment.decode(stem, self.originals.get(slot.segment.fallback.names, {}))
        except BadName as wrong:
            hint = "names are percent-encoded; a name that begins like a digest needs its line in the names file"
            raise TreeError(
                wrong.code,
                "the name of a file stands for no key",
                Place(path),
                slot.target.field,
                wrong.expected,
                wrong.found,
                hint,
            ) from None

    def _beside(self, sidecars: list[Document], names: list[str]) -> Iterator[tuple[str, Thing]]:
        """Each name with what the sidecars say of it; both sides sorted, so memory is the names and a sorter."""
        if not sidecars:
            yield from ((name, {}) for name in names)
            return
        with Sorter[tuple[object, ...]]() as sorter:
            for document in sidecars:
                self._read_sidecar(document, sorter)
            rows = sorter.sorted()
            row = next(rows, None)
            for name in sorted(names):
                said: Thing = {}
                while row is not None and row[0] < name:  # type: ignore[operator]
                    self.counts["unmatched"] += 1
                    row = next(rows, None)
                while row is not None and row[0] == name:
                    said = dict(row[2])  # type: ignore[call-overload]
                    row = next(rows, None)
                yield name, said

    def _read_sidecar(self, document: Document, sorter: Sorter[tuple[object, ...]]) -> None:
        path = literal_path(document)
        if self.reader.kind(path) is None:
            return
        read = self.engine.document_reader(document)
        with self._open(path) as stream:
            for number, (value, raw, line, column) in enumerate(self._values(stream, path)):
                try:
                    fields = read(value, self.counts)
                except Misread as misread:
                    raise self._misread(misread, path, raw, line, column) from None
                stem = fields.pop(STEM)
                sorter.add((stem, number, tuple(fields.items())), 200 + len(str(stem)))

    def _values(self, stream: BinaryIO, path: str) -> Iterator[tuple[json_read.JsonValue, bytes, int, int]]:
        try:
            yield from json_read.values(stream, path, max_value=self.most_text)
        except DocumentError as error:
            error.code = self.folder.errors["json"]
            raise

    def _misread(self, misread: Misread, path: str, data: bytes, line: int = 1, column: int = 1) -> DocumentError:
        place = Place(path, None, *json_read.locate(data, misread.path, line, column))
        return DocumentError(
            self.folder.errors["json"],
            "the document does not fit",
            place,
            path_text(misread.path),
            misread.expected,
            misread.found,
        )

    def _open(self, path: str) -> BinaryIO:
        try:
            return self.reader.open(path)
        except TreeFault as fault:
            raise self._fault(fault, is_folder=False) from None

    def _read_whole(self, path: str, most: int) -> bytes:
        try:
            size = self.reader.size(path)
            if size > most:
                raise LimitError(
                    self.limit_error,
                    "a file is larger than a value may be",
                    Place(path),
                    expected=f"at most {most} bytes",
                    found=str(size),
                )
            return self.reader.read(path, most)
        except TreeFault as fault:
            raise self._fault(fault, is_folder=False) from None

    def _read_document(self, entity: Entity, document: Document, path: str, thing: Thing) -> None:
        if document.kind == "raw":
            thing[document.raw] = self._read_whole(path, self.most_value)
        elif document.kind == "json":
            data = self._read_whole(path, self.most_text)
            try:
                value = json_read.load(data, path)
            except DocumentError as error:
                error.code = self.folder.errors["json"]
                raise
            try:
                thing |= self.engine.document_reader(document)(value, self.counts)
            except Misread as misread:
                raise self._misread(misread, path, data) from None
        else:
            self._read_lines(document, path, thing)
        self._check(entity, path, thing)
        try:
            for key, record in self.rows.records(entity, thing):
                self.emit(key, record)
        except LimitError as error:
            error.place = Place(path)
            raise
        except Misfit as misfit:
            raise DataError(
                self.limit_error,
                "a value does not fit into its record",
                Place(path),
                misfit.part,
                misfit.expected,
                misfit.found,
            ) from None

    def _read_lines(self, document: Document, path: str, thing: Thing) -> None:
        """A document of lines: elements in any number and order, and each other kind of line exactly once."""
        read = self.engine.line_reader(document)
        code = self.folder.errors["json"]
        once: dict[int, Line] = {}
        elements: dict[str, list[Element]] = {line.each: [] for line in document.lines if line.each}
        with self._open(path) as stream:
            for value, raw, at, column in self._values(stream, path):
                try:
                    line, fields = read(value, self.counts)
                except Misread as misread:
                    raise self._misread(misread, path, raw, at, column) from None
                if line.each:
                    elements[line.each].append(self.rows.element(document, line, fields))
                elif id(line) in once:
                    raise DocumentError(
                        code, "a line that may stand once stands twice", Place(path, None, at, column), line_name(line)
                    )
                else:
                    once[id(line)] = line
                    thing |= fields
        for line in document.lines:
            if not line.each and id(line) not in once:
                raise DocumentError(
                    code,
                    "a line is missing",
                    Place(path),
                    line_name(line),
                    expected="one line of this kind",
                    found="none",
                )
        thing |= elements

    def _check(self, entity: Entity, path: str, thing: Thing) -> None:
        for check in entity.checks:
            if not check.condition.holds(thing, ()):
                raise DocumentError(
                    self.folder.errors["json"],
                    "the document contradicts itself",
                    Place(path),
                    expected=check.condition.describe(),
                    hint=check.hint,
                    spec=str(check.place),
                )


def line_name(line: Line) -> str:
    """A kind of line in words: by the constant that tells it."""
    return f"{line.mark[0]}" if line.mark else "line"


def literal_path(document: Document) -> str:
    """The path of a document that there is only one of."""
    return "/".join("".join(part for part in step if isinstance(part, str)) for step in document.path)


def last_slot(document: Document) -> tuple[PathPart, str]:
    """The slot in the last component of a path, and the text after it."""
    parts = list(document.path[-1])
    slot = next(part for part in parts if isinstance(part, PathPart))
    return slot, "".join(part for part in parts[parts.index(slot) + 1 :] if isinstance(part, str))
