"""Golden cases as vectors: the reference's own answers, wherever the toolkit gives them too."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path

from codec.compression import zstd
from codec.conformance.declared import MOST_DATA
from codec.conformance.export import export
from codec.conformance.golden import content, golden_vectors
from codec.conformance.running import Suite, run
from tests.support.conformance_kit import FORMAT, both
from tests.support.golden_cases import CARRIED, golden_root


def test_golden_cases_become_vectors_in_both_directions_right_and_wrong() -> None:
    vectors = list(golden_vectors(FORMAT, CARRIED))
    assert len({vector.id for vector in vectors}) == len(vectors)
    kinds = Counter((vector.direction, vector.accepted) for vector in vectors)
    assert len(kinds) == 4
    assert {vector.kind for vector in vectors} == {"golden"}
    assert all(vector.error for vector in vectors if not vector.accepted and vector.direction == "decode")


def test_the_kit_passes_golden_vectors_packed_ones_too(tmp_path: Path) -> None:
    """All that $GOLDEN has; what the reference made, and this toolkit must make: byte for byte, through files."""
    root = golden_root()
    index = export(FORMAT, golden_vectors(FORMAT, root), tmp_path / "vectors", sync=False)
    results = run(tmp_path / "vectors", index, index.entries, Suite(both()))
    assert [(one.entry.id, one.reason) for one in results if one.outcome != "passed"] == []
    there = {entry.id.partition("/golden/")[2] for entry in index.entries}
    packed = [path.parent for path in sorted(root.glob("*/tree.tar.zst"))]
    small = {folder.name for folder in packed if len(content(folder / "input.fsm") or b"") <= MOST_DATA}
    assert small <= there


def test_a_packed_case_is_the_case(tmp_path: Path) -> None:
    case = next(path for path in sorted(CARRIED.glob("*/tree")) if (path.parent / "input.fsm").is_file()).parent
    packed = tmp_path / "cases" / case.name
    packed.mkdir(parents=True)
    (packed / "case.json").write_bytes((case / "case.json").read_bytes())
    for path in case.glob("*.fsm"):
        (packed / f"{path.name}.zst").write_bytes(zstd.compress(path.read_bytes()))
    with tarfile.open(tmp_path / "tree.tar", "w") as archive:
        archive.add(case / "tree", "tree")
    (packed / "tree.tar.zst").write_bytes(zstd.compress((tmp_path / "tree.tar").read_bytes()))
    (plain,) = {path.parent for path in CARRIED.glob(f"{case.name}/case.json")}
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / case.name).symlink_to(plain)
    assert [*golden_vectors(FORMAT, tmp_path / "cases")] == [*golden_vectors(FORMAT, tmp_path / "plain")]
