"""Words of the spec language, and where a spec uses each: in which of the points that vectors hit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from codec.conformance.points import Point
from codec.errors import Place
from codec.spec import library, source
from codec.spec.extends import extended
from codec.spec.schema import compose

Schema: TypeAlias = Mapping[str, object]
Path = tuple[source.Step, ...]


def words_of(name: str, points: Iterable[Point]) -> dict[str, set[str]]:
    """The words that the specs of the format `name` use, each with the anchors of the points that it stands in.

    A word that stands outside of all of them, in a head or a shared definition, is in the first point of its spec.
    """
    language = compose()
    anchors: dict[Place, list[str]] = {}
    for point in points:
        anchors.setdefault(point.place, []).append(point.anchor)
    found: dict[str, set[str]] = {}
    path = library.main_file(name)
    main = extended(path)
    for data in (main, *library.carried(path, main)):
        top = [str(data.get("adapter", main["format"]))]
        for word, where in _words(data, [language], language, ()):
            places = (source.place_of(data, where[:length]) for length in range(len(where), 0, -1))
            here = next((anchors[place] for place in places if place in anchors), top)
            found.setdefault(word, set()).update(here)
    return found


def _words(data: object, schemas: list[Schema], language: Schema, path: Path) -> Iterator[tuple[str, Path]]:
    """Every word in a part of a spec: names of members that the schema knows, and scalars that it lists."""
    known = list(_flat(schemas, language))
    if isinstance(data, dict):
        for name, inner in data.items():
            own = [one for schema in known for one in _members(schema, "properties", name)]
            if own:
                yield str(name), (*path, name)
            rest = [
                schema["additionalProperties"]
                for schema in known
                if isinstance(schema.get("additionalProperties"), dict)
            ]
            yield from _words(inner, own or rest, language, (*path, name))  # type: ignore[arg-type]
    elif isinstance(data, list):
        items = [schema["items"] for schema in known if isinstance(schema.get("items"), dict)]
        for index, inner in enumerate(data):
            yield from _words(inner, items, language, (*path, index))  # type: ignore[arg-type]
    elif isinstance(data, str):
        for schema in known:
            listed = schema.get("enum", [schema.get("const")])
            if isinstance(listed, list) and data in listed:
                yield data, path
                return


def _members(schema: Schema, group: str, name: object) -> Iterator[Schema]:
    members = schema.get(group)
    if isinstance(members, dict) and isinstance(members.get(name), dict):
        yield members[name]


def _flat(schemas: Iterable[Schema], language: Schema) -> Iterator[Schema]:
    """Schemas with what they refer to, and all of their alternatives."""
    seen: set[int] = set()
    waiting = list(schemas)
    definitions = language["$defs"]
    assert isinstance(definitions, dict)
    while waiting:
        schema = waiting.pop()
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        if "$ref" in schema:
            waiting.append(definitions[str(schema["$ref"]).rpartition("/")[2]])
        for group in ("anyOf", "oneOf", "allOf"):
            alternatives = schema.get(group, [])
            assert isinstance(alternatives, list)
            waiting += [one for one in alternatives if isinstance(one, dict)]
        waiting += [one for group in ("then", "else") if isinstance(one := schema.get(group), dict)]
