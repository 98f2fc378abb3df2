"""Steps in the order of framed keys beside canonical records in the order of plain keys, in one pass.

Versions of one key need not be neighbours, and a key's entries may stand behind those of longer keys. So the keys that are
prefixes of the present position are remembered, and no others: an entry's framed key begins with its key. Where none is
remembered, runs of entries are laid beside as many records at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from struct import Struct
from typing import Any, Generic, Protocol, TypeVar, cast

from codec.stream.everything import Run

_value_of = itemgetter(1)
LEAST, MOST = 64, 8192  # entries that are looked at together
ROOM = 1 << 20  # bytes of the values of records that are


class Placed(Protocol):
    """Something with a position (`raw`) and a key that the position begins with."""

    @property
    def raw(self) -> bytes: ...

    @property
    def key(self) -> bytes: ...


One = TypeVar("One", bound=Placed)
Record = tuple[bytes, bytes]
"""Key and value."""


class Of(Generic[One]):
    """All that there is of one key: its canonical `value`, if it has one, and what the caller notes. Of a run: `records`."""

    __slots__ = ("key", "live", "noted", "number", "records", "used", "value")

    def __init__(self, key: bytes, value: bytes | None, records: Sequence[Record] = ()) -> None:
        self.key, self.value, self.records = key, value, records
        self.used = False
        self.live: One | None = None
        self.noted = self.number = 0


@dataclass(slots=True)
class Cut:
    """Where a part of the items ends: at the one with this position and key, which begins at `at` in the file. `held` tells
    afterwards whether it did; if a key before it is one that the position begins with, the part goes on to the end."""

    raw: bytes
    key: bytes
    at: int
    held: bool = False


class Singles:
    """Canonical records, one of each key: a tree that has every version may say some twice. `repeated` counts these, and
    `refuse`, if there is one, is told their key. They come some at a time, in lists that become its own."""

    def __init__(self, some: Iterable[list[Record]], refuse: Callable[[bytes], None] | None = None) -> None:
        self._coming = iter(some)
        self._held: list[Record] = []
        self._at = 0  # before it they are taken
        self._before: bytes | None = None
        self._refuse = refuse
        self.repeated = 0

    def __iter__(self) -> Singles:
        return self

    def __next__(self) -> Record:
        while True:
            while self._at == len(self._held):
                self._held, self._at = next(self._coming), 0
            record = self._held[self._at]
            self._at += 1
            if record[0] != self._before:
                self._before = record[0]
                return record
            self.repeated += 1
            if self._refuse is not None:
                self._refuse(record[0])

    def give_back(self, record: Record) -> None:
        """The record that was taken last comes again."""
        self._held[: self._at] = [record]
        self._at, self._before = 0, None

    def alike(self, first: Record, run: Run[Any], most: int) -> list[Record]:
        """The records that the first ones of a run agree with, of `most` with distinct keys; the last record taken was
        `first`. These are taken then, or none if they are fewer than `LEAST`. Memory: about `ROOM`, or one larger value.
        """
        if not run.agreeing([first]):
            return []
        records = [first, *self._next_ones(most - 1, ROOM - len(first[1]))]
        count = run.agreeing(records)
        following = self._next_ones(count, sys.maxsize)[count - 1 :]
        if following and following[0][0].startswith(records[count - 1][0]):  # it may stand before that one's entry
            count -= 1
        if count < LEAST:
            return []
        self._at += count - 1
        self._before = records[count - 1][0]
        return records[:count]

    def _next_ones(self, most: int, room: int) -> list[Record]:
        """The next records, as far as the values of those that are not at hand have room; they are not taken."""
        held, at = self._held, self._at
        if len(held) - at < most:
            del held[:at]
            self._at = at = 0
            room -= sum(map(len, map(_value_of, held)))
            while len(held) < most and room > 0 and (more := next(self._coming, None)) is not None:
                held += more
                room -= sum(map(len, map(_value_of, more)))
        return held[at : at + most]


def beside(
    items: Iterable[One | Run[One]],
    records: Iterable[Record],
    apart: Callable[[One], bool],
    suffix: Struct | None = None,
    cut: Cut | None = None,
) -> Iterator[tuple[One | Run[One] | None, Of[One]]]:
    """Each item with what there is of its key; and (None, …) once for each key, when no more of it can come.

    Items that stand `apart` have no key and no position. Of canonical records with one key, each is a key of its own. Runs
    come only with `Singles` and with the `suffix` of framed keys; of a run comes as a run, with its records, what is as
    these are. With a `cut` it ends there if that holds: then what comes is the beginning of what would come without it, and
    the records are at the first one of the rest.
    Memory: the keys that are prefixes of the position, and a run.
    """
    near: list[Of[One]] = []
    rest = iter(records)
    record = next(rest, None)
    alone: Of[One] = Of(b"", None)  # used again for each key that has one item and one record, as most have
    coming, held = iter(items), cast("list[One | Run[One]]", [])
    upcoming, pace = next(coming, None), MOST
    while upcoming is not None:
        if cut is not None and (isinstance(upcoming, Run) or not apart(upcoming)) and upcoming.raw >= cut.raw:
            while near and not cut.raw.startswith(near[-1].key):
                yield None, near.pop()
            while record is not None and record[0] < cut.key and not cut.raw.startswith(record[0]):
                yield None, Of(*record)
                record = next(rest, None)
            if not near and (record is None or record[0] >= cut.key):
                cut.held = True
                if record is not None:
                    cast(Singles, rest).give_back(record)
                return
            cut = None
        item, upcoming = upcoming, held.pop() if held else next(coming, None)
        if isinstance(item, Run):
            while near and not item.raw.startswith(near[-1].key):
                yield None, near.pop()
            assert isinstance(rest, Singles) and suffix is not None
            agreed, few = list[Record](), min(len(item.raws) - 1, pace)
            if record is not None and not near and (plain := item.distinct(few)) >= LEAST:
                agreed = rest.alike(record, item, plain)
            size = len(agreed)
            pace = min(MOST, 2 * pace) if size == few else LEAST
            if upcoming is not None:
                held.append(upcoming)
            if agreed:
                alike, item = item.parts(size)
                record = next(rest, None)
                yield alike, Of(b"", None, agreed)
            careful = list[One]()
            if size < few or few < LEAST:
                some, item = item.parts(LEAST)
                careful = [*some.things(suffix)]
            held += [item, *reversed(careful)] if item.raws else reversed(careful)
            upcoming = held.pop() if held else next(coming, None)
            continue
        if apart(item):
            yield item, Of(b"", None)
            continue
        at, key = item.raw, item.key
        while near and not at.startswith(near[-1].key):
            yield None, near.pop()
        if (
            not near
            and record is not None
            and record[0] == key
            and upcoming is not None
            and not upcoming.raw.startswith(key)
            and (isinstance(upcoming, Run) or not apart(upcoming))
        ):
            value = record[1]
            record = next(rest, None)
            if record is None or record[0] > at:
                alone.key, alone.value, alone.used, alone.live, alone.noted = key, value, False, None, 0
                yield item, alone
                yield None, alone
                continue
            near.append(Of(key, value))
        while record is not None and record[0] <= at:
            one: Of[One] = Of(*record)
            record = next(rest, None)
            if at.startswith(one.key):
                _insert(near, one)
            else:
                yield None, one
        found = next((one for one in reversed(near) if one.key == key), None)
        if found is None:
            found = Of(key, None)
            _insert(near, found)
        yield item, found
    for one in reversed(near):
        yield None, one
    while record is not None:
        yield None, Of(*record)
        record = next(rest, None)


def _insert(near: list[Of[One]], one: Of[One]) -> None:
    """Keep the near by length of key: each is a prefix of the next."""
    at = len(near)
    while at and len(near[at - 1].key) > len(one.key):
        at -= 1
    near.insert(at, one)
