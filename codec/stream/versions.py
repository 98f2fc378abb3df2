"""Which version of a key counts (container-and-cli.md §1.5): the newest at or below a bound; what it hides is counted.

Needs entries in the order of their framed keys. Versions of one key need not be neighbours: rows of longer keys may lie
between them, so the keys that are prefixes of the present row are remembered, and no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from codec.stream.batches import Batch, Entry, Live, Places
from codec.stream.sort import Sorter


class Unsorted(Exception):
    """The entries are not in order; sort them and begin again."""


class Newest:
    """The live versions of a stream. `now` decides what has expired; hidden ones are counted as deleted, expired, older
    or later.

    A batch in which every key occurs once, and nothing is marked, is passed on as it is; others are looked at entry by
    entry. Memory: one batch, and the keys that are prefixes of the present one.
    """

    def __init__(self, as_of: int | None, now: int, counts: Counter[str]) -> None:
        self._as_of, self._now, self._counts = as_of, now, counts
        self._chain: list[bytes] = []
        self._held: Entry | None = None
        self._before = b""

    def live(self, batches: Iterable[Batch]) -> Iterator[Live]:
        """What counts of each batch; raises `Unsorted`."""
        for batch in batches:
            whole = self._whole(batch)
            yield as_live(self._each(batch.entries()), ordered=True) if whole is None else whole
        yield as_live(self._release())

    def _whole(self, batch: Batch) -> Live | None:
        """A batch that hides nothing, and of which nothing is hidden; its last entry waits for what follows it."""
        held, raws, width = self._held, batch.raws, batch.stamp.size
        if batch.odd or self._as_of is not None or raws[0] <= self._before or not batch.ordered:
            return None
        if held is not None and (held.tombstone or held.expire_at):
            return None
        keys = [raw[:-width] for raw in raws]
        several = set(keys)
        if len(several) < len(keys) or not several.isdisjoint(self._chain):
            return None
        self._before = last = raws[-1]
        lengths = range(len(last)) if len(last) < len(keys) else {len(key) for key in keys}
        prefixes = (last[:size] for size in lengths)
        chain = {key for key in self._chain if last.startswith(key)}.union(p for p in prefixes if p in several)
        self._chain = sorted(chain, key=len)
        values, ats = batch.values, batch.ats
        raw, key, value = raws.pop(), keys.pop(), values.pop()
        at = batch.end - batch.around - len(raw) - len(value) if ats is None else ats.pop()
        if held is not None:
            raws.insert(0, held.raw)
            keys.insert(0, held.key)
            values.insert(0, held.value)
            if ats is not None:
                ats.insert(0, held.at)
        self._held = Entry(raw, key, 0, False, 0, value, at)
        before = None if held is None else held.at
        return Live(raws, keys, values, ats or Places(raws, values, batch.first, batch.around, before), True)

    def _each(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        chain, counts = self._chain, self._counts
        for entry in entries:
            raw, held = entry.raw, self._held
            if raw <= self._before:
                if raw < self._before:
                    raise Unsorted
                if held is not None and held.raw == raw:  # the same row twice: a node keeps the later one
                    counts["older"] += 1
                    self._held = entry
                    continue
            self._before = raw
            yield from self._release()
            if self._as_of is not None and entry.commit_ts > self._as_of:
                counts["later"] += 1
                continue
            while chain and not raw.startswith(chain[-1]):
                chain.pop()
            if chain and entry.key in chain:
                counts["older"] += 1
                continue
            chain.append(entry.key)
            self._held = entry

    def _release(self) -> Iterator[Entry]:
        held, self._held = self._held, None
        if held is not None:
            why = hidden(held, self._now)
            if why is None:
                yield held
            else:
                self._counts[why] += 1


def newest(entries: Iterable[Entry], as_of: int | None, now: int, counts: Counter[str]) -> Iterator[Entry]:
    """The live versions of single entries; see `Newest`. Memory: one entry. Raises `Unsorted`."""
    chosen = Newest(as_of, now, counts)
    yield from chosen._each(entries)
    yield from chosen._release()


def hidden(entry: Entry, now: int) -> str | None:
    """Why a node would not serve an entry that is the newest of its key."""
    if entry.tombstone:
        return "deleted"
    return "expired" if entry.expire_at and entry.expire_at <= now else None


def every(batches: Iterable[Batch], counts: Counter[str]) -> Iterator[Live]:
    """Every version in file order, as the reference feeds them; only tombstones are dropped, and counted."""
    for batch in batches:
        deleted = sum(tombstone for tombstone, _ in batch.odd.values())
        counts["deleted"] += deleted
        yield as_live(entry for entry in batch.entries() if not entry.tombstone)


def as_live(entries: Iterable[Entry], ordered: bool = False) -> Live:
    """Single entries as parallel lists."""
    ats: list[int] = []
    live = Live([], [], [], ats, ordered)
    for entry in entries:
        live.raws.append(entry.raw)
        live.keys.append(entry.key)
        live.values.append(entry.value)
        ats.append(entry.at)
    return live


def in_order(entries: Iterable[Entry], sorter: Sorter[tuple[object, ...]]) -> Iterator[Entry]:
    """The entries sorted by framed key, equal ones in file order; memory is the sorter's."""
    for number, entry in enumerate(entries):
        sorter.add((entry.raw, number, *entry[1:]), len(entry.raw) + len(entry.value) + 200)
    for raw, _, *rest in sorter.sorted():
        yield Entry(raw, *rest)  # type: ignore[arg-type]
