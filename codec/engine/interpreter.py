"""The interpreter: reads the plan each time it is asked. Slow, plain, and the one that explains what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from codec.engine.base import ABSENT, Misfit, Owner, ReadDocument, ReadLine, RecordPlace
from codec.engine.documents import StoredJson, read_keyed, read_line, read_object, write_keyed, write_object
from codec.errors import Place, StreamError, shown
from codec.spec import plan
from codec.spec.words import Element, Thing

if TYPE_CHECKING:
    from codec.engine.patterns import Record


class Interpreter:
    """The engine that interprets; see `codec.engine.base.Engine`."""

    def __init__(self) -> None:
        self._records: dict[int, tuple[object, Record]] = {}

    # -------------------------------------------------------------------------------------------- records

    def _record(self, owner: object, parts: tuple[plan.Part, ...]) -> Record:
        """The `construct` object of a pattern; `owner` keeps its identity alive."""
        known = self._records.get(id(parts))
        if known is None:
            from codec.engine.patterns import Record

            known = self._records[id(parts)] = (parts, Record(parts))
        return known[1]

    def _form(self, row: plan.Row, value: bytes) -> plan.Form | None:
        return next((form for form in row.forms if value.startswith(form.magic)), None)

    def reader(self, row: plan.Row) -> Callable[[bytes, bytes], Element]:
        key_record = self._record(row, row.key)

        def read(key: bytes, value: bytes) -> Element:
            form = self._form(row, value)
            if form is None:
                magic = " or ".join(repr(form.magic)[1:] for form in row.forms)
                raise Misfit("value", 0, f"a value that begins {magic}", shown(value[:8]))
            slots = key_record.read(key) | self._record(row, form.parts).read(value)
            return tuple(slots.get(name, ABSENT) for name in row.kept)

        return read

    def run_reader(self, row: plan.Row) -> Callable[[list[bytes], list[bytes]], list[Element]]:
        read = self.reader(row)
        return lambda keys, values: [read(key, value) for key, value in zip(keys, values, strict=True)]

    def owner(self, row: plan.Row) -> Owner | None:
        slot = row.owner_slot
        if slot is None:
            return None
        head = self._record(row, row.key[: row.key.index(slot) + 1])

        def read(key: bytes) -> tuple[object, int]:
            slots, after = head.read_head(key)
            return slots[slot.name], after

        return read

    def writer(self, row: plan.Row) -> Callable[[Thing, Element], tuple[bytes, bytes]]:
        key_record = self._record(row, row.key)

        def write(thing: Thing, element: Element) -> tuple[bytes, bytes]:
            form = next(f for f in row.forms if f.written and (f.when is None or f.when.holds(thing, element)))
            key = key_record.write(slot_values(row.key, thing, element))
            return key, self._record(row, form.parts).write(slot_values(form.parts, thing, element))

        return write

    def explain(self, row: plan.Row, key: bytes, value: bytes, place: RecordPlace) -> StreamError:
        """What is wrong with a record, and where: the key is judged first."""
        side, start, code = "key", place.key, row.key_error or row.value_error
        try:
            self._record(row, row.key).read(key)
            side, start, code = "value", place.value, row.value_error
            self.reader(row)(key, value)
        except Misfit as misfit:
            at = Place(place.source, start + misfit.start)
            spec = f"{row.place}"
            message = f"the {side} of a {row.label} record does not fit"
            return StreamError(
                code, message, at, f"{row.label}.{side}.{misfit.part}", misfit.expected, misfit.found, spec=spec
            )
        raise AssertionError(
            f"{row.label}: the interpreter accepts what the compiled reader refused: {key!r} {value!r}"
        )

    def accepts(self, row: plan.Row, key: bytes, value: bytes) -> bool:
        """Whether the record has the row's shape."""
        try:
            self.reader(row)(key, value)
        except Misfit:
            return False
        return True

    # -------------------------------------------------------------------------------------------- documents, written

    def document_writer(
        self, document: plan.Document, shown: frozenset[str]
    ) -> Callable[[Thing, Iterable[list[Element]]], Iterator[str]]:
        if document.kind in ("keyed", "bundle"):
            newline = "\n" if document.kind == "keyed" else ""
            return lambda thing, blocks: write_keyed(document, thing, newline)
        if document.kind == "json":
            return lambda thing, blocks: write_object(
                document.members, thing, (), chain.from_iterable(blocks), shown, "\n"
            )
        if document.kind in ("sidecar", "together", "copies"):
            return lambda thing, blocks: iter(
                ("".join(write_object(document.members, thing, (), (), shown, "")) + "\n",)
            )

        def lines(thing: Thing, blocks: Iterable[list[Element]]) -> Iterator[str]:
            for line in document.lines:
                for element in chain.from_iterable(blocks) if line.each else ((),):
                    yield "".join(write_object(line.members, thing, element, (), shown, "")) + "\n"

        return lines

    # -------------------------------------------------------------------------------------------- documents, read

    def document_reader(self, document: plan.Document) -> ReadDocument:
        if document.kind in ("keyed", "bundle"):
            return lambda value, notes: read_keyed(document, value)
        return lambda value, notes: read_object(document.members, value, (), notes)

    def parser(self, document: plan.Document) -> None:
        """There is no fast way."""

    def records_writer(self, entity: plan.Entity) -> None:
        """There is no fast way."""

    def line_reader(self, document: plan.Document) -> ReadLine:
        return lambda value, notes: read_line(document, value, notes)


def slot_values(parts: Iterable[plan.Part], thing: Thing, element: Element) -> dict[str, object]:
    """What is written into each slot of a pattern."""
    from codec.engine.patterns import JSON, slot_value

    values: dict[str, object] = {}
    for part in parts:
        if isinstance(part, plan.Slot):
            values[part.name] = slot_value(part, thing, element)
        elif isinstance(part, plan.Optional):
            values |= {slot.name: slot_value(slot, thing, element) for slot in part.parts}
        elif isinstance(part, plan.Json):
            values[JSON] = StoredJson(part).write(thing, element)
        elif isinstance(part, plan.Slack):
            values |= {slot.name: slot_value(slot, thing, element) for slot in part.written}
        elif isinstance(part, plan.Message):
            for wire in part.fields:
                if wire.slot is not None:
                    values[wire.name] = slot_value(wire.slot, thing, element)
                else:
                    assert wire.target is not None
                    values[wire.name] = wire.target.get(thing, element)
    return values
