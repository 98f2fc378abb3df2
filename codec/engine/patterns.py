"""Patterns as `construct` objects: what the interpreter reads and writes records with, and the oracle of the compiled code.

Every part keeps the position it began at, so that whatever is wrong is named with its byte.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

import construct

from codec.engine.base import ABSENT, Misfit, Misread
from codec.engine.documents import StoredJson
from codec.errors import DocumentError
from codec.layout.base import Wrong
from codec.layout.json_careful import path_text
from codec.layout.wire import FIXED64, LENGTH, VARINT, Wire, chunk, skip, tag, varint, write_chunk, write_tag
from codec.layout.wire import merged as merge
from codec.spec import plan
from codec.spec.words import Element, Thing

JSON = "json"  # the slot that holds the text of a stored JSON object while a record is written
Slots = dict[str, object]


class _LiteralPart(construct.Construct):
    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    def _parse(self, stream: Any, context: Any, path: Any) -> None:
        start, found = stream.tell(), stream.read(len(self.text))
        if found != self.text:
            raise Misfit("literal", start, repr(self.text)[1:], repr(found)[1:])

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> None:
        stream.write(self.text)


class _SlotPart(construct.Construct):
    """One slot: its layout's construct, `zero: none`, constants; reads into and writes from the dict of slots."""

    def __init__(self, slot: plan.Slot, tail: int) -> None:
        super().__init__()
        self.slot, self.layout = slot, slot.layout.construct(tail)

    def _parse(self, stream: Any, context: Any, path: Any) -> object:
        start = stream.tell()
        try:
            value = self.layout._parsereport(stream, context, path)
        except Wrong as wrong:
            raise Misfit(self.slot.name, start, wrong.expected, wrong.found) from None
        except construct.StreamError:
            left = stream.seek(0, 2) - start
            size = self.slot.layout.size
            raise Misfit(self.slot.name, start, "more bytes" if size is None else f"{size} bytes", f"{left}") from None
        if self.slot.account == "constant" and value != self.slot.constant:
            raise Misfit(self.slot.name, start, str(self.slot.constant), str(value))
        return None if self.slot.zero_is_none and value == 0 else value

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> None:
        try:
            self.layout._build(0 if obj is None else obj, stream, context, path)
        except (Wrong, construct.FormatFieldError) as wrong:
            expected = getattr(wrong, "expected", f"a number of {self.slot.layout.size} bytes")
            raise Misfit(self.slot.name, stream.tell(), expected, getattr(wrong, "found", str(obj))) from None


