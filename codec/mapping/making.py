"""Things made of records: fields by name. What a record does not say is left as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from codec.engine.base import ABSENT
from codec.mapping.gather import picker
from codec.spec.plan import Optional, Row
from codec.spec.words import Element, Thing

Make = Callable[[Element], Thing]


def maker(row: Row, empty: Thing, more: Iterable[tuple[str, int]] = ()) -> Make:
    """What turns a record into the thing that it makes, beginning with a copy of `empty`; `more` are fields and places
    beside those that the row names."""
    pairs = [*more, *row.fields]
    gives = row.gives
    if pairs and says_all(row):
        names, pick = [name for name, _ in pairs], picker(tuple(index for _, index in pairs))

        def make(values: Element) -> Thing:
            thing = empty.copy()
            thing.update(zip(names, pick(values), strict=False))  # as many by construction; a check takes time
            for name, index in gives:
                thing[name] = ordered(values[index])  # type: ignore[arg-type]
            return thing

        return make

    def make_some(values: Element) -> Thing:
        thing = empty | {name: value for name, index in pairs if (value := values[index]) is not ABSENT}
        for name, index in gives:
            thing[name] = ordered(values[index])  # type: ignore[arg-type]
        return thing

    return make_some


def fields_of(row: Row, values: Element) -> Thing:
    """What a record says, by field; what it does not say is left out."""
    return maker(row, {})(values)


def says_all(row: Row) -> bool:
    """Whether each record of a kind says all its fields."""
    return len(row.forms) < 2 and not any(isinstance(p, Optional) for form in row.forms for p in form.parts)


def ordered(elements: list[Element]) -> list[Element]:
    """Elements that a record lists by name: sorted, the last of equal names."""
    if not elements:
        return elements
    named = {element[0]: element for element in elements}
    return [named[name] for name in sorted(named)]  # type: ignore[type-var]
