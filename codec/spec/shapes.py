"""Documents resolved: paths, members, lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, cast

from codec.errors import Place
from codec.layout import segments
from codec.layout.tagged import LabelByTag, PlainBase64Url
from codec.spec import plan
from codec.spec.context import Scope
from codec.spec.patterns import Patterns
from codec.spec.words import Condition, Name


class Shapes(Patterns):
    """The part of the resolver that knows documents."""

    def document(
        self, entity: str, name: str, data: dict[str, object], scope: Scope, path: tuple[str | int, ...]
    ) -> plan.Document:
        html = data.get("html", "escaped") == "escaped"
        if "each" in data:
            each = self.collection(str(data["each"]), scope, self.at(*path, "each"))
            scope = replace(scope, element=scope.fields[each].many, collection=each)
        alternatives, steps = self.paths(data["path"], scope, (*path, "path"))
        when = (
            self.condition(cast("dict[str, object]", data["when"]), scope, self.at(*path, "when"))
            if "when" in data
            else None
        )
        make: Callable[..., plan.Document] = lambda kind, **parts: plan.Document(  # noqa: E731
            name,
            entity,
            kind,
            steps,
            self.at(*path),
            when=when,
            beside=str(data.get("beside", "")),
            alternatives=alternatives,
            labels=str(data.get("labels", "")),
            empty_folder=str(data.get("folder", "")),
            only_with="".join(f"{k}={v}" for k, v in cast("dict[str, str]", data.get("only_with", {})).items()),
            name_checked="name_unchecked" not in data,
            option=str(data.get("option", "")),
            error=str(data.get("error", "")),
            named_by=next(iter(cast("dict[str, str]", data.get("named_by", {})).items()), None),
            **parts,
        )
        if "raw" in data:
            return make("raw", raw=self.bound(str(data["raw"]), scope, self.at(*path, "raw"), name)[0].field)
        if "json" in data and "keyed" in cast("dict[str, object]", data["json"]):
            keyed = cast("dict[str, object]", data["json"])
            bundle = cast("dict[str, object]", data.get("bundle", {}))
            if bundle:
                numbers = (
                    str(bundle["by"]),
                    cast(int, bundle["most"]),
                    cast(int, bundle["digits"]),
                    str(bundle["suffix"]),
                )
                make = partial(make, bundle=plan.Bundle(*numbers))
            target, kind = self.bound(str(keyed["keyed"]), scope, self.at(*path, "json", "keyed"), name)
            inner = replace(scope, element=kind.many, collection=target.field)
            return make(
                "bundle" if bundle else "keyed",
                keyed=target,
                members=self.members(keyed["item"], inner, html, (*path, "json", "item")),
            )
        if "json" in data:
            return make("json", members=self.members(data["json"], scope, html, (*path, "json")))
        if "together" in data:
            order = tuple(
                self.bound(str(n), scope, self.at(*path, "order"), name)[0] for n in cast("list[str]", data["order"])
            )
            return make(
                "together",
                members=self.members(data["together"], scope, html, (*path, "together")),
                order=order,
                restored=self.restored(data),
            )
        if "copies" in data:
            return make("copies", members=self.copy_members(cast("dict[str, str]", data["copies"]), path))
        if "line" in data:
            return make("sidecar", members=self.members(data["line"], scope, html, (*path, "line")))
        lines = []
        for line_name, line in cast("dict[str, dict[str, object]]", data["lines"]).items():
            inner, each = scope, str(line.get("each", ""))
            if each:
                many = scope.fields[self.collection(each, scope, self.at(*path, "lines", line_name))].many
                inner = replace(scope, element=many, collection=each)
            here = (*path, "lines", line_name, "line")
            lines.append(plan.Line(each, self.members(line["line"], inner, html, here), self.at(*here)))
        return make("lines", lines=tuple(lines))

    def copy_members(self, data: dict[str, str], path: tuple[str | int, ...]) -> tuple[plan.Member, ...]:
        """The members of a line that shows a record as it is: its prefix, its key, its value."""
        scope = Scope({name: plan.FieldType("bytes") for name in ("prefix", "key", "value")})
        return tuple(self.member(name, spec, scope, False, (*path, "copies", name)) for name, spec in data.items())

    def members(self, data: object, scope: Scope, html: bool, path: tuple[str | int, ...]) -> tuple[plan.Member, ...]:
        assert isinstance(data, dict)
        return tuple(self.member(name, spec, scope, html, (*path, name)) for name, spec in data.items())

    def member(self, name: str, spec: object, scope: Scope, html: bool, path: tuple[str | int, ...]) -> plan.Member:
        place = self.at(*path)
        if isinstance(spec, dict) and "html" in spec:
            html = spec["html"] == "escaped"
        if isinstance(spec, dict) and "keyed" in spec:
            keyed, _ = self.bound(str(spec["keyed"]), scope, place, name)
            face = self.face("raw", plan.FieldType("json"), html, place)
            return plan.Member(
                name,
                place,
                keyed=keyed,
                face=face,
                empty_left_out=spec.get("empty") == "left_out",
                option=str(spec.get("option", "")),
            )
        if isinstance(spec, dict) and "reserved" in spec:
            face = self.face(spec["as"], plan.FieldType("text"), html, place)
            return plan.Member(name, place, face=face, hidden=True, because=str(spec["reserved"]))
        if isinstance(spec, dict) and "const" in spec:
            return plan.Member(name, place, constant=spec["const"], is_constant=True)
        if isinstance(spec, dict) and "object" in spec:
            return plan.Member(name, place, members=self.members(spec["object"], scope, html, (*path, "object")))
        if isinstance(spec, dict) and "lookup" in spec:
            face = self.face(spec["as"], plan.FieldType("text"), html, place)
            return plan.Member(
                name, place, face=face, derive=self.lookup(spec["lookup"], scope, place), empty_left_out=True
            )
        if isinstance(spec, dict) and "texts" in spec:
            target, _ = self.bound(str(spec["texts"]), scope, place, name)
            return plan.Member(name, place, target=target, texts=True, empty_left_out=spec.get("empty") == "left_out")
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
                message = f"`{target.field}` is not a collection of the model"
                raise self.fail("spec-unknown-name", message, place, name, "name a field that is `many`")
            inner = replace(scope, element=kind.many, collection=target.field)
            item = self.members(spec["item"], inner, html, (*path, "item"))
            return plan.Member(
                name,
                place,
                each=target,
                item=item,
                bare=bool(spec.get("bare")),
                empty_left_out=spec.get("empty") == "left_out",
                empty_null=spec.get("empty") == "null",
            )
        options: dict[str, object] = {"as": spec} if isinstance(spec, str) else cast("dict[str, object]", spec)
        if "write" in options:
            return self.reset_member(name, options, scope, html, place)
        if "derive" in options:
            derive = self.derivation(options["derive"], scope, place)
            face = self.face(options, plan.FieldType("any64"), html, place)
            because = str(options.get("lost", ""))
            if because and (known := scope.find(str(options.get("of", name)))) is not None:
                target, kind = known
                return plan.Member(
                    name,
                    place,
                    target=target,
                    face=self.face(options, kind, html, place),
                    derive=derive,
                    empty_left_out=options.get("empty") == "left_out",
                    because=because,
                )
            empty = options.get("empty") == "left_out"
            return plan.Member(name, place, face=face, derive=derive, empty_left_out=empty, because=because)
        target, kind = self.bound(str(options.get("of", name)), scope, place, name)
        return plan.Member(
            name,
            place,
            target=target,
            face=self.face(spec, kind, html, place),
            zero_is_none=options.get("zero") == "none",
            none=cast("Literal['null', 'left_out']", options.get("none", "null")),
            option=str(options.get("option", "")),
            empty_left_out=options.get("empty") == "left_out",
            unless=str(options.get("unless", "")),
            reset=options.get("print"),
            null_is_zero=options.get("null") == "zero",
            empty_null=options.get("empty") == "null",
            default=options.get("default"),
            shown_with=tuple(cast("list[str]", options.get("shown_with", ()))),
        )

    @staticmethod
    def restored(data: dict[str, object]) -> plan.Restored | None:
        """What the self-test knows not to come back as it was."""
        spec = cast("dict[str, object]", data.get("restored", {}))
        if not spec:
            return None
        unless = frozenset(cast("list[str]", spec["unless"]))
        return plan.Restored(str(spec["member"]), cast(int, spec["as"]), unless, str(spec["because"]))

    def reset_member(
        self, name: str, options: dict[str, object], scope: Scope, html: bool, place: Place
    ) -> plan.Member:
        """A member of stored JSON that is always written alike: read if the model has it, else dropped."""
        if not options.get("lost"):
            raise self.fail("spec-loss", f"`{name}` is dropped without a reason", place, hint="say why: `lost: reason`")
        target, kind = scope.find(str(options.get("of", name))) or (None, plan.FieldType("u64"))
        face = self.face(options, kind, html, place)
        empty = options.get("empty") == "left_out"
        return plan.Member(
            name,
            place,
            target=target,
            face=face,
            reset=options["write"],
            is_reset=True,
            empty_left_out=empty,
            because=str(options["lost"]),
        )

    def paths(
        self, data: object, scope: Scope, path: tuple[str | int, ...]
    ) -> tuple[tuple[tuple[Condition, tuple[plan.PathStep, ...]], ...], tuple[plan.PathStep, ...]]:
        """A path, or several: all but the last under a condition."""
        assert isinstance(data, list)
        if not (isinstance(data[0], dict) and "parts" in data[0]):
            return (), self.path(data, scope, path)
        alternatives = []
        for index, one in enumerate(data[:-1]):
            here = (*path, index, "parts")
            if "when" not in one:
                hint = "say when this one is taken"
                raise self.fail("spec-missing", "only the last path goes without `when`", self.at(*here), hint=hint)
            alternatives.append(
                (self.condition(one["when"], scope, self.at(*here)), self.path(one["parts"], scope, here))
            )
        return tuple(alternatives), self.path(data[-1]["parts"], scope, (*path, len(data) - 1, "parts"))

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
            place = self.at(*path, index, name)
            target = self.bound(name, scope, place, name)[0]
            if word == "base64url_name":
                steps[-1].append(plan.PathPart(target, PlainBase64Url()))
                continue
            if word == "by_tag":
                steps[-1].append(plan.PathPart(target, self.label(config, place)))
                continue
            if word != "percent":
                steps[-1].append(self.other_part(word, config, target, place))
                continue
            steps[-1].append(plan.PathPart(target, segments.build(config)))
        return tuple(tuple(step) for step in steps)

    def other_part(self, word: str, config: dict[str, object], target: Name, place: Place) -> plan.PathPart:
        """A piece of a path that is no escaped name."""
        raise NotImplementedError

    def segment(self, name: object, place: Place) -> segments.Segment:
        """The codec of that name, which must be one for file names."""
        word, config = self.codec(name)
        if word != "percent":
            hint = "configure one under `codecs` with `percent`"
            raise self.fail("spec-unknown-codec", f"`{name}` is not a codec of file names", place, hint=hint)
        return segments.build(config)

    def label(self, config: dict[str, object], place: Place) -> LabelByTag:
        """File names for tagged values: each tag as it is, or by way of another form, in one shape of names."""
        tags = {}
        segment = None
        for tag, spec in cast("dict[str, object]", config["by_tag"]).items():
            via, inner = next(iter(spec.items())) if isinstance(spec, dict) else ("", spec)
            tags[tag] = via
            segment = self.segment(inner, place)
        assert segment is not None
        return LabelByTag(segment, tags)
