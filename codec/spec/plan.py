"""The resolved spec: every name looked up, every default filled in, every part accounted for. Plain frozen data.

Engines, mapping, documentation and tests read this and nothing else; `place` leads from each part back to its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal

from codec.errors import Place
from codec.frozen import frozen
from codec.layout.base import Layout
from codec.layout.faces import Face
from codec.layout.literal_path import Digits, LiteralPath
from codec.layout.segments import Segment
from codec.layout.tagged import LabelByTag, PlainBase64Url
from codec.layout.types import Type
from codec.layout.wire import Wire
from codec.spec.bodies import Bodies
from codec.spec.words import Condition, Derivation, Name, Pick

Account = Literal["bound", "derived", "constant", "lost"]
Role = Literal["stored", "derived", "dropped", "shared"]

# ------------------------------------------------------------------------------------------------ model


@frozen
class Collection:
    """Many elements: tuples of `fields` in this order; `unique` and `order` name some of them."""

    fields: Mapping[str, FieldType]
    unique: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    positional: bool = False


@frozen
class FieldType:
    """The type of a model's field: a scalar word, perhaps `maybe`; or a collection."""

    scalar: str = ""
    maybe: bool = False
    many: Collection | None = None
    declared: Type | None = None
    inner: Mapping[str, FieldType] | None = None  # of a struct, or of the parent


# ------------------------------------------------------------------------------------------------ stored


@frozen
class Literal_:
    """Bytes that must stand there."""

    text: bytes
    place: Place


@frozen
class Slot:
    """A part that holds a value. `name` is bound (`target`), derived, constant, or lost with a reason."""

    name: str
    layout: Layout
    account: Account
    place: Place
    target: Name | None = None
    derive: Derivation | None = None
    compare: Derivation | None = None
    differs: str = ""
    constant: object = None
    because: str = ""
    zero_is_none: bool = False

    @property
    def kept(self) -> bool:
        """Whether reading yields its value: it is bound, or compared with what the elements say."""
        return self.target is not None or bool(self.differs)


@frozen
class Slack:
    """Whatever follows, `least` bytes or more, is dropped: a loss. `written` is what stands there when it is written."""

    because: str
    place: Place
    written: tuple[Slot, ...] = ()
    least: int = 0


@frozen
class Flags:
    """One byte; bit n says that the later part of that name follows. Other bits are dropped."""

    bits: tuple[tuple[str, int], ...]
    place: Place


@frozen
class Optional:
    """Parts that stand there together or not at all, at the end."""

    parts: tuple[Slot, ...]
    place: Place


@frozen
class WireField:
    """One numbered field of a protobuf message: a scalar `slot`, or elements of `many` built from `items`."""

    number: int
    slot: Slot | None
    name: str
    place: Place
    shape: Literal["scalar", "repeated", "submessages", "entries", "alternating"] = "scalar"
    items: tuple[tuple[int, str, Wire], ...] = ()
    target: Name | None = None
    wire: Wire | None = None

    @property
    def kept(self) -> bool:
        return self.target is not None


@frozen
class Message:
    """The rest of the value is a protobuf message in canonical form."""

    fields: tuple[WireField, ...]
    place: Place


@frozen
class Json:
    """The rest of the value is a JSON object: members as in documents, compact."""

    members: tuple[Member, ...]
    place: Place


Part = Literal_ | Slot | Slack | Flags | Optional | Message | Json


@frozen
class Form:
    """One of several shapes of a value: told by its leading literal, written when `when` holds."""

    name: str
    parts: tuple[Part, ...]
    when: Condition | None
    written: bool
    because: str
    place: Place

    @property
    def magic(self) -> bytes:
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Literal_) else b""


