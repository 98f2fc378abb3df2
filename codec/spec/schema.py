"""The JSON Schema of the spec language: put together from its YAML and the primitives, and applied to a spec.

The schema is the only description of what may stand where; messages are made from its titles and descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, cast

import jsonschema

from codec.errors import SpecError
from codec.layout import literal_path, segments
from codec.layout.base import LAYOUTS
from codec.layout.faces import FACES
from codec.layout.numbers import Fixed
from codec.layout.wire import WIRE_WORDS
from codec.spec import library, source
from codec.spec.violations import Explainer, Schema

FILE = "schema/language.schema.yaml"


class Primitive(Protocol):
    """What the schema needs of a primitive's class: what follows its word, its other members (also optional ones)."""

    takes: dict[str, object] | None
    config: dict[str, object]
    optional: dict[str, object]


def text() -> str:
    """The whole schema as JSON, for editors."""
    return json.dumps(compose(), indent=2, ensure_ascii=False) + "\n"


def compose() -> Schema:
    """The whole schema: the language's own words from its YAML, the primitives' words from their classes."""
    schema = cast(Schema, _plain(source.load(library.root() / FILE)))
    defs = cast("dict[str, Schema]", schema["$defs"])
    layouts = {word: cast(type[Primitive], kind) for word, (kind, _) in LAYOUTS.items()}
    numbers = {word: layouts[word] for word, (kind, _) in LAYOUTS.items() if issubclass(kind, Fixed)}
    faces = cast("dict[str, type[Primitive]]", FACES)
    for name, kinds in (("layout", layouts), ("number", numbers), ("face", faces)):
        for word, kind in kinds.items():
            if kind.takes is None:
                _merge(defs[name], {"properties": kind.optional})
            else:
                own = {**kind.takes, "description": _summary(kind)}
                _merge(defs[name], _alternative(word, {word: own, **kind.config}, kind.optional))
        _merge(defs[name], {"oneOf": [{"required": ["as"]}]})
        bare = [{"const": word, "description": _summary(kind)} for word, kind in kinds.items() if kind.takes is None]
        defs[f"{name}_name"]["anyOf"] = bare if kinds is numbers else [*bare, {"type": "string", "minLength": 1}]
    for shape in (segments.SCHEMA, *literal_path.SCHEMAS.values()):
        word, *_ = required = cast("list[str]", shape["required"])
        members = cast(Schema, shape["properties"])
        optional = {name: schema for name, schema in members.items() if name not in required}
        _merge(defs["segment"], _alternative(word, {name: members[name] for name in required}, optional))
    defs["wire_name"]["enum"] = [*WIRE_WORDS]
    for definition in defs.values():
        for reference in cast("list[dict[str, str]]", definition.pop("allOf", ())):
            _merge(definition, defs[reference["$ref"].rpartition("/")[2]])
    return schema


def _alternative(word: str, members: Mapping[str, object], optional: Mapping[str, object]) -> Schema:
    """What an object must and may have because it has `word`."""
    every = {**members, **optional}
    return {
        "properties": every,
        "dependentSchemas": {word: {"required": [*members], "properties": every}},
        "oneOf": [{"required": [word]}],
    }


def _merge(target: Schema, other: Schema) -> None:
    """Let `target` accept what both describe; a member of both keeps both meanings."""
    for keyword, value in other.items():
        if keyword == "properties":
            members = cast("dict[str, Schema]", target.setdefault(keyword, {}))
            for name, member in cast("dict[str, Schema]", value).items():
                members[name] = _either(members[name], member) if name in members else member
        elif keyword == "dependentSchemas":
            target[keyword] = cast(Schema, target.get(keyword, {})) | cast(Schema, value)
        elif keyword in ("oneOf", "required"):
            known = cast("list[object]", target.get(keyword, []))
            target[keyword] = known + [item for item in cast("list[object]", value) if item not in known]
        elif keyword not in ("title", "description"):
            target.setdefault(keyword, value)


def _either(one: Schema, other: Schema) -> Schema:
    """A member that means one thing or another, depending on the word beside it."""
    shapes: list[object] = []
    descriptions: list[str] = []
    for schema in (one, other):
        plain = {keyword: value for keyword, value in schema.items() if keyword != "description"}
        shapes += [shape for shape in cast("list[object]", plain.get("anyOf", [plain])) if shape not in shapes]
        descriptions += [text for text in [str(schema["description"])] if text not in descriptions]
    shape = cast(Schema, shapes[0]) if len(shapes) == 1 else {"anyOf": shapes}
    return {**shape, "description": " ".join(descriptions)}


def _summary(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _plain(data: object) -> object:
    """`data` without its places."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


@lru_cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(compose())


def validate(data: source.Mapping) -> list[SpecError]:
    """Every place where a loaded spec, or a delta, breaks the schema, in the order of the text."""
    validator = _validator()
    explainer = Explainer(cast(Schema, validator.schema), data)
    found: dict[tuple[object, ...], SpecError] = {}
    for error in validator.iter_errors(data):
        for problem in explainer.problems(error):
            found.setdefault((problem.place, problem.message), problem)
    return sorted(found.values(), key=lambda p: (p.place.source, p.place.line or 0, p.place.column or 0))
