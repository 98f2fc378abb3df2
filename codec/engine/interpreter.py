"""The interpreter: reads the plan each time it is asked. Slow, plain, and the one that explains what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from codec.engine.base import UNKNOWN, Misread, Notes, ReadDocument, ReadLine, RecordPlace, read_text_pattern
from codec.engine.patterns import ABSENT, Misfit, Record, slot_value
from codec.errors import Place, StreamError, shown
from codec.layout.base import Reject, Wrong
from codec.layout.faces import found
from codec.layout.json_read import JsonValue
from codec.layout.json_write import quote
from codec.spec import plan
from codec.spec.words import Element, Name, Thing

STEP = "  "


class Interpreter:
    """The engine that interprets; see `codec.engine.base.Engine`."""

    def __init__(self) -> None:
        self._records: dict[int, tuple[object, Record]] = {}

    # -------------------------------------------------------------------------------------------- records

    def _record(self, owner: object, parts: tuple[plan.Part, ...]) -> Record:
        """The `construct` object of a pattern; `owner` keeps its identity alive."""
        known = self._records.get(id(parts))
        if known is None:
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
    ) -> Callable[[Thing, Iterable[Element]], Iterator[str]]:
        if document.kind == "json":
            return lambda thing, elements: write_object(document.members, thing, (), elements, shown, "\n")
        if document.kind == "sidecar":
            return lambda thing, elements: iter(
                ("".join(write_object(document.members, thing, (), (), shown, "")) + "\n",)
            )

        def lines(thing: Thing, elements: Iterable[Element]) -> Iterator[str]:
            for line in document.lines:
                for element in elements if line.each else ((),):
                    yield "".join(write_object(line.members, thing, element, (), shown, "")) + "\n"

        return lines

    # -------------------------------------------------------------------------------------------- documents, read

    def document_reader(self, document: plan.Document) -> ReadDocument:
        return lambda value, notes: read_object(document.members, value, (), notes)

    def line_reader(self, document: plan.Document) -> ReadLine:
        return lambda value, notes: read_line(document, value, notes)


def slot_values(parts: Iterable[plan.Part], thing: Thing, element: Element) -> dict[str, object]:
    """What is written into each slot of a pattern."""
    values: dict[str, object] = {}
    for part in parts:
        if isinstance(part, plan.Slot):
            values[part.name] = slot_value(part, thing, element)
        elif isinstance(part, plan.Optional):
            values |= {slot.name: slot_value(slot, thing, element) for slot in part.parts}
        elif isinstance(part, plan.Message):
            for wire in part.fields:
                if wire.slot is not None:
                    values[wire.name] = slot_value(wire.slot, thing, element)
                else:
                    assert wire.target is not None
                    values[wire.name] = wire.target.get(thing, element)
    return values


def is_shown(member: plan.Member, value: object, shown: frozenset[str]) -> bool:
    """Whether a member is printed: its option is on, and it is not left out for having no value."""
    return (not member.option or member.option in shown) and not (
        value is None and member.none == "left_out" and member.target is not None
    )


def write_object(
    members: tuple[plan.Member, ...],
    thing: Thing,
    element: Element,
    elements: Iterable[Element],
    shown: frozenset[str],
    newline: str,
) -> Iterator[str]:
    """A JSON object in pieces; `newline` is a line break with indentation, or empty for compact text."""
    inner = newline + STEP if newline else ""
    colon, mark = (": " if newline else ":"), "{"
    for member in members:
        value = member.target.get(thing, element) if member.target else None
        if not is_shown(member, value, shown):
            continue
        yield f"{mark}{inner}{quote(member.name, True)}{colon}"
        mark = ","
        if member.each is not None:
            yield from write_array(member, thing, element, elements, shown, inner)
        else:
            yield write_member(member, value, thing, element, inner)
    yield "{}" if mark == "{" else newline + "}"


def write_array(
    member: plan.Member,
    thing: Thing,
    element: Element,
    elements: Iterable[Element],
    shown: frozenset[str],
    newline: str,
) -> Iterator[str]:
    """The elements of a collection: streamed ones for the thing's, nested ones for an element's."""
    assert member.each is not None
    source = member.each.get(thing, element) if member.each.scope == "element" else elements
    inner = newline + STEP if newline else ""
    mark = "["
    for one in source:  # type: ignore[attr-defined]
        yield mark + inner
        mark = ","
        if member.bare:
            only = member.item[0]
            assert only.target is not None
            yield write_member(only, only.target.get(thing, one), thing, one, inner)
        else:
            yield from write_object(member.item, thing, one, (), shown, inner)
    yield "[]" if mark == "[" else newline + "]"


def write_member(member: plan.Member, value: object, thing: Thing, element: Element, newline: str) -> str:
    """The JSON text of one value."""
    if member.is_constant:
        return constant_text(member.constant)
    if member.stem:
        return quote(str(thing[STEM]), False)
    if member.pattern:
        return quote("".join(p if isinstance(p, str) else str(p[0].get(thing, element)) for p in member.pattern), True)
    assert member.face is not None
    return "null" if value is None else member.face.write(value, newline)


STEM = "stem"  # a thing that is printed beside a document knows that document's name under this key


def constant_text(value: object) -> str:
    """A constant of a spec as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value, True) if isinstance(value, str) else str(value)


