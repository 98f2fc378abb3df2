"""What a valid input has in it: the points that its records and documents hit. Lenient: what does not fit hits nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from codec.conformance import type_members
from codec.conformance.points import check_anchor, form_anchor, parents, row_anchor
from codec.conformance.vectors import Files, Options
from codec.engine.base import ABSENT, Misfit
from codec.engine.interpreter import Interpreter
from codec.engine.patterns import Record
from codec.layout.literal_path import LiteralPath
from codec.mapping.dispatch import Dispatch
from codec.spec import plan
from codec.spec.container import Container

Pattern = re.Pattern[str]


class Observer:
    """Knows a format's records by their prefixes and its documents by their paths."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._patterns: dict[int, Record] = {}

    # -------------------------------------------------------------------------------------------- records

    def records(self, found: Iterable[tuple[bytes, bytes]], options: Options) -> set[str]:
        """The points that records hit, and what they belong to."""
        dispatch, anchors = self._dispatch(options)
        hit: set[str] = set()
        for key, value in found:
            row = dispatch.find(key, value)
            if row is not None:
                hit |= set(self._record(anchors[id(row)], row, key, value))
        return hit

    def _dispatch(self, options: Options) -> tuple[Dispatch, dict[int, str]]:
        anchors = {id(row): f"{self.container.name}.{row.name}" for row in self.container.internal}
        rows = list(self.container.internal)
        for adapter in self.container.adapters:
            for row in adapter.rows:
                if not row.option or options.get(row.option.replace("_", "-")):
                    rows.append(row)
                    anchors[id(row)] = row_anchor(adapter.name, row)
        return Dispatch(rows, Interpreter().accepts), anchors

    def _record(self, base: str, row: plan.Row, key: bytes, value: bytes) -> Iterator[str]:
        yield from parents(base)
        form = next((form for form in row.forms if value.startswith(form.magic)), None)
        yield from self._pattern(base, row.key, key)
        if form is not None:
            yield form_anchor(base, row, form)
            yield from self._pattern(form_anchor(base, row, form), form.parts, value)

    def _pattern(self, base: str, parts: tuple[plan.Part, ...], data: bytes) -> Iterator[str]:
        pattern = self._patterns.setdefault(id(parts), Record(parts))
        try:
            slots = pattern.read(data)
        except Misfit:
            return
        for part in parts:
            if isinstance(part, plan.Slot):
                yield from _present(base, (part.name,), slots)
            elif isinstance(part, plan.Optional):
                yield from _present(base, tuple(slot.name for slot in part.parts), slots)
            elif isinstance(part, plan.Flags):
                yield f"{base}.flags"
            elif isinstance(part, plan.Slack):
                yield f"{base}.slack"
            elif isinstance(part, plan.Message):
                yield from type_members.of_message(base.partition(".")[0], part, slots)
                for field in part.fields:
                    if slots[field.name]:
                        yield f"{base}.{field.name}"
                        yield from (f"{base}.{field.name}.{name}" for _, name, _ in field.items)
            elif isinstance(part, plan.Json):
                yield from members(base, part.members, _json(data[_where(pattern, part, data) :]))

    # -------------------------------------------------------------------------------------------- documents

    def files(self, found: Files) -> set[str]:
        """The points that the files of a tree hit."""
        hit: set[str] = set()
        for path, data in found.items():
            for anchor, document in self.documents(path):
                hit |= {*parents(anchor), *self._document(anchor, document, data)}
        manifest = self.container.manifest
        if manifest.path in found:
            hit |= {f"{self.container.name}.manifest"}
            hit |= set(_plain(f"{self.container.name}.manifest", _json(found[manifest.path])))
        for adapter in self.container.adapters:
            for entity in adapter.entities:
                if f"{adapter.name}.{entity.name}" in hit:
                    hit |= {check_anchor(adapter.name, entity, number) for number in range(len(entity.checks))}
        return hit

    def documents(self, path: str) -> list[tuple[str, plan.Document | None]]:
        """Which kind of document stands at a path: its anchor, and its plan if it is no names file or view."""
        found = [
            (weight, anchor, document) for pattern, weight, anchor, document in self._paths if pattern.fullmatch(path)
        ]
        most = max((weight for weight, _, _ in found), default=0)
        return [(anchor, document) for weight, anchor, document in found if weight == most]

    @cached_property
    def _paths(self) -> list[tuple[Pattern, int, str, plan.Document | None]]:
        """Every kind of path as a pattern, with how much of it is literal."""
        known: list[tuple[Pattern, int, str, plan.Document | None]] = []
        for adapter in self.container.adapters:
            for names in adapter.names.values():
                known.append((re.compile(f"(.*/)?{re.escape(names.path)}"), 100, f"{adapter.name}.{names.name}", None))
            for view in adapter.views:
                anchor = f"{adapter.name}.{view.entity}.{view.name}"
                known += [(*_pattern(path, ""), anchor, None) for path in (view.path, view.orphaned)]
            for entity in adapter.entities:
                for document in entity.documents:
                    anchor = f"{adapter.name}.{entity.name}.{document.name}"
                    suffix = f"[0-9]+{re.escape(document.bundle.suffix)}" if document.bundle else ""
                    paths = (document.path, *(path for _, path in document.alternatives))
                    known += [(*_pattern(path, suffix), anchor, document) for path in paths]
        return known

    def _document(self, anchor: str, document: plan.Document | None, data: bytes) -> Iterator[str]:
        if document is None or document.kind == "raw":
            return
        texts = [data] if document.kind in ("json", "keyed") else data.splitlines()
        for value in map(_json, texts):
            if document.keyed is not None and value:
                yield f"{anchor}.{document.members[0].name}"
            yield from members(anchor, document.members, value)
            for line in document.lines:
                mark = line.mark
                if mark is None or (isinstance(value, dict) and mark[0] in value):
                    yield from members(anchor, line.members, value)


def members(base: str, known: Iterable[plan.Member], value: object) -> Iterator[str]:
    """The members that stand in a JSON object, and those inside them."""
    if not isinstance(value, dict):
        return
    for member in known:
        if member.name in value:
            yield f"{base}.{member.name}"
            inner = value[member.name]
            yield from members(f"{base}.{member.name}", member.members, inner)
            for item in inner if isinstance(inner, list) and not member.bare else ():
                yield from members(f"{base}.{member.name}", member.item, item)


def _plain(base: str, value: object) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield f"{base}.{name}"
        yield from _plain(f"{base}.{name}", inner)


def _present(base: str, names: tuple[str, ...], slots: dict[str, object]) -> Iterator[str]:
    return (f"{base}.{name}" for name in names if slots.get(name, ABSENT) is not ABSENT and slots[name] is not None)


def _where(pattern: Record, wanted: plan.Part, data: bytes) -> int:
    return next(start for part, start, _ in pattern.spans(data) if part is wanted)


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _pattern(path: tuple[plan.PathStep, ...], suffix: str) -> tuple[Pattern, int]:
    text, weight = [], 1
    for step in path:
        piece = ""
        for part in step:
            if isinstance(part, str):
                piece += re.escape(part)
                weight += len(part)
            else:
                piece += r"(?s:.+)" if isinstance(part.segment, LiteralPath) else r"[^/]+"
        text.append(piece)
    return re.compile("/".join(filter(None, text)) + suffix), weight
