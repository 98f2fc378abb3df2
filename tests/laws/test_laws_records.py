"""Records and things, each kind alone: composed laws would let a mistake of the writer cancel one of the reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from codec.compile.engine import Compiled
from codec.decoding import engine_of
from codec.spec import plan
from codec.spec.words import Thing
from codec.testing import canonical, noisy
from codec.testing.records import Record, read_back
from codec.testing.things import records_of
from codec.testing.values import exact
from tests.support.laws import READ, both_engines, each_entity, each_row, examples, said


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_writing_a_record_gives_the_bytes_that_its_parts_say(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, any_thing: SearchStrategy[Thing], data: DataObject
) -> None:
    thing = data.draw(any_thing)
    for row, element in records_of(entity, thing):
        assert engine_of(engine, adapter).writer(row)(thing, element) == canonical(row, thing, element), row.label


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_writing_then_reading_a_record_gives_back_what_was_written(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, any_thing: SearchStrategy[Thing], data: DataObject
) -> None:
    thing, works = data.draw(any_thing), engine_of(engine, adapter)
    for row, element in records_of(entity, thing):
        if row.role in READ:
            values = works.reader(row)(*works.writer(row)(thing, element))
            assert exact(said(values)) == exact(read_back(row, thing, element)), row.label


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_what_the_spec_drops_of_a_record_does_not_change_what_is_read(
    engine: str, adapter: plan.Adapter, entity: plan.Entity, any_thing: SearchStrategy[Thing], data: DataObject
) -> None:
    thing = data.draw(any_thing)
    for row, element in records_of(entity, thing):
        if row.role in READ:
            values = engine_of(engine, adapter).reader(row)(*data.draw(noisy(row, thing, element)))
            assert exact(said(values)) == exact(read_back(row, thing, element)), row.label


@each_row
@examples(50)
@given(data=st.data())
def test_both_engines_read_the_same_from_any_record_of_its_kind(
    adapter: plan.Adapter, row: plan.Row, any_record: SearchStrategy[Record], data: DataObject
) -> None:
    record = data.draw(any_record)
    first, second = (engine_of(engine, adapter).reader(row)(*record) for engine in ("interpreter", "compiled"))
    assert exact(first) == exact(second)


@each_entity
@examples(30)
@given(data=st.data())
def test_canonical_records_need_no_help_of_the_interpreter(
    adapter: plan.Adapter, entity: plan.Entity, any_thing: SearchStrategy[Thing], data: DataObject
) -> None:
    """Otherwise the compiled engine could be wrong everywhere and only slow."""
    thing = data.draw(any_thing)
    alone = without_interpreter(adapter)
    for row, element in records_of(entity, thing):
        record = alone.writer(row)(thing, element)
        if row.role in READ:
            alone.reader(row)(*record)


class NoHelp:
    """Stands in for the interpreter that generated code falls back to."""

    def reader(self, row: plan.Row) -> object:
        return self._refuse

    writer = reader

    @staticmethod
    def _refuse(*_: object) -> None:
        raise AssertionError("the generated code gave up on a canonical record")


def without_interpreter(adapter: plan.Adapter) -> Compiled:
    """A compiled engine that cannot fall back."""
    engine = Compiled(adapter)
    engine._slow = NoHelp()  # type: ignore[assignment]
    return engine
