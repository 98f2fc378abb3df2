"""Prints things: documents of one adapter, each at its path. What goes into a file with others is noted, not written.

The printing of things is cut into jobs, so that another process can do it: `work` does one, `jobs.put` hands it out.
Nothing here remembers one thing after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, cast

from codec.engine.base import Engine, WriteDocument
from codec.engine.documents import STEM
from codec.mapping.besides import Structure
from codec.mapping.naming import Namer
from codec.mapping.target import Target
from codec.spec.plan import Adapter, Document, Entity
from codec.spec.words import Element, Thing

Lines = list[tuple[str, bytes]]  # what files that grow line by line get: path, text


class Jobs(Protocol):
    """Where jobs are put; see `codec.crew`."""

    def put(self, job: object, then: Callable[[object], None]) -> None: ...


class Noting:
    """A target that writes whole files to another one, and notes what is to be added to files."""

    def __init__(self, target: Target) -> None:
        self.write, self.stream, self.stream_bytes, self.mkdir = (
            target.write,
            target.stream,
            target.stream_bytes,
            target.mkdir,
        )
        self.lines: Lines = []

    def append(self, path: str, data: bytes) -> None:
        """Note a line."""
        self.lines.append((path, data))

    def taken(self) -> Lines:
        """What was noted since the last call."""
        lines, self.lines = self.lines, []
        return lines


class Press:
    """The documents of one adapter; `shown` are the options that are on."""

    def __init__(self, adapter: Adapter, engine: Engine, target: Target, shown: frozenset[str]) -> None:
        self.target = Noting(target)
        self.namer = Namer(dict(adapter.names), self.target)
        self.shown = shown
        self.structure: dict[str, dict[str, int]] | None = None
        """If it is a dict, what documents of parents do not show and records of their children need is put there."""
        self._structure = Structure(adapter, shown)
        self.writers: dict[str, WriteDocument] = {
            f"{e.name}.{d.name}": engine.document_writer(d, shown) for e in adapter.entities for d in e.documents
        }
        self._printers = {e.name: [self._printer(e, d) for d in e.documents] for e in adapter.entities}

    def text(self, entity: Entity, document: Document, thing: Thing) -> bytes:
        """The text of a document of a thing without streamed elements."""
        return "".join(self.writers[f"{entity.name}.{document.name}"](thing, ())).encode()

    def show(self, entity: Entity, thing: Thing) -> None:
        """Print all documents of a thing but the bundles."""
        for show in self._printers[entity.name]:
            show(thing, ())

    def show_parent(self, entity: Entity, thing: Thing) -> None:
        """The same for a thing that others lie within."""
        if self.structure is not None and (fields := self._structure.of(entity, thing)):
            self.structure[self.namer.path(entity.documents[0], thing)[0]] = fields
        self.show(entity, thing)

    def show_sidecars(self, entity: Entity, thing: Thing) -> None:
        """Print only what stands beside the documents of others."""
        for document, show in zip(entity.documents, self._printers[entity.name], strict=True):
            if document.kind == "sidecar":
                show(thing, ())

    def show_gathered(self, entity: Entity, thing: Thing, blocks: Iterable[list[Element]]) -> None:
        """Print a thing with its streamed elements, which can be read once."""
        for show in self._printers[entity.name]:
            show(thing, blocks)

    def _printer(self, entity: Entity, document: Document) -> Callable[[Thing, Iterable[list[Element]]], None]:
        """What prints one kind of document."""
        write, target, path_of = self.writers[f"{entity.name}.{document.name}"], self.target, self.namer.path
        when = document.when
        if document.kind == "bundle" or (document.only_with and document.only_with not in self.shown):
            return lambda thing, blocks: None
        if document.kind == "sidecar":
            main = next(d for d in entity.documents if d.name == document.beside)

            def sidecar(thing: Thing, blocks: Iterable[list[Element]]) -> None:
                if when is None or when.holds(thing, ()):
                    thing[STEM] = path_of(main, thing)[1]
                    target.append(path_of(document, thing)[0], "".join(write(thing, ())).encode())

            return sidecar
        name = self.namer.of(document)
        if document.kind == "together" and when is None:
            append = target.append
            return lambda thing, blocks: append(name(thing), "".join(write(thing, ())).encode())

        def show(thing: Thing, blocks: Iterable[list[Element]]) -> None:
            if when is not None and not when.holds(thing, ()):
                return
            if document.kind == "raw":
                target.write(name(thing), cast(bytes, thing[document.raw]))
            elif document.kind == "together":
                target.append(name(thing), "".join(write(thing, ())).encode())
            else:
                target.stream(name(thing), write(thing, blocks))

        return show
