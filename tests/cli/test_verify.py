"""`codec verify` finds what is wrong with a file, with the document beside it, and with a tree: all of it, in one run."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codec.api import EncodeOptions, VerifyOptions, VerifyResult, encode_snapshot, verify_snapshot
from codec.errors import CodecError, UsageError
from codec.mapping.dispatch import every_kind
from codec.stream.entries import EntryReader
from codec.stream.source import Source
from tests.support.golden_cases import Case, golden_root, load_cases
from tests.support.golden_layout import lay_out_tree
from tests.support.laws import CONTAINER, tiny_budget
from tests.support.stream_oracle import Row, write_stream
from tools.main import main

BESIDE = ".encode_info.json"
CASES = {case.name: case for case in load_cases(golden_root()) if not case.info.get("packed")}

# What the reference's restore asks besides: which cluster the file is meant for, and whether a self-test was run.
OTHER_QUESTIONS = {
    *("encode-info-cluster-match", "encode-info-cluster-none", "encode-info-manifest-cluster-id-missing"),
    *("encode-info-unverified-allowed", "encode-info-self-test-missing", "encode-info-self-test-not-run"),
    "encode-info-self-test-mismatch",
}
INFO_CASES = [
    case
    for line in (golden_root() / "encode_info_cases.jsonl").read_text().splitlines()
    if (case := json.loads(line))["name"] not in OTHER_QUESTIONS
]


def verified(path: Path, **options: object) -> tuple[list[CodecError], VerifyResult]:
    found: list[CodecError] = []
    return found, verify_snapshot(path, VerifyOptions(found=found.append, **options))  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------- the document beside a file


@pytest.mark.parametrize("case", INFO_CASES, ids=lambda case: case["name"])
def test_the_document_is_judged_as_the_reference_does(case: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "x.fsm"
    file.write_bytes(base64.b64decode(case["payload_b64"]))
    if case["encode_info"] is not None:
        Path(f"{file}{BESIDE}").write_text(case["encode_info"])
    assert main(["verify", str(file)]) == case["exit"]


def test_a_newer_version_is_its_own_error_and_unknown_members_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, info = encoded_file(tmp_path)
    beside = Path(f"{file}{BESIDE}")
    beside.write_text(json.dumps(info | {"format_version": 2, "self_test": "of a later form"}))
    found, _ = verified(file)
    assert [(type(error).__name__, error.code) for error in found] == [
        ("VersionError", CONTAINER.encode_info.gate_error)
    ]
    beside.write_text(json.dumps(info | {"later": 1}))
    assert verified(file)[0] == []
    assert main(["verify", str(file), "--json"]) == 0
    assert '"warning": "unknown_info_members"' in capfd.readouterr().out


def test_a_document_of_other_bytes_is_told_and_a_missing_one_too(tmp_path: Path) -> None:
    file, info = encoded_file(tmp_path)
    beside = Path(f"{file}{BESIDE}")
    beside.write_text(json.dumps(info | {"output_fsm_sha256": "0" * 64}))
    assert [error.code for error in verified(file)[0]] == ["ErrRestoreSHA256Mismatch"]
    beside.unlink()
    with pytest.raises(UsageError) as error:
        verified(file)
    assert error.value.code == "no-encode-info"
    assert verified(file, alone=True)[0] == []
    (tmp_path / "elsewhere.json").write_text(json.dumps(info))
    assert verified(file, encode_info=tmp_path / "elsewhere.json")[0] == []


@pytest.mark.parametrize("kind", ["link", "folder", "too large"])
def test_a_document_that_is_no_plain_small_file_is_refused(kind: str, tmp_path: Path) -> None:
    file, info = encoded_file(tmp_path)
    beside = Path(f"{file}{BESIDE}")
    beside.unlink()
    if kind == "link":
        (tmp_path / "real").write_text(json.dumps(info))
        beside.symlink_to("real")
    elif kind == "folder":
        beside.mkdir()
    else:
        beside.write_text(json.dumps(info) + " " * (1 << 20))
    assert [error.code for error in verified(file)[0]] == [CONTAINER.encode_info.error]


def encoded_file(folder: Path) -> tuple[Path, dict[str, object]]:
    """A file as an encode leaves it, with its document."""
    lay_out_tree(CASES["fsm-prefix-keys"], folder / "tree")
    assert main(["encode", "--input", str(folder / "tree"), "--output", str(folder / "x.fsm"), "-q"]) == 0
    return folder / "x.fsm", json.loads((folder / f"x.fsm{BESIDE}").read_text())


# -------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("real-a-a")] + ["real-a-runtime-file"])
def test_what_a_node_wrote_has_no_findings(name: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(CASES[name].input_bytes)
    found, result = verified(file, alone=True)
    assert found == []
    assert result.findings == 0


BROKEN = [name for name, case in CASES.items() if case.info.get("decode_exit") and not case.info.get("encode_args")]


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_decode_refuses_has_findings(name: str, tmp_path: Path) -> None:
    from tests.support.deviations import DEVIATIONS

    file = tmp_path / "x"
    file.write_bytes(CASES[name].input_bytes)
    deviation = DEVIATIONS.get(("decode", name))
    if deviation is None or deviation.exit:
        assert verified(file, alone=True)[0] != []


def stream_of(case: Case, folder: Path) -> tuple[int, list[Row]]:
    """The rows that an encode of the case's tree gives."""
    lay_out_tree(case, folder)
    sink = io.BytesIO()
    adapters = tuple(json.loads((folder / CONTAINER.manifest.path).read_bytes())["adapters"])
    encode_snapshot(folder, sink, EncodeOptions(adapters=adapters))
    reader = EntryReader(CONTAINER, Source(sink, "written"))
    return reader.head.last_commit_ts, [Row(e.key, e.commit_ts, 0, 0, e.value) for e in reader.entries()]


