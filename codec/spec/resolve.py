"""A loaded spec as a plan: names looked up, defaults filled in, every slot and member accounted for.

Shapes were checked by the language's JSON Schema before; what is refused here are references and rules that a schema
cannot say. Problems of different record kinds and documents are collected and raised together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from codec.errors import Place
from codec.spec import plan
from codec.spec.assembly import Assembly
from codec.spec.context import POSITION, Collect, Problems, Scope
from codec.spec.patterns import kept_slots
from codec.spec.source import Mapping
from codec.spec.wording import nearest
from codec.spec.words import Derivation

__all__ = ["POSITION", "Problems", "Resolver", "kept_slots", "options"]


class Resolver(Assembly):
    """Turns one loaded adapter into a plan."""

    def entity(self, name: str, data: dict[str, object]) -> plan.Entity:
        fields = self.model(cast("dict[str, object]", data["model"]))
        within = next(iter(cast("dict[str, str]", data.get("within", {})).items()), None)
        scope = Scope(fields | self.parent_fields(within, name))
        computed: list[tuple[str, Derivation]] = []
        for computed_name, spec in cast("dict[str, dict[str, object]]", data.get("computed", {})).items():
            place = self.at("entities", name, "computed", computed_name)
            computed.append((computed_name, self.derivation(spec, scope, place)))
            scope = Scope(scope.fields | {computed_name: plan.FieldType("computed")})
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
        for check, spec in cast("dict[str, dict[str, object]]", data.get("checks", {})).items():
            with self.collecting():
                place = self.at(*here, "checks", check)
                checks.append(plan.Check(self.condition(spec, scope, place), str(spec.get("hint", "")), place))
        exists = cast("dict[str, str]", data.get("exists", {}))
        prefer = {key: tuple(value) for key, value in cast("dict[str, list[str]]", data.get("prefer", {})).items()}
        names = {row.name for row in rows}
        for key, order in prefer.items():
            for row in order:
                if row not in names and not self.problems:
                    message = f"`prefer` names `{row}`, which is not stored"
                    place = self.at(*here, "prefer", key)
                    self.problems.append(
                        self.fail("spec-unknown-name", message, place, name, nearest(row, [r.name for r in rows]))
                    )
        return plan.Entity(
            name,
            str(data.get("doc", "")),
            self.at(*here),
            fields,
            identity,
            tuple(rows),
            prefer,
            exists.get("record", ""),
            exists.get("orphan", ""),
            tuple(documents),
            tuple(checks),
            within,
            self.choose(data.get("choose"), scope, self.at(*here, "choose")),
            tuple(computed),
            tuple(cast("dict[str, str]", data.get("fill", {})).items()),
            self.bodies(data, scope, here),
        )

    def parent_fields(self, within: tuple[str, str] | None, child: str) -> dict[str, plan.FieldType]:
        """The parent, under its alias, as a field that leads to all of its own."""
        if within is None:
            return {}
        alias, parent = within
        known = {entity.name: entity for entity in self.resolved}
        if parent not in known:
            hint = "parents stand before their children"
            raise self.fail(
                "spec-unknown-name", f"there is no `{parent}`", self.at("entities", child, "within"), child, hint
            )
        return {alias: plan.FieldType(parent, inner=known[parent].fields)}

    def choose(self, data: object, scope: Scope, place: Place) -> plan.Choose | None:
        if data is None:
            return None
        assert isinstance(data, dict)
        candidates = tuple(self.bound(str(name), scope, place, "choose")[0] for name in data["of"])
        nothing, anything = (
            frozenset(cast("list[str]", data.get(word, ()))) for word in ("nothing_if_zero", "any_if_zero")
        )
        return plan.Choose(str(data["field"]), candidates, nothing, anything, str(data["stale"]))

    def view(self, name: str, data: dict[str, object], entities: list[plan.Entity]) -> plan.View:
        """Records as lines: the members that hold prefix, key and value."""
        here = ("views", name)
        entity = next((entity for entity in entities if entity.name == data["of"]), None)
        if entity is None:
            hint = nearest(str(data["of"]), [one.name for one in entities])
            raise self.fail("spec-unknown-name", f"there is no entity `{data['of']}`", self.at(*here, "of"), name, hint)
        scope = Scope(dict(entity.fields))
        rows = {
            str(row): prefix for prefix, labels in cast("dict[str, list[str]]", data["rows"]).items() for row in labels
        }
        known = {row.label for one in entities for row in one.rows}
        for label in rows:
            if label not in known:
                raise self.fail("spec-unknown-name", f"there is no record kind `{label}`", self.at(*here, "rows"), name)
        members = cast("dict[str, dict[str, str]]", data["line"])
        named = {next(iter(spec)): (member, next(iter(spec.values()))) for member, spec in members.items()}
        faces = {
            role: self.face(word, plan.FieldType("bytes"), False, self.at(*here, "line"))
            for role, (_, word) in named.items()
        }
        orphaned = self.path(data["orphaned"], scope, (*here, "orphaned")) if "orphaned" in data else ()
        return plan.View(
            name,
            entity.name,
            str(data["option"]),
            rows,
            self.path(data["path"], scope, (*here, "path")),
            orphaned,
            named["prefix"][0],
            named["key"][0],
            named["value"][0],
            faces["key"],
            faces["value"],
            self.at(*here),
        )

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

    def collecting(self) -> Collect:
        return Collect(self.problems)

    def adapter(self) -> plan.Adapter:
        """The whole plan; raises `Problems`."""
        entities = []
        for name, data in self.section("entities").items():
            with self.collecting():
                entities.append(self.entity(name, data))
                self.resolved.append(entities[-1])
        shared: list[plan.Shared] = []
        for name, data in self.section("shared").items():
            with self.collecting():
                shared.extend(filter(None, [self.shared_row(name, data, entities)]))
        warnings = {}
        for event, data in self.section("warnings").items() if not self.problems else ():  # they need whole entities
            with self.collecting():
                warnings[event] = self.warning(event, data, entities)
        if self.problems:
            raise Problems(self.problems)
        return plan.Adapter(
            str(self.data["adapter"]),
            str(self.data["format"]),
            cast(int, self.data["version"]),
            str(self.data["doc"]),
            str(self.data["manual"]),
            self.data.place,
            tuple(entities),
            tuple(shared),
            self.unread("unread"),
            warnings,
            options(self.data),
            {name: self.names(name, data) for name, data in self.section("names").items()},
            self.folder(),
            tuple(cast("list[str]", self.data.get("print_order", ()))),
            self.types,
            frozenset(self.aggregates),
            tuple(self.view(name, data, entities) for name, data in self.section("views").items()),
        )

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

    def unread(self, section: str) -> tuple[plan.Row, ...]:
        """The records of a section of which nothing but the beginning of their keys is known."""
        return tuple(self._unread(section, name, data) for name, data in self.section(section).items())

    def _unread(self, section: str, name: str, data: dict[str, object]) -> plan.Row:
        literal = self.literal(str(data["key"]), self.at(section, name, "key"))
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
            counted=str(data.get("counted", "")),
        )

    def warning(self, event: str, data: dict[str, object], entities: list[plan.Entity]) -> plan.Warning_:
        users = [
            e
            for e in entities
            if e.orphan == event
            or any(c.choose and c.within and c.choose.stale == event and c.within[1] == e.name for c in entities)
            or any(s.differs == event for r in e.rows for s in kept_slots(r) if isinstance(s, plan.Slot))
        ]
        inner = next((e for e in users if e.within and e.orphan == event), None)
        raised = users or any(shared.get("orphan") == event for shared in self.section("shared").values())
        scope = Scope(dict(users[0].fields)) if users else Scope({})
        if inner is not None:
            scope = Scope(scope.fields | self.parent_fields(inner.within, inner.name))
        fields = cast("dict[str, object]", data["fields"]) if raised else {}
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
            str(data["root"]),
            only.get("pattern", ""),
            only.get("numbered", ""),
            only.get("error", ""),
            cast("Literal['warn', 'refuse']", data["unexpected"]),
            cast("dict[str, str]", data["errors"]),
            str(data.get("aside", "")),
        )


def options(data: Mapping) -> tuple[plan.Option, ...]:
    """The options that a spec declares."""
    result = []
    for name, spec in cast("dict[str, dict[str, object]]", data.get("options") or {}).items():
        choices = tuple(cast("list[str]", spec.get("choices", ())))
        result.append(
            plan.Option(
                name,
                "choice" if choices else "number" if "min" in spec else "flag",
                choices,
                spec.get("default", False),
                str(spec["help"]),
                tuple(cast("list[str]", spec.get("directions", ("decode",)))),
                (cast(int, spec.get("min", 0)), cast(int, spec.get("max", 0))),
            )
        )
    return tuple(result)
