"""What the law tests share: the format under test, its parts as parameters, and whole runs from bytes to bytes."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass, replace
from dataclasses import fields as dataclass_fields
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.api import DecodeOptions, DecodeResult, EncodeOptions, Warned, decode_snapshot, encode_snapshot
from codec.engine.base import ABSENT
from codec.errors import CodecError
from codec.spec import library, plan
from codec.spec.words import Switched, Thing
from codec.stream.sort import Sorter
from codec.testing import records, things, trees
from codec.testing.bodies import literal
from codec.testing.documents import Files
from codec.testing.records import Record
from codec.testing.things import Tree, visible
from codec.testing.values import all_members, members_of, through_face
from tests.support.golden_cases import ENGINES, read_files

FORMAT = "elastickv"
CONTAINER = library.load(FORMAT)
ADAPTERS = CONTAINER.adapters
ORDINARY = 50  # examples of the default profile
WALL_TIME = re.compile(rb'"wall_time_iso": "[^"]*"')
SAME_TIME = b'"wall_time_iso": "2000-01-01T00:00:00Z"'

READ = ("stored", "shared")  # what becomes of records that documents show something of


class Case:
    """A part of the format that a law is tried on. No dataclass: hypothesis would print the whole plan."""

    def __init__(self, adapter: plan.Adapter, name: str) -> None:
        self.adapter, self.name = adapter, name

    def __repr__(self) -> str:
        return f"{self.adapter.name}.{self.name}"


class AdapterCase(Case):
    """A whole adapter, with its trees and the options that change its documents."""

    def __init__(self, adapter: plan.Adapter) -> None:
        super().__init__(adapter, "tree")
        self.trees: SearchStrategy[Tree] = trees(adapter)
        documents = [document for entity in adapter.entities for document in entity.documents]
        self.all_options = frozenset(option for document in documents for option in document_options(document))
        self.all_options -= {name for name in self.all_options if switches(adapter, name)}

    @property
    def options(self) -> SearchStrategy[frozenset[str]]:
        """Any of the options."""
        return any_of(self.all_options)

    def parent(self, entity: plan.Entity) -> plan.Entity | None:
        """What things of an entity lie within."""
        return self.adapter.entity(entity.within[1]) if entity.within else None

    def seen(self, tree: Tree, options: frozenset[str] = frozenset()) -> Tree:
        """The things as an encode of their documents knows them."""
        return {
            entity.name: tuple(visible(entity, thing, options, self.parent(entity)) for thing in tree[entity.name])
            for entity in self.adapter.entities
        }


class EntityCase(Case):
    """A kind of thing."""

    def __init__(self, adapter: plan.Adapter, entity: plan.Entity) -> None:
        super().__init__(adapter, entity.name)
        self.entity = entity
        self.things: SearchStrategy[Thing] = things(entity, adapter)


class DocumentCase(Case):
    """A kind of document."""

    def __init__(self, of: EntityCase, document: plan.Document) -> None:
        super().__init__(of.adapter, f"{of.name}.{document.name}")
        self.entity, self.document = of.entity, document
        self.things = of.things.map(self._as_text)
        self.options = any_of(document_options(document))

    def _as_text(self, thing: Thing) -> Thing:
        """The same with what the document prints of its identity: the path says it to the byte, a text may say less."""
        members = ((member.target, member.face) for member in self.document.members)
        said = ((name.field, face) for name, face in members if name is not None and face is not None)
        return thing | {name: through_face(face, thing[name]) for name, face in said if name in self.entity.identity}


class RowCase(Case):
    """A kind of record."""

    def __init__(self, adapter: plan.Adapter, row: plan.Row) -> None:
        super().__init__(adapter, row.label)
        self.row = row
        self.records: SearchStrategy[Record] = records(adapter, row)


def document_options(document: plan.Document) -> frozenset[str]:
    """The options that members of a document wait for, and that paths depend on."""
    members = list(all_members(members_of(document)))
    found = {member.option for member in members} | {option for member in members for option in member.shown_with}
    if shown_as := literal(document):
        _, path = shown_as
        found |= {rule.option for rule in path.renames} | {*path.folders.values()}
    return frozenset(found - {""})


def switches(part: object, option: str) -> bool:
    """Whether anything in a plan depends on an option besides what is shown: trees are drawn for the default."""
    if isinstance(part, Switched):
        return part.key.endswith(option)
    if is_dataclass(part):
        return any(
            switches(getattr(part, field.name), option) for field in dataclass_fields(part) if field.name != "place"
        )
    return isinstance(part, tuple) and any(switches(inner, option) for inner in part)


def any_of(names: frozenset[str]) -> SearchStrategy[frozenset[str]]:
    """Any subset."""
    return st.frozensets(st.sampled_from(sorted(names))) if names else st.just(frozenset())


WHOLE = tuple(AdapterCase(adapter) for adapter in ADAPTERS)
WRITTEN = tuple((a, entity) for a in ADAPTERS for entity in a.entities if any(row.written for row in entity.rows))
ENTITIES = tuple(EntityCase(adapter, entity) for adapter, entity in WRITTEN)
DOCUMENTS = tuple(DocumentCase(case, d) for case in ENTITIES for d in case.entity.documents if d.kind != "raw")
ROWS = tuple(RowCase(adapter, row) for adapter in ADAPTERS for row in adapter.rows if row.role in READ)

both_engines = pytest.mark.parametrize("engine", ENGINES)
each_adapter = pytest.mark.parametrize("case", WHOLE, ids=repr)
each_entity = pytest.mark.parametrize("case", ENTITIES, ids=repr)
each_document = pytest.mark.parametrize("case", DOCUMENTS, ids=repr)
each_row = pytest.mark.parametrize("case", ROWS, ids=repr)


def examples(count: int) -> settings:
    """As many examples, more where the profile asks for more."""
    return settings(max_examples=max(1, count * settings.default.max_examples // ORDINARY), deadline=None)


def said(values: tuple[object, ...]) -> list[object]:
    """What reading a record gave; nothing said counts as none."""
    return [None if value is ABSENT else value for value in values]


@dataclass
class Decoded:
    """What a decode left: a tree, or an error and nothing else."""

    files: Files = field(default_factory=dict)
    warned: list[Warned] = field(default_factory=list)
    result: DecodeResult | None = None
    error: dict[str, object] | None = None


def decode(data: bytes, **options: object) -> Decoded:
    """Decode a file of these bytes on disk. The time of day is always the same."""
    left = Decoded()
    chosen = replace(DecodeOptions(sync=False, input_text="input", warn=left.warned.append), **options)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "input"), Path(folder, "tree")
        source.write_bytes(data)
        try:
            left.result = decode_snapshot(source, target, chosen)
        except CodecError as error:
            left.error = described(error, folder)
            assert [path.name for path in Path(folder).iterdir()] == ["input"], "a failed decode left something behind"
            return left
        left.files = read_files(target)
    container = library.load(chosen.format)
    del left.files[container.checksums]
    left.files[container.manifest.path] = WALL_TIME.sub(SAME_TIME, left.files[container.manifest.path])
    return left


def decoded(data: bytes, **options: object) -> Files:
    """The tree of a decode that must succeed."""
    left = decode(data, **options)
    assert left.error is None, left.error
    return left.files


@dataclass
class Encoded:
    """What an encode gave: a stream, or an error."""

    data: bytes = b""
    mismatch: str = ""
    warned: list[Warned] = field(default_factory=list)
    error: dict[str, object] | None = None


def encode(files: Mapping[str, bytes], **options: object) -> Encoded:
    """Encode a tree of these files on disk."""
    left = Encoded()
    chosen = replace(EncodeOptions(warn=left.warned.append), **options)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), files)
        sink = io.BytesIO()
        try:
            left.mismatch = encode_snapshot(Path(folder), sink, chosen).mismatch
        except CodecError as error:
            left.error = described(error, folder)
            return left
        left.data = sink.getvalue()
    return left


def encoded(files: Mapping[str, bytes], **options: object) -> bytes:
    """The stream of an encode that must succeed."""
    left = encode(files, **options)
    assert left.error is None, left.error
    return left.data


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Put files below `root`."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def described(error: CodecError, folder: str) -> dict[str, object]:
    """An error's parts, the folder of the run taken out."""
    return {name: part.replace(folder, "") if isinstance(part, str) else part for name, part in error.as_json().items()}


def without_manifest(files: Files) -> Files:
    """The documents of a tree, without what is said about the run."""
    return {path: data for path, data in files.items() if path != CONTAINER.manifest.path}


@contextmanager
def tiny_budget(size: int = 300) -> Iterator[None]:
    """Sorters hold a few small items in memory: everything else goes through their temporary files."""
    default = Sorter.__init__.__defaults__
    Sorter.__init__.__defaults__ = (size, None)
    try:
        yield
    finally:
        Sorter.__init__.__defaults__ = default


def without_order(files: Files) -> dict[str, object]:
    """Files whose lines are a set as sets of lines, the others as they are."""
    return {path: set(data.splitlines()) if path in UNORDERED else data for path, data in files.items()}


def _unordered() -> Iterator[str]:
    for adapter in ADAPTERS:
        yield from (names.path for names in adapter.names.values())
        for entity in adapter.entities:
            yield from (
                "".join(map(_joined, document.path)).lstrip("/")
                for document in entity.documents
                if document.kind == "sidecar"
            )


def _joined(step: plan.PathStep) -> str:
    return "/" + "".join(part for part in step if isinstance(part, str))


UNORDERED = frozenset(_unordered())
