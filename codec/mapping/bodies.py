"""Things whose bodies are joined from the pieces of many records, decoded: one external sort by parent, key and piece.

Pieces stay where they are in the input and are copied from there when their turn comes, so memory does not grow with
the size of a body or the number of its pieces. Implements s3.md §5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Protocol, cast

from codec.engine.base import ABSENT, Engine, WriteDocument
from codec.errors import Place, StreamError, shown
from codec.layout.json_write import base64url, quote
from codec.layout.literal_path import LiteralPath
from codec.layout.strings import Rest
from codec.mapping.collisions import Paths, Siblings, folded, names_any, unfolded
from codec.mapping.family import CHILDREN, Ends, Put, ranking
from codec.mapping.gather import Item
from codec.mapping.making import fields_of
from codec.mapping.press import Press
from codec.mapping.target import Target
from codec.spec.bodies import Bodies, Take
from codec.spec.container import Container
from codec.spec.plan import Adapter, Document, Entity, Names, PathPart, PathStep, Row, Slot
from codec.spec.words import Element, Thing
from codec.stream.batches import Ats
from codec.stream.sort import Sorter
from codec.tree.names import NOT_A_NAME

Taker = Callable[[list[bytes], list[bytes], Ats], None]
TakeOne = Callable[[bytes, bytes, int], None]
Warn = Callable[[str, Thing], None]

PARENT, COPIES, THINGS, LATE = range(4)  # sections of a parent, in this order
HEAD, PIECE = range(2)
Piece = tuple[object, int, int, int | None]  # upload, where its bytes are, how many, how many were declared
Shown = tuple[object, bytes, str, Element, list[Item], str]  # generation, key, kind of head, what it says, pieces, path
PutShown = Callable[[Thing, list[Shown]], None]
MANY = 64  # pieces from which on a thing is printed by itself
ENOUGH = 1 << 20  # bytes of bodies to a job
MISSING = -1  # the offset of content that no record has


class ReadLater(Protocol):
    """Values that stay in the input; see `codec.stream.contents.Contents`."""

    @property
    def source(self) -> str: ...

    def offset(self, at: int, key: bytes) -> int: ...

    def blocks(self, offset: int, size: int) -> Iterable[bytes]: ...


class Household:
    """A parent, the things with bodies within it, and records within it that are shown as they are."""

    def __init__(
        self,
        adapter: Adapter,
        root: Entity,
        engine: Engine,
        target: Target,
        press: Press,
        contents: ReadLater,
    ) -> None:
        shown_with, self._press = press.shown, press
        within = [e for e in adapter.entities if e.within and e.within[1] == root.name]
        self.root, self.child = root, next(e for e in within if e.bodies is not None)
        assert self.child.bodies is not None
        self.bodies: Bodies = self.child.bodies
        wanted = {take.content for take in self.bodies.join.takes}
        self.contents_of = [e for e in adapter.entities if e.name in wanted]
        self.copied = [e for e in within if e.bodies is None]
        self._adapter, self._engine, self._target, self._shown, self._contents = (
            adapter,
            engine,
            target,
            shown_with,
            contents,
        )
        self._documents = {d.name: d for d in self.child.documents}
        self._write_beside: WriteDocument = engine.document_writer(self._documents[self.bodies.beside], shown_with)
        last = self._documents[self.bodies.shown].path
        self._path: LiteralPath = next(
            p.segment for s in last for p in s if isinstance(p, PathPart) and isinstance(p.segment, LiteralPath)
        )
        self._names: Names = adapter.names[self._path.names]
        self._takes = {take.row: take for take in self.bodies.join.takes}
        self._empty: Thing = dict.fromkeys(self.child.fields)
        self._folders: dict[str, tuple[object, str]] = {}
        self._sorter: Sorter[Item] = Sorter()
        self._keys: Sorter[Item] = Sorter()
        self._late: Sorter[Item] = Sorter()  # the keys of LATE once more: they are looked at before they are shown
        self._shared: Sorter[Item] = Sorter()
        self._arrival = 0
        self._last_key: object = None
        self.extensions: set[str] = set()

    # -------------------------------------------------------------------------------------------- records in

    def takers(self) -> dict[str, Taker]:
        """What is done with a record, by the label of its kind."""
        result: dict[str, TakeOne] = {}
        for row in self.root.rows:
            if row.role == "stored":
                result[row.label] = self._parent_taker(row)
        for row in self.child.rows:
            take = next((take for take in self.bodies.join.takes if take.row == row.name), None)
            result[row.label] = self._head_taker(row) if take is None else self._piece_taker(row, take)
        for entity in self.contents_of:
            result |= {row.label: self._content_taker(row) for row in entity.rows}
        for entity in self.copied:
            for row in entity.rows:
                if row.role == "stored":
                    result[row.label] = self._copy_taker(entity, row)
        return {label: each(take) for label, take in result.items()}

    def _next(self) -> int:
        self._arrival += 1
        return self._arrival

    def _parent_taker(self, row: Row) -> TakeOne:
        read, identity = self._engine.reader(row), row.identity[0]

        def take(key: bytes, value: bytes, at: int) -> None:
            values = read(key, value)
            self._sorter.add(
                (values[identity], PARENT, b"", 0, 0, (), self._next(), row.name, values),
                250 + len(key) + 2 * len(value),
            )

        return take

    def _copy_taker(self, entity: Entity, row: Row) -> TakeOne:
        read, identity = self._engine.reader(row), row.identity[0]
        if entity.documents[0].option not in self._shown:
            return lambda key, value, at: None

        def take(key: bytes, value: bytes, at: int) -> None:
            parent = read(key, value)[identity]
            item = (parent, COPIES, b"", 0, 0, (), self._next(), row.label, (row.prefix, key, value))
            self._sorter.add(item, 300 + len(key) + len(value))

        return take

    def _key_of(self, row: Row, values: Element) -> tuple[object, int, bytes, object]:
        """Parent, section, folded key and generation of a thing, noted as one of the keys there are."""
        parent, generation, key = (values[index] for index in row.identity)
        assert isinstance(key, bytes)
        late = key.split(b"/", 1)[0] == self._names.path.encode()
        where = (parent, LATE if late else THINGS, folded(key), generation)
        if where != self._last_key:
            self._last_key = where
            for keys in (self._keys, self._late) if late else (self._keys,):
                keys.add(where, 250 + len(key))
        return where

    def _head_taker(self, row: Row) -> TakeOne:
        read, join = self._engine.reader(row), self.bodies.join
        parts_at = dict(row.gives)[join.parts]

        def take(key: bytes, value: bytes, at: int) -> None:
            values = read(key, value)
            for part in values[parts_at]:  # type: ignore[attr-defined]
                for counted in join.takes:
                    if (
                        counted.content
                        and bool(part[counted.flag]) == counted.on
                        and len(part[counted.sizes]) != part[join.count]
                    ):
                        raise StreamError(
                            row.value_error,
                            f"a part of a {row.label} record does not say the size of each of its pieces",
                            self._place(at),
                            expected=f"{part[join.count]} sizes",
                            found=str(len(part[counted.sizes])),
                        )
            item = (*self._key_of(row, values), HEAD, (), self._next(), row.name, (*values, at))
            self._sorter.add(item, 600 + len(key) + 2 * len(value))

        return take

    def _piece_taker(self, row: Row, take: Take) -> TakeOne:
        read, pick = self._engine.reader(row), row.element

        def take_piece(key: bytes, value: bytes, at: int) -> None:
            given = value if type(value) is bytes else b""  # a value that was not read is all data
            values = read(key, given)
            element = [values[index] for index in pick]
            version = element[take.version[0]]
            version = version if isinstance(version, int) else 0
            order = (element[take.part[0]], version, take.on, element[take.number])
            where = self._key_of(row, values)
            if not take.content:
                size = len(value) - len(given) + len(cast(bytes, element[take.data]))
                offset = self._contents.offset(at, key) + len(value) - size
                piece: Piece = (element[take.only], offset, size, None)
                self._sorter.add((*where, PIECE, order, self._next(), row.name, piece), 400 + len(key))
                return
            waits = (where, order, element[take.only], element[take.size])
            self._shared.add((element[take.by], 1, self._next(), row.name, waits), 500 + len(key))

        return take_piece

    def _content_taker(self, row: Row) -> TakeOne:
        read, identity = self._engine.reader(row), row.identity[0]
        algorithm, slot, error = row.digest
        data_at = next(index for name, index in row.fields if name != slot)

        def take(key: bytes, value: bytes, at: int) -> None:
            values = read(key, value)
            data, digest = values[data_at], values[identity]
            assert isinstance(data, bytes)
            assert isinstance(digest, bytes)
            if algorithm and hashlib.new(algorithm, data).digest() != digest:
                found = hashlib.new(algorithm, data).hexdigest()
                message = f"the value of a {row.label} record has another digest than its key says"
                raise StreamError(error, message, self._place(at), expected=digest.hex(), found=found)
            offset = self._contents.offset(at, key) + len(value) - len(data)
            self._shared.add((digest, 0, self._next(), row.name, (offset, len(data))), 300)

        return take

    def _place(self, at: int) -> Place:
        return Place(self._contents.source, at)

    # -------------------------------------------------------------------------------------------- the end

    def close(self) -> None:
        """Give the sorters' memory and disk back."""
        for sorter in (self._sorter, self._keys, self._late, self._shared):
            sorter.close()

    def finish(self, ends: Ends, number: int) -> None:
        """Print every parent with all that is within it, by ascending identity."""
        warn, put = ends.warn, partial(self._put, ends.put, number)
        self._join_contents()
        keys, late = _Keys(self._keys.sorted()), _Keys(self._late.sorted())
        for identity, items in groupby(self._sorter.sorted(), key=itemgetter(0)):
            self._parent(identity, items, keys, late, warn, put)

    def _join_contents(self) -> None:
        """Tell each reference where its content is."""
        for _, items in groupby(self._shared.sorted(), key=itemgetter(0)):
            offset, size = MISSING, 0
            for _, is_reference, arrival, name, waits in items:
                if not is_reference:
                    offset, size = cast("tuple[int, int]", waits)
                    continue
                where, order, upload, declared = cast("tuple[Item, Item, object, int]", waits)
                piece: Piece = (upload, offset, size, declared)
                self._sorter.add((*where, PIECE, order, arrival, name, piece), 400)

    def _parent(
        self, identity: object, items: Iterator[Item], keys: _Keys, late: _Keys, warn: Warn, put: PutShown
    ) -> None:
        assert isinstance(identity, bytes)
        if identity in NOT_A_NAME:
            row = next(row for row in self.child.rows if row.key_error)
            message = f"a {self.root.name} has a name that cannot be a folder"
            raise StreamError(
                row.key_error, message, Place(self._contents.source), row.label, "a name", repr(identity)[1:]
            )
        thing: Thing = dict.fromkeys(self.root.fields) | {self.root.identity[0]: identity}
        document = self.root.documents[0]
        folder = "/".join(_render(document.path[:-1], thing, (), ""))
        self._target.mkdir(folder)
        with Sorter[Item]() as lines:
            of_parent: _OfParent | None = None
            for section, group in groupby(items, key=itemgetter(1)):
                if section == PARENT:
                    for item in group:
                        row = self.root.row(str(item[7]))
                        thing |= fields_of(row, item[8])  # type: ignore[arg-type]
                    self._press.show_parent(self.root, thing)
                elif section == COPIES:
                    self._copies(thing, group)
                else:
                    of_parent = of_parent or _OfParent(self, thing, lines, put)
                    if section == LATE:
                        of_parent.look_at(late, identity)
                    of_parent.section(int(section), group, keys, identity, warn)
            for encoded, line in lines.sorted():
                self._target.append(f"{folder}/{self._names.path}", line.encode())  # type: ignore[attr-defined]
                del encoded
            if of_parent is not None and of_parent.stale:
                assert self.child.choose is not None
                warn(self.child.choose.stale, readable(thing) | {"stale": of_parent.stale})

    @staticmethod
    def _put(put: Put, number: int, parent: Thing, things: list[Shown]) -> None:
        put((CHILDREN, number, parent, things), lambda _: None)

    def work(self, parent: Thing, things: list[Shown]) -> None:
        """A job of this household: print some things of one parent."""
        for generation, key, name, values, pieces, path in things:
            self.print(self.thing(parent, generation, key), name, values, pieces, path)

    def thing(self, parent: Thing, generation: object, key: bytes) -> Thing:
        """The thing of a key, before anything is said about it."""
        assert self.child.within is not None
        thing = self._empty | {self.child.within[0]: parent}
        thing.update(zip(self.child.identity[1:], (generation, key), strict=True))
        return thing

    def print(self, thing: Thing, name: str, head: Element, pieces: Iterable[Item], path: str) -> None:
        """Write the body of a thing, and the document beside it; `head` is what the record `name` says, and where it is."""
        row = self.child.row(name)
        *values, at = head
        assert isinstance(at, int)
        for field, index in (*row.fields, *row.gives):
            if values[index] is not ABSENT:
                thing[field] = values[index]
        body, beside = (self._documents[name] for name in (self.bodies.shown, self.bodies.beside))
        joined = self.joined(thing, pieces, at)
        self._target.stream_bytes(self._path_of(body, thing, path), joined)
        self._target.stream(self._path_of(beside, thing, path), self._write_beside(thing, ()))

    def _path_of(self, document: Document, thing: Thing, path: str) -> str:
        """The path of a thing's document; what stands in front of `path` is worked out once for a parent."""
        assert self.child.within is not None
        parent, before = thing[self.child.within[0]], self._folders.get(document.name)
        *steps, last = document.path
        if before is None or before[0] is not parent:
            before = self._folders[document.name] = parent, "/".join(_render(steps, thing, (), path))
        return f"{before[1]}/{''.join(part if isinstance(part, str) else path for part in last)}"

    def joined(self, thing: Thing, pieces: Iterable[Item], at: int) -> Iterator[bytes]:
        """The body in blocks; raises `StreamError` unless each declared part has exactly its pieces."""
        join = self.bodies.join
        takes = self._takes
        parts: dict[tuple[object, ...], Element] = {}
        for part in thing[join.parts]:  # type: ignore[attr-defined]
            take = next(take for take in join.takes if bool(part[take.flag]) == take.on)
            parts[part[take.part[1]], part[take.version[1]], take.on] = part
        wanted = _numbered(parts, join.count)
        for order, group in groupby(pieces, key=itemgetter(5)):
            part = parts.get(order[:3])
            if part is None or not part[join.count]:
                continue
            found: tuple[Take, Item] | None = None
            for item in group:
                take = takes[str(item[7])]
                only = thing[join.only]
                if (item[8][0] == only or (take.any_if_empty and not only)) and item[8][1] != MISSING:  # type: ignore[index]
                    found = take, item
            if found is None:
                continue
            expected = next(wanted, None)
            if expected != order:
                raise self._incomplete(thing, at, expected, order)
            take, item = found
            _, offset, size, declared = cast(Piece, item[8])
            if declared is not None:
                self._check_size(thing, at, take, part, order, size, declared)
            yield from self._contents.blocks(offset, size)
        left = next(wanted, None)
        if left is not None:
            raise self._incomplete(thing, at, left, None)

    def _check_size(
        self, thing: Thing, at: int, take: Take, part: Element, order: tuple[int, ...], size: int, declared: int
    ) -> None:
        listed = cast("list[int]", part[take.sizes])[order[3]]
        if not size == declared == listed:
            message = f"a piece of {self.name_of(thing)} has another size than it should have"
            found = f"{size} bytes, declared as {declared}"
            raise StreamError(self.bodies.join.differs, message, self._place(at), take.row, f"{listed} bytes", found)

    def name_of(self, thing: Thing) -> str:
        """What a thing is called in messages."""
        key = thing[self.child.identity[-1]]
        assert isinstance(key, bytes)
        return shown(key)

    def _incomplete(
        self, thing: Thing, at: int, expected: tuple[object, ...] | None, found: tuple[object, ...] | None
    ) -> StreamError:
        message = f"the body of {self.name_of(thing)} does not have exactly the pieces that it should have"
        hint = "the snapshot was taken from a node that does not hold all of it, or it is damaged"
        return StreamError(
            self.bodies.join.incomplete, message, self._place(at), "", _told(expected), _told(found), hint
        )

    def _copies(self, parent: Thing, items: Iterator[Item]) -> None:
        """The lines of records that are shown as they are, in their order."""
        for item in items:
            entity = next(e for e in self.copied if any(row.label == item[7] for row in e.rows))
            assert entity.within is not None
            document = entity.documents[0]
            path = "/".join(_render(document.path, {entity.within[0]: parent}, (), ""))
            said = dict(zip(("prefix", "key", "value"), item[8], strict=True))  # type: ignore[call-overload]
            self._target.append(path, "".join(self._engine.document_writer(document, self._shown)(said, ())).encode())


