"""A complement, applied: canonical records of a tree, perhaps edited, and the steps give the entries of a file.

Every record that somebody edited is a newer version; all else is as it was (docs/complement.md). Memory: one block of
steps, one value, and external sorts.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from struct import Struct
from typing import cast

from codec.complement.beside import Of, Singles, beside
from codec.complement.homes import Homes
from codec.complement.keep import FAR_LEAST, REASONS, digest_of, row_of
from codec.complement.merging import Merging
from codec.complement.pool import Pool, Ref
from codec.complement.spool import Spool
from codec.complement.steps import BASE, FAR, GROUP, LIVE, NODE, OWN, SAME, UNIT, Alike, Step
from codec.complement.units import Units
from codec.layout.numbers import ALL_BITS
from codec.stream.everything import ENTRY, Run
from codec.stream.everything import GROUP as GROUP_HEAD
from codec.stream.everything import NODE as NODE_ROW
from codec.stream.sort import Sorter
from codec.stream.wrap import Out, OutRun

Value = bytes | Ref
Item = tuple[object, ...]

TOUCHED, GIVEN, SAID, ORPHAN = range(4)
"""What is noted of a unit, in this order: that it changed, an entry, a canonical record, an entry that a new thing must not
come to own."""
HIDDEN, SHOWN = REASONS.index("hidden"), REASONS.index("live")


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a file: by the position that the steps say, else by key and time as the stream has it."""

    grouped: bool

    def place(self, raw: bytes, key: bytes, commit_ts: int, position: int) -> tuple[bytes, int]:
        """Where an entry belongs; in a file that says positions, what is new stands at the end."""
        if position:
            return b"", position
        return (key, commit_ts) if self.grouped else (raw, 0)

    def places(self, raws: list[bytes], width: int) -> list[bytes]:
        """Where entries of distinct keys belong; `width` is that of what follows a key."""
        return [raw[:-width] for raw in raws] if self.grouped else raws


