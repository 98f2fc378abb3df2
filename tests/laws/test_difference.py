"""Two sorted streams side by side: nothing is left out, nothing comes twice, and what can meet does."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from codec.stream.difference import by_key, pairs
from codec.stream.entries import Entry
from codec.stream.sort import Sorter

SIDES = st.lists(st.tuples(st.binary(max_size=2), st.integers(0, 9))).map(
    lambda items: sorted(items, key=lambda i: i[0])
)


@given(left=SIDES, right=SIDES)
def test_every_item_comes_once_and_in_order(left: list[tuple[bytes, int]], right: list[tuple[bytes, int]]) -> None:
    found = [*pairs(left, right)]
    assert [one for one, _ in found if one is not None] == left
    assert [two for _, two in found if two is not None] == right
    keys = [(one or two or (b"",))[0] for one, two in found]
    assert keys == sorted(keys)


@given(left=SIDES, right=SIDES)
def test_items_of_one_key_meet_until_one_side_has_no_more(
    left: list[tuple[bytes, int]], right: list[tuple[bytes, int]]
) -> None:
    met = Counter(one[0] for one, two in pairs(left, right) if one is not None and two is not None)
    assert met == Counter(key for key, _ in left) & Counter(key for key, _ in right)


VERSIONS = st.lists(st.tuples(st.binary(max_size=2), st.integers(0, 3), st.binary(max_size=1)), max_size=20)


@given(rows=VERSIONS)
def test_versions_come_by_user_key_and_the_newest_first(rows: list[tuple[bytes, int, bytes]]) -> None:
    entries = [Entry(b"", key, at, False, 0, value, place) for place, (key, at, value) in enumerate(rows)]
    with Sorter[tuple[bytes, int, int, bool, int, bytes, int]](budget=400) as sorter:
        found = [*by_key(entries, sorter)]
    wanted = sorted(range(len(rows)), key=lambda at: (rows[at][0], -rows[at][1], -at))
    assert [item[-1] for item in found] == wanted
