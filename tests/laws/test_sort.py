"""The external sorter gives what `sorted()` gives, whatever part of the input fits into memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import EnvironmentProblem
from codec.stream.sort import FAN_IN, Sorter

parts = st.binary(max_size=6)
items = st.lists(st.tuples(parts, st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False))), max_size=120)


def through(values: list[tuple[object, ...]], budget: int, weight: int = 1) -> list[tuple[object, ...]]:
    with Sorter[tuple[object, ...]](budget) as sorter:
        for value in values:
            sorter.add(value, weight)
        assert len(sorter) == len(values)
        return list(sorter.sorted())


@given(items, st.integers(0, 40))
def test_equals_sorted_for_every_budget(values: list[tuple[object, ...]], budget: int) -> None:
    assert through(values, budget) == sorted(values)


@given(items, st.integers(0, 40), st.lists(parts, max_size=4))
def test_from_an_item_on_comes_what_is_not_less(
    values: list[tuple[object, ...]], budget: int, starts: list[bytes]
) -> None:
    with Sorter[tuple[object, ...]](budget) as sorter:
        for value in values:
            sorter.add(value, 1)
        sorter.settle()
        for start in starts:
            assert list(sorter.sorted((start,))) == [item for item in sorted(values) if item >= (start,)]


@given(st.lists(st.integers(0, 3), max_size=200), st.integers(0, 12))
def test_equal_items_keep_the_order_of_arrival(keys: list[int], budget: int) -> None:
    # True == 1 == 1.0, so these items are equal to the sort and still tell who came first
    marks = [(key, (True, 1, 1.0)[at % 3]) for at, key in enumerate(keys)]
    got = through(list(marks), budget)
    assert [repr(item) for item in got] == [repr(item) for item in sorted(marks)]


@given(
    st.lists(
        st.tuples(
            parts,
            st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.tuples(parts, st.tuples(st.text(max_size=2)))),
        ),
        max_size=60,
    ),
    st.integers(0, 20),
)
def test_parts_of_every_kind_come_back_as_they_were(rows: list[tuple[object, ...]], budget: int) -> None:
    # the arrival number decides before parts of different kinds meet
    numbered = [(row[0], at, row[1]) for at, row in enumerate(rows)]
    got = through(list(numbered), budget)
    assert repr(got) == repr(sorted(numbered, key=lambda row: row[:2]))


@pytest.mark.parametrize("count", [FAN_IN * FAN_IN + 3 * FAN_IN + 1])
@pytest.mark.parametrize("order", ["ascending", "descending", "mixed"])
def test_more_runs_than_one_merge_can_take(count: int, order: str) -> None:
    numbers = {
        "ascending": list(range(count)),
        "descending": list(range(count, 0, -1)),
        "mixed": [at * 7919 % count for at in range(count)],
    }[order]
    assert through([(number, b"x") for number in numbers], budget=0) == [(number, b"x") for number in sorted(numbers)]


def test_weights_that_say_nothing_do_not_hurt() -> None:
    assert through([(at % 5, at) for at in range(50)], budget=10, weight=0) == sorted((at % 5, at) for at in range(50))


def test_one_heavy_item_among_many_light_ones() -> None:
    with Sorter[tuple[int, bytes]](budget=1000) as sorter:
        for at in range(200):
            sorter.add((-at, bytes(5000 if at % 50 == 7 else 2)), 5000 if at % 50 == 7 else 20)
        assert [key for key, _ in sorter.sorted()] == list(range(-199, 1))


def test_small_input_never_touches_the_disk(tmp_path: Path) -> None:
    with Sorter[tuple[int]](budget=100, directory=tmp_path / "does-not-exist") as sorter:
        for at in (3, 1, 2):
            sorter.add((at,), 10)
        assert list(sorter.sorted()) == [(1,), (2,), (3,)]


def test_nothing_is_left_in_the_directory(tmp_path: Path) -> None:
    with Sorter[tuple[int]](budget=0, directory=tmp_path) as sorter:
        for at in range(200):
            sorter.add((at,), 1)
        assert list(tmp_path.iterdir()) == []
        assert len(list(sorter.sorted())) == 200
    assert list(tmp_path.iterdir()) == []


def test_items_are_given_until_it_is_closed_and_none_is_taken_afterwards() -> None:
    for budget in (0, 100):
        sorter = Sorter[tuple[int]](budget)
        sorter.add((1,), 1)
        assert list(sorter.sorted()) == [(1,)] == list(sorter.sorted())
        with pytest.raises(RuntimeError):
            sorter.add((2,), 1)
        sorter.close()
        sorter.close()
        with pytest.raises(RuntimeError):
            sorter.sorted()


def test_a_missing_directory_is_a_typed_error(tmp_path: Path) -> None:
    with Sorter[tuple[int]](budget=0, directory=tmp_path / "gone") as sorter, pytest.raises(EnvironmentProblem):
        sorter.add((1,), 1)


def test_a_full_disk_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Path("/dev/full").open("wb"))  # noqa: SIM115
    with pytest.raises(EnvironmentProblem, match="space"), Sorter[tuple[int]](budget=0) as sorter:
        sorter.add((1,), 1)
