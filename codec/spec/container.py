"""The container's part of a spec: streams, layers around them, rows of the node itself, and the top of the tree."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from codec.errors import Place
from codec.frozen import frozen
from codec.layout.numbers import Fixed
from codec.spec import plan


@frozen
class Refusal:
    """Values of a bit field that are refused: everything unless among `allowed`."""

    part: str
    allowed: frozenset[int]
    error: str
    hint: str


@frozen
class Frame:
    """A framed part of an entry: a length, at most `most`, and slots around one open slot, in order."""

    length: Fixed
    most: int
    before: tuple[tuple[str, Fixed], ...]
    open: str
    after: tuple[tuple[str, Fixed], ...]

    @property
    def least(self) -> int:
        """How many bytes the slots around the open one take."""
        return sum(layout.size or 0 for _, layout in (*self.before, *self.after))


@frozen
class Bits:
    """Named ranges of bits (first, last) in the slot `slot`."""

    slot: str
    ranges: Mapping[str, tuple[int, int]]


@frozen
class Groups:
    """Entries grouped by key: a framed key, a count, and per version fixed slots and a framed value."""

    key: Frame
    count: Fixed
    most_versions: int
    version: tuple[tuple[str, Fixed], ...]
    value: Frame


@frozen
class StreamPlan:
    """One kind of record stream."""

    name: str
    magic: bytes
    header: tuple[tuple[str, Fixed], ...]
    constants: Mapping[str, int]
    checksum: str
    key: Frame | None
    value: Frame | None
    bits: Bits | None
    refuse: tuple[Refusal, ...]
    groups: Groups | None
    errors: Mapping[str, str]
    write_errors: Mapping[str, str]
    place: Place
    footer: Fixed | None = None  # the CRC-32C of the stream up to here

    @property
    def stamp(self) -> struct.Struct:
        """What packs the inverted timestamp behind each framed key; for a stream whose keys are framed."""
        assert self.key is not None
        return struct.Struct(self.key.after[0][1].format)


@frozen
class Clock:
    """The header that a state machine puts in front of a stream: `starts`, one byte that tells the form, its slots."""

    starts: bytes
    forms: Mapping[bytes, tuple[tuple[str, Fixed], ...]]
    sized: frozenset[bytes]
    named: str
    error: str
    floor: str = ""  # the slot that must be above the last commit, which is shifted by `shift` bits
    shift: int = 0


@frozen
class Footer:
    """The checksum of everything before it, at the very end."""

    crc: Fixed
    named: str
    error: str


@frozen
class Operational:
    """A row of the node itself: told by its whole key."""

    name: str
    pattern: tuple[bytes | int, ...]
    size: int

    def matches(self, key: bytes) -> bool:
        """Whether `key`, as it is framed, is this row's; numbers in the pattern are widths of anything."""
        at = 0
        for part in self.pattern:
            if isinstance(part, int):
                at += part
            elif key.startswith(part, at):
                at += len(part)
            else:
                return False
        return at == len(key)


@frozen
class TopDocument:
    """A JSON document about a run, at the top of the tree or beside the output."""

    path: str
    schema: Mapping[str, object]
    gate: Mapping[str, object]
    gate_error: str
    error: str
    html: bool
    end: str
    members: Mapping[str, object]


@frozen
class Restore:
    """What a restore refuses besides damage: a document longer than `most`, a `ceiling_of` of the header that is not
    below `ceiling` once shifted; `errors` by reason."""

    most: int
    ceiling_of: str
    shift: int
    ceiling: int
    errors: Mapping[str, str]


@frozen
class ComplementPlan:
    """Where a complement stands in the tree: the paths of its files, the members of a line of facts, its document."""

    folder: str
    steps: str
    values: str
    facts: str
    line: Mapping[str, str]
    document: TopDocument
    errors: Mapping[str, str]


@frozen
class ArchiveLimits:
    """How much of a packed tree is unpacked at most: files and folders, and bytes in all files together."""

    entries: int
    bytes: int


@frozen
class Container:
    """Everything of a format: its streams and layers, its adapters, the top of its tree."""

    name: str
    version: int
    doc: str
    manual: str
    place: Place
    streams: tuple[StreamPlan, ...]
    clock: Clock
    footer: Footer
    operational: tuple[Operational, ...]
    operational_reason: str
    internal: tuple[plan.Row, ...]
    counters: Mapping[str, str]
    adapters: tuple[plan.Adapter, ...]
    print_order: tuple[str, ...]
    encode_order: tuple[str, ...]
    input_suffix: str
    input_base: Mapping[str, int]
    manifest: TopDocument
    checksums: str
    archive: ArchiveLimits
    encode_info: TopDocument
    mismatch: Mapping[str, str]
    mismatch_most: int
    usage_errors: Mapping[str, str]
    restore: Restore | None = None
    complement: ComplementPlan | None = None
    carried_over: tuple[str, ...] = ()  # the options under which a tree shows most, for migrations

    def adapter(self, name: str) -> plan.Adapter:
        return next(adapter for adapter in self.adapters if adapter.name == name)

    @property
    def written(self) -> StreamPlan:
        """The stream that an encode writes."""
        return next(stream for stream in self.streams if stream.write_errors)


SCHEMAS = (("manifest",), ("encode_info",), ("complement", "document"))
"""The documents at the top whose JSON Schemas stand in files of their own: where a spec has them."""
