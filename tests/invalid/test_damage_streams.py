"""One mistake anywhere in a snapshot file: refused with a name of the format at a byte of the file, or decoded alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.testing import History, Version, damage, histories, in_order, writers
from codec.testing.streams import NOW
from tests.support.golden_cases import ENGINES
from tests.support.laws import ADAPTERS, CONTAINER, decode, examples

WRITERS = tuple(writers(CONTAINER))


def declared_errors() -> Iterator[str]:
    """The names that the format gives to what may be wrong with a stream or a record."""
    yield from (CONTAINER.clock.error, CONTAINER.footer.error)
    for stream in CONTAINER.streams:
        yield from stream.errors.values()
        yield from (refusal.error for refusal in stream.refuse)
    for adapter in CONTAINER.adapters:
        for row in adapter.rows:
            yield from (row.key_error, row.value_error, row.digest[2])
        for entity in adapter.entities:
            if entity.bodies is not None:
                yield from (entity.bodies.join.incomplete, entity.bodies.join.differs)


DECLARED = frozenset(declared_errors()) - {""}


@examples(100)
@given(data=st.data(), history=histories(CONTAINER, ADAPTERS))
def test_both_engines_judge_a_damaged_file_alike(data: DataObject, history: History) -> None:
    written = data.draw(st.sampled_from(WRITERS)).write(history)
    damaged = data.draw(damage(written))
    first, second = (decode(damaged, engine=engine) for engine in ENGINES)
    assert first == second
    if first.error is not None:
        at = first.error["offset"]
        assert isinstance(at, int)
        assert 0 <= at <= len(damaged)
        assert first.error["code"] in DECLARED
        assert first.error.keys() >= {"message", "expected", "found"}


def test_of_two_faults_both_engines_tell_the_same_one() -> None:
    """A child is read when its parent is known: what is wrong with it comes after what is wrong with a parent."""
    child = Version(b"!sqs|msg|data|cQ" + bytes(7) + b"\1bQ", 5, b"\0SM\1{")
    parent = Version(b"!sqs|queue|meta|cQ", 5, b"neither")
    file = WRITERS[0].write(in_order(CONTAINER, History(NOW, (child, parent))))
    first, second = (decode(file, engine=engine) for engine in ENGINES)
    assert first == second
    assert first.error is not None
    assert first.error["offset"] == file.index(parent.value)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", sorted(CONTAINER.clock.forms))
def test_a_header_in_front_that_ends_early_is_refused_where_it_ends(form: bytes, engine: str) -> None:
    front = CONTAINER.clock.starts + form + (b"\0\x18" if form in CONTAINER.clock.sized else b"") + b"\0" * 5
    error = decode(front, engine=engine).error
    assert error is not None
    assert (error["code"], error["found"]) == (CONTAINER.clock.error, "5")
