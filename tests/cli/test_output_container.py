"""`--output-container`: which layers stand around the stream, with and without a complement."""

from __future__ import annotations

import struct
from pathlib import Path

import google_crc32c
import pytest

from codec.api import DecodeOptions, EncodeOptions, OutputContainer, decode_snapshot, encode_snapshot
from tests.support.golden_cases import golden_root, load_cases, read_files
from tests.support.stream_oracle import CLOCK_HEADER, CLOCK_MAGIC, MAGIC, read_stream

CASE = next(case for case in load_cases(golden_root()) if case.name == "real-a-runtime-file")


def encoded(tree: Path, wanted: OutputContainer, **options: object) -> bytes:
    path = tree.parent / "out.fsm"
    with path.open("wb") as sink:
        result = encode_snapshot(tree, sink, EncodeOptions(output_container=wanted, **options))  # type: ignore[arg-type]
    data = path.read_bytes()
    assert (result.bytes_written, len(result.sha256)) == (len(data), 64)
    return data


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "in.fsm"
    source.write_bytes(CASE.input_bytes)
    decode_snapshot(source, tmp_path / "tree", DecodeOptions(complement=True, sync=False))
    return tmp_path / "tree"


@pytest.mark.parametrize("self_test", [False, True])
def test_the_layers_of_a_canonical_stream(tree: Path, self_test: bool) -> None:
    bare, payload, runtime = (
        encoded(tree, wanted, ignore_complement=True, self_test=self_test)
        for wanted in ("stream", "payload", "runtime")
    )
    commit = read_stream(bare).header_ts
    assert bare.startswith(MAGIC)
    assert payload == CLOCK_MAGIC + struct.pack(">Q", (commit >> 16) + 1) + bare
    assert runtime == payload + struct.pack(">I", google_crc32c.value(payload))


def test_the_layers_with_a_complement(tree: Path) -> None:
    own, payload, bare = encoded(tree, ""), encoded(tree, "payload"), encoded(tree, "stream")
    assert own == encoded(tree, "runtime") == CASE.input_bytes
    assert payload == own[:-4]
    rows = read_stream(own[CLOCK_HEADER:-4])
    assert rows.operational
    assert read_stream(bare).rows == rows.rows
    assert read_stream(bare).operational == ()


def test_an_edit_raises_the_clock_and_the_header(tree: Path, tmp_path: Path) -> None:
    (tree / "redis/db_0/strings/new.bin").write_bytes(b"new")
    later = CASE.stream.header_ts + (1 << 40)
    data = encoded(tree, "", last_commit_ts=later)
    assert data[: len(CLOCK_MAGIC)] == CLOCK_MAGIC
    (ceiling,) = struct.unpack_from(">Q", data, len(CLOCK_MAGIC))
    assert ceiling >= (later >> 16) + 1
    stream = read_stream(data[CLOCK_HEADER:-4])
    assert stream.header_ts == later
    assert [row.commit_ts for row in stream.rows if row.user_key == b"!redis|str|new"] == [later]
    assert data[-4:] == struct.pack(">I", google_crc32c.value(data[:-4]))
    (tmp_path / "again.fsm").write_bytes(data)
    decode_snapshot(tmp_path / "again.fsm", tmp_path / "again", DecodeOptions(sync=False))
    mine, theirs = read_files(tree), read_files(tmp_path / "again")
    aside = ("_complement/", "MANIFEST.json", "CHECKSUMS")
    assert {p: d for p, d in mine.items() if not p.startswith(aside)} == {
        p: d for p, d in theirs.items() if not p.startswith(aside)
    }