def read_object(members: tuple[plan.Member, ...], value: JsonValue, path: tuple[str | int, ...], notes: Notes) -> Thing:
    """The fields that an object's members say; collections become lists of tuples. `notes` counts unknown members."""
    if type(value) is not dict:
        raise Misread(path, "an object", found(value))
    refuse_misspelt(members, value, path, notes)
    thing: Thing = {}
    for member in members:
        here = (*path, member.name)
        json = value.get(member.name)
        try:
            read_member(member, json, thing, here, member.name in value, notes)
        except Wrong as wrong:
            raise Misread(here if member.name in value else path, wrong.expected, wrong.found) from None
    return thing


def refuse_misspelt(
    members: tuple[plan.Member, ...], value: dict[str, JsonValue], path: tuple[str | int, ...], notes: Notes
) -> None:
    """Unknown members are tolerated and counted; one that differs from a known one only in letter case is a mistake."""
    known = {member.name for member in members}
    folded = {name.casefold(): name for name in known}
    for name in value:
        if name in known:
            continue
        notes[UNKNOWN] += 1
        if name.casefold() in folded:
            raise Misread(
                (*path, name), f"the member `{folded[name.casefold()]}`", f"`{name[:40]}`; letter case matters"
            )


def read_member(
    member: plan.Member, json: JsonValue, thing: Thing, here: tuple[str | int, ...], there: bool, notes: Notes
) -> None:
    """Put what one member says into `thing`."""
    if member.is_constant:
        if type(json) is not type(member.constant) or json != member.constant:
            raise Wrong(constant_text(member.constant), found(json) if there else "no such member")
    elif member.stem:
        if there and type(json) is not str:
            raise Wrong("a string", found(json))
        thing[STEM] = json or ""
    elif member.each is not None:
        thing[member.each.field] = read_array(member, json, here, notes)
    elif member.pattern:
        read_pattern(member, json, thing)
    else:
        assert member.target is not None and member.face is not None
        thing[member.target.field] = read_scalar(member, json)


def read_scalar(member: plan.Member, json: JsonValue) -> object:
    """The value of a member with a face; null and nothing are none, or what the face says."""
    assert member.face is not None
    if json is None:
        if member.none == "left_out" or member.zero_is_none:
            return None
        return member.face.missing()
    value = member.face.read(json)
    return None if member.zero_is_none and value == 0 else value


def read_array(member: plan.Member, json: JsonValue, here: tuple[str | int, ...], notes: Notes) -> list[Element]:
    """The elements that an array says; null is the empty array."""
    if json is None:
        return []
    if type(json) is not list:
        raise Wrong("an array", found(json))
    elements = []
    names = [target for item in member.item for target in targets(item)]
    for index, one in enumerate(json):
        if member.bare:
            one = {member.item[0].name: one}
        try:
            fields = read_object(member.item, one, (*here, index), notes)
        except Misread as misread:
            path = misread.path[: len(here) + 1] if member.bare else misread.path
            raise Misread(path, misread.expected, misread.found) from None
        elements.append(element_of(names, fields))
    return elements


def targets(member: plan.Member) -> list[Name]:
    """The fields that a member says something about."""
    if member.pattern:
        return [part[0] for part in member.pattern if not isinstance(part, str)]
    return [name for name in (member.target, member.each) if name is not None]


def element_of(names: Iterable[Name], fields: Thing) -> Element:
    """A tuple of the element's fields in the model's order."""
    return tuple(fields[name.field] for name in sorted(names, key=lambda name: name.index))


def read_pattern(member: plan.Member, json: JsonValue, thing: Thing) -> None:
    """A text made of numbers and literals, such as `12-0`."""
    shape = tuple(part if isinstance(part, str) else None for part in member.pattern)
    fields = [part[0].field for part in member.pattern if not isinstance(part, str)]
    thing |= zip(fields, read_text_pattern(shape, json), strict=True)


def read_line(document: plan.Document, value: JsonValue, notes: Notes) -> tuple[plan.Line, Thing]:
    """Which kind of line a value is, by its constant members, and what it says."""
    if type(value) is not dict:
        raise Misread((), "an object", found(value))
    for line in document.lines:
        mark = line.mark
        if mark is not None and value.get(mark[0]) == mark[1]:
            return line, read_object(line.members, value, (), notes)
    line = next(line for line in document.lines if line.mark is None)
    return line, read_object(line.members, value, (), notes)


__all__ = ["Interpreter", "Reject", "read_line", "read_object", "write_object"]
