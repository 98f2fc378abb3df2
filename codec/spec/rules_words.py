"""Rules for the names of one adapter: all that are used are declared, all that are declared are used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from codec.errors import Place
from codec.spec import plan
from codec.spec.account import row_parts, slots_of
from codec.spec.finding import AdapterRule, Finding, Subject, doubt, mistake
from codec.spec.source import Mapping, Step, part_of, place_of, walk
from codec.spec.wording import nearest


def collection_words(subject: Subject) -> Iterator[Finding]:
    """`unique` and `order` name fields of the elements."""
    for path, part in walk(subject.data.get("entities")):
        if "model" not in path or not isinstance(part, dict) or not isinstance(part.get("many"), dict):
            continue
        fields = [*part["many"]]
        for word in ("unique", "order"):
            names = part.get(word, [])
            for index, name in enumerate(names if isinstance(names, list) else []):
                if name not in fields:
                    place = place_of(subject.data, ("entities", *path, word, index))
                    message = f"`{word}` names `{name}`, which the elements do not have"
                    yield mistake("spec-unknown-name", message, place, _dotted(path), nearest(str(name), fields))


def types_declared(subject: Subject) -> Iterator[Finding]:
    """A field's type that is no scalar is declared; those begin with a capital letter."""
    known = [*subject.adapter.types]
    for entity in subject.adapter.entities:
        here = ("entities", entity.name, "model")
        for path, part in walk(part_of(subject.data, here)):
            named = isinstance(part, str) and part[:1].isupper() and not {"unique", "order"} & {*path}
            if named and part not in known:
                place = place_of(subject.data, (*here, *path))
                hint = nearest(str(part), known) or "declare it under `types`"
                yield mistake("spec-unknown-name", f"there is no type `{part}`", place, entity.name, hint)


def form_words(subject: Subject) -> Iterator[Finding]:
    """`write` and `lossy` name forms of their value."""
    for section in ("entities", "shared"):
        for path, part in walk(subject.data.get(section)):
            if "value" not in path or not isinstance(part, dict) or not isinstance(part.get("forms"), dict):
                continue
            forms = [*part["forms"]]
            for word in ("write", "lossy"):
                for name in cast("dict[str, object]", part.get(word, {})):
                    if name not in forms:
                        place = place_of(subject.data, (section, *path, word, name))
                        message = f"`{word}` names the form `{name}`, which is not there"
                        yield mistake("spec-unknown-name", message, place, _dotted(path), nearest(name, forms))


def existing_record(subject: Subject) -> Iterator[Finding]:
    """`exists` names a record kind that is read."""
    for entity in subject.adapter.entities:
        known = [row.name for row in entity.rows if row.role in ("stored", "shared")]
        if entity.exists and entity.exists not in known:
            place = place_of(subject.data, ("entities", entity.name, "exists", "record"))
            message = f"`exists` names `{entity.exists}`, which is not a record kind that is read"
            yield mistake("spec-unknown-name", message, place, entity.name, nearest(entity.exists, known))


def warnings_declared(subject: Subject) -> Iterator[Finding]:
    """Every warning that something raises is declared, every declared one is raised."""
    known = [*subject.adapter.warnings]
    used = {event: (place, label) for event, place, label in _raised(subject)}
    for event, (place, label) in used.items():
        if event not in known:
            hint = nearest(event, known) or "declare it under `warnings`"
            yield mistake("spec-warnings", f"the warning `{event}` is not declared", place, label, hint)
    for event in (event for event in known if event not in used):
        place = place_of(subject.data, ("warnings", event))
        yield doubt("spec-unused", f"nothing raises the warning `{event}`", place, f"warnings.{event}", "take it out")


def _raised(subject: Subject) -> Iterator[tuple[str, Place, str]]:
    for entity in subject.adapter.entities:
        if entity.orphan:
            yield entity.orphan, place_of(subject.data, ("entities", entity.name, "exists", "orphan")), entity.name
        if entity.choose is not None:
            yield entity.choose.stale, place_of(subject.data, ("entities", entity.name, "choose", "stale")), entity.name
    for shared in subject.adapter.shared:
        yield shared.orphan, place_of(subject.data, ("shared", shared.row.name, "orphan")), shared.row.name
    for row, slot in _differing(subject):
        yield slot.differs, slot.place, row.label


def _differing(subject: Subject) -> Iterator[tuple[plan.Row, plan.Slot]]:
    for row in subject.adapter.rows:
        for slot in (slot for part in row_parts(row) for slot in slots_of(part)):
            if isinstance(slot, plan.Slot) and slot.differs:
                yield row, slot


