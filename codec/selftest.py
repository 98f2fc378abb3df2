"""The self-test of an encode: read back what was written, print it into digests, compare with the input tree.

No second tree is written. Files whose order has no meaning are compared as sets of lines, all others byte for byte.
Memory does not grow with the number of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Container as AnyOf
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from codec.api import DecodeOptions, EncodeOptions
from codec.decoding import Decoding, switched_on
from codec.errors import CodecError, StreamError
from codec.layout import json_read
from codec.mapping.dispatch import every_kind
from codec.mapping.encode import literal_path
from codec.mapping.facts import Facts
from codec.mapping.households import component
from codec.spec.container import Container
from codec.spec.plan import Adapter, Restored
from codec.stream import versions
from codec.stream.difference import Version, by_key, pairs
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.source import BLOCK, Source
from codec.stream.tally import Tally
from codec.tree.walk import TreeReader

Digests = Sorter[tuple[str, bytes]]
FOLDER = "directory"
SHOWN_KEY = 100  # characters of a key in a line about its record


@dataclass(frozen=True, slots=True)
class Given:
    """The records that a tree gave: their timestamp, their tally, and a way to compute all of them again, by key."""

    commit_ts: int
    tally: Tally
    again: Callable[[Sorter[tuple[bytes, bytes]]], Iterator[tuple[bytes, bytes]]]


class DigestTarget:
    """A target that keeps (path, digest) of each file, and (path, digest of a line) of files without an order."""

    def __init__(self, unordered: AnyOf[str], digests: Digests) -> None:
        self._unordered, self._digests = unordered, digests
        self.lined: set[str] = set()
        """The files without an order that were written line by line; others of their names are bodies."""
        self._growing, self._running = "", hashlib.sha256()
        self._notes: list[tuple[str, bytes]] | None = None

    def _add(self, path: str, digest: bytes) -> None:
        if self._notes is not None:
            self._notes.append((path, digest))
            return
        self._digests.add((path, digest), len(path) + 150)

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
                self._add(path, hashlib.sha256(line).digest())
            return
        if path != self._growing:
            self.close()
            self._growing, self._running = path, hashlib.sha256()
        self._running.update(data)

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
        for path, digest in cast("list[tuple[str, bytes]]", notes):
            self._add(path, digest)

    def mkdir(self, path: str) -> None:
        """Folders are not compared."""


class Unordered:
    """The files whose lines are a set: sidecars and names files, one for the adapter or one in each folder of it."""

    def __init__(self, adapter: Adapter) -> None:
        self._files = unordered_files(adapter)
        self._root = f"{adapter.folder.root}/" if adapter.folder is not None else ""

    def __contains__(self, path: object) -> bool:
        assert isinstance(path, str)
        return path in self._files or path.removeprefix(self._root).partition("/")[2] in self._files


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
    most, lines = container.mismatch_most, list[str]()
    try:
        for line in _lines(container, options, written, tree, names, known, given_records):
            if len(lines) < most:
                lines.append(line)
            elif options.mismatched is None:
                break
            if options.mismatched is not None:
                options.mismatched(line)
    except _Refused as refused:
        return container.mismatch["refused"] + str(refused.error)
    if len(lines) >= most:
        lines.append(container.mismatch["truncated"])
    return "".join(f"{line}\n" for line in lines)


class _Refused(Exception):
    """What was written cannot be decoded."""

    def __init__(self, error: CodecError) -> None:
        super().__init__(error)
        self.error = error


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
    try:
        same = _same_records(container, written, given_records)
    except CodecError as error:
        raise _Refused(error) from None
    if same is None:
        yield container.mismatch["header"]
        return
    for name in names:
        adapter = container.adapter(name)
        if adapter.folder is None:
            continue
        with Digests() as produced, Digests() as given:
            decoding = Decoding(container, DecodeOptions(adapters=(name,), switches=switches, engine=options.engine))
            target = DigestTarget(Unordered(adapter), produced)
            try:
                _decode(container, decoding, written, target)
            except CodecError as error:
                raise _Refused(error) from None
            with TreeReader(tree) as reader:
                Walk(
                    reader, adapter, switched_on(container, switches), DigestTarget(target.lined, given), target.lined
                ).run()
            yield from _differences(container, given, produced)
    if not same:
        yield from _differing_records(container, written, given_records)


def _same_records(container: Container, written: BinaryIO, given: Given) -> bool | None:
    """Whether the stream has exactly the given records, live and at their timestamp; None if its header differs."""
    written.seek(0)
    reader = EntryReader(container, Source(written, "output"))
    if reader.head.last_commit_ts != given.commit_ts:
        return None
    found, plain, before = Tally(), True, b""
    for raw, key, at, tombstone, expire_at, value, _ in reader.entries():
        found.add(key, value)
        plain = plain and raw > before and at == given.commit_ts and not tombstone and not expire_at
        before = raw
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


def _decode(container: Container, decoding: Decoding, written: BinaryIO, target: DigestTarget) -> None:
    written.seek(0)
    reader = EntryReader(container, Source(written, "output"))
    try:
        decoding.run(reader, target, sort=False)
        target.close()
    except versions.Unsorted:
        raise StreamError("out-of-order", "the records of the stream are out of order") from None


class Walk:
    """The input tree as digests: every regular file; links and special files are not compared, as in the reference.

    Members that the spec says do not come back as they were are taken as what they come back as.
    """

    def __init__(
        self, reader: TreeReader, adapter: Adapter, on: frozenset[str], target: DigestTarget, unordered: AnyOf[str]
    ) -> None:
        assert adapter.folder is not None
        self.reader, self.target, self.unordered, self.root = reader, target, unordered, adapter.folder.root
        documents = (d for entity in adapter.entities for d in entity.documents)
        self.restored = {
            component(d.path[-1]): d.restored for d in documents if d.restored and not d.restored.unless & on
        }

    def run(self) -> None:
        """The whole tree of the adapter."""
        if self.reader.kind(self.root) == FOLDER:
            self._folder(self.root)

    def _folder(self, path: str) -> None:
        for entry in self.reader.entries(path):
            here = f"{path}/{entry.name}"
            if entry.kind == FOLDER:
                self._folder(here)
            elif entry.kind == "file":
                with self.reader.open(here) as file:
                    self._file(here, self.restored.get(entry.name), file)

    def _file(self, path: str, restored: Restored | None, file: BinaryIO) -> None:
        if path in self.unordered or restored is not None:
            for line in file:
                self.target.append(path, line if restored is None else as_restored(line, restored))
            if path not in self.unordered:
                self.target.close()
        else:
            self.target.stream_bytes(path, iter(lambda: file.read(BLOCK), b""))


def as_restored(line: bytes, restored: Restored) -> bytes:
    """A line as it comes back: with the member's value replaced. A line that is no JSON stays as it is."""
    if f'"{restored.member}":{restored.value},'.encode() in line:
        return line
    try:
        text = line.decode()
        old = json_read.raw(line.rstrip(b"\n"), (restored.member,)).decode()
        column = json_read.locate(line, (restored.member,))[1] - 1
    except (ValueError, KeyError, CodecError):
        return line
    return (text[:column] + str(restored.value) + text[column + len(old) :]).encode()


def _differences(container: Container, given: Digests, produced: Digests) -> Iterator[str]:
    """The lines of the report, by path: a merge of two sorted sides."""
    text = container.mismatch
    for path, here, there in _paired(given, produced):
        if not here:
            yield path + text["extra"]
        elif not there:
            yield path + text["missing"]
        elif here != there:
            yield path + text["differs"]


def _paired(given: Digests, produced: Digests) -> Iterator[tuple[str, set[bytes], set[bytes]]]:
    sides = [
        ((path, side, digest) for path, digest in sorter.sorted()) for side, sorter in enumerate((given, produced))
    ]
    left = groupby(sides[0], key=itemgetter(0))
    right = groupby(sides[1], key=itemgetter(0))
    one, two = next(left, None), next(right, None)
    while one is not None or two is not None:
        path = min(cast(str, side[0]) for side in (one, two) if side is not None)
        here = {digest for _, _, digest in one[1]} if one is not None and one[0] == path else set()
        there = {digest for _, _, digest in two[1]} if two is not None and two[0] == path else set()
        yield path, here, there
        if one is not None and one[0] == path:
            one = next(left, None)
        if two is not None and two[0] == path:
            two = next(right, None)


__all__ = ["DigestTarget", "mismatches"]
