"""Bodies resolved: what their pieces are, which parts declare them, how they are cut; keys as paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from codec.errors import Place
from codec.layout import literal_path
from codec.spec import plan
from codec.spec.bodies import Bodies, Cut, Join, Source, Take
from codec.spec.context import Scope
from codec.spec.shapes import Shapes
from codec.spec.wording import nearest
from codec.spec.words import Name

Data = dict[str, object]
NONE = -1


class Assembly(Shapes):
    """The part of the resolver that knows bodies."""

    def bodies(self, data: Data, scope: Scope, path: tuple[str | int, ...]) -> Bodies | None:
        """What the entity says of its body, if it has one."""
        if "body" not in data:
            return None
        spec = cast("dict[str, Data]", data["body"])
        place = self.at(*path, "body")
        joined, cut, shown = spec["joined"], spec["cut"], cast("dict[str, str]", spec["shown"])
        field = str(cast("object", spec["field"]))
        self.bound(field, scope, place, "field")
        stored = cast("dict[str, Data]", data["stored"])
        parts = str(joined["parts"])
        part = self._fields(parts, scope, place)
        takes = []
        for row, take in cast("dict[str, Data]", joined["from"]).items():
            if "each" not in stored.get(row, {}):
                hint = "name a record kind that has `each`"
                raise self.fail("spec-unknown-name", f"`{row}` is no record kind of pieces", place, row, hint)
            element = self._fields(str(stored[row]["each"]), scope, place)
            takes.append(self._take(row, take, joined, element, part, place))
        errors = cast("dict[str, str]", joined["errors"])
        into = str(cut["into"])
        return Bodies(
            Join(
                field,
                parts,
                self._index(part, joined["count"], place),
                str(joined["only"]),
                tuple(takes),
                errors["incomplete"],
                errors["differs"],
            ),
            Cut(
                field,
                self._option(str(cut["every"]), place),
                into,
                self._sources(cut["piece"], self._types(into, scope, place), place),
                parts,
                self._sources(cut["part"], self._types(parts, scope, place), place),
            ),
            shown["file"],
            shown["beside"],
            shown["loose"],
            shown["option"],
        )

    def _fields(self, name: str, scope: Scope, place: Place) -> list[str]:
        return list(self._types(name, scope, place))

    def _types(self, name: str, scope: Scope, place: Place) -> Mapping[str, plan.FieldType]:
        many = scope.fields[self.collection(name, scope, place)].many
        assert many is not None
        return many.fields

    def _option(self, name: str, place: Place) -> str:
        options = [option for option, data in self.section("options").items() if "min" in data]
        if name not in options:
            hint = nearest(name, options) or "declare it under `options`, with `min` and `max`"
            raise self.fail("spec-unknown-name", f"no option `{name}` is a number", place, hint=hint)
        return name

    def _index(self, names: list[str], name: object, place: Place) -> int:
        if name in names:
            return names.index(str(name))
        hint = nearest(str(name), names)
        raise self.fail("spec-unknown-name", f"`{name}` is not a field of these elements", place, hint=hint)

    def _take(self, row: str, take: Data, joined: Data, element: list[str], part: list[str], place: Place) -> Take:
        flag = str(take.get("when", take.get("unless")))
        match = cast("dict[str, str]", take["match"])
        (element_part, part_part), (element_version, part_version) = match.items()
        source = take["bytes"]
        content: dict[str, str] = source if isinstance(source, dict) else {}

        def at(names: list[str], name: object) -> int:
            return self._index(names, name, place)

        return Take(
            row,
            at(part, flag),
            "when" in take,
            (at(element, element_part), at(part, part_part)),
            (at(element, element_version), at(part, part_version)),
            at(element, joined["number"]),
            at(element, take["only"]),
            bool(take.get("any_if_empty")),
            NONE if content else at(element, source),
            content.get("content", ""),
            at(element, content["by"]) if content else NONE,
            at(element, content["size"]) if content else NONE,
            at(part, content["sizes"]) if content else NONE,
        )

    def _sources(self, data: object, names: Mapping[str, plan.FieldType], place: Place) -> tuple[Source, ...]:
        """What each field of an element is made of, in the model's order."""
        given = cast("dict[str, object]", data)
        if set(given) != set(names):
            missing = ", ".join(sorted(set(names) ^ set(given)))
            raise self.fail("spec-element", f"these fields are not said, or not in the model: {missing}", place)
        return tuple(self._source(given[name], kind.scalar) for name, kind in names.items())

    @staticmethod
    def _source(spec: object, scalar: str) -> Source:
        if isinstance(spec, dict):
            ((word, argument),) = spec.items()
            kinds = {"of": "field", "count": "count", "sizes": "sizes"}
            return cast("Literal['field', 'count', 'sizes']", kinds[word]), argument
        if spec in ("position", "piece"):
            return ("position", None) if spec == "position" else ("piece", None)
        return "const", spec.encode() if isinstance(spec, str) and scalar == "bytes" else spec

    # -------------------------------------------------------------------------------------------- paths

    def other_part(self, word: str, config: Data, target: Name, place: Place) -> plan.PathPart:
        """A piece of a path that is no escaped name: a key as it is, or a number."""
        if word == "literal_path":
            carried = cast("dict[str, object]", config["carried"])
            return plan.PathPart(target, literal_path.build(config, self.segment(carried["name"], place)))
        if word == "digits":
            return plan.PathPart(
                target, literal_path.Digits(cast(int, config["digits"]), cast(int, config.get("width", 0)))
            )
        hint = "configure one under `codecs` with `percent`"
        raise self.fail("spec-unknown-codec", f"`{word}` is not a codec of file names", place, hint=hint)
