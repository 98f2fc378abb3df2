"""A complement that is missing, damaged, or of another tree is refused; nothing of it is applied."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.errors import DataError
from codec.spec import library
from tests.support.golden_cases import golden_root, load_cases, read_files
from tests.support.laws import CONTAINER, encode, examples

CASES = {case.name: case for case in load_cases(golden_root())}
FIRST, SECOND = "real-a-runtime-file", "redis-zset-scores"
PLAN = library.load("elastickv").complement
assert PLAN is not None
ERRORS = {*PLAN.errors.values(), PLAN.document.gate_error}


def tree_of(name: str, folder: Path) -> Path:
    source, tree = folder / f"{name}.fsm", folder / name
    source.write_bytes(CASES[name].input_bytes)
    decode_snapshot(source, tree, DecodeOptions(complement=True, sync=False))
    return tree


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("trees")
    return tree_of(FIRST, folder), tree_of(SECOND, folder)


def refused(tree: Path) -> str:
    """The name of the error; nothing must have been written."""
    sink = io.BytesIO()
    with pytest.raises(DataError) as error:
        encode_snapshot(tree, sink, EncodeOptions())
    assert sink.getvalue() == b""
    assert "--ignore-complement" in error.value.hint
    return error.value.code


@pytest.fixture
def tree(trees: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(trees[0], tmp_path / "tree"))


def test_a_missing_one_is_refused(tree: Path) -> None:
    shutil.rmtree(tree / PLAN.folder)
    assert refused(tree) == PLAN.errors["missing"]


def test_one_of_another_tree_is_refused(tree: Path, trees: tuple[Path, Path]) -> None:
    shutil.rmtree(tree / PLAN.folder)
    shutil.copytree(trees[1] / PLAN.folder, tree / PLAN.folder)
    assert refused(tree) == PLAN.errors["foreign"]


def test_one_that_the_manifest_does_not_name_is_refused(tree: Path) -> None:
    manifest = tree / CONTAINER.manifest.path
    members = json.loads(manifest.read_text())
    del members["complement"]
    manifest.write_text(json.dumps(members))
    assert refused(tree) == PLAN.errors["foreign"]


@pytest.mark.parametrize("file", [PLAN.steps, PLAN.values, PLAN.facts, PLAN.document.path])
def test_a_missing_file_is_refused(tree: Path, file: str) -> None:
    (tree / file).unlink()
    assert refused(tree) == PLAN.errors["damaged"]


def test_it_may_be_left_out_on_request(tree: Path) -> None:
    alone, again = io.BytesIO(), io.BytesIO()
    encode_snapshot(tree, alone, EncodeOptions(ignore_complement=True))
    shutil.rmtree(tree / PLAN.folder)
    encode_snapshot(tree, again, EncodeOptions(ignore_complement=True))
    assert alone.getvalue() == again.getvalue()


@examples(20)
@given(data=st.data())
def test_any_changed_byte_is_refused(data: DataObject, trees: tuple[Path, Path]) -> None:
    files = read_files(trees[1])
    path = data.draw(st.sampled_from(sorted(path for path in files if path.startswith(PLAN.folder))))
    whole = files[path]
    at = data.draw(st.integers(0, max(0, len(whole) - 1)))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    flipped = bytes((whole[at] ^ data.draw(st.integers(1, 255)),)) if whole else b"x"
    damaged = {
        "flip": whole[:at] + flipped + whole[at + 1 :],
        "cut": whole[:at],
        "insert": whole[:at] + b"\0" + whole[at:],
    }
    left = encode(files | {path: damaged[kind]})
    if damaged[kind] == whole:
        return
    assert left.error is not None
    assert left.error["code"] in ERRORS
    assert left.data == b""