class _Keys:
    """All keys that there are, read once, by parent and section."""

    def __init__(self, keys: Iterator[Item]) -> None:
        self._keys = keys
        self._head = next(keys, None)

    def of(self, parent: object, section: int, counts: Callable[[object], bool]) -> Iterator[bytes]:
        """The folded keys of one section of a parent, of the generations that count."""
        while self._head is not None and self._head[:2] < (parent, section):
            self._head = next(self._keys, None)
        while self._head is not None and self._head[:2] == (parent, section):
            form, generation = self._head[2:]
            self._head = next(self._keys, None)
            if counts(generation):
                yield form  # type: ignore[misc]


class _OfParent:
    """The things of one parent, while they are printed."""

    def __init__(self, house: Household, parent: Thing, lines: Sorter[Item], put: PutShown) -> None:
        self.house, self.parent, self.lines, self._put = house, parent, lines, put
        self._ranks = ranking(house.child.choose, parent)
        self._some: list[Shown] = []
        self._size = 0
        self.stale = 0
        self._renamed = False
        self._chosen: tuple[bytes, str] | None = None

    def _counts(self, generation: object) -> bool:
        """Whether things of this generation are shown."""
        return self._ranks is None or generation in self._ranks

    def look_at(self, late: _Keys, identity: object) -> None:
        """See whether there will be a names file, before keys are shown that could stand where it does."""
        house = self.house
        forms = late.of(identity, LATE, self._counts)
        self._renamed = self._renamed or names_any(house._path, house._names.path, forms, house._shown)

    def section(self, section: int, items: Iterator[Item], keys: _Keys, identity: object, warn: Warn) -> None:
        """The things of one section, by key and generation."""
        house = self.house
        siblings = Siblings(keys.of(identity, section, self._counts), house._path)
        paths = Paths(house._path, house._names.path, siblings, house._shown)
        paths.renamed = self._renamed
        for (form, generation), group in groupby(items, key=itemgetter(2, 3)):
            head, pieces = _head_and_pieces(group)
            key = unfolded(form)
            counts = self._counts(generation)
            self.stale += not counts
            if head is None or not counts:
                self._loose(house.thing(self.parent, generation, key), pieces, counts, warn)
            else:
                self._show(generation, key, head, pieces, self._path_of(key, form, paths))
        self.flush()
        self._renamed = self._renamed or paths.renamed

    def _path_of(self, key: bytes, form: bytes, paths: Paths) -> str:
        if self._chosen is not None and self._chosen[0] == form:
            return self._chosen[1]
        path, kind = paths.choose(key, form)
        self._chosen = (form, path)
        if kind:
            names = self.house._names
            members = ((names.encoded, path), (names.original, base64url(key)), (names.kind_member, kind))
            line = ",".join(f"{quote(member, False)}:{quote(value, False)}" for member, value in members)
            self.lines.add((path, f"{{{line}}}\n"), 300 + 2 * len(line))
            if kind == self.house._path.carried.kind:
                self.house.extensions.add(kind)
        return path

    def _show(self, generation: object, key: bytes, head: Item, pieces: Iterator[Item], path: str) -> None:
        """Have a thing printed, several in one job; one of many pieces is printed here, piece by piece."""
        name, values = str(head[7]), cast(Element, head[8])
        first = list(islice(pieces, MANY))
        if len(first) == MANY:
            thing = self.house.thing(self.parent, generation, key)
            self.house.print(thing, name, values, chain(first, pieces), path)
            return
        self._some.append((generation, key, name, values, first, path))
        self._size += 1000 + sum(cast(Piece, piece[8])[2] for piece in first)
        if self._size > ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Put what waits for more into a job."""
        if self._some:
            self._put(self.parent, self._some)
        self._some, self._size = [], 0

    def _loose(self, thing: Thing, pieces: Iterator[Item], counts: bool, warn: Warn) -> None:
        """Pieces that nothing shown owns: counted, and written one by one where that is wanted."""
        house = self.house
        document = house._documents[house.bodies.loose]
        wanted = house.bodies.loose_option in house._shown
        number = 0
        inline = {take.row: take for take in house.bodies.join.takes if not take.content}
        for item in pieces:
            take = inline.get(str(item[7]))
            if take is None:
                continue
            number += 1
            if wanted:
                upload, offset, size, _ = cast(Piece, item[8])
                order = cast("tuple[object, ...]", item[5])
                element: list[object] = [None] * (
                    1 + max(take.only, take.part[0], take.version[0], take.number, take.data)
                )
                element[take.only], element[take.part[0]], element[take.version[0]] = upload, order[0], order[1]
                element[take.number] = order[3]
                path = _render(document.path, thing, tuple(element), "")
                if not NOT_A_NAME.isdisjoint(step.encode("utf-8", "surrogateescape") for step in path):
                    row = house.child.row(take.row)
                    message = "a key that cannot be a name in the tree has pieces that nothing owns"
                    raise StreamError(
                        row.key_error,
                        message,
                        Place(house._contents.source),
                        row.label,
                        "a name",
                        self.house.name_of(thing),
                    )
                house._target.stream_bytes("/".join(path), house._contents.blocks(offset, size))
        if counts or wanted:
            row = house.child.row(next(iter(inline)))
            warn(house.child.orphan, readable(thing) | {row.each: number})


def only_measured(container: Container) -> tuple[bytes, ...]:
    """The prefixes of records whose values are nothing but pieces of bodies: where they are is all that is asked."""
    rows = [row for adapter in container.adapters for row in adapter.rows]
    with_bodies = [e for adapter in container.adapters for e in adapter.entities if e.bodies is not None]
    inline = {f"{e.name}.{take.row}" for e in with_bodies for take in e.bodies.join.takes if not take.content}  # type: ignore[union-attr]
    return tuple(
        row.prefix
        for row in rows
        if row.label in inline
        and [list(map(type, form.parts)) for form in row.forms] == [[Slot]]
        and isinstance(cast(Slot, row.forms[0].parts[0]).layout, Rest)
        and sum(
            other.prefix.startswith(row.prefix) or row.prefix.startswith(other.prefix) for other in rows if other.prefix
        )
        == 1
    )


def _head_and_pieces(items: Iterator[Item]) -> tuple[Item | None, Iterator[Item]]:
    """The last of the records that say what a thing is, and its pieces."""
    head: Item | None = None
    for item in items:
        if item[4] != HEAD:
            return head, chain((item,), items)
        head = item
    return head, iter(())


def _numbered(parts: dict[tuple[object, ...], Element], count_at: int) -> Iterator[tuple[object, ...]]:
    """What the pieces of the declared parts must be called, in order."""
    for order in sorted(parts):
        count = parts[order][count_at]
        assert isinstance(count, int)
        for number in range(count):
            yield (*order, number)


def _told(order: tuple[object, ...] | None) -> str:
    if order is None:
        return "no more pieces"
    part, version, by_digest, number = order
    return f"piece {number} of part {part}, version {version}{', by digest' if by_digest else ''}"


def _render(steps: Iterable[PathStep], thing: Thing, element: Element, chosen: str) -> list[str]:
    """The components of a path; `chosen` is the text of a key that is shown as it is."""
    result = []
    for step in steps:
        text = ""
        for part in step:
            if isinstance(part, str):
                text += part
            elif isinstance(part.segment, LiteralPath):
                text += chosen
            else:
                text += part.segment.encode(part.target.get(thing, element))[0]  # type: ignore[arg-type]
        result.append(text)
    return [step for step in result if step] if not chosen else result


def each(take: TakeOne) -> Taker:
    """Records of a run, one by one."""

    def take_all(keys: list[bytes], values: list[bytes], ats: Ats) -> None:
        for key, value, at in zip(keys, values, ats, strict=True):
            take(key, value, at)

    return take_all


def readable(thing: Thing) -> Thing:
    """A thing for messages: bytes as text."""
    return {name: readable(value) if isinstance(value, dict) else _text(value) for name, value in thing.items()}


def _text(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
