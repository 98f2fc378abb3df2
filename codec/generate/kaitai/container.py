"""The file as a Kaitai struct: what stands in front, the stream with its entries, the checksum at the end.

Kaitai reads what is there: it has no word for checksums, nor for the order of entries.
"""

from __future__ import annotations

from collections.abc import Sequence

from codec.generate.kaitai.words import Attribute, Struct, identifier, joined, ksy, left, literal, number, same
from codec.layout.numbers import Fixed
from codec.spec.container import Clock, Container, Frame, Groups, Operational, StreamPlan

FRONT, MAGIC, END = "front", "magic", "footer"


def container_struct(container: Container) -> str:
    """The `.ksy` text of a format's file.

    Raises `AssertionError` for streams whose magics differ in length: Kaitai tells them apart by what it has read.
    """
    (width,) = {len(stream.magic) for stream in container.streams}
    seq: list[Attribute] = [_front(container.clock), {"id": MAGIC, "size": width}]
    seq += [{"id": identifier(s.name), "type": _body(s), "if": same(MAGIC, s.magic)} for s in container.streams]
    seq.append({"id": END, "type": END, "if": "not _io.eof"})
    types: dict[str, Struct] = {
        FRONT: _front_type(container.clock),
        END: {"seq": [number("crc", container.footer.crc)]},
    }
    for stream in container.streams:
        types |= _stream(container, stream)
    name = identifier(container.name)
    starts = len(container.clock.starts)
    instances = {"starts": {"pos": 0, "size": starts, "if": f"_io.size >= {starts}"}}
    body = {"seq": seq, "instances": instances, "types": types}
    return ksy(name, f"{container.name} version {container.version}", " ".join(container.doc.split()), body)


def _body(stream: StreamPlan) -> str:
    return f"{identifier(stream.name)}_stream"


def _front(clock: Clock) -> Attribute:
    return {"id": FRONT, "type": FRONT, "if": f"_io.size >= {len(clock.starts)} and {same('starts', clock.starts)}"}


def _front_type(clock: Clock) -> Struct:
    """The byte behind the text says which form follows."""
    seq: list[Attribute] = [literal("starts", clock.starts), {"id": "form", "type": "u1"}]
    types = {}
    for form, slots in clock.forms.items():
        name = identifier("form", form.decode("latin-1"))
        held: Attribute = {"id": name, "type": name, "if": f"form == {form[0]}"}
        if form in clock.sized:
            (size, layout), *slots_after = slots
            seq.append({**number(size, layout), "if": f"form == {form[0]}"})
            held["size"] = identifier(size)
            slots = tuple(slots_after)
        types[name] = {"seq": [number(slot, one) for slot, one in slots]}
        seq.append(held)
    return {"seq": seq, "types": types}


# ------------------------------------------------------------------------------------------------ streams


def _stream(container: Container, stream: StreamPlan) -> dict[str, Struct]:
    head = [
        {**number(name, layout), "valid": stream.constants[name]} if name in stream.constants else number(name, layout)
        for name, layout in stream.header
    ]
    prefix = identifier(stream.name)
    inner = _groups(stream.groups, prefix) if stream.groups else _entries(container, stream, prefix)
    width = stream.groups.key.length.size if stream.groups else stream.key.length.size if stream.key else 0
    own = [] if stream.footer is None else [number("footer", stream.footer)]
    if stream.footer is not None:  # no entry is as short as what may stand behind the last one
        width = (stream.footer.size or 0) + (container.footer.crc.size or 0) + 1
    more = f"_io.size - _io.pos >= {width}"
    last = f"_io.size - _io.pos < {width}"
    entries: Attribute = {
        "id": "entries",
        "type": f"{prefix}_entry",
        "repeat": "until",
        "repeat-until": last,
        "if": more,
    }
    return {_body(stream): {"seq": [*head, entries, *own]}, **inner}


