"""Members of the types that a spec declares: which of them a value has in it, and where they stand on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codec.layout.types import Kind, Type, Union
from codec.spec import plan


def of_message(adapter: str, message: plan.Message, values: Mapping[str, object]) -> Iterator[str]:
    """The anchors of the members that the values of a message's fields have in them, nested ones too."""
    for field in message.fields:
        wires = [field.wire] if field.wire is not None else [wire for _, _, wire in field.items]
        held = values.get(field.name)
        elements = held if isinstance(held, (list, tuple)) and field.wire is None else [(held,)]
        for element in elements:
            for wire, value in zip(wires, element, strict=False):
                if isinstance(wire.declared, Type):
                    yield from _in_value(adapter, wire.declared, value)


def type_anchor(adapter: str, type_name: str, member: str) -> str:
    """The anchor of a member of a declared type."""
    return f"{adapter}.{type_name}.{member}"


def _in_value(adapter: str, type: Type, value: object) -> Iterator[str]:
    """A union is a pair of tag and value, a struct has all of its members."""
    if isinstance(type, Union):
        assert isinstance(value, tuple)
        held = {str(value[0]): value[1]}
    else:
        held = value if isinstance(value, dict) else {}
    for kind in type.kinds:
        if held.get(kind.name) not in (None, "", b"", [], {}):
            yield type_anchor(adapter, type.name, kind.name)
            yield from _inside(adapter, type, kind, held[kind.name])


def _inside(adapter: str, type: Type, kind: Kind, value: object) -> Iterator[str]:
    if kind.is_scalar:
        return
    inner = list(value.values()) if kind.shape == "map" and isinstance(value, dict) else value
    for one in inner if isinstance(inner, list) else [inner]:
        yield from _in_value(adapter, type.types[kind.base], one)