class Record(construct.Construct):
    """A whole pattern: a dict of slots. Bytes that no part takes are refused."""

    def __init__(self, parts: Sequence[plan.Part]) -> None:
        super().__init__()
        self.parts = [self._part(parts, index) for index in range(len(parts))]

    @staticmethod
    def _part(parts: Sequence[plan.Part], index: int) -> tuple[plan.Part, Any]:
        part = parts[index]
        if isinstance(part, plan.Literal_):
            return part, _LiteralPart(part.text)
        if isinstance(part, plan.Slot):
            return part, _SlotPart(part, fixed_width(parts[index + 1 :]))
        if isinstance(part, plan.Optional):
            return part, [_SlotPart(slot, 0) for slot in part.parts]
        if isinstance(part, plan.Json):
            return part, StoredJson(part)
        return part, None

    def _parse(self, stream: Any, context: Any, path: Any) -> Slots:
        slots: Slots = {}
        for _ in self._steps(stream, slots):
            pass
        start, left = stream.tell(), stream.read()
        if left:
            raise Misfit("end", start, "the end", f"{len(left)} more bytes")
        return slots

    def _steps(self, stream: Any, slots: Slots) -> Iterator[plan.Part]:
        """Read part by part into `slots`; each is named once it has been read."""
        off: set[str] = set()
        for part, reader in self.parts:
            if isinstance(part, plan.Slot) and part.name in off:
                slots[part.name] = None
            elif isinstance(part, plan.Slot):
                slots[part.name] = reader._parsereport(stream, construct.Container(), "")
            elif isinstance(part, plan.Literal_):
                reader._parsereport(stream, None, "")
            elif isinstance(part, plan.Slack):
                start, found = stream.tell(), len(stream.read())
                if found < part.least:
                    raise Misfit("rest", start, f"at least {part.least} bytes", str(found))
            elif isinstance(part, plan.Flags):
                off = self._flags(part, stream)
            elif isinstance(part, plan.Optional):
                self._optional(part, reader, stream, slots)
            elif isinstance(part, plan.Json):
                slots |= _read_json(reader, stream)
            else:
                start = stream.tell()
                slots |= read_message(part, stream.read(), start)
            yield part

    def spans(self, data: bytes) -> Iterator[tuple[plan.Part, int, int]]:
        """The parts in `data`, each with where it begins and ends; raises `Misfit` where one does not fit."""
        stream, start = io.BytesIO(data), 0
        for part in self._steps(stream, {}):
            yield part, start, stream.tell()
            start = stream.tell()

    @staticmethod
    def _flags(part: plan.Flags, stream: Any) -> set[str]:
        start, byte = stream.tell(), stream.read(1)
        if not byte:
            raise Misfit("flags", start, "a flag byte", "the end")
        return {name for name, bit in part.bits if not byte[0] >> bit & 1}

    @staticmethod
    def _optional(part: plan.Optional, readers: list[_SlotPart], stream: Any, slots: Slots) -> None:
        at_end = not stream.read(1)
        if not at_end:
            stream.seek(-1, 1)
        for reader in readers:
            slots[reader.slot.name] = ABSENT if at_end else reader._parsereport(stream, None, "")

    def _build(self, obj: Slots, stream: Any, context: Any, path: Any) -> None:
        for index, (part, writer) in enumerate(self.parts):
            if isinstance(part, plan.Literal_):
                writer._build(None, stream, context, path)
            elif isinstance(part, plan.Flags):
                stream.write(bytes((sum(1 << bit for name, bit in part.bits if obj[name] is not None),)))
            elif isinstance(part, plan.Slot):
                if not (obj[part.name] is None and self._flagged(part.name)):
                    writer._build(obj[part.name], stream, context, path)
            elif isinstance(part, plan.Optional):
                following = [p for p, _ in self.parts[index:] if isinstance(p, plan.Optional)]
                if any(obj[slot.name] is not None for group in following for slot in group.parts):
                    for slot in writer:
                        slot._build(obj[slot.slot.name], stream, context, path)
            elif isinstance(part, plan.Message):
                stream.write(write_message(part, obj))
            elif isinstance(part, plan.Json):
                stream.write(obj[JSON])
            elif isinstance(part, plan.Slack):
                for slot in part.written:
                    if obj[slot.name] is not None:
                        _SlotPart(slot, 0)._build(obj[slot.name], stream, context, path)

    def _flagged(self, name: str) -> bool:
        return any(
            isinstance(part, plan.Flags) and any(name == slot for slot, _ in part.bits) for part, _ in self.parts
        )

    def read(self, data: bytes) -> Slots:
        """The slots in `data`; raises `Misfit`."""
        result: Slots = self._parsereport(io.BytesIO(data), construct.Container(), "")
        return result

    def read_head(self, data: bytes) -> tuple[Slots, int]:
        """The slots that `data` begins with, and the position behind them; raises `Misfit`."""
        stream, slots = io.BytesIO(data), Slots()
        for _ in self._steps(stream, slots):
            pass
        return slots, stream.tell()

    def write(self, slots: Slots) -> bytes:
        """The bytes of `slots`; raises `Misfit`."""
        stream = io.BytesIO()
        self._build(slots, stream, construct.Container(), "")
        return stream.getvalue()


def _read_json(reader: StoredJson, stream: Any) -> Slots:
    start = stream.tell()
    try:
        return reader.read(stream.read())
    except DocumentError as error:
        raise Misfit("json", start, error.expected or "a JSON object", error.found or error.message) from None
    except Misread as misread:
        raise Misfit(path_text(misread.path) or "json", start, misread.expected, misread.found) from None


def fixed_width(parts: Sequence[plan.Part]) -> int:
    """How many bytes the parts take; what follows an open part always has a fixed width."""
    width = 0
    for part in parts:
        if isinstance(part, plan.Literal_):
            width += len(part.text)
        elif isinstance(part, plan.Slot):
            width += part.layout.size or 0
    return width


# ------------------------------------------------------------------------------------------------ messages


