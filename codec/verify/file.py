"""Verifying a snapshot file: container, framing, footer, every record, and what records repeat of each other.

Nothing is changed; what is compared stands in the temporary folder meanwhile. Memory is that of the sorters.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codec.api import DecodeOptions, EncodeOptions, VerifyOptions, Warned, decode_snapshot
from codec.compile.engine import compiled
from codec.encoding import records_of
from codec.engine.base import ReadRow
from codec.errors import CodecError, DataError, Place, from_os_error
from codec.spec.container import Container
from codec.spec.plan import Row
from codec.stream import versions
from codec.stream.difference import Version, by_key
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.source import Source
from codec.stream.write import StreamWriter
from codec.verify.derived import DerivedCheck, preserving
from codec.verify.findings import Findings
from codec.verify.stream import RecordCheck, good_entries, judge_header

Tell = Callable[[CodecError], None]


class FileCheck:
    """One verification of a file; `run` tells every finding, once each."""

    def __init__(self, container: Container, path: Path, options: VerifyOptions, tell: Tell) -> None:
        self._container, self._path, self._options, self._tell = container, path, options, tell
        self._name = str(path)
        self._older: frozenset[str] = frozenset()
        self.kind = ""
        """Which container was found."""
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Judge the file. Raises `EnvironmentProblem` for what the machine refuses."""
        try:
            source = Source.open(self._path)
        except OSError as problem:
            raise from_os_error(problem, f"open {self._name}") from None
        try:
            self._judge(source)
        finally:
            source.close()

    def _judge(self, source: Source) -> None:
        try:
            reader = EntryReader(self._container, source)
        except DataError as error:
            self._tell(error)
            return
        for fault in judge_header(self._container, reader):
            self._tell(fault)
        with tempfile.TemporaryDirectory() as folder:
            live = Path(folder, "live")
            self._write_live(reader, live)
            self.kind = reader.head.container
            self._judge_things(live, Path(folder))

    def _write_live(self, reader: EntryReader, live: Path) -> None:
        """Judge every version of every record; write the live ones, one version for each key, to the file `live`."""
        check = RecordCheck(self._container, self._reader_of())
        entries = good_entries(self._container, reader, check, self._tell)
        head = reader.head.last_commit_ts
        with Sorter[tuple[object, ...]]() as order, Sorter[tuple[bytes, bytes]]() as sorter:
            writer = StreamWriter(self._container.written, head, sorter)
            for _, key, _, _, _, value, _ in versions.newest(
                versions.in_order(entries, order), None, head, self.counts
            ):
                writer.add(key, value)
            with live.open("wb") as out:
                writer.write_to(out)
        self._older = frozenset(check.older)
        counters = self._container.counters
        self.counts[counters["total"]] = reader.total
        self.counts[counters["unknown"]] = check.unknown
        self.counts["operational"] = reader.operational

    def _reader_of(self) -> Callable[[Row], ReadRow | None]:
        """The fast readers, for the kinds that have one."""
        if self._options.engine == "interpreter":
            return lambda row: None
        engines = {row.label: compiled(adapter) for adapter in self._container.adapters for row in adapter.rows}
        return lambda row: engines[row.label].reader(row) if row.role == "stored" and row.label in engines else None

    # -------------------------------------------------------------------------------------------- things

    def _judge_things(self, live: Path, folder: Path) -> None:
        """Decode the live records, and compare those that follow from others with what follows from the tree.

        What a node computes while messages are in flight differs from what an encode writes for a tree without that
        state: either is right, so the records are judged by the reading that they fit better.
        """
        with Findings() as first, Findings() as second:
            loose = self._judge_reading(live, folder / "kept", preserving(self._container), first.add, first=True)
            chosen = first
            if first.added:
                plain = self._judge_reading(live, folder / "plain", {}, second.add, first=False)
                if second.added < first.added:
                    chosen, loose = second, plain
            for finding in chosen.sorted():
                self._tell(finding)
        for label, count in sorted(loose.items()):
            hint = "they may be left of things that are gone"
            self._options.warn(Warned("loose_rows", (("kind", label), ("count", count), ("hint", hint))))

    def _judge_reading(
        self, live: Path, tree: Path, switches: Mapping[str, object], tell: Tell, first: bool
    ) -> Mapping[str, int]:
        """Judge by the tree that one choice of options gives; how many rows lead nowhere, by kind."""
        kinds, passed_over = _events(self._container), set[str]()

        def warn(warned: Warned) -> None:
            if warned.event in kinds.numbers:
                numbers.add(_number(self._name, warned, kinds.numbers[warned.event]))
                return
            passed_over.add(kinds.passing.get(warned.event, ""))
            if first:
                self._options.warn(warned)

        options = DecodeOptions(
            switches=switches,
            sync=False,
            engine=self._options.engine,
            format=self._options.format,
            jobs=self._options.jobs,
            warn=warn,
        )
        with Findings() as numbers:
            try:
                result = decode_snapshot(live, tree, options)
                for number in numbers.sorted():
                    entity = number.path.partition(".")[0]
                    if not any(result.losses.get(label) for label in kinds.folded.get(entity, ())):
                        tell(number)
                return self._compare(live, tree, frozenset(passed_over), tell)
            except CodecError as error:
                if error.exit_status != DataError.exit_status:
                    raise
                error.place = Place(self._name)
                tell(error)
                return {}

    def _compare(self, live: Path, tree: Path, passed_over: frozenset[str], tell: Tell) -> Mapping[str, int]:
        encode = EncodeOptions(adapters=self._all(), engine=self._options.engine, format=self._options.format)
        check = DerivedCheck(self._container, self._name, passed_over, self._older)
        with live.open("rb") as file, Sorter[Version]() as mine, Sorter[tuple[bytes, bytes]]() as theirs:
            found = by_key(EntryReader(self._container, Source(file, self._name)).entries(), mine)
            check.run(found, records_of(tree, encode, theirs), tell)
        return check.loose

    def _all(self) -> tuple[str, ...]:
        return tuple(adapter.name for adapter in self._container.adapters)


@dataclass(frozen=True, slots=True)
class _Events:
    """What the warnings of a decode mean: numbers that disagree with what they count (event to kind of record), things
    that do not count (event to adapter); and the kinds of records that wait to be folded into a number, by entity."""

    numbers: Mapping[str, str]
    passing: Mapping[str, str]
    folded: Mapping[str, tuple[str, ...]]


def _events(container: Container) -> _Events:
    entities = [(adapter.name, entity) for adapter in container.adapters for entity in adapter.entities]
    passing = {entity.orphan: name for name, entity in entities if entity.orphan}
    passing |= {entity.choose.stale: name for name, entity in entities if entity.choose}
    return _Events(
        {slot.differs: row.label for _, entity in entities for row in entity.rows for slot, _ in row.compares},
        passing,
        {e.name: tuple(row.label for row in e.rows if row.role == "dropped") for _, e in entities},
    )


def _number(source: str, warned: Warned, label: str) -> DataError:
    """A number that disagrees with what it counts. It is no fault where rows wait to be folded into it."""
    said = ", ".join(f"{name} {value}" for name, value in warned.fields if name != "hint")
    hint = next((str(value) for name, value in warned.fields if name == "hint"), "")
    message = "a number disagrees with what it counts"
    return DataError(warned.event, message, Place(source), label, "equal numbers", said, hint)
