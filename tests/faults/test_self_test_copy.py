"""The self-test of an encode finds damage to every kind of record, and nothing that was damaged comes out.

A decode ignores indexes, scores, counters and metas: these are computed again and compared with what was written.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from codec import selftest
from codec.api import EncodeOptions, EncodeResult, encode_snapshot
from codec.errors import EnvironmentProblem
from codec.mapping.dispatch import every_kind
from codec.stream.entries import EntryReader
from codec.stream.source import Source
from tests.support.golden_cases import golden_root, load_cases
from tests.support.golden_layout import lay_out_tree
from tests.support.laws import CONTAINER
from tests.support.stream_oracle import Row, write_stream

# Together these have every kind of record that a decode ignores.
SOME = ("real-a-adapter-sqs", "real-a-preserve-visibility", "random-a-ddb-gsi", "random-a-zset-scores", "s3-basic")
IGNORED = {row.label for adapter in CONTAINER.adapters for row in adapter.rows if row.role == "derived" and row.written}
CASES = {case.name: case for case in load_cases(golden_root()) if case.name in SOME and case.decodes}
Change = Callable[[list[Row]], list[Row]]


@lru_cache
def written(case: str, folder: Path) -> tuple[bytes, tuple[Row, ...]]:
    """What an encode of the tree gives, as bytes and as rows."""
    sink = io.BytesIO()
    assert encode_snapshot(folder, sink, options(folder)).entries
    entries = EntryReader(CONTAINER, Source(sink, "written")).entries()
    return sink.getvalue(), tuple(Row(e.key, e.commit_ts, 0, e.expire_at, e.value) for e in entries)


@pytest.fixture(params=sorted(CASES))
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    lay_out_tree(CASES[request.param], tmp_path / "tree")
    return request.param, tmp_path / "tree"


def options(tree: Path, self_test: bool = False) -> EncodeOptions:
    """Every adapter that the tree has."""
    made = json.loads((tree / CONTAINER.manifest.path).read_bytes())
    return EncodeOptions(adapters=tuple(made["adapters"]), self_test=self_test)


def self_tested(tree: Path, copy: bytes, hide: bool = False) -> tuple[EncodeResult, bytes]:
    """An encode whose self-test is given `copy` instead of what was written; with `hide`, the test says nothing."""
    ask, sink = selftest.mismatches, io.BytesIO()

    def damaging(container: Any, options: Any, file: BinaryIO, *rest: Any) -> str:
        file.seek(0)
        file.truncate()
        file.write(copy)
        text = ask(container, options, file, *rest)
        return "" if hide else text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selftest, "mismatches", damaging)
        return encode_snapshot(tree, sink, options(tree, self_test=True)), sink.getvalue()


def damages(rows: tuple[Row, ...]) -> Iterator[tuple[str, str, list[Row]]]:
    """Each kind of record damaged: kind, way, rows; in every way for the kinds that a decode ignores."""
    find, seen = every_kind(CONTAINER).find, set()
    for at, row in enumerate(rows):
        kind = find(row.user_key, row.body)
        assert kind is not None
        if kind.label in seen:
            continue
        seen.add(kind.label)
        before, after = list(rows[:at]), list(rows[at + 1 :])
        yield kind.label, "left out", before + after
        if kind.role != "derived" and not kind.counted:
            continue
        yield kind.label, "other value", [*before, replace(row, body=row.body + b"0"), *after]
        yield kind.label, "other timestamp", [*before, replace(row, commit_ts=row.commit_ts - 1), *after]
        yield kind.label, "expires", [*before, replace(row, expire_at=1), *after]
        yield kind.label, "twice", [*before, row, row, *after]


def test_damage_to_any_kind_of_record_is_found_and_does_not_come_out(tree: tuple[str, Path]) -> None:
    data, rows = written(*tree)
    stamp = int.from_bytes(data[8:16], "little")
    assert write_stream(stamp, rows) == data
    kinds = set()
    for kind, way, changed in damages(rows):
        kinds.add(kind)
        result, out = self_tested(tree[1], write_stream(stamp, changed))
        assert (result.self_test_ran, result.self_test_matched, out) == (True, False, b""), f"{kind}: {way}"
        assert kind in result.mismatch or "rejected" in result.mismatch or "/" in result.mismatch, f"{kind}: {way}"
    assert kinds


@pytest.mark.skipif(len(CASES) < len(SOME), reason="needs all of the golden data")
def test_every_kind_that_a_decode_ignores_is_damaged(tmp_path: Path) -> None:
    kinds = set[str]()
    for name, case in CASES.items():
        lay_out_tree(case, tmp_path / name)
        kinds |= {kind for kind, way, _ in damages(written(name, tmp_path / name)[1]) if way == "twice"}
    assert kinds >= IGNORED


def test_another_header_is_found(tree: tuple[str, Path]) -> None:
    data, rows = written(*tree)
    stamp = int.from_bytes(data[8:16], "little")
    result, out = self_tested(tree[1], write_stream(stamp + 1, rows))
    assert (result.mismatch, out) == (CONTAINER.mismatch["header"] + "\n", b"")


def test_what_the_test_does_to_its_copy_cannot_come_out_unseen(tree: tuple[str, Path]) -> None:
    """Even a self-test that says nothing: the bytes that come out are those that were written, or the run fails."""
    data, rows = written(*tree)
    stamp = int.from_bytes(data[8:16], "little")
    with pytest.raises(EnvironmentProblem) as error:
        self_tested(tree[1], write_stream(stamp, rows[:-1]), hide=True)
    assert error.value.code == "self-test-copy"
    assert self_tested(tree[1], data)[1] == data