def _entries(container: Container, stream: StreamPlan, prefix: str) -> dict[str, Struct]:
    assert stream.key is not None and stream.value is not None
    key, value = f"{prefix}_key", f"{prefix}_value"
    operational = joined(
        "or", [f"key.is_{identifier(o.name)} and len_value == {o.size}" for o in container.operational]
    )
    entry: Struct = {
        "seq": [
            *_framed("key", stream.key, {"type": key}),
            *_framed("value", stream.value, {"type": {"switch-on": "is_operational", "cases": {False: value}}}),
        ],
        "instances": {"is_operational": {"value": operational, "doc": "A row of the node itself: its value is bare."}},
    }
    return {f"{prefix}_entry": entry, key: _key(container, stream.key), value: _value(stream)}


def _framed(name: str, frame: Frame, what: Attribute) -> list[Attribute]:
    length: Attribute = {**number(f"len_{name}", frame.length), "valid": {"max": frame.most}}
    return [length, {"id": name, "size": f"len_{name}", **what}]


def _key(container: Container, frame: Frame) -> Struct:
    """A key as it is framed: told from the node's own rows by the whole of it, so its parts are read when asked for."""
    instances: dict[str, Attribute] = {}
    for one in container.operational:
        instances |= _told(one)
    before = sum(layout.size or 0 for _, layout in frame.before)
    after = frame.least - before
    instances[identifier(frame.open or "bytes")] = {"pos": before, "size": f"raw.length - {frame.least}"}
    instances |= _placed(frame.before, "0") | _placed(frame.after, f"raw.length - {after}")
    return {"seq": [{"id": "raw", "size-eos": True}], "instances": instances}


def _placed(slots: Sequence[tuple[str, Fixed]], start: str) -> dict[str, Attribute]:
    found, at = {}, 0
    for name, layout in slots:
        attribute = number(name, layout)
        known = str(attribute.pop("id"))
        found[known] = {"pos": f"{start} + {at}" if at else start, **attribute}
        at += layout.size or 0
    return found


def _told(one: Operational) -> dict[str, Attribute]:
    """Whether a key is this row's: its length, and its literals at their places."""
    name, at = identifier(one.name), 0
    found: dict[str, Attribute] = {}
    conditions = []
    for part in one.pattern:
        if isinstance(part, bytes):
            piece = f"{name}_{at}"
            found[piece] = {"pos": at, "size": len(part)}
            conditions.append(same(piece, part))
        at += part if isinstance(part, int) else len(part)
    return found | {f"is_{name}": {"value": joined("and", [f"raw.length == {at}", *conditions])}}


def _value(stream: StreamPlan) -> Struct:
    assert stream.value is not None
    frame = stream.value
    tail = sum(layout.size or 0 for _, layout in frame.after)
    held: Attribute = {"id": identifier(frame.open or "bytes"), **left(tail)}
    seq = [*(number(*slot) for slot in frame.before), held, *(number(*slot) for slot in frame.after)]
    if stream.bits is None:
        return {"seq": seq}
    slot = identifier(stream.bits.slot)
    instances = {
        identifier(name): {"value": f"({slot} >> {first}) & {(1 << (last - first + 1)) - 1}"}
        for name, (first, last) in stream.bits.ranges.items()
    }
    return {"seq": seq, "instances": instances}


def _groups(groups: Groups, prefix: str) -> dict[str, Struct]:
    version: list[Attribute] = [*(number(*slot) for slot in groups.version), *_framed("value", groups.value, {})]
    count: Attribute = {**number("len_versions", groups.count), "valid": {"max": groups.most_versions}}
    many: Attribute = {"id": "versions", "type": f"{prefix}_version", "repeat": "expr", "repeat-expr": "len_versions"}
    entry: Struct = {"seq": [*_framed("key", groups.key, {}), count, many]}
    return {f"{prefix}_entry": entry, f"{prefix}_version": {"seq": version}}
