"""Records by their pattern, part by part, without the help of an engine: canonical ones, and noisy ones.

Noise is what the spec calls slack: bytes that nobody reads, other flag bits, unknown fields of messages, their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import TypeAlias

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.engine.documents import StoredJson, constant_text, targets
from codec.engine.patterns import JSON
from codec.layout.json_write import quote
from codec.layout.scanned import Scanned
from codec.layout.types import Type
from codec.layout.wire import FIXED32, FIXED64, LENGTH, VARINT, Wire, write_tag, write_varint
from codec.spec import plan
from codec.spec.words import KEY_OF, Element, Thing
from codec.testing.json_text import respaced, respelt, whole_of
from codec.testing.values import Uses, exact, face_values, scalars, slots, texts

Types: TypeAlias = Mapping[str, Type]
Record = tuple[bytes, bytes]
Values = Mapping[str, object]  # what each slot holds, by its name
Fixed: TypeAlias = Mapping[str, SearchStrategy[object]]
BY_PYTHON = {bytes: "bytes", str: "text", float: "f64", bool: "flag", int: "u64"}
MOST_UNKNOWN = 1 << 29  # field numbers of protobuf messages are below


# ------------------------------------------------------------------------------------------------ of a thing


def form_of(row: plan.Row, thing: Thing, element: Element) -> plan.Form:
    """The form that a thing's record is written in."""
    return next(form for form in row.forms if form.written and (form.when is None or form.when.holds(thing, element)))


def records_of(entity: plan.Entity, thing: Thing) -> Iterator[tuple[plan.Row, Thing, Element]]:
    """The records that a thing is stored as: their kind, what is known where they are written, and their element."""
    known = dict(thing)
    for row in entity.rows:
        if not row.written:
            continue
        if row.each_of is not None:
            yield from _of_each(row, known)
        elif row.when is not None and not row.when.holds(known, ()):
            continue
        elif row.each:
            many, elements = entity.fields[row.each].many, listed(thing[row.each])
            for position, element in enumerate(elements):
                yield row, known, (*element, position) if many is not None and many.positional else element
        elif all(name.get(thing, ()) is not None for name in row.needed):
            yield row, known, ()
            known = known | {KEY_OF + row.name: build(row.key, values_of(row.key, known, ()))}


def _of_each(row: plan.Row, thing: Thing) -> Iterator[tuple[plan.Row, Thing, Element]]:
    """A record for each element of another thing's collection that the row's condition lets through."""
    assert row.each_of is not None
    for element in listed(row.each_of.get(thing, ())):
        here = dict(thing)
        for name, pick in row.locals:
            here[name] = pick.evaluate(here, element)
        if row.when is None or row.when.holds(here, element):
            yield row, here, element


def listed(value: object) -> list[Element]:
    """The elements of a collection."""
    assert isinstance(value, (list, tuple))
    return list(value)


def canonical(row: plan.Row, thing: Thing, element: Element) -> Record:
    """The record that stands for a thing, or for an element of it."""
    form = form_of(row, thing, element)
    return build(row.key, values_of(row.key, thing, element)), build(form.parts, values_of(form.parts, thing, element))


@st.composite
def noisy(draw: st.DrawFn, row: plan.Row, thing: Thing, element: Element) -> Record:
    """A record that says the same as the canonical one, with noise wherever the spec drops it."""
    form = form_of(row, thing, element)
    key, value = values_of(row.key, thing, element), values_of(form.parts, thing, element)
    return build(row.key, key, draw), build(form.parts, value, draw)


def values_of(parts: Iterable[plan.Part], thing: Thing, element: Element) -> dict[str, object]:
    """What each slot of a pattern holds for a thing; a stored JSON object stands under its part."""
    values: dict[str, object] = {}
    for part in parts:
        if isinstance(part, plan.Json):
            values[JSON] = StoredJson(part).write(thing, element).decode()
            values |= {name.field: name.get(thing, element) for member in part.members for name in targets(member)}
        for slot in _named(part):
            if slot.derive is not None:
                values[slot.name] = slot.derive.evaluate(thing, element)
            elif slot.account in ("lost", "constant"):
                values[slot.name] = slot.constant
            elif slot.target is not None:
                values[slot.name] = slot.target.get(thing, element)
        if isinstance(part, plan.Message):
            lists = (field for field in part.fields if field.slot is None and field.target is not None)
            values |= {field.name: field.target.get(thing, element) for field in lists if field.target is not None}
    return values


