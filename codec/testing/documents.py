"""The tree of files that shows drawn things: what a decode of their canonical records must print.

Files come from the document writers alone; nothing is gathered, sorted or resolved here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from codec.engine.base import Engine
from codec.engine.documents import STEM
from codec.layout.literal_path import LiteralPath
from codec.layout.segments import Segment
from codec.mapping import facts
from codec.mapping.naming import Namer
from codec.opening import spec_facts
from codec.spec import plan
from codec.spec.container import Container
from codec.spec.words import Element, Thing
from codec.testing.bodies import literal, names_lines, paths_of
from codec.testing.things import Tree, visible

Files = dict[str, bytes]
SOME_TIME = "2000-01-01T00:00:00Z"  # drawn trees must not depend on the time of day


class Collected:
    """A target that keeps files by path."""

    def __init__(self) -> None:
        self.files: Files = {}

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        self.files[path] = "".join(pieces).encode()

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        self.files[path] = b"".join(blocks)

    def append(self, path: str, data: bytes) -> None:
        self.files[path] = self.files.get(path, b"") + data

    def mkdir(self, path: str) -> None: ...


def shown(adapter: plan.Adapter, engine: Engine, tree: Tree, options: frozenset[str] = frozenset()) -> Files:
    """The documents of a tree; `options` are the flags of the format that are on, choices have their defaults."""
    target = Collected()
    namer = Namer(dict(adapter.names), target)
    on = options | {f"{option.name}={option.default}" for option in adapter.options if option.kind == "choice"}
    for entity in adapter.entities:
        for document in entity.documents:
            if document.only_with not in ("", *on):
                continue
            if document.option:
                continue  # it shows records that belong to no thing
            paths = _paths(target, adapter, entity, document, tree, on)
            order = [name.field for name in document.order]
            for thing in sorted(tree[entity.name], key=lambda thing: [thing[name] for name in order]):
                _show(namer, target, engine, entity, document, visible(entity, thing, on), on, paths)
    return target.files


def _show(
    namer: Namer,
    target: Collected,
    engine: Engine,
    entity: plan.Entity,
    document: plan.Document,
    thing: Thing,
    options: frozenset[str],
    chosen: Mapping[tuple[str, bytes], str],
) -> None:
    if document.when is not None and not document.when.holds(thing, ()):
        return
    if document.kind == "sidecar":
        beside = next(main for main in entity.documents if main.name == document.beside)
        thing = thing | {STEM: namer.path(beside, thing)[1]}
    path = _path(document, thing, chosen) or namer.path(document, thing)[0]
    if document.kind == "raw":
        content = thing[document.raw]
        assert isinstance(content, bytes)
        target.write(path, content)
    else:
        text = "".join(engine.document_writer(document, options)(thing, elements(entity, thing)))
        (target.append if document.kind in ("sidecar", "together") else target.write)(path, text.encode())


def _paths(
    target: Collected,
    adapter: plan.Adapter,
    entity: plan.Entity,
    document: plan.Document,
    tree: Tree,
    on: frozenset[str],
) -> dict[tuple[str, bytes], str]:
    """Where keys are shown as paths: these, by folder and key; what does not follow from them stands in names files."""
    shown_as = literal(document)
    if shown_as is None:
        return {}
    name, path = shown_as
    names, keys = adapter.names[path.names], defaultdict[str, list[bytes]](list)
    for thing in tree[entity.name]:
        keys[_folder(document, thing)].append(thing[name.field])  # type: ignore[arg-type]
    result: dict[tuple[str, bytes], str] = {}
    for folder, of_folder in keys.items():
        chosen = paths_of(of_folder, path, names, on)
        lines = "".join(names_lines(chosen, names))
        if lines:
            target.write(f"{folder}/{names.path}", lines.encode())
        result |= {(folder, key): path for key, (path, _) in chosen.items()}
    return result


def _folder(document: plan.Document, thing: Thing) -> str:
    """The folder in which keys are paths."""
    steps = (step for step in document.path if not any(isinstance(getattr(p, "segment", p), LiteralPath) for p in step))
    return "/".join("".join(_text(part, thing) for part in step) for step in steps)


def _text(part: str | plan.PathPart, thing: Thing) -> str:
    if isinstance(part, str):
        return part
    assert isinstance(part.segment, Segment)
    return part.segment.encode(part.target.get(thing, ()))[0]  # type: ignore[arg-type]


def _path(document: plan.Document, thing: Thing, chosen: Mapping[tuple[str, bytes], str]) -> str:
    """The path of a document whose key is one; empty if it is not of that kind."""
    shown_as = literal(document)
    if shown_as is None:
        return ""
    folder, key = _folder(document, thing), thing[shown_as[0].field]
    assert isinstance(key, bytes)
    end = "".join(part for part in document.path[-1] if isinstance(part, str))
    return f"{folder}/{chosen[folder, key]}{end}"


def elements(entity: plan.Entity, thing: Thing) -> Iterable[list[Element]]:
    """The streamed elements of a thing, in blocks."""
    if entity.collection is None:
        return ()
    listed = thing[entity.collection[0]] or ()
    assert isinstance(listed, (list, tuple))
    return [list(listed)] if listed else []


def manifest(container: Container, last_commit_ts: int, switches: Mapping[str, object]) -> Files:
    """The manifest of a tree with every adapter; options that are not switched have their defaults."""
    defaults = {option.name: option.default for adapter in container.adapters for option in adapter.options}
    known: facts.Facts = {
        "tool_version": "",
        "cluster_id": "",
        "input_number": 0,
        "last_commit_ts": last_commit_ts,
        "clock": SOME_TIME,
        "input_path": "",
        "adapters": tuple(adapter.name for adapter in container.adapters),
        "extensions": (),
        **spec_facts(container),
    }
    return {container.manifest.path: facts.write(container.manifest, defaults | dict(switches) | known)}
