"""Whole snapshot files by the plan of their container, written without the help of `codec.stream`.

The same versions of rows in every stream and in every layer around it that the format declares.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, product
from operator import attrgetter

import google_crc32c

from codec.layout.numbers import Fixed
from codec.spec.container import Clock, Container, Frame, StreamPlan

Numbers = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one row."""

    key: bytes
    commit_ts: int
    value: bytes
    tombstone: bool = False
    expire_at: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What a snapshot file holds: versions of rows in the order of the file, and rows of the node itself."""

    last_commit_ts: int
    versions: tuple[Version, ...]
    operational: tuple[tuple[bytes, bytes], ...] = ()
    slack: bytes = b""  # what a layer holds behind the members that the format knows


@dataclass(frozen=True, slots=True)
class Writer:
    """One way to write a history into a file: a kind of stream, the layer in front, and whether a footer is behind."""

    container: Container
    plan: StreamPlan
    form: bytes | None
    has_footer: bool

    @property
    def name(self) -> str:
        """The way in the words of the spec."""
        layer = f" in {self.container.clock.named} {self.form.decode('latin-1')}" if self.form is not None else ""
        return self.plan.name + layer + (f" as {self.container.footer.named}" if self.has_footer else "")

    def write(self, history: History) -> bytes:
        """The whole file."""
        data = stream(self.plan, history)
        if self.form is not None:
            data = clock(self.container.clock, self.form, history.slack) + data
        return with_footer(self.container, data) if self.has_footer else data


def writers(container: Container) -> Iterator[Writer]:
    """Every way: each kind of stream, bare and in each layer, with and without footer."""
    for plan, form, has_footer in product(container.streams, (None, *container.clock.forms), (False, True)):
        yield Writer(container, plan, form, has_footer)


def bare(container: Container, history: History) -> bytes:
    """The stream that an encode writes."""
    return stream(container.written, history)


def stream(plan: StreamPlan, history: History) -> bytes:
    """A stream of one kind; one that groups the versions of a key has them together, oldest first."""
    body = grouped(plan, history.versions) if plan.groups else _framed(plan, history)
    return headed(plan, body, {"last_commit_ts": history.last_commit_ts})


def headed(plan: StreamPlan, body: bytes, said: Numbers) -> bytes:
    """A stream of any body: magic, header with what is `said` in it, and the checksum if it has one."""
    numbers = {name: 0 for name, _ in plan.header} | dict(plan.constants) | dict(said)
    header = {name: pack(layout, numbers[name]) for name, layout in plan.header}
    if plan.checksum:
        names = [name for name, _ in plan.header]
        behind = b"".join(header[name] for name in names[names.index(plan.checksum) + 1 :])
        header[plan.checksum] = pack(dict(plan.header)[plan.checksum], zlib.crc32(behind + body))
    data = plan.magic + b"".join(header.values()) + body
    return data if plan.footer is None else data + pack(plan.footer, google_crc32c.value(data))


def with_footer(container: Container, payload: bytes) -> bytes:
    """A payload with the checksum of all of it behind."""
    return payload + pack(container.footer.crc, google_crc32c.value(payload))


def clock(layer: Clock, form: bytes, slack: bytes) -> bytes:
    """The header that a state machine puts in front."""
    (first_name, first), *others = layer.forms[form]
    if form not in layer.sized:
        return layer.starts + form + b"".join(pack(layout, 0) for _, layout in layer.forms[form])
    rest = b"".join(pack(layout, 0) for _, layout in others) + slack
    assert first.low is None or len(rest) >= first.low, first_name
    return layer.starts + form + pack(first, len(rest)) + rest


def pack(layout: Fixed, value: int) -> bytes:
    """The bytes of one number."""
    return struct.pack(layout.format, layout.to_raw(value))


def _framed(plan: StreamPlan, history: History) -> bytes:
    key, value, bits = plan.key, plan.value, plan.bits
    assert key is not None
    assert value is not None
    assert bits is not None
    first, _ = bits.ranges["tombstone"]
    out = [
        framed(frame, part, {}, whole=True)
        for row in history.operational
        for frame, part in zip((key, value), row, strict=True)
    ]
    for one in history.versions:
        out.append(framed(key, one.key, {"commit_ts": one.commit_ts}))
        out.append(framed(value, one.value, {bits.slot: one.tombstone << first, "expire_at": one.expire_at}))
    return b"".join(out)


def framed(frame: Frame, content: bytes, numbers: Numbers, whole: bool = False) -> bytes:
    """A length, and the content with the numbers around it; `whole` content has them already."""
    before, after = (() if whole else frame.before), (() if whole else frame.after)
    data = b"".join(pack(layout, numbers[name]) for name, layout in before) + content
    data += b"".join(pack(layout, numbers[name]) for name, layout in after)
    return pack(frame.length, len(data)) + data


def grouped(plan: StreamPlan, versions: Iterable[Version]) -> bytes:
    """The body of a stream that has the versions of each key together."""
    assert plan.groups is not None
    out = []
    for key, group in groupby(sorted(versions, key=attrgetter("key", "commit_ts")), key=attrgetter("key")):
        members = list(group)
        out += [framed(plan.groups.key, key, {}), pack(plan.groups.count, len(members))]
        for one in members:
            numbers = {"commit_ts": one.commit_ts, "tombstone": int(one.tombstone), "expire_at": one.expire_at}
            out += [pack(layout, numbers[name]) for name, layout in plan.groups.version]
            out.append(framed(plan.groups.value, one.value, {}))
    return b"".join(out)


def in_order(container: Container, history: History) -> History:
    """The history sorted as a store sorts it: by framed key."""
    frame = container.written.key
    assert frame is not None
    (_, suffix) = frame.after[0]
    ordered = sorted(history.versions, key=lambda one: one.key + pack(suffix, one.commit_ts))
    return History(history.last_commit_ts, tuple(ordered), history.operational, history.slack)


def operational_rows(container: Container) -> list[tuple[bytes, bytes]]:
    """One row of the node itself of each kind, with zeros where anything may stand."""
    return [
        (b"".join(part if isinstance(part, bytes) else b"\0" * part for part in row.pattern), b"\x01" * row.size)
        for row in container.operational
    ]