class Applied:
    """The entries of the file, and counts of what became of steps and edits."""

    def __init__(
        self,
        homes: Homes,
        units: Units,
        merging: Merging,
        order: Order,
        suffix: Struct,
        commit_ts: int,
        scratch: Path | None,
    ) -> None:
        self._homes, self._units, self._merging, self._order = homes, units, merging, order
        self._suffix, self._commit_ts = suffix, commit_ts
        self._out: Sorter[Item] = Sorter(directory=scratch)
        self._wanted: Sorter[Item] = Sorter(directory=scratch)
        self._had: Sorter[Item] = Sorter(directory=scratch)
        self._of_units: Sorter[Item] = Sorter(directory=scratch)
        self._at_home: Sorter[Item] = Sorter(directory=scratch)
        self._runs = Spool(scratch)
        self.pool = Pool(scratch)
        self._number = 0
        self._before = b""
        self.counts: Counter[str] = Counter()

    @property
    def edits(self) -> int:
        """How many records are new: written as newer versions, or as tombstones."""
        return self.counts["edit written"] + self.counts["edit deleted"]

    def close(self) -> None:
        """Give memory and disk back."""
        for part in (self._out, self._wanted, self._had, self._of_units, self._at_home, self._runs, self.pool):
            part.close()

    def run(self, steps: Iterable[Step | Alike], canonical: Singles, values: Iterable[tuple[bytes, Ref]]) -> None:
        """Take everything in. `values` are the large values that the complement has, by digest, in the pool."""
        for step, of in beside(steps, canonical, is_apart, self._suffix):
            self._number += 1
            if isinstance(step, Run):
                self._alike(step, [value for _, value in of.records])
            elif step is None:
                self._closed(of)
            else:
                self._step(step, of)
        for folder, unit in self._at_home.sorted():
            if self._homes.changed(cast(str, folder)):
                self._touch(cast(int, unit))
        for _, items in groupby(self._of_units.sorted(), key=itemgetter(0)):
            self._settle_unit(items)
        self._settle_values(values)

    def entries(self) -> Iterator[Out | OutRun]:
        """The file's entries, in its order."""
        rest = self._out.sorted()
        item = next(rest, None)
        for run in self._runs.runs():
            places, start = self._order.places(run.raws, self._suffix.size), 0
            while item is not None and (stop := bisect_right(places, cast(bytes, item[0]), start)) < len(places):
                if stop > start:
                    yield OutRun(run.raws[start:stop], run.values[start:stop])
                yield self._entry_of(item)
                item, start = next(rest, None), stop
            yield OutRun(run.raws[start:], run.values[start:]) if start else run
        while item is not None:
            yield self._entry_of(item)
            item = next(rest, None)

    def _entry_of(self, item: Item) -> Out:
        what, key, commit_ts, state, expire_at, value = item[3:]
        content = value if isinstance(value, bytes) else self.pool.read(Ref(*cast("tuple[int, int]", value)))
        return Out(what, key, commit_ts, state, expire_at, content)  # type: ignore[arg-type]

    # -------------------------------------------------------------------------------------------- steps

    def _step(self, step: Step, of: Of[Step]) -> None:
        kind = step.kind & ~(UNIT | LIVE)
        if kind == SAME:
            self._same(step, of)
        elif kind in (OWN, FAR):
            if step.kind & LIVE:
                of.live = step
            if step.kind & UNIT:
                of.number = self._number  # what becomes of it is known at the end of its key
            else:
                self._replay(step, self._number)
        elif kind == BASE:
            self._base(step, of)
        else:
            self._apart(step, kind)
        if kind in (SAME, OWN, FAR):
            self._before = step.raw

    def _alike(self, run: Run[Step], values: list[bytes]) -> None:
        """Entries whose values the documents give, as they did."""
        self._runs.add(run.raws, values)
        self._before = run.raws[-1]
        self.counts[f"applied {REASONS[SHOWN]}"] += len(values)

    def _apart(self, step: Step, kind: int) -> None:
        """A row of the node, behind the entry that it stood behind; or the head of a group, where it stood."""
        what, raw, key, value = GROUP_HEAD, b"", step.key, b""
        if kind == NODE:
            what, raw, (key, value) = NODE_ROW, self._before, row_of(step.value)
        self._out.add(
            (*self._order.place(raw, key, 0, step.order), self._number, what, key, 0, step.tombstone, 0, value),
            weight(step),
        )
        self._count("applied", step)

    def _same(self, step: Step, of: Of[Step]) -> None:
        """An entry whose value the documents give: still the same one, or one that an edit replaced."""
        value, of.used = of.value, True
        if value is not None and zlib.crc32(value) == step.check:
            self._entry(step, value, self._number)
            return
        self._count("overridden", step)
        if value is None:
            self._homes.note(of.key, b"")
        if not of.noted:
            of.noted = 1
            self._touch(self._units.of(step.key, value or b""))
            self._edited(of.key, value)

    def _base(self, step: Step, of: Of[Step]) -> None:
        """A canonical record that was no entry's value: left out as long as it is the same."""
        value, of.used = of.value, True
        same = value is not None and zlib.crc32(value) == step.check
        if same and value is not None and len(value) >= FAR_LEAST:
            self._had.add((digest_of(value), 0, *self.pool.put(value)), 200)
        if not same:
            self._count("overridden", step)
        if value is None:
            self._homes.note(of.key, b"")
        if step.kind & UNIT:
            if not same:
                self._touch(step.unit)
            given, kept = given_of(of), self._kept(value)
            item = (step.unit, SAID, self._number, same, step.key, step.kind & LIVE, kept, given, step.value)
            self._of_units.add(item, weight(step) + len(given))
        elif not same and not of.noted:
            of.noted = 1
            if value is not None or step.kind & LIVE:
                self._edited(of.key, value, given_of(of), step.value)

    def _closed(self, of: Of[Step]) -> None:
        """The end of a key. A canonical record that no step knows is one that somebody added."""
        live, value = of.live, of.value
        if live is not None and live.kind & UNIT:
            self._of_units.add((live.unit, GIVEN, of.number, value is not None, *live), weight(live))
            folder = self._homes.of(of.key, live.value) if live.reason == HIDDEN else ""
            if folder:
                self._at_home.add((folder, live.unit), 200 + len(folder))
        elif live is not None and value is None and live.reason == HIDDEN:
            for unit in self._units.sharing(of.key, live.value):
                self._of_units.add((unit, ORPHAN, of.number, of.key), 300 + len(of.key))
        if value is None or of.used:
            return
        for unit in (self._units.of(of.key, value), *self._units.sharing(of.key, value)):
            self._touch(unit)
        if live is None:
            self._homes.note(of.key, value)
        if live is None or not gives(live, value):
            self._edited(of.key, value)

    def _touch(self, unit: int) -> None:
        if unit:
            self._of_units.add((unit, TOUCHED, self._number), 200)

    # -------------------------------------------------------------------------------------------- entries

    def _replay(self, step: Step, number: int) -> None:
        """An entry with a value of its own, or with a large one that must be looked up."""
        if step.kind & ~(UNIT | LIVE) == FAR:
            self._wanted.add((step.value, number, *step), weight(step))
        else:
            self._entry(step, step.value, number)

    def _entry(self, step: Step, value: Value, number: int) -> None:
        place = self._order.place(step.raw, step.key, step.commit_ts, step.order)
        kept = self._kept(value)
        item = (*place, number, ENTRY, step.key, step.commit_ts, step.tombstone, step.expire_at, kept)
        self._out.add(item, weight(step))
        self._count("applied", step)

    def _edited(self, key: bytes, value: bytes | None, given: bytes = b"", base: bytes = b"") -> None:
        """The newer version of a record: what the documents say now, with what they did not say of the one `given`."""
        if value is not None and base:
            value = self._merging.merged(key, given, base, value)
        deleted = value is None
        self.counts["edit deleted" if deleted else "edit written"] += 1
        place = self._order.place(key + self._suffix.pack(self._commit_ts ^ ALL_BITS), key, self._commit_ts, 0)
        self._out.add(
            (*place, self._number, ENTRY, key, self._commit_ts, int(deleted), 0, self._kept(value or b"")),
            600 + len(key),
        )

    def _kept(self, value: Value | None) -> bytes | tuple[int, int] | None:
        """A value as it goes through a sort: a large one waits in the pool."""
        if isinstance(value, Ref):
            return value.offset, value.size
        if value is not None and len(value) >= FAR_LEAST:
            return self._kept(self.pool.put(value))
        return value

    def _count(self, what: str, step: Step) -> None:
        self.counts[f"{what} {REASONS[step.reason]}"] += 1

    # -------------------------------------------------------------------------------------------- the end

    def _settle_unit(self, items: Iterator[Item]) -> None:
        """A thing whose rows may have moved: as it was, or written anew as a whole."""
        touched = moved = False
        for item in items:
            if item[1] == TOUCHED:
                touched = True
            elif item[1] == GIVEN:
                moved = True
                step = Step._make(item[4:])
                self._replay(step, cast(int, item[2]))
                if touched and not item[3]:  # else the documents say again what stands there
                    self._edited(step.key, None)
            elif item[1] == ORPHAN:
                if touched:
                    self._edited(cast(bytes, item[3]), None)
            elif touched and (moved or not item[3]):
                key, had_live, kept, given, base = item[4:]
                value = self.pool.read(Ref(*cast("tuple[int, int]", kept))) if isinstance(kept, tuple) else kept
                if value is not None or had_live:
                    self._edited(key, value, given, b"" if moved else base)  # type: ignore[arg-type]

    def _settle_values(self, values: Iterable[tuple[bytes, Ref]]) -> None:
        """Give each entry that waits for a large value that value, from the complement or from the tree."""
        for digest, ref in values:
            self._had.add((digest, 1, *ref), 200)
        had = self._had.sorted()
        one = next(had, None)
        for digest, waiting in groupby(self._wanted.sorted(), key=itemgetter(0)):
            while one is not None and cast(bytes, one[0]) < cast(bytes, digest):
                one = next(had, None)
            found = Ref(cast(int, one[2]), cast(int, one[3])) if one is not None and one[0] == digest else None
            for item in waiting:
                step = Step._make(item[2:])
                if found is None:
                    self._count("overridden", step)
                else:
                    self._entry(step, found, cast(int, item[1]))


def gives(step: Step, value: bytes) -> bool:
    """Whether a step of an own value has this one."""
    return step.value == (value if step.kind & ~(UNIT | LIVE) == OWN else digest_of(value))


def given_of(of: Of[Step]) -> bytes:
    """The value that came in for a key, as far as it is at hand."""
    return of.live.value if of.live is not None and of.live.kind & ~(UNIT | LIVE) == OWN else b""


def weight(step: Step) -> int:
    """About how many bytes a step takes."""
    return 600 + 2 * len(step.key) + len(step.value)


def is_apart(step: Step) -> bool:
    """Whether a step has nothing to do with canonical records."""
    return step.kind & ~(UNIT | LIVE) in (NODE, GROUP)
