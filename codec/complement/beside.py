"""Steps in the order of framed keys beside canonical records in the order of plain keys, in one pass.

Versions of one key need not be neighbours, and a key's entries may stand behind those of longer keys. So the keys that are
prefixes of the present position are remembered, and no others: an entry's framed key begins with its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar


class Placed(Protocol):
    """Something with a position (`raw`) and a key that the position begins with."""

    @property
    def raw(self) -> bytes: ...

    @property
    def key(self) -> bytes: ...


One = TypeVar("One", bound=Placed)


class Of(Generic[One]):
    """All that there is of one key: its canonical `value`, if it has one, and what the caller notes."""

    __slots__ = ("count", "key", "live", "noted", "used", "value")

    def __init__(self, key: bytes, value: bytes | None) -> None:
        self.key, self.value = key, value
        self.count = 0  # how many items there were
        self.used = False
        self.live: One | None = None
        self.noted = 0


def beside(
    items: Iterable[One], records: Iterable[tuple[bytes, bytes]], apart: Callable[[One], bool]
) -> Iterator[tuple[One, Of[One]] | tuple[None, Of[One]]]:
    """Each item with what there is of its key; and (None, …) once for each key, when no more of it can come.

    Items that stand `apart` have no key and no position. Of canonical records with one key, each is a key of its own.
    Memory: the keys that are prefixes of the position.
    """
    chain: list[Of[One]] = []
    rest = iter(records)
    record = next(rest, None)
    alone: Of[One] = Of(b"", None)  # used again for each key that has one item and one record, as most have
    coming = iter(items)
    upcoming = next(coming, None)
    while upcoming is not None:
        item, upcoming = upcoming, next(coming, None)
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
            and not apart(upcoming)
        ):
            value = record[1]
            record = next(rest, None)
            if record is None or record[0] > at:
                alone.key, alone.value, alone.count, alone.used, alone.live, alone.noted = key, value, 1, False, None, 0
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
        found.count += 1
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