def damaged(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """For each kind of row that follows from others: one of it left out."""
    find, seen = every_kind(CONTAINER).find, set()
    for at, row in enumerate(rows):
        kind = find(row.user_key, row.body)
        if kind is not None and kind.role == "derived" and not kind.repeated and kind.label not in seen:
            seen.add(kind.label)
            yield kind.label, [*rows[:at], *rows[at + 1 :]]


COMPUTED = ("real-a-adapter-sqs", "random-a-ddb-gsi", "random-a-zset-scores", "s3-basic")


@pytest.mark.parametrize("name", [name for name in COMPUTED if name in CASES])
def test_rows_that_follow_from_others_are_computed_again(name: str, tmp_path: Path) -> None:
    stamp, rows = stream_of(CASES[name], tmp_path / "tree")
    file = tmp_path / "x.fsm"
    file.write_bytes(write_stream(stamp, rows))
    assert verified(file, alone=True)[0] == []
    labels = []
    for label, left in damaged(rows):
        file.write_bytes(write_stream(stamp, left))
        found, _ = verified(file, alone=True)
        assert [(error.code, error.path) for error in found] == [("derived-row", label)]
        labels.append(label)
    assert labels


def several_faults(stamp: int) -> tuple[bytes, list[str]]:
    """A stream with one fault after the other, and the codes of all of them."""
    rows = [
        Row(b"!redis|hll|a", stamp, 0x08, 0, b"x"),
        Row(b"!redis|str|a", stamp, 0, 0, b"\xff\x01"),
        Row(b"!redis|str|b", stamp + 1, 0, 0, b"\xff\x01\x00b"),
        Row(b"!redis|str|c", stamp, 0, 0, b"\xff\x01\x00c"),
        Row(b"!redis|str|d", stamp, 0x02, 0, b"d"),
        Row(b"!redis|ttl|c", stamp, 0, 0, b"short"),
        Row(b"!zs|mem|\0\0\0\1zm", stamp, 0, 0, b"\0" * 8),
    ]
    codes = [
        *("derived-row", "ErrSnapshotEncryptedReserved", "ErrRedisInvalidStringValue", "ErrRestoreCommitTSAboveHeader"),
        *("ErrSnapshotEncryptedEntry", "ErrRedisInvalidTTLValue", "ErrSnapshotTruncated"),
    ]
    return write_stream(stamp, rows) + b"\5\0\0", codes


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
def test_one_run_finds_all_faults_of_a_file_in_their_order(engine: str, tmp_path: Path) -> None:
    data, codes = several_faults(99 << 16)
    file = tmp_path / "x.fsm"
    file.write_bytes(data)
    found, result = verified(file, alone=True, engine=engine)
    assert [error.code for error in found] == codes
    assert result.findings == len(codes)
    offsets = [error.place.offset for error in found if error.place.offset is not None]
    assert offsets == sorted(offsets)


def test_findings_do_not_depend_on_memory(tmp_path: Path) -> None:
    data, _ = several_faults(99 << 16)
    (tmp_path / "x.fsm").write_bytes(data)
    wanted = [error.as_json() for error in verified(tmp_path / "x.fsm", alone=True)[0]]
    with tiny_budget():
        assert [error.as_json() for error in verified(tmp_path / "x.fsm", alone=True)[0]] == wanted


# -------------------------------------------------------------------------------------------- trees

CONTRADICTIONS = {"redis-stream-length-mismatch", "real-a-all-versions", "s3-size-mismatch", "s3-no-bucket"}
DAMAGED_BY_THE_REFERENCE = {"real-a-s3-bucket-json-clash", "real-a-s3-keymap-clash"}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.decodes][::4])
def test_the_reference_s_trees_have_no_findings(name: str, tmp_path: Path) -> None:
    lay_out_tree(CASES[name], tmp_path / "tree")
    found, _ = verified(tmp_path / "tree")
    assert (found != []) == (name in CONTRADICTIONS | DAMAGED_BY_THE_REFERENCE)


