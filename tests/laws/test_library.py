"""The library does what the command does: it refuses wrong calls before a byte, and tells a mismatch as a result."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from codec import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.errors import CodecError, DataError, UsageError
from tests.support.golden_cases import golden_root, load_cases, read_files
from tests.support.golden_layout import lay_out_tree
from tests.support.laws import CONTAINER

CASES = {case.name: case for case in load_cases(golden_root())}
FIXED_ORDER = ("redis", "dynamodb", "s3", "sqs")


class Unwritten:
    """A sink that nothing may reach."""

    def write(self, data: bytes) -> int:
        raise AssertionError("bytes reached the sink")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    lay_out_tree(CASES["fsm-prefix-keys"], tmp_path / "tree")
    return tmp_path / "tree"


WRONG: list[tuple[EncodeOptions, type[CodecError]]] = [
    (EncodeOptions(adapters=()), UsageError),
    (EncodeOptions(adapters=("redis", "mongo")), UsageError),
    (EncodeOptions(adapters=("Redis",)), UsageError),
    (EncodeOptions(last_commit_ts=-1), UsageError),
    (EncodeOptions(last_commit_ts=2**64), UsageError),
    (EncodeOptions(last_commit_ts=True), UsageError),
    (EncodeOptions(last_commit_ts=1), DataError),  # below the manifest's
    (EncodeOptions(scratch_root=Path("/nowhere/at/all")), UsageError),
]


@pytest.mark.parametrize(("options", "error"), WRONG)
def test_a_wrong_call_is_refused_before_a_byte_is_written(
    options: EncodeOptions, error: type[CodecError], tree: Path
) -> None:
    with pytest.raises(error):
        encode_snapshot(tree, Unwritten(), options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sink", [None, object(), "x.fsm"])
def test_a_missing_sink_is_refused(sink: object, tree: Path) -> None:
    with pytest.raises(UsageError) as error:
        encode_snapshot(tree, sink, EncodeOptions())  # type: ignore[arg-type]
    assert error.value.code == "no-sink"


@pytest.mark.parametrize("missing", ["root", "manifest"])
def test_a_missing_tree_is_refused(missing: str, tree: Path) -> None:
    (tree / CONTAINER.manifest.path).unlink()
    with pytest.raises(UsageError):
        encode_snapshot(tree if missing == "manifest" else tree / "no", Unwritten(), EncodeOptions())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(adapters=()),
        DecodeOptions(adapters=("mongo",)),
        DecodeOptions(as_of=-1),
        DecodeOptions(as_of=2**64),
    ],
)
def test_a_wrong_decode_is_refused_and_leaves_nothing(options: DecodeOptions, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(CASES["fsm-prefix-keys"].input_bytes)
    with pytest.raises(UsageError):
        decode_snapshot(tmp_path / "input", tmp_path / "tree", options)
    assert [path.name for path in tmp_path.iterdir()] == ["input"]


def test_the_result_names_adapters_in_the_fixed_order_whatever_was_asked(tree: Path) -> None:
    for asked in permutations(FIXED_ORDER):
        assert encode_snapshot(tree, io.BytesIO(), EncodeOptions(adapters=asked)).adapters == FIXED_ORDER
    some = EncodeOptions(adapters=("sqs", "redis", "sqs"))
    assert encode_snapshot(tree, io.BytesIO(), some).adapters == ("redis", "sqs")


def edit(tree: Path) -> None:
    (tree / "redis" / "db_0" / "hashes").mkdir(exist_ok=True)
    (tree / "redis" / "db_0" / "hashes" / "h.json").write_text('{"format_version":1,"fields":[]}')


def stray(tree: Path) -> None:
    (tree / "redis" / "db_0" / "stray").write_text("?")


@pytest.mark.parametrize("change", [edit, stray])
def test_a_mismatch_is_a_result_and_nothing_reaches_the_sink(change: Callable[[Path], None], tree: Path) -> None:
    change(tree)
    result = encode_snapshot(tree, Unwritten(), EncodeOptions(self_test=True))  # type: ignore[arg-type]
    assert (result.self_test_ran, result.self_test_matched) == (True, False)
    assert result.mismatch.startswith("redis/db_0/")
    assert result.sha256
    assert encode_snapshot(tree, io.BytesIO(), EncodeOptions()).sha256 == result.sha256


def test_the_self_test_takes_its_options_from_the_manifest(tmp_path: Path) -> None:
    """Also from one of before renamed keys had a member of their own, which then reads as false."""
    for name in ("real-a-s3-meta-suffix-renamed", "s3-basic", "real-a-jsonl", "real-a-preserve-visibility"):
        if name not in CASES or CASES[name].info.get("packed"):
            continue
        source, out = tmp_path / f"{name}.fsm", tmp_path / name
        source.write_bytes(CASES[name].input_bytes)
        on = {"rename_collisions": True, "dynamodb_bundle_mode": "jsonl", "preserve_sqs_visibility": True}
        decode_snapshot(source, out, DecodeOptions(switches=on, sync=False))
        result = encode_snapshot(out, io.BytesIO(), EncodeOptions(self_test=True))
        assert (result.self_test_matched, result.mismatch) == (True, ""), name
    before = tmp_path / "s3-basic"
    path = before / CONTAINER.manifest.path
    manifest = json.loads(path.read_text())
    del manifest["exclusions"]["rename_s3_collisions"]
    path.write_text(json.dumps(manifest))
    assert encode_snapshot(before, io.BytesIO(), EncodeOptions(self_test=True)).self_test_matched


def test_nothing_of_the_tree_is_changed_by_an_encode(tree: Path) -> None:
    before = read_files(tree)
    encode_snapshot(tree, io.BytesIO(), EncodeOptions(self_test=True, verify=True))
    assert read_files(tree) == before
