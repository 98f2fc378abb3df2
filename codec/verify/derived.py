"""Whether records that a node computes from others are what it would compute.

The records of the file are compared with those of a tree that was made from it, with every option on that keeps what
records embed. What the spec calls lost is not compared. Memory is that of the sorters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from codec.engine.base import Misfit, Misread
from codec.engine.patterns import Record
from codec.errors import CodecError, Place, StreamError
from codec.mapping.dispatch import every_kind
from codec.spec import plan
from codec.spec.container import Container
from codec.stream.difference import Version, pairs
from codec.stream.sort import Sorter

Residue = tuple[str, str, int, str]  # kind, what is compared, side, key
FILE, COMPUTED = 0, 1
SHOWN_KEY = 100


def preserving(container: Container) -> dict[str, object]:
    """The switches that make a tree keep what records embed; not those that show rows as they are, or read more."""
    other = {view.option for adapter in container.adapters for view in adapter.views}
    other |= {row.option for adapter in container.adapters for row in adapter.rows}
    every = (option for adapter in container.adapters for option in adapter.options)
    return {option.name: True for option in every if option.kind == "flag" and option.name not in other}


class DerivedCheck:
    """Compares the derived records of a file with those that follow from its other records.

    `passed_over` names the adapters some of whose things do not count (orphans, stale generations): rows may be left of
    these, so a row that leads nowhere is counted in `loose` instead of told. So is a counter, which outlives what it
    counts. `older` names the things that have records of an older form: rows that follow from these may be missing. Rows
    of which only one of several is kept (`repeated`) depend on things that may be gone: not compared.
    """

    def __init__(self, container: Container, source: str, passed_over: frozenset[str], older: frozenset[str]) -> None:
        self._find = every_kind(container).find
        self._source = source
        self._may_be_loose = {
            row.label: adapter.name in passed_over or not (row.each or entity.within)
            for adapter in container.adapters
            for entity in adapter.entities
            for row in entity.rows
            if row.role == "derived"
        }
        self._may_be_missing = {
            row.label
            for adapter in container.adapters
            for entity in adapter.entities
            if entity.name in older
            for row in entity.rows
        }
        self.loose: Counter[str] = Counter()

    def run(
        self, found: Iterable[Version], computed: Iterable[tuple[bytes, bytes]], tell: Callable[[CodecError], None]
    ) -> None:
        """Compare two sides, both by user key; only live versions count."""
        with Sorter[Residue]() as rest:
            for one, two in pairs(found, computed):
                if one is None or two is None or one[5] != two[1]:
                    if one is not None:
                        self._keep(rest, FILE, one[0], one[5])
                    if two is not None:
                        self._keep(rest, COMPUTED, two[0], two[1])
            for (label, _), group in groupby(rest.sorted(), key=itemgetter(0, 1)):
                self._judge(label, group, tell)

    def _keep(self, rest: Sorter[Residue], side: int, key: bytes, value: bytes) -> None:
        row = self._find(key, value)
        if row is not None and row.role == "derived" and row.written and not row.repeated:
            text = repr([compared(row.key, key, is_key=True), *(compared(f.parts, value) for f in row.forms)])
            rest.add((row.label, text, side, repr(key)[2:-1][:SHOWN_KEY]), 300 + len(text))

    def _judge(self, label: str, group: Iterator[Residue], tell: Callable[[CodecError], None]) -> None:
        """Rows with the same content: as many must follow from other records as there are."""
        sides: tuple[list[Residue], list[Residue]] = ([], [])
        for item in group:
            sides[item[2]].append(item)
        mine, theirs = sides
        for *_, key in mine[len(theirs) :]:
            if self._may_be_loose[label]:
                self.loose[label] += 1
                continue
            message = f"a {label} row does not follow from any other record"
            tell(StreamError("derived-row", message, Place(self._source), label, expected="none", found=key))
        for *_, key in theirs[len(mine) :]:
            if label in self._may_be_missing:
                continue
            message = f"a {label} row that follows from other records is missing, or says something else"
            tell(StreamError("derived-row", message, Place(self._source), label, expected=key, found="none"))


def compared(parts: tuple[plan.Part, ...], data: bytes, is_key: bool = False) -> object:
    """What a key or a value says, without what the spec calls lost; of a value also without what repeats a key."""
    try:
        slots = Record(parts).read(data)
    except (Misfit, Misread):
        return data
    slack = next((at for at, part in enumerate(parts) if isinstance(part, plan.Slack)), None)
    rest = b"" if slack is None else data[len(Record(parts[:slack]).write(slots)) :]
    for part in parts:
        if isinstance(part, plan.Slot) and (part.account == "lost" or (part.derive is not None and not is_key)):
            slots.pop(part.name, None)
    return sorted((name, repr(value)) for name, value in slots.items()), rest
