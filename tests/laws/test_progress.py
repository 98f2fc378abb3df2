"""What a run reports of itself: phases one after the other, never backwards, never beyond the whole."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, Progress, decode_snapshot, encode_snapshot
from tests.support.laws import CONTAINER
from tools.bench import stream, workloads


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_goes_forward_through_the_phases(tmp_path: Path, jobs: int) -> None:
    source, tree = tmp_path / "mix.fsm", tmp_path / "tree"
    stream.write(workloads.load("mix", CONTAINER), CONTAINER, source, 0.02, 1, unsorted=False)
    read: list[Progress] = []
    result = decode_snapshot(source, tree, DecodeOptions(sync=False, jobs=jobs, progress=read.append))
    written: list[Progress] = []
    with (tmp_path / "again.fsm").open("wb") as again:
        encode_snapshot(tree, again, EncodeOptions(jobs=jobs, self_test=True, progress=written.append))
    for reports in (read, written):
        assert reports
        for _, phase in groupby(reports, key=lambda one: one.phase):
            done = [one.done for one in phase]
            assert done == sorted(done)
        assert all(not one.total or one.done <= one.total for one in reports)
    assert {one.phase for one in read} == {"decode", "write"}
    assert max(one.done for one in read if one.phase == "decode") == source.stat().st_size
    assert max(one.done for one in read if one.phase == "write") <= result.files
