"""One mistake in one file of a tree, or in its name: refused with its place, and alike by both engines, or encoded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.api import EncodeOptions
from codec.engine.interpreter import Interpreter
from codec.errors import CodecError
from codec.runs import encode_to_file
from codec.testing import damage
from codec.testing.documents import Files, manifest, shown
from codec.testing.json_text import spoilt
from codec.testing.streams import NOW
from tests.support.golden_cases import ENGINES, read_files
from tests.support.laws import CONTAINER, AdapterCase, described, each_adapter, examples, write_files


@each_adapter
@examples(60)
@given(data=st.data())
def test_both_engines_judge_a_damaged_file_of_a_tree_alike(case: AdapterCase, data: DataObject) -> None:
    files = shown(case.adapter, Interpreter(), data.draw(case.trees)) | manifest(CONTAINER, NOW, {})
    path = data.draw(st.sampled_from(sorted(files)))
    files[path] = data.draw(damage(files[path]) | spoilt(files[path]))
    agree(files)


@each_adapter
@examples(20)
@given(data=st.data())
def test_both_engines_judge_a_damaged_name_alike(case: AdapterCase, data: DataObject) -> None:
    files = shown(case.adapter, Interpreter(), data.draw(case.trees)) | manifest(CONTAINER, NOW, {})
    path = data.draw(st.sampled_from(sorted(files)))
    folder, _, name = path.rpartition("/")
    damaged = data.draw(damage(name.encode(errors="surrogateescape")).filter(is_name)).decode(errors="surrogateescape")
    other = f"{folder}/{damaged}".lstrip("/")
    if other not in files:
        files[other] = files.pop(path)
    agree(files)


def is_name(name: bytes) -> bool:
    return 0 < len(name) < 256 and not {0, ord("/")} & set(name) and name not in (b".", b"..")


def agree(files: Files) -> None:
    """Both engines write the same file, or refuse in the same words and leave nothing behind."""
    first, second = (encode_or_refuse(files, engine) for engine in ENGINES)
    assert first == second


def encode_or_refuse(files: Files, engine: str) -> object:
    with tempfile.TemporaryDirectory() as folder:
        tree, out = Path(folder, "tree"), Path(folder, "out")
        out.mkdir()
        tree.mkdir()
        write_files(tree, files)
        options = EncodeOptions(engine=engine)  # type: ignore[arg-type]
        try:
            encode_to_file(tree, out / "output", options, input_text="tree", output_text="output")
        except CodecError as error:
            assert list(out.iterdir()) == [], "a refused encode left something behind"
            assert read_files(tree) == files
            return described(error, folder)
        return (out / "output").read_bytes()
