"""By default the decoder takes the newest live version of a key, where the reference feeds every version.

The right answers come from container-and-cli.md §1.5 and §9, and from the same data without the older versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.golden_cases import ENGINES, golden_root, load_cases, read_files
from tests.support.golden_compare import checksum_differences
from tests.support.golden_layout import write_file
from tests.support.tools import Bench

CASES = {case.name: case for case in load_cases(golden_root())}

STRINGS = "redis/db_0/strings"
RIGHT: dict[str, list[tuple[str, dict[str, bytes]]]] = {
    "fsm-versions": [
        ("", {f"{STRINGS}/k.bin": b"newest"}),
        ("29", {f"{STRINGS}/k.bin": b"middle"}),
        ("10", {f"{STRINGS}/k.bin": b"oldest"}),
        ("9", {}),
    ],
    "fsm-versions-tombstone-newest": [("", {}), ("19", {f"{STRINGS}/k.bin": b"deleted since"})],
    "fsm-expire-at-header": [("", {})],
    "fsm-tombstone": [("", {f"{STRINGS}/l.bin": b"v"})],
}
# Every stored version of the data, and the case that has only its live rows.
ALL_VERSIONS, LIVE_ROWS = "real-a-all-versions", "real-a-adapter-redis"

# §9: put k1=old@100, k1=new@200, k2=x@150 expiring, delete k2@250, put k3 empty@260; the store's own row at the end
LIVE_STORE_STREAM = bytes.fromhex("""
454b565042424c31 0401000000000000
1500000000000000 2172656469737c7374727c6b31 ffffffffffffff37 0c00000000000000 00 0000000000000000 6e6577
1500000000000000 2172656469737c7374727c6b31 ffffffffffffff9b 0c00000000000000 00 0000000000000000 6f6c64
1500000000000000 2172656469737c7374727c6b32 ffffffffffffff05 0900000000000000 01 0000000000000000
1500000000000000 2172656469737c7374727c6b32 ffffffffffffff69 0a00000000000000 00 3930000000000000 78
1500000000000000 2172656469737c7374727c6b33 fffffffffffffefb 0900000000000000 00 0000000000000000
1400000000000000 5f6d6574615f6c6173745f636f6d6d69745f7473 0800000000000000 0401000000000000
""")
LIVE_STORE_TREE = {f"{STRINGS}/k1.bin": b"new", f"{STRINGS}/k3.bin": b""}


def data_files(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in tree.items() if path.startswith("redis/")}


def runs() -> Iterator[tuple[str, bytes, str, dict[str, bytes]]]:
    for name, answers in RIGHT.items():
        for as_of, files in answers:
            yield f"{name}@{as_of or 'newest'}", CASES[name].input_bytes, as_of, files
    yield "live-store-stream", LIVE_STORE_STREAM, "", LIVE_STORE_TREE
    if ALL_VERSIONS in CASES:
        live = data_files(CASES[LIVE_ROWS].tree())
        yield ALL_VERSIONS, CASES[ALL_VERSIONS].input_bytes, "", live


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "stream", "as_of", "files"), [pytest.param(*run, id=run[0]) for run in runs()])
def test_the_newest_live_version_counts(
    name: str,
    stream: bytes,
    as_of: str,
    files: dict[str, bytes],
    engine: str,
    bench: Bench,
    golden: Callable[[str, str], None],
) -> None:
    golden("version", name)
    write_file(bench.work / "input.fsm", stream)
    bound = ["--as-of", as_of] if as_of else []
    args = ["--input", "input.fsm", "--output", "tree", "--adapter", "redis", *bound, "--engine", engine]

    outcome = bench.run("decode", args)

    assert outcome.exit == 0, outcome.stderr
    tree = read_files(bench.work / "tree")
    assert checksum_differences(tree) == []
    assert data_files(tree) == files
