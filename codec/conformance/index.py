"""The index of exported vectors: `index.json`, its JSON Schema, and what about an output does not count."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from codec.conformance.vectors import DIRECTIONS, KINDS, Direction, Kind, Link, Options, Vector
from codec.errors import Place, UsageError
from codec.layout.literal_path import LiteralPath
from codec.spec import plan
from codec.spec.container import Container

INDEX, SCHEMA = "index.json", "index.schema.json"
LAYOUT = 1  # of the index; readers refuse others
OF_THE_RUN = ("tool_version", "clock", "input_path")  # facts that differ from run to run
_TEXT, _TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class Rules:
    """How trees are compared: byte for byte, but for these.

    `ignored` are members (`a.b`) of the JSON document `manifest` that speak of the run. `checksums` lists digests of
    the other files; those of files that may differ may differ. `unordered` are patterns (regular expressions, of the
    whole path) of files whose lines are a set.
    """

    manifest: str
    ignored: tuple[str, ...]
    checksums: str
    unordered: tuple[str, ...]

    def is_unordered(self, path: str) -> bool:
        """Whether the lines of a file are a set."""
        return any(re.fullmatch(pattern, path, re.DOTALL) for pattern in self.unordered)


@dataclass(frozen=True, slots=True)
class Entry:
    """A vector as the index has it: paths, below the folder of the index, instead of contents."""

    id: str
    direction: Direction
    kind: Kind
    sentence: str
    paragraph: str
    manual: str
    accepted: bool
    input: str
    output: str
    error: str = ""
    options: Options = field(default_factory=dict)
    covers: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """All vectors of a format in one folder."""

    format: str
    version: int
    rules: Rules
    entries: tuple[Entry, ...]


def rules_of(container: Container) -> Rules:
    """What the format's spec says does not count."""
    ignored = tuple(name for name, fact in _facts(container.manifest.members) if fact in OF_THE_RUN)
    return Rules(container.manifest.path, ignored, container.checksums, tuple(dict.fromkeys(_unordered(container))))


