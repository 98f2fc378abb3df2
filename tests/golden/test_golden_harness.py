"""The golden harness itself: its oracle reads all golden data, and its comparisons see every planted difference.

A harness that cannot fail proves nothing, so each comparison is shown a difference of each kind that it must report.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import golden_cases as cases
from tests.support import golden_compare as compare
from tests.support import golden_layout as layout
from tests.support import stream_oracle as oracle

CASES = {case.name: case for case in cases.load_cases(cases.golden_root())}
MANIFEST, LINES = cases.load_encoder_lines(cases.golden_root())
MODEL = "redis-list-odd"


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_oracle_counts_rows_as_the_reference(case: cases.Case) -> None:
    stream = case.stream
    if not case.decodes:
        assert stream.fault or stream.rows or stream.operational
        return
    assert not stream.fault
    logged = dict(pair.split("=") for pair in case.info["stderr_decode"].splitlines()[-1].split() if "=" in pair)
    assert len(stream.rows) == int(logged["entries"])
    assert sum(row.deleted for row in stream.rows) == int(logged["tombstone"])
    assert stream.header_ts == int(logged["last_commit_ts"])
    routed = Counter(oracle.adapter_of(row.user_key) for row in stream.live())
    for adapter in cases.selected_adapters(case.info["decode_args"]):
        assert routed[adapter] == int(logged[adapter]), adapter


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.reencoded()], ids=lambda case: case.name)
def test_oracle_writes_what_it_reads(case: cases.Case) -> None:
    encoded = case.reencoded() or b""
    assert oracle.only_adapters(encoded, cases.ADAPTERS) == encoded


def test_oracle_reads_through_the_layers_of_a_runtime_file() -> None:
    stream = CASES["real-a-runtime-file"].stream
    assert not stream.fault
    assert {"_meta_applied_index", "_meta_last_commit_ts"} <= {key.decode() for key, _ in stream.operational}
    assert oracle.crc32c(b"123456789") == 0xE3069283


def test_oracle_resolves_versions() -> None:
    rows = [oracle.Row(b"k", 3, 0, 0, b"c"), oracle.Row(b"k", 2, 1, 0, b""), oracle.Row(b"k", 1, 0, 0, b"a")]
    gone = [oracle.Row(b"d", 2, 1, 0, b""), oracle.Row(b"d", 1, 0, 0, b"a"), oracle.Row(b"e", 1, 0, 5, b"")]
    stream = oracle.read_stream(oracle.write_stream(5, [*rows, *gone, oracle.Row(b"n", 9, 0, 6, b"")]))
    assert [(row.user_key, row.commit_ts) for row in stream.resolved()] == [(b"k", 3), (b"n", 9)]
    assert stream.oddities() == {"repeated", "deleted", "expired", "newer"}


def test_newest_rows_of_the_runtime_file_are_the_rows_of_the_resolved_case() -> None:
    """What the default decode of a node's own file rests on: same rows, same tree."""

    def redis_rows(rows: tuple[oracle.Row, ...]) -> list[oracle.Row]:
        return [row for row in rows if oracle.adapter_of(row.user_key) == "redis"]

    resolved = redis_rows(CASES["real-a-runtime-file"].stream.resolved())
    assert resolved == redis_rows(CASES["real-a-adapter-redis"].stream.rows)


@pytest.mark.parametrize("name", ["fsm-versions", "fsm-versions-tombstone-newest", "fsm-expire-at-header"])
def test_cases_with_hidden_rows_run_with_all_versions_only(name: str) -> None:
    assert CASES[name].versions() == ("all",)


def test_case_with_a_lone_tombstone_runs_both_ways() -> None:
    assert CASES["fsm-tombstone"].versions() == ("newest", "all")
    assert CASES["fsm-prefix-keys"].versions() == ("newest",)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.decodes], ids=lambda case: case.name)
def test_golden_tree_equals_itself_once_laid_out(case: cases.Case, tmp_path: Path) -> None:
    layout.lay_out_tree(case, tmp_path / "tree")
    assert compare.tree_differences(case.tree(), tmp_path / "tree") == []
    assert len(case.tree()) == case.info["tree_files"]


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.encode_info()], ids=lambda case: case.name)
def test_sidecars_and_manifests_are_laid_out_as_the_reference_does(case: cases.Case) -> None:
    sidecar = case.encode_info() or ""
    assert compare.indented(json.loads(sidecar), escape_html=True) == sidecar
    manifest = case.tree()["MANIFEST.json"].decode()
    assert compare.indented(json.loads(manifest)) == manifest


def test_packed_inputs_are_the_bytes_they_claim_to_be() -> None:
    packed = [case for case in CASES.values() if case.packed]
    assert packed
    for case in packed:
        assert hashlib.sha256(case.input_bytes).hexdigest() == case.info["input_sha256"]


