"""Whole trees and whole streams: PutGet, GetPut, and what must not matter (order, history, container, engine, memory)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.engine.interpreter import Interpreter
from codec.testing import History, histories, in_order, stored, writers
from codec.testing.containers import Writer, bare
from codec.testing.documents import Files, manifest, shown
from codec.testing.streams import NOW
from codec.testing.things import Tree
from tests.support.golden_cases import ENGINES
from tests.support.laws import (
    ADAPTERS,
    CONTAINER,
    WHOLE,
    AdapterCase,
    both_engines,
    decode,
    decoded,
    each_adapter,
    encode,
    encoded,
    examples,
    tiny_budget,
    without_manifest,
    without_order,
)
from tests.support.stream_oracle import Row, Stream, write_stream

WRITERS = tuple(writers(CONTAINER))
HISTORIES = histories(CONTAINER, ADAPTERS)


def canonical_stream(case: AdapterCase, tree: Tree) -> bytes:
    return bare(CONTAINER, in_order(CONTAINER, stored(CONTAINER, case.adapter, tree)))


def documents(case: AdapterCase, tree: Tree, options: frozenset[str] = frozenset()) -> Files:
    """The whole tree that shows these things."""
    return shown(case.adapter, Interpreter(), tree, options) | manifest(CONTAINER, NOW, dict.fromkeys(options, True))


# ------------------------------------------------------------------------------------------------ both directions


@both_engines
@each_adapter
@examples(15)
@given(data=st.data())
def test_what_is_stored_is_what_is_shown(engine: str, case: AdapterCase, data: DataObject) -> None:
    """The two projections of one model, each by a writer of its own: only a decode lies between them."""
    tree, options = data.draw(case.trees), data.draw(case.options)
    files = decoded(canonical_stream(case, tree), engine=engine, switches=dict.fromkeys(options, True))
    assert without_order(without_manifest(files)) == without_order(shown(case.adapter, Interpreter(), tree, options))


@both_engines
@each_adapter
@examples(15)
@given(data=st.data())
def test_decoding_what_was_encoded_gives_the_same_tree(engine: str, case: AdapterCase, data: DataObject) -> None:
    tree, options = data.draw(case.trees), data.draw(case.options)
    files = documents(case, tree, options)
    again = decoded(encoded(files, engine=engine), engine=engine, switches=dict.fromkeys(options, True))
    assert without_order(without_manifest(again)) == without_order(without_manifest(files))


@both_engines
@each_adapter
@examples(15)
@given(data=st.data())
def test_encoding_what_was_decoded_gives_the_same_stream(engine: str, case: AdapterCase, data: DataObject) -> None:
    options = case.all_options
    stream = canonical_stream(case, case.seen(data.draw(case.trees), case.all_options))
    files = decoded(stream, engine=engine, switches=dict.fromkeys(options, True))
    assert encoded(files, engine=engine) == stream


@both_engines
@each_adapter
@examples(10)
@given(data=st.data())
def test_the_self_test_of_any_tree_matches(engine: str, case: AdapterCase, data: DataObject) -> None:
    files = documents(case, data.draw(case.trees), data.draw(case.options))
    left = encode(files, engine=engine, self_test=True)
    assert (left.error, left.mismatch) == (None, "")
    assert left.data == encoded(files, engine=engine)


# ------------------------------------------------------------------------------------------------ what must not matter


@both_engines
@examples(20)
@given(data=st.data(), history=HISTORIES)
def test_the_tree_does_not_depend_on_the_order_of_rows(engine: str, data: DataObject, history: History) -> None:
    shuffled = History(history.last_commit_ts, tuple(data.draw(st.permutations(history.versions))), history.operational)
    ordered = in_order(CONTAINER, history)
    assert decoded(bare(CONTAINER, shuffled), engine=engine) == decoded(bare(CONTAINER, ordered), engine=engine)


@both_engines
@examples(20)
@given(history=HISTORIES, as_of=st.none() | st.integers(0, 10) | st.just(NOW))
def test_a_history_gives_the_tree_of_what_a_node_would_serve(engine: str, history: History, as_of: int | None) -> None:
    """The oracle of the tests resolves the versions; what is left has no history."""
    whole = Stream(
        NOW if as_of is None else as_of,
        tuple(
            Row(one.key, one.commit_ts, one.tombstone, one.expire_at, one.value)
            for one in history.versions
            if as_of is None or one.commit_ts <= as_of
        ),
    )
    resolved = write_stream(NOW, (Row(row.user_key, row.commit_ts, 0, 0, row.body) for row in whole.resolved()))
    assert decoded(bare(CONTAINER, history), engine=engine, as_of=as_of) == decoded(resolved, engine=engine)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
@examples(5)
@given(history=HISTORIES)
def test_the_tree_does_not_depend_on_the_container(writer: Writer, history: History) -> None:
    assert decoded(writer.write(history)) == decoded(bare(CONTAINER, history))


@examples(40)
@given(data=st.data(), history=HISTORIES)
def test_both_engines_decode_the_same(data: DataObject, history: History) -> None:
    written = data.draw(st.sampled_from(WRITERS)).write(history)
    versions = data.draw(st.sampled_from(["newest", "all"]))
    switches = dict.fromkeys(frozenset().union(*(data.draw(case.options) for case in WHOLE)), True)
    first, second = (decode(written, engine=engine, versions=versions, switches=switches) for engine in ENGINES)
    assert first == second


@each_adapter
@examples(20)
@given(data=st.data())
def test_both_engines_encode_the_same(case: AdapterCase, data: DataObject) -> None:
    files = documents(case, data.draw(case.trees), data.draw(case.options))
    first, second = (encode(files, engine=engine) for engine in ENGINES)
    assert first == second


@both_engines
@examples(15)
@given(history=HISTORIES)
def test_the_tree_does_not_depend_on_memory(engine: str, history: History) -> None:
    data = bare(CONTAINER, history)
    with tiny_budget():
        spilled = decode(data, engine=engine)
    assert spilled == decode(data, engine=engine)


@both_engines
@each_adapter
@examples(10)
@given(data=st.data())
def test_the_stream_does_not_depend_on_memory(engine: str, case: AdapterCase, data: DataObject) -> None:
    files = documents(case, data.draw(case.trees))
    with tiny_budget():
        spilled = encoded(files, engine=engine, self_test=True)
    assert spilled == encoded(files, engine=engine)