def warning_fields(subject: Subject) -> Iterator[Finding]:
    """`declared` names the slot that raises the warning, `rows` something that is counted for it."""
    raised: dict[str, set[str]] = {}
    for _, slot in _differing(subject):
        raised.setdefault(slot.differs, set()).add(slot.name)
    counted: dict[str, set[str]] = {shared.orphan: {shared.row.name} for shared in subject.adapter.shared}
    for entity in subject.adapter.entities:
        children = {child.name for child in subject.adapter.entities if child.within and child.within[1] == entity.name}
        children |= {view.name for view in subject.adapter.views if view.entity == entity.name}
        collections = {name for name, kind in entity.fields.items() if kind.many is not None}
        counted.setdefault(entity.orphan, set()).update(children | collections)
        if entity.choose is not None:
            counted.setdefault(entity.choose.stale, set()).add("stale")
    for event, spec in cast("dict[str, dict[str, dict[str, object]]]", subject.data.get("warnings") or {}).items():
        for name, field in spec["fields"].items():
            words = field if isinstance(field, dict) else {}
            place = place_of(subject.data, ("warnings", event, "fields", name))
            known = sorted(raised.get(event, ()))
            if "declared" in words and words["declared"] not in known:
                message = f"`declared: {words['declared']}` is not what raises the warning `{event}`"
                hint = nearest(str(words["declared"]), known) or f"leave `{name}` out"
                yield mistake("spec-warnings", message, place, f"warnings.{event}", hint)
            known = sorted(counted.get(event, ()))
            if "rows" in words and words["rows"] not in known:
                message = f"nothing counts `{words['rows']}` for the warning `{event}`: it is always 0"
                hint = nearest(str(words["rows"]), known) or f"leave `{name}` out"
                yield doubt("spec-warnings", message, place, f"warnings.{event}", hint)


def switches(subject: Subject) -> Iterator[tuple[str, str, Place, str]]:
    """The conditions `{option: …}` and `{replayed: …}`: word, name, place and what they belong to."""
    for path, part in walk(subject.data.get("entities")):
        condition = path[-1:] in (("when",), ("not",)) or path[-2:-1] in (("all",), ("any",), ("checks",))
        if not condition or not isinstance(part, dict):
            continue
        for word in (word for word in ("option", "replayed") if word in part):
            yield word, str(part[word]), place_of(subject.data, ("entities", *path, word)), _dotted(path)


def views_named(subject: Subject) -> Iterator[Finding]:
    """`replayed` names a view."""
    known = [view.name for view in subject.adapter.views]
    for word, name, place, label in switches(subject):
        view = name.rpartition(".")[2]
        if word == "replayed" and view not in known:
            hint = nearest(view, known) or "declare it under `views`"
            yield mistake("spec-unknown-name", f"there is no view `{view}`", place, label, hint)


def printed(subject: Subject) -> Iterator[Finding]:
    """`print_order` is every entity, once."""
    known = [entity.name for entity in subject.adapter.entities]
    order = subject.adapter.print_order
    place = place_of(subject.data, ("print_order",))
    for index, name in enumerate(order):
        if name not in known:
            there = place_of(subject.data, ("print_order", index))
            message = f"`print_order` names `{name}`, which is not an entity"
            yield mistake("spec-unknown-name", message, there, "print_order", nearest(name, known))
    for name in (name for name in known if name not in order):
        message = f"`print_order` does not name `{name}`"
        yield mistake("spec-print-order", message, place, "print_order", "add it where it belongs")


def codecs_used(subject: Subject) -> Iterator[Finding]:
    """A codec that nothing names is dead."""
    used: set[object] = set()
    for section in ("entities", "shared", "codecs", "views"):
        used |= {part for _, part in walk(subject.data.get(section)) if isinstance(part, str)}
    for name in cast(Mapping, subject.data.get("codecs") or Mapping()):
        if name not in used:
            place = place_of(subject.data, ("codecs", name))
            yield doubt("spec-unused", f"nothing uses the codec `{name}`", place, f"codecs.{name}", "take it out")


def _dotted(path: tuple[Step, ...]) -> str:
    return ".".join(str(step) for step in path if isinstance(step, str))


RULES: tuple[AdapterRule, ...] = (
    collection_words,
    types_declared,
    form_words,
    existing_record,
    warnings_declared,
    warning_fields,
    views_named,
    printed,
    codecs_used,
)
