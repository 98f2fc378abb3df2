"""Framed records come back sorted and whole, however little memory there is, wherever runs are parted, from any process."""

from __future__ import annotations

import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.stream import framed, runs
from codec.stream.frame import Frame, Value
from codec.stream.framed import FramedSorter, Repeated

KEYS = st.binary(max_size=4) | st.sampled_from([b"a", b"ab", b"b", b"ba"])
RECORDS = st.lists(st.tuples(KEYS, st.binary(max_size=40) | st.integers(0, 9).map(lambda n: ("later", n))), max_size=60)


def later(span: tuple[object, ...]) -> bytes:
    assert span[0] == "later"
    return b"fetched %d" % span[1]


def frame() -> Frame:
    return Frame("<I", "<H", b"\0\1", later)


def plain(value: Value) -> bytes:
    return value if isinstance(value, bytes) else later(value)


def expected(records: list[tuple[bytes, Value]]) -> bytes:
    whole = sorted((key, plain(value)) for key, value in records)
    head = frame()
    return b"".join(
        head.key.pack(len(key)) + key + head.value.pack(len(value) + 2) + b"\0\1" + value for key, value in whole
    )


def add(sorter: FramedSorter, records: list[tuple[bytes, Value]], together: bool) -> None:
    if together:
        sorter.extend(records, sum(len(key) + len(value) for key, value in records))
    else:
        for key, value in records:
            sorter.add(key, value, len(key) + len(value))


@given(
    records=RECORDS,
    cuts=st.lists(KEYS, max_size=3),
    budget=st.sampled_from([0, 500, 1 << 20]),
    together=st.booleans(),
    fan=st.sampled_from([2, 48]),
)
def test_what_goes_in_comes_out_sorted(
    records: list[tuple[bytes, Value]], cuts: list[bytes], budget: int, together: bool, fan: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framed, "FAN_IN", fan)
        patch.setattr(runs, "AT_ONCE", 3)
        for parts in (1, 2):
            with FramedSorter(frame(), None, cuts, budget) as sorter:
                size = -(-len(records) // parts) or 1
                for start in range(0, len(records), size):
                    some = records[start : start + size]
                    if parts == 1:
                        add(sorter, some, together)
                        continue
                    other = sorter.empty_copy(parts)
                    add(other, some, together)
                    told, files = other.hand_over()
                    sorter.take_over(marshal.loads(marshal.dumps(told)), files)  # as between processes; files are ours
                repeated = {key for key, _ in records if [k for k, _ in records].count(key) > 1}
                if repeated:
                    with pytest.raises(Repeated) as caught:
                        list(sorter.blocks())
                    assert caught.value.key == min(repeated)
                else:
                    assert b"".join(sorter.blocks()) == expected(records)


@given(records=st.dictionaries(KEYS, st.binary(max_size=40), max_size=40), budget=st.sampled_from([0, 1 << 20]))
def test_records_come_out_as_key_and_value(records: dict[bytes, bytes], budget: int) -> None:
    with FramedSorter(frame(), None, (), budget) as sorter:
        for key, value in records.items():
            sorter.add(key, value, len(key) + len(value))
        assert list(sorter.records()) == sorted(records.items())