def _named(part: plan.Part) -> Iterator[plan.Slot]:
    """Every slot of a part, also those that are only written."""
    yield from slots(part)
    if isinstance(part, plan.Slack):
        yield from part.written
    if isinstance(part, plan.Message):
        yield from (field.slot for field in part.fields if field.slot is not None)


def read_back(row: plan.Row, thing: Thing, element: Element) -> list[object]:
    """What reading the record of a thing gives, in the order of `row.kept`; nothing said counts as none."""
    form = form_of(row, thing, element)
    values = values_of((*row.key, *form.parts), thing, element)
    return [values.get(name) for name in row.kept]


# ------------------------------------------------------------------------------------------------ bytes of a pattern


def build(parts: Iterable[plan.Part], values: Values, draw: st.DrawFn | None = None) -> bytes:
    """The bytes of a pattern; with `draw` noise goes wherever it is dropped."""
    out: list[bytes] = []
    off: set[str] = set()
    listed_parts = list(parts)
    for index, part in enumerate(listed_parts):
        if isinstance(part, plan.Literal_):
            out.append(part.text)
        elif isinstance(part, plan.Flags):
            off = {name for name, _ in part.bits if values[name] is None}
            known = {bit for _, bit in part.bits}
            others = [1 << bit for bit in range(8) if bit not in known and draw is not None and draw(st.booleans())]
            out.append(bytes((sum(others) + sum(1 << bit for name, bit in part.bits if name not in off),)))
        elif isinstance(part, plan.Slot) and part.name not in off:
            out.append(slot_bytes(part, values[part.name]))
        elif isinstance(part, plan.Optional):
            later = [slot.name for other in listed_parts[index:] for slot in slots(other)]
            if any(values[name] is not None for name in later):
                out += [slot_bytes(slot, values[slot.name]) for slot in part.parts]
        elif isinstance(part, plan.Slack) and index and isinstance(listed_parts[index - 1], plan.Json):
            continue  # its slack is members that nobody reads
        elif isinstance(part, plan.Slack) and draw is not None:
            out.append(draw(st.binary(min_size=part.least, max_size=12)))
        elif isinstance(part, plan.Slack):
            out += [slot_bytes(slot, values[slot.name]) for slot in part.written if values[slot.name] is not None]
        elif isinstance(part, plan.Json):
            text = values[JSON]
            assert isinstance(text, str)
            if draw is not None:
                raw = any(member.keyed for member in part.members)
                text = draw(respaced(text) if raw else respelt(text, whole=whole_of(part.members)))
            out.append(text.encode())
        elif isinstance(part, plan.Message):
            out.append(message_bytes(part, values, draw))
    return b"".join(out)


def runs_end(parts: Sequence[plan.Part], values: Values) -> bool:
    """Whether each run ends where its slot does: the bytes of the next, a great number's say, may go on with it."""
    for part, behind in pairwise(parts):
        if isinstance(part, plan.Slot) and isinstance(part.layout, Scanned) and isinstance(behind, plan.Slot):
            after = slot_bytes(behind, values[behind.name])[:1]
            if after and part.layout.alphabet is not None and after in part.layout.alphabet:
                return False
    return True


def slot_bytes(slot: plan.Slot, value: object) -> bytes:
    """The bytes of one slot; none is written as zero where the spec says so."""
    built: bytes = slot.layout.construct(0).build(0 if value is None else value)
    return built


def message_bytes(message: plan.Message, values: Values, draw: st.DrawFn | None) -> bytes:
    """A protobuf message: canonical, or with unknown fields, other wire types, superseded scalars, in any order."""
    runs = [list(_field_chunks(field, values[field.name], draw)) for field in message.fields]
    if draw is None:
        return b"".join(chunk for run in runs for chunk in run)
    known = {field.number: LENGTH if field.wire is None else field.wire.wire for field in message.fields}
    runs.append(draw(st.lists(strange_fields(known), max_size=3)))
    return b"".join(_merged(draw, runs))