def _facts(members: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, spec in members.items():
        assert isinstance(spec, dict)
        if "object" in spec:
            yield from _facts(cast("Mapping[str, object]", spec["object"]), f"{prefix}{name}.")
        yield prefix + name, str(spec.get("fact", ""))


def _unordered(container: Container) -> Iterator[str]:
    """Files of names, and sidecars of lines: in the order in which the rows came."""
    for adapter in container.adapters:
        root = re.escape(adapter.folder.root) if adapter.folder else ""
        for names in adapter.names.values():
            yield f"({root}/.*/)?{re.escape(names.path)}"
        for entity in adapter.entities:
            for document in entity.documents:
                if document.kind == "sidecar":
                    yield "/".join(filter(None, (_step(step) for step in document.path)))


def _step(step: plan.PathStep) -> str:
    return "".join(re.escape(part) if isinstance(part, str) else _any(part) for part in step)


def _any(part: plan.PathPart) -> str:
    return ".*" if isinstance(part.segment, LiteralPath) else "[^/]+"


# ------------------------------------------------------------------------------------------------ as JSON


def as_json(index: Index) -> dict[str, object]:
    """The document that `INDEX` holds."""
    rules = index.rules
    return {
        "$schema": SCHEMA,
        "layout": LAYOUT,
        "format": index.format,
        "version": index.version,
        "compare": {
            "manifest": {"path": rules.manifest, "ignored_members": list(rules.ignored)},
            "checksums": rules.checksums,
            "unordered": list(rules.unordered),
        },
        "vectors": [_entry_json(entry) for entry in index.entries],
    }


def _entry_json(entry: Entry) -> dict[str, object]:
    parts: dict[str, object] = {
        "id": entry.id,
        "direction": entry.direction,
        "kind": entry.kind,
        "sentence": entry.sentence,
        "paragraph": entry.paragraph,
        "manual": entry.manual,
        "accepted": entry.accepted,
        "input": entry.input,
    }
    optional: dict[str, object] = {
        "output": entry.output,
        "error": entry.error,
        "options": dict(entry.options),
        "covers": list(entry.covers),
        "links": [
            {"kind": link.kind, "path": link.path} | ({"to": link.to} if link.to else {}) for link in entry.links
        ],
    }
    return parts | {name: value for name, value in optional.items() if value}


def read_index(folder: Path) -> Index:
    """The index of the vectors in a folder; raises `UsageError` if there is none, or one that breaks its schema."""
    path = folder / INDEX
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        hint = "`codec conformance export` makes such a folder"
        raise UsageError("vectors", f"open {path}: {problem.strerror}", Place(str(path)), hint=hint) from None
    except ValueError as problem:
        raise UsageError("vectors", f"the index is no JSON: {problem}", Place(str(path))) from None
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(INDEX_SCHEMA).iter_errors(data):
        raise UsageError(
            "vectors", f"the index breaks its schema: {error.message[:200]}", Place(str(path)), error.json_path
        )
    compare = data["compare"]
    rules = Rules(
        compare["manifest"]["path"],
        tuple(compare["manifest"]["ignored_members"]),
        compare["checksums"],
        tuple(compare["unordered"]),
    )
    return Index(data["format"], data["version"], rules, tuple(map(_entry, data["vectors"])))


def _entry(data: dict[str, object]) -> Entry:
    links = cast("list[dict[str, str]]", data.pop("links", []))
    covers = cast("list[str]", data.pop("covers", []))
    made = tuple(Link(link["kind"], link["path"], link.get("to", "")) for link in links)  # type: ignore[arg-type]
    return Entry(**{"output": "", **data}, covers=tuple(covers), links=made)  # type: ignore[arg-type]


def entry_of(vector: Vector, manual: str, source: str, target: str) -> Entry:
    """The entry of a vector that checks this place of the manual; its input and output stand at these paths."""
    return Entry(
        vector.id,
        vector.direction,
        vector.kind,
        vector.sentence,
        vector.paragraph,
        manual,
        vector.accepted,
        source,
        target,
        vector.error,
        vector.options,
        tuple(sorted(vector.covers)),
        vector.links,
    )


INDEX_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Index of conformance vectors",
    "description": "Every `input` must give its `output`, or be refused where there is none.",
    "type": "object",
    "required": ["layout", "format", "version", "compare", "vectors"],
    "properties": {
        "layout": {"const": LAYOUT, "description": "Of this index; a reader that knows another number must not go on."},
        "format": {**_TEXT, "description": "The format's name."},
        "version": {"type": "integer", "description": "The format's version."},
        "compare": {
            "description": "Streams and trees are compared byte for byte, but for what is said here.",
            "type": "object",
            "required": ["manifest", "checksums", "unordered"],
            "properties": {
                "manifest": {
                    "description": "A JSON document of each tree, and its members (`a.b`) that speak of the run.",
                    "type": "object",
                    "required": ["path", "ignored_members"],
                    "properties": {"path": _TEXT, "ignored_members": _TEXTS},
                },
                "checksums": {
                    **_TEXT,
                    "description": "A file of lines `SHA-256  path`; they must be true of the tree that they stand in.",
                },
                "unordered": {
                    **_TEXTS,
                    "description": "Regular expressions of whole paths of files whose lines are a set.",
                },
            },
        },
        "vectors": {"type": "array", "items": {"$ref": "#/$defs/vector"}},
    },
    "$defs": {
        "vector": {
            "type": "object",
            "required": ["id", "direction", "kind", "sentence", "paragraph", "manual", "accepted", "input"],
            "additionalProperties": False,
            "properties": {
                "id": {**_TEXT, "description": "Unique; lists of known failures name it."},
                "direction": {
                    "enum": list(DIRECTIONS),
                    "description": "decode: a stream becomes a tree; encode: back.",
                },
                "kind": {"enum": list(KINDS)},
                "sentence": {**_TEXT, "description": "What is asked, and the right answer."},
                "paragraph": {
                    **_TEXT,
                    "description": "The part of the format that is checked, by its names in the spec.",
                },
                "manual": {**_TEXT, "description": "Where the manual speaks of it: `page.md#heading`."},
                "accepted": {"type": "boolean", "description": "Whether the input must be taken."},
                "input": {**_TEXT, "description": "A file, or the folder of a tree; missing means an empty folder."},
                "output": {**_TEXT, "description": "What must come out."},
                "error": {**_TEXT, "description": "The name that the format gives to what is wrong."},
                "options": {
                    "type": "object",
                    "description": "Options of the call, as on a command line without dashes; true is a switch.",
                },
                "covers": {**_TEXTS, "description": "Every paragraph that the vector hits."},
                "links": {
                    "type": "array",
                    "description": "What the input has besides plain files, to be made before the call.",
                    "items": {
                        "type": "object",
                        "required": ["kind", "path"],
                        "properties": {"kind": {"enum": ["symbolic", "hard", "folder"]}, "path": _TEXT, "to": _TEXT},
                    },
                },
            },
        }
    },
}
