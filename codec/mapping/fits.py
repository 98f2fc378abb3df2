"""Whether a document surely fits its JSON Schema, for the few words that our schemas use.

It only says yes: whatever it does not know, or does not like, is judged by `jsonschema`, which also says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
Schema = Mapping[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
}
_SAYS_NOTHING = frozenset(("$schema", "$defs", "title", "description", "then", "else"))


def surely_fits(schema: Schema, value: object, root: Schema | None = None) -> bool:
    """Whether `value` fits; False also means: not known."""
    root = schema if root is None else root
    for word, argument in schema.items():
        if word in _SAYS_NOTHING:
            continue
        rule = _RULES.get(word)
        if rule is None or not rule(argument, value, schema, root):
            return False
    return True


def _type(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    names = argument if isinstance(argument, list) else [argument]
    return any(type(value) in _TYPES.get(name, ()) for name in names)


def _properties(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(surely_fits(inner, value[name], root) for name, inner in argument.items() if name in value)


def _items(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    return not isinstance(value, list) or all(surely_fits(argument, one, root) for one in value)


def _ref(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    start, _, name = argument.rpartition("/")
    return start == "#/$defs" and surely_fits(root["$defs"][name], value, root)


def _if(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    branch = schema.get("then" if surely_fits(argument, value, root) else "else")
    return isinstance(branch, dict) and surely_fits(branch, value, root)


def _format(argument: Any, value: object, schema: Schema, root: Schema) -> bool:
    return argument == "date-time" and isinstance(value, str) and is_time(value)


def _is_whole(value: object) -> bool:
    return type(value) is int


_RULES: dict[str, Callable[[Any, object, Schema, Schema], bool]] = {
    "type": _type,
    "properties": _properties,
    "items": _items,
    "$ref": _ref,
    "if": _if,
    "format": _format,
    "allOf": lambda argument, value, schema, root: all(surely_fits(one, value, root) for one in argument),
    "required": lambda argument, value, schema, root: not isinstance(value, dict) or value.keys() >= set(argument),
    "enum": lambda argument, value, schema, root: isinstance(value, str) and value in argument,
    "const": lambda argument, value, schema, root: isinstance(value, str) and value == argument,
    "minimum": lambda argument, value, schema, root: value is None or (_is_whole(value) and value >= argument),
    "maximum": lambda argument, value, schema, root: value is None or (_is_whole(value) and value <= argument),
    "minLength": lambda argument, value, schema, root: isinstance(value, str) and len(value) >= argument,
    "pattern": lambda argument, value, schema, root: isinstance(value, str) and bool(re.search(argument, value)),
}


def is_time(text: str) -> bool:
    """Whether text is a time as RFC 3339 has it: a real date, hours below 24, seconds below 60 (§3.2)."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    *numbers, zone = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    try:
        datetime(year, month, day, hour, minute, second)
    except ValueError:
        return False
    return zone == "Z" or (int(zone[1:3]) <= 24 and int(zone[4:6]) < 60)
