"""What a record holds and no document says, taken over into its edited version (docs/complement.md, edits).

Three versions of a value are compared part by part: what came in, what the tree gave then, and what it gives now. A part
that the edit did not change is taken from what came in, every other one from the edit. Parts are the members of a stored
JSON object, the fields of a protobuf message, or the slots of a binary value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

from codec.complement.units import Units
from codec.engine.base import ABSENT, Misfit
from codec.engine.patterns import Record
from codec.errors import CodecError
from codec.layout import json_read
from codec.layout.base import Wrong
from codec.layout.wire import skip, tag
from codec.spec.container import Container
from codec.spec.plan import Form, Json, Message, Row

Parts = dict[object, object]


class Merging:
    """Merges values of records, by their kind."""

    def __init__(self, container: Container, units: Units) -> None:
        self._units = units
        self._whole = {
            id(row)
            for adapter in container.adapters
            for entity in adapter.entities
            for row in entity.rows
            if entity.bodies is not None  # what says where a body lies goes with the body
        }

    def merges(self, row: Row | None) -> bool:
        """Whether values of this kind are merged; else an edit replaces them whole."""
        return row is not None and id(row) not in self._whole

    def merged(self, key: bytes, given: bytes, base: bytes, edited: bytes) -> bytes:
        """`edited`, with those parts of `given` that are in it as they were in `base`; as it is if one cannot be read."""
        row = self._units.row(key, edited)
        if row is None or not self.merges(row):
            return edited
        form = _form_of(row, edited)
        if form is None or any(_form_of(row, value) is not form for value in (given, base)):
            return edited
        try:
            return _merged(form, given, base, edited)
        except (Misfit, Wrong, CodecError, ValueError, KeyError):
            return edited

    def changed(self, key: bytes, before: bytes, after: bytes) -> list[str]:
        """The names of the parts in which two values differ; none if they cannot be told."""
        row = self._units.row(key, after)
        form = None if row is None else _form_of(row, after)
        if row is None or form is None or form is not _form_of(row, before):
            return []
        try:
            one, two = (_parts(form, value) for value in (before, after))
        except (Misfit, Wrong, CodecError, ValueError, KeyError):
            return []
        names = {field.number: field.name for part in form.parts if isinstance(part, Message) for field in part.fields}
        differ = (name for name in dict.fromkeys((*one, *two)) if one.get(name) != two.get(name))
        return [str(names.get(cast(int, name), name)) for name in differ]


def _parts(form: Form, value: bytes) -> Parts:
    """The parts of one value."""
    last = form.parts[-1] if form.parts else None
    if isinstance(last, Json) and len(form.parts) <= 2:
        return _members(value[len(form.magic) :])
    if isinstance(last, Message) and len(form.parts) <= 2:
        return _fields(value[len(form.magic) :])
    return _slots(Record(form.parts), value)


def _form_of(row: Row, value: bytes) -> Form | None:
    return next((form for form in row.forms if value.startswith(form.magic)), None)


def _merged(form: Form, given: bytes, base: bytes, edited: bytes) -> bytes:
    last, magic = form.parts[-1] if form.parts else None, form.magic
    parts = _choose(*(_parts(form, value) for value in (given, base, edited)))
    if isinstance(last, Json) and len(form.parts) <= 2:
        return magic + _object(last, parts)
    if isinstance(last, Message) and len(form.parts) <= 2:
        return magic + _message(parts)
    return Record(form.parts).write({str(name): None if value is ABSENT else value for name, value in parts.items()})


def _slots(record: Record, value: bytes) -> Parts:
    """The slots of a binary value."""
    return {name: slot for name, slot in record.read(value).items()}  # noqa: C416


def _choose(given: Parts, base: Parts, edited: Parts) -> Parts:
    """The parts of the merged value; one that a side does not have is missing there too."""
    names = dict.fromkeys((*given, *edited))
    sides = {name: given if base.get(name) == edited.get(name) else edited for name in names}
    return {name: side[name] for name, side in sides.items() if name in side}


def _members(text: bytes) -> Parts:
    """The members of a JSON object, as they stand there."""
    return {name: json_read.raw(text, (name,)) for name in json.loads(text)}


def _object(plan: Json, parts: Parts) -> bytes:
    """The object of members: those of the plan in its order, others behind them."""
    order = {member.name: index for index, member in enumerate(plan.members)}
    names = sorted((str(name) for name in parts), key=lambda name: order.get(name, len(order)))
    texts = (json.dumps(name, ensure_ascii=False).encode() + b":" + bytes(parts[name]) for name in names)  # type: ignore[call-overload]
    return b"{" + b",".join(texts) + b"}"


def _fields(data: bytes) -> Parts:
    """The fields of a message by number: all bytes that each has."""
    parts: dict[object, bytes] = {}
    for (number, at), (_, end) in pairwise([*_starts(data), (0, len(data))]):
        parts[number] = parts.get(number, b"") + data[at:end]
    return dict(parts)


def _starts(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        start = at
        at, number, wire = tag(data, at)
        at = skip(data, at, wire, number)
        yield number, start


def _message(parts: Parts) -> bytes:
    return b"".join(bytes(parts[number]) for number in sorted(parts))  # type: ignore[call-overload, type-var]
