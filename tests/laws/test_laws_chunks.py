"""However many bytes of a body a record holds, the tree that comes back is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from tests.support.golden_cases import CARRIED, read_files

SNAPSHOT = CARRIED / "real-a-runtime-file" / "00000000000001be.fsm"


@pytest.mark.parametrize("size", [1, 5, 1 << 24])
def test_the_size_of_chunks_changes_no_body(tmp_path: Path, size: int) -> None:
    first, again, stream = tmp_path / "first", tmp_path / "again", tmp_path / "stream.fsm"
    only = ("s3",)
    decode_snapshot(SNAPSHOT, first, DecodeOptions(adapters=only))
    with stream.open("wb") as sink:
        encode_snapshot(first, sink, EncodeOptions(adapters=only, switches={"s3_chunk_size": size}))
    decode_snapshot(stream, again, DecodeOptions(adapters=only))
    assert read_files(again / "s3") == read_files(first / "s3")
