"""Workloads as data: YAML templates of things, expanded one thing at a time; no literal of a format stands here.

Invariant: the same template, scale and seed give the same things, whatever else is made with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import cast

from codec.engine.documents import targets
from codec.errors import Place, UsageError
from codec.layout.types import ZEROS
from codec.spec import plan, source
from codec.spec.container import Container
from codec.spec.words import Thing

from .recipes import INNERMOST, Make, Turn, of_field, whole, wrong

FOLDER = Path(__file__).parent / "workloads"


@dataclass(frozen=True, slots=True)
class Made:
    """A thing of an entity of an adapter."""

    adapter: plan.Adapter
    entity: plan.Entity
    thing: Thing


@dataclass(frozen=True, slots=True)
class Template:
    """How the things of one entity are made: how many, their fields, their children."""

    adapter: plan.Adapter
    entity: plan.Entity
    count: int
    scaled: bool
    fields: dict[str, Make]
    children: tuple[Template, ...]

    def number(self, scale: float) -> int:
        """How many things there are at a scale; at least one."""
        return max(1, int(self.count * scale)) if self.scaled else self.count


@dataclass(frozen=True, slots=True)
class Workload:
    """A named workload; a `mix` has others with their shares instead of things of its own."""

    name: str
    doc: str
    last_commit_ts: int
    templates: tuple[Template, ...]
    mix: tuple[tuple[Workload, float], ...] = ()

    def things(self, scale: float, seed: int) -> Iterator[Made]:
        """Every thing, parents after their children; one thing is held at a time."""
        for part, share in self.mix:
            yield from part.things(scale * share, seed)
        for number, template in enumerate(self.templates):
            yield from _things(template, scale, Random(f"{seed} {self.name} {number}"), None, 0)


def names() -> tuple[str, ...]:
    """The workloads that come with the project."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def standard() -> tuple[str, ...]:
    """The workloads that are measured if none is named: those that the mix is made of."""
    return tuple(cast("dict[str, float]", source.load(FOLDER / "mix.yaml")["mix"]))


def load(name: str, container: Container) -> Workload:
    """The workload of that name, or in the YAML file of that path; raises `UsageError` or `SpecError`."""
    shipped = FOLDER / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name)
    if not path.is_file():
        hint = f"one of {', '.join(names())}, or the path of a template"
        raise UsageError("usage", f"there is no workload `{name}`", Place(name), hint=hint)
    data = source.load(path)
    parts = cast("dict[str, float]", data.get("mix", {}))
    return Workload(
        str(data.get("workload", path.stem)),
        str(data.get("doc", "")),
        whole(data, "last_commit_ts"),
        tuple(_template(each, container, None) for each in cast("list[object]", data.get("things", []))),
        tuple((load(part, container), share) for part, share in parts.items()),
    )


def _template(said: object, container: Container, parent: plan.Entity | None) -> Template:
    if not isinstance(said, source.Mapping):
        raise wrong(said, "a mapping with `of`, `count`, `fields`", str(said)[:60])
    kinds = {
        f"{adapter.name}/{entity.name}": (adapter, entity)
        for adapter in container.adapters
        for entity in adapter.entities
    }
    if (of := str(said.get("of"))) not in kinds:
        raise wrong(said, f"one of {', '.join(kinds)}", of)
    adapter, entity = kinds[of]
    within = entity.within[1] if entity.within else None
    if within != (parent.name if parent else None):
        raise wrong(said, f"things within {within or 'nothing'}", f"within {parent.name if parent else 'nothing'}")
    count = said.get("count", 1)
    scaled = isinstance(count, source.Mapping)
    fields = cast("dict[str, object]", said.get("fields", {}))
    if unknown := set(fields) - set(entity.fields):
        raise wrong(said, f"fields of {of}: {', '.join(entity.fields)}", ", ".join(sorted(unknown)))
    return Template(
        adapter,
        entity,
        whole(count, "scaled") if isinstance(count, source.Mapping) else whole(said, "count", 1),
        scaled,
        {name: of_field(entity.fields[name], value) for name, value in fields.items()},
        tuple(_template(child, container, entity) for child in cast("list[object]", said.get("children", []))),
    )


def _things(template: Template, scale: float, random: Random, parent: Thing | None, outer: int) -> Iterator[Made]:
    entity, turn = template.entity, Turn(random)
    empty = unsaid(entity)
    turn.numbers["parent"] = outer
    for number in range(template.number(scale)):
        turn.numbers["thing"] = turn.numbers[INNERMOST] = number
        thing = turn.thing = dict(empty)
        for name, make in template.fields.items():
            thing[name] = make(turn)
        if entity.within is not None:
            thing[entity.within[0]] = parent
        for child in template.children:
            yield from _things(child, scale, random, thing, number)
        yield Made(template.adapter, entity, thing)


def unsaid(entity: plan.Entity) -> Thing:
    """A thing of which nothing is said yet: as documents read it, so what no document says is none."""
    shown = {
        name.field
        for document in entity.documents
        for member in (*document.members, *(member for line in document.lines for member in line.members))
        for name in targets(member)
    }
    return {
        name: [] if kind.many is not None else _zero(kind) if name in shown else None
        for name, kind in entity.fields.items()
    }


def _zero(kind: plan.FieldType) -> object:
    return None if kind.maybe else ZEROS.get(kind.scalar, 0)