def _merged(draw: st.DrawFn, runs: list[list[bytes]]) -> Iterator[bytes]:
    """The runs shuffled into each other; each keeps its own order."""
    left = [list(run) for run in runs]
    while left := [run for run in left if run]:
        yield draw(st.sampled_from(left)).pop(0)


def _field_chunks(field: plan.WireField, value: object, draw: st.DrawFn | None) -> Iterator[bytes]:
    if field.wire is not None:
        if draw is not None and not field.wire.always and draw(st.booleans()):
            yield wire_bytes(field.number, field.wire, draw(wire_values(field.wire, {})))
            yield wire_bytes(field.number, field.wire, value)
        elif field.wire.always or exact(value) != exact(field.wire.zero):
            yield wire_bytes(field.number, field.wire, value)
        return
    assert isinstance(value, (list, tuple))
    for element in sorted(value, key=itemgetter(0)) if field.shape == "entries" else value:
        if field.shape in ("repeated", "alternating"):
            for (_, _, wire), one in zip(field.items, element, strict=True):
                yield wire_bytes(field.number, wire, one)
            continue
        inner = [
            [wire_bytes(number, wire, one)]
            for (number, _, wire), one in zip(field.items, element, strict=True)
            if field.shape == "entries" or exact(one) != exact(wire.zero) or (draw is not None and draw(st.booleans()))
        ]
        if draw is not None:
            inner.append(
                draw(st.lists(strange_fields({number: wire.wire for number, _, wire in field.items}), max_size=1))
            )
            content = b"".join(_merged(draw, inner))
        else:
            content = b"".join(chunk for run in inner for chunk in run)
        yield write_tag(field.number, LENGTH) + write_varint(len(content)) + content


def wire_bytes(number: int, wire: Wire, value: object) -> bytes:
    """One field on the wire."""
    content = wire.to_wire(value)
    length = write_varint(len(content)) if wire.wire == LENGTH else b""
    return write_tag(number, wire.wire) + length + content


@st.composite
def strange_fields(draw: st.DrawFn, known: Mapping[int, int]) -> bytes:
    """A field that readers skip: its number is unknown, or its wire type is another one."""
    number = draw(st.sampled_from(sorted(known)) | st.integers(1, MOST_UNKNOWN - 1))
    kinds = [kind for kind in (VARINT, FIXED64, LENGTH, FIXED32) if kind != known.get(number)]
    kind = draw(st.sampled_from(kinds))
    if kind == LENGTH:
        content = draw(st.binary(max_size=5))
        return write_tag(number, kind) + write_varint(len(content)) + content
    if kind == VARINT:
        return write_tag(number, kind) + write_varint(draw(st.integers(0, (1 << 64) - 1)))
    size = 8 if kind == FIXED64 else 4
    return write_tag(number, kind) + draw(st.binary(min_size=size, max_size=size))


# ------------------------------------------------------------------------------------------------ any record


@st.composite
def loose(draw: st.DrawFn, row: plan.Row, thing: Thing, element: Element) -> Record:
    """A record of a thing with noise, and with anything in the slots that are lost: other generations, positions."""
    form = form_of(row, thing, element)
    lost = {
        slot.name: draw(st.integers(0, 3).filter(Uses(layouts=[slot.layout]).keeps) | slot.layout.values())
        for part in (*row.key, *form.parts)
        for slot in slots(part)
        if slot.account == "lost"
    }
    key, value = values_of(row.key, thing, element) | lost, values_of(form.parts, thing, element) | lost
    assume(runs_end(row.key, key))
    return build(row.key, key, draw), build(form.parts, value, draw)


