"""A stream goes over in one pass: as by way of a tree in folders, byte for byte, and with nothing in any folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from codec import decoding
from codec.api import DecodeOptions, EncodeOptions, Progress, decode_snapshot
from codec.errors import CodecError
from codec.migration.ancestry import Kinship, lineage
from codec.migration.bridge import bridge
from codec.migration.run import MigrateOptions, migrate
from codec.runs import encode_to_file
from codec.spec import library
from tests.laws.test_laws_versions import NEXT, VERSIONS
from tests.support.conformance_kit import long_only
from tests.support.golden_cases import ENGINES, golden_root
from tests.support.laws import CONTAINER, FORMAT
from tools.bench import measure, stream, workloads

MIB = 1 << 20
SIZES = range(1_300, 400_000)  # bytes of golden streams that are taken
SOME = {path.stat().st_size: path for path in sorted(golden_root().glob("*/reencoded.fsm"))}  # several are the same
GOLDEN = [path for size, path in sorted(SOME.items()) if size in SIZES]


def by_way_of_a_tree(source: Path, folder: Path, newer: str, engine: str) -> bytes:
    """What an encode by the newer version makes of the documents, when they stand in folders."""
    old, new = (library.load(name) for name in (FORMAT, newer))
    made = bridge(old, new, Kinship(*(lineage(library.main_file(name)) for name in (FORMAT, newer))))
    switches = dict.fromkeys(made.container.carried_over, True)
    decode = DecodeOptions(sync=False, switches=switches, engine=engine, format=made.container)  # type: ignore[arg-type]
    decode_snapshot(source, folder / "tree", decode)
    encode = EncodeOptions(format=newer, engine=engine)  # type: ignore[arg-type]
    encode_to_file(folder / "tree", folder / "by tree", encode, input_text="", output_text="")
    return (folder / "by tree").read_bytes()


@pytest.mark.parametrize("source", GOLDEN, ids=lambda path: path.parent.name)
def test_golden_streams_go_over_as_by_way_of_a_tree(source: Path, tmp_path: Path) -> None:
    number = GOLDEN.index(source)
    newer, engine = VERSIONS[number % len(VERSIONS)], ENGINES[number % len(ENGINES)]
    migrate(source, tmp_path / "new", MigrateOptions(newer=newer, older=FORMAT, engine=engine))  # type: ignore[arg-type]
    assert (tmp_path / "new").read_bytes() == by_way_of_a_tree(source, tmp_path, newer, engine)


def real() -> Path:
    return golden_root() / "real-a-adapter-redis" / "reencoded.fsm"


def test_a_helper_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(real(), tmp_path / "alone", MigrateOptions(newer=NEXT))
    monkeypatch.setattr(decoding, "WORTH", -1)
    monkeypatch.setattr(decoding, "jobs_of", lambda _: 2)
    migrate(real(), tmp_path / "shared", MigrateOptions(newer=NEXT))
    assert (tmp_path / "shared").read_bytes() == (tmp_path / "alone").read_bytes()


@pytest.mark.parametrize("cut", [0, 3])
def test_what_is_put_aside_has_no_name_at_any_time(cut: int, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "old").write_bytes(real().read_bytes()[: -cut or None])
    seen: list[list[str]] = []

    def look(_: Progress) -> None:
        seen.append(os.listdir(tmp_path / "scratch"))

    options = MigrateOptions(newer=NEXT, scratch_root=tmp_path / "scratch", progress=look)
    try:
        migrate(tmp_path / "old", tmp_path / "new", options)
    except CodecError:
        assert cut
    assert seen
    assert not any(seen)
    assert not os.listdir(tmp_path / "scratch")
    assert (tmp_path / "new").exists() == (not cut)


@long_only
@pytest.mark.parametrize("name", ["w1", "w2"])
def test_a_whole_run_keeps_within_its_memory(name: str, tmp_path: Path) -> None:
    """Far more than what any of its sorters holds; peak memory is that of all processes together."""
    stream.write(workloads.load(name, CONTAINER), CONTAINER, tmp_path / "old", 1, 1, unsorted=False)
    command = [sys.executable, "-m", "tools.main", "migrate", "--to", NEXT]
    ran = measure.run([*command, "--input", str(tmp_path / "old"), "--output", str(tmp_path / "new")], watch=True)
    assert (tmp_path / "new").stat().st_size > 30 * MIB
    assert 0 < ran.pss <= 128 * MIB
