"""The self-test of an encode: what was written wrong is found, and nothing of it comes out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.engine.interpreter import Interpreter
from codec.stream.framed import FramedSorter
from codec.testing import History, Version, damage, in_order, stored
from codec.testing.containers import bare
from codec.testing.documents import manifest, shown
from codec.testing.json_text import respelt
from codec.testing.streams import NOW
from tests.support.laws import (
    CONTAINER,
    UNORDERED,
    AdapterCase,
    both_engines,
    decode,
    each_adapter,
    encode,
    encoded,
    examples,
    without_manifest,
    without_order,
)

BESIDE_A_BODY = ".elastickv-meta.json"  # s3.md §5.3


@both_engines
@each_adapter
@examples(15)
@given(data=st.data())
def test_a_record_that_was_written_wrong_is_found(engine: str, case: AdapterCase, data: DataObject) -> None:
    """Only if it changes what a decode shows: what the spec calls lost cannot be found."""
    tree = case.seen(data.draw(case.trees))
    files = shown(case.adapter, Interpreter(), tree) | manifest(CONTAINER, NOW, {})
    records = [(one.key, one.value) for one in stored(CONTAINER, case.adapter, tree).versions]
    assume(records)
    key, value = data.draw(st.sampled_from(sorted(set(records))))
    wrong = data.draw(damage(value))
    changed = History(NOW, tuple(Version(k, NOW, wrong if k == key else v) for k, v in records))
    left = decode(bare(CONTAINER, in_order(CONTAINER, changed)))
    assume(
        left.error is not None or without_order(without_manifest(left.files)) != without_order(without_manifest(files))
    )
    with pytest.MonkeyPatch.context() as patch:
        add, extend = FramedSorter.add, FramedSorter.extend

        def other(framed: bytes, value: object) -> object:
            return wrong if framed[:-8] == key else value

        patch.setattr(FramedSorter, "add", lambda self, k, v, weight: add(self, k, other(k, v), weight))
        patch.setattr(
            FramedSorter,
            "extend",
            lambda self, pairs, weight: extend(self, [(k, other(k, v)) for k, v in pairs], weight),
        )
        found = encode(files, engine=engine, self_test=True)
    assert found.error is None
    assert found.mismatch
    assert found.data == b""


@both_engines
@each_adapter
@examples(15)
@given(data=st.data())
def test_a_document_in_other_words_is_encoded_alike_and_named(engine: str, case: AdapterCase, data: DataObject) -> None:
    files = shown(case.adapter, Interpreter(), data.draw(case.trees)) | manifest(CONTAINER, NOW, {})
    mine = [path for path in files if path.endswith(".json") and path.startswith(f"{case.adapter.name}/")]
    paths = sorted(path for path in mine if f"{path}{BESIDE_A_BODY}" not in files)  # the words of a body are its bytes
    assume(paths)
    path = data.draw(st.sampled_from(paths))
    other = data.draw(respelt(files[path].decode(), strangers=False)).encode()
    assume(other != files[path] and path not in UNORDERED)
    left = encode(files | {path: other}, engine=engine, self_test=True)
    assert left.error is None
    assert path in left.mismatch
    assert encoded(files | {path: other}, engine=engine) == encoded(files, engine=engine)
