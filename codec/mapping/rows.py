"""A thing as records: one per element where the spec says `each`, and others only if every part has a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codec.engine.base import Engine, Misfit, WriteRow
from codec.engine.documents import element_of, targets
from codec.spec.plan import Adapter, Document, Entity, Line, Row
from codec.spec.words import KEY_OF, Element, Name, Thing


@dataclass(frozen=True, slots=True)
class _Written:
    """How one kind of record is written."""

    row: Row
    write: WriteRow
    needs: tuple[Name, ...]
    positional: bool


class RowWriter:
    """Writes the records of things, by entity."""

    def __init__(self, adapter: Adapter, engine: Engine) -> None:
        self._written = {entity.name: tuple(self._rows(entity, engine)) for entity in adapter.entities}
        self._names: dict[int, list[Name]] = {}

    def _rows(self, entity: Entity, engine: Engine) -> Iterator[_Written]:
        for row in entity.rows:
            if row.written:
                many = entity.fields[row.each].many if row.each else None
                yield _Written(row, engine.writer(row), tuple(row.needed), bool(many and many.positional))

    def records(self, entity: Entity, thing: Thing) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of every record that the thing is stored as."""
        for one in self._written[entity.name]:
            if one.row.each_of is not None:
                yield from self._derived(one, thing)
                continue
            if one.row.repeated or not (one.row.when is None or one.row.when.holds(thing, ())):
                continue
            if not one.row.each:
                if all(name.get(thing, ()) is not None for name in one.needs):
                    record = one.write(thing, ())
                    thing[KEY_OF + one.row.name] = record[0]
                    yield record
                continue
            elements: list[Element] = thing[one.row.each]  # type: ignore[assignment]
            write: Callable[[Thing, Element], tuple[bytes, bytes]] = one.write
            if one.positional:
                for position, element in enumerate(elements):
                    yield write(thing, (*element, position))
            else:
                for element in elements:
                    yield write(thing, element)

    def repeated(self, entity: Entity, thing: Thing) -> Iterator[tuple[bytes, tuple[object, ...], bytes]]:
        """Records that several things may have in common: key, rank (the least stays), value."""
        for one in self._written[entity.name]:
            if one.row.repeated and (one.row.when is None or one.row.when.holds(thing, ())):
                greatest, *ties = (name.get(thing, ()) for name in one.row.repeated)
                key, value = one.write(thing, ())
                first = -greatest if one.row.keep == "greatest" else greatest  # type: ignore[operator]
                yield key, (first, *ties), value

    def _derived(self, one: _Written, thing: Thing) -> Iterator[tuple[bytes, bytes]]:
        """A row for each element of another thing's collection for which the row's condition holds."""
        assert one.row.each_of is not None
        for element in one.row.each_of.get(thing, ()):  # type: ignore[attr-defined]
            here = dict(thing)
            for name, pick in one.row.locals:
                fault = pick.fault(here, element)
                if fault is not None:
                    raise Misfit(f"{one.row.label}.{name}", 0, *fault)
                here[name] = pick.evaluate(here, element)
                if here[name] is None and pick.by.get(here, element):
                    break
            else:
                if one.row.when is None or one.row.when.holds(here, element):
                    yield one.write(here, element)

    def element(self, document: Document, line: Line, fields: Thing) -> Element:
        """The element that a line of a document says."""
        names = self._names.get(id(line))
        if names is None:
            names = self._names[id(line)] = [target for member in line.members for target in targets(member)]
        return element_of(names, fields)
