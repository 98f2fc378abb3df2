"""Which version of a key counts (container-and-cli.md §1.5): the newest at or below a bound; what it hides is counted.

Needs entries in the order of their framed keys. Versions of one key need not be neighbours: rows of longer keys may lie
between them, so the keys that are prefixes of the present row are remembered, and no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from codec.stream.entries import Entry
from codec.stream.sort import Sorter


class Unsorted(Exception):
    """The entries are not in order; sort them and begin again."""


def newest(entries: Iterable[Entry], as_of: int | None, now: int, counts: Counter[str]) -> Iterator[Entry]:
    """The live versions. `now` decides what has expired; hidden ones are counted as deleted, expired, older or later.

    Memory: one entry, and the keys that are prefixes of the present one. Raises `Unsorted`.
    """
    chain: list[bytes] = []
    held: Entry | None = None
    before = b""
    for entry in entries:
        raw = entry.raw
        if raw <= before:
            if raw < before:
                raise Unsorted
            if held is not None and held.raw == raw:  # the same row twice: a node keeps the later one
                counts["older"] += 1
                held = entry
                continue
        before = raw
        if held is not None:
            if (why := hidden(held, now)) is None:
                yield held
            else:
                counts[why] += 1
            held = None
        if as_of is not None and entry.commit_ts > as_of:
            counts["later"] += 1
            continue
        while chain and not raw.startswith(chain[-1]):
            chain.pop()
        if chain and entry.key in chain:
            counts["older"] += 1
            continue
        chain.append(entry.key)
        held = entry
    if held is not None:
        if (why := hidden(held, now)) is None:
            yield held
        else:
            counts[why] += 1


def hidden(entry: Entry, now: int) -> str | None:
    """Why a node would not serve an entry that is the newest of its key."""
    if entry.tombstone:
        return "deleted"
    return "expired" if entry.expire_at and entry.expire_at <= now else None


def every(entries: Iterable[Entry], counts: Counter[str]) -> Iterator[Entry]:
    """Every version in file order, as the reference feeds them; only tombstones are dropped, and counted."""
    for entry in entries:
        if entry.tombstone:
            counts["deleted"] += 1
        else:
            yield entry


def in_order(entries: Iterable[Entry], sorter: Sorter[tuple[object, ...]]) -> Iterator[Entry]:
    """The entries sorted by framed key, equal ones in file order; memory is the sorter's."""
    for number, entry in enumerate(entries):
        sorter.add((entry.raw, number, *entry[1:]), len(entry.raw) + len(entry.value) + 200)
    for raw, _, *rest in sorter.sorted():
        yield Entry(raw, *rest)  # type: ignore[arg-type]
