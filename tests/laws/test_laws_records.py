"""Records and things, each kind alone: composed laws would let a mistake of the writer cancel one of the reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codec.decoding import engine_of
from codec.spec import plan
from codec.testing import canonical, noisy, records, things
from codec.testing.records import read_back
from codec.testing.things import records_of
from codec.testing.values import exact
from tests.support.laws import both_engines, each_entity, each_read_row, examples, said


@both_engines
@each_entity
@examples(40)
@given(data=st.data())
def test_writing_a_record_gives_the_bytes_that_its_parts_say(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, data: st.DataObject
) -> None:
    thing = data.draw(things(entity, adapter))
    for row, element in records_of(entity, thing):
        assert engine_of(engine).writer(row)(thing, element) == canonical(row, thing, element), row.label


@both_engines
@each_entity
@examples(40)
@given(data=st.data())
def test_writing_then_reading_a_record_gives_back_what_was_written(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, data: st.DataObject
) -> None:
    thing = data.draw(things(entity, adapter))
    for row, element in records_of(entity, thing):
        if row.role != "derived":
            record = engine_of(engine).writer(row)(thing, element)
            assert exact(said(engine_of(engine).reader(row)(*record))) == exact(read_back(row, thing, element)), row.label


@both_engines
@each_entity
@examples(40)
@given(data=st.data())
def test_what_the_spec_drops_of_a_record_does_not_change_what_is_read(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, data: st.DataObject
) -> None:
    thing = data.draw(things(entity, adapter))
    for row, element in records_of(entity, thing):
        if row.role != "derived":
            values = said(engine_of(engine).reader(row)(*data.draw(noisy(row, thing, element))))
            assert exact(values) == exact(read_back(row, thing, element)), row.label


@each_read_row
@examples(60)
@given(data=st.data())
def test_both_engines_read_the_same_from_any_record_of_its_kind(row: plan.Row, data: st.DataObject) -> None:
    record = data.draw(records(row))
    first, second = (engine_of(engine).reader(row)(*record) for engine in ("interpreter", "compiled"))
    assert exact(first) == exact(second)
