"""Reading documents of a tree: safely opened, with errors under the names that the spec gives them, into things and records.

One document is held at a time. Nothing is followed out of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

from codec.engine.base import Engine, Misfit, Misread, Notes, Parse
from codec.errors import CodecError, DataError, DocumentError, LimitError, Place, TreeError, shown
from codec.layout import json_read
from codec.layout.json_careful import path_text
from codec.mapping.besides import Besides
from codec.mapping.canonical_lines import CanonicalLines
from codec.mapping.rows import RowWriter
from codec.mapping.views import records
from codec.spec.plan import Adapter, Document, Entity, Folder, Line, View
from codec.spec.words import OPTION, Element, Pick, Thing
from codec.stream.frame import Pair
from codec.stream.sort import Sorter
from codec.stream.write import Records, SharedRecords
from codec.tree.readable import Cutter, Readable
from codec.tree.walk import Entry, Kind, TreeFault
from codec.workers import Result

AT_ONCE = 8 << 20  # bytes of a document of lines that is read whole
PATIENCE = 1 << 16  # bytes of documents that are read without the fast parser, which takes longer to load
TOGETHER = 64  # records that several things had in common, handed on at once
TEXT_PER_BYTE = 6  # the longest JSON text of one byte is an escape of six characters


class DocumentReader:
    """Reads documents of one adapter and hands their records on."""

    def __init__(
        self,
        adapter: Adapter,
        engine: Engine,
        tree: Readable,
        into: Records,
        spans: Cutter,
        limit_error: str,
        on: frozenset[str],
        besides: Besides | None = None,
    ) -> None:
        assert adapter.folder is not None
        self.engine, self.tree, self._into, self._emit = engine, tree, into, into.add
        self.spans = spans
        self.folder: Folder = adapter.folder
        self.most_value, self.limit_error = into.most_value, limit_error
        self.most_text = TEXT_PER_BYTE * into.most_value
        self.rows = RowWriter(adapter, engine)
        self.counts = Notes()
        self.shown, self._besides = on, besides or Besides()
        self.on = {f"{OPTION}{name}": True for name in sorted(on)}
        self._repeated: Sorter[tuple[object, ...]] = Sorter()
        self._arrival = 0
        self._met = 0
        self._parsers: dict[int, Parse | None] = {}
        self.tell: Callable[[], None] = lambda: None  # called now and then, for the progress
        self._writers = {entity.name: engine.records_writer(entity) for entity in adapter.entities}

    # -------------------------------------------------------------------------------------------- the tree

    def kind(self, path: str) -> Kind | None:
        """What stands at `path`, if anything."""
        return self.tree.kind(path)

    def size(self, path: str) -> int:
        """Bytes of a file, 0 for anything else; only a hint."""
        try:
            return self.tree.size(path)
        except (TreeFault, CodecError):
            return 0

    def entries(self, path: str) -> list[Entry]:
        """The entries of a folder, sorted by name."""
        try:
            return self.tree.entries(path)
        except TreeFault as fault:
            raise self.fault(fault, is_folder=True) from None

    def each(self, path: str) -> Iterator[Entry]:
        """The same one by one, however many there are."""
        try:
            yield from self.tree.each(path)
        except TreeFault as fault:
            raise self.fault(fault, is_folder=True) from None

    def wrong_kind(self, kind: str, path: str, found: str, wanted: str = "") -> TreeError:
        """An entry that is no folder, no regular file, or has several links."""
        code = self.folder.errors[kind]
        wanted = (
            wanted
            or {"not_directory": "a folder", "not_regular": "a regular file", "hard_link": "a file with one link"}[kind]
        )
        hint = "links are not followed, so that nothing outside the tree is read"
        return TreeError(
            code, "an entry of the tree is of the wrong kind", Place(path), expected=wanted, found=found, hint=hint
        )

    def fault(self, fault: TreeFault, is_folder: bool) -> CodecError:
        """What the tree refused, under the name that the spec gives it."""
        if fault.kind == "hard_link":
            return self.wrong_kind("hard_link", fault.path, "several links")
        return self.wrong_kind("not_directory" if is_folder else "not_regular", fault.path, fault.found)

    def open(self, path: str) -> BinaryIO:
        """A regular file with one link, opened without following anything."""
        try:
            return self.tree.open(path)
        except TreeFault as fault:
            raise self.fault(fault, is_folder=False) from None

    def whole(self, path: str, most: int) -> bytes:
        """A whole file; raises `LimitError` before reading one that is too large."""
        try:
            return self.tree.read(path, most)
        except TreeFault as fault:
            if fault.kind != "too_large":
                raise self.fault(fault, is_folder=False) from None
            raise LimitError(
                self.limit_error,
                "a file is larger than a value may be",
                Place(path),
                expected=f"at most {most} bytes",
                found=str(max(self.tree.size(path), most + 1)),
            ) from None

    # -------------------------------------------------------------------------------------------- documents

    def values(
        self, stream: BinaryIO, path: str, fold: bool = True, line: int = 1
    ) -> Iterator[tuple[json_read.JsonValue, bytes, int, int]]:
        """The JSON values of a file, one at a time."""
        try:
            yield from json_read.values(stream, path, max_value=self.most_text, fold=fold, line=line)
        except DocumentError as error:
            error.code = self.folder.errors["json"]
            raise

    def misread(self, problem: Misread, path: str, data: bytes, line: int = 1, column: int = 1) -> DocumentError:
        """A member that does not fit, with line and column."""
        place = Place(path, None, *json_read.locate(data, problem.path, line, column))
        return DocumentError(
            self.folder.errors["json"],
            "the document does not fit",
            place,
            path_text(problem.path),
            problem.expected,
            problem.found,
        )

    def read(self, entity: Entity, document: Document, path: str, thing: Thing) -> None:
        """Put what one document says into `thing`."""
        if document.kind == "raw":
            thing[document.raw] = self.whole(path, self.most_value)
        elif document.kind in ("json", "keyed"):
            self._read_value(document, path, thing)
            if path in self._besides.fields:
                thing |= self._besides.fields[path]
        else:
            self._read_lines(document, path, thing)

    def _read_value(self, document: Document, path: str, thing: Thing) -> None:
        """A document that is one JSON value."""
        data = self.whole(path, self.most_text)
        parse = self._parser(document, len(data))
        if parse is not None:
            try:
                thing |= parse(data)
                return
            except Exception:  # whatever it is, the careful way below knows it better
                pass
        self.counts.data = data
        try:
            value = json_read.load(data, path, fold=document.kind != "keyed")
        except DocumentError as error:
            error.code = self.folder.errors["json"]
            raise
        try:
            thing |= self.engine.document_reader(document)(value, self.counts)
        except Misread as misread:
            raise self.misread(misread, path, data) from None

    def emit(self, entity: Entity, path: str, thing: Thing) -> None:
        """Check a thing and hand on its records; `path` is its document, for errors."""
        if not self.emit_at_once(entity, path, thing):
            self.emit_with_care(entity, path, thing)

    def emit_at_once(self, entity: Entity, path: str, thing: Thing) -> bool:
        """The same the fast way, which may take values that are yet to be fetched; False if it has to be done with care."""
        thing |= self.on
        write = self._writers[entity.name]
        if write is None:
            return False
        try:
            records, shared = write([thing], self._into.tail)
        except Exception:  # the careful way finds what is wrong, or that nothing is
            return False
        try:
            self._into.extend(records)
        except LimitError as error:
            error.place = Place(path)
            raise
        self._share(shared)
        return True

    def emit_all_at_once(self, entity: Entity, things: Sequence[Thing]) -> bool:
        """The same for many of one parent, of which the first knows it and the options; False if each, which has to know them
        too, has to be done by itself, which says what is wrong with which."""
        write = self._writers[entity.name]
        if write is None:
            return False
        try:
            records, shared = write(things, self._into.tail)
        except Exception:
            return False
        try:
            self._into.extend(records)
        except LimitError:  # which ends the run as soon as its record is met again
            return False
        self._share(shared)
        return True

    def emit_with_care(self, entity: Entity, path: str, thing: Thing) -> None:
        """The same step by step: what is wrong is explained."""
        code = self.folder.errors["json"]
        self._refuse_repeated(entity, path, thing)
        for name, derive in entity.computed:
            fault = derive.fault(thing, ()) if isinstance(derive, Pick) else None
            if fault is not None:
                raise DocumentError(
                    code, f"the document does not say what makes it a {entity.name}", Place(path), name, *fault
                )
            thing[name] = derive.evaluate(thing, ())
        self.check(entity, path, thing)
        try:
            for key, record in self.rows.records(entity, thing):
                self._emit(key, record)
            self._share([*self.rows.repeated(entity, thing)])
        except LimitError as error:
            error.place = Place(path)
            raise
        except Misfit as misfit:
            raise DataError(
                code,
                "a value does not fit into its record",
                Place(path),
                misfit.part,
                misfit.expected,
                misfit.found,
            ) from None

    def _share(self, some: Sequence[tuple[bytes, tuple[object, ...], bytes]]) -> None:
        """Note records that several things may have in common, with what ranks them."""
        if some:
            weight = sum(200 + len(key) + len(record) for key, _, record in some)
            numbered = enumerate(some, self._arrival + 1)
            self._repeated.extend([(key, rank, number, record) for number, (key, rank, record) in numbered], weight)
            self._arrival += len(some)

    def _parser(self, document: Document, size: int) -> Parse | None:
        """The engine's fast way to read a kind of document, of which there are `size` bytes."""
        self._met += size
        if self._met <= PATIENCE:
            return None
        try:
            return self._parsers[id(document)]
        except KeyError:
            return self._parsers.setdefault(id(document), self.engine.parser(document))

    def _read_lines(self, document: Document, path: str, thing: Thing) -> None:
        """A document of lines: elements in any number and order, and each other kind of line exactly once."""
        parse = self._parser(document, self.size(path))
        if parse is not None:
            try:
                thing |= parse(self.tree.read(path, AT_ONCE).removesuffix(b"\n").split(b"\n"))
                return
            except Exception:  # the careful way below
                pass
        read = self.engine.line_reader(document)
        code = self.folder.errors["json"]
        once: dict[int, Line] = {}
        elements: dict[str, list[Element]] = {line.each: [] for line in document.lines if line.each}
        with self.open(path) as stream:
            for value, raw, at, column in self.values(stream, path):
                try:
                    line, fields = read(value, self.counts)
                except Misread as misread:
                    raise self.misread(misread, path, raw, at, column) from None
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

    # -------------------------------------------------------------------------------------------- parts

    @property
    def _shared(self) -> SharedRecords:
        return cast(SharedRecords, self._into)

    def begin_parts(self, jobs: int) -> None:
        """In one of `jobs` children: forget what the parent has; its own is handed over in the end."""
        self.tree.forget()
        self.tree.opened = 0
        self._shared.begin_parts(jobs)
        self.counts = Notes()
        self._repeated = Sorter()
        self._before = self._arrival

    def begin_part(self, arrivals: int) -> None:
        """Records that come now come after so many of those of other parts."""
        self._arrival = self._before + arrivals

    def hand_over(self) -> Result:
        """What a part has read."""
        records, files = self._shared.hand_over()
        repeated, more = self._repeated.hand_over()
        said = (records, len(files), repeated, dict(self.counts), self.tree.opened, self._besides.learned())
        return Result(said, (*files, *more))

    def take_over(self, result: Result) -> None:
        """Add what a part has read."""
        said = cast("tuple[object, int, object, dict[str, int], int, dict[str, str]]", result.value)
        records, count, repeated, counts, opened, pardoned = said
        self._besides.pardoned |= pardoned
        self._shared.take_over(records, result.files[:count])
        self._repeated.take_over(repeated, result.files[count:])
        self.counts.update(counts)
        self.tree.opened += opened

    @property
    def records(self) -> int:
        """How many records were handed on."""
        return self._into.count

    def skip_arrivals(self, number: int) -> None:
        """Records that come now come after those of the parts."""
        self._arrival += number

    def put(self, key: bytes, value: bytes) -> None:
        """Hand on a record as it is."""
        self._emit(key, value)

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._repeated.close()

    def finish(self) -> None:
        """Hand on the records that several things had in common: one per key, the one with the least rank."""
        records: list[Pair] = []
        before: object = None
        for key, _, _, record in self._repeated.sorted():
            if key != before:
                records.append((key + self._into.tail, record))  # type: ignore[operator, arg-type]
            before = key
            if len(records) == TOGETHER:
                self._into.extend(records)
                records = []
        if records:
            self._into.extend(records)

    def lines(self, document: Document, path: str) -> Iterator[tuple[Thing, int, int]]:
        """The things that the lines of a file say, each with line and column."""
        for some, first, column in self.some_lines(document, path):
            for line, said in enumerate(some, first):
                yield said, line, column

    def some_lines(self, document: Document, path: str) -> Iterator[tuple[list[Thing], int, int]]:
        """The same, some at a time, which say the same fields, with line and column of the first one; of several each has
        a line of its own."""
        read = self.engine.document_reader(document)
        with self.open(path) as stream:
            first = 1
            if (parse := self._parser(document, self.size(path))) is not None:
                canonical = CanonicalLines(stream, parse, self.most_text)
                for some, line in canonical.things():
                    yield some, line, 1
                first = canonical.line
            for value, raw, line, column in self.values(stream, path, document.kind != "bundle", first):
                self.counts.data = raw
                try:
                    said = read(value, self.counts)
                except Misread as misread:
                    raise self.misread(misread, path, raw, line, column) from None
                yield [said], line, column

    def replay(self, view: View, path: str) -> None:
        """Hand on the records that a view shows, as they are."""
        with self.open(path) as stream:
            for key, value in records(view, self.values(stream, path), path, self.folder.errors["json"]):
                self._emit(key, value)

    def _refuse_repeated(self, entity: Entity, path: str, thing: Thing) -> None:
        """Elements that a record lists by name must have one name each; others surface as records with one key."""
        streamed = entity.collection
        for name, kind in entity.fields.items():
            if kind.many is None or not kind.many.unique or (streamed and streamed[0] == name):
                continue
            seen: set[object] = set()
            for element in thing[name] or ():  # type: ignore[attr-defined]
                if element[0] in seen:
                    message = f"{name} has one name twice"
                    raise DocumentError(self.folder.errors["json"], message, Place(path), name, found=shown(element[0]))
                seen.add(element[0])

    def pardons(self, path: str) -> bool:
        """Whether a document, or a folder without its document, may be as it is: it was so in the input."""
        return self._besides.pardons(path, self.tree)

    def check(self, entity: Entity, path: str, thing: Thing) -> None:
        """Raise if the document contradicts itself."""
        for check in entity.checks:
            if not check.condition.holds(thing, ()) and not self.pardons(path):
                raise DocumentError(
                    self.folder.errors["json"],
                    "the document contradicts itself",
                    Place(path),
                    expected=check.condition.describe(),
                    found=check.condition.found(thing, ()),
                    hint=check.hint,
                    spec=str(check.place),
                )


def line_name(line: Line) -> str:
    """A kind of line in words: by the constant that tells it."""
    return f"{line.mark[0]}" if line.mark else "line"
