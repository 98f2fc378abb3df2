"""The JSON Schema of the spec language: put together from its YAML and the primitives, and applied to a spec.

The schema is the only description of what may stand where; messages are made from its titles and descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache, reduce
from operator import getitem
from typing import Any, Protocol, cast

import jsonschema
from jsonschema.exceptions import ValidationError

from codec.errors import SpecError, shown
from codec.layout import segments
from codec.layout.base import LAYOUTS
from codec.layout.faces import FACES
from codec.layout.numbers import Fixed
from codec.layout.wire import WIRE_WORDS
from codec.spec import library, source

Schema = dict[str, object]
FILE = "schema/language.schema.yaml"
_KINDS = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "number": "a number"}


class Primitive(Protocol):
    """What the schema needs of a primitive's class: what follows its word, its other members, its docstring."""

    takes: dict[str, object] | None
    config: dict[str, object]


# ------------------------------------------------------------------------------------------------ the schema


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
            if kind.takes is not None:
                own = {**kind.takes, "description": _summary(kind)}
                _merge(defs[name], _alternative(word, {word: own, **kind.config}))
        _merge(defs[name], {"oneOf": [{"required": ["as"]}]})
        bare = [{"const": word, "description": _summary(kind)} for word, kind in kinds.items() if kind.takes is None]
        defs[f"{name}_name"]["anyOf"] = bare if kinds is numbers else [*bare, {"type": "string", "minLength": 1}]
    word, *_ = cast("list[str]", segments.SCHEMA["required"])
    _merge(defs["segment"], _alternative(word, cast(Schema, segments.SCHEMA["properties"])))
    defs["wire_name"]["enum"] = [*WIRE_WORDS]
    for definition in defs.values():
        for reference in cast("list[dict[str, str]]", definition.pop("allOf", ())):
            _merge(definition, defs[reference["$ref"].rpartition("/")[2]])
    return schema