@frozen
class Row:
    """One kind of record.

    Reading yields a tuple in the order of `kept`: the identity, the element's fields (for `each`), the position, then
    fields of the thing and numbers to compare.
    """

    name: str
    entity: str
    role: Role
    place: Place
    manual: str
    prefix: bytes
    key: tuple[Part, ...]
    forms: tuple[Form, ...]
    kept: tuple[str, ...] = ()
    identity: tuple[int, ...] = ()
    each: str = ""
    element: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    gives: tuple[tuple[str, int], ...] = ()
    fields: tuple[tuple[str, int], ...] = ()
    compares: tuple[tuple[Slot, int], ...] = ()
    because: str = ""
    legacy: bool = False
    by_shape: bool = False
    read_with: str = ""  # a derived record that is read where this option is on
    unread: bool = False
    refused: tuple[bytes, ...] = ()
    option: str = ""
    written: bool = True
    shared: str = ""
    key_error: str = ""
    value_error: str = ""
    example: Mapping[str, str] = field(default_factory=dict)  # hexadecimal
    each_of: Name | None = None
    locals: tuple[tuple[str, Pick], ...] = ()
    keep: Literal["greatest", "least"] = "greatest"
    counted: str = ""  # under which of the container's counters, where it is not the adapter's
    copies: str = ""  # written beside each record of that kind: the same but for the prefix
    digest: tuple[str, str, str] = ("", "", "")  # algorithm, the slot that must hold it, the error if it does not
    repeated: tuple[
        Name, ...
    ] = ()  # of records with one key, the one with the greatest first field stays; then the least others
    when: Condition | None = None

    @property
    def label(self) -> str:
        """The row's name in messages: `Hash.meta`."""
        return f"{self.entity}.{self.name}" if self.entity else self.name

    @property
    def owner_slot(self) -> Slot | None:
        """The slot that says whose a record is, if it stands right behind literals: then the rest of a key can wait."""
        slot = next((part for part in self.key if not isinstance(part, Literal_)), None)
        wanted = self.kept[self.identity[0]] if self.identity and self.kept else ""
        return slot if isinstance(slot, Slot) and slot.name == wanted and not slot.layout.is_open else None

    @property
    def needed(self) -> Iterator[Name]:
        """The fields without which a record is not written: those of its plain slots."""
        flagged = {name for form in self.forms for part in form.parts for name, _ in getattr(part, "bits", ())}
        for part in (*self.key, *(part for form in self.forms if form.written for part in form.parts)):
            if isinstance(part, Slot) and part.account == "bound" and part.name not in flagged:
                assert part.target is not None
                yield part.target


@frozen
class Shared:
    """A record kind that several entities own: the first owner that exists gets the row."""

    row: Row
    owners: tuple[tuple[str, str], ...]  # (entity, row that must exist or "")
    orphan: str
    place: Place


# ------------------------------------------------------------------------------------------------ shown


@frozen
class Member:
    """A member of a JSON object; exactly one of the last five says what it holds."""

    name: str
    place: Place
    constant: object = None
    is_constant: bool = False
    target: Name | None = None
    face: Face | None = None
    zero_is_none: bool = False
    none: Literal["null", "left_out"] = "null"
    option: str = ""
    each: Name | None = None
    item: tuple[Member, ...] = ()
    bare: bool = False
    stem: str = ""
    pattern: tuple[str | tuple[Name, str], ...] = ()
    members: tuple[Member, ...] = ()
    derive: Derivation | None = None
    empty_left_out: bool = False
    texts: bool = False
    reset: object = None
    is_reset: bool = False
    unless: str = ""
    null_is_zero: bool = False
    empty_null: bool = False
    hidden: bool = False
    default: object = None
    shown_with: tuple[str, ...] = ()
    keyed: Name | None = None
    because: str = ""


@frozen
class Line:
    """One kind of line of a document of lines: one per element of `each`, or one."""

    each: str
    members: tuple[Member, ...]
    place: Place

    @property
    def mark(self) -> tuple[str, object] | None:
        """The constant member that tells this kind of line from others."""
        return next(((m.name, m.constant) for m in self.members if m.is_constant), None)


@frozen
class PathPart:
    """A piece of a file's name that holds a value."""

    target: Name
    segment: Segment | LabelByTag | PlainBase64Url | LiteralPath | Digits


PathStep = tuple[str | PathPart, ...]  # one component of a path


@frozen
class Bundle:
    """Lines of many things in numbered files of about `most` bytes, ordered by the key of the record `by`."""

    by: str
    most: int
    digits: int
    suffix: str


@frozen
class Restored:
    """A member that comes back as `value` whatever it was, unless one of the options is on: a declared loss."""

    member: str
    value: int
    unless: frozenset[str]
    because: str


@frozen
class Document:
    """A kind of file: JSON (`members`), lines (`lines`), raw bytes (`raw`), or a sidecar line beside another document."""

    name: str
    entity: str
    kind: Literal["json", "lines", "raw", "sidecar", "keyed", "together", "bundle", "copies"]
    path: tuple[PathStep, ...]
    place: Place
    alternatives: tuple[tuple[Condition, tuple[PathStep, ...]], ...] = ()
    keyed: Name | None = None
    labels: str = ""
    named_by: tuple[str, str] | None = None
    empty_folder: str = ""
    order: tuple[Name, ...] = ()
    bundle: Bundle | None = None
    restored: Restored | None = None
    only_with: str = ""  # an option and its value, `name=value`, without which there is no such document
    name_checked: bool = True
    option: str = ""
    error: str = ""
    members: tuple[Member, ...] = ()
    lines: tuple[Line, ...] = ()
    raw: str = ""
    beside: str = ""
    when: Condition | None = None

    @property
    def folder(self) -> str:
        """The folder that all documents of this kind lie in; they differ in the last component."""
        return "/".join(str(step[0]) for step in self.path[:-1])


