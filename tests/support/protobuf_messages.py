"""The format's messages for the `protobuf` library, from the tables of dynamodb.md §1.4 and redis.md §2: an oracle.

Nothing of `codec` is used here; descriptors are made at run time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# The library's C part sorts names of maps in its own order, and drops entries that have unknown fields.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

PACKAGE = "cross.check"
UNKNOWN_FIELD = b"\x7a\0"  # of no message here

# message -> field -> (number, type); `repeated`, `map` and `one of` stand before the type
MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "KeySchema": {"hash_key": (1, "string"), "range_key": (2, "string")},
    "Projection": {"projection_type": (1, "string"), "non_key_attributes": (2, "repeated string")},
    "GlobalSecondaryIndex": {"key_schema": (1, "KeySchema"), "projection": (2, "Projection")},
    "TableSchema": {
        "table_name": (1, "string"),
        "attribute_definitions": (2, "map string"),
        "primary_key": (3, "KeySchema"),
        "global_secondary_indexes": (4, "map GlobalSecondaryIndex"),
        "key_encoding_version": (5, "uint64"),
        "migrating_from_generation": (6, "uint64"),
        "generation": (7, "uint64"),
    },
    "StringSet": {"values": (1, "repeated string")},
    "NumberSet": {"values": (1, "repeated string")},
    "BinarySet": {"values": (1, "repeated bytes")},
    "List": {"values": (1, "repeated Value")},
    "Map": {"values": (1, "map Value")},
    "Value": {
        "s": (1, "one string"),
        "n": (2, "one string"),
        "b": (3, "one bytes"),
        "bool_value": (4, "one bool"),
        "null_value": (5, "one bool"),
        "ss": (6, "one StringSet"),
        "ns": (7, "one NumberSet"),
        "bs": (8, "one BinarySet"),
        "l": (9, "one List"),
        "m": (10, "one Map"),
    },
    "Item": {"attributes": (1, "map Value")},
    "RedisSetValue": {"members": (1, "repeated string")},
    "RedisZSetValue": {"entries": (1, "repeated RedisZSetEntry")},
    "RedisZSetEntry": {"member": (1, "string"), "score": (2, "double")},
    "RedisStreamEntry": {"id": (1, "string"), "fields": (2, "repeated string")},
    "RedisHashValue": {"entries": (1, "map string")},
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "uint64": _Field.TYPE_UINT64,
    "double": _Field.TYPE_DOUBLE,
}


def _typed(field: descriptor_pb2.FieldDescriptorProto, name: str, number: int, kind: str) -> None:
    field.name, field.number, field.label = name, number, _Field.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    shape, _, base = kind.rpartition(" ")
    field = message.field.add()
    if shape == "map":
        entry = message.nested_type.add()
        entry.name = "".join(map(str.capitalize, name.split("_"))) + "Entry"
        entry.options.map_entry = True
        _typed(entry.field.add(), "key", 1, "string")
        _typed(entry.field.add(), "value", 2, base)
        _typed(field, name, number, f"{message.name}.{entry.name}")
    else:
        _typed(field, name, number, base)
    if shape in ("map", "repeated"):
        field.label = _Field.LABEL_REPEATED
    if shape == "one":
        if not message.oneof_decl:
            message.oneof_decl.add().name = "value"
        field.oneof_index = 0


def _classes() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="cross_check.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add()
        message.name = name
        for field, (number, kind) in fields.items():
            _add(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {name: message_factory.GetMessageClass(find(f"{PACKAGE}.{name}")) for name in MESSAGES}


CLASSES = _classes()


def written(message: Message) -> bytes:
    """The canonical bytes of a message (dynamodb.md §1.4)."""
    return message.SerializeToString(deterministic=True)


def parsed(name: str, data: bytes) -> Message | None:
    """The message that the library reads; none if it refuses the bytes.

    It takes the last byte of a value for the end of an open group, so it must also take one more field behind.
    """
    message = CLASSES[name]()
    try:
        message.ParseFromString(data + UNKNOWN_FIELD)
        message.ParseFromString(data)
    except (DecodeError, UnicodeDecodeError):
        return None
    return message


# ------------------------------------------------------------------------------------------------ any message

DEEPEST = 3  # values in one another
_RECURSIVE = ("one List", "one Map")
_VALUES: Mapping[str, SearchStrategy[object]] = {
    "string": st.text(max_size=6) | st.sampled_from("ab"),
    "bytes": st.binary(max_size=6),
    "bool": st.booleans(),
    "uint64": st.integers(0, (1 << 64) - 1) | st.integers(0, 200),
    "double": st.floats(allow_nan=False),
}


@st.composite
def messages(draw: st.DrawFn, name: str, whole: bool = True, depth: int = DEEPEST) -> Message:
    """Messages of a kind. Whole ones have all sub-messages and one of each choice, as the format's writers do."""
    message = CLASSES[name]()
    fields = MESSAGES[name]
    choices = [
        field for field, (_, kind) in fields.items() if kind.startswith("one ") and (depth or kind not in _RECURSIVE)
    ]
    chosen = draw(st.sampled_from(choices)) if choices and (whole or draw(st.booleans())) else ""
    for field, (_, kind) in fields.items():
        shape, _, base = kind.rpartition(" ")
        values = _VALUES[base] if base in _VALUES else messages(base, whole, depth - (name == "Value"))
        if shape == "one" and field != chosen:
            continue
        if shape == "map":
            for key, value in draw(st.dictionaries(_VALUES["string"], values, max_size=3)).items():
                put(message, field, key, value)
        elif shape == "repeated":
            getattr(message, field).extend(draw(st.lists(values, max_size=3)))
        elif base in _VALUES:
            setattr(message, field, draw(values))
        elif whole or draw(st.booleans()):
            getattr(message, field).CopyFrom(draw(values))
            getattr(message, field).SetInParent()
    return message


def put(message: Message, field: str, key: str, value: object) -> None:
    """Set an entry of a map."""
    entries = getattr(message, field)
    if isinstance(value, Message):
        entries[key].CopyFrom(value)
    else:
        entries[key] = value
