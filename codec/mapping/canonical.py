"""The canonical text of the documents of a tree: what a decode would print for what a document says.

One document is held at a time, of a file of lines one line and a sorter. Which kind a file is, its path says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codec.engine.base import Engine
from codec.layout.literal_path import LiteralPath
from codec.mapping.documents import DocumentReader
from codec.spec.plan import Adapter, Collection, Document, Entity, PathPart, PathStep
from codec.spec.words import Element, Thing
from codec.stream.sort import Sorter
from codec.stream.write import Unwanted
from codec.tree.spans import Spans
from codec.tree.walk import TreeReader

WHOLE = ("json", "keyed", "lines")  # a thing to a file
LINES = ("together", "sidecar", "bundle")  # a thing to a line


class Canonical:
    """Reads documents of one adapter and prints them again. Use it as a context manager."""

    def __init__(self, adapter: Adapter, engine: Engine, tree: TreeReader, most_value: int, on: frozenset[str]) -> None:
        self._adapter, self._engine, self._tree, self._on = adapter, engine, tree, on
        self._reader = DocumentReader(adapter, engine, tree, Unwanted(most_value), Spans(tree), "", on)
        self._kinds = sorted(_patterns(adapter, on), key=lambda kind: -kind[0])

    def __enter__(self) -> Canonical:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def notes(self) -> dict[str, int]:
        """What reading counted: unknown members."""
        return self._reader.counts

    def document(self, path: str) -> tuple[Entity, Document] | None:
        """The kind of the document at `path`, None for a file that is none."""
        return next(((entity, document) for _, match, entity, document in self._kinds if match.fullmatch(path)), None)

    def text(self, path: str) -> Iterator[bytes] | None:
        """The canonical text of the document at `path`, in pieces; None for a file that has none: bodies, names files,
        rows that are shown as they are.

        Raises `DocumentError`, `TreeError`, `LimitError` for what cannot be read, with line and column, at the latest
        when the last piece is asked for.
        """
        found = self.document(path)
        if found is None:
            return None
        entity, document = found
        if document.kind in WHOLE:
            return self._whole(entity, document, path)
        return self._lines(document, path) if document.kind in LINES else None

    def difference(self, path: str) -> int | None:
        """The first line of the document that is not as it would be printed; None if there is none."""
        pieces = self.text(path)
        if pieces is None:
            return None
        line = 1
        with self._reader.open(path) as file:
            for piece in pieces:
                found = file.read(len(piece))
                if found != piece:
                    same = next((at for at, (a, b) in enumerate(zip(found, piece, strict=False)) if a != b), len(found))
                    return line + found.count(b"\n", 0, same)
                line += piece.count(b"\n")
            return line if file.read(1) else None

    def _whole(self, entity: Entity, document: Document, path: str) -> Iterator[bytes]:
        thing: Thing = dict.fromkeys(entity.fields)
        self._reader.read(entity, document, path, thing)
        thing |= self._reader.on
        if not entity.within and entity.bodies is None:
            self._reader.check(entity, path, thing)
        for name, kind in entity.fields.items():
            if kind.many is not None and isinstance(thing[name], list):
                thing[name] = in_order(kind.many, thing[name])  # type: ignore[arg-type]
        streamed = entity.collection
        elements: list[Element] = (thing[streamed[0]] or []) if streamed else []  # type: ignore[assignment]
        write = self._engine.document_writer(document, self._on)
        yield "".join(write(thing, [elements] if elements else [])).encode()

    def _lines(self, document: Document, path: str) -> Iterator[bytes]:
        write = self._engine.document_writer(document, self._on)
        with Sorter[tuple[object, ...]]() as lines:
            for number, (thing, _, _) in enumerate(self._reader.lines(document, path)):
                order = tuple(name.get(thing, ()) for name in document.order)
                line = "".join(write(thing, ())).encode()
                lines.add((order, number, line), 200 + len(line))
            for *_, text in lines.sorted():
                assert isinstance(text, bytes)
                yield text


def in_order(collection: Collection, elements: list[Element]) -> list[Element]:
    """Elements in the collection's order, that of arrival where it has none."""
    places = [list(collection.fields).index(name) for name in collection.order]
    return sorted(elements, key=lambda element: tuple(element[at] for at in places)) if places else elements


def _patterns(adapter: Adapter, on: frozenset[str]) -> Iterator[tuple[int, re.Pattern[str], Entity, Document]]:
    """For each kind of document how many characters of its path are fixed, and what paths it has."""
    for entity in adapter.entities:
        for document in entity.documents:
            if document.only_with and document.only_with not in on:
                continue
            for path in (document.path, *(path for _, path in document.alternatives)):
                fixed = sum(len(part) for step in path for part in step if isinstance(part, str))
                end = rf"[0-9]+{re.escape(document.bundle.suffix)}" if document.bundle is not None else ""
                yield fixed, re.compile("/".join(map(_step, path)) + end, re.DOTALL), entity, document


def _step(step: PathStep) -> str:
    return "".join(re.escape(part) if isinstance(part, str) else _slot(part) for part in step)


def _slot(part: PathPart) -> str:
    return ".+" if isinstance(part.segment, LiteralPath) else "[^/]*"
