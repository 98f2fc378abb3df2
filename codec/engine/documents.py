"""Documents by interpretation: a thing as JSON text in pieces, and JSON values as the fields of a thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from codec.engine.base import UNKNOWN, Misread, Notes, read_text_pattern
from codec.layout.base import Wrong
from codec.layout.faces import found
from codec.layout.json_read import JsonValue, load, raw
from codec.layout.json_write import quote
from codec.layout.types import ZEROS, TypedWrong
from codec.spec import plan
from codec.spec.words import Element, Name, Thing

STEP = "  "


def is_shown(member: plan.Member, value: object, shown: frozenset[str]) -> bool:
    """Whether a member is printed: its option is on, and it is not left out for having no value or nothing in it."""
    if member.hidden or (member.option and member.option not in shown):
        return False
    if member.shown_with and (shown.isdisjoint(member.shown_with) or value in (None, member.default)):
        return False
    if member.empty_left_out and not value:
        return False
    return not (value is None and member.none == "left_out" and member.target is not None)


def value_of(member: plan.Member, thing: Thing, element: Element, shown: frozenset[str]) -> object:
    """What a member says of a thing."""
    if member.is_reset:
        return member.reset
    if member.unless and member.unless not in shown:
        return member.reset
    if member.derive is not None:
        return member.derive.evaluate(thing, element)
    name = member.target or member.each or member.keyed
    return name.get(thing, element) if name is not None else None


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
        value = value_of(member, thing, element, shown)
        if not is_shown(member, value, shown):
            continue
        yield f"{mark}{inner}{quote(member.name, True)}{colon}"
        mark = ","
        if member.members:
            yield from write_object(member.members, thing, element, (), shown, inner)
        elif member.each is not None and member.empty_null and not value:
            yield "null"
        elif member.each is not None:
            held = elements if value is None else cast("Iterable[Element]", value)
            yield from write_array(member, thing, element, held, shown, inner)
        else:
            yield "null" if member.empty_null and not value else write_member(member, value, thing, element, inner)
    yield "{}" if mark == "{" else newline + "}"


def write_array(
    member: plan.Member,
    thing: Thing,
    element: Element,
    elements: Iterable[Element],
    shown: frozenset[str],
    newline: str,
) -> Iterator[str]:
    """The elements of a collection, streamed or held."""
    inner = newline + STEP if newline else ""
    mark = "["
    for one in elements:
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
    if member.keyed is not None:
        return write_keyed_member(member, value, newline)
    if member.texts:
        inner = newline + STEP if newline else ""
        parts = ",".join(inner + quote(text, True) for text in value)  # type: ignore[attr-defined]
        return f"[{parts}{newline}]" if parts else "[]"
    assert member.face is not None
    return "null" if value is None and not member.face.writes_none else member.face.write(value, newline)


def write_keyed_member(member: plan.Member, value: object, newline: str) -> str:
    """An object by name whose values are passed through as they are written, each on one line."""
    assert member.face is not None
    inner, colon = (newline + STEP, ": ") if newline else ("", ":")
    parts = [f"{inner}{quote(name, member.face.html)}{colon}{member.face.write(text, '')}" for name, text in value]  # type: ignore[attr-defined]
    return f"{{{','.join(parts)}{newline}}}"


def write_keyed(document: plan.Document, thing: Thing, newline: str) -> Iterator[str]:
    """An object whose members are the elements of a collection, by their names; a line of its own if compact."""
    assert document.keyed is not None
    only = document.members[0]
    inner, colon, mark = (newline + STEP, ": ", "{") if newline else ("", ":", "{")
    for one in document.keyed.get(thing, ()):  # type: ignore[attr-defined]
        yield f"{mark}{inner}{quote(one[0], True)}{colon}{write_member(only, one[1], thing, one, inner)}"
        mark = ","
    yield ("{}" if mark == "{" else newline + "}") + ("" if newline else "\n")


STEM = "stem"  # a thing that is printed beside a document knows that document's name under this key


def constant_text(value: object) -> str:
    """A constant of a spec as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value, True) if isinstance(value, str) else str(value)


