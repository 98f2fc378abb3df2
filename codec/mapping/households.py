"""Things with a parent, encoded: one folder per parent, its main document in it, documents of its children below.

A folder's name must be the one that its document's identity gives; names of labelled documents carry no meaning.
Every entry that no document covers is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import cast

from codec.errors import CodecError, Place, TreeError
from codec.layout.segments import BadName, Segment
from codec.mapping.bundles import parts
from codec.mapping.documents import DocumentReader
from codec.mapping.sharing import Sharing
from codec.spec.plan import Adapter, Document, Entity, PathPart, PathStep
from codec.spec.words import GREATEST, OPTION, REPLAYED, Thing
from codec.tree.walk import Entry

DIRECTORY, FILE = "directory", "file"
TOGETHER = 64  # children whose records are handed on at once
CHILD = 400  # bytes of a child's line, more or less; it only says what is worth a process


class Households:
    """Reads every parent of an adapter with its children."""

    def __init__(self, adapter: Adapter, reader: DocumentReader, sharing: Sharing) -> None:
        self.adapter, self.reader, self.sharing = adapter, reader, sharing
        self.folder = reader.folder

    def parents(self) -> Iterator[Entity]:
        """The entities that others lie within."""
        names = {entity.within[1] for entity in self.adapter.entities if entity.within}
        return (entity for entity in self.adapter.entities if entity.name in names)

    def run(self) -> None:
        """All households; raises `DataError` of the kind that the spec names."""
        for parent in self.parents():
            entries = self.reader.entries(self.folder.root)
            if self._told_by_children(parent):  # then a parent and its children stay together
                self.sharing.each(entries, partial(self._parent, parent), partial(self._weight, parent))
            else:
                for entry in entries:
                    self._parent(parent, entry)

    def _told_by_children(self, parent: Entity) -> bool:
        """Whether records of the parent depend on its children."""
        children = {
            entity.name for entity in self.adapter.entities if entity.within and entity.within[1] == parent.name
        }
        return any(kind in children for kind, _ in self.adapter.aggregates)

    def _weight(self, parent: Entity, entry: Entry) -> int:
        """About how many children a parent's folder has on the lines of one file."""
        depth = len(parent.documents[0].path) - 1
        files = (
            component(below.path[depth])
            for child in self.adapter.entities
            if child.within and child.within[1] == parent.name
            for below in child.documents
            if below.kind == "together"
        )
        return 1 + sum(self.reader.size(f"{self.folder.root}/{entry.name}/{file}") for file in files) // CHILD

    def _parent(self, parent: Entity, entry: Entry) -> None:
        path = f"{self.folder.root}/{entry.name}"
        if entry.kind != DIRECTORY:
            raise self._unexpected(path, entry)
        if not self._is_orphaned(parent, entry.name, path):
            self._household(parent, parent.documents[0], entry.name, path)

    def _is_orphaned(self, parent: Entity, name: str, path: str) -> bool:
        """Whether a folder holds only the records of a parent that is gone; they are written back as they are."""
        for view in self.adapter.views:
            suffix = component(view.orphaned[1]) if view.orphaned else ""
            if (
                suffix
                and view.entity == parent.name
                and name.endswith(suffix)
                and self.reader.on.get(f"{OPTION}{view.option}")
            ):
                self.reader.replay(view, "/".join((path, *(component(step) for step in view.orphaned[2:]))))
                return True
        return False

    def _unexpected(self, path: str, entry: Entry) -> TreeError:
        hint = "move it out of the tree; what a decode did not write has no meaning here"
        kind = {"file": "a file", "directory": "a folder", "symlink": "a link"}.get(entry.kind, "a special file")
        return TreeError(
            self.folder.errors["unexpected"],
            "the tree has an entry that no document covers",
            Place(path),
            found=kind,
            hint=hint,
        )

    def _household(self, parent: Entity, document: Document, name: str, path: str) -> None:
        main = component(document.path[-1])
        if self.reader.kind(f"{path}/{main}") is None:
            if self.reader.pardons(path):
                return
            hint = f"every folder below {self.folder.root} has a {main}"
            raise TreeError(self.folder.errors["missing"], f"{main} is missing", Place(path), hint=hint)
        thing: Thing = dict.fromkeys(parent.fields)
        self.reader.read(parent, document, f"{path}/{main}", thing)
        self._identify(document, name, f"{path}/{main}", thing)
        known = {main, *self._replay(parent, thing, path)}
        for child in self.adapter.entities:
            if child.within and child.within[1] == parent.name:
                for below in child.documents:
                    if below.only_with and f"{OPTION}{below.only_with}" not in self.reader.on:
                        continue
                    read = (
                        self._together
                        if below.kind == "together"
                        else self._bundle
                        if below.kind == "bundle"
                        else self._children
                    )
                    known.add(read(child, below, path, len(document.path) - 1, thing))
        self.reader.emit(parent, f"{path}/{main}", thing)
        for entry in self.reader.entries(path):
            if entry.name not in known:
                raise self._unexpected(f"{path}/{entry.name}", entry)

    def _identify(self, document: Document, name: str, path: str, thing: Thing) -> None:
        """The identity comes from the document; the folder must be called as it gives, but for a pardoned one."""
        assert document.named_by is not None
        identity, text = document.named_by
        thing[identity] = str(thing[text]).encode()
        part = next(part for part in document.path[-2] if isinstance(part, PathPart))
        assert isinstance(part.segment, Segment)
        expected, _ = part.segment.encode(thing[identity])  # type: ignore[arg-type]
        if expected == name or not document.name_checked:
            return
        with suppress(BadName):
            called = part.segment.decode(name, {})
            if part.segment.encode(called)[0] == name and self.reader.pardons(path):
                thing[identity] = called
                return
        raise TreeError(
            self.folder.errors["name"],
            "the folder is not called as its document says",
            Place(path),
            text,
            expected,
            name,
        )

    def _replay(self, parent: Entity, thing: Thing, path: str) -> Iterator[str]:
        """Write the records of the parent's views back as they are; the folders that the views lie in."""
        for view in self.adapter.views:
            if view.entity != parent.name or not self.reader.on.get(f"{OPTION}{view.option}"):
                continue
            below = "/".join(component(step) for step in view.path[2:])
            if self.reader.kind(f"{path}/{below}") == FILE:
                thing[f"{REPLAYED}{view.name}"] = True
                self.reader.replay(view, f"{path}/{below}")
                yield component(view.path[2])

    def _bundle(self, child: Entity, document: Document, path: str, depth: int, parent: Thing) -> str:
        """The children that stand on the lines of numbered files; the folder of these."""
        home, prefix = component(document.path[depth]), component(document.path[depth + 1])
        kind = self.reader.kind(f"{path}/{home}")
        if kind is None:
            return home
        if kind != DIRECTORY:
            raise self.reader.wrong_kind("not_directory", f"{path}/{home}", kind)
        entries = self.reader.entries(f"{path}/{home}")
        for name in parts(document, entries, prefix, f"{path}/{home}", self.folder.errors["unexpected"]):
            self._lines(child, document, f"{path}/{home}/{name}", parent)
        return home

    def _together(self, child: Entity, document: Document, path: str, depth: int, parent: Thing) -> str:
        """The children that stand on the lines of one file; the file's name."""
        name = component(document.path[depth])
        if self.reader.kind(f"{path}/{name}") is not None:
            self._lines(child, document, f"{path}/{name}", parent)
        return name

    def _lines(self, child: Entity, document: Document, path: str, parent: Thing) -> None:
        assert child.within is not None
        given: Thing = {child.within[0]: parent, **self.reader.on}
        for some, first, column in self.reader.some_lines(document, path):
            unsaid = dict.fromkeys(name for name in child.fields if name not in some[0])
            for at in range(0, len(some), TOGETHER):
                things = some[at : at + TOGETHER]
                if unsaid:
                    for thing in things:
                        thing |= unsaid
                things[0] |= given
                if len(things) > 1 and self.reader.emit_all_at_once(child, things):
                    self._tell_parent(child, things, parent)
                    continue
                for line, thing in enumerate(things, first + at):
                    thing |= given
                    try:
                        self._emit_child(child, path, thing, parent)
                    except CodecError as error:
                        error.place = Place(error.place.source, None, line, column)
                        raise

    def _emit_child(self, child: Entity, path: str, thing: Thing, parent: Thing) -> None:
        """Hand on a child's records, and note what the parent's records need to know of it."""
        self.reader.emit(child, path, thing)
        self._tell_parent(child, [thing], parent)

    def _tell_parent(self, child: Entity, things: list[Thing], parent: Thing) -> None:
        for kind, field in self.adapter.aggregates:
            if kind == child.name:
                key, numbers = f"{GREATEST}{kind}.{field}", map(itemgetter(field), things)
                parent[key] = max(cast(int, parent.get(key, 0)), *cast("Iterator[int]", numbers))

    def _children(self, child: Entity, document: Document, path: str, depth: int, parent: Thing) -> str:
        """Every labelled document of one kind, at most one folder deeper than its own; the folder they lie in."""
        home = component(document.path[depth])
        suffix = "".join(part for part in document.path[-1] if isinstance(part, str))
        base = f"{path}/{home}"
        kind = self.reader.kind(base)
        if kind is None:
            return home
        if kind != DIRECTORY:
            raise self.reader.wrong_kind("not_directory", base, kind)
        empty: Thing = dict.fromkeys(child.fields)
        assert child.within is not None
        empty[child.within[0]] = parent

        def one(entry: Entry) -> None:
            here = f"{base}/{entry.name}"
            if entry.kind == DIRECTORY:
                for inner in self.reader.entries(here):
                    if inner.kind == DIRECTORY:
                        raise self._unexpected(f"{here}/{inner.name}", inner)
                    self._child(child, document, f"{here}/{inner.name}", inner, suffix, empty)
            else:
                self._child(child, document, here, entry, suffix, empty)

        entries = self.reader.each(base)
        if any(kind == child.name for kind, _ in self.adapter.aggregates):
            for entry in entries:
                one(entry)
        else:
            self.sharing.each(entries, one)
        return home

    def _child(self, child: Entity, document: Document, path: str, entry: Entry, suffix: str, empty: Thing) -> None:
        if not entry.name.endswith(suffix):
            raise self._unexpected(path, entry)
        assert child.within is not None
        thing = empty.copy()
        self.reader.read(child, document, path, thing)
        self._emit_child(child, path, thing, cast(Thing, thing[child.within[0]]))


def component(step: PathStep) -> str:
    """A component of a path that has no slots."""
    return "".join(part for part in step if isinstance(part, str))


__all__ = ["Households"]
