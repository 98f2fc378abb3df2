"""With a complement, every golden input comes back byte for byte: also those that the reference cannot read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.errors import CodecError
from tests.support.golden_cases import Case, golden_root, load_cases

CASES = load_cases(golden_root())
SWITCHES: tuple[dict[str, object], ...] = (
    {"dynamodb_bundle_mode": "jsonl", "rename_collisions": True},
    {
        "include_incomplete_uploads": True,
        "include_orphans": True,
        "preserve_sqs_visibility": True,
        "include_sqs_side_records": True,
        "extended": True,
    },
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to decode a case; whatever the tree shows, tree and complement together are the file."""

    case: Case
    options: dict[str, object]
    name: str

    def __str__(self) -> str:
        return f"{self.case.name}:{self.name}"


TELLING = (
    *("fsm-versions", "fsm-unsorted", "fsm-prefix-keys", "ddb-stale-generation", "redis-zset-legacy-and-wide"),
    *("redis-stream-length-mismatch", "s3-chunkref", "s3-no-bucket", "real-a-sqs-purged", "real-a-runtime-file"),
)


def ways() -> Iterator[Way]:
    for case in CASES:
        yield Way(case, {}, "plain")
        if case.name not in TELLING:
            continue
        for switches in SWITCHES:
            yield Way(case, {"switches": switches}, ",".join(switches))
        yield Way(case, {"versions": "all"}, "all versions")
        yield Way(case, {"adapters": ("sqs",)}, "sqs only")
        yield Way(case, {"engine": "interpreter"}, "interpreter")
        if case.stream.rows:
            newest = max(row.commit_ts for row in case.stream.rows)
            yield Way(case, {"as_of": newest - 1}, "as of")


def refusal(source: Path, target: Path, options: DecodeOptions) -> str | None:
    """The name of the error with which a file is refused."""
    try:
        decode_snapshot(source, target, options)
    except CodecError as error:
        return error.code
    return None


@pytest.mark.parametrize("way", [*ways()], ids=str)
def test_a_tree_with_its_complement_is_the_file(way: Way, tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    golden("complement", way.case.name)
    source, tree, again = tmp_path / way.case.input_name, tmp_path / "tree", tmp_path / "again"
    source.write_bytes(way.case.input_bytes)
    options = DecodeOptions(sync=False, **way.options)  # type: ignore[arg-type]
    if (refused := refusal(source, tmp_path / "alone", options)) is not None:
        assert refusal(source, tree, replace(options, complement=True)) == refused
        return
    decode_snapshot(source, tree, replace(options, complement=True))
    with again.open("wb") as sink:
        result = encode_snapshot(tree, sink, EncodeOptions())
    assert again.read_bytes() == way.case.input_bytes
    assert result.complement is not None
    assert {name for name in result.complement if not name.startswith("applied")} == set()
