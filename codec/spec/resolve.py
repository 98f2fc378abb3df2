"""A loaded spec as a plan: names looked up, defaults filled in, every slot and member accounted for.

Shapes were checked by the language's JSON Schema before; what is refused here are references and rules that a schema
cannot say. Problems of different record kinds and documents are collected and raised together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from codec.errors import Place, SpecError
from codec.layout import segments
from codec.layout.base import LAYOUTS, Layout, Order, Setting
from codec.layout.faces import FACES, Face
from codec.layout.wire import WIRE_WORDS, Wire, wire_kind
from codec.spec import plan
from codec.spec.source import Mapping, place_of
from codec.spec.words import (
    Compared,
    Condition,
    Count,
    Derivation,
    Field,
    Greatest,
    Known,
    Length,
    Name,
    Present,
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
        """The nearest declaration of `name`."""
        if self.element is not None:
            names = list(self.element.fields)
            if name in names:
                return Name(name, "element", names.index(name), self.collection), self.element.fields[name]
            if name == POSITION and self.element.positional:
                return Name(name, "element", len(names), self.collection), plan.FieldType("i64")
        return (Name(name), self.fields[name]) if name in self.fields else None


@dataclass
class Resolver:
    """Turns one loaded adapter into a plan."""

    data: Mapping
    order: Order = "big"
    problems: list[SpecError] = field(default_factory=list)

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
                raise self.fail("spec-unknown-codec", f"`{spec}` is a name for itself", self.at("codecs", spec))
            named = self.section("codecs").get(spec)
            return self.codec(named, (*seen, spec)) if named is not None else (spec, {spec: spec})
        assert isinstance(spec, dict)
        if "as" in spec:
            word, config = self.codec(spec["as"], seen)
            return word, config | {k: v for k, v in spec.items() if k in ("byte_order", "min", "max")}
        word = next((key for key in spec if key in LAYOUTS or key in FACES or key == "percent"), "")
        return word, dict(spec)

    def layout(self, spec: object, model: str, place: Place) -> Layout:
        word, config = self.codec(spec)
        if word not in LAYOUTS:
            known = ", ".join(sorted({*LAYOUTS, *self.section("codecs")}))
            raise self.fail("spec-unknown-codec", f"there is no codec `{word or spec}`", place, hint=f"one of: {known}")
        order = cast(Order, config.get("byte_order", self.order))
        kind, build = LAYOUTS[word]
        options = {k: v for k, v in config.items() if k in kind.config or k in ("min", "max")}
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
        if word not in FACES:
            known = ", ".join(sorted({*FACES, *self.section("codecs")}))
            raise self.fail(
                "spec-unknown-face", f"there is no document face `{word or spec}`", place, hint=f"one of: {known}"
            )
        options = {k: v for k, v in config.items() if k != word}
        self.complete(word, FACES[word], config, place)
        return FACES[word].build(config[word], options, kind.scalar, html)

    def bound(self, name: str, scope: Scope, place: Place, path: str) -> tuple[Name, plan.FieldType]:
        found = scope.find(name)
        if found is None:
            known = [*(scope.element.fields if scope.element else ()), *scope.fields]
            hint = (
                f"a field of the model ({', '.join(known)}), or say what is written: derive, const, or lost with write"
            )
            raise self.fail("spec-unknown-name", f"`{name}` is not a field of the model", place, path, hint)
        return found

    # -------------------------------------------------------------------------------------------- model

    def model(self, data: dict[str, object]) -> dict[str, plan.FieldType]:
        return {name: self.field_type(spec) for name, spec in data.items()}

    def field_type(self, spec: object) -> plan.FieldType:
        if isinstance(spec, str):
            return plan.FieldType(spec)
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

    # -------------------------------------------------------------------------------------------- derivations

    def derivation(self, spec: object, scope: Scope, place: Place) -> Derivation:
        if isinstance(spec, list):
            return Together(tuple(self.derivation(part, scope, place) for part in spec))
        if isinstance(spec, str):
            return Field(self.bound(spec, scope, place, "")[0])
        assert isinstance(spec, dict)
        ((word, argument),) = spec.items()
        if word == "count":
            return Count(self.collection(str(argument), scope, place))
        if word == "length":
            return Length(self.bound(str(argument), scope, place, "")[0])
        if word in ("declared", "rows"):
            return Known(word)
        if word == "text":
            return Text(tuple(self.text_parts(argument, scope, place)))
        assert word == "greatest" and isinstance(argument, dict)
        name = self.collection(str(argument["of"]), scope, place)
        many = scope.fields[name].many
        assert many is not None
        element = replace(scope, element=many, collection=name)
        return Greatest(name, tuple(self.bound(by, element, place, "")[0].index for by in argument["by"]))

    def text_parts(self, parts: object, scope: Scope, place: Place) -> Iterator[str | Name]:
        assert isinstance(parts, list)
        for part in parts:
            yield part if isinstance(part, str) else self.bound(next(iter(part)), scope, place, "")[0]

    def collection(self, name: str, scope: Scope, place: Place) -> str:
        if name not in scope.fields or scope.fields[name].many is None:
            raise self.fail("spec-unknown-name", f"`{name}` is not a collection of the model", place)
        return name

    def condition(self, spec: dict[str, object], scope: Scope, place: Place) -> Condition:
        word, argument = next((k, v) for k, v in spec.items() if k != "hint")
        if word == "present":
            return Present(self.bound(str(argument), scope, place, "")[0])
        assert word in ("equal", "at_least") and isinstance(argument, list)
        left, right = (self.derivation(side, scope, place) for side in argument)
        return Compared(cast("Literal['equal', 'at_least']", word), left, right)

    # -------------------------------------------------------------------------------------------- patterns

    def pattern(self, parts: object, scope: Scope, path: tuple[str | int, ...], in_each: bool) -> tuple[plan.Part, ...]:
        assert isinstance(parts, list)
        result: list[plan.Part] = []
        for index, part in enumerate(parts):
            place = self.at(*path, index)
            if isinstance(part, str):
                result.append(self.literal(part, place))
                continue
            for name, spec in part.items():
                result.append(self.part(name, spec, scope, self.at(*path, index, name), in_each))
        self.check_lengths(result)
        return tuple(result)

    def literal(self, text: str, place: Place) -> plan.Literal_:
        try:
            return plan.Literal_(text.encode("latin-1"), place)
        except UnicodeEncodeError:
            hint = "bytes above 7f are written \\x80 to \\xff"
            raise self.fail("spec-literal", f"{text!r} has characters that are not bytes", place, hint=hint) from None

    def part(self, name: str, spec: object, scope: Scope, place: Place, in_each: bool) -> plan.Part:
        if name == "slack":
            return plan.Slack(str(spec), place)
        if name == "flags":
            assert isinstance(spec, dict)
            return plan.Flags(tuple((slot, int(bit)) for slot, bit in spec.items()), place)
        if name == "optional":
            assert isinstance(spec, list)
            slots = [self.slot(n, s, scope, place) for part in spec for n, s in part.items()]
            return plan.Optional(tuple(slots), place)
        if name == "message":
            assert isinstance(spec, list)
            fields = [self.wire_field(n, s, scope, place, in_each) for part in spec for n, s in part.items()]
            return plan.Message(tuple(sorted(fields, key=lambda f: f.number)), place)
        return self.slot(name, spec, scope, place)

    def slot(self, name: str, spec: object, scope: Scope, place: Place) -> plan.Slot:
        options = {"as": spec} if isinstance(spec, str) else cast("dict[str, object]", spec)
        derive = self.derivation(options["derive"], scope, place) if "derive" in options else None
        local = derive is not None or "const" in options or "write" in options
        target = kind = None
        if not local:
            target, kind = self.bound(name, scope, place, name)
        layout = self.layout(spec, kind.scalar if kind else "", place)
        account: plan.Account = (
            "derived" if derive else "constant" if "const" in options else "lost" if local else "bound"
        )
        if account == "lost" and not options.get("lost"):
            raise self.fail("spec-loss", f"`{name}` is dropped without a reason", place, hint="say why: `lost: reason`")
        compare = self.derivation(options["from"], scope, place) if "from" in options else derive
        return plan.Slot(
            name, layout, account, place, target, derive, compare, str(options.get("differs", "")),
            options.get("const", options.get("write")), str(options.get("lost", options.get("because", ""))),
            options.get("zero") == "none",
        )  # fmt: skip

    def wire_field(
        self, name: str, spec: dict[str, object], scope: Scope, place: Place, in_each: bool
    ) -> plan.WireField:
        number = cast(int, spec["number"])
        if "as" in spec:
            derive = self.derivation(spec["derive"], scope, place) if "derive" in spec else None
            target, kind = (None, None) if derive else self.bound(name, scope, place, name)
            wire = self.wire(str(spec["as"]), kind.scalar if kind else "text", place)
            slot = plan.Slot(
                name,
                _NO_LAYOUT,
                "derived" if derive else "bound",
                place,
                target,
                derive,
                None,
                "",
                None,
                str(spec.get("lost", "")),
            )
            return plan.WireField(number, slot, name, place, target=target, wire=wire)
        target, kind = self.bound(name, scope, place, name)
        shape = next(word for word in ("repeated", "submessages", "entries", "alternating") if word in spec)
        many = kind.many
        if many is None:
            raise self.fail("spec-unknown-name", f"`{name}` is not a collection of the model", place, name)
        parts = cast("list[dict[str, str]]", spec[shape])
        named = [(item, word) for part in parts for item, word in part.items()]
        if [item for item, _ in named] != list(many.fields):
            hint = f"name them in the model's order: {', '.join(many.fields)}"
            raise self.fail("spec-element", f"the elements of `{name}` need all their fields", place, name, hint)
        wires = (self.wire(word, many.fields[item].scalar, place) for item, word in named)
        items = [(index, item, wire) for index, ((item, _), wire) in enumerate(zip(named, wires, strict=True), 1)]
        return plan.WireField(number, None, name, place, cast("Literal['repeated']", shape), tuple(items), target)

    def wire(self, word: str, model: str, place: Place) -> Wire:
        if word not in WIRE_WORDS:
            raise self.fail(
                "spec-unknown-codec",
                f"there is no protobuf type `{word}`",
                place,
                hint=f"one of: {', '.join(WIRE_WORDS)}",
            )
        return wire_kind(word, model)

    def check_lengths(self, parts: Sequence[plan.Part]) -> None:
        """After an open part only parts of fixed width may stand (read from the end), after optional ones nothing."""
        is_open: plan.Part | None = None
        ended = False
        for part in parts:
            if ended and not isinstance(part, (plan.Slack, plan.Optional)):
                hint = "move this part in front of them"
                raise self.fail("spec-length", "optional parts stand at the end", part.place, hint=hint)
            if isinstance(part, plan.Optional):
                ended = True
                if any(slot.layout.is_open for slot in part.parts):
                    hint = "an empty value would be the same as none; give it a length"
                    raise self.fail("spec-length", "an open part cannot be optional", part.place, hint=hint)
            fixed = isinstance(part, plan.Literal_) or (isinstance(part, plan.Slot) and part.layout.size is not None)
            if is_open is not None and not fixed:
                hint = "only parts of fixed width may follow an open part; give one of the two a length"
                raise self.fail("spec-length", "where this part begins cannot be determined", part.place, hint=hint)
            if isinstance(part, (plan.Slack, plan.Message, plan.Optional)):
                is_open = is_open if isinstance(part, plan.Optional) else part
            elif isinstance(part, plan.Slot) and part.layout.is_open:
                is_open = part

    # -------------------------------------------------------------------------------------------- rows

    def row(
        self,
        entity: str,
        name: str,
        data: dict[str, object],
        scope: Scope,
        identity: tuple[str, ...],
        path: tuple[str | int, ...],
    ) -> plan.Row:
        each = str(data.get("each", ""))
        if each:
            many = scope.fields[self.collection(each, scope, self.at(*path, "each"))].many
            scope = replace(scope, element=many, collection=each)
        dropped = "dropped" in data
        if dropped:
            scope = _Anything()
        key = self.pattern(data["key"], scope, (*path, "key"), bool(each))
        forms = self.forms(data["value"], scope, (*path, "value"), bool(each))
        errors = cast("dict[str, str]", data.get("errors", {}))
        prefix = key[0].text if isinstance(key[0], plan.Literal_) else b""
        because = str(data.get("dropped") or data.get("derived") or data.get("legacy") or "")
        row = plan.Row(
            name, entity, "dropped" if dropped else "derived" if "derived" in data else "stored", self.at(*path),
            str(data.get("manual", "")), prefix, key, forms, because=because, each=each, legacy="legacy" in data,
            by_shape=data.get("told_by") == "shape", option=str(data.get("option", "")),
            refused=tuple(str(text).encode("latin-1") for text in cast("list[str]", data.get("not", ()))),
            written=not dropped and "legacy" not in data, key_error=errors.get("key", ""), value_error=errors.get("value", errors.get("key", "")),
            example=cast("dict[str, str]", data.get("example", {})),
        )  # fmt: skip
        if dropped:
            return row
        return self.arrange(row, scope, identity)

    def arrange(self, row: plan.Row, scope: Scope, identity: tuple[str, ...]) -> plan.Row:
        """Lay out what reading yields: identity, element, position, collections, fields, numbers to compare."""
        slots = list(kept_slots(row))
        by_field = {s.target.field: s.target for s in slots if s.target is not None}
        missing = [name for name in identity if name not in by_field]
        if missing:
            hint = "every record kind must carry the identity in its key"
            raise self.fail("spec-identity", f"`{row.label}` does not say `{missing[0]}`", row.place, row.label, hint)
        names = list(identity)
        index = {name: i for i, name in enumerate(names)}

        def place_for(name: str) -> int:
            if name not in index:
                index[name] = len(names)
                names.append(name)
            return index[name]

        element: list[int] = []
        order: list[int] = []
        if row.each and scope.element is not None:
            lacking = [name for name in scope.element.fields if name not in by_field]
            if lacking:
                raise self.fail(
                    "spec-element", f"`{row.label}` does not say `{lacking[0]}` of its elements", row.place, row.label
                )
            element = [place_for(name) for name in scope.element.fields]
            by = (POSITION,) if scope.element.positional else scope.element.order
            order = [place_for(name) for name in by]
        gives: list[tuple[str, int]] = []
        fields: list[tuple[str, int]] = []
        for slot in slots:
            if slot.target is None or slot.target.scope == "element" or slot.target.field in identity:
                continue
            kind = scope.fields[slot.target.field]
            (gives if kind.many else fields).append((slot.target.field, place_for(slot.target.field)))
        compares = [(slot, place_for(slot.name)) for slot in slots if isinstance(slot, plan.Slot) and slot.differs]
        return replace(
            row, kept=tuple(names), identity=tuple(index[name] for name in identity), element=tuple(element), order=tuple(order),
            gives=tuple(gives), fields=tuple(fields), compares=tuple(compares),
        )  # fmt: skip

    def forms(self, value: object, scope: Scope, path: tuple[str | int, ...], in_each: bool) -> tuple[plan.Form, ...]:
        if isinstance(value, list):
            return (plan.Form("value", self.pattern(value, scope, path, in_each), None, True, "", self.at(*path)),)
        assert isinstance(value, dict)
        write = cast("dict[str, object]", value.get("write", {}))
        lossy = cast("dict[str, str]", value.get("lossy", {}))
        names = list(value["forms"])
        result = []
        for name in names:
            place = self.at(*path, "forms", name)
            parts = self.pattern(value["forms"][name], scope, (*path, "forms", name), in_each)
            when = write.get(name)
            condition = self.condition(when, scope, place) if isinstance(when, dict) else None
            written = name in write if write else name == names[0]
            result.append(plan.Form(name, parts, condition, written, lossy.get(name, ""), place))
        return tuple(result)

    # -------------------------------------------------------------------------------------------- documents

    def document(
        self, entity: str, name: str, data: dict[str, object], scope: Scope, path: tuple[str | int, ...]
    ) -> plan.Document:
        html = data.get("html", "escaped") == "escaped"
        steps = self.path(data["path"], scope, (*path, "path"))
        when = (
            self.condition(cast("dict[str, object]", data["when"]), scope, self.at(*path, "when"))
            if "when" in data
            else None
        )
        make: Callable[..., plan.Document] = lambda kind, **parts: plan.Document(  # noqa: E731
            name, entity, kind, steps, self.at(*path), when=when, beside=str(data.get("beside", "")), **parts
        )
        if "raw" in data:
            return make("raw", raw=self.bound(str(data["raw"]), scope, self.at(*path, "raw"), name)[0].field)
        if "json" in data:
            return make("json", members=self.members(data["json"], scope, html, (*path, "json")))
        if "line" in data:
            return make("sidecar", members=self.members(data["line"], scope, html, (*path, "line")))
        lines = []
        for index, line in enumerate(cast("list[dict[str, object]]", data["lines"])):
            inner, each = scope, str(line.get("each", ""))
            if each:
                many = scope.fields[self.collection(each, scope, self.at(*path, "lines", index))].many
                inner = replace(scope, element=many, collection=each)
            here = (*path, "lines", index, "line")
            lines.append(plan.Line(each, self.members(line["line"], inner, html, here), self.at(*here)))
        return make("lines", lines=tuple(lines))

    def members(self, data: object, scope: Scope, html: bool, path: tuple[str | int, ...]) -> tuple[plan.Member, ...]:
        assert isinstance(data, dict)
        return tuple(self.member(name, spec, scope, html, (*path, name)) for name, spec in data.items())

    def member(self, name: str, spec: object, scope: Scope, html: bool, path: tuple[str | int, ...]) -> plan.Member:
        place = self.at(*path)
        if isinstance(spec, dict) and "const" in spec:
            return plan.Member(name, place, constant=spec["const"], is_constant=True)
        if isinstance(spec, dict) and "stem" in spec:
            return plan.Member(name, place, stem=str(spec["stem"]))
        if isinstance(spec, dict) and "text" in spec:
            parts = [
                p
                if isinstance(p, str)
                else (self.bound(next(iter(p)), scope, place, name)[0], str(next(iter(p.values()))))
                for p in spec["text"]
            ]
            return plan.Member(name, place, pattern=tuple(parts))
        if isinstance(spec, dict) and "each" in spec:
            target, kind = self.bound(str(spec["each"]), scope, place, name)
            if kind.many is None:
                raise self.fail("spec-unknown-name", f"`{target.field}` is not a collection of the model", place, name)
            inner = replace(scope, element=kind.many, collection=target.field)
            item = self.members(spec["item"], inner, html, (*path, "item"))
            return plan.Member(name, place, each=target, item=item, bare=bool(spec.get("bare")))
        options = {"as": spec} if isinstance(spec, str) else cast("dict[str, object]", spec)
        target, kind = self.bound(str(options.get("of", name)), scope, place, name)
        return plan.Member(
            name, place, target=target, face=self.face(spec, kind, html, place), zero_is_none=options.get("zero") == "none",
            none=cast("Literal['null', 'left_out']", options.get("none", "null")), option=str(options.get("option", "")),
        )  # fmt: skip

    def path(self, parts: object, scope: Scope, path: tuple[str | int, ...]) -> tuple[plan.PathStep, ...]:
        assert isinstance(parts, list)
        steps: list[list[str | plan.PathPart]] = [[]]
        for index, part in enumerate(parts):
            if isinstance(part, str):
                first, *others = part.split("/")
                steps[-1] += [first] if first else []
                steps += [[other] if other else [] for other in others]
                continue
            ((name, codec),) = part.items()
            word, config = self.codec(codec)
            place = self.at(*path, index)
            if word != "percent":
                raise self.fail(
                    "spec-unknown-codec",
                    f"`{codec}` is not a codec of file names",
                    place,
                    hint="configure one under `codecs` with `percent`",
                )
            steps[-1].append(plan.PathPart(self.bound(name, scope, place, name)[0], segments.build(config)))
        return tuple(tuple(step) for step in steps)

    # -------------------------------------------------------------------------------------------- entities

    def entity(self, name: str, data: dict[str, object]) -> plan.Entity:
        fields = self.model(cast("dict[str, object]", data["model"]))
        scope = Scope(fields)
        identity = tuple(cast("list[str]", data["identity"]))
        here = ("entities", name)
        for index, field_name in enumerate(identity):
            self.bound(field_name, scope, self.at(*here, "identity", index), name)
        rows = []
        for row, spec in cast("dict[str, dict[str, object]]", data["stored"]).items():
            with self.collecting():
                rows.append(
                    self.shared_use(name, row, spec, here)
                    if "shared" in spec
                    else self.row(name, row, spec, scope, identity, (*here, "stored", row))
                )
        documents = []
        for document, spec in cast("dict[str, dict[str, object]]", data["shown"]).items():
            with self.collecting():
                documents.append(self.document(name, document, spec, scope, (*here, "shown", document)))
        checks = []
        for index, spec in enumerate(cast("list[dict[str, object]]", data.get("checks", ()))):
            with self.collecting():
                place = self.at(*here, "checks", index)
                checks.append(plan.Check(self.condition(spec, scope, place), str(spec.get("hint", "")), place))
        exists = cast("dict[str, str]", data.get("exists", {}))
        prefer = {key: tuple(value) for key, value in cast("dict[str, list[str]]", data.get("prefer", {})).items()}
        names = {row.name for row in rows}
        for key, order in prefer.items():
            for row in order:
                if row not in names and not self.problems:
                    self.problems.append(
                        self.fail(
                            "spec-unknown-name",
                            f"`prefer` names `{row}`, which is not stored",
                            self.at(*here, "prefer", key),
                        )
                    )
        return plan.Entity(
            name, str(data.get("doc", "")), self.at(*here), fields, identity, tuple(rows), prefer,
            exists.get("record", ""), exists.get("orphan", ""), tuple(documents), tuple(checks),
        )  # fmt: skip

    def shared_use(self, entity: str, name: str, spec: dict[str, object], here: tuple[str, ...]) -> plan.Row:
        """An entity's share in a shared record kind: the row is built with the entity's own names."""
        place = self.at(*here, "stored", name)
        shared = self.section("shared").get(name)
        if shared is None:
            raise self.fail(
                "spec-unknown-name", f"there is no shared record kind `{name}`", place, hint="declare it under `shared`"
            )
        data = self.section("entities")[entity]
        scope = Scope(self.model(cast("dict[str, object]", data["model"])))
        row = self.row("", name, shared, scope, tuple(cast("list[str]", data["identity"])), ("shared", name))
        return replace(
            row,
            role="shared",
            entity=entity,
            shared=name,
            written=spec["shared"] == "both",
            because=str(spec.get("because", "")),
            place=place,
        )

    def collecting(self) -> _Collect:
        return _Collect(self.problems)

    def adapter(self) -> plan.Adapter:
        """The whole plan; raises `Problems`."""
        entities = []
        for name, data in self.section("entities").items():
            with self.collecting():
                entities.append(self.entity(name, data))
        shared: list[plan.Shared] = []
        for name, data in self.section("shared").items():
            with self.collecting():
                shared.extend(filter(None, [self.shared_row(name, data, entities)]))
        unread = [self.unread(name, data) for name, data in self.section("unread").items()]
        warnings = {}
        for event, data in self.section("warnings").items():
            with self.collecting():
                warnings[event] = self.warning(event, data, entities)
        if self.problems:
            raise Problems(self.problems)
        return plan.Adapter(
            str(self.data["adapter"]), str(self.data["format"]), cast(int, self.data["version"]), str(self.data["doc"]), str(self.data["manual"]),
            self.data.place, tuple(entities), tuple(shared), tuple(unread), warnings, options(self.data),
            {name: self.names(name, data) for name, data in self.section("names").items()}, self.folder(),
            tuple(cast("list[str]", self.data.get("print_order", ()))),
        )  # fmt: skip

    def shared_row(self, name: str, data: dict[str, object], entities: list[plan.Entity]) -> plan.Shared | None:
        owners = []
        known = {entity.name: entity for entity in entities}
        for index, owner in enumerate(cast("list[str]", data["owners"])):
            entity, _, row = owner.partition(".")
            place = self.at("shared", name, "owners", index)
            stored = cast("dict[str, object]", self.section("entities").get(entity, {"stored": {}})["stored"])
            if entity not in self.section("entities") or (row and row not in stored):
                hint = "name an entity, or one of its record kinds"
                raise self.fail("spec-unknown-name", f"there is no `{owner}`", place, hint=hint)
            owners.append((entity, row))
        if owners[0][0] not in known:
            return None  # its own mistakes were reported
        first = known[owners[0][0]]
        scope = Scope(dict(first.fields))
        row_plan = self.row("", name, data, scope, first.identity, ("shared", name))
        return plan.Shared(replace(row_plan, shared=name), tuple(owners), str(data["orphan"]), self.at("shared", name))

    def unread(self, name: str, data: dict[str, object]) -> plan.Row:
        literal = self.literal(str(data["key"]), self.at("unread", name, "key"))
        return plan.Row(
            name,
            "",
            "dropped",
            literal.place,
            "",
            literal.text,
            (literal,),
            (),
            because=str(data["because"]),
            written=False,
            unread=True,
        )

    def warning(self, event: str, data: dict[str, object], entities: list[plan.Entity]) -> plan.Warning_:
        users = [
            e
            for e in entities
            if e.orphan == event
            or any(s.differs == event for r in e.rows for s in kept_slots(r) if isinstance(s, plan.Slot))
        ]
        scope = Scope(dict(users[0].fields)) if users else Scope({})
        fields = cast("dict[str, object]", data["fields"])
        place = self.at("warnings", event)
        return plan.Warning_(
            event, tuple((key, self.derivation(spec, scope, place)) for key, spec in fields.items()), str(data["hint"])
        )

    def names(self, name: str, data: dict[str, object]) -> plan.Names:
        members = cast("dict[str, str]", data["line"])
        return plan.Names(
            name,
            str(data["path"]),
            members["encoded"],
            members["original"],
            members["kind"],
            str(data["kind"]),
            cast(int, data["max_line"]),
            str(data["error"]),
        )

    def folder(self) -> plan.Folder | None:
        data = cast("dict[str, object]", self.data.get("tree"))
        if not data:
            return None
        only = cast("dict[str, str]", data.get("only", {}))
        return plan.Folder(
            str(data["root"]), only.get("pattern", ""), only.get("numbered", ""), only.get("error", ""),
            cast("Literal['warn', 'refuse']", data["unexpected"]), cast("dict[str, str]", data["errors"]),
        )  # fmt: skip


class _Collect:
    """Collects a `SpecError`, so that one run reports every independent mistake."""

    def __init__(self, problems: list[SpecError]) -> None:
        self.problems = problems

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if isinstance(error, SpecError):
            self.problems.append(error)
            return True
        return False


class _Anything(Scope):
    """The scope of a dropped record: its slots only give the shape, any name will do."""

    def __init__(self) -> None:
        super().__init__({})

    def find(self, name: str) -> tuple[Name, plan.FieldType]:
        return Name(name), plan.FieldType("u64")


class _NoLayout(Layout):
    """Stands in the slot of a protobuf scalar, whose bytes the wire kind knows."""

    word = ""
    construct = emit_read = emit_write = values = None  # type: ignore[assignment]


_NO_LAYOUT: Layout = _NoLayout.__new__(type("_NoLayout", (_NoLayout,), {"__abstractmethods__": frozenset()}))


def kept_slots(row: plan.Row) -> Iterator[plan.Slot | plan.WireField]:
    """Every slot of a row that reading yields something for, once, in the order of the bytes."""
    seen: set[str] = set()
    for part in (*row.key, *(part for form in row.forms for part in form.parts)):
        slots: tuple[plan.Slot | plan.WireField, ...] = ()
        if isinstance(part, plan.Slot):
            slots = (part,)
        elif isinstance(part, plan.Optional):
            slots = part.parts
        elif isinstance(part, plan.Message):
            slots = part.fields
        for slot in slots:
            if slot.kept and slot.name not in seen:
                seen.add(slot.name)
                yield slot


def options(data: Mapping) -> tuple[plan.Option, ...]:
    """The options that a spec declares."""
    result = []
    for name, spec in cast("dict[str, dict[str, object]]", data.get("options") or {}).items():
        choices = tuple(cast("list[str]", spec.get("choices", ())))
        result.append(
            plan.Option(
                name,
                "choice" if choices else "flag",
                choices,
                spec.get("default", False),
                str(spec["help"]),
                tuple(cast("list[str]", spec.get("directions", ("decode",)))),
            )  # fmt: skip
        )
    return tuple(result)
