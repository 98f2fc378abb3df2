"""Values of the model by their type, narrowed to what every projection of a field can hold and give back.

A layout narrows a type if one of the type's edge values does not come back from it. A field that records always hold
with the same value, because it is lost, has that value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import construct
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.layout import json_read
from codec.layout.base import Layout, Wrong, family
from codec.layout.faces import RANGES, Face
from codec.layout.wire import VARINT, Wire, varint
from codec.spec import plan
from codec.spec.scalars import ENDS
from codec.spec.words import Name

TEXT_ODDITIES = ("", "\0", "<>&", "\u2028\u2029", "é", "\U0001f600", '"\\/', "\x7f", "\x85", "\ufffd")


def texts() -> SearchStrategy[str]:
    """Any text that UTF-8 can say, the characters that formats escape among it."""
    return st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(TEXT_ODDITIES)


def scalars(kind: str) -> SearchStrategy[object]:
    """Every value of a scalar type of the model; raises `KeyError` for a type that has no strategy yet."""
    if kind == "json":
        return json_texts()
    edges = st.sampled_from(ENDS[kind])
    if kind == "bytes":
        return st.binary(max_size=20) | texts().map(str.encode) | edges
    if kind == "text":
        return texts()
    if kind == "f64":
        return st.floats(allow_nan=False) | st.integers(-1000, 1000).map(float) | edges
    return edges if kind == "flag" else st.integers(*RANGES[kind]) | st.integers(0, 9) | edges


def json_texts() -> SearchStrategy[str]:
    """Compact JSON texts, in spellings that must be kept: of numbers, of escapes, of the order of members."""
    numbers = st.sampled_from(["0", "-0", "1.50", "1E+5", "12345678901234567890", "-1.5e-3"])
    strings = st.text("aé\U0001f600/ ", max_size=4).map(lambda text: f'"{text}"') | st.sampled_from(
        ['"\\u0041"', '"\\/"', '""']
    )
    leaves = numbers | strings | st.sampled_from(["null", "true", "false", "[]", "{}"])

    def nested(inner: SearchStrategy[str]) -> SearchStrategy[str]:
        members = st.dictionaries(st.sampled_from(['"c"', '"a"', '"\\u0062"']), inner, min_size=1, max_size=3)
        objects = members.map(lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs.items()) + "}")
        return st.lists(inner, min_size=1, max_size=2).map(lambda parts: f"[{','.join(parts)}]") | objects

    return st.recursive(leaves, nested, max_leaves=4)


def face_values(face: Face) -> SearchStrategy[object]:
    """Every value that a face may be given, of its model's type: one, a list of them, or texts by name."""
    if face.shape == "by_name":
        return st.dictionaries(texts(), texts(), max_size=2).map(lambda named: sorted(named.items()))
    fits = not face.holds or family(face.model) in face.holds
    one = scalars(face.model if fits else max(face.holds))  # a member that follows from others has no type of its own
    return st.lists(one, max_size=2) if face.shape == "list" else one


def exact(value: object) -> object:
    """`value` such that equality means sameness: floats by their bits, booleans apart from numbers, lists as tuples."""
    if isinstance(value, float):
        return ("f64", struct.pack(">d", value))
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, dict):
        return {key: exact(inner) for key, inner in value.items()}
    return [exact(inner) for inner in value] if isinstance(value, (list, tuple)) else value


# ------------------------------------------------------------------------------------------------ narrowing


@dataclass
class Uses:
    """What holds a field: layouts and wire kinds of its records, faces of its documents; where zero means none."""

    layouts: list[Layout] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    zero_is_none: bool = False
    always: list[object] = field(default_factory=list)  # what is written whatever the value

    def keeps(self, value: object) -> bool:
        """Whether the value comes back from everything that holds it."""
        checks: list[Callable[[object], object]] = [
            *(lambda v, layout=layout: through_layout(layout, v) for layout in self.layouts),
            *(lambda v, wire=wire: through_wire(wire, v) for wire in self.wires),
            *(lambda v, face=face: through_face(face, v) for face in self.faces),
        ]
        return not (self.zero_is_none and value == 0) and all(_comes_back(check, value) for check in checks)

    def values(self, kind: plan.FieldType) -> SearchStrategy[object]:
        """Values of the type that everything here keeps."""
        if self.always:
            return st.just(self.always[0])
        if kind.declared is not None:
            return kind.declared.values().filter(self.keeps)
        narrowing = [layout for layout in self.layouts if self._narrows(layout, kind.scalar)]
        wide = st.one_of([layout.values() for layout in narrowing]) if narrowing else scalars(kind.scalar)
        if any(face.shape == "list" for face in self.faces):
            wide = st.lists(wide, max_size=2)
        elif kind.scalar in RANGES and not self.keeps(RANGES[kind.scalar][1]):
            wide = st.integers(1, 9) | st.integers(0, self._most(kind.scalar))
        return (st.none() | wide.filter(self.keeps)) if kind.maybe else wide.filter(self.keeps)

    def _most(self, kind: str) -> int:
        """About the greatest number that comes back: the greatest of ones alone."""
        greatest = RANGES[kind][1]
        return next((greatest >> bits for bits in range(64) if self.keeps(greatest >> bits)), greatest)

    @staticmethod
    def _narrows(layout: Layout, kind: str) -> bool:
        return not all(_comes_back(lambda value: through_layout(layout, value), edge) for edge in ENDS[kind])


