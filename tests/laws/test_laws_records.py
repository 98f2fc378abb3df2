"""Records and things, each kind alone: composed laws would let a mistake of the writer cancel one of the reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.choices import engine_of
from codec.compile.engine import Compiled, compiled
from codec.spec import plan
from codec.testing import canonical, noisy
from codec.testing.records import read_back, records_of
from codec.testing.values import exact
from tests.support.laws import READ, EntityCase, RowCase, both_engines, each_entity, each_row, examples, said


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_writing_a_record_gives_the_bytes_that_its_parts_say(engine: str, case: EntityCase, data: DataObject) -> None:
    thing = data.draw(case.things)
    for row, known, element in records_of(case.entity, thing):
        assert engine_of(engine, case.adapter).writer(row)(known, element) == canonical(row, known, element), row.label


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_writing_then_reading_a_record_gives_back_what_was_written(
    engine: str, case: EntityCase, data: DataObject
) -> None:
    thing, works = data.draw(case.things), engine_of(engine, case.adapter)
    for row, known, element in records_of(case.entity, thing):
        if row.role in READ:
            values = works.reader(row)(*works.writer(row)(known, element))
            assert exact(said(values)) == exact(read_back(row, known, element)), row.label


@both_engines
@each_entity
@examples(30)
@given(data=st.data())
def test_what_the_spec_drops_of_a_record_does_not_change_what_is_read(
    engine: str, case: EntityCase, data: DataObject
) -> None:
    thing = data.draw(case.things)
    for row, known, element in records_of(case.entity, thing):
        if row.role in READ:
            values = engine_of(engine, case.adapter).reader(row)(*data.draw(noisy(row, known, element)))
            assert exact(said(values)) == exact(read_back(row, known, element)), row.label


@each_row
@examples(30)
@given(data=st.data())
def test_both_engines_read_the_same_from_any_record_of_its_kind(case: RowCase, data: DataObject) -> None:
    record = data.draw(case.records)
    first, second = (
        engine_of(engine, case.adapter).reader(case.row)(*record) for engine in ("interpreter", "compiled")
    )
    assert exact(first) == exact(second)


@each_entity
@examples(30)
@given(data=st.data())
def test_canonical_records_need_no_help_of_the_interpreter(case: EntityCase, data: DataObject) -> None:
    """Otherwise the compiled engine could be wrong everywhere and only slow."""
    thing = data.draw(case.things)
    alone = without_interpreter(case.adapter)
    for row, known, element in records_of(case.entity, thing):
        record = alone.writer(row)(known, element)
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
    engine = Compiled(compiled(adapter)._code)
    engine._slow = NoHelp()  # type: ignore[assignment]
    return engine
