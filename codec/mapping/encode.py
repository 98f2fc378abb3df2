"""Documents to records, for one adapter: read `shown`, write `stored`.

One document is held at a time; sidecars are joined to their documents by a merge of two sorted sides. Nothing is
followed out of the tree, and what no spec describes is counted and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from codec.engine.base import Misfit
from codec.engine.documents import STEM
from codec.errors import DocumentError, Place, TreeError
from codec.layout import json_read
from codec.layout.base import Wrong
from codec.layout.faces import from_base64url
from codec.layout.segments import BadName, Segment
from codec.mapping.cutting import Holdings
from codec.mapping.documents import DocumentReader
from codec.mapping.households import Households
from codec.mapping.sharing import Sharing
from codec.spec.plan import Adapter, Document, Entity, Names, PathPart
from codec.spec.words import Thing
from codec.stream.sort import Sorter
from codec.tree.names import to_bytes

Emit = Callable[[bytes, bytes], None]
BESIDE = 12 << 20  # bytes of memory for the lines of sidecars
SHOWN = 5  # how many unexpected entries are named
TEXT_PER_BYTE = 6  # the longest JSON text of one byte is an escape of six characters
DIRECTORY = "directory"


class AdapterEncoder:
    """Reads the documents of one adapter and emits its records, in no particular order."""

    def __init__(self, adapter: Adapter, reader: DocumentReader, switches: Mapping[str, object], jobs: int = 1) -> None:
        self.sharing = Sharing(reader, jobs)
        self.adapter, self.reader, self.folder, self.switches = adapter, reader, reader.folder, switches
        self.originals: dict[str, dict[str, bytes]] = {}
        self.unexpected: list[str] = []
        self.counts = reader.counts

    def run(self) -> None:
        """The whole adapter; raises `DataError` of the kind that the spec names."""
        if not self._is_there():
            return
        with self.sharing:
            self._run()
        if not self.folder.pattern:
            self.reader.finish()

    def _run(self) -> None:
        if not self.folder.pattern:
            if any(entity.bodies is not None for entity in self.adapter.entities):
                Holdings(self.adapter, self.reader, self.unexpected, self.switches, self.sharing).run()
            else:
                Households(self.adapter, self.reader, self.sharing).run()
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
            raise self.reader.wrong_kind("not_directory", folder.root, kind)
        if not folder.pattern:
            return True
        numbered = [e for e in self.reader.entries(folder.root) if self._is_numbered(e.name)]
        self.unexpected += [
            f"{folder.root}/{e.name}" for e in self.reader.entries(folder.root) if not self._is_numbered(e.name)
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
                raise self.reader.wrong_kind("not_directory", f"{folder.root}/{entry.name}", entry.kind)
        return bool(numbered)

    def _is_numbered(self, name: str) -> bool:
        digits = name.removeprefix(self.folder.pattern)
        canonical = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
        return name.startswith(self.folder.pattern) and canonical

    def _note_strangers(self, claimed: set[str]) -> None:
        home = f"{self.folder.root}/{self.folder.pattern}{self.folder.numbered}"
        self.unexpected += [path for e in self.reader.entries(home) if (path := f"{home}/{e.name}") not in claimed]

    # -------------------------------------------------------------------------------------------- names files

    def _read_names(self, names: Names) -> dict[str, bytes]:
        """The originals by encoded name; the last line wins. Every line is checked, needed or not (redis.md §3.3)."""
        if self.reader.kind(names.path) is None:
            return {}
        originals: dict[str, bytes] = {}
        with self.reader.open(names.path) as stream:
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
        except Wrong as wrong:
            raise DocumentError(
                names.error, "the original name is not base64url", place, names.original, wrong.expected, wrong.found
            ) from None

    # -------------------------------------------------------------------------------------------- documents

    def _read_documents(self, entity: Entity, document: Document) -> None:
        kind = self.reader.kind(document.folder)
        if kind is None:
            return
        if kind != DIRECTORY:
            raise self.reader.wrong_kind("not_directory", document.folder, kind)
        slot, suffix = last_slot(document)
        sidecars = [d for d in entity.documents if d.kind == "sidecar" and d.beside == document.name]
        empty: Thing = dict.fromkeys(entity.fields)

        assert isinstance(slot.segment, Segment)
        decode, field = slot.segment.decode, slot.target.field
        originals = self.originals.get(slot.segment.fallback.names, {})
        folder = document.folder

        def one(unit: tuple[str, Thing]) -> None:
            stem, beside = unit
            path = f"{folder}/{stem}{suffix}"
            thing = empty | beside
            try:
                thing[field] = decode(stem, originals)
            except BadName as wrong:
                raise self._bad_name(wrong, field, path) from None
            self.reader.read(entity, document, path, thing)
            self.reader.emit(entity, path, thing)
            self.reader.counts["documents"] += 1

        self.sharing.each(self._beside(sidecars, self._stems(document, suffix), suffix), one)

    @staticmethod
    def _bad_name(wrong: BadName, field: str, path: str) -> TreeError:
        hint = "names are percent-encoded; a name that begins like a digest needs its line in the names file"
        return TreeError(
            wrong.code, "the name of a file stands for no key", Place(path), field, wrong.expected, wrong.found, hint
        )

    def _stems(self, document: Document, suffix: str) -> Iterator[str]:
        """The names of the documents of one kind, without what they all end in, by the bytes of the whole names."""
        for entry in self.reader.each(document.folder):
            if entry.kind == "file" and entry.name.endswith(suffix):
                yield entry.name[: len(entry.name) - len(suffix)] if suffix else entry.name
            else:
                self.unexpected.append(f"{document.folder}/{entry.name}")

    def _beside(self, sidecars: list[Document], stems: Iterator[str], suffix: str) -> Iterator[tuple[str, Thing]]:
        """Each name with what the sidecars say of it: a merge of two sorted sides."""
        nothing: Thing = {}
        if not sidecars:
            yield from ((stem, nothing) for stem in stems)
            return
        with Sorter[tuple[object, ...]](BESIDE) as sorter:
            for document in sidecars:
                self._read_sidecar(document, sorter, suffix)
            rows = sorter.sorted()
            row = next(rows, None)
            for stem in stems:
                said, name = nothing, to_bytes(stem + suffix)
                while row is not None and row[0] < name:  # type: ignore[operator]
                    self.counts["unmatched"] += 1
                    row = next(rows, None)
                while row is not None and row[0] == name:
                    said = dict(row[2])  # type: ignore[call-overload]
                    row = next(rows, None)
                yield stem, said

    def _read_sidecar(self, document: Document, sorter: Sorter[tuple[object, ...]], suffix: str) -> None:
        path = literal_path(document)
        if self.reader.kind(path) is None:
            return
        for number, (fields, _, _) in enumerate(self.reader.lines(document, path)):
            name = (str(fields.pop(STEM)) + suffix).encode("utf-8", "surrogatepass")
            sorter.add((name, number, tuple(fields.items())), 200 + len(name))


def literal_path(document: Document) -> str:
    """The path of a document that there is only one of."""
    return "/".join("".join(part for part in step if isinstance(part, str)) for step in document.path)


def last_slot(document: Document) -> tuple[PathPart, str]:
    """The slot in the last component of a path, and the text after it."""
    parts = list(document.path[-1])
    slot = next(part for part in parts if isinstance(part, PathPart))
    return slot, "".join(part for part in parts[parts.index(slot) + 1 :] if isinstance(part, str))
