"""Records resolved: key and value patterns, protobuf fields, forms, and the order in which reading yields values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

from codec.engine.documents import targets
from codec.errors import Place
from codec.layout.wire import LENGTH, NO_LAYOUT, WIRE_WORDS, Wire, wire_kind
from codec.spec import plan
from codec.spec.context import POSITION, Anything, Context, Scope

OTHERWISE = "; or say what is written: `derive`, `const`, or `write` with `lost`"


class Patterns(Context):
    """The part of the resolver that knows records."""

    def pattern(self, parts: object, scope: Scope, path: tuple[str | int, ...], in_each: bool) -> tuple[plan.Part, ...]:
        assert isinstance(parts, list)
        result: list[plan.Part] = []
        for index, part in enumerate(parts):
            place = self.at(*path, index)
            if isinstance(part, str):
                result.append(self.literal(part, place))
                continue
            for name, spec in part.items():
                result.append(self.part(name, spec, scope, (*path, index, name), in_each))
        self.check_lengths(result)
        return tuple(result)

    def literal(self, text: str, place: Place) -> plan.Literal_:
        try:
            return plan.Literal_(text.encode("latin-1"), place)
        except UnicodeEncodeError:
            hint = "bytes above 7f are written \\x80 to \\xff"
            raise self.fail("spec-literal", f"{text!r} has characters that are not bytes", place, hint=hint) from None

    def part(self, name: str, spec: object, scope: Scope, here: tuple[str | int, ...], in_each: bool) -> plan.Part:
        place = self.at(*here)
        if name == "slack":
            return plan.Slack(str(spec), place)
        if name == "derived_rest":
            assert isinstance(spec, dict)
            written = [self.slot(n, s, scope, place) for part in spec["parts"] for n, s in part.items()]
            return plan.Slack(str(spec["because"]), place, tuple(written), int(spec.get("min", 0)))
        if name == "flags":
            assert isinstance(spec, dict)
            return plan.Flags(tuple((slot, int(bit)) for slot, bit in spec.items()), place)
        if name == "optional":
            assert isinstance(spec, list)
            slots = [self.slot(n, s, scope, place) for part in spec for n, s in part.items()]
            return plan.Optional(tuple(slots), place)
        if name == "json":
            return plan.Json(self.members(spec, scope, True, here), place)
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
            target, kind = self.bound(name, scope, place, name, OTHERWISE)
        elif "lost" in options and (known := scope.find(name)) is not None:
            target, kind = known
        layout = self.layout(spec, kind.scalar if kind else "", place)
        account: plan.Account = (
            "derived" if derive else "constant" if "const" in options else "lost" if local else "bound"
        )
        if account == "lost" and not options.get("lost"):
            raise self.fail("spec-loss", f"`{name}` is dropped without a reason", place, hint="say why: `lost: reason`")
        compare = self.derivation(options["from"], scope, place) if "from" in options else derive
        return plan.Slot(
            name,
            layout,
            account,
            place,
            target,
            derive,
            compare,
            str(options.get("differs", "")),
            options.get("const", options.get("write")),
            str(options.get("lost", options.get("because", ""))),
            options.get("zero") == "none",
        )

    def wire_field(
        self, name: str, spec: dict[str, object], scope: Scope, place: Place, in_each: bool
    ) -> plan.WireField:
        number = cast(int, spec["number"])
        if "as" in spec:
            derive = self.derivation(spec["derive"], scope, place) if "derive" in spec else None
            target = kind = None
            if "write" in spec or "lost" in spec:
                target, kind = scope.find(name) or (None, None)
            elif derive is None:
                target, kind = self.bound(name, scope, place, name)
            wire = self.wire(str(spec["as"]), kind.scalar if kind else "text", place)
            account: plan.Account = "derived" if derive else "lost" if "write" in spec else "bound"
            slot = plan.Slot(
                name, NO_LAYOUT, account, place, target, derive, None, "", spec.get("write"), str(spec.get("lost", ""))
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
        if word in self.types:
            declared = self.types[word]
            return Wire(word, LENGTH, declared.zero, declared.from_wire, declared.to_wire, declared, True)  # type: ignore[arg-type]
        if word not in WIRE_WORDS:
            raise self.fail(
                "spec-unknown-codec",
                f"there is no protobuf type `{word}`",
                place,
                hint=f"one of: {', '.join(WIRE_WORDS)}",
            )
        return wire_kind(word, model)

    def members(self, data: object, scope: Scope, html: bool, path: tuple[str | int, ...]) -> tuple[plan.Member, ...]:
        """The members of a JSON object; documents and stored JSON are written alike."""
        raise NotImplementedError

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
            if isinstance(is_open, plan.Json) and isinstance(part, plan.Slack):
                continue
            if is_open is not None and not fixed:
                hint = "only parts of fixed width may follow an open part; give one of the two a length"
                raise self.fail("spec-length", "where this part begins cannot be determined", part.place, hint=hint)
            if isinstance(part, (plan.Slack, plan.Message, plan.Json, plan.Optional)):
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
            scope = Anything()
        if "each_of" in data:
            return self.row_of_each(entity, name, data, scope, path)
        key = self.pattern(data["key"], scope, (*path, "key"), bool(each))
        forms = self.forms(data["value"], scope, (*path, "value"), bool(each))
        errors = cast("dict[str, str]", data.get("errors", {}))
        prefix = key[0].text if isinstance(key[0], plan.Literal_) else b""
        because = str(data.get("dropped") or data.get("derived") or data.get("legacy") or data.get("copied") or "")
        row = plan.Row(
            name,
            entity,
            "dropped" if dropped else "derived" if "derived" in data else "stored",
            self.at(*path),
            str(data.get("manual", "")),
            prefix,
            key,
            forms,
            because=because,
            each=each,
            legacy="legacy" in data,
            by_shape=data.get("told_by") == "shape",
            option=str(data.get("option", "")),
            refused=tuple(str(text).encode("latin-1") for text in cast("list[str]", data.get("not", ()))),
            written=not dropped and "legacy" not in data and "copied" not in data,
            key_error=errors.get("key", ""),
            value_error=errors.get("value", errors.get("key", "")),
            example={part: text.encode("latin-1").hex() for part, text in _example(data).items()},
            counted=str(data.get("counted", "")),
            digest=digest_of(data),
        )
        if dropped:
            return row
        if "copies" in data:
            return replace(row, copies=str(data["copies"]), written=False)
        if "when" in data:
            row = replace(
                row, when=self.condition(cast("dict[str, object]", data["when"]), scope, self.at(*path, "when"))
            )
        if "repeated" in data:
            repeated = cast("dict[str, object]", data["repeated"])
            names = [str(repeated["by"]), *cast("list[str]", repeated["ties"])]
            keep = cast("Literal['greatest', 'least']", repeated["keep"])
            row = replace(
                row, keep=keep, repeated=tuple(self.bound(n, scope, self.at(*path, "repeated"), name)[0] for n in names)
            )
        row = replace(row, read_with=str(data.get("read_with", "")))
        return row if row.role == "derived" and not row.read_with else self.arrange(row, scope, identity)

    def row_of_each(
        self, entity: str, name: str, data: dict[str, object], scope: Scope, path: tuple[str | int, ...]
    ) -> plan.Row:
        """A derived row for each element of a collection that another thing has, such as the parent's indexes."""
        each_of, kind = self.bound(str(data["each_of"]), scope, self.at(*path, "each_of"), name)
        inner = replace(scope, element=kind.many, collection=each_of.text)
        locals_ = []
        for local, spec in cast("dict[str, dict[str, object]]", data.get("with", {})).items():
            locals_.append((local, self.pick(spec, inner, self.at(*path, "with", local))))
            inner = replace(inner, fields=inner.fields | {local: plan.FieldType("tagged")})
        when = (
            self.condition(cast("dict[str, object]", data["when"]), inner, self.at(*path, "when"))
            if "when" in data
            else None
        )
        key = self.pattern(data["key"], inner, (*path, "key"), True)
        forms = self.forms(data["value"], inner, (*path, "value"), True)
        prefix = key[0].text if isinstance(key[0], plan.Literal_) else b""
        return plan.Row(
            name,
            entity,
            "derived",
            self.at(*path),
            str(data.get("manual", "")),
            prefix,
            key,
            forms,
            because=str(data["derived"]),
            each_of=each_of,
            locals=tuple(locals_),
            when=when,
        )

    def arrange(self, row: plan.Row, scope: Scope, identity: tuple[str, ...]) -> plan.Row:
        """Lay out what reading yields: identity, element, position, collections, fields, numbers to compare."""
        slots = list(kept_slots(row))
        by_field = {s.target.text: s.target for s in slots if s.target is not None}
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
                message = f"`{row.label}` does not say `{lacking[0]}` of its elements"
                hint = "bind it in the key or in the value"
                raise self.fail("spec-element", message, row.place, row.label, hint)
            element = [place_for(name) for name in scope.element.fields]
            by = (POSITION,) if scope.element.positional else scope.element.order
            order = [place_for(name) for name in by]
        gives: list[tuple[str, int]] = []
        fields: list[tuple[str, int]] = []
        for slot in slots:
            if slot.target is None or slot.target.scope == "element" or slot.target.text in identity:
                continue
            kind = scope.fields[slot.target.field]
            (gives if kind.many else fields).append((slot.target.field, place_for(slot.target.field)))
        compares = [(slot, place_for(slot.name)) for slot in slots if isinstance(slot, plan.Slot) and slot.differs]
        return replace(
            row,
            kept=tuple(names),
            identity=tuple(index[name] for name in identity),
            element=tuple(element),
            order=tuple(order),
            gives=tuple(gives),
            fields=tuple(fields),
            compares=tuple(compares),
        )

    def forms(self, value: object, scope: Scope, path: tuple[str | int, ...], in_each: bool) -> tuple[plan.Form, ...]:
        if isinstance(value, list):
            return (plan.Form("value", self.pattern(value, scope, path, in_each), None, True, "", self.at(*path)),)
        assert isinstance(value, dict)
        if "like" in value:
            entity, like = str(path[1]), str(value["like"])
            stored = cast("dict[str, dict[str, object]]", self.section("entities")[entity]["stored"])
            if like not in stored:
                raise self.fail(
                    "spec-unknown-name", f"there is no record kind `{like}`", self.at(*path, "like"), entity
                )
            return self.forms(stored[like]["value"], scope, ("entities", entity, "stored", like, "value"), in_each)
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


def _example(data: dict[str, object]) -> dict[str, str]:
    return cast("dict[str, str]", data.get("example", {}))


def digest_of(data: dict[str, object]) -> tuple[str, str, str]:
    """Which digest of its value a record must have in its key."""
    digest = cast("dict[str, str]", data.get("digest", {}))
    return digest.get("of_value", ""), digest.get("slot", ""), digest.get("error", "")


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
        elif isinstance(part, plan.Json):
            names = {target.field: target for member in part.members for target in targets(member)}
            slots = tuple(plan.Slot(name, NO_LAYOUT, "bound", part.place, target) for name, target in names.items())
        for slot in slots:
            if slot.kept and slot.name not in seen:
                seen.add(slot.name)
                yield slot
