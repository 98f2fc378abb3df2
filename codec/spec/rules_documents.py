"""Rules for the shown side of one adapter: every record has a document, every document its own file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codec.errors import Place
from codec.layout.literal_path import LiteralPath
from codec.layout.segments import Segment
from codec.spec import plan
from codec.spec.account import path_parts
from codec.spec.coverage import (
    body_fields,
    bound_fields,
    contents,
    copied,
    copied_fields,
    reset_fields,
    shown_fields,
)
from codec.spec.finding import AdapterRule, Finding, Subject, doubt, mistake
from codec.spec.source import place_of
from codec.spec.wording import nearest


def uncovered(subject: Subject) -> Iterator[Finding]:
    """A record kind that is read for nothing is lost without a word."""
    for entity in subject.adapter.entities:
        shown = {field for collection, field in shown_fields(entity) if not collection} - set(entity.identity)
        shown |= reset_fields(entity) | body_fields(entity)
        for row in entity.rows:
            if row.role != "stored" or row.legacy or copied(row) or row.name == entity.exists:
                continue
            if shown.isdisjoint(bound_fields(entity, row)):
                message = f"no document shows anything of `{row.label}`"
                hint = "show what it says, or say `dropped: reason` or `derived: reason`"
                yield mistake("spec-uncovered", message, row.place, row.label, hint)


def never_shown(subject: Subject) -> Iterator[Finding]:
    """A field of the model that no document has is lost by a decode."""
    for entity in subject.adapter.entities:
        if entity.name in contents(subject.adapter):
            continue
        shown = shown_fields(entity)
        elsewhere = reset_fields(entity) | body_fields(entity) | copied_fields(entity)
        shown |= {("", name) for name in (*entity.identity, *elsewhere)}
        shown = {(collection, name) for collection, name in shown if collection not in elsewhere}
        for path, name in _hidden(entity.fields, "", shown):
            place = place_of(subject.data, ("entities", entity.name, "model", *path, name))
            hint = "show it, with `option: …` if not everybody needs it; or drop its slot with `lost: reason`"
            yield mistake("spec-never-shown", f"no document shows `{name}`", place, f"{entity.name}.{name}", hint)


def _hidden(
    fields: Mapping[str, plan.FieldType], collection: str, shown: set[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Fields that are not shown, and the way to them in the model."""
    for name, kind in fields.items():
        if (collection, name) not in shown:
            yield (), name
        elif kind.many is not None and any(of == name for of, _ in shown):
            for path, inner in _hidden(kind.many.fields, name, shown):
                yield (name, "many", *path), inner


def identity_in_path(subject: Subject) -> Iterator[Finding]:
    """Two things must not give the same file, nor the same line of a file that they share."""
    for entity in subject.adapter.entities:
        for document in entity.documents:
            named = {part.target.text for part in path_parts(document)}
            if document.kind == "sidecar":
                named |= {member.target.text for member in document.members if member.target}
            if any(member.stem for member in document.members):
                continue
            chosen = entity.choose.field if entity.choose is not None else ""  # only one of them counts
            for name in (name for name in entity.identity if name not in named and name != chosen):
                label = f"{entity.name}.{document.name}"
                where = "line" if document.kind == "sidecar" else "path"
                message = f"the {where} of `{label}` does not say `{name}`"
                hint = f"two things that differ in `{name}` would give the same; add it to the {where}"
                yield mistake("spec-identity", message, document.place, label, hint)


def lines_apart(subject: Subject) -> Iterator[Finding]:
    """Kinds of lines are told apart by a constant member that the others do not have."""
    for entity in subject.adapter.entities:
        for document in entity.documents:
            for index, line in enumerate(document.lines):
                for other in document.lines[:index]:
                    if not (_marked(line, other) or _marked(other, line)):
                        label = f"{entity.name}.{document.name}"
                        hint = "give one of them a `const` member that the other does not have"
                        message = f"two kinds of lines of `{label}` look alike"
                        yield mistake("spec-lines", message, line.place, label, hint)


def _marked(line: plan.Line, other: plan.Line) -> bool:
    """Whether `line` has a constant member which `other` lacks, or has with another constant."""
    theirs = {member.name: member for member in other.members}
    return any(
        member.name not in theirs
        or (theirs[member.name].is_constant and theirs[member.name].constant != member.constant)
        for member in line.members
        if member.is_constant
    )


def named_documents(subject: Subject) -> Iterator[Finding]:
    """`beside` and `stem` lead to a document that is there."""
    for entity in subject.adapter.entities:
        known = {document.name: document for document in entity.documents}
        for document in entity.documents:
            label = f"{entity.name}.{document.name}"
            wanted = [(document.beside, document.place)] if document.beside else []
            wanted += [(member.stem, member.place) for member in document.members if member.stem]
            for name, place in wanted:
                target = known.get(name)
                if target is None:
                    message = f"`{entity.name}` has no document `{name}`"
                    yield mistake("spec-unknown-name", message, place, label, nearest(name, [*known]))
                elif not any(isinstance(part, plan.PathPart) for part in target.path[-1]):
                    message = f"the name of the file of `{name}` says nothing of its own"
                    hint = "name a document with one file for each thing"
                    yield mistake("spec-unknown-name", message, place, label, hint)


def names_files(subject: Subject) -> Iterator[Finding]:
    """A names file that a path needs is there, and none is there for nothing."""
    used: dict[str, tuple[Place, str]] = {}
    for entity in subject.adapter.entities:
        for document in entity.documents:
            for part in path_parts(document):
                label = f"{entity.name}.{document.name}"
                if isinstance(part.segment, Segment):
                    used[part.segment.fallback.names] = document.place, label
                elif isinstance(part.segment, LiteralPath):
                    used[part.segment.names] = document.place, label
    for name, (place, label) in used.items():
        if name and name not in subject.adapter.names:
            hint = "declare it under `names`"
            yield mistake("spec-unknown-name", f"there is no names file `{name}`", place, label, hint)
    for name in (name for name in subject.adapter.names if name not in used):
        place = place_of(subject.data, ("names", name))
        yield doubt("spec-unused", f"no path uses the names file `{name}`", place, f"names.{name}", "take it out")


def views_fit(subject: Subject) -> Iterator[Finding]:
    """A view prints for each kind of record what its keys begin with, and lies where its thing is named."""
    rows = {row.label: row for row in subject.adapter.rows}
    for view in subject.adapter.views:
        label = f"views.{view.name}"
        for kind, prefix in view.rows.items():
            if not rows[kind].prefix.startswith(prefix.encode("latin-1")):
                place = place_of(subject.data, ("views", view.name, "rows", prefix))
                message = f"the keys of `{kind}` do not begin with `{prefix}`"
                yield mistake("spec-prefix", message, place, label, "move it to the prefix that its keys begin with")
        named = {part.target.text for step in view.path for part in step if isinstance(part, plan.PathPart)}
        for name in (name for name in subject.adapter.entity(view.entity).identity if name not in named):
            message = f"the path of `{label}` does not say `{name}`"
            hint = f"two things that differ in `{name}` would give the same; add it to the path"
            yield mistake("spec-identity", message, view.place, label, hint)


RULES: tuple[AdapterRule, ...] = (
    uncovered,
    never_shown,
    identity_in_path,
    lines_apart,
    named_documents,
    names_files,
    views_fit,
)