class Kinds:
    """Draws records of any kind of an adapter, noise included, whether written, legacy, derived or dropped."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def records(self, row: plan.Row, fixed: Fixed | None = None) -> SearchStrategy[Record]:
        """Every value that the slots can hold, in every form; `fixed` narrows slots by their names."""
        held = {} if fixed is None else fixed

        @st.composite
        def record(draw: st.DrawFn) -> Record:
            if row.unread:
                return row.prefix + draw(st.binary(max_size=8)), draw(st.binary(max_size=8))
            values = self._values(draw, row.key, held)
            assume(runs_end(row.key, values))
            key = build(row.key, values, draw)
            form = draw(st.sampled_from(row.forms))
            return key, build(form.parts, self._values(draw, form.parts, held), draw)

        return record().filter(lambda drawn: _is_of(row, *drawn))

    def _values(self, draw: st.DrawFn, parts: Iterable[plan.Part], fixed: Fixed) -> Values:
        """A value for every slot; optional groups are left out from the end on, or hold values."""
        values: dict[str, object] = {}
        ended = False
        for part in parts:
            if isinstance(part, plan.Optional):
                free = any(slot.name not in fixed for slot in part.parts)
                ended = ended or (free and draw(st.booleans()))
                for slot in part.parts:
                    values[slot.name] = None if ended else draw(self._slot(slot, fixed))
            elif isinstance(part, plan.Slot):
                values[part.name] = draw(self._slot(part, fixed))
            elif isinstance(part, plan.Message):
                for field in part.fields:
                    values[field.name] = draw(self._field(field))
            elif isinstance(part, plan.Json):
                values[JSON] = draw(json_objects(part.members))
        for part in parts:
            if isinstance(part, plan.Flags):
                values |= {name: None for name, _ in part.bits if draw(st.booleans())}
        return values

    @staticmethod
    def _slot(slot: plan.Slot, fixed: Fixed) -> SearchStrategy[object]:
        if slot.name in fixed:
            return fixed[slot.name]
        return st.just(slot.constant) if slot.account == "constant" else slot.layout.values()

    def _field(self, field: plan.WireField) -> SearchStrategy[object]:
        if field.wire is not None:
            return wire_values(field.wire, self._types)
        return st.lists(st.tuples(*(wire_values(wire, self._types) for _, _, wire in field.items)), max_size=3)


def records(adapter: plan.Adapter, row: plan.Row, fixed: Fixed | None = None) -> SearchStrategy[Record]:
    """Records of a kind; see `Kinds`."""
    return Kinds(adapter.types).records(row, fixed)


def _is_of(row: plan.Row, key: bytes, value: bytes) -> bool:
    """Whether a record is not taken for one of another form or kind."""
    if row.refused and key.startswith(row.refused):
        return False
    if any(form.magic and value.startswith(form.magic) for form in row.forms):
        return True
    return not row.forms or any(not form.magic for form in row.forms)


def wire_values(wire: Wire, types: Types) -> SearchStrategy[object]:
    """Values of a protobuf field: a scalar, or a message of a declared type."""
    if wire.word in types:
        return types[wire.word].values().filter(Uses(wires=[wire]).keeps)
    kind = BY_PYTHON[type(wire.zero)]
    wide: SearchStrategy[object] = texts().map(str.encode) | scalars(kind) if kind == "bytes" else scalars(kind)
    return wide.filter(Uses(wires=[wire]).keeps)


@st.composite
def json_objects(draw: st.DrawFn, members: Iterable[plan.Member]) -> str:
    """The text of a stored JSON object with any values in it."""
    return "{" + ",".join(f"{quote(member.name, False)}:{_json_value(draw, member)}" for member in members) + "}"


def _json_value(draw: st.DrawFn, member: plan.Member) -> str:
    if member.is_constant:
        return constant_text(member.constant)
    if member.members:
        return draw(json_objects(member.members))
    if member.keyed is not None:
        names = draw(st.lists(texts(), max_size=2, unique=True))
        return "{" + ",".join(f"{quote(name, False)}:{draw(scalars('json'))}" for name in names) + "}"
    if member.texts:
        return f"[{','.join(quote(text, False) for text in draw(st.lists(texts(), max_size=2)))}]"
    if member.each is not None:
        return f"[{','.join(draw(st.lists(json_objects(member.item), max_size=2)))}]"
    assert member.face is not None
    return member.face.write(draw(face_values(member.face).filter(Uses(faces=[member.face]).keeps)), "")