def _rewrite(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda root: (root / path).write_bytes(change((root / path).read_bytes()))


PLANTED: dict[str, Callable[[Path], object]] = {
    "a byte of a document": _rewrite("redis/db_0/lists/x.json", lambda content: content.replace(b"1", b"2", 1)),
    "a newline at the end": _rewrite("redis/db_0/lists/x.json", lambda content: content + b"\n"),
    "a manifest member": _rewrite("MANIFEST.json", lambda content: content.replace(b"240", b"241")),
    "a manifest's layout": _rewrite("MANIFEST.json", lambda content: content.replace(b": ", b":")),
    "a checksum": _rewrite("CHECKSUMS", lambda content: content.replace(b"a", b"b", 1)),
    "the order of checksums": _rewrite("CHECKSUMS", lambda content: b"".join(reversed(content.splitlines(True)))),
    "a missing file": lambda root: (root / "redis/db_0/lists/x.json").unlink(),
    "one more file": lambda root: (root / "redis/more").touch(),
    "a symbolic link": lambda root: (root / "redis/link").symlink_to("db_0"),
}


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("part", [None, ("redis",)], ids=["whole", "part"])
def test_planted_difference_is_seen(planted: str, part: tuple[str, ...] | None, tmp_path: Path) -> None:
    case = CASES[MODEL]
    root = tmp_path / "tree"
    layout.lay_out_tree(case, root)
    if part:
        layout.write_file(root / "MANIFEST.json", compare.manifest_of(case.tree()["MANIFEST.json"], part))
        _refresh_checksums(root)
    assert compare.tree_differences(case.tree(), root, part) == []

    PLANTED[planted](root)

    assert compare.tree_differences(case.tree(), root, part) != []


def test_wall_time_may_differ_but_not_its_form() -> None:
    golden = '{\n  "wall_time_iso": "2026-11-22T15:38:35.143819717Z"\n}\n'
    other = golden.replace("2026-11-22T15:38:35.143819717Z", "2027-01-01T00:00:00Z")
    assert compare.text_differences("x", golden, other) == []
    for bad in ("2027-01-01T00:00:00.10Z", "2027-01-01T00:00:00+00:00", "2027-01-01 00:00:00Z", ""):
        assert compare.text_differences("x", golden, other.replace("2027-01-01T00:00:00Z", bad)) != []


def test_keymap_of_a_bucket_is_a_set_of_lines_and_that_of_redis_is_not() -> None:
    one, two = {"s3/b/KEYMAP.jsonl": b"a\nb\n"}, {"s3/b/KEYMAP.jsonl": b"b\na\n"}
    assert compare.file_differences(one, two) == []
    assert compare.file_differences(one, {"s3/b/KEYMAP.jsonl": b"b\na\na\n"}) != []
    one, two = ({path.replace("s3/b", "redis/db_0"): rows for path, rows in files.items()} for files in (one, two))
    assert compare.file_differences(one, two) != []


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["name"])
def test_encoder_lines_are_laid_out_whole(line: cases.EncoderLine, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    layout.lay_out_line(line, MANIFEST, root)
    laid_out = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}
    assert laid_out == set(line["files"]) | set(line.get("symlinks", {}))
    assert (line["encode_exit"] == 0) == ("fsm" in line)


@pytest.mark.parametrize(
    ("args", "selected"),
    [
        ([], cases.ADAPTERS),
        (["--adapter", "all"], cases.ADAPTERS),
        (["--adapter", "redis, sqs,"], ("redis", "sqs")),
        (["--adapter", "SQS, redis,"], ("redis", "sqs")),
        (["--adapter", "mysql"], ()),
    ],
)
def test_selected_adapters(args: list[str], selected: tuple[str, ...]) -> None:
    assert cases.selected_adapters(args) == selected
    assert cases.selected_adapters(cases.with_adapters(args, ["s3"])) == ("s3",)


def test_scope_follows_the_adapters_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, narrowed, waits = CASES["redis-list-odd"], CASES["hex-name"], CASES["real-a-runtime-file"]
    monkeypatch.setattr(cases, "ADAPTERS_UNDER_TEST", ("redis",))
    assert cases.decode_plan(whole) == cases.Plan()
    assert cases.decode_plan(narrowed) == cases.Plan(("redis",))
    assert cases.decode_plan(waits) is None
    monkeypatch.setattr(cases, "ADAPTERS_UNDER_TEST", cases.ADAPTERS)
    assert {cases.decode_plan(case) for case in CASES.values()} == {cases.Plan()}
    assert all(cases.line_is_under_test(line) for line in LINES)


def _refresh_checksums(root: Path) -> None:
    files = {path: content for path, content in cases.read_files(root).items() if path != "CHECKSUMS"}
    rows = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    layout.write_file(root / "CHECKSUMS", rows.encode())
