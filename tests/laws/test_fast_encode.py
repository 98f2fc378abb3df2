"""The fast ways of an encode give what the careful one gives: parsers of canonical text, records of whole things, runs
in files, several processes. Right or wrong, the same bytes, the same warnings, the same error at the same place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.engine.interpreter import Interpreter
from codec.testing import damage
from codec.testing.documents import Files, manifest, shown
from codec.testing.json_text import respelt, spoilt
from codec.testing.streams import NOW
from tests.support.hurry import in_a_hurry
from tests.support.laws import CONTAINER, AdapterCase, Encoded, each_adapter, encode, examples


def careful(files: Files) -> Encoded:
    return encode(files, engine="interpreter", jobs=1)


def outcome(left: Encoded) -> object:
    return left.error, left.data, left.warned


def drawn_files(case: AdapterCase, data: DataObject) -> Files:
    return shown(case.adapter, Interpreter(), data.draw(case.trees)) | manifest(CONTAINER, NOW, {})


@each_adapter
@examples(25)
@given(data=st.data(), spilled=st.booleans())
def test_the_fast_ways_write_the_same_stream(case: AdapterCase, data: DataObject, spilled: bool) -> None:
    files = drawn_files(case, data)
    with in_a_hurry(spilled=spilled):
        assert outcome(encode(files)) == outcome(careful(files))


@each_adapter
@examples(60)
@given(data=st.data())
def test_the_fast_ways_judge_a_changed_file_alike(case: AdapterCase, data: DataObject) -> None:
    files = drawn_files(case, data)
    path = data.draw(st.sampled_from(sorted(files)))
    ways = damage(files[path]) | spoilt(files[path])
    if path.endswith(".json"):
        ways = ways | respelt(files[path].decode()).map(str.encode)
    files[path] = data.draw(ways)
    with in_a_hurry():
        assert outcome(encode(files)) == outcome(careful(files))


@each_adapter
@examples(12)
@given(data=st.data(), spoil=st.booleans())
def test_two_processes_do_what_one_does(case: AdapterCase, data: DataObject, spoil: bool) -> None:
    files = drawn_files(case, data)
    if spoil:
        path = data.draw(st.sampled_from(sorted(files)))
        files[path] = data.draw(spoilt(files[path]))
    with in_a_hurry(shared=True):
        assert outcome(encode(files)) == outcome(careful(files))
