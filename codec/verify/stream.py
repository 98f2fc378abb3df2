"""Verifying the records of a file: framing, footer, and every version of every record by its kind.

One forward pass. What is wrong with one record does not hide what is wrong with the next, as long as the framing tells
where that begins (container-and-cli.md §1.4).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from codec.engine.base import Misfit, ReadRow
from codec.engine.interpreter import Interpreter
from codec.errors import CodecError, DataError, Place, StreamError, shown
from codec.mapping.dispatch import every_kind
from codec.spec.container import Container
from codec.spec.plan import Row
from codec.stream.batches import Entry
from codec.stream.entries import EntryReader

Tell = Callable[[CodecError], None]


class RecordCheck:
    """Tells whether records are what their kinds say."""

    def __init__(self, container: Container, engines: Callable[[Row], ReadRow | None]) -> None:
        self._find = every_kind(container).find
        self._engines, self._interpreter = engines, Interpreter()
        self._readers: dict[int, ReadRow | None] = {}
        self.unknown = 0
        """Records of no kind."""
        self.older = set[str]()
        """The kinds of things that have records of an older form."""

    def fault(self, reader: EntryReader, entry: Entry) -> StreamError | None:
        """What is wrong with an entry's record, if anything; tombstones have no record."""
        if entry.tombstone:
            return None
        key, value = entry.key, entry.value
        row = self._find(key, value)
        if row is None:
            self.unknown += 1
            return None
        if row.unread or not row.forms:
            return None
        if row.legacy:
            self.older.add(row.entity)
        if id(row) not in self._readers:
            self._readers[id(row)] = self._engines(row) or self._interpreter.reader(row)
        read = self._readers[id(row)]
        assert read is not None
        try:
            read(key, value)
        except Misfit:
            return self._interpreter.explain(row, key, value, reader.place(entry.at, key))
        return None


def good_entries(container: Container, reader: EntryReader, check: RecordCheck, tell: Tell) -> Iterator[Entry]:
    """Every entry that is what it should be, in file order; everything else is told."""
    newest = _newest_allowed(container, reader)
    for entry in _framed(reader, tell):
        fault = check.fault(reader, entry)
        if fault is not None:
            tell(fault)
        elif newest is not None and entry.commit_ts > newest:
            assert container.restore is not None
            tell(
                StreamError(
                    container.restore.errors["later"],
                    f"the entry {shown(entry.key)} is newer than the header says",
                    Place(reader.source.name, entry.at),
                    "",
                    f"at most {newest}",
                    str(entry.commit_ts),
                )
            )
        else:
            yield entry


def judge_header(container: Container, reader: EntryReader) -> Iterator[CodecError]:
    """What a restore would refuse in the header of a stream that an encode wrote (§7.2)."""
    restore = container.restore
    if restore is None or reader.head.container != container.written.name:
        return
    number = reader.head.last_commit_ts >> restore.shift
    if number >= restore.ceiling:
        yield DataError(
            restore.errors["ceiling"],
            "the header's timestamp leaves no room for a newer one",
            Place(reader.source.name, 0),
            restore.ceiling_of,
            f"below {restore.ceiling << restore.shift}",
            str(reader.head.last_commit_ts),
        )


def _newest_allowed(container: Container, reader: EntryReader) -> int | None:
    """The header's timestamp, for a stream that an encode wrote; a node's own files may have newer entries."""
    encoded = container.restore is not None and reader.head.container == container.written.name
    return reader.head.last_commit_ts if encoded else None


def _framed(reader: EntryReader, tell: Tell) -> Iterator[Entry]:
    """Every entry whose frame is right. After one that is malformed it goes on with the next, if the frame is whole."""
    total = operational = 0
    while True:
        try:
            yield from reader.entries()
        except StreamError as error:
            tell(error)
            following = _after(reader)
        else:
            following = None
        total, operational = total + reader.total, operational + reader.operational
        if following is None:
            reader.total, reader.operational = total, operational
            return
        reader.start = following


def _after(reader: EntryReader) -> int | None:
    """Where the entry after the present one begins; None if the lengths of the present one do not tell."""
    source, plan = reader.source, reader.plan
    if plan.key is None or plan.value is None:
        return None
    at, size = source.position, source.size
    for frame in (plan.key, plan.value):
        width = frame.length.size or 0
        source.seek(at)
        head = source.take(width)
        if len(head) < width:
            return None
        (length,) = struct.unpack(frame.length.format, head)
        at += width + length
        if length > frame.most or at > size:
            return None
    return at