@frozen
class View:
    """Records shown as they are, with an option: one line each, in the order of the stream; read back as they are.

    `rows` gives for the label of each kind of record the prefix that is printed. `orphaned` is the path where the
    parent's own record is missing.
    """

    name: str
    entity: str
    option: str
    rows: Mapping[str, str]
    path: tuple[PathStep, ...]
    orphaned: tuple[PathStep, ...]
    prefix_member: str
    key_member: str
    value_member: str
    key_face: Face
    value_face: Face
    place: Place


@frozen
class Check:
    """What must hold of a thing before it is written as records."""

    condition: Condition
    hint: str
    place: Place


@frozen
class Warning_:
    """A structured warning: its fields in order, and a sentence."""

    event: str
    fields: tuple[tuple[str, Derivation], ...]
    hint: str


@frozen
class Choose:
    """Which things of a kind count: those whose `field` is one of the parent's candidates, later ones winning.

    A candidate of `nothing_if_zero` that is 0 is none; one of `any_if_zero` that is 0 lets everything count.
    """

    field: str
    candidates: tuple[Name, ...]
    nothing_if_zero: frozenset[str]
    any_if_zero: frozenset[str]
    stale: str


@frozen
class Entity:
    """A thing: what it is, how it is stored, how it is shown."""

    name: str
    doc: str
    place: Place
    fields: Mapping[str, FieldType]
    identity: tuple[str, ...]
    rows: tuple[Row, ...]
    prefer: Mapping[str, tuple[str, ...]]
    exists: str
    orphan: str
    documents: tuple[Document, ...]
    checks: tuple[Check, ...]
    within: tuple[str, str] | None = None  # alias of the parent, and its entity
    choose: Choose | None = None
    computed: tuple[tuple[str, Derivation], ...] = ()
    fill: tuple[tuple[str, str], ...] = ()  # a field that is empty is what another one says
    bodies: Bodies | None = None

    @property
    def collection(self) -> tuple[str, Collection] | None:
        """The one collection whose elements are streamed: its elements have records of their own."""
        streamed = {row.each for row in self.rows if row.each}
        return next(((name, kind.many) for name, kind in self.fields.items() if kind.many and name in streamed), None)

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    @property
    def stored(self) -> Iterator[Row]:
        """The rows that reading takes something from."""
        return (row for row in self.rows if row.role == "stored")


@frozen
class Names:
    """A file that keeps names which cannot be turned back: one line per use."""

    name: str
    path: str
    encoded: str
    original: str
    kind_member: str
    kind: str
    max_line: int
    error: str


@frozen
class Folder:
    """How the adapter's folder is walked: its root, which numbered folders may stand in it, what to do with others."""

    root: str
    pattern: str
    numbered: str
    number_error: str
    unexpected: Literal["warn", "refuse"]
    errors: Mapping[str, str]
    aside: str = ""  # what entries begin with that are no folders and are left alone


@frozen
class Option:
    """An option that the format declares; `member` of the manifest keeps it where the container says so."""

    name: str
    kind: Literal["flag", "choice", "number"]
    choices: tuple[str, ...]
    default: object
    help: str
    directions: tuple[str, ...]
    between: tuple[int, int] = (0, 0)  # of a number


@frozen
class Adapter:
    """One adapter: its entities and all that stands around them."""

    name: str
    format: str
    version: int
    doc: str
    manual: str
    place: Place
    entities: tuple[Entity, ...]
    shared: tuple[Shared, ...]
    unread: tuple[Row, ...]
    warnings: Mapping[str, Warning_]
    options: tuple[Option, ...]
    names: Mapping[str, Names]
    folder: Folder | None
    print_order: tuple[str, ...]
    types: Mapping[str, Type] = field(default_factory=dict)
    aggregates: frozenset[tuple[str, str]] = frozenset()
    views: tuple[View, ...] = ()

    def entity(self, name: str) -> Entity:
        return next(entity for entity in self.entities if entity.name == name)

    @property
    def rows(self) -> Iterator[Row]:
        """Every record kind of the adapter, shared ones once."""
        for entity in self.entities:
            yield from (row for row in entity.rows if row.role != "shared")
        yield from (shared.row for shared in self.shared)
        yield from self.unread
