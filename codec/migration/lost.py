"""How much of a stream does not come along: records that say a field which the other version has no place for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from codec.engine.base import ABSENT, Misfit
from codec.engine.interpreter import Interpreter
from codec.layout.base import Wrong
from codec.mapping.dispatch import every_kind
from codec.migration.bridge import Lost
from codec.spec import plan
from codec.spec.container import Container
from codec.stream.batches import Entry
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.versions import Unsorted, in_order, newest

Said = Callable[[bytes, bytes], Iterable[str]]
NOTHING: tuple[object, ...] = (None, ABSENT, 0, "", b"", [], ())


def counted(reader: EntryReader, container: Container, lost: tuple[Lost, ...]) -> Counter[str]:
    """How many live records say each thing that is lost, by label; the stream is read once more, if anything may be.

    Memory does not grow with the number of records. What is damaged is left to the decode to tell.
    """
    looks = _looks(container, lost)
    if not looks:
        return Counter()
    now = reader.head.last_commit_ts
    try:
        return _counted(newest(reader.entries(), None, now, Counter()), container, looks)
    except Unsorted:
        with Sorter[tuple[object, ...]]() as sorter:
            entries = in_order(reader.entries(), sorter)
            return _counted(newest(entries, None, now, Counter()), container, looks)


def _counted(entries: Iterator[Entry], container: Container, looks: dict[int, Said]) -> Counter[str]:
    counts: Counter[str] = Counter()
    find = every_kind(container).find
    for entry in entries:
        row = find(entry.key, entry.value)
        if row is not None and id(row) in looks:
            counts.update(looks[id(row)](entry.key, entry.value))
    return counts


def _looks(container: Container, lost: tuple[Lost, ...]) -> dict[int, Said]:
    """What is asked of each kind of record that may say something that is lost."""
    found: dict[int, Said] = {}
    for adapter in container.adapters:
        for row in adapter.rows:
            mine = [one for one in lost if one.adapter == adapter.name and one.entity in ("", row.entity)]
            whole = [one.label for one in mine if not one.field]
            asked = {name: one.label for one in mine for name in (one.field,) if name}
            if row.unread or row.role in ("dropped", "derived") or not (whole or asked):
                continue
            found[id(row)] = _always(whole) if whole else _asking(row, asked)
    return found


def _always(labels: list[str]) -> Said:
    return lambda key, value: labels


def _asking(row: plan.Row, asked: dict[str, str]) -> Said:
    read = Interpreter().reader(row)
    places = [(index, asked[name]) for name, index in (*row.fields, *row.gives) if name in asked]
    each = [asked[row.each]] if row.each in asked else []

    def said(key: bytes, value: bytes) -> Iterator[str]:
        try:
            values = read(key, value)
        except (Misfit, Wrong):
            return
        yield from each
        yield from (label for index, label in places if values[index] not in NOTHING)

    return said
