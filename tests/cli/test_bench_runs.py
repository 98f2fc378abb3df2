"""The benchmark measures what it says: outputs are compared first, memory is that of all processes, nothing is left."""

from __future__ import annotations

import json
import os
import select
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from codec.errors import DataError, EnvironmentProblem
from tests.cli.stand_in import Shell
from tests.support.laws import CONTAINER
from tools.bench import kaitai, measure, micro, micro_records, plot, report, results, stream, workloads

MIB = 1 << 20
OURS = f"{sys.executable} -m tools.main encode --input {{input}} --output {{output}}"


# ------------------------------------------------------------------------------------------------ one run


def test_peak_memory_is_the_sum_over_all_processes() -> None:
    child = "x = bytearray(40 << 20); import time; time.sleep(0.6)"
    parent = f"import subprocess, sys; x = bytearray(30 << 20); subprocess.run([sys.executable, '-c', {child!r}])"
    found = measure.run([sys.executable, "-c", parent], watch=True)
    assert found.processes == 2
    assert 70 * MIB <= found.pss < 120 * MIB
    assert found.wall >= 0.6 > found.cpu
    assert 0 <= found.others <= len(os.sched_getaffinity(0)) + 1


def test_what_a_command_leaves_running_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    measure.run(["sh", "-c", f"sleep 600 & echo $! > {note}"])
    pid = int(note.read_text())
    with suppress(ProcessLookupError):  # it is gone already
        select.select([os.pidfd_open(pid)], [], [])  # never returns if it lives on


def test_a_command_that_fails_is_said_with_its_last_words() -> None:
    with pytest.raises(EnvironmentProblem, match=r"ended with 3.*found no such luck"):
        measure.run(["sh", "-c", "echo no such luck; exit 3"])
    with pytest.raises(EnvironmentProblem, match="cannot run /no/such/tool"):
        measure.run(["/no/such/tool"])


# ------------------------------------------------------------------------------------------------ contests


def run(shell: Shell, tmp_path: Path, *arguments: str) -> tuple[int, str, results.Results]:
    path = tmp_path / "results.json"
    common = ("--scale", "0.0005", "--rounds", "1", "--check-scale", "0", "--work", str(tmp_path))
    said = shell.codec("bench", "run", "w1", "--direction", "encode", *common, "--results", str(path), *arguments)
    return said.status, said.err, results.load(path)


