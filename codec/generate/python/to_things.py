"""Records to things, in memory: judged, gathered, joined. A thing is a dict of fields while it is put together."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from codec.errors import Place, StreamError, shown
from codec.generate.python.file_runtime import Entry
from codec.generate.python.kinds import (
    ABSENT,
    Collection,
    Element,
    EntityKind,
    Fields,
    Options,
    RowKind,
    SharedKind,
)
from codec.spec.bodies import Join, Take

Taken = tuple[RowKind, Element, int]  # a record as it was read, and its number


def read_records(entries: Iterable[Entry], rows: Sequence[RowKind], options: Options) -> Iterator[Taken]:
    """What known kinds of records say; raises `StreamError`."""
    rows = [row for row in rows if not row.option or row.option in options]
    prefixes = {row.prefix: row for row in rows if row.prefix}
    lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)
    open_rows = [row for row in rows if not row.prefix]
    for number, entry in enumerate(entries):
        prefixed = (prefixes.get(entry.key[:length]) for length in lengths)
        fitting = (row for row in prefixed if row and _fits(row, entry.key, entry.value))
        row = next(fitting, None) or next((row for row in open_rows if not entry.key.startswith(row.refused)), None)
        if row is not None and row.read is not None and row.read_with in ("", *options):
            try:
                values = row.read(entry.key, entry.value)
                algorithm, digest, data, error = row.digest
                if algorithm and hashlib.new(algorithm, values[data]).digest() != values[digest]:
                    message = f"the value of a {row.label} record has another digest than its key says"
                    raise StreamError(error, message, Place(offset=entry.at))
                yield row, values, number
            except StreamError:
                raise
            except Exception as problem:
                why = str(problem) or f"the key {shown(entry.key)}, the value {shown(entry.value)}"
                message = f"a {row.label} record does not fit: {why}"
                raise StreamError(_error_of(row, entry.key), message, Place(offset=entry.at)) from None


def _error_of(row: RowKind, key: bytes) -> str:
    """The name of the error of a record that does not fit: the key is judged first."""
    try:
        if row.read_key is not None:
            row.read_key(key)
    except Exception:
        return row.key_error
    return row.error


def _fits(row: RowKind, key: bytes, value: bytes) -> bool:
    """Whether a record has the shape of its kind, where that is not told by the key's beginning."""
    if row.shape is None:
        return True
    try:
        row.shape(key, value)
    except Exception:
        return False
    return True


def assemble(taken: Iterable[Taken], kinds: Sequence[EntityKind], shared: Sequence[SharedKind]) -> Iterator[Any]:
    """The things that records make, a parent before its children."""
    by_entity: dict[str, list[Taken]] = defaultdict(list)
    for one in taken:
        by_entity[one[0].entity or one[0].label].append(one)
    for owned in shared:
        _hand_over(owned, by_entity)
    known = {kind.name: kind for kind in kinds}
    contents = {
        (take.content, values[row.identity[0]]): values
        for kind in kinds
        for take in (kind.join.takes if kind.join else ())
        if take.content
        for row, values, _ in by_entity[take.content]
    }
    parents = {kind.parent for kind in kinds}
    within = {take.content for kind in kinds if kind.join for take in kind.join.takes}
    for kind in kinds:
        if kind.parent or kind.name in within:
            continue
        if kind.name in parents:
            yield from _families(kind, [one for one in known.values() if one.parent == kind.name], by_entity, contents)
        else:
            yield from _alone(kind, by_entity[kind.name])


def _hand_over(owned: SharedKind, by_entity: dict[str, list[Taken]]) -> None:
    """Give shared records to the first of their owners that exists."""
    there: dict[tuple[str, str], set[Any]] = {}
    for entity, name in owned.owners:
        rows = [one for one in by_entity[entity] if name in ("", one[0].name)]
        there[entity, name] = {values[row.identity[0]] for row, values, _ in rows}
    for row, values, number in by_entity.pop(owned.name, []):
        identity = values[row.identity[0]]
        owner = next((entity for entity, name in owned.owners if identity in there[entity, name]), None)
        if owner is not None:
            by_entity[owner].append((owned.rows[owner], values, number))


