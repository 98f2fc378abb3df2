"""The self-test of a decode, for any records: what is not in the tree is a loss that the spec declares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.testing import History, in_order, stored
from codec.testing.containers import bare
from codec.testing.streams import histories
from tests.support.laws import (
    ADAPTERS,
    CONTAINER,
    AdapterCase,
    both_engines,
    decode,
    each_adapter,
    examples,
)


@both_engines
@each_adapter
@examples(3)
@given(data=st.data())
def test_a_canonical_stream_passes(engine: str, case: AdapterCase, data: DataObject) -> None:
    tree, options = data.draw(case.trees), case.all_options
    stream = bare(CONTAINER, in_order(CONTAINER, stored(CONTAINER, case.adapter, tree)))
    left = decode(stream, engine=engine, switches=dict.fromkeys(options, True), self_test=True)
    assert left.error is None, left.error
    assert left.result is not None
    assert left.result.self_test_ran


@both_engines
@examples(6)
@given(history=histories(CONTAINER, ADAPTERS))
def test_any_records_are_in_the_tree_or_lost_as_declared(engine: str, history: History) -> None:
    """Else it is told, and nothing is left: records that contradict each other, or whose names disagree."""
    data = bare(CONTAINER, in_order(CONTAINER, history))
    plain = decode(data, engine=engine)
    tested = decode(data, engine=engine, self_test=True)
    if plain.error is not None:
        assert tested.error == plain.error
    elif tested.error is not None:
        assert tested.error["code"] == "self-test"
    else:
        assert tested.files == plain.files


def test_a_tree_of_every_version_cannot_be_tested() -> None:
    left = decode(bare(CONTAINER, History(1, ())), self_test=True, versions="all")
    assert left.error is not None
    assert left.error["error"] == "UsageError"
