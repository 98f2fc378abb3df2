"""A complement, made: what came in, laid beside the canonical records of the tree that was made of it (docs/complement.md).

Memory: one block of steps, one value, and external sorts.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from codec.complement.beside import Cut, Of, Singles, beside
from codec.complement.note import Note, fact_line, plan_of, write_note
from codec.complement.parts import Far, cuts_of, write_parts
from codec.complement.steps import BASE, FAR, GROUP, LIVE, NODE, OWN, SAME, UNIT, Alike, Sink, Step, StepWriter
from codec.compression import Compressed
from codec.errors import EnvironmentProblem, Place
from codec.mapping.besides import Besides
from codec.spec.container import ComplementPlan, Container
from codec.spec.plan import Row
from codec.stream import everything
from codec.stream.contents import Contents
from codec.stream.entries import EntryReader
from codec.stream.everything import Entries, Everything, Run, Thing, unpacked
from codec.stream.sort import Sorter
from codec.stream.wrap import Wrapping
from codec.tree.staging import StagedFile, StagedTree

if TYPE_CHECKING:
    from codec.complement.merging import Merging
    from codec.complement.units import Units
    from codec.encoding import RecordsFrom

FAR_LEAST = 256  # bytes; shorter values stand in their steps, longer ones by their digest
NEAR_MOST = 1 << 16  # bytes of a value that an edit takes something over from
DIGEST = 16
VALUE_HEAD = struct.Struct(f"<{DIGEST}sQ")

REASONS = (
    "live",  # what the documents show
    "older",
    "deleted",
    "expired",
    "later",  # than --as-of
    "differs",  # the documents do not say all of it
    "derived",
    "dropped",
    "unknown",
    "internal",
    "unselected",  # of an adapter that was not decoded
    "hidden",  # of something that no document shows
    "node",
    "canonical",  # a record that only the tree gives
    "group",
)
_CODE = {reason: code for code, reason in enumerate(REASONS)}


class Digested:
    """A file of the complement while it is written, with its digest."""

    def __init__(self, file: StagedFile) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def write(self, data: bytes) -> None:
        """More of it."""
        self._digest.update(data)
        self._file.write(data)

    def close(self) -> str:
        """Complete it; its digest."""
        self._file.close()
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """How the file was decoded: which adapters, which options were on, which versions counted."""

    selected: frozenset[str]
    shown: frozenset[str]
    versions: str
    as_of: int | None
    now: int
    ordered: bool  # it is known that the entries stand in order


def keep(
    container: Container,
    reader: EntryReader,
    seen: Seen,
    tree: StagedTree,
    canonical: RecordsFrom,
    besides: Besides,
    jobs: int,
) -> tuple[str, Counter[str]]:
    """Write the complement of a decode into its tree, whose documents are complete; the complement's id, and what it holds.

    `canonical` are the records that the tree gives with `besides`, by key. `reader` has read its file to the end. What is
    written does not depend on `jobs`, how many processes may work.
    """
    plan = plan_of(container)
    keeper = Keeper(container, reader, seen)
    digests = {}
    with Sorter[Far]() as far:
        out = Digested(tree.create(plan.steps))
        write_parts(keeper, out, canonical, far, jobs)
        digests[plan.steps] = out.close()
        _demand_all(keeper.counts, reader)
        out = Digested(tree.create(plan.values))
        _write_values(out, far, Contents(reader))
        digests[plan.values] = out.close()
    digests[plan.facts] = _write_facts(plan, tree, besides)
    note = Note("", _wrapping(reader), keeper.newest_commit, seen.versions, seen.as_of, keeper.counts, digests)
    text, identity = write_note(container, note)
    tree.write(plan.document.path, text)
    return identity, keeper.counts


def _demand_all(counts: Counter[str], reader: EntryReader) -> None:
    """Every entry and row that was decoded must have a step."""
    found = sum(count for told, count in counts.items() if told.partition(" ")[0] in OF_ENTRIES)
    if found != reader.total:
        hint = "the file was changed while it was read; decode it again"
        expected = f"{reader.total} entries"
        raise EnvironmentProblem(
            "input-changed",
            "the input is not what was decoded",
            Place(reader.source.name),
            "",
            expected,
            str(found),
            hint,
        )


def _wrapping(reader: EntryReader) -> Wrapping:
    """The container that the file has."""
    header = {name: number for name, number in reader.numbers.items() if name != reader.plan.checksum}
    return Wrapping(reader.plan.name, header, reader.front, reader.head.container == reader.container.footer.named)


def _write_facts(plan: ComplementPlan, tree: StagedTree, besides: Besides) -> str:
    out = Digested(tree.create(plan.facts))
    for path in sorted(besides.fields.keys() | besides.pardoned.keys()):
        out.write(fact_line(plan, path, besides.fields.get(path, {}), besides.pardoned.get(path, "")))
    return out.close()


def _write_values(out: Sink, far: Sorter[Far], contents: Contents) -> None:
    """Every large value once, by digest, but for those that the tree has."""
    compressed = Compressed(out, "zstd")
    for digest, places in groupby(far.sorted(), key=itemgetter(0)):
        _, wanted, offset, size = next(places)
        if not wanted:
            continue
        compressed.write(VALUE_HEAD.pack(digest, size))
        for block in contents.blocks(offset, size):
            compressed.write(block)
    compressed.finish()


class Keeper:
    """Makes the steps, of the whole file or of its parts; `counts` and `newest_commit` are of all that it made."""

    def __init__(self, container: Container, reader: EntryReader, seen: Seen) -> None:
        self._container, self._reader, self._seen = container, reader, seen
        self.whole = Everything(reader)
        self.counts: Counter[str] = Counter()
        self.newest_commit = 0

    @cached_property
    def _units(self) -> Units:
        """Made, with all that reads records, only if something differs."""
        from codec.complement.units import Units

        return Units(self._container, self._seen.shown)

    @cached_property
    def _merging(self) -> Merging:
        from codec.complement.merging import Merging

        return Merging(self._container, self._units)

    def cuts(self) -> list[Cut]:
        """Where the file is parted, if that is worth it."""
        if not self._seen.ordered or self._seen.as_of is not None:
            return []
        return cuts_of(self._reader, self.whole)

    def write(self, out: Sink, records: Singles, far: Sorter[Far], start: int = 0, cut: Cut | None = None) -> None:
        """Every step, in order, or those of a part; large values that are wanted (1) or had (0) are noted in `far`."""
        with Sorter[tuple[object, ...]]() as sorter:
            steps = StepWriter(out)
            steps.add(self._steps(records, sorter, far, start, cut))
            steps.close()

    def _steps(
        self, records: Singles, sorter: Sorter[tuple[object, ...]], far: Sorter[Far], start: int, cut: Cut | None
    ) -> Iterator[Step | Alike]:
        whole = self.whole
        things: Iterator[Thing | Entries]
        if self._is_ordered(whole):
            timed = self._seen.as_of is not None
            things = whole.in_file_order() if timed else whole.in_runs(start, cut.at if cut is not None else 0)
            numbered = False
        else:
            things = whole.in_order(sorter)
            numbered = not whole.natural
        live, told = _CODE["live"], [[0] * len(REASONS) for _ in KINDS]
        for thing, of in beside(things, records, is_apart, whole.suffix, cut):
            if isinstance(thing, Run):
                tails = thing.tails(whole.suffix)
                self.newest_commit = max(self.newest_commit, *unpacked(whole.suffix, min(tails)))
                told[SAME][live] += len(tails)
                yield Alike(
                    live, thing.raws, thing.keys, b"".join(tails), [*map(zlib.crc32, map(itemgetter(1), of.records))]
                )
                continue
            if thing is None:
                if of.used or of.value is None:
                    continue
                step = self._closed(of, of.value, far)
            else:
                step = self._step(thing, of, far)
                if numbered:
                    step = step._replace(order=thing.number)
            told[step[0] & ~(UNIT | LIVE)][step[1]] += 1
            yield step
        for kind, reasons in enumerate(told):
            for reason, count in zip(REASONS, reasons, strict=True):
                if count:
                    self.counts[f"{KINDS[kind]} {reason}"] += count
        if records.repeated:
            self.counts[REPEATED] = records.repeated

    def _is_ordered(self, whole: Everything) -> bool:
        """Whether the entries stand in the order of framed keys."""
        if self._reader.plan.groups is not None:
            return False
        return self._seen.ordered or all(whole.natural for _ in whole.in_runs())

    def _step(self, thing: Thing, of: Of[Thing], far: Sorter[Far]) -> Step:
        _, _, what, key, commit_ts, state, expire_at, value, at = thing
        if what != everything.ENTRY:
            kind = NODE if what == everything.NODE else GROUP
            why = _CODE["node" if kind == NODE else "group"]
            return Step(kind, why, b"", key, 0, state, 0, 0, 0, 0, _row(thing) if kind == NODE else b"")
        if commit_ts > self.newest_commit:
            self.newest_commit = commit_ts
        hidden = self._hidden(thing, of)
        if of.value is not None and value == of.value:
            of.used = True
            live = 0 if hidden else LIVE
            why, check = _CODE[hidden or "live"], zlib.crc32(value)
            return _new(Step, (SAME | live, why, b"", key, commit_ts, state, expire_at, check, 0, 0, b""))
        kind, unit, reason = OWN, 0, hidden
        if not hidden:
            of.live = thing
            row = self._units.row(key, value)
            reason = self._reason(row, of)
            if of.value is None and reason in ("hidden", "derived") and row is not None:
                unit = self._units.of(key, value, row)
            kind |= LIVE
        if unit:
            kind |= UNIT
        if len(value) >= (NEAR_MOST if reason == "differs" else FAR_LEAST):
            digest = digest_of(value)
            far.add((digest, 1, at, len(value)), 200)
            kind, value = kind - OWN + FAR, digest
        return Step(kind, _CODE[reason], b"", key, commit_ts, state, expire_at, 0, unit, 0, value)

    def _hidden(self, thing: Thing, of: Of[Thing]) -> str:
        """Why this is not the version that counts; empty for the one that does."""
        seen = self._seen
        if of.noted:
            return "older"
        if seen.as_of is not None and thing.commit_ts > seen.as_of:
            return "later"
        of.noted = 1
        if thing.state:
            return "deleted"
        return "expired" if 0 < thing.expire_at <= seen.now else ""

    def _reason(self, row: Row | None, of: Of[Thing]) -> str:
        """Why the documents do not give a version that counts."""
        if row is None or row.unread:
            return "unknown"
        if self._units.is_internal(row):
            return "internal"
        if self._units.adapter_of[id(row)] not in self._seen.selected:
            return "unselected"
        if of.value is not None:
            return "differs"
        return {"dropped": "dropped", "derived": "derived"}.get(row.role, "hidden")

    def _closed(self, of: Of[Thing], value: bytes, far: Sorter[Far]) -> Step:
        """The step of a canonical record that is no entry's value."""
        if len(value) >= FAR_LEAST:
            far.add((digest_of(value), 0, 0, 0), 200)
        row = self._units.row(of.key, value)
        unit = self._units.of(of.key, value, row)
        merged = of.live is not None and len(value) <= NEAR_MOST and self._merging.merges(row)
        kind = BASE | (UNIT if unit else 0) | (LIVE if of.live is not None else 0)
        return Step(
            kind, _CODE["canonical"], b"", of.key, 0, 0, 0, zlib.crc32(value), unit, 0, value if merged else b""
        )


REPEATED = "canonical repeated"
OF_ENTRIES = ("same", "own", "node")
KINDS = {SAME: "same", OWN: "own", FAR: "own", NODE: "node", BASE: "base", GROUP: "group"}
_ROW = struct.Struct("<Q")
_new = tuple.__new__  # which is what a named tuple costs most of its time without


def _row(thing: Thing) -> bytes:
    return _ROW.pack(len(thing.key)) + thing.key + thing.value


def row_of(value: bytes) -> tuple[bytes, bytes]:
    """Key and value of a row of the node, as a step holds them."""
    (size,) = _ROW.unpack_from(value)
    return value[_ROW.size : _ROW.size + size], value[_ROW.size + size :]


def is_apart(thing: Thing) -> bool:
    """Whether it is no entry, and has nothing to do with canonical records."""
    return thing.what != everything.ENTRY


def digest_of(value: bytes) -> bytes:
    """The name of a large value."""
    return hashlib.blake2b(value, digest_size=DIGEST).digest()


__all__ = ["FAR_LEAST", "REASONS", "REPEATED", "VALUE_HEAD", "Seen", "digest_of", "keep", "row_of"]