def test_an_equal_rival_is_measured_in_turn_and_both_are_kept(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    status, said, kept = run(shell, tmp_path, "--rival", f"encode={OURS} --engine interpreter")
    assert status == 0, said
    assert [(one.contestant, one.records, len(one.wall), one.equal) for one in kept.series] == [
        ("codec", 100, 1, "the input, rival"),
        ("rival", 100, 1, "the input, rival"),
    ]
    assert all(one.pss > MIB and one.wall[0] > 0 for one in kept.series)
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_a_rival_that_makes_something_else_is_not_timed(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    status, said, kept = run(shell, tmp_path, "--rival", "encode=sh -c 'cp $0/MANIFEST.json $1' {input} {output}")
    assert (status, kept.series) == (2, [])
    assert "bench-differs" in said


def test_a_decode_with_a_complement_is_measured_beside_one_without(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    status, said, kept = run(shell, tmp_path, "--direction", "complement", "--direction", "restore", "--unsorted")
    assert status == 0, said
    assert [(one.direction, one.equal) for one in kept.series] == [
        ("encode", "the input"),
        ("complement", "the input, encoded again"),
        ("restore", "the input"),
    ]
    with_one = kept.series[1]
    assert {name: len(times) for name, times in with_one.plain.items()} == {"wall": 1, "cpu": 1}
    assert with_one.cost == (with_one.wall[0] / with_one.plain["wall"][0], with_one.cpu[0] / with_one.plain["cpu"][0])
    assert [one.cost for one in kept.series[::2]] == [None, None]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_a_tree_that_does_not_give_its_file_back_is_not_timed(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    lossy = (f"{way}=sh -c 'mkdir $1; echo other > $1/file' {{input}} {{output}}" for way in ("complement", "decode"))
    rival = [word for text in (*lossy, "restore=sh -c 'cp $0/file $1' {input} {output}") for word in ("--rival", text)]
    status, said, kept = run(shell, tmp_path, "--direction", "complement", *rival)
    assert (status, [one.direction for one in kept.series]) == (2, ["encode"])
    assert "does not give the input back" in said


@pytest.mark.parametrize("text", ["encode", "sideways=cp {input} {output}", "decode=cp {input}"])
def test_a_rival_that_cannot_be_called_is_wrong_use(shell: Shell, tmp_path: Path, text: str) -> None:
    status, said, _ = run(shell, tmp_path, "--rival", text)
    assert status == 1
    assert "--rival" in said


# ------------------------------------------------------------------------------------------------ results and report


def series(**values: object) -> results.Series:
    known = results.Series(
        *(
            "w1",
            1.0,
            False,
            "decode",
            "codec",
            "codec decode",
            1000,
            500,
            5000,
            [3.0, 1.0, 2.0],
            [1.0],
            100 * MIB,
            9,
            1,
            [0.5],
        )
    )
    return replace(known, **values)  # type: ignore[arg-type]


def test_results_are_kept_and_replaced_by_newer_ones_of_the_same_thing(tmp_path: Path) -> None:
    kept = results.empty()
    kept.add(
        [series(), series(direction="encode"), series(wall=[9.0])], [results.Micro("t", "way", "w1", 10, [1.0, 0.5])]
    )
    results.save(kept, tmp_path / "r.json")
    again = results.load(tmp_path / "r.json")
    assert again == kept
    assert [(one.direction, one.seconds) for one in again.series] == [("encode", 2.0), ("decode", 9.0)]
    assert again.micro[0].per_unit == 0.05
    (tmp_path / "r.json").write_text(json.dumps({"made": 1}))
    with pytest.raises(DataError, match="not a file of results"):
        results.load(tmp_path / "r.json")


def test_a_report_has_what_was_measured_and_nothing_else() -> None:
    assert "##" not in report.markdown(results.empty(), "x.svg").replace("## Rows", "")
    kept = results.empty()
    kept.add([series(), series(scale=2.0, wall=[6.0]), series(direction="encode", wall=[4.0], pss=200 * MIB)])
    kept.add([series(workload="tiny", records=10, wall=[0.15]), series(direction="help", wall=[0.05])])
    kept.add([series(direction="complement", wall=[5.0], cpu=[1.5], plain={"wall": [2.0], "cpu": [1.0]})])
    kept.add([series(direction="restore")])
    kept.add(micro=[results.Micro(results.FRAMING, results.DISPATCHED, "w1", 10, [9e-6])])
    text = report.markdown(kept, "x.svg")
    assert (
        "| w1 | decode | codec | 2.00 | 1.00 | 1.00 | 500 | 2000.00 | 0.5 | 100 | 1 | 12 to 17 | 0.17 | 170 |" in text
    )
    assert "- w1 encode: ratio 0.91" in text
    assert "- w1 x1 encode: peak memory 200 MiB" in text
    assert "| w1 | decode | x1 / x2 | 2000.00 / 6000.00 | 100 / 100 |" in text
    assert f"**{(2 / 12 * 4 / 4.4) ** 0.5:.3f}**" in text
    assert "| decode of 10 records | codec | 150 | 150 | 120 |" in text
    assert "- decode of 10 records: 150 ms" in text
    assert "| w1 x1 | complement | codec | 5.00 | 1.50 | 2.00 | 1.00 | 2.50 | 1.50 | 100 |" in text
    assert "| w1 x1 | restore | codec | 2.00 | 1.00 |  |  |  |  | 100 |" in text
    assert (
        "- w1 x1 complement: 2.50 times the wall and 1.50 times the CPU time of a decode, at most 2 is wanted." in text
    )
    assert "- --help" not in text
    assert "- framing of w1: 0.90 us" in text
    assert "System calls" not in text


def test_the_picture_is_well_formed_and_names_every_line() -> None:
    lines = {"w<1>": [(1.0, 3.0), (2.0, 4.0)], "w2": [(1.0, 1.0), (2.0, 2.0), (8.0, 2.0)]}
    tree = ElementTree.fromstring(plot.svg([plot.Panel("cost", lines, "x"), plot.Panel("none", {}, "x")]))
    texts = [element.text for element in tree.iter() if element.tag.endswith("text")]
    assert {"w<1>", "w2", "1x", "8x", "none: nothing measured"} <= set(texts)
    circles = [element for element in tree.iter() if element.tag.endswith("circle")]
    assert len(circles) == 5
    assert all(
        0 <= float(one.attrib["cx"]) <= plot.WIDTH and 0 <= float(one.attrib["cy"]) <= plot.HEIGHT for one in circles
    )


# ------------------------------------------------------------------------------------------------ micro-benchmarks


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("micro") / "few.fsm"
    stream.write(workloads.load("mix", CONTAINER), CONTAINER, path, 0.0005, 1, unsorted=False)
    return path.read_bytes()


def test_every_way_to_read_the_framing_finds_the_same_entries(data: bytes) -> None:
    found = micro.framing(CONTAINER, "mix", data, micro.ways(CONTAINER, None), 2)
    assert len({one.units for one in found}) == 1
    assert len(found) == 5
    with pytest.raises(DataError, match="do not agree"):
        micro.framing(CONTAINER, "mix", data, [("right", micro.bare_loop(CONTAINER)), ("wrong", len)], 1)


def test_every_kind_of_record_and_document_of_a_workload_is_timed_in_both_engines() -> None:
    held = micro_records.samples(workloads.load("w5", CONTAINER), 0.001, 1)
    found = [*micro_records.records("w5", held, 1), *micro_records.documents("w5", held, 1)]
    ways = {thing: {one.way for one in found if one.thing == thing} for thing in {one.thing for one in found}}
    both = {micro_records.COMPILED, micro_records.INTERPRETED}
    assert {"read Message.data", "write Message.dedup", "parse sqs/Message.line", "print sqs/Queue.document"} <= set(
        ways
    )
    assert all(both <= names for names in ways.values())


def test_kaitai_reads_the_same_entries_where_its_compiler_is_installed(data: bytes) -> None:
    modules = os.environ.get("KAITAI")
    if modules is None:
        pytest.skip("needs $KAITAI, a folder with kaitai-struct-compiler in its node_modules")
    compiler = kaitai.Compiler(Path(modules))
    known = micro.bare_loop(CONTAINER)(data)
    assert [way(data) for _, way in kaitai.ways(CONTAINER, compiler)] == [known, known]
    held = micro_records.samples(workloads.load("w5", CONTAINER), 0.001, 1)
    timed = {one.way for one in micro_records.records("w5", held, 1, kaitai.readers(CONTAINER, compiler))}
    assert micro_records.KAITAI in timed


def test_kaitai_without_its_compiler_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"node is not installed|did not run") as refused:
        kaitai.Compiler(tmp_path).module({})
    assert "npm install" in refused.value.hint or "node" in refused.value.message