def _alone(kind: EntityKind, taken: list[Taken]) -> Iterator[Any]:
    """Things that lie within no other."""
    made = []
    for identity, group in _by_identity(taken, len(kind.identity)):
        fields, said = gathered(kind, group)
        if not kind.exists or kind.exists in said:
            own = [(row, number) for row, values, number in group if not row.each and _says(kind, row, values)]
            first = min(((_place(row, number, identity)) for row, number in own), default=(3, identity))
            made.append((first if kind.collection is None else (0, identity), finished(kind, fields)))
    return (thing for _, thing in sorted(made, key=itemgetter(0)))


def _says(kind: EntityKind, row: RowKind, values: Element) -> bool:
    """Whether a record says something of a field that shared records say."""
    return any(values[at] is not ABSENT for name, at in row.fields if name in kind.shared)


def _place(row: RowKind, number: int, identity: Any) -> tuple[int, Any]:
    """Where a thing comes in files that have a line for each: as it came, or by its name if only an old form is left."""
    return (2, number) if row.read is None else (1, identity) if row.legacy else (0, number)


def _by_identity(taken: list[Taken], width: int) -> Iterator[tuple[Any, list[Taken]]]:
    keyed = [(tuple(values[at] for at in row.identity[:width]), (row, values, number)) for row, values, number in taken]
    keyed.sort(key=itemgetter(0))
    for identity, group in groupby(keyed, key=itemgetter(0)):
        yield identity, [one for _, one in group]


def gathered(kind: EntityKind, taken: list[Taken]) -> tuple[Fields, set[str]]:
    """The fields that records of one thing say, the preferred kind first; and which kinds there are."""
    fields: Fields = dict.fromkeys(kind.fields)
    said: dict[str, int] = {}
    for row, values, _ in sorted(taken, key=lambda one: (one[0].rank, one[2])):
        for name, at in zip(kind.identity, row.identity, strict=False):
            fields[name] = values[at]
        for name, at in row.fields:
            if values[at] is not ABSENT and said.setdefault(name, row.rank) == row.rank:
                fields[name] = values[at]
        for name, at in row.gives:
            if kind.collection is None or name != kind.collection.name:
                fields[name] = values[at] if kind.join is not None else by_name(values[at])
    if kind.collection is not None and kind.join is None:
        fields[kind.collection.name] = _elements(kind.collection, taken)
    for name, other in kind.fill if taken else ():
        fields[name] = fields[name] or fields[other].decode("utf-8", "replace")
    return fields, {row.name for row, _, _ in taken}


def by_name(elements: Sequence[Element]) -> list[Element]:
    """Elements that a record lists by name: sorted, the last of equal names."""
    return sorted({element[0]: element for element in elements}.values(), key=itemgetter(0))


def _elements(collection: Collection, taken: list[Taken]) -> list[Element]:
    """The elements of a thing: of the most preferred kind of record that has any; the last of equal ones."""
    giving = [one for one in taken if one[0].each or any(name == collection.name for name, _ in one[0].gives)]
    if not giving:
        return []
    best = min(row.rank for row, _, _ in giving)
    row, values, _ = max((one for one in giving if one[0].rank == best), key=itemgetter(2))
    if not row.each:
        listed = values[dict(row.gives)[collection.name]]
        if collection.unique:
            listed = list({tuple(one[at] for at in collection.unique): one for one in listed}.values())
        return sorted(listed, key=lambda one: tuple(one[at] for at in collection.order)) if collection.order else listed
    rows = sorted(
        (tuple(values[at] for at in row.order), number, tuple(values[at] for at in row.element))
        for row, values, number in giving
        if row.rank == best
    )
    kept: dict[Any, Element] = {}
    for place, number, element in rows:
        same = place if collection.positional else tuple(element[at] for at in collection.unique) or number
        kept[same] = element
    return list(kept.values())


def _families(
    kind: EntityKind, children: list[EntityKind], by_entity: dict[str, list[Taken]], contents: dict[Any, Element]
) -> Iterator[Any]:
    """Parents, each with what lies within it."""
    members = [kind, *children]
    groups: dict[Any, dict[str, list[Taken]]] = defaultdict(lambda: defaultdict(list))
    for member in members:
        for one in by_entity[member.name]:
            groups[one[1][one[0].identity[0]]][member.name].append(one)
    for identity in sorted(groups):
        group = groups[identity]
        fields, said = gathered(kind, group[kind.name])
        fields[kind.identity[0]] = identity
        if kind.exists and kind.exists not in said:
            continue
        parent = finished(kind, fields)
        if said:
            yield parent
        for child in children:
            yield from _children(child, fields, parent, group[child.name], contents)