def read_object(
    members: tuple[plan.Member, ...],
    value: JsonValue,
    path: tuple[str | int, ...],
    notes: Notes,
    into: Thing | None = None,
) -> Thing:
    """The fields that an object's members say; collections become lists of tuples. `notes` counts unknown members."""
    if type(value) is not dict:
        raise Misread(path, "an object", found(value))
    refuse_misspelt(members, value, path, notes)
    thing: Thing = {} if into is None else into
    for member in members:
        here = (*path, member.name)
        json = value.get(member.name)
        try:
            read_member(member, json, thing, here, member.name in value, notes)
        except TypedWrong as wrong:
            raise Misread((*here, *wrong.path), wrong.expected, wrong.found) from None
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
    elif member.members:
        read_object(member.members, {} if json is None else json, here, notes, thing)
    elif member.keyed is not None:
        thing[member.keyed.field] = read_keyed_member(member, json, here, notes)
    elif member.derive is not None and member.target is None:
        assert member.face is not None
        if json is not None:
            member.face.read(json)
    elif member.texts:
        assert member.target is not None
        if json is not None and (type(json) is not list or not all(type(text) is str for text in json)):
            raise Wrong("an array of strings", found(json))
        put(thing, member.target, json or [])
    elif member.each is not None:
        thing[member.each.field] = read_array(member, json, here, notes)
    elif member.pattern:
        read_pattern(member, json, thing)
    else:
        assert member.face is not None
        passed = there and member.face.reads_text
        value = member.face.read(raw(notes.data, here)) if passed else read_scalar(member, json)
        if member.target is not None:
            put(thing, member.target, value)


def read_keyed_member(member: plan.Member, json: JsonValue, here: tuple[str | int, ...], notes: Notes) -> list[Element]:
    """The elements of an object whose values are passed through as they are written, by name."""
    assert member.face is not None
    if json is None:
        return []
    if type(json) is not dict:
        raise Wrong("an object", found(json))
    return [(name, member.face.read(raw(notes.data, (*here, name)))) for name in sorted(json)]


def put(thing: Thing, name: Name, value: object) -> None:
    """Set a field, or a part of a struct in it."""
    holder = thing
    for step in (name.field, *name.path)[:-1]:
        holder = holder.setdefault(step, {})  # type: ignore[assignment]
    holder[(name.field, *name.path)[-1]] = value


def read_keyed(document: plan.Document, value: JsonValue) -> Thing:
    """The elements that an object's members say, by name."""
    assert document.keyed is not None
    if type(value) is not dict:
        raise Misread((), "an object", found(value))
    only = document.members[0]
    assert only.face is not None
    elements = []
    for name in sorted(value):
        try:
            elements.append((name, only.face.read(value[name])))
        except TypedWrong as wrong:
            raise Misread((name, *wrong.path), wrong.expected, wrong.found) from None
    return {document.keyed.field: elements}


def read_scalar(member: plan.Member, json: JsonValue) -> object:
    """The value of a member with a face; null and nothing are none, or what the face says."""
    assert member.face is not None
    if json is None:
        if member.default is not None:
            return member.default
        if member.none == "left_out" or member.zero_is_none:
            return None
        if member.null_is_zero:
            return ZEROS[member.face.model]
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
    inner = [name for part in member.members for name in targets(part)]
    return inner + [name for name in (member.target, member.each, member.keyed) if name is not None]


def element_of(names: Iterable[Name], fields: Thing) -> Element:
    """A tuple of the element's fields in the model's order."""
    by_index = {name.index: name.field for name in names}
    return tuple(fields[by_index[index]] for index in sorted(by_index))


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


class StoredJson:
    """The JSON object that a record's value is; both engines read and write it alike."""

    def __init__(self, part: plan.Json) -> None:
        self.part, self._fields = part, fields_of(part)

    def read(self, data: bytes) -> Thing:
        """The fields that it says; raises `DocumentError` or `Misread`. Other members are passed over."""
        notes = Notes()
        notes.data = data
        return read_object(self.part.members, load(data, "", fold=False), (), notes)

    def values(self, data: bytes) -> tuple[object, ...]:
        """The same as `read`, in the order of `fields_of`."""
        said = self.read(data)
        return tuple(said[name] for name in self._fields)

    def write(self, thing: Thing, element: Element) -> bytes:
        """Its compact text."""
        return "".join(write_object(self.part.members, thing, element, (), frozenset(), "")).encode()


def fields_of(part: plan.Json) -> list[str]:
    """The fields that a stored JSON object says."""
    return sorted({target.field for member in part.members for target in targets(member)})
