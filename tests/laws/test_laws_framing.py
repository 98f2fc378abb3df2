"""What reads many entries by few calls, or passes values over, gives what reading them one by one gives."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.api import DecodeOptions, decode_snapshot
from codec.errors import CodecError
from codec.mapping.bodies import only_measured
from codec.spec import ready
from codec.stream import alike, entries, source
from codec.stream.contents import Contents
from codec.stream.entries import EntryReader
from codec.stream.source import Source
from codec.stream.unread import Unread
from tests.support.golden_cases import golden_root, load_cases, read_files
from tests.support.stream_oracle import ALL_ONES, Row, read_stream, write_stream

ODD = st.sampled_from([(0, 0), (0, 0), (0, 0), (1, 0), (0, 99), (1, 5)])  # flags, expiry


@st.composite
def rows_of_few_sizes(draw: st.DrawFn) -> list[Row]:
    """Runs of rows whose keys and values have the same sizes, a marked one here and there."""
    rows: list[Row] = []
    for _ in range(draw(st.integers(0, 6))):
        key, value = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        marked = draw(st.dictionaries(st.integers(0, 60), ODD, max_size=3))
        for at in range(draw(st.integers(1, 60))):
            flags, expire_at = marked.get(at, (0, 0))
            rows.append(Row(b"k" * key, len(rows), flags, expire_at, bytes([at]) * value))
    return rows


def found(data: bytes, block: int) -> list[tuple[object, ...]] | str:
    """What the reader gives, or its error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK", block)
        patch.setattr(alike, "LEAST", 3)
        reader = EntryReader(ready.load("elastickv"), Source(BytesIO(data), "drawn"))
        try:
            return [(e.key, e.commit_ts, e.tombstone, e.expire_at, e.value, e.at) for e in reader.entries()]
        except CodecError as error:
            return error.code


@given(rows=rows_of_few_sizes(), block=st.sampled_from([64, 700, 1 << 20]), cut=st.none() | st.integers(1, 40))
def test_runs_of_equal_sizes_are_read_as_single_entries_are(rows: list[Row], block: int, cut: int | None) -> None:
    data = write_stream(7, rows)
    if cut is not None and cut < len(data) - 16:
        assert isinstance(found(data[:-cut], block), str) or read_stream(data[:-cut]).fault == ""
        return
    at, expected = 16, []
    for row in rows:
        expected.append((row.user_key, row.commit_ts, row.deleted, row.expire_at, row.body, at))
        at += len(row.framed())
    assert found(data, block) == expected


def test_bodies_whose_pieces_are_passed_over_come_out_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every golden stream with bodies: the same files, whether pieces are read with the stream or not."""
    seen = 0
    for number, case in enumerate(load_cases(golden_root())):
        data = case.input_bytes
        if case.name.startswith("s3") and any(prefix in data for prefix in only_measured(ready.load("elastickv"))):
            (snapshot := tmp_path / f"{number}.fsm").write_bytes(data)
            trees = []
            for large in (-1, 1 << 30):
                monkeypatch.setattr(entries, "LARGE", large)
                monkeypatch.setattr(source, "BLOCK", 64)
                target = tmp_path / f"{number}{large}"
                try:
                    decode_snapshot(snapshot, target, DecodeOptions(jobs=1, sync=False))
                    trees.append(read_files(target / "s3"))
                except CodecError as error:
                    trees.append({"error": f"{error.code} {error.place}".encode()})
            assert trees[0] == trees[1], case.name
            seen += 1
    assert seen


def test_what_is_passed_over_is_large_and_only_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    prefixes = only_measured(ready.load("elastickv"))
    assert prefixes, "a shipped format has such records"
    rows = [Row(prefix + bytes(40), ALL_ONES, 0, 0, b"x" * size) for prefix in prefixes for size in (9, 100)]
    monkeypatch.setattr(entries, "LARGE", 50)
    monkeypatch.setattr(source, "BLOCK", 32)
    reader = EntryReader(ready.load("elastickv"), Source(BytesIO(write_stream(1, rows)), "made"))
    values = [value for batch in reader.batches(prefixes) for value in batch.values]
    assert [(type(value), len(value)) for value in values] == [(bytes, 9), (Unread, 100)] * len(prefixes)
    assert reader.total == len(rows)


@given(rows=rows_of_few_sizes().filter(bool), data=st.data())
def test_entries_that_stand_together_are_found_again(rows: list[Row], data: st.DataObject) -> None:
    """Any entries in any order: those of a span are they, and what does not stand together has no span."""
    stream = write_stream(7, rows)
    reader = EntryReader(ready.load("elastickv"), Source(BytesIO(stream), "drawn"))
    found = list(reader.entries())
    some = data.draw(st.lists(st.sampled_from(range(len(found))), min_size=1, unique=True))
    some = sorted(some) if data.draw(st.booleans()) else some
    keys, values, ats = ([getattr(found[i], name) for i in some] for name in ("key", "value", "at"))
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(stream)
        reader.source.file = file
        contents = Contents(reader)
        span = contents.span(keys, values, ats)
        assert (span is not None) == (some == list(range(some[0], some[0] + len(some))))
        if span is not None:
            assert contents.entries(span) == (ats, keys, values)
            file.truncate(span[0] + span[1] - 1)
            with pytest.raises(CodecError):
                contents.entries(span)
