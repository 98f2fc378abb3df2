"""An encode with a complement: the tree's canonical records and the steps, into the container that the file had."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from codec.api import DecodeOptions, EncodeOptions, EncodeResult, OutputContainer, Versions
from codec.choices import switched_on
from codec.complement.apply import Applied, Order
from codec.complement.beside import Singles
from codec.complement.homes import Homes
from codec.complement.keep import REPEATED, VALUE_HEAD
from codec.complement.merging import Merging
from codec.complement.note import Note, plan_of, read_facts, read_note
from codec.complement.pool import Pool, Ref
from codec.complement.steps import Alike, Step, exactly, read_steps
from codec.complement.units import Units
from codec.compression import Expanded
from codec.encoding import Records, hand_over, records_with
from codec.errors import DataError, Place, StreamError, UsageError, from_os_error
from codec.layout.numbers import ALL_BITS
from codec.mapping import facts
from codec.mapping.besides import Besides
from codec.selftest import OUT_OF_ORDER, differing_files, report
from codec.spec.container import Container
from codec.stream.digest import DigestSink
from codec.stream.everything import NODE
from codec.stream.sort import Sorter
from codec.stream.wrap import COMMIT, Out, OutRun, Wrapping, made_front, write_container
from codec.tree.walk import TreeReader
from codec.verify.checksums import demand_checksums


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many entries, the header's last commit, what became of the steps, how many edits."""

    entries: int
    last_commit_ts: int
    counts: Mapping[str, int]
    edits: int


class Complemented:
    """One encode with a complement."""

    def __init__(
        self,
        container: Container,
        note: Note,
        reader: TreeReader,
        shown: frozenset[str],
        options: EncodeOptions,
        besides: Besides,
    ) -> None:
        self.container, self.note, self._reader = container, note, reader
        newest = max(note.newest_commit, note.wrapping.header[COMMIT])
        commit_ts = options.last_commit_ts
        self._wanted, self._commit_ts = commit_ts, min(newest + 1, ALL_BITS) if commit_ts is None else commit_ts
        self._wrapping = wrapping_of(container, note.wrapping, options.output_container)
        self._scratch, self._engine = options.scratch_root, options.engine
        self._suffix = container.written.stamp
        self._units, self._shown = Units(container, shown), shown
        self._homes = Homes(container, self._units, besides, reader)

    def write(self, canonical: Records, sink: BinaryIO) -> Written:
        """Write the whole file; raises `DataError` for two records with one key, or edits that cannot be newer."""
        container, wrapping = self.container, self._wrapping
        stream = next(stream for stream in container.streams if stream.name == wrapping.stream)
        order = Order(stream.groups is not None)
        merging = Merging(container, self._units)
        with closing(
            Applied(self._homes, self._units, merging, order, self._suffix, self._commit_ts, self._scratch)
        ) as applied:
            applied.run(self._steps(), Singles(canonical, self._repeated), self._values(applied.pool))
            commit = wrapping.header[COMMIT]
            if applied.edits:
                self._check_commit()
                commit = max(commit, self._commit_ts)
            commit = max(commit, self._wanted or 0)
            if commit != wrapping.header[COMMIT]:
                wrapping = wrapping.raised(container.clock, commit)
            entries = applied.entries()
            if self._wrapping.stream != self.note.wrapping.stream or self._drops_rows():
                entries = _without_rows(entries, applied.counts)
            count = write_container(container, wrapping, entries, sink, self._scratch)
            return Written(count, wrapping.header[COMMIT], applied.counts, applied.edits)

    def differing(self, written: Written, file: BinaryIO, tree: Path, known: facts.Facts) -> Iterator[str]:
        """What differs between the documents and those of the written file, decoded as the tree was: a line for each.

        Raises `UsageError` for edits of a tree that does not show the newest versions: an edit is one, so that a decode as that
        of the tree would not show it, and any other shows more than the tree has.
        """
        note, container = self.note, self.container
        if written.edits and (note.versions != "newest" or note.as_of is not None):
            message = "edits of a tree that does not show the newest versions cannot be tested"
            raise UsageError("self-test-versions", message, hint="encode it without --self-test, and decode the result")
        switches = {o.name: known.get(o.name) for adapter in container.adapters for o in adapter.options}
        documents = (d for a in container.adapters for e in a.entities for d in e.documents if d.restored)
        on = self._shown.union(*(d.restored.unless for d in documents if d.restored))  # generations come back
        decode = DecodeOptions(
            adapters=cast("tuple[str, ...]", known["adapters"]),
            switches=switches,
            engine=self._engine,
            versions=cast(Versions, note.versions),
            as_of=note.as_of,
        )
        try:
            yield from differing_files(container, decode, file, tree, on)
        except StreamError as error:
            if error.code != OUT_OF_ORDER:
                raise
            yield from differing_files(container, decode, file, tree, on, sort=True)

    def _drops_rows(self) -> bool:
        """A bare stream that is asked for where the file was none is meant for a new node."""
        return bool(self.note.wrapping.front) and not self._wrapping.front

    def _check_commit(self) -> None:
        if self._commit_ts <= self.note.newest_commit:
            code = self.container.usage_errors["clock_backwards"]
            hint = "an edit is a newer version than every other; take a larger number"
            found = str(self._commit_ts)
            expected = f"more than {self.note.newest_commit}"
            raise DataError(code, "the timestamp is not above the newest commit", Place(), "", expected, found, hint)

    def _steps(self) -> Iterator[Step | Alike]:
        plan = plan_of(self.container)
        with self._reader.open(plan.steps) as file:
            yield from read_steps(file, plan.steps, plan.errors["damaged"], self._suffix)

    def _repeated(self, key: bytes) -> None:
        """Two records have one key: that is right where it was so in what came in."""
        if not self.note.counts.get(REPEATED):
            hint = "two documents stand for the same key"
            code = self.container.written.write_errors["repeated"]
            raise DataError(code, f"two records have the key {key!r}", hint=hint)

    def _values(self, pool: Pool) -> Iterator[tuple[bytes, Ref]]:
        """The large values of the complement, put into the pool."""
        plan = plan_of(self.container)
        with self._reader.open(plan.values) as file:
            try:
                stream = Expanded(file, plan.values, "zstd")
                while head := exactly(stream, VALUE_HEAD.size):
                    digest, size = VALUE_HEAD.unpack(head)
                    yield digest, pool.put(exactly(stream, size))
            except (StreamError, struct.error):
                raise DataError(plan.errors["damaged"], "the values cannot be read", Place(plan.values)) from None


