"""A tree and its complement are the file, whatever the file holds: versions, tombstones, foreign rows, rows of the node,
disorder, any container, any way of decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.complement import parts
from codec.complement.note import plan_of
from codec.complement.steps import Alike, Step, read_steps
from codec.stream import everything, source
from codec.testing import History, Version, histories, in_order, writers
from codec.testing.documents import Files
from codec.testing.streams import NOW
from tests.support.hurry import in_a_hurry, short_runs
from tests.support.laws import (
    ADAPTERS,
    CONTAINER,
    both_engines,
    decode,
    decoded,
    encode,
    encoded,
    examples,
    tiny_budget,
)

WRITERS = tuple(writers(CONTAINER))
HISTORIES = histories(CONTAINER, ADAPTERS)


@both_engines
@examples(12)
@given(data=st.data(), history=HISTORIES)
def test_a_history_comes_back_as_it_was(engine: str, data: DataObject, history: History) -> None:
    writer = data.draw(st.sampled_from(WRITERS))
    file = writer.write(in_order(CONTAINER, history) if data.draw(st.booleans()) else history)
    options: dict[str, object] = {
        "versions": data.draw(st.sampled_from(["newest", "all"])),
        "adapters": tuple(data.draw(st.sets(st.sampled_from([adapter.name for adapter in ADAPTERS])))) or None,
        "as_of": data.draw(st.none() | st.sampled_from([5, NOW])),
    }
    alone, kept = (decode(file, engine=engine, complement=complement, **options) for complement in (False, True))
    assert kept.error == alone.error
    if kept.error is None:
        assert encoded(kept.files, engine=engine, self_test=data.draw(st.booleans())) == file


@examples(12)
@given(data=st.data(), history=HISTORIES)
def test_it_does_so_with_little_memory_and_in_short_runs(data: DataObject, history: History) -> None:
    ordered = in_order(CONTAINER, history) if data.draw(st.booleans()) else history
    file = data.draw(st.sampled_from(WRITERS)).write(ordered)
    with tiny_budget(), short_runs(data.draw(st.integers(1, 3)), data.draw(st.integers(3, 8))):
        assert encoded(decoded(file, complement=True)) == file


@examples(6)
@given(history=HISTORIES)
def test_two_processes_make_what_one_makes(history: History) -> None:
    file = WRITERS[0].write(history)
    alone = decoded(file, complement=True)
    with in_a_hurry(shared=True):
        assert decoded(file, complement=True) == alone
        assert encoded(alone) == file


@examples(12)
@given(data=st.data(), history=HISTORIES)
def test_a_file_in_parts_has_the_same_steps(data: DataObject, history: History) -> None:
    file = WRITERS[0].write(in_order(CONTAINER, history))
    whole = decoded(file, complement=True)
    with in_parts(data.draw(st.integers(16, 512))):
        with in_a_hurry():
            alone = decoded(file, complement=True)
        with in_a_hurry(shared=True):
            assert decoded(file, complement=True) == alone
    assert steps_of(alone) == steps_of(whole)
    assert encoded(alone) == file


def test_parts_end_where_no_key_goes_on() -> None:
    """Of versions of one key and of keys that begin with it, all are in one part, wherever it is cut."""
    foreign = [b"k" * length for length in range(1, 6)]
    versions = [Version(key, at, key) for key in foreign for at in range(1, 9)]
    others = [Version(b"%c%d" % (letter, number), 3, b"") for letter in b"az" for number in range(20)]
    for some in (versions, versions + others, others):
        file = WRITERS[0].write(in_order(CONTAINER, History(NOW, tuple(some))))
        whole = decoded(file, complement=True)
        for block in range(32, 320, 32):
            with in_parts(block):
                assert steps_of(decoded(file, complement=True)) == steps_of(whole)


@contextmanager
def in_parts(block: int) -> Iterator[None]:
    """Any file is parted; a block has so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART", 0)
        for module in (source, everything):
            patch.setattr(module, "BLOCK", block)
        yield


def steps_of(files: Files) -> list[Step]:
    """The steps of a tree's complement, one by one."""
    plan, stamp = plan_of(CONTAINER), CONTAINER.written.stamp
    some = read_steps(BytesIO(files[plan.steps]), plan.steps, plan.errors["damaged"], stamp)
    return [one for step in some for one in (step.things(stamp) if isinstance(step, Alike) else (step,))]


@examples(6)
@given(history=HISTORIES)
def test_without_it_the_tree_gives_what_it_always_gave(history: History) -> None:
    file = WRITERS[0].write(history)
    alone, kept = decoded(file), decoded(file, complement=True)
    left, other = encode(alone), encode(kept, ignore_complement=True)
    assert (left.data, left.error) == (other.data, other.error)
