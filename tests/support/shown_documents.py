"""The documents of a tree by the kind that the plan gives them, and the values that a reader takes of one kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from codec.engine.base import Engine, Misread, Notes
from codec.errors import DocumentError
from codec.layout import json_read
from codec.layout.segments import Segment
from codec.layout.tagged import LabelByTag, PlainBase64Url
from codec.mapping.views import records
from codec.spec import plan
from codec.spec.container import Container
from codec.spec.json_schema import ONE_LINE

STRAY = "stray"
BESIDE_BODY = ".elastickv-meta.json"
REFUSALS = (Misread, DocumentError)  # what readers raise
OF_ONE_NAME = (Segment, LabelByTag, PlainBase64Url)  # what never gives more than one component of a path


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the name of its schema (raw files have none), its paths, and whether it has lines."""

    name: str
    paths: re.Pattern[str]
    plainness: int  # how many characters its paths have in common; the plainest kind that fits is the one
    has_lines: bool
    source: tuple[plan.Adapter, plan.Document | plan.View] | None = None


def kinds(container: Container) -> list[Kind]:
    """Every kind of file of a tree that the plan knows, the plainest first."""
    return sorted(chain(_top(container), *map(_kinds, container.adapters)), key=lambda kind: -kind.plainness)


def _top(container: Container) -> Iterator[Kind]:
    yield Kind("", re.compile(re.escape(container.checksums)), len(container.checksums), False)
    path = container.manifest.path
    yield Kind("manifest", re.compile(re.escape(path)), len(path), False)


def _kinds(adapter: plan.Adapter) -> Iterator[Kind]:
    for names in adapter.names.values():
        root = adapter.folder.root if adapter.folder else ""
        path = names.path if names.path.startswith(f"{root}/") else f"{root}/*/{names.path}"
        pattern = re.escape(path).replace(re.escape("*"), "[^/]*")
        yield Kind(f"{adapter.name}/{names.name}", re.compile(pattern), len(path), True)
    for entity in adapter.entities:
        for document in entity.documents:
            name = "" if document.kind == "raw" else f"{adapter.name}/{entity.name}.{document.name}"
            end = rf"\d+{re.escape(document.bundle.suffix)}" if document.bundle else ""
            paths = [path for _, path in document.alternatives] + [document.path]
            yield from _of_paths(name, paths, end, document.kind in ONE_LINE, (adapter, document))
    for view in adapter.views:
        paths = [path for path in (view.path, view.orphaned) if path]
        yield from _of_paths(f"{adapter.name}/{view.entity}.{view.name}", paths, "", True, (adapter, view))


def _of_paths(
    name: str,
    paths: Iterable[tuple[plan.PathStep, ...]],
    end: str,
    has_lines: bool,
    source: tuple[plan.Adapter, plan.Document | plan.View],
) -> Iterator[Kind]:
    for path in paths:
        parts = [*chain(*((*step, "/") for step in path))][:-1]
        pattern = "".join(map(_pattern, parts)) + end
        plainness = sum(len(part) for part in parts if isinstance(part, str)) + len(end)
        yield Kind(name, re.compile(pattern, re.DOTALL), plainness, has_lines, source)


def _pattern(part: str | plan.PathPart) -> str:
    if isinstance(part, str):
        return re.escape(part)
    return "[^/]*" if isinstance(part.segment, OF_ONE_NAME) else ".*"


def documents(container: Container, files: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Path, kind and text of every JSON document of a tree, of each line where it has lines.

    The kind of a file that none fits is `STRAY`.
    """
    known = kinds(container)
    for path, data in files.items():
        if f"{path}{BESIDE_BODY}" in files:
            continue  # a body is no document, whatever it is called
        kind = next((kind for kind in known if kind.paths.fullmatch(path)), None)
        if kind is None:
            yield path, STRAY, ""
        elif kind.name:
            text = data.decode()
            yield from ((path, kind.name, one) for one in (text.split("\n") if kind.has_lines else [text]) if one)


def readers(container: Container, engine_of: Callable[[plan.Adapter], Engine]) -> dict[str, Callable[[str], None]]:
    """For each kind of document and of view what reads one, or a line of it; it may raise `REFUSALS`."""
    found = {}
    for kind in kinds(container):
        if kind.name and kind.source is not None:
            adapter, source = kind.source
            read = _read_line(source) if isinstance(source, plan.View) else _read_document(source, engine_of(adapter))
            found[kind.name] = read
    return found


def _read_line(view: plan.View) -> Callable[[str], None]:
    return lambda text: [*records(view, iter([(json_read.load(text.encode(), ""), b"", 1, 1)]), "", "")].clear()


def _read_document(document: plan.Document, engine: Engine) -> Callable[[str], None]:
    read = engine.line_reader(document) if document.kind == "lines" else engine.document_reader(document)

    def check(text: str) -> None:
        notes = Notes()
        notes.data = text.encode()
        read(json_read.load(notes.data, "", fold=document.kind not in ("keyed", "bundle")), notes)

    return check
