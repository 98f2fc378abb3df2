"""The document that describes a complement, and its id: written, read, and judged before anything is applied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from codec.errors import CodecError, DataError, DocumentError, Place, UsageError
from codec.mapping import facts
from codec.mapping.besides import Besides
from codec.spec.container import ComplementPlan, Container
from codec.stream.wrap import Wrapping
from codec.tree.walk import TreeFault, TreeReader

NO_ID = "0" * 64
_HINT = "take the tree from where it was made, or encode without the complement: --ignore-complement"
MOST_NOTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Note:
    """What `complement.json` says; `digests` are the SHA-256 of the other files, by path."""

    id: str
    wrapping: Wrapping
    newest_commit: int
    versions: str
    as_of: int | None
    counts: Mapping[str, int]
    digests: Mapping[str, str]


def plan_of(container: Container) -> ComplementPlan:
    """Where a complement stands; raises `UsageError` for a format without one."""
    if container.complement is None:
        raise UsageError("complement", f"the format {container.name} does not say where a complement stands")
    return container.complement


def write_note(container: Container, note: Note) -> tuple[bytes, str]:
    """The text of the document, and the id that it has."""
    plan = plan_of(container)
    known: facts.Facts = {
        "complement": NO_ID,
        "spec": container.name,
        "spec_version": container.version,
        "adapter_specs": {adapter.name: adapter.version for adapter in container.adapters},
        "stream": note.wrapping.stream,
        "header": note.wrapping.header,
        "front": note.wrapping.front.hex(),
        "footer": note.wrapping.footer,
        "newest_commit": note.newest_commit,
        "versions": note.versions,
        "as_of": note.as_of,
        "counts": note.counts,
        "digests": note.digests,
    }
    identity = hashlib.sha256(facts.write(plan.document, known)).hexdigest()
    return facts.write(plan.document, known | {"complement": identity}), identity


def read_note(container: Container, reader: TreeReader, wanted: str) -> Note:
    """The complement of a tree whose manifest carries the id `wanted`, verified to the last byte.

    Raises `DataError` under the names that the spec gives: missing, of another tree, damaged.
    """
    plan = plan_of(container)
    path = plan.document.path
    if reader.kind(plan.folder) is None:
        hint = "put the folder back, or encode without it: --ignore-complement"
        message = "the tree was made with a complement, and it is not there"
        raise DataError(
            plan.errors["missing"], message, Place(plan.folder), expected=wanted, found="nothing", hint=hint
        )
    data = _read(plan, reader, path)
    try:
        known = facts.read(plan.document, data, path)
    except DocumentError as error:
        error.code = error.code if error.code == plan.document.gate_error else plan.errors["damaged"]
        raise
    said = str(known["complement"])
    found = hashlib.sha256(data.replace(said.encode(), NO_ID.encode(), 1)).hexdigest()
    if found != said:
        raise _damaged(plan, path, said, found)
    if said != wanted:
        hint = "each tree has a complement of its own; encode without it: --ignore-complement"
        message = "the complement belongs to another tree"
        raise DataError(
            plan.errors["foreign"], message, Place(path), expected=wanted or "no complement", found=said, hint=hint
        )
    note = _note(container, known)
    for file, digest in note.digests.items():
        _verify(plan, reader, file, digest)
    return note


def _note(container: Container, known: facts.Facts) -> Note:
    header = cast("dict[str, int]", known["header"])
    front = bytes.fromhex(str(known["front"]))
    wrapping = Wrapping(str(known["stream"]), header, front, bool(known["footer"]))
    plan = plan_of(container)
    stream = next((stream for stream in container.streams if stream.name == wrapping.stream), None)
    numbers = {name for name, _ in stream.header if name != stream.checksum} if stream else set()
    files = cast("dict[str, str]", known["digests"])
    if stream is None or set(header) != numbers or set(files) - {plan.steps, plan.values, plan.facts}:
        message, hint = "the complement names what the format does not have", "it was made with another version of it"
        raise DataError(plan.errors["damaged"], message, Place(plan.document.path), hint=hint)
    return Note(
        str(known["complement"]),
        wrapping,
        cast(int, known["newest_commit"]),
        str(known["versions"]),
        cast("int | None", known["as_of"]),
        cast("dict[str, int]", known["counts"]),
        files,
    )


def _read(plan: ComplementPlan, reader: TreeReader, path: str) -> bytes:
    try:
        if reader.size(path) > MOST_NOTE:
            raise DataError(
                plan.errors["damaged"], "the document is too large", Place(path), expected=f"at most {MOST_NOTE} bytes"
            )
        return reader.read(path, MOST_NOTE)
    except TreeFault as fault:
        raise _gone(plan, path, fault) from None


def _verify(plan: ComplementPlan, reader: TreeReader, path: str, digest: str) -> None:
    try:
        with reader.open(path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except TreeFault as fault:
        raise _gone(plan, path, fault) from None
    if found != digest:
        raise _damaged(plan, path, digest, found)


def _gone(plan: ComplementPlan, path: str, fault: TreeFault) -> CodecError:
    message, found = "a file of the complement cannot be read", fault.found
    return DataError(plan.errors["damaged"], message, Place(path), "", "a regular file", found, _HINT)


def _damaged(plan: ComplementPlan, path: str, expected: str, found: str) -> DataError:
    return DataError(plan.errors["damaged"], "the complement is damaged", Place(path), "sha256", expected, found, _HINT)


# ------------------------------------------------------------------------------------------------ facts


def fact_line(plan: ComplementPlan, path: str, fields: Mapping[str, int], digest: str) -> bytes:
    """One line of the facts."""
    names = plan.line
    parts = {names["path"]: path, names["fields"]: dict(fields)} | ({names["digest"]: digest} if digest else {})
    return (json.dumps(parts, separators=(",", ":")) + "\n").encode()


def read_facts(plan: ComplementPlan, reader: TreeReader) -> Besides:
    """The facts; raises `DataError` for lines that are none."""
    besides, names = Besides(), plan.line
    with reader.open(plan.facts) as file:
        for number, line in enumerate(file, 1):
            try:
                value = json.loads(line)
                path, fields = str(value[names["path"]]), {name: int(n) for name, n in value[names["fields"]].items()}
            except (ValueError, KeyError, TypeError, AttributeError):
                raise DataError(plan.errors["damaged"], "a line is no fact", Place(plan.facts, None, number)) from None
            if fields:
                besides.fields[path] = fields
            if names["digest"] in value:
                besides.pardoned[path] = str(value[names["digest"]])
    return besides


__all__ = ["Note", "fact_line", "plan_of", "read_facts", "read_note", "write_note"]
