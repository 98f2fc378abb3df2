"""The versions of one key, of a snapshot or of the one that a tree with its complement is: when, how large, what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from codec.api import EncodeOptions, KeyVersion
from codec.complement.merging import Merging
from codec.complement.units import Units
from codec.encoding import encode
from codec.opening import format_of_tree, open_stream
from codec.spec import library
from codec.stream.entries import EntryReader
from codec.stream.everything import ENTRY, Everything
from codec.stream.source import Source


@dataclass(frozen=True, slots=True)
class _Found:
    commit_ts: int
    number: int
    state: int
    expire_at: int
    size: int
    at: int


def history(source: Path, key: bytes, format: str) -> list[KeyVersion]:
    """See `codec.api.key_history`."""
    with _opened(source, format) as reader:
        for _ in reader.entries():  # to the end: damage is found before anything is said
            pass
        found = [
            _Found(one.commit_ts, one.number, one.state, one.expire_at, len(one.value), one.at)
            for one in Everything(reader).in_file_order()
            if one.what == ENTRY and one.key == key
        ]
        found.sort(key=lambda one: (one.commit_ts, one.number))
        return list(reversed([*_versions(reader, key, found)]))


@contextmanager
def _opened(source: Path, format: str) -> Iterator[EntryReader]:
    if source.is_dir():
        with TemporaryFile() as file:
            encode(source, cast(BinaryIO, file), EncodeOptions(format=format))
            file.flush()
            container = library.load(format_of_tree(source, format))
            yield EntryReader(container, Source(cast(BinaryIO, file), str(source)))
        return
    reader = open_stream(source, format)
    try:
        yield reader
    finally:
        reader.source.close()


def _versions(reader: EntryReader, key: bytes, found: list[_Found]) -> Iterator[KeyVersion]:
    """Oldest first."""
    merging = Merging(reader.container, Units(reader.container, frozenset()))
    now, before = reader.head.last_commit_ts, None
    for index, one in enumerate(found):
        value = _value(reader, one)
        newest = index == len(found) - 1
        state = "deleted" if one.state else "live" if newest else "older"
        if newest and not one.state and 0 < one.expire_at <= now:
            state = "expired"
        change = _change(merging, key, before, None if one.state else value)
        yield KeyVersion(one.commit_ts, state, one.size, one.expire_at, change)
        before = None if one.state else value


def _value(reader: EntryReader, one: _Found) -> bytes:
    reader.source.file.seek(one.at)
    return reader.source.file.read(one.size)


def _change(merging: Merging, key: bytes, before: bytes | None, value: bytes | None) -> str:
    """What a version changed, in words."""
    if value is None:
        return "deleted" if before is not None else "deleted again"
    if before is None:
        return "written"
    if value == before:
        return "written again, the same"
    parts = merging.changed(key, before, value)
    return f"changed: {', '.join(parts)}" if parts else "changed"


__all__ = ["history"]
