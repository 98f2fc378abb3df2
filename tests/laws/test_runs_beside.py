"""Items and records that are taken together in runs: what comes of them is what comes of them one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.complement import beside
from codec.complement.apply import is_apart
from codec.complement.beside import Singles
from codec.complement.steps import LIVE, SAME, Alike, Step
from codec.engine.interpreter import Interpreter
from codec.layout.numbers import ALL_BITS
from codec.stream.everything import Run
from codec.testing import in_order, stored
from codec.testing.containers import bare
from codec.testing.documents import shown
from tests.support.hurry import short_runs
from tests.support.laws import CONTAINER, AdapterCase, decoded, each_adapter, encode, examples

STAMP = CONTAINER.written.stamp
KEYS = st.text("ab", min_size=1, max_size=4).map(str.encode)
VALUES = st.sampled_from([b"", b"x", b"y"])
Seen = tuple[bytes | None, bytes, bytes | None]


@examples(300)
@given(
    given=st.dictionaries(KEYS, st.tuples(VALUES, st.sampled_from([0, 1, ALL_BITS])), max_size=30),
    edits=st.dictionaries(KEYS, st.none() | VALUES, max_size=6),
    size=st.integers(1, 12),
    at_once=st.integers(1, 12),
)
def test_steps_in_runs_meet_what_steps_one_by_one_meet(
    given: dict[bytes, tuple[bytes, int]], edits: dict[bytes, bytes | None], size: int, at_once: int
) -> None:
    steps = [
        Step(SAME | LIVE, 0, key + STAMP.pack(at ^ ALL_BITS), key, at, 0, 0, crc32(value), 0, 0, b"")
        for key, (value, at) in given.items()
    ]
    steps.sort(key=lambda step: step.raw)
    now = {key: value for key, (value, _) in given.items()} | edits
    records = [(key, value) for key, value in sorted(now.items()) if value is not None]
    runs = [together(steps[start : start + size]) for start in range(0, len(steps), size)]
    with short_runs():
        assert [*seen(runs, records, at_once)] == [*seen(steps, records, at_once)]


def together(steps: list[Step]) -> Alike:
    """Steps as a run."""
    raws, keys, checks = ([step[part] for step in steps] for part in (2, 3, 7))
    return Alike(0, raws, keys, b"".join(raw[-STAMP.size :] for raw in raws), checks)  # type: ignore[arg-type, misc]


def seen(steps: Iterable[Step | Run[Step]], records: Sequence[tuple[bytes, bytes]], at_once: int) -> Iterator[Seen]:
    """What meets, one by one: the framed key of a step, or None at the end of a key; the key and its canonical value."""
    some = Singles([*records[at : at + at_once]] for at in range(0, len(records), at_once))
    for step, of in beside.beside(steps, some, is_apart, STAMP):
        if isinstance(step, Run):
            for one, (key, value) in zip(step.things(STAMP), of.records, strict=True):
                assert one.check == crc32(value)
                yield one.raw, key, value
                yield None, key, value
        else:
            yield None if step is None else step.raw, of.key, of.value


@pytest.mark.parametrize("agree", [False, True])
def test_few_large_values_are_held_at_once(agree: bool) -> None:
    large, made = bytes(beside.ROOM), list[int]()
    keys = [b"%04d" % n for n in range(999)]
    steps = [
        Step(SAME | LIVE, 0, key + STAMP.pack(0), key, ALL_BITS, 0, 0, crc32(large) * agree, 0, 0, b"") for key in keys
    ]
    records = Singles([(key, large)] for key in keys if made.append(1) is None)
    assert records.alike(next(records), together(steps), 998) == []
    assert len(made) <= 3
    assert next(records)[0] == keys[1]


@each_adapter
@examples(20)
@given(data=st.data())
def test_edits_find_their_places_in_runs(case: AdapterCase, data: DataObject) -> None:
    first, second = data.draw(case.trees), data.draw(case.trees)
    file = bare(CONTAINER, in_order(CONTAINER, stored(CONTAINER, case.adapter, first)))
    before, more = decoded(file, complement=True), shown(case.adapter, Interpreter(), second, frozenset())
    gone = data.draw(st.sampled_from(["", *sorted(shown(case.adapter, Interpreter(), first, frozenset()))]))
    one_by_one = encode({path: text for path, text in (before | more).items() if path != gone})
    with short_runs():
        kept = decoded(file, complement=True)
        in_runs = encode({path: text for path, text in (kept | more).items() if path != gone})
    assert (in_runs.data, in_runs.error) == (one_by_one.data, one_by_one.error)