def _comes_back(through: Callable[[object], object], value: object) -> bool:
    try:
        return exact(through(value)) == exact(value)
    except (construct.ConstructError, Wrong, UnicodeError):
        return False


def through_layout(layout: Layout, value: object) -> object:
    """What a value is after it was written and read again."""
    whole = layout.construct(0)
    return whole.parse(whole.build(value))


def through_wire(wire: Wire, value: object) -> object:
    """What a value is after it was written into a protobuf field and read again."""
    content = wire.to_wire(value)
    return wire.from_wire(varint(content, 0)[0] if wire.wire == VARINT else content)


def through_face(face: Face, value: object) -> object:
    """What a value is after it was written into a document and read again."""
    if getattr(face, "reads_text", False):
        return face.read(face.write(value, ""))
    return face.read(json_read.load(face.write(value, "\n").encode(), "value"))


class FieldUses:
    """The uses of every field of an entity, elements' fields by the collection that they are in."""

    def __init__(self, entity: plan.Entity) -> None:
        self._fields = entity.fields
        self._uses: dict[tuple[str, str], Uses] = {}
        for row in entity.rows:
            if row.written and row.role in ("stored", "shared"):
                for part in (*row.key, *(part for form in row.forms if form.written for part in form.parts)):
                    self._part(part)
        for document in entity.documents:
            for member in members_of(document):
                self._member(member)

    def of(self, name: str, collection: str = "") -> Uses:
        """The uses of a field."""
        return self._uses.setdefault((collection, name), Uses())

    def _at(self, name: Name) -> Uses:
        """The uses of what a name says; parts of structs, and fields of the parent, are looked after elsewhere."""
        if name.path:
            return Uses()
        return self.of(name.field, name.collection if name.scope == "element" else "")

    def _part(self, part: plan.Part) -> None:
        if isinstance(part, plan.Message):
            for wired in part.fields:
                self._wired(wired)
        if isinstance(part, plan.Json):
            for member in part.members:
                self._member(member)
        for slot in slots(part):
            if slot.target is not None and slot.derive is None:
                uses = self._at(slot.target)
                uses.layouts.append(slot.layout)
                uses.zero_is_none |= slot.zero_is_none
                uses.always += [slot.constant] if slot.account == "lost" else []

    def _wired(self, wired: plan.WireField) -> None:
        if wired.target is None:
            return
        if wired.wire is not None:
            self._at(wired.target).wires.append(wired.wire)
        if wired.slot is not None and wired.slot.account == "lost":
            self._at(wired.target).always.append(wired.slot.constant)
        for _, item, wire in wired.items:
            self.of(item, wired.target.field).wires.append(wire)

    def _member(self, member: plan.Member) -> None:
        if member.keyed is not None and member.face is not None:
            many = self._fields[member.keyed.field].many
            assert many is not None
            self.of(list(many.fields)[1], member.keyed.field).faces.append(member.face)
        if member.target is not None and member.face is not None and member.derive is None:
            uses = self._at(member.target)
            uses.faces.append(member.face)
            uses.zero_is_none |= member.zero_is_none
            uses.always += [member.face.read(member.reset)] if member.is_reset else []
        for item in (*member.item, *member.members):
            self._member(item)


def slots(part: plan.Part) -> Iterator[plan.Slot]:
    """The slots of a part that are read and have a layout."""
    if isinstance(part, plan.Slot):
        yield part
    elif isinstance(part, plan.Optional):
        yield from part.parts


def members_of(document: plan.Document) -> Iterator[plan.Member]:
    """The outermost members of a document, of all its lines."""
    yield from document.members
    for line in document.lines:
        yield from line.members


def all_members(members: Iterable[plan.Member]) -> Iterator[plan.Member]:
    """Members, and those inside them."""
    for member in members:
        yield member
        yield from all_members((*member.members, *member.item))
