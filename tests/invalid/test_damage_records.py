"""One mistake in a record: both engines give the same values, or the same refusal at the same byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.choices import engine_of
from codec.engine.base import RecordPlace
from codec.engine.interpreter import Interpreter
from codec.errors import StreamError
from codec.testing import damage
from codec.testing.values import exact
from tests.support.laws import RowCase, each_row, examples

KEY_AT, VALUE_AT = 1000, 100_000


@each_row
@examples(60)
@given(data=st.data())
def test_both_engines_judge_a_damaged_record_alike(case: RowCase, data: DataObject) -> None:
    key, value = data.draw(case.records)
    if data.draw(st.booleans()):
        key = data.draw(damage(key))
    else:
        value = data.draw(damage(value))
    assert judged("compiled", case, key, value) == judged("interpreter", case, key, value)


def judged(engine: str, case: RowCase, key: bytes, value: bytes) -> object:
    """The values of a record, or what is wrong with it."""
    try:
        return exact(engine_of(engine, case.adapter).reader(case.row)(key, value))
    except Exception:  # whatever an engine raises, the interpreter must know why
        error = Interpreter().explain(case.row, key, value, RecordPlace("input", KEY_AT, VALUE_AT))
        assert isinstance(error, StreamError)
        at = error.place.offset
        assert at is not None
        assert KEY_AT <= at <= KEY_AT + len(key) or VALUE_AT <= at <= VALUE_AT + len(value)
        assert error.code in (case.row.key_error, case.row.value_error)
        assert error.expected
        return error.as_json()
