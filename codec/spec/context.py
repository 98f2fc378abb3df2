"""What every part of the resolver shares: the loaded data, names in scope, primitives, derivations and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, cast

from codec.errors import Place, SpecError
from codec.layout.base import LAYOUTS, Layout, Order, Setting
from codec.layout.faces import FACES, Face
from codec.layout.tagged import Tagged, TaggedKey
from codec.layout.types import ZEROS, Kind, Struct, Type, Union
from codec.spec import plan
from codec.spec.source import Mapping, place_of
from codec.spec.wording import nearest
from codec.spec.words import (
    GREATEST,
    KEY_OF,
    OPTION,
    REPLAYED,
    Among,
    Applied,
    Compared,
    Condition,
    Constant,
    Count,
    Derivation,
    Empty,
    Encoded,
    Field,
    FirstOf,
    Greatest,
    GreatestOf,
    Joined,
    Known,
    Length,
    Lookup,
    Modulo,
    Name,
    Not,
    Pick,
    Present,
    Sum,
    Switched,
    Text,
    Together,
)

POSITION = "position"


class Problems(SpecError):
    """Several mistakes of one spec; the first is the error itself, `all` has every one."""

    def __init__(self, problems: Sequence[SpecError]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.code, first.message + more, first.place, first.path, first.expected, first.found, first.hint
        )
        self.all = tuple(problems)


@dataclass
class Scope:
    """What names mean at one place: the fields of the thing, and of the element if there is one."""

    fields: dict[str, plan.FieldType]
    element: plan.Collection | None = None
    collection: str = ""

    def find(self, name: str) -> tuple[Name, plan.FieldType] | None:
        """The nearest declaration of `name`; dots lead on into a struct or into the parent."""
        first, *path = name.split(".")
        found = self._first(first)
        if found is None or not path:
            return found
        target, kind = found
        for step in path:
            if kind.inner is None or step not in kind.inner:
                return None
            kind = kind.inner[step]
        return replace(target, path=tuple(path)), kind

    def _first(self, name: str) -> tuple[Name, plan.FieldType] | None:
        if self.element is not None:
            names = list(self.element.fields)
            if name in names:
                return Name(name, "element", names.index(name), self.collection), self.element.fields[name]
            if name == POSITION and self.element.positional:
                return Name(name, "element", len(names), self.collection), plan.FieldType("i64")
        return (Name(name), self.fields[name]) if name in self.fields else None


class Anything(Scope):
    """The scope of a dropped record: its slots only give the shape, any name will do."""

    def __init__(self) -> None:
        super().__init__({})

    def find(self, name: str) -> tuple[Name, plan.FieldType]:
        return Name(name), plan.FieldType("u64")


class Collect:
    """Collects a `SpecError`, so that one run reports every independent mistake."""

    def __init__(self, problems: list[SpecError]) -> None:
        self.problems = problems

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if isinstance(error, SpecError):
            self.problems.append(error)
            return True
        return False


@dataclass
class Context:
    """One loaded spec, and what its words mean."""

    data: Mapping
    order: Order = "big"
    problems: list[SpecError] = field(default_factory=list)
    aggregates: set[tuple[str, str]] = field(default_factory=set)  # of children, which parents' records need
    resolved: list[plan.Entity] = field(default_factory=list)  # parents of what is resolved next

    def __post_init__(self) -> None:
        self.order = cast(Order, self.data.get("byte_order", self.order))

    # -------------------------------------------------------------------------------------------- helpers

    def at(self, *path: str | int) -> Place:
        return place_of(self.data, path)

    def fail(self, code: str, message: str, place: Place, path: str = "", hint: str = "") -> SpecError:
        return SpecError(code, message, place, path, hint=hint)

    def section(self, name: str) -> dict[str, dict[str, object]]:
        return cast("dict[str, dict[str, object]]", self.data.get(name) or {})

    def codec(self, spec: object, seen: tuple[str, ...] = ()) -> tuple[str, dict[str, object]]:
        """The primitive's word and its whole configuration, named codecs looked up."""
        if isinstance(spec, str):
            if spec in seen:
                hint = "name a primitive"
                raise self.fail(
                    "spec-unknown-codec", f"`{spec}` is a name for itself", self.at("codecs", spec), hint=hint
                )
            named = self.section("codecs").get(spec)
            return self.codec(named, (*seen, spec)) if named is not None else (spec, {spec: spec})
        assert isinstance(spec, dict)
        if "as" in spec:
            word, config = self.codec(spec["as"], seen)
            more = {"byte_order", "min", "max", *(LAYOUTS[word][0].optional if word in LAYOUTS else ())}
            return word, config | {k: v for k, v in spec.items() if k in more}
        word = next(
            (
                key
                for key in spec
                if key in LAYOUTS
                or key in FACES
                or key in ("percent", "by_tag", "tagged", "base64url_name", "literal_path", "digits")
            ),
            "",
        )
        return word, dict(spec)

    def layout(self, spec: object, model: str, place: Place) -> Layout:
        word, config = self.codec(spec)
        if word == "by_tag":
            parts = cast("dict[str, object]", config["by_tag"])
            return TaggedKey({tag: self.layout(inner, "", place) for tag, inner in parts.items()})
        if word not in LAYOUTS:
            hint = nearest(word, [*LAYOUTS, *self.section("codecs")])
            raise self.fail("spec-unknown-codec", f"there is no codec `{word or spec}`", place, hint=hint)
        order = cast(Order, config.get("byte_order", self.order))
        kind, build = LAYOUTS[word]
        options = {k: v for k, v in config.items() if k in kind.config or k in kind.optional or k in ("min", "max")}
        if model == "text" and "text" in kind.optional:
            options["text"] = True
        setting = Setting(config[word], options, order, lambda inner: self.layout(inner, "", place))
        self.complete(word, kind, config, place)
        return build(setting)

    def complete(self, word: str, kind: type[Layout] | type[Face], config: dict[str, object], place: Place) -> None:
        """A primitive is named with all that it takes; a bare word has none of it."""
        lacking = [name for name in kind.config if name not in config]
        if (kind.takes is not None and config[word] == word) or lacking:
            wanted = ", ".join(f"{name}: …" for name in (word, *kind.config))
            hint = f"write `{{{wanted}}}`, here or under `codecs`"
            code = "spec-no-max" if "max" in lacking else "spec-missing"
            raise self.fail(code, f"`{word}` needs more than its name", place, hint=hint)

    def face(self, spec: object, kind: plan.FieldType, html: bool, place: Place) -> Face:
        word, config = self.codec(spec)
        if word == "tagged":
            union = self.types.get(str(config["tagged"]))
            if not isinstance(union, Union):
                raise self.fail(
                    "spec-unknown-name", f"`{config['tagged']}` is no union", place, hint="declare it under `types`"
                )
            return Tagged(union, html)
        if word not in FACES:
            hint = nearest(word, [*FACES, *self.section("codecs")])
            raise self.fail("spec-unknown-face", f"there is no document face `{word or spec}`", place, hint=hint)
        options = {k: v for k, v in config.items() if k != word}
        self.complete(word, FACES[word], config, place)
        return FACES[word].build(config[word], options, kind.scalar, html)

    def bound(
        self, name: str, scope: Scope, place: Place, path: str, otherwise: str = ""
    ) -> tuple[Name, plan.FieldType]:
        found = scope.find(name)
        if found is None:
            hint = nearest(name, [*(scope.element.fields if scope.element else ()), *scope.fields]) + otherwise
            raise self.fail("spec-unknown-name", f"`{name}` is not a field of the model", place, path, hint)
        return found

    @cached_property
    def types(self) -> dict[str, Type]:
        """The types that the spec declares."""
        result: dict[str, Type] = {}
        for name, data in self.section("types").items():
            section = "fields" if "fields" in data else "one_of"
            members = cast("dict[str, dict[str, object]]", data[section])
            kinds = []
            for member, spec in members.items():
                shape = next((word for word in ("list", "map") if word in spec), "type")
                self.check_type(name, str(spec[shape]), self.at("types", name, section, member))
                kinds.append(
                    Kind(
                        member,
                        cast(int, spec["number"]),
                        str(spec[shape]),
                        "one" if shape == "type" else cast("Literal['list']", shape),
                    )
                )
            if section == "one_of":
                ((tag, value),) = cast("dict[str, object]", data["unset"]).items()
                if tag not in members:
                    place, hint = self.at("types", name, "unset"), nearest(tag, [*members])
                    raise self.fail("spec-unknown-name", f"`{name}` has no `{tag}`", place, name, hint)
                result[name] = Union(name, tuple(kinds), result, (tag, value))
            else:
                result[name] = Struct(name, tuple(kinds), result)
        return result

    def check_type(self, name: str, base: str, place: Place) -> None:
        """A declared type is made of scalars, and of declared types; of structs only of those that stand before it."""
        declared = [*self.section("types")]
        if base not in (*ZEROS, *declared):
            hint = nearest(base, [*ZEROS, *declared])
            raise self.fail("spec-unknown-name", f"there is no type `{base}`", place, name, hint)
        is_struct = base in declared and "fields" in self.section("types")[base]
        if is_struct and declared.index(base) >= declared.index(name):
            hint = "a struct stands before what it is part of"
            raise self.fail("spec-unknown-name", f"`{base}` is not known here yet", place, name, hint)

    # -------------------------------------------------------------------------------------------- model

    def model(self, data: dict[str, object]) -> dict[str, plan.FieldType]:
        return {name: self.field_type(spec) for name, spec in data.items()}

    def field_type(self, spec: object) -> plan.FieldType:
        if isinstance(spec, str):
            return self.scalar_type(spec)
        assert isinstance(spec, dict)
        if "maybe" in spec:
            return plan.FieldType(str(spec["maybe"]), maybe=True)
        order = spec.get("order", [])
        return plan.FieldType(
            many=plan.Collection(
                self.model(spec["many"]),
                tuple(spec.get("unique", ())),
                () if order == POSITION else tuple(order),
                order == POSITION,
            )
        )

    def scalar_type(self, name: str) -> plan.FieldType:
        declared = self.types.get(name)
        if not isinstance(declared, Struct):
            return plan.FieldType(name, declared=declared)
        inner = {
            k.name: self.scalar_type(k.base) if k.shape == "one" else plan.FieldType(f"{k.shape} of {k.base}")
            for k in declared.kinds
        }
        return plan.FieldType(name, declared=declared, inner=inner)

    # -------------------------------------------------------------------------------------------- derivations

    def derivation(self, spec: object, scope: Scope, place: Place) -> Derivation:
        if isinstance(spec, list):
            return Together(tuple(self.derivation(part, scope, place) for part in spec))
        if isinstance(spec, str):
            return Field(self.bound(spec, scope, place, "")[0])
        if isinstance(spec, int):
            return Constant(spec)
        assert isinstance(spec, dict)
        if "first_of" in spec:
            return self.first_of(cast("list[object]", spec["first_of"]), scope, place)
        if "pick" in spec:
            return self.pick(spec, scope, place)
        if "lookup" in spec:
            return self.lookup(cast("dict[str, object]", spec["lookup"]), scope, place)
        ((word, argument),) = spec.items()
        if word == "base64url":
            return Encoded(self.bound(str(argument), scope, place, "")[0])
        if word in ("utf8", "as_text", "sha256_hex", "fnv1a_32"):
            name = self.bound(str(argument), scope, place, "")[0]
            return Applied(cast("Literal['utf8', 'as_text', 'sha256_hex', 'fnv1a_32']", word), name)
        if word == "sum":
            return Sum(tuple(self.derivation(part, scope, place) for part in cast("list[object]", argument)))
        if word == "greatest_of":
            return GreatestOf(tuple(self.derivation(part, scope, place) for part in cast("list[object]", argument)))
        if word == "mod":
            number, by = cast("list[object]", argument)
            return Modulo(self.derivation(number, scope, place), self.derivation(by, scope, place))
        if word == "greatest_child":
            of = cast("dict[str, str]", argument)
            self.aggregates.add((of["of"], of["by"]))
            return Known(f"{GREATEST}{of['of']}.{of['by']}")
        if word == "key_of":
            return Known(f"{KEY_OF}{argument}")
        if word == "count":
            return Count(self.collection(str(argument), scope, place))
        if word == "length":
            return Length(self.bound(str(argument), scope, place, "")[0])
        if word in ("declared", "rows"):
            return Known(word if word == "declared" else str(argument))
        if word == "text":
            return Text(tuple(self.text_parts(argument, scope, place)))
        assert word == "greatest" and isinstance(argument, dict)
        chosen = self.collection(str(argument["of"]), scope, place)
        many = scope.fields[chosen].many
        assert many is not None
        element = replace(scope, element=many, collection=chosen)
        return Greatest(chosen, tuple(self.bound(by, element, place, "")[0].index for by in argument["by"]))

    def text_parts(self, parts: object, scope: Scope, place: Place) -> Iterator[str | Name]:
        assert isinstance(parts, list)
        for part in parts:
            yield part if isinstance(part, str) else self.bound(next(iter(part)), scope, place, "")[0]

    def collection(self, name: str, scope: Scope, place: Place) -> str:
        if name not in scope.fields or scope.fields[name].many is None:
            hint = (
                nearest(name, [field for field, kind in scope.fields.items() if kind.many]) or "declare it: `many: …`"
            )
            raise self.fail("spec-unknown-name", f"`{name}` is not a collection of the model", place, hint=hint)
        return name

    def first_of(self, branches: list[object], scope: Scope, place: Place) -> FirstOf:
        result: list[tuple[Condition | None, Derivation]] = []
        for branch in branches:
            if not isinstance(branch, dict) or "when" not in branch:
                result.append((None, self.derivation(branch, scope, place)))
                continue
            when = self.condition(branch["when"], scope, place)
            then = Constant(None) if branch.get("none") else self.derivation(branch["then"], scope, place)
            result.append((when, then))
        return FirstOf(tuple(result))

    def pick(self, spec: dict[str, object], scope: Scope, place: Place) -> Pick:
        collection = self.bound(str(spec["pick"]), scope, place, "pick")[0]
        by = self.bound(str(spec["by"]), scope, place, "by")[0]
        needed = "no" if spec["needed"] is False else str(spec["needed"])
        return Pick(
            collection, by, tuple(cast("list[str]", spec["only"])), cast("Literal['always', 'if_named', 'no']", needed)
        )

    def lookup(self, spec: dict[str, object], scope: Scope, place: Place) -> Lookup:
        collection = self.bound(str(spec["in"]), scope, place, "in")[0]
        return Lookup(collection, self.bound(str(spec["by"]), scope, place, "by")[0], bool(spec.get("unless_empty")))

    def condition(self, spec: dict[str, object], scope: Scope, place: Place) -> Condition:
        word, argument = next((k, v) for k, v in spec.items() if k != "hint")
        if word == "present":
            return Present(self.bound(str(argument), scope, place, "")[0])
        if word == "option":
            return Switched(f"{OPTION}{argument}")
        if word == "replayed":
            alias, _, view = str(argument).rpartition(".")
            return Switched(f"{REPLAYED}{view}", alias)
        if word == "absent":
            return Not(Present(self.bound(str(argument), scope, place, "")[0]))
        if word == "is":
            return Not(Empty(self.bound(str(argument), scope, place, "")[0]))
        if word == "not":
            return Not(self.condition(cast("dict[str, object]", argument), scope, place))
        if word == "among":
            field, values = cast("list[object]", argument)
            return Among(self.bound(str(field), scope, place, "")[0], tuple(cast("list[object]", values)))
        if word in ("empty", "not_empty"):
            empty = Empty(self.bound(str(argument), scope, place, "")[0])
            return empty if word == "empty" else Not(empty)
        if word in ("all", "any"):
            parts = tuple(self.condition(part, scope, place) for part in cast("list[dict[str, object]]", argument))
            return Joined(cast("Literal['all', 'any']", word), parts)
        assert word in ("equal", "at_least", "above", "at_most") and isinstance(argument, list)
        left, right = (self.derivation(side, scope, place) for side in argument)
        return Compared(cast("Literal['equal', 'at_least', 'above', 'at_most']", word), left, right)
