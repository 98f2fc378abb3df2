"""The things of a spec as typed classes: dataclasses, their elements as named tuples, declared types beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codec.layout.types import Kind, Struct, Type
from codec.spec import plan
from codec.spec.account import all_members, member_names, path_parts
from codec.spec.coverage import body_fields

SCALARS = {"bytes": "bytes", "text": "str", "f64": "float", "flag": "bool", "json": "str"}
DEFAULTS = {"bytes": 'b""', "str": '""', "float": "0.0", "bool": "False", "int": "0"}
MEMBERS = {"text": "str", "bytes": "bytes", "flag": "bool", "u64": "int"}
OF_TUPLES = frozenset({"count", "index"})  # what a tuple calls its own


def class_name(entity: plan.Entity, taken: frozenset[str]) -> str:
    """The class of an entity; `taken` are names that the module needs for something else."""
    return f"{entity.name}Thing" if entity.name in taken else entity.name


def element_class(entity: str, *names: str) -> str:
    """The class of the elements of a collection: `HashFields`."""
    return entity + "".join(word.capitalize() for name in names for word in name.split("_"))


def shown_fields(entity: plan.Entity) -> dict[str, plan.FieldType]:
    """The fields of the class: all but the pieces that a body is cut into."""
    hidden = body_fields(entity) - ({entity.bodies.join.field} if entity.bodies else set())
    return {name: kind for name, kind in entity.fields.items() if name not in hidden}


def declared_types(adapter: plan.Adapter) -> Iterator[str]:
    """Declared types, as the classes of fields name them."""
    for kind in adapter.types.values():
        name = _type_class(kind)
        yield ""
        yield ""
        if isinstance(kind, Struct):
            yield f"class {name}(TypedDict):"
            yield f'    """{kind.name}: a message."""'
            yield ""
            yield from (f"    {one.name}: {_member(one, kind)}" for one in kind.kinds)
        else:
            yield f"{name} = tuple[str, Any]  # the tag, and the value: {', '.join(one.name for one in kind.kinds)}"


def _member(one: Kind, kind: Type) -> str:
    base = MEMBERS[one.base] if one.is_scalar else _type_class(kind.types[one.base])
    return {"one": base, "list": f"list[{base}]", "map": f"dict[str, {base}]"}[one.shape]


def _type_class(kind: Type) -> str:
    return f"{kind.name}Message" if isinstance(kind, Struct) else f"Tagged{kind.name}"


def entity_classes(entity: plan.Entity, name: str, parent: str) -> Iterator[str]:
    """The class of an entity, the classes of its elements before it; `parent` is the class that it lies within."""
    for field, kind in shown_fields(entity).items():
        if kind.many is not None:
            yield from _element_classes(name, (field,), kind.many)
    yield ""
    yield ""
    yield "@dataclasses.dataclass"
    yield f"class {name}:"
    yield f'    """{_sentence(entity.doc)}"""'
    yield ""
    if entity.within is not None:
        yield f"    {entity.within[0]}: {parent} = dataclasses.field(default_factory=lambda: {parent}())"
    nothing = {*none_or_empty(entity), *unsaid(entity)}
    for field, kind in shown_fields(entity).items():
        text = _annotation(name, (field,), kind)
        yield f"    {field}: {text} | None = None" if field in nothing else f"    {field}: {text} = {_default(kind)}"


def none_or_empty(entity: plan.Entity) -> Iterator[str]:
    """Collections that can be none, which is not the same as being empty: documents that leave them out say none."""
    for document in entity.documents:
        for member in all_members(document):
            if member.target is None or member.face is None:
                continue
            kind = entity.fields.get(member.target.field)
            if kind is not None and kind.many is not None and member.face.missing() is None:
                yield member.target.field


def unsaid(entity: plan.Entity) -> set[str]:
    """Fields that documents do not always say: they are none where nobody has said them."""
    said = set(entity.identity) | {document.raw for document in entity.documents}
    for document in entity.documents:
        said |= {part.target.field for part in path_parts(document)} | {line.each for line in document.lines}
        said |= {document.keyed.field} if document.keyed is not None else set()
        for member in all_members(document):
            if not (member.option or member.shown_with or member.hidden):
                said |= {name.field for name in member_names(member)}
    return {name for name, kind in entity.fields.items() if name not in said and not kind.maybe}


def _element_classes(entity: str, path: tuple[str, ...], many: plan.Collection) -> Iterator[str]:
    for field, kind in many.fields.items():
        if kind.many is not None:
            yield from _element_classes(entity, (*path, field), kind.many)
    yield ""
    yield ""
    yield f"class {element_class(entity, *path)}(NamedTuple):"
    yield f'    """One of `{".".join(path)}`."""'
    yield ""
    for field, kind in many.fields.items():
        note = "  # type: ignore[assignment]" if field in OF_TUPLES else ""
        yield f"    {field}: {_annotation(entity, (*path, field), kind)}{note}"


def _annotation(entity: str, path: tuple[str, ...], kind: plan.FieldType) -> str:
    if kind.many is not None:
        return f"list[{element_class(entity, *path)}]"
    if kind.declared is not None:
        return _type_class(kind.declared)
    base = SCALARS.get(kind.scalar, "int")
    return f"{base} | None" if kind.maybe else base


def _default(kind: plan.FieldType) -> str:
    if kind.many is not None:
        return "dataclasses.field(default_factory=list)"
    if kind.declared is not None:
        assert isinstance(kind.declared, Struct)
        return f"dataclasses.field(default_factory=lambda: {_type_class(kind.declared)}(**{kind.declared.zero!r}))"
    return "None" if kind.maybe else DEFAULTS[SCALARS.get(kind.scalar, "int")]


def maker(name: str, path: tuple[str, ...], many: plan.Collection) -> str:
    """The expression of the function that turns a tuple into an element's class."""
    nested = [(at, field, kind.many) for at, (field, kind) in enumerate(many.fields.items()) if kind.many is not None]
    if not nested:
        return f"{element_class(name, *path)}._make"
    parts = []
    for at in range(len(many.fields)):
        inner = next((maker(name, (*path, field), one) for index, field, one in nested if index == at), "")
        parts.append(f"[{inner}(inner) for inner in one[{at}]]" if inner else f"one[{at}]")
    return f"lambda one: {element_class(name, *path)}({', '.join(parts)})"


def _sentence(doc: str) -> str:
    return re.sub(r'["\\]', "'", " ".join(doc.split()))
