"""The self-test of an encode: read back what was written, print it into digests, compare with the input tree.

No second tree is written. Files whose order has no meaning are compared as sets of lines, all others byte for byte.
Memory does not grow with the number of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby, islice, repeat
from operator import itemgetter, lt
from pathlib import Path
from struct import Struct
from typing import BinaryIO, cast

from codec.api import DecodeOptions, EncodeOptions
from codec.choices import switched_on
from codec.decoding import Decoding
from codec.errors import CodecError, StreamError
from codec.layout.numbers import ALL_BITS
from codec.mapping.dispatch import every_kind
from codec.mapping.encode import literal_path
from codec.mapping.facts import Facts
from codec.selftest_input import Walk
from codec.spec.container import Container
from codec.spec.plan import Adapter
from codec.stream import versions
from codec.stream.difference import Version, by_key, pairs
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.source import Source
from codec.stream.tally import Tally
from codec.tree.walk import TreeReader
from codec.workers import Result, in_children, jobs_of

Item = tuple[int, str, int, bytes]
Digests = Sorter[Item]
"""Of each file: its adapter's place in the order of the report, its path, whether this is a line, the digest."""
WHOLE, LINE = 0, 1
WORTH = 8_000  # records for which a second process pays
OUT_OF_ORDER = "out-of-order"  # the name of an error
_NUMBER = Struct(">Q")
SHOWN_KEY = 100  # characters of a key in a line about its record


@dataclass(frozen=True, slots=True)
class Given:
    """The records that a tree gave: their timestamp, their tally, and a way to compute all of them again, by key."""

    commit_ts: int
    tally: Tally
    again: Callable[[Sorter[tuple[bytes, bytes]]], Iterator[tuple[bytes, bytes]]]


class DigestTarget:
    """A target that keeps the digest of each file, of files without an order those of the lines that are appended.

    With `again`, files may be written more than once: digests of whole ones have a number before them, see `_last`.
    """

    def __init__(self, unordered: Unordered, digests: Digests, again: bool = False) -> None:
        self._unordered, self._digests = unordered, digests
        self._numbers = map(_NUMBER.pack, count()) if again else repeat(b"")
        self.lined: set[str] = set()
        """The files without an order that were written line by line; others of their names are bodies."""
        self._growing, self._running = "", hashlib.sha256()
        self._notes: list[tuple[str, int, bytes]] | None = None

    def _add(self, path: str, digest: bytes, kind: int = WHOLE) -> None:
        if self._notes is not None:
            self._notes.append((path, kind, digest))
            return
        digest = digest if kind == LINE else next(self._numbers) + digest
        self._digests.add((self._unordered.rank(path), path, kind, digest), len(path) + 190)

    def write(self, path: str, data: bytes) -> None:
        self._add(path, hashlib.sha256(data).digest())

    def stream(self, path: str, pieces: Iterable[str]) -> None:
        self.stream_bytes(path, (piece.encode() for piece in pieces))

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        """A whole file of bytes, in blocks."""
        digest = hashlib.sha256()
        for block in blocks:
            digest.update(block)
        self._add(path, digest.digest())

    def append(self, path: str, data: bytes) -> None:
        if path in self._unordered:
            self.lined.add(path)
            for line in data.splitlines(keepends=True):
                self.line(path, line)
            return
        if path != self._growing:
            self.close()
            self._growing, self._running = path, hashlib.sha256()
        self._running.update(data)

    def line(self, path: str, line: bytes) -> None:
        """One line of a file without an order."""
        self._add(path, hashlib.sha256(line).digest(), LINE)

    def close(self) -> None:
        """Note the file that grew line by line last; such files are written one after the other."""
        if self._growing:
            self._add(self._growing, self._running.digest())
        self._growing = ""

    def note_only(self) -> None:
        self._notes = []

    def noted(self) -> object:
        """The digests of a helper since the last call."""
        notes = self._notes or []
        if notes:
            self._notes = []
        return notes

    def take_over(self, notes: object) -> None:
        """Keep the digests of a helper."""
        for path, kind, digest in cast("list[tuple[str, int, bytes]]", notes):
            self._add(path, digest, kind)

    def mkdir(self, path: str) -> None:
        """Folders are not compared."""


class Unordered:
    """The files whose lines are a set: sidecars and names files, one for an adapter or one in each folder of it."""

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        self._adapters = [
            (f"{adapter.folder.root}/", unordered_files(adapter)) for adapter in adapters if adapter.folder is not None
        ]

    def __contains__(self, path: object) -> bool:
        assert isinstance(path, str)
        for root, files in self._adapters:
            if path.startswith(root):
                return path in files or path.removeprefix(root).partition("/")[2] in files
        return False

    def rank(self, path: str) -> int:
        """The place of the adapter that a path belongs to."""
        return next((at for at, (root, _) in enumerate(self._adapters) if path.startswith(root)), len(self._adapters))


