"""The conformance kit, from export to verdict: what it makes, how it judges, and that this toolkit passes."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from time import sleep

import pytest
from jsonschema import Draft202012Validator

from codec.conformance.coverage import coverage_of, hits_of
from codec.conformance.drivers import Command
from codec.conformance.export import RATIO
from codec.conformance.index import INDEX, INDEX_SCHEMA, SCHEMA, Entry, Index, read_index
from codec.conformance.reports import REPORT_SCHEMA
from codec.conformance.running import Result, Suite, chosen, run
from codec.errors import UsageError
from codec.generate.manual.book import WHOLE, manual
from codec.spec import library
from codec.tools.main import main
from tests.support.conformance_kit import FORMAT, LONG, both, long_only, tool, vectors_of

PYTHON = sys.executable
SAMPLE = 900  # of the vectors, where `make test-long` runs all


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Index]:
    return vectors_of(FORMAT, tmp_path_factory)


# ------------------------------------------------------------------------------------------------ demonstration


def test_a_stranger_exports_the_vectors_runs_a_program_over_them_and_reads_the_report(
    vectors: tuple[Path, Index], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = vectors
    reports = [tmp_path / name for name in ("report.json", "report.xml", "report.html")]
    status = main(
        ["conformance", "run", "--vectors", str(folder), "--sample", "12", "--jobs", "2",
         "--decode", tool("decode"), "--encode", tool("encode"),
         "--report-json", str(reports[0]), "--report-junit", str(reports[1]), "--report-html", str(reports[2])]
    )  # fmt: skip
    said = capfd.readouterr().out
    assert (status, said.splitlines()) == (0, ["verdict  it conforms", "vectors  passed 12"])
    document = json.loads(reports[0].read_text())
    Draft202012Validator(REPORT_SCHEMA).validate(document)
    assert document["counts"]["passed"] == 12
    assert len(ET.parse(reports[1]).getroot().findall("testcase")) == 12
    page = reports[2].read_text()
    assert "It conforms." in page
    assert "src=" not in page
    assert "href=" not in page


@long_only
def test_the_drop_ins_pass_every_vector_as_programs(
    vectors: tuple[Path, Index], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, index = vectors
    call = ["conformance", "run", "--vectors", str(folder), "--jobs", "2", "--timeout", "120"]
    status = main([*call, "--decode", tool("decode"), "--encode", tool("encode")])
    assert (status, capfd.readouterr().out.splitlines()) == (
        0, ["verdict  it conforms", f"vectors  passed {len(index.entries):,}"]
    )  # fmt: skip


def test_a_program_that_does_nothing_conforms_to_nothing(
    vectors: tuple[Path, Index], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = vectors
    report = tmp_path / "report.json"
    status = main(
        ["conformance", "run", "--vectors", str(folder), "--sample", "8", "--decode", "true {input} {output}",
         "--report-json", str(report)]
    )  # fmt: skip
    assert status == 2
    assert "it does not conform" in capfd.readouterr().out
    for result in json.loads(report.read_text())["results"]:
        assert result["outcome"] in ("failed", "skipped")


# ------------------------------------------------------------------------------------------------ what is made


def test_exported_vectors_are_files_that_need_nothing_but_their_index(vectors: tuple[Path, Index]) -> None:
    folder, index = vectors
    Draft202012Validator(INDEX_SCHEMA).validate(json.loads((folder / INDEX).read_text()))
    assert json.loads((folder / SCHEMA).read_text()) == INDEX_SCHEMA
    assert len({entry.id for entry in index.entries}) == len(index.entries)
    for entry in index.entries:
        assert entry.sentence.endswith(".")
        assert entry.paragraph
        assert (folder / entry.input).exists()
        assert (folder / entry.output).exists() if entry.accepted else not entry.output


def test_every_vector_names_a_heading_of_the_manual(vectors: tuple[Path, Index]) -> None:
    book = manual(library.load(FORMAT))
    for place in {entry.manual for entry in vectors[1].entries}:
        page, _, name = place.partition("#")
        assert f'<a id="{name}"></a>' in book[page], place
        assert f'id="{name}"' in book[WHOLE], place


def test_record_kinds_and_documents_have_headings_of_their_own(vectors: tuple[Path, Index]) -> None:
    deep = {entry.manual for entry in vectors[1].entries if entry.paragraph.count(".") > 1}
    adapters = [adapter.name for adapter in library.load(FORMAT).adapters]
    assert not deep & {f"{name}.md#{name}" for name in adapters}
    assert len(deep) > len({entry.paragraph.rpartition(".")[0] for entry in vectors[1].entries}) // 4


def test_there_are_twice_as_many_inputs_that_must_be_refused(vectors: tuple[Path, Index]) -> None:
    count = Counter(entry.accepted for entry in vectors[1].entries)
    assert count[False] >= RATIO * count[True] > 0


def test_every_point_of_the_format_is_hit_by_right_and_wrong_inputs(vectors: tuple[Path, Index]) -> None:
    rows = coverage_of(FORMAT, hits_of(vectors[1].entries))
    assert [row for row in rows if not row.covered] == []


def test_a_point_without_a_wrong_input_says_why(vectors: tuple[Path, Index]) -> None:
    for row in coverage_of(FORMAT, hits_of(vectors[1].entries)):
        assert row.invalid or row.excuse, row.anchor


# ------------------------------------------------------------------------------------------------ how it judges


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
def test_both_engines_pass_the_vectors(vectors: tuple[Path, Index], engine: str) -> None:
    folder, index = vectors
    entries = index.entries if LONG else chosen(index, sample=SAMPLE)
    results = list(run(folder, index, entries, Suite(both(engine=engine))))
    assert [(one.entry.id, one.reason) for one in results if one.outcome != "passed"] == []


def one_of(index: Index, direction: str, accepted: bool) -> Entry:
    return next(
        entry
        for entry in index.entries
        if (entry.direction, entry.accepted) == (direction, accepted) and not entry.options and not entry.links
    )


def judge(vectors: tuple[Path, Index], command: str, *, accepted: bool, seconds: float = 20, **how: object) -> Result:
    folder, index = vectors
    entry = one_of(index, "decode", accepted)
    known = frozenset({entry.id}) if how.get("known") else frozenset[str]()
    suite = Suite({"decode": Command(command, "--decode", seconds)}, known=known)
    (result,) = run(folder, index, [entry], suite)
    return result


@pytest.mark.parametrize(
    ("command", "accepted", "reason"),
    [
        ("sh -c 'exit 1' {input} {output}", True, "was refused with status 1; it must be accepted"),
        ("true {input} {output}", True, "left no output"),
        ("touch {input} {output}", True, "the output is no folder"),
        ("mkdir {output} -m 755 --verbose {input}x", True, "is missing"),
        ("true {input} {output}", False, "was accepted; it must be refused"),
        ("sh -c 'exit 3' {input} {output}", False, "ended with status 3, which means no refusal"),
        ("sh -c 'kill -SEGV $$' {input} {output}", False, "was ended by signal 11"),
        ("sh -c 'touch $1; exit 1' {input} {output}", False, "left output behind"),
        (f"{PYTHON} -c 'raise ValueError' {{input}} {{output}}", False, "crashed, with status 1"),
        ("sh -c 'exit 1' {input} {output}", False, ""),
    ],
)
def test_a_run_is_judged_by_its_status_and_by_what_it_leaves(
    vectors: tuple[Path, Index], command: str, accepted: bool, reason: str
) -> None:
    result = judge(vectors, command, accepted=accepted)
    assert (reason in result.reason) if reason else not result.reason
    assert result.outcome == ("failed" if reason else "passed")


def test_a_command_that_hangs_is_ended_with_all_that_it_started(vectors: tuple[Path, Index], tmp_path: Path) -> None:
    note = tmp_path / "pid"
    command = f"sh -c 'sleep 600 & echo $! > {note}; wait' {{input}} {{output}}"
    result = judge(vectors, command, accepted=False, seconds=5)
    assert "did not end within" in result.reason
    process = int(note.read_text())
    assert any(ended(process) or sleep(0.1) for _ in range(100))


def ended(process: int) -> bool:
    """Whether a process is gone, or only waits to be collected."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_known_failure_is_no_failure_and_its_success_is_one(vectors: tuple[Path, Index]) -> None:
    failing = judge(vectors, "true {input} {output}", accepted=False, known=True)
    assert failing.outcome == "known failure"
    passing = judge(vectors, "sh -c 'exit 1' {input} {output}", accepted=False, known=True)
    assert passing.outcome == "unexpected success"