def test_one_run_finds_all_faults_of_a_tree(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["fsm-prefix-keys"], tree)
    strings = tree / "redis" / "db_0" / "strings"
    first, *_ = sorted(path.name for path in strings.iterdir())
    hashes = strings.with_name("hashes")
    hashes.mkdir()
    (hashes / "h.json").write_text('{"format_version":1,"fields":[],"expire_at_ms":null}')
    (hashes / "bad.json").write_text('{"format_version":1,"fields":[{"name":1}]}')
    (hashes / "worse.json").write_text("{")
    (strings / "link.bin").symlink_to(first)
    (strings / first).write_bytes(b"changed")
    found, result = verified(tree)
    by_code = {
        "checksum-mismatch": 1,
        "checksum-symlink": 1,
        "checksum-unlisted": 3,
        "not-canonical": 1,
        "ErrRedisEncodeInvalidJSON": 2,
    }
    assert result.by_code == by_code
    places = [error.place.source for error in found]
    assert places == sorted(places)
    assert main(["verify", str(tree), "--json"]) == 2
    messages = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [message["event"] for message in messages] == ["finding"] * 8 + ["result"]
    assert messages[-1]["by_code"] == by_code


def test_a_tree_that_does_not_come_back_is_told_file_by_file(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["fsm-prefix-keys"], tree)
    for number in range(100):  # more than the note of a self-test has lines
        (tree / "redis" / "db_0" / f"stranger{number}").write_text("?")
    found, _ = verified(tree)
    assert sum(error.code == "not-restored" for error in found) == 100


@pytest.mark.parametrize("what", ["manifest", "checksums", "all"])
def test_a_tree_without_its_top_is_told(what: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["fsm-prefix-keys"], tree)
    if what == "manifest":
        (tree / CONTAINER.manifest.path).unlink()
        assert {error.code for error in verified(tree)[0]} == {"manifest-missing", "checksum-missing"}
    elif what == "checksums":
        (tree / CONTAINER.checksums).unlink()
        assert [error.code for error in verified(tree)[0]] == ["checksum-missing"]
    else:
        with pytest.raises(UsageError):
            verified(tmp_path / "nothing")


@pytest.mark.parametrize("kind", ["fifo", "dangling link"])
def test_what_is_neither_file_nor_tree_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("nowhere")
    assert main(["verify", str(path)]) == 1


def test_a_folder_that_the_manifest_does_not_name_is_told(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["fsm-prefix-keys"], tree)
    manifest = tree / CONTAINER.manifest.path
    made = json.loads(manifest.read_text())
    del made["adapters"]["redis"]
    manifest.write_text(json.dumps(made))
    codes = {(error.code, error.place.source) for error in verified(tree)[0]}
    assert codes == {("not-in-manifest", "redis"), ("checksum-mismatch", CONTAINER.manifest.path)}


def test_rows_that_follow_from_an_older_form_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(CASES["redis-zset-legacy-blob"].input_bytes)
    assert verified(tmp_path / "x", alone=True)[0] == []