def unordered_files(adapter: Adapter) -> frozenset[str]:
    """The paths of those files, or their names in each folder."""
    sidecars = (literal_path(d) for entity in adapter.entities for d in entity.documents if d.kind == "sidecar")
    return frozenset((*sidecars, *(names.path for names in adapter.names.values())))


def mismatches(
    container: Container,
    options: EncodeOptions,
    written: BinaryIO,
    tree: Path,
    names: tuple[str, ...],
    known: Facts,
    given_records: Given,
) -> str:
    """What differs between the tree and what the written stream decodes to; empty if nothing does (§6.4).

    `known` is what the manifest says: the stream is decoded with the options that the tree was made with. Of the
    records a decode ignores some: where the stream has others than the tree gave, all are computed again and compared.
    """
    return report(container, options, _lines(container, options, written, tree, names, known, given_records))


def report(container: Container, options: EncodeOptions, differing: Iterable[str]) -> str:
    """The bounded text of what differs; every line is handed on, if somebody wants them all."""
    most, lines = container.mismatch_most, list[str]()
    try:
        for line in differing:
            if len(lines) < most:
                lines.append(line)
            elif options.mismatched is None:
                break
            if options.mismatched is not None:
                options.mismatched(line)
    except _Refused as refused:
        return container.mismatch["refused"] + str(refused)
    if len(lines) >= most:
        lines.append(container.mismatch["truncated"])
    return "".join(f"{line}\n" for line in lines)


class _Refused(Exception):
    """What was written cannot be decoded."""


def _lines(
    container: Container,
    options: EncodeOptions,
    written: BinaryIO,
    tree: Path,
    names: tuple[str, ...],
    known: Facts,
    given_records: Given,
) -> Iterator[str]:
    """A line for everything that differs: files by adapter and path, then records by key."""
    switches = {option.name: known.get(option.name) for adapter in container.adapters for option in adapter.options}
    adapters = [container.adapter(name) for name in names]
    with Digests() as produced, Digests() as given:

        def read_back(file: BinaryIO) -> object:
            """What of the files without an order was written line by line, or why the stream cannot be decoded."""
            chosen = DecodeOptions(adapters=names, switches=switches, engine=options.engine)
            target = DigestTarget(Unordered(adapters), produced)
            try:
                _decode(container, Decoding(container, chosen), file, target)
            except CodecError as error:
                return str(error)
            return sorted(target.lined)

        def compare_input(file: BinaryIO) -> object:
            """Whether the records are the same, or why they cannot be read; the digests of the input."""
            try:
                same = _same_records(container, file, given_records)
            except CodecError as error:
                return str(error)
            if same is not None:
                with TreeReader(tree) as reader:
                    target = DigestTarget(Unordered(adapters), given)
                    for adapter in adapters:
                        Walk(reader, adapter, switched_on(container, switches), target, Unordered(adapters)).run()
            return same

        same, lined = _both((compare_input, given), (read_back, produced), written, options, given_records.tally.count)
        for said in (same, lined):
            if isinstance(said, str):
                raise _Refused(said)
        if same is None:
            yield container.mismatch["header"]
            return
        yield from _differences(container, given.sorted(), produced.sorted(), frozenset(cast("list[str]", lined)))
    if not same:
        yield from _differing_records(container, written, given_records)


def _both(
    one: tuple[Callable[[BinaryIO], object], Digests],
    two: tuple[Callable[[BinaryIO], object], Digests],
    written: BinaryIO,
    options: EncodeOptions,
    records: int,
) -> tuple[object, object]:
    """Do two works on the written stream, in two processes if that pays; what they say."""
    if records < WORTH or jobs_of(options.jobs) == 1:
        return one[0](written), two[0](written)

    def in_child(work: Callable[[BinaryIO], object], digests: Digests) -> Result:
        with open(f"/proc/self/fd/{written.fileno()}", "rb", buffering=0) as own:  # with a position of its own
            said = work(cast(BinaryIO, own))
        told, files = digests.hand_over()
        return Result((said, told), files)

    said = []
    for result, (_, digests) in zip(
        in_children([partial(in_child, *one), partial(in_child, *two)]), (one, two), strict=True
    ):
        value, told = cast("tuple[object, object]", result.value)
        digests.take_over(told, result.files)
        said.append(value)
    return said[0], said[1]


