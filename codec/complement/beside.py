"""Steps in the order of framed keys beside canonical records in the order of plain keys, in one pass.

Versions of one key need not be neighbours, and a key's entries may stand behind those of longer keys. So the keys that are
prefixes of the present position are remembered, and no others: an entry's framed key begins with its key. Where none is
remembered, runs of entries are laid beside as many records at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from struct import Struct
from typing import Generic, Protocol, TypeVar, cast

from codec.stream.everything import Run

LEAST, MOST = 64, 8192  # entries that are looked at together


class Placed(Protocol):
    """Something with a position (`raw`) and a key that the position begins with."""

    @property
    def raw(self) -> bytes: ...

    @property
    def key(self) -> bytes: ...


One = TypeVar("One", bound=Placed)


class Of(Generic[One]):
    """All that there is of one key: its canonical `value`, if it has one, and what the caller notes."""

    __slots__ = ("key", "live", "noted", "number", "used", "value")

    def __init__(self, key: bytes, value: bytes | None) -> None:
        self.key, self.value = key, value
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
    """Canonical records, one of each key: a tree that has every version may say some twice. `repeated` counts these."""

    def __init__(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        self._rest = iter(records)
        self._held: list[tuple[bytes, bytes]] = []  # the next ones, last first
        self._before: bytes | None = None
        self.repeated = 0

    def __iter__(self) -> Singles:
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        while True:
            record = self._held.pop() if self._held else next(self._rest)
            if record[0] != self._before:
                self._before = record[0]
                return record
            self.repeated += 1

    def give_back(self, record: tuple[bytes, bytes]) -> None:
        """The record that was taken last comes again."""
        self._held.append(record)
        self._before = None

    def alike(self, first: tuple[bytes, bytes], keys: list[bytes], values: list[bytes]) -> int:
        """How many of these entries, of distinct keys, the next records are; the last record taken was `first`. These
        are taken then, or none if they are fewer than `LEAST`."""
        held, theirs = self._held, list(zip(keys, values, strict=True))
        ours = [first, *(held.pop() for _ in range(min(len(held), len(keys) - 1)))]
        ours += islice(self._rest, len(keys) - len(ours))
        count = len(keys)
        if ours != theirs:
            pairs = enumerate(zip(ours, theirs, strict=False))
            count = next((at for at, (one, other) in pairs if one != other), len(ours))
            count = count if count >= LEAST else 0
            held += reversed(ours[max(count, 1) :])
        if count:
            self._before = keys[count - 1]
        return count


def beside(
    items: Iterable[One | Run],
    records: Iterable[tuple[bytes, bytes]],
    apart: Callable[[One], bool],
    suffix: Struct | None = None,
    cut: Cut | None = None,
) -> Iterator[tuple[One | Run | None, Of[One]]]:
    """Each item with what there is of its key; and (None, …) once for each key, when no more of it can come.

    Items that stand `apart` have no key and no position. Of canonical records with one key, each is a key of its own. Runs
    come only with `Singles` and with the `suffix` of framed keys; of a run comes as a run what is as the records are. With a
    `cut` it ends there if that holds: then what comes is the beginning of what would come without it, and the records are
    at the first one of the rest.
    Memory: the keys that are prefixes of the position, and a run.
    """
    chain: list[Of[One]] = []
    rest = iter(records)
    record = next(rest, None)
    alone: Of[One] = Of(b"", None)  # used again for each key that has one item and one record, as most have
    coming, held = iter(items), cast("list[One | Run]", [])
    upcoming, pace = next(coming, None), MOST
    while upcoming is not None:
        if cut is not None and (type(upcoming) is Run or not apart(cast(One, upcoming))) and upcoming.raw >= cut.raw:
            while chain and not cut.raw.startswith(chain[-1].key):
                yield None, chain.pop()
            while record is not None and record[0] < cut.key and not cut.raw.startswith(record[0]):
                yield None, Of(*record)
                record = next(rest, None)
            if not chain and (record is None or record[0] >= cut.key):
                cut.held = True
                if record is not None:
                    cast(Singles, rest).give_back(record)
                return
            cut = None
        item, upcoming = upcoming, held.pop() if held else next(coming, None)
        if type(item) is Run:
            while chain and not item.raw.startswith(chain[-1].key):
                yield None, chain.pop()
            assert isinstance(rest, Singles) and suffix is not None
            size, few = 0, min(len(item.raws) - 1, pace)
            if record is not None and not chain:
                plain = item.distinct(few)
                size = rest.alike(record, item.keys[:plain], item.values[:plain]) if plain >= LEAST else 0
            pace = min(MOST, 2 * pace) if size == few else LEAST
            if upcoming is not None:
                held.append(upcoming)
            if size:
                alike, item = item.parts(size)
                record = next(rest, None)
                yield alike, Of(b"", None)
            careful: list[One] = []
            if size < few or few < LEAST:
                some, item = item.parts(LEAST)
                careful = cast("list[One]", [*some.things(suffix)])
            held += [item, *reversed(careful)] if item.raws else reversed(careful)
            upcoming = held.pop() if held else next(coming, None)
            continue
        item = cast(One, item)
        if apart(item):
            yield item, Of(b"", None)
            continue
        at, key = item.raw, item.key
        while chain and not at.startswith(chain[-1].key):
            yield None, chain.pop()
        if (
            not chain
            and record is not None
            and record[0] == key
            and upcoming is not None
            and not upcoming.raw.startswith(key)
            and (type(upcoming) is Run or not apart(cast(One, upcoming)))
        ):
            value = record[1]
            record = next(rest, None)
            if record is None or record[0] > at:
                alone.key, alone.value, alone.used, alone.live, alone.noted = key, value, False, None, 0
                yield item, alone
                yield None, alone
                continue
            chain.append(Of(key, value))
        while record is not None and record[0] <= at:
            one: Of[One] = Of(*record)
            record = next(rest, None)
            if at.startswith(one.key):
                _insert(chain, one)
            else:
                yield None, one
        found = next((one for one in reversed(chain) if one.key == key), None)
        if found is None:
            found = Of(key, None)
            _insert(chain, found)
        yield item, found
    for one in reversed(chain):
        yield None, one
    while record is not None:
        yield None, Of(*record)
        record = next(rest, None)


def _insert(chain: list[Of[One]], one: Of[One]) -> None:
    """Keep the chain by length of key: each is a prefix of the next."""
    at = len(chain)
    while at and len(chain[at - 1].key) > len(one.key):
        at -= 1
    chain.insert(at, one)
