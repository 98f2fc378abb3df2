"""Whole snapshot files by the plan of their container, written without the help of `codec.stream`.

The same versions of rows in every stream and in every layer around it that the format declares.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
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


def writers(container: Container) -> dict[str, Callable[[History], bytes]]:
    """Every way to write a history into a file: each kind of stream, bare and in each layer, with and without footer."""
    result: dict[str, Callable[[History], bytes]] = {}
    for plan in container.streams:
        bare: Callable[[History], bytes] = lambda history, plan=plan: stream(plan, history)  # type: ignore[misc]
        forms: dict[str, Callable[[History], bytes]] = {plan.name: bare}
        for form in container.clock.forms:
            forms[f"{plan.name} in {container.clock.named} {form.decode('latin-1')}"] = lambda history, form=form, bare=bare: (  # type: ignore[misc]
                clock(container.clock, form, history.slack) + bare(history)
            )
        for name, write in forms.items():
            result[name] = write
            result[f"{name} in {container.footer.named}"] = lambda history, write=write: with_footer(container, write(history))  # type: ignore[misc]
    return result


def bare(container: Container, history: History) -> bytes:
    """The stream that an encode writes."""
    return stream(container.written, history)


def stream(plan: StreamPlan, history: History) -> bytes:
    """A stream of one kind; one that groups the versions of a key has them together, oldest first."""
    body = _grouped(plan, history.versions) if plan.groups else _framed(plan, history)
    numbers = {name: 0 for name, _ in plan.header} | dict(plan.constants) | {"last_commit_ts": history.last_commit_ts}
    header = {name: pack(layout, numbers[name]) for name, layout in plan.header}
    if plan.checksum:
        names = [name for name, _ in plan.header]
        behind = b"".join(header[name] for name in names[names.index(plan.checksum) + 1 :])
        header[plan.checksum] = pack(dict(plan.header)[plan.checksum], zlib.crc32(behind + body))
    return plan.magic + b"".join(header.values()) + body


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
    assert plan.key is not None and plan.value is not None and plan.bits is not None
    first, _ = plan.bits.ranges["tombstone"]
    raw = [framed(plan.key, key, {}, whole=True) + framed(plan.value, value, {}, whole=True) for key, value in history.operational]
    rows = [
        framed(plan.key, one.key, {"commit_ts": one.commit_ts})
        + framed(plan.value, one.value, {plan.bits.slot: one.tombstone << first, "expire_at": one.expire_at})
        for one in history.versions
    ]
    return b"".join(raw + rows)


def framed(frame: Frame, content: bytes, numbers: Numbers, whole: bool = False) -> bytes:
    """A length, and the content with the numbers around it; `whole` content has them already."""
    before, after = (() if whole else frame.before), (() if whole else frame.after)
    data = b"".join(pack(layout, numbers[name]) for name, layout in before) + content
    data += b"".join(pack(layout, numbers[name]) for name, layout in after)
    return pack(frame.length, len(data)) + data


def _grouped(plan: StreamPlan, versions: Iterable[Version]) -> bytes:
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