def read_message(message: plan.Message, data: bytes, base: int) -> Slots:
    """The fields of a protobuf message; `base` is the position of `data` in the value."""
    by_number = {field.number: field for field in message.fields}
    slots: Slots = {field.name: _empty(field) for field in message.fields}
    merged: dict[str, list[bytes]] = {}
    at = 0
    while at < len(data):
        start = at
        field: plan.WireField | None = None
        try:
            at, number, wire = tag(data, at)
            field = by_number.get(number)
            if field is None or wire != _wire_of(field):
                at = skip(data, at, wire, number)
                continue
            raw, at = _raw(data, at, wire)
            if field.wire is not None and field.wire.always:
                merged.setdefault(field.name, []).append(raw)
            elif field.wire is not None:
                slots[field.name] = field.wire.from_wire(raw)
            else:
                slots[field.name].append(_element(field, raw))  # type: ignore[attr-defined]
        except Wrong as wrong:
            raise Misfit(field.name if field else "message", base + start, wrong.expected, wrong.found) from None
    for field in message.fields:
        if field.name in merged:
            assert field.wire is not None
            try:
                slots[field.name] = merge(field.wire.from_wire, merged[field.name])
            except Wrong as wrong:
                raise Misfit(field.name, base, wrong.expected, wrong.found) from None
        if field.shape == "alternating":
            slots[field.name] = _pairs(field, slots[field.name], base)
    return slots


def _empty(field: plan.WireField) -> object:
    if field.shape == "scalar":
        assert field.wire is not None
        return field.wire.zero
    return []


def _wire_of(field: plan.WireField) -> int:
    if field.shape == "scalar":
        assert field.wire is not None
        return field.wire.wire
    return LENGTH


def _raw(data: bytes, at: int, wire: int) -> tuple[Any, int]:
    if wire == VARINT:
        return varint(data, at)
    if wire == FIXED64:
        if at + 8 > len(data):
            raise Wrong("8 bytes", str(len(data) - at))
        return data[at : at + 8], at + 8
    return chunk(data, at)


def _element(field: plan.WireField, raw: bytes) -> Element:
    if field.shape in ("repeated", "alternating"):
        return (field.items[0][2].from_wire(raw),)
    by_number = {number: (index, wire) for index, (number, _, wire) in enumerate(field.items)}
    values: list[Any] = [[] if wire.always else wire.zero for _, _, wire in field.items]
    at = 0
    while at < len(raw):
        at, number, wire = tag(raw, at)
        found = by_number.get(number)
        if found is None or found[1].wire != wire:
            at = skip(raw, at, wire, number)
            continue
        content, at = _raw(raw, at, wire)
        if found[1].always:
            values[found[0]].append(content)
        else:
            values[found[0]] = found[1].from_wire(content)
    wires = (wire for _, _, wire in field.items)
    return tuple(
        merge(wire.from_wire, value) if wire.always else value for wire, value in zip(wires, values, strict=True)
    )


def _pairs(field: plan.WireField, flat: Any, base: int) -> list[Element]:
    width = len(field.items)
    if len(flat) % width:
        raise Misfit(field.name, base, f"a multiple of {width} values", f"{len(flat)}")
    return [tuple(one[0] for one in flat[i : i + width]) for i in range(0, len(flat), width)]


def write_message(message: plan.Message, slots: Slots) -> bytes:
    """A protobuf message in canonical form."""
    out = []
    for field in message.fields:
        if field.shape == "scalar":
            assert field.wire is not None
            if not is_zero(field.wire, slots[field.name]):
                out.append(_write_scalar(field.number, field.wire, slots[field.name]))
            continue
        head = write_tag(field.number, LENGTH)
        elements: Any = slots[field.name]
        for element in sorted(elements, key=itemgetter(0)) if field.shape == "entries" else elements:
            if field.shape == "repeated":
                out.append(write_chunk(head, field.items[0][2].to_wire(element[0])))
            elif field.shape == "alternating":
                out += [
                    write_chunk(head, wire.to_wire(value))
                    for (_, _, wire), value in zip(field.items, element, strict=True)
                ]
            else:
                keep_zeros = field.shape == "entries"
                inner = (
                    _write_scalar(number, wire, value)
                    for (number, _, wire), value in zip(field.items, element, strict=True)
                    if keep_zeros or not is_zero(wire, value)
                )
                out.append(write_chunk(head, b"".join(inner)))
    return b"".join(out)


def is_zero(wire: Wire, value: object) -> bool:
    """Whether a scalar is left out: it is its kind's zero, bit for bit."""
    return not wire.always and value == wire.zero and wire.to_wire(value) == wire.to_wire(wire.zero)


def _write_scalar(number: int, wire: Wire, value: object) -> bytes:
    content = wire.to_wire(value)
    head = write_tag(number, wire.wire)
    return write_chunk(head, content) if wire.wire == LENGTH else head + content


def slot_value(slot: plan.Slot, thing: Thing, element: Element) -> object:
    """What is written into a slot."""
    if slot.derive is not None:
        return slot.derive.evaluate(thing, element)
    if slot.account in ("lost", "constant"):
        return slot.constant
    assert slot.target is not None
    return slot.target.get(thing, element)