def _children(
    kind: EntityKind, parent_fields: Fields, parent: Any, taken: list[Taken], contents: dict[Any, Element]
) -> Iterator[Any]:
    """The things of one kind within a parent: those that count, in their order."""
    chosen = kind.candidates(parent_fields) if kind.candidates is not None else None
    made = []
    if kind.join is not None:
        grouped = [(group, gathered(kind, group)) for _, group in _by_identity(taken, len(kind.identity))]
        found = [(fields, group) for group, (fields, said) in grouped if not kind.exists or kind.exists in said]
    else:
        found = [(gathered(kind, [one])[0], [one]) for one in taken]
    for fields, group in found:
        by = fields[kind.chosen_by] if kind.chosen_by else None
        if chosen is not None and by not in chosen:
            continue
        fields[kind.alias] = parent_fields
        if kind.join is not None:
            fields |= zip(
                (name.rpartition(".")[2] for name in kind.identity[1:]), _own_identity(kind, group), strict=True
            )
            fields[kind.join.field] = joined(kind.join, fields, group, contents, group[0][0].error)
        try:
            kind.compute(fields)
        except LookupError:
            message = f"a {group[0][0].label} record does not say what makes it a {kind.name}"
            raise StreamError(group[0][0].error, message) from None
        rank = chosen.index(by) if chosen is not None else 0
        made.append((rank, tuple(fields[name] for name in kind.order), group[0][2], fields))
    for _, _, _, fields in sorted(made, key=itemgetter(0, 1, 2)):
        yield finished(kind, fields | {kind.alias: parent})


def _own_identity(kind: EntityKind, group: list[Taken]) -> tuple[Any, ...]:
    row, values, _ = group[0]
    return tuple(values[at] for at in row.identity[1 : len(kind.identity)])


def joined(join: Join, fields: Fields, taken: list[Taken], contents: dict[Any, Element], error: str) -> bytes:
    """The body that the pieces of the declared parts make; raises `StreamError` unless each part has exactly its own."""
    pieces: dict[tuple[Any, ...], tuple[Take, Element, bytes]] = {}
    for row, values, _ in taken:
        take = next((one for one in join.takes if one.row == row.name), None)
        if take is not None:
            element = tuple(values[at] for at in row.element)
            if element[take.only] == fields[join.only] or (take.any_if_empty and not fields[join.only]):
                data = _piece(take, element, contents)
                if data is not None:
                    version = element[take.version[0]]
                    place = (element[take.part[0]], version if isinstance(version, int) else 0, take.on)
                    pieces[(*place, element[take.number])] = take, element, data
    wanted = []
    for part in fields[join.parts]:
        take = next(one for one in join.takes if bool(part[one.flag]) == one.on)
        place = (part[take.part[1]], part[take.version[1]], take.on)
        wanted += [(*place, number) for number in range(part[join.count])]
        if take.content and len(part[take.sizes]) != part[join.count]:
            raise StreamError(error, "a part does not say the size of each of its pieces")
        for number in range(part[join.count] if take.content else 0):
            _, element, data = pieces.get((*place, number), (take, (), b""))
            if element and not len(data) == element[take.size] == part[take.sizes][number]:
                raise StreamError(join.differs, "a piece has another size than it should have")
    known = {place[:3] for place in wanted}
    if sorted(wanted) != sorted(place for place in pieces if place[:3] in known):
        raise StreamError(join.incomplete, "a body does not have exactly the pieces that it should have")
    return b"".join(pieces[place][2] for place in sorted(wanted))


def _piece(take: Take, element: Element, contents: dict[Any, Element]) -> bytes | None:
    """The bytes of one piece; None if it is kept by its digest, and nothing is."""
    if not take.content:
        return bytes(element[take.data])
    content = contents.get((take.content, element[take.by]))
    return None if content is None else bytes(content[-1])


def finished(kind: EntityKind, fields: Fields) -> Any:
    """The dataclass of a thing; what no record said has its default."""
    said = {field.name: fields[field.name] for field in dataclasses.fields(kind.make) if field.name in fields}
    for name, make in kind.elements.items():
        if said.get(name) is not None:
            said[name] = [make(element) for element in said[name]]
    return kind.make(**{name: value for name, value in said.items() if value is not None})
