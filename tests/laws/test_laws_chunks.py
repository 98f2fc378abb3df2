"""However many bytes of a body a record holds, the tree that comes back is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.engine.interpreter import Interpreter
from codec.testing import stored
from codec.testing.bodies import cut
from codec.testing.documents import manifest, shown
from codec.testing.streams import NOW
from tests.support.golden_cases import CARRIED, read_files
from tests.support.laws import (
    CONTAINER,
    WHOLE,
    AdapterCase,
    both_engines,
    decoded,
    encoded,
    examples,
    without_manifest,
)
from tests.support.stream_oracle import read_stream

each_adapter_with_bodies = pytest.mark.parametrize(
    "case", [case for case in WHOLE if any(entity.bodies for entity in case.adapter.entities)], ids=repr
)
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


@both_engines
@each_adapter_with_bodies
@examples(12)
@given(data=st.data(), size=st.integers(1, 9))
def test_a_tree_that_is_cut_otherwise_is_the_same_tree(
    engine: str, case: AdapterCase, data: DataObject, size: int
) -> None:
    tree = data.draw(case.trees)
    files = shown(case.adapter, Interpreter(), tree) | manifest(CONTAINER, NOW, {})
    seen = case.seen(tree)
    bodied = {entity.name: entity for entity in case.adapter.entities if entity.bodies}
    anew = {name: tuple(cut(bodied[name], one, size) for one in seen[name]) if name in bodied else () for name in seen}
    switches = {entity.bodies.cut.every: size for entity in case.adapter.entities if entity.bodies}
    stream = encoded(files, engine=engine, switches=switches)
    assert without_manifest(decoded(stream, engine=engine)) == without_manifest(files)
    written = read_stream(stream).rows
    assert {(row.user_key, row.body) for row in written} >= {
        (one.key, one.value) for one in stored(CONTAINER, case.adapter, anew).versions
    }
