"""The kinds of records of one adapter as Kaitai structs: a type for each key, and for each form of a value.

From the first part on whose end Kaitai cannot find, a record is one opaque part, and its documentation says what is in
it. Bytes behind the last part are not refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from codec.engine.patterns import fixed_width
from codec.generate.kaitai.words import Attribute, Struct, identifier, ksy, left, literal, number
from codec.layout.base import Layout
from codec.layout.numbers import Fixed
from codec.layout.strings import FixedBytes, Prefixed, Utf8
from codec.spec import plan
from codec.spec.describe import cells, literal_text

PROTOBUF: dict[str, Struct] = {
    "protobuf": {
        "doc": "A protobuf message: fields as they come.",
        "seq": [{"id": "fields", "type": "protobuf_field", "repeat": "eos"}],
    },
    "protobuf_field": {
        "seq": [
            {"id": "tag", "type": "varint"},
            {
                "id": "value",
                "type": {
                    "switch-on": "wire_type",
                    "cases": {0: "varint", 1: "fixed_64", 2: "chunk", 5: "fixed_32"},
                },
            },
        ],
        "instances": {"number": {"value": "tag.value >> 3"}, "wire_type": {"value": "tag.value & 7"}},
    },
    "fixed_64": {"seq": [{"id": "bytes", "size": 8}]},
    "fixed_32": {"seq": [{"id": "bytes", "size": 4}]},
    "chunk": {"seq": [{"id": "len_bytes", "type": "varint"}, {"id": "bytes", "size": "len_bytes.value"}]},
    "varint": {
        "doc": "A number of up to 10 bytes, 7 bits in each, the lowest first.",
        "seq": [{"id": "groups", "type": "u1", "repeat": "until", "repeat-until": "_ < 128"}],
        "instances": {
            "value": {
                "value": " + ".join(
                    f"(groups.size > {at} ? (groups[{at}] & 127) << {7 * at} : 0)" if at else "(groups[0] & 127)"
                    for at in range(10)
                )
            }
        },
    },
}


def record_structs(adapter: plan.Adapter) -> str | None:
    """The `.ksy` text of an adapter's records; None if it has none."""
    types: dict[str, Struct] = {}
    for row in adapter.rows:
        if not row.unread:
            types[key_name(row)] = _pattern(row.key, f"The key of `{row.label}`.")
            for form in row.forms:
                types[value_name(row, form)] = _pattern(form.parts, f"The value of `{row.label}`.")
    if not types:
        return None
    title = f"{adapter.format} version {adapter.version}: keys and values of records"
    return ksy(struct_name(adapter), title, " ".join(adapter.doc.split()), {"types": types | PROTOBUF})


def struct_name(adapter: plan.Adapter) -> str:
    """The name of the adapter's struct, and of its file."""
    return identifier(adapter.format)


def key_name(row: plan.Row) -> str:
    """The type of a row's keys."""
    return identifier(row.label, "key")


def value_name(row: plan.Row, form: plan.Form) -> str:
    """The type of a row's values in one form."""
    return identifier(row.label, "value", *((form.name,) if len(row.forms) > 1 else ()))


def _pattern(parts: Sequence[plan.Part], doc: str) -> Struct:
    seq: list[Attribute] = []
    types: dict[str, Struct] = {}
    flags: dict[str, int] = {}
    for index, part in enumerate(parts):
        if isinstance(part, plan.Literal_):
            seq.append(literal(f"literal_{index}", part.text))
        elif isinstance(part, plan.Flags):
            flags = dict(part.bits)
            seq.append({"id": "flags", "type": "u1"})
        elif isinstance(part, plan.Slack):
            seq.append({"id": "slack", "size-eos": True, "doc": part.because})
        elif isinstance(part, plan.Message):
            names = ", ".join(f"{field.number} is {field.name}" for field in part.fields)
            seq.append({"id": "message", "type": "protobuf", "size-eos": True, "doc": f"Fields: {names}."})
        elif isinstance(part, plan.Json):
            seq.append({"id": "json", "type": "str", "encoding": "UTF-8", "size-eos": True})
        elif isinstance(part, plan.Optional):
            name = f"optional_{index}"
            types[name] = {"seq": [one for slot in part.parts for one in _slot(slot.name, slot.layout, 0) or ()]}
            seq.append({"id": name, "type": name, "if": "not _io.eof"})
        else:
            found = _slot(part.name, part.layout, fixed_width(parts[index + 1 :]))
            if found is None:
                seq.append(_opaque(parts[index:]))
                break
            condition = {"if": f"(flags & {1 << flags[part.name]}) != 0"} if part.name in flags else {}
            seq += [{**one, **condition} for one in found]
    return {"doc": doc, "seq": seq} | ({"types": types} if types else {})


def _slot(name: str, layout: Layout, tail: int) -> list[Attribute] | None:
    """The attributes of a slot; None if Kaitai cannot find its end."""
    known = identifier(name)
    if isinstance(layout, Fixed):
        return [number(name, layout)]
    if isinstance(layout, Prefixed):
        length: Attribute = {**number(f"len_{known}", layout.length), "valid": {"max": layout.most}}
        return [length, {"id": known, "size": f"len_{known}"}]
    if isinstance(layout, FixedBytes):
        return [{"id": known, "size": layout.size}]
    if isinstance(layout, Utf8):
        return [{"id": known, "type": "str", "encoding": "UTF-8", **left(tail)}]
    if layout.is_open:
        return [{"id": known, **left(tail), "doc": layout.describe()}]
    return None


def _opaque(parts: Sequence[plan.Part]) -> Attribute:
    names = (
        literal_text(part.text)
        if isinstance(part, plan.Literal_)
        else ", ".join(f"{n} ({w})" for n, _, w in cells(part))
        for part in parts
    )
    return {"id": "rest", "size-eos": True, "doc": f"One after the other: {', '.join(names)}."}