def _alternative(word: str, members: Mapping[str, object]) -> Schema:
    """What an object may have because it has `word`."""
    return {
        "properties": dict(members),
        "dependentSchemas": {word: {"required": [name for name in members if name != word], "properties": dict(members)}},
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
            target[keyword] = value


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


# ------------------------------------------------------------------------------------------------ checking


@lru_cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(compose())


def validate(data: source.Mapping) -> list[SpecError]:
    """Every place where a loaded spec, or a delta, breaks the schema, in the order of the text."""
    found: dict[tuple[object, ...], SpecError] = {}
    for error in _validator().iter_errors(data):
        for meant in _meant(error):
            for problem in _problems(meant, data):
                found.setdefault((problem.place, problem.message), problem)
    return sorted(found.values(), key=lambda p: (p.place.source, p.place.line or 0, p.place.column or 0))


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """What a person can act on: where alternatives failed, the mistakes in the one that was meant."""
    branches: dict[object, list[ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(child)
    near = [branch for branch in branches.values() if not any(_other_kind(child) for child in branch)]
    if len(near) == 1:
        for child in near[0]:
            yield from _meant(child)
    else:
        yield error


def _other_kind(child: ValidationError) -> bool:
    """Whether an alternative is out of the question: it wants another kind of value altogether."""
    if child.path:
        return False
    if child.validator in ("anyOf", "oneOf") and child.context:
        return next(_meant(child)) is child and not _all_required(child)
    if child.validator in ("enum", "const"):
        options = child.validator_value if child.validator == "enum" else [child.validator_value]
        return not any(type(option) is type(child.instance) for option in cast("list[object]", options))
    return child.validator == "type"


def _all_required(error: ValidationError) -> bool:
    branches = cast("list[Schema]", error.validator_value)
    return error.validator == "oneOf" and all(branch.keys() == {"required"} for branch in branches)


def _problems(error: ValidationError, data: source.Mapping) -> Iterator[SpecError]:
    path = cast("list[str | int]", list(error.absolute_path))
    instance = error.instance
    known = [*cast(Schema, error.schema).get("properties", {})] if isinstance(error.schema, dict) else []  # type: ignore[misc]

    def problem(code: str, message: str, hint: str, step: str = "", expected: str = "", found: str = "") -> SpecError:
        place = source.place_of(data, [*path, step] if step else path)
        return SpecError(code, message, place, path_text(data, path), expected, found, hint)

    if error.validator == "additionalProperties":
        for word in instance.keys() - set(known):
            yield problem("spec-unknown-word", f"`{word}` cannot stand here", nearest(word, known), word)
    elif error.validator is None:  # a member whose schema is `false`; the error says neither its name nor its holder
        *_, beside, _ = error.absolute_schema_path
        refused = [word for word, schema in _node(error.absolute_schema_path).items() if schema is False]
        holder = reduce(getitem, path, cast(Any, data))
        for word in (word for word in refused if word in holder):
            yield problem("spec-unknown-word", f"`{word}` cannot stand beside `{beside}`", "leave one of them out", word)
    elif error.validator in ("required", "dependentRequired"):
        for word in _lacking(error):
            yield problem("spec-missing", f"there is no `{word}`", _description(error, word))
    elif _all_required(error):
        words = [branch["required"][0] for branch in cast("list[dict[str, list[str]]]", error.validator_value)]
        there = [word for word in words if word in instance]
        if there:
            yield problem("spec-unknown-word", f"{_listed(there, 'and')} cannot stand together", "keep one of them", there[1])
        else:
            yield problem("spec-missing", f"there is none of {_listed(words, 'or')}", "say one of them")
    else:
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        subject = f"`{name}`" if path and path[-1] == name else f"an item of `{name}`"
        message = f"{subject} has the wrong value"
        yield problem("spec-value", message, _value_hint(error), expected=_expected(error), found=_found(error))


def _lacking(error: ValidationError) -> list[str]:
    wanted: Iterable[str] = cast("list[str]", error.validator_value)
    if error.validator == "dependentRequired":
        wanted = [w for word, ws in cast("dict[str, list[str]]", error.validator_value).items() if word in error.instance for w in ws]
    return [word for word in wanted if word not in error.instance]


def _value_hint(error: ValidationError) -> str:
    instance = error.instance
    if error.validator in ("enum", "const") and isinstance(instance, str):
        options = error.validator_value if error.validator == "enum" else [error.validator_value]
        return nearest(instance, [option for option in cast("list[object]", options) if isinstance(option, str)])
    if error.validator == "maxProperties":
        return "write each of them as an item of its own"
    if "text" in _expected(error) and isinstance(instance, (int, float)):
        return "quote it, so that it stays text"
    return _description(error)


def _expected(error: ValidationError) -> str:
    """What should stand there, in words: the schema's own title, else its keyword."""
    schema = cast(Schema, error.schema)
    wanted: object = error.validator_value
    if "title" in schema:
        return str(schema["title"])
    if error.validator == "type":
        return " or ".join(_KINDS.get(kind, kind) for kind in ([wanted] if isinstance(wanted, str) else cast("list[str]", wanted)))
    if error.validator in ("enum", "const"):
        options = cast("list[object]", wanted) if error.validator == "enum" else [wanted]
        return _listed([str(option) for option in options], "or")
    words = {
        "minimum": f"at least {wanted}",
        "maximum": f"at most {wanted}",
        "minLength": "text that is not empty",
        "minItems": f"{wanted} items or more",
        "maxItems": f"at most {wanted} items",
        "minProperties": f"{wanted} members or more",
        "maxProperties": f"at most {wanted} members",
        "uniqueItems": "no item twice",
    }
    return words.get(str(error.validator), str(cast(Schema, error.schema).get("description", error.validator)))


def _found(error: ValidationError) -> str:
    instance = error.instance
    if instance is None:
        return "nothing"
    if isinstance(instance, dict):
        return f"a mapping with {_listed([*instance], 'and')}" if instance else "an empty mapping"
    if isinstance(instance, list):
        return f"a list of {len(instance)}" if instance else "an empty list"
    if isinstance(instance, bool):
        return "true" if instance else "false"
    return f"`{instance}`" if isinstance(instance, str) and len(instance) < 40 else shown(instance)


def _description(error: ValidationError, member: str = "") -> str:
    """What the schema says of the place where `error` is, or of a member of it: the last description on the way."""
    found = ""
    way = list(error.absolute_schema_path)[:-1]
    for length in range(len(way) + 1):
        node = _node(way[:length])
        own = cast("dict[str, Schema]", node.get("properties", {})).get(member, {}) if member else node
        found = str(own.get("description") or _target(own).get("description") or found)
    return found


def _node(way: Iterable[str | int]) -> Schema:
    """The part of the schema at the end of `way`, which does not mention references; {} for a list or a word's map."""
    node: object = _validator().schema
    for step in way:
        while isinstance(node, dict) and step not in node:
            node = _target(node)
        node = cast("dict[object, object]", node)[step]
    return node if isinstance(node, dict) else {}


def _target(node: Schema) -> Schema:
    """The definition that a schema refers to."""
    defs = cast("dict[str, Schema]", cast(Schema, _validator().schema)["$defs"])
    return defs.get(str(node.get("$ref", "")).rpartition("/")[2], {})


# ------------------------------------------------------------------------------------------------ words


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint for a word that is not known: the one that was probably meant, else all."""
    close = get_close_matches(word, known, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"one of: {', '.join(known)}" if known else ""


def path_text(data: object, path: Iterable[str | int]) -> str:
    """A path in a spec as people write it: `Hash.meta.key.name`; items with a name are called by it."""
    steps = list(path)
    names = []
    for index, step in enumerate(steps):
        data = data[step] if isinstance(data, (dict, list)) and not (isinstance(data, dict) and step not in data) else None  # type: ignore[index]
        if isinstance(step, str):
            names.append(step)
        elif index + 1 == len(steps) or not isinstance(data, dict) or len(data) != 1:
            names[-1:] = [f"{names[-1]}[{step}]"] if names else [str(step)]
    return ".".join(names)


def _listed(words: Sequence[str], joint: str) -> str:
    quoted = [f"`{word}`" for word in words]
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}" if len(quoted) > 1 else quoted[0]
