"""Workloads of the benchmark: made by the spec's writers, the same every time, and accepted whole in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, Engine, decode_snapshot, encode_snapshot
from codec.errors import CodecError, SpecError, UsageError
from tests.support.golden_cases import ENGINES
from tests.support.laws import CONTAINER
from tests.support.stream_oracle import read_stream
from tools.bench import stream, workloads

FEW = 0.001
WHOLE = workloads.standard()


def made(name: str, folder: Path, scale: float = FEW, seed: int = 1, unsorted: bool = False) -> Path:
    path = folder / f"{name}-{seed}-{unsorted}.fsm"
    stream.write(workloads.load(name, CONTAINER), CONTAINER, path, scale, seed, unsorted=unsorted)
    return path


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", workloads.names())
def test_a_workload_comes_back_to_the_byte(tmp_path: Path, name: str, engine: Engine) -> None:
    path = made(name, tmp_path)
    result = decode_snapshot(path, tmp_path / "tree", DecodeOptions(engine=engine, sync=False))
    hidden = {"older", "deleted", "expired", "unknown"}
    assert not {kind: count for kind, count in result.counts.items() if kind in hidden and count}
    with (tmp_path / "again.fsm").open("wb") as again:
        encode_snapshot(tmp_path / "tree", again, EncodeOptions(engine=engine))
    assert (tmp_path / "again.fsm").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", WHOLE)
def test_a_workload_is_the_same_every_time_and_grows_with_its_scale(tmp_path: Path, name: str) -> None:
    first = made(name, tmp_path).read_bytes()
    assert made(name, tmp_path).read_bytes() == first
    assert made(name, tmp_path, seed=2).read_bytes() != first
    assert len(made(name, tmp_path, scale=20 * FEW).read_bytes()) > len(first)


def test_an_unsorted_workload_has_the_same_records_in_another_order(tmp_path: Path) -> None:
    sorted_, shuffled = (read_stream(made("mix", tmp_path, unsorted=choice).read_bytes()) for choice in (False, True))
    assert shuffled.rows != sorted_.rows
    assert sorted(shuffled.rows, key=repr) == sorted(sorted_.rows, key=repr)


HEAD = "workload: x\nlast_commit_ts: 1\nthings:\n  - of: redis/String\n"
MISTAKES = {
    HEAD.replace("redis/String", "redis/Tree"): "Tree",
    HEAD + "    fields: {colour: 1}\n": "colour",
    HEAD + "    fields: {key: {dice: 6}}\n": "dice",
    HEAD + "    fields: {key: {hex: many}}\n": "many",
    HEAD + "    fields: {key: [a, b]}\n": "a list",
    HEAD + "    count: lots\n": "lots",
    HEAD + "    children: [{of: redis/List}]\n": "within String",
    HEAD.replace("redis/String", "redis/List\n    fields: {items: {many: 2, each: {name: a}}}"): "name",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_template_is_said_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=MISTAKES[text]) as caught:
        workloads.load(str(path), CONTAINER)
    assert (caught.value.place.line or 0) >= 4


def test_what_cannot_be_made_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no workload `w9`"):
        workloads.load("w9", CONTAINER)
    path = tmp_path / "x.yaml"
    path.write_text("workload: x\nlast_commit_ts: 1\nthings:\n  - {of: redis/Stream, fields: {key: a, length: 3}}\n")
    with pytest.raises(CodecError, match="Stream"):
        made(str(path), tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"x.yaml"}