def differing_files(
    container: Container,
    options: DecodeOptions,
    written: BinaryIO,
    tree: Path,
    on: frozenset[str],
    sort: bool = False,
) -> Iterator[str]:
    """A line for every file that differs between the tree and the written stream, decoded with `options`.

    Raises `StreamError` with the code `OUT_OF_ORDER` for a stream that must be sorted.
    """
    adapters = [container.adapter(name) for name in options.adapters or ()]
    again = options.versions == "all"  # a document is what it was written as last
    with Digests() as produced, Digests() as given:
        target = DigestTarget(Unordered(adapters), produced, again)
        _decode(container, Decoding(container, options), written, target, sort)
        with TreeReader(tree) as reader:
            walked = DigestTarget(Unordered(adapters), given)
            for adapter in adapters:
                Walk(reader, adapter, on, walked, Unordered(adapters)).run()
        items = _last(produced.sorted()) if again else produced.sorted()
        yield from _differences(container, given.sorted(), items, frozenset(target.lined))


def _same_records(container: Container, written: BinaryIO, given: Given) -> bool | None:
    """Whether the stream has exactly the given records, live and at their timestamp; None if its header differs."""
    written.seek(0)
    reader = EntryReader(container, Source(written, "output"))
    if reader.head.last_commit_ts != given.commit_ts:
        return None
    found, plain, before = Tally(), True, b""
    for batch in reader.batches():
        raws, width = batch.raws, batch.stamp.size
        ascends = before < raws[0] and all(map(lt, raws, islice(raws, 1, None)))
        at_once = {raw[-width:] for raw in raws} == {batch.stamp.pack(given.commit_ts ^ ALL_BITS)}
        plain = plain and ascends and at_once and not batch.odd
        found.add_all((raw[:-width] for raw in raws), batch.values)
        before = raws[-1]
    return plain and found == given.tally


def _differing_records(container: Container, written: BinaryIO, given: Given) -> Iterator[str]:
    """The records that the tree gives, computed again, against those of the stream: a line for each that differs."""
    text, find = container.mismatch, every_kind(container).find
    written.seek(0)
    entries = EntryReader(container, Source(written, "output")).entries()
    with Sorter[Version]() as found, Sorter[tuple[bytes, bytes]]() as wanted:
        for one, two in pairs(by_key(entries, found), given.again(wanted)):
            if one is None or two is None:
                end = text["record_missing" if one is None else "record_extra"]
            elif one[5] != two[1] or one[1:5:2] != (-given.commit_ts, False) or one[4]:
                end = text["record_differs"]
            else:
                continue
            key, value = (one[0], one[5]) if one is not None else two  # type: ignore[misc]
            row = find(key, value)
            yield f"{text['record']}{row.label if row else '?'} {repr(key)[2:-1][:SHOWN_KEY]}{end}"


def _decode(
    container: Container, decoding: Decoding, written: BinaryIO, target: DigestTarget, sort: bool = False
) -> None:
    written.seek(0)
    reader = EntryReader(container, Source(written, "output"))
    try:
        decoding.run(reader, target, sort=sort)
        target.close()
    except versions.Unsorted:
        raise StreamError(OUT_OF_ORDER, "the records of the stream are out of order") from None


def _last(items: Iterator[Item]) -> Iterator[Item]:
    """Of each whole file the digest that came last, without its number."""
    for (rank, path, kind), same in groupby(items, key=itemgetter(0, 1, 2)):
        if kind == LINE:
            yield from same
        else:
            *_, last = same
            yield rank, path, kind, last[3][_NUMBER.size :]


def _differences(
    container: Container, given: Iterator[Item], produced: Iterator[Item], lined: frozenset[str]
) -> Iterator[str]:
    """The lines of the report, by adapter and path.

    Of files without an order the input has both digests, of the whole and of the lines; `lined` says which count.
    """
    text = container.mismatch
    for (_, path), items in groupby(_paired(given, produced), key=lambda item: item[0][:2]):
        counts = LINE if path in lined else WHOLE
        here = there = differs = False
        for (_, _, kind, _), in_given, in_produced in items:
            here, there = here or in_given, there or in_produced
            differs = differs or (kind == counts and in_given != in_produced)
        if not here:
            yield path + text["extra"]
        elif not there:
            yield path + text["missing"]
        elif differs:
            yield path + text["differs"]


def _paired(given: Iterator[Item], produced: Iterator[Item]) -> Iterator[tuple[Item, bool, bool]]:
    """Every digest, in order, with whether each side has it: a merge of two sorted sides."""
    left, right = ((item for item, _ in groupby(items)) for items in (given, produced))
    one, two = next(left, None), next(right, None)
    while one is not None or two is not None:
        if one == two:
            assert one is not None
            yield one, True, True
            one, two = next(left, None), next(right, None)
        elif two is None or (one is not None and one < two):
            assert one is not None
            yield one, True, False
            one = next(left, None)
        else:
            yield two, False, True
            two = next(right, None)


__all__ = ["DigestTarget", "mismatches"]