def _without_rows(entries: Iterable[Out | OutRun], counts: dict[str, int]) -> Iterator[Out | OutRun]:
    for one in entries:
        if isinstance(one, Out) and one.what == NODE:
            counts["dropped node"] = counts.get("dropped node", 0) + 1
        else:
            yield one


def wrapping_of(container: Container, own: Wrapping, wanted: OutputContainer) -> Wrapping:
    """The container that is written: the file's own, or the stream in the layers that are wanted."""
    if not wanted:
        return own
    commit = own.header[COMMIT]
    header = {name: 0 for name, _ in container.written.header} | {COMMIT: commit}
    front = b"" if wanted == "stream" else own.front or made_front(container.clock, commit)
    return Wrapping(container.written.name, header, front, wanted == "runtime")


def encode_with(
    container: Container,
    options: EncodeOptions,
    source: Path,
    sink: BinaryIO,
    names: tuple[str, ...],
    known: facts.Facts,
    declared: int,
) -> EncodeResult:
    """An encode with a complement. All adapters of the tree are read: records of those not in `names` stay too."""
    dumped = cast("tuple[str, ...]", known["adapters"])
    everything = tuple(name for name in container.encode_order if name in dumped)
    counts: dict[str, int] = {}
    try:
        with TreeReader(source) as reader, Sorter[tuple[bytes, bytes]](directory=options.scratch_root) as sorter:
            if options.verify:
                demand_checksums(reader, container.checksums, options.found)
            note = read_note(container, reader, str(known.get("complement") or ""))
            besides = read_facts(plan_of(container), reader)
            canonical = records_with(container, source, options, everything, known, besides, sorter, counts)()
            run = Complemented(container, note, reader, switched_on(container, known), options, besides)
            if not options.self_test:
                text = ""
                with DigestSink(sink) as digest:
                    written = run.write(canonical, cast(BinaryIO, digest))
            else:
                with TemporaryFile(dir=options.scratch_root) as scratch:
                    with DigestSink(cast(BinaryIO, scratch)) as digest:
                        written = run.write(canonical, cast(BinaryIO, digest))
                    scratch.flush()
                    text = report(container, options, run.differing(written, cast(BinaryIO, scratch), source, known))
                    if not text:
                        hand_over(cast(BinaryIO, scratch), sink, digest)
    except OSError as problem:
        raise from_os_error(problem, f"encode {source}") from None
    return EncodeResult(
        written.last_commit_ts,
        declared,
        str(known.get("cluster_id") or ""),
        names,
        written.entries,
        digest.size,
        digest.sha256,
        options.self_test,
        options.self_test and not text,
        text,
        {name: counts.get(name, 0) for name in names},
        dict(written.counts),
    )


__all__ = ["Complemented", "Written", "encode_with", "wrapping_of"]
