"""The records of a tree by plain key are those of the stream that an encode writes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from codec.api import EncodeOptions, encode_snapshot
from codec.encoding import records_of
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.stream.source import Source
from tests.support.golden_cases import Case, golden_root, load_cases
from tests.support.golden_layout import lay_out_tree
from tests.support.laws import CONTAINER

CASES = [
    case for case in load_cases(golden_root()) if case.info.get("encode_exit") == 0 and not case.info.get("packed")
]


@pytest.mark.parametrize("case", CASES[:: max(1, len(CASES) // 12)], ids=lambda case: case.name)
def test_records_by_plain_key(case: Case, tmp_path: Path) -> None:
    lay_out_tree(case, tmp_path / "tree")
    adapters = case.info["encode_args"]
    names = tuple(adapters[adapters.index("--adapter") + 1].split(",")) if "--adapter" in adapters else None
    options = EncodeOptions(adapters=names)
    written = io.BytesIO()
    encode_snapshot(tmp_path / "tree", written, options)
    entries = EntryReader(CONTAINER, Source(written, "written")).entries()
    with Sorter[tuple[bytes, bytes]](budget=10_000) as sorter:
        found = [*records_of(tmp_path / "tree", options, sorter)]
    assert found == sorted((entry.key, entry.value) for entry in entries)