def test_a_list_of_known_failures_names_only_vectors_that_there_are(
    vectors: tuple[Path, Index], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.txt"
    known.write_text("# what we cannot do yet\ndecode/no/such-vector\n")
    call = ["conformance", "run", "--vectors", str(vectors[0]), "--decode", "true {input} {output}"]
    assert main([*call, "--known", str(known)]) == 1
    assert "there is no vector decode/no/such-vector" in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--decode", "true {input}"],
        ["--decode", "true {output}"],
        ["--decode", "'"],
        ["--decode", "true {input} {output}", "--only", "nothing-is-called-so"],
        ["--decode", "true {input} {output}", "--refusals", "x"],
        ["--decode", "no-such-program {input} {output}", "--sample", "1"],
    ],
)
def test_wrong_use_is_said_and_ends_with_1(
    vectors: tuple[Path, Index], arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["conformance", "run", "--vectors", str(vectors[0]), *arguments]) == 1
    assert "Traceback" not in capfd.readouterr().err


def test_a_folder_without_an_index_is_no_folder_of_vectors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"index\.json"):
        read_index(tmp_path)
    (tmp_path / INDEX).write_text('{"layout": 2}')
    with pytest.raises(UsageError, match="breaks its schema"):
        read_index(tmp_path)


def test_a_sample_is_spread_over_all(vectors: tuple[Path, Index]) -> None:
    index = vectors[1]
    found = chosen(index, sample=40)
    assert len(found) == 40
    assert len({entry.paragraph.partition(".")[0] for entry in found}) >= len({"redis", "s3", "sqs", "dynamodb"})
