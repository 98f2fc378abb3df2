"""Things with bodies, encoded: below each parent's folder every file is a body with its document beside it.

Bodies are cut into pieces while they are read; one piece, one document, one names file and the names of one folder are
held. Implements s3.md §6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from codec.engine.base import Misfit
from codec.errors import DataError, DocumentError, Place, TreeError, shown
from codec.layout.base import Wrong
from codec.layout.literal_path import Digits, LiteralPath
from codec.layout.segments import BadName, Segment
from codec.layout.strings import Rest
from codec.mapping.documents import DocumentReader
from codec.mapping.households import component
from codec.mapping.names_file import read_names
from codec.mapping.sharing import Sharing
from codec.spec.bodies import Bodies, element_of
from codec.spec.plan import Adapter, Document, Entity, PathPart, PathStep, Row, Slot
from codec.spec.words import Element, Name, Thing
from codec.tree.names import to_bytes
from codec.tree.readable import Cutter
from codec.tree.spans import Span
from codec.tree.walk import Entry, TreeFault

DIRECTORY, FILE = "directory", "file"
Unit = tuple[str, bytes]  # a body's path, and its key
HELD = 1 << 16  # bytes of a body that is held; the pieces of larger ones are fetched


class Body:
    """A file as the body of a thing: its length, and its pieces as elements, any number of times.

    A small one is held; of a large one each piece is fetched when its turn comes, or (`later`) when it is written.
    """

    def __init__(self, bodies: Bodies, every: int, path: str, spans: Cutter) -> None:
        self.bodies, self.every, self.later = bodies, every, False
        self._spans = spans
        self._data = b""
        self._parts: list[Span] = []
        try:
            self._data = spans.tree.read(path, HELD)
            self.size = len(self._data)
        except TreeFault as fault:
            if fault.kind != "too_large":
                raise
            self.size, self._parts = spans.of(path, every)

    def __len__(self) -> int:
        return self.size

    def sizes(self) -> list[int]:
        """The lengths of the pieces."""
        whole, rest = divmod(self.size, self.every)
        return [self.every] * whole + ([rest] if rest else [])

    def __iter__(self) -> Iterator[Element]:
        """The pieces; raises `TreeError` if the file is not what it was."""
        piece = self.bodies.cut.piece
        if not self._parts:
            for position, at in enumerate(range(0, self.size, self.every)):
                yield element_of(piece, {"position": position, "piece": self._data[at : at + self.every]}, {})
        for position, part in enumerate(self._parts):
            yield element_of(
                piece, {"position": position, "piece": part if self.later else self._spans.fetch(part)}, {}
            )


class Pieces:
    """The pieces of a body, as the collection that records are written from."""

    def __init__(self, body: Body) -> None:
        self.body = body

    def __iter__(self) -> Iterator[Element]:
        return iter(self.body)

    def __len__(self) -> int:
        return len(self.body.sizes())


class Holdings:
    """Reads every parent of an adapter with the things that have bodies, with the options that the manifest names."""

    def __init__(
        self,
        adapter: Adapter,
        reader: DocumentReader,
        unexpected: list[str],
        switches: Mapping[str, object],
        sharing: Sharing,
    ) -> None:
        self.sharing = sharing
        self.adapter, self.reader, self.folder, self.shown = adapter, reader, reader.folder, reader.shown
        self.unexpected = unexpected
        self.child = next(e for e in adapter.entities if e.bodies is not None)
        assert self.child.bodies is not None
        assert self.child.within is not None
        self.bodies: Bodies = self.child.bodies
        every = next(option for option in adapter.options if option.name == self.bodies.cut.every)
        self.every = cast(int, switches.get(every.name) or every.default)
        self.alias, parent = self.child.within
        self.parent = adapter.entity(parent)
        self.copied = [e for e in adapter.entities if e.within and e.within[1] == parent and e.bodies is None]
        documents = {document.name: document for document in self.child.documents}
        self.beside, self.loose = documents[self.bodies.beside], documents[self.bodies.loose]
        self.path: LiteralPath = next(
            part.segment
            for step in documents[self.bodies.shown].path
            for part in step
            if isinstance(part, PathPart) and isinstance(part.segment, LiteralPath)
        )
        self.names = adapter.names[self.path.names]
        self.spans = reader.spans
        self.as_it_is = any(row.each == self.bodies.cut.into and _is_piece(row) for row in self.child.rows)

    def run(self) -> None:
        """All parents; raises `DataError` of the kind that the spec names."""
        for entry in self.reader.entries(self.folder.root):
            path = f"{self.folder.root}/{entry.name}"
            if entry.kind == DIRECTORY:
                self._household(path, entry.name)
            elif self.folder.aside and entry.name.startswith(self.folder.aside):
                self.unexpected.append(path)
            else:
                raise self.reader.wrong_kind("not_regular", path, entry.kind, "a folder")

    def _household(self, path: str, name: str) -> None:
        document = self.parent.documents[0]
        main = component(document.path[-1])
        if self.reader.kind(f"{path}/{main}") is None:
            if self.reader.pardons(path):
                return
            hint = f"every folder below {self.folder.root} has a {main}"
            raise TreeError(self.folder.errors["missing"], f"{main} is missing", Place(path), hint=hint)
        parent: Thing = dict.fromkeys(self.parent.fields)
        self.reader.read(self.parent, document, f"{path}/{main}", parent)
        self._identify(document, name, f"{path}/{main}", parent)
        self.reader.emit(self.parent, f"{path}/{main}", parent)
        names = read_names(self.names, self.path, self.reader, path, main) if self._is_names_file(path) else None
        found = self._walk(path, main, parent, names)
        self.sharing.each(found, lambda unit: self._thing(parent, *unit))
        for encoded in names or {}:
            place = Place(f"{path}/{self.names.path}")
            hint = "every line of a names file is about a file that is there"
            raise DocumentError(
                self.names.error,
                "a line of the names file is about no file",
                place,
                found=shown(to_bytes(encoded)),
                hint=hint,
            )

    def _identify(self, document: Document, name: str, path: str, parent: Thing) -> None:
        """The folder's name says who the parent is, to the byte; its document must say the same as text."""
        identity = self.parent.identity[0]
        said = parent[identity]
        assert isinstance(said, bytes)
        part = next(part for part in document.path[-2] if isinstance(part, PathPart))
        assert isinstance(part.segment, Segment)
        expected, _ = part.segment.encode(said)
        if expected == name:
            return
        try:
            exact = part.segment.decode(name, {})
        except BadName:
            exact = b""
        printed = re.sub("[\udc80-\udcff]", "\ufffd", exact.decode("utf-8", "surrogateescape"))
        if printed != said.decode() or printed == exact.decode("utf-8", "surrogateescape"):
            message = "the folder is not called as its document says"
            raise TreeError(self.folder.errors["name"], message, Place(path), identity, expected, name)
        parent[identity] = exact

    def _is_names_file(self, path: str) -> bool:
        """Whether the names file is one: a file with a document beside it is a body of that name."""
        file = f"{path}/{self.names.path}"
        return self.reader.kind(file) == FILE and self.reader.kind(file + self.path.beside) != FILE

    # -------------------------------------------------------------------------------------------- the files

    def _walk(self, home: str, main: str, parent: Thing, names: dict[str, bytes] | None) -> Iterator[Unit]:
        """Every file below a parent's folder that is a body, folder by folder; other entries are judged."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            entries = self.reader.entries(home + below)
            there = {entry.name: entry.kind for entry in entries}
            for entry in entries:
                path = f"{below}/{entry.name}"[1:]
                if not below and (entry.name == main or (names is not None and entry.name == self.names.path)):
                    continue
                if entry.kind == DIRECTORY:
                    if not below and entry.name in self.path.folders:
                        self._reserved(f"{home}/{entry.name}", entry.name, parent)
                    else:
                        waiting.append(f"{below}/{entry.name}")
                elif entry.name.endswith(self.path.beside):
                    if entry.name.removesuffix(self.path.beside) not in there:
                        self.unexpected.append(f"{home}/{path}")
                else:
                    self._judge(home, path, entry, there)
                    yield f"{home}/{path}", to_bytes(path) if names is None or path not in names else names.pop(path)

    def _judge(self, home: str, path: str, entry: Entry, there: Mapping[str, str]) -> None:
        """A body is a regular file with a document beside it."""
        file = f"{home}/{path}"
        if entry.kind != FILE:
            raise self.reader.wrong_kind("not_regular", file, entry.kind)
        if entry.name + self.path.beside not in there:
            hint = f"every file of a {self.child.name} has a file beside it whose name ends {self.path.beside}"
            raise TreeError(self.folder.errors["missing"], "a file has no document beside it", Place(file), hint=hint)

    def _thing(self, parent: Thing, file: str, key: bytes) -> None:
        beside = file + self.path.beside
        thing: Thing = dict.fromkeys(self.child.fields) | {self.alias: parent}
        thing |= dict(zip(self.child.identity[1:], (self._generation(parent), key), strict=True))
        try:
            self.reader.read(self.child, self.beside, beside, thing)
            body = self._body(file)
            self._fill(thing, body)
            body.later = self.as_it_is
            if not self.reader.emit_at_once(self.child, beside, thing):
                body.later = False
                self.reader.emit_with_care(self.child, beside, thing)
        except DataError as error:
            if self.beside.error and error.code == self.folder.errors["json"]:
                error.code = self.beside.error
            raise
        self.reader.counts["documents"] += 1

    def _body(self, file: str) -> Body:
        try:
            return Body(self.bodies, self.every, file, self.spans)
        except TreeFault as fault:
            raise self.reader.fault(fault, is_folder=False) from None

    def _generation(self, parent: Thing) -> object:
        """The generation that things of a parent are written in: the one that counts most."""
        choose = self.child.choose
        assert choose is not None
        name = choose.candidates[-1]
        return Name(name.path[0], path=name.path[1:]).get(parent, ())

    def _fill(self, thing: Thing, body: Body) -> None:
        """What the records say of the body: its pieces, and the part that declares them."""
        cut = self.bodies.cut
        pieces = Pieces(body)
        thing |= {cut.field: body, cut.into: pieces}
        known = {"count": len(pieces), "sizes": body.sizes()}
        thing[cut.parts] = [element_of(cut.part, known, thing)] if len(body) else []

    # -------------------------------------------------------------------------------------------- reserved folders

    def _reserved(self, path: str, name: str, parent: Thing) -> None:
        """A folder of records that nothing owns: taken back if the tree was made with it."""
        if self.path.folders[name] not in self.shown:
            self._refuse_things(path)
            self.unexpected.append(path)
            return
        copied = next((e for e in self.copied if component(e.documents[0].path[2]) == name), None)
        if copied is not None:
            self._take_copies(copied, path, parent)
        else:
            self._take_loose(path, parent)

    def _refuse_things(self, path: str) -> None:
        """What stands in a reserved folder is no thing; one that looks like it would be lost."""
        waiting = [path]
        while waiting:
            here = waiting.pop()
            for entry in self.reader.entries(here):
                if entry.kind == DIRECTORY:
                    waiting.append(f"{here}/{entry.name}")
                elif entry.name.endswith(self.path.beside):
                    message = f"a {self.child.name} stands in a folder that is reserved"
                    hint = "give it another key, with a line in the names file"
                    raise TreeError(self.folder.errors["reserved"], message, Place(f"{here}/{entry.name}"), hint=hint)

    def _take_copies(self, entity: Entity, path: str, parent: Thing) -> None:
        """Records that are shown as they are."""
        document = entity.documents[0]
        name = component(document.path[-1])
        for entry in self.reader.entries(path):
            if entry.name != name:
                raise self._stranger(f"{path}/{entry.name}", entry)
        if self.reader.kind(f"{path}/{name}") is None:
            return
        rows = {row.prefix: row for row in entity.rows if row.role == "stored"}
        beside = {row.copies: row for row in entity.rows if row.copies}
        for said, line, column in self.reader.lines(document, f"{path}/{name}"):
            prefix, key, value = said["prefix"], said["key"], said["value"]
            assert isinstance(prefix, bytes)
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            place = Place(f"{path}/{name}", None, line, column)
            code = self.folder.errors["json"]
            row = rows.get(prefix)
            if row is None or not key.startswith(prefix):
                known = " or ".join(repr(known)[1:] for known in rows)
                raise DocumentError(code, "the line is no record of these kinds", place, "key", known, shown(key))
            try:
                identity = self.reader.engine.reader(row)(key, value)[row.identity[0]]
            except Misfit as misfit:
                raise DocumentError(
                    code, f"the key is none of a {row.label} record", place, "key", misfit.expected, misfit.found
                ) from None
            if identity != parent[self.parent.identity[0]]:
                raise DocumentError(
                    code, f"the record belongs to another {self.parent.name}", place, "key", found=shown(key)
                )
            self.reader.put(key, value)
            if row.name in beside:
                self.reader.put(beside[row.name].prefix + key[len(prefix) :], value)

    def _take_loose(self, path: str, parent: Thing) -> None:
        """Pieces that nothing owns: their names say which records they are."""
        steps = self.loose.path[3:]
        row = next(self.child.row(take.row) for take in self.bodies.join.takes if not take.content)
        write = self.reader.engine.writer(row)
        many = self.child.fields[row.each].many
        assert many is not None
        waiting: list[tuple[str, Thing, int]] = [(path, {}, 0)]
        while waiting:
            here, said, depth = waiting.pop()
            for entry in self.reader.entries(here):
                inner = f"{here}/{entry.name}"
                if entry.kind != (FILE if depth + 1 == len(steps) else DIRECTORY):
                    raise self._stranger(inner, entry)
                fields = said | self._said(steps[depth], entry.name, inner)
                if depth + 1 < len(steps):
                    waiting.append((inner, fields, depth + 1))
                    continue
                thing = dict.fromkeys(self.child.fields) | {self.alias: parent} | fields
                fields[self.loose.raw] = self.reader.whole(inner, self.reader.most_value)
                for optional in many.fields:
                    if many.fields[optional].maybe and not fields[optional]:
                        fields[optional] = None
                self.reader.put(*write(thing, tuple(fields[name] for name in many.fields)))

    def _said(self, step: PathStep, name: str, path: str) -> Thing:
        """The fields that a component of a path says."""
        shape = "".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in step)
        match = re.fullmatch(shape, name, re.DOTALL)
        parts = [part for part in step if isinstance(part, PathPart)]
        if match is None:
            raise TreeError(
                self.folder.errors["unexpected"], "the name is none that a decode writes", Place(path), found=name
            )
        said: Thing = {}
        for part, text in zip(parts, match.groups(), strict=True):
            try:
                assert isinstance(part.segment, (Segment, Digits))
                if isinstance(part.segment, Digits):
                    said[part.target.field] = part.segment.decode(text)
                else:
                    said[part.target.field] = part.segment.decode(text, {})
            except Wrong as wrong:
                hint = "a name that is a digest cannot be turned back"
                raise TreeError(
                    self.folder.errors["unexpected"],
                    "the name is none that a decode writes",
                    Place(path),
                    part.target.field,
                    wrong.expected,
                    wrong.found,
                    hint,
                ) from None
        return said

    def _stranger(self, path: str, entry: Entry) -> TreeError:
        hint = "move it out of the tree; what a decode did not write has no meaning here"
        message = "the tree has an entry that no document covers"
        return TreeError(self.folder.errors["unexpected"], message, Place(path), found=entry.kind, hint=hint)


def _is_piece(row: Row) -> bool:
    """Whether the value of a record for a piece is the piece and nothing else, so that it can be fetched later."""
    if not row.written or len(row.forms) != 1 or len(row.forms[0].parts) != 1:
        return False
    (part,) = row.forms[0].parts
    return isinstance(part, Slot) and type(part.layout) is Rest and part.account == "bound" and not part.zero_is_none
