"""JSON Schemas (2020-12) of every kind of document of a format, derived from its plan; where it has lines, of a line.

They say what an encode takes: members may be left out, or null, where that means something, and unknown ones are
tolerated. Values have the form that a decode writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from codec.layout.base import Wrong
from codec.layout.encoded_faces import Base64, Base64Url
from codec.layout.tagged import Tagged
from codec.layout.types import Kind, Type, Union
from codec.spec import plan
from codec.spec.container import Container

Schema: TypeAlias = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ONE_LINE = ("lines", "sidecar", "together", "bundle", "copies")
SPECIAL = frozenset("\\^$.|?*+()[]{}/")
DIGITS = "[0-9]+"


def schemas(container: Container) -> dict[str, Schema]:
    """The schemas of a format: `manifest` and `encode_info` as its spec has them, then `adapter/Entity.document`.

    A view is called as a document of the entity that it belongs to, a file of names `adapter/NAME`; raw files have
    none. What JSON Schema cannot say is not there: names that differ only in letter case, checks of whole things.
    """
    found = {"manifest": dict(container.manifest.schema), "encode_info": dict(container.encode_info.schema)}
    if container.complement is not None:
        found["complement"] = dict(container.complement.document.schema)
    for adapter in container.adapters:
        for names in adapter.names.values():
            found[f"{adapter.name}/{names.name}"] = _head(names.name, names.path, True) | _names_line(names)
        for entity in adapter.entities:
            for document in entity.documents:
                if document.kind != "raw":
                    found[f"{adapter.name}/{entity.name}.{document.name}"] = _document(adapter, document)
        for view in adapter.views:
            label = f"{view.entity}.{view.name}"
            found[f"{adapter.name}/{label}"] = _head(label, _path_text(view.path), True) | _view_line(view)
    return found


def _head(label: str, path: str, one_line: bool) -> Schema:
    return {"$schema": DIALECT, "title": label, "description": f"{'A line of ' if one_line else ''}{path}"}


def _path_text(path: Iterable[plan.PathStep]) -> str:
    return "/".join("".join(map(_part_text, step)) for step in path)


def _part_text(part: str | plan.PathPart) -> str:
    return part if isinstance(part, str) else f"{{{part.target.text}}}"


def _document(adapter: plan.Adapter, document: plan.Document) -> Schema:
    paths = [_path_text(path) for path in (*(path for _, path in document.alternatives), document.path)]
    path = " or ".join(paths) + (f"{{number}}{document.bundle.suffix}" if document.bundle else "")
    schema = _head(f"{document.entity}.{document.name}", path, document.kind in ONE_LINE)
    if document.kind in ("keyed", "bundle"):
        schema |= {"type": "object", "additionalProperties": _plain_value(document.members[0])}
    elif document.kind == "lines":
        schema |= _lines(document.lines)
    else:
        schema |= _object(document.members)
    unions = {name: _union(kind) for name, kind in adapter.types.items() if isinstance(kind, Union)}
    return schema | {"$defs": unions} if _refers(schema) else schema


def _lines(lines: tuple[plan.Line, ...]) -> Schema:
    """A line is of the kind that its constant member says; of the kind without one, if there is no such member."""
    marks = [line.mark for line in lines if line.mark is not None]
    marked: list[Schema] = [{"required": [name], "properties": {name: {"const": value}}} for name, value in marks]
    unmarked: Schema = {"not": {"anyOf": marked}} if marked else {}
    kinds = [_object(line.members) | (unmarked if line.mark is None else {}) for line in lines]
    return kinds[0] if len(kinds) == 1 else {"oneOf": kinds}


def _names_line(names: plan.Names) -> Schema:
    text = {"type": "string", "minLength": 1}
    members = {names.encoded: text, names.original: Base64Url("bytes", html=False).schema(), names.kind_member: text}
    return {"type": "object", "required": [*members], "properties": members}


def _view_line(view: plan.View) -> Schema:
    members = {
        view.prefix_member: {"type": "string"},
        view.key_member: view.key_face.schema(),
        view.value_member: view.value_face.schema(),
    }
    return {"type": "object", "required": [*members], "properties": members}


# ------------------------------------------------------------------------------------------------ members


def _object(members: tuple[plan.Member, ...]) -> Schema:
    """An object; only members without which it cannot be read are required."""
    schema: Schema = {"type": "object"}
    if required := [member.name for member in members if _is_required(member)]:
        schema["required"] = required
    return schema | {"properties": {member.name: _value(member) for member in members}}


def _is_required(member: plan.Member) -> bool:
    if member.is_constant or member.pattern:
        return True
    if member.members:
        return any(map(_is_required, member.members))
    return _is_scalar(member) and not _is_none_read(member)


def _is_scalar(member: plan.Member) -> bool:
    """Whether a face alone says what the member holds, and a field takes it."""
    other = member.stem or member.texts or member.each is not None or member.keyed is not None
    return not other and not (member.derive is not None and member.target is None)


def _is_none_read(member: plan.Member) -> bool:
    """Whether null, or no such member, means something."""
    if member.none == "left_out" or member.zero_is_none or member.null_is_zero:
        return True
    assert member.face is not None
    try:
        member.face.missing()
    except Wrong:
        return False
    return True


def _value(member: plan.Member) -> Schema:
    """What a member may hold, null among it where that means the same as leaving the member out."""
    schema = _plain_value(member)
    return schema if _is_required(member) or member.stem else _or_null(schema)


def _plain_value(member: plan.Member) -> Schema:
    """What a member holds if it holds anything."""
    if member.is_constant:
        return {"const": member.constant}
    if member.stem:
        return {"type": "string"}
    if member.pattern:
        return {"type": "string", "pattern": _pattern(member)}
    if member.members:
        return _object(member.members)
    if member.texts:
        return {"type": "array", "items": {"type": "string"}}
    if member.each is not None:
        return {"type": "array", "items": _value(member.item[0]) if member.bare else _object(member.item)}
    assert member.face is not None
    if member.keyed is not None:
        return {"type": "object", "additionalProperties": member.face.schema()}
    return _reference(member.face.union.name) if isinstance(member.face, Tagged) else member.face.schema()


def _or_null(schema: Schema) -> Schema:
    """`schema` or null; what accepts everything accepts null already."""
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def _pattern(member: plan.Member) -> str:
    """A text of literals and numbers, as a regular expression that every dialect knows."""
    parts = (part if isinstance(part, str) else None for part in member.pattern)
    return "^" + "".join(DIGITS if part is None else _escaped(part) for part in parts) + "$"


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in SPECIAL else character for character in text)


# ------------------------------------------------------------------------------------------------ tagged values


def _union(union: Union) -> Schema:
    """An object with exactly one of the union's members."""
    members = {kind.name: _tagged(kind, union.types) for kind in union.kinds}
    one: Schema = {"type": "object", "minProperties": 1, "maxProperties": 1}
    return one | {"properties": members, "additionalProperties": False}


def _tagged(kind: Kind, types: Mapping[str, Type]) -> Schema:
    scalars: dict[str, Schema] = {
        "text": {"type": "string"},
        "flag": {"type": "boolean"},
        "bytes": Base64("bytes", html=False).schema(),
    }
    one = _reference(types[kind.base].name) if kind.base in types else scalars[kind.base]
    if kind.shape == "one":
        return one
    return {"type": "array", "items": one} if kind.shape == "list" else {"type": "object", "additionalProperties": one}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _refers(schema: object) -> bool:
    """Whether a schema refers to a definition anywhere."""
    if isinstance(schema, dict):
        return "$ref" in schema or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))
