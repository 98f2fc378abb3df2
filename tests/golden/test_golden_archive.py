"""Archives of other programs unpack to the tree they hold, and ours are read by other programs.

`archives/by-go.tar.zst` was written by Go's `archive/tar` in the reference's way (container-and-cli.md §7.1): folders
without a slash at their end, plain USTAR headers where they do, PAX headers for a name that is not ASCII, not UTF-8, or
too long.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from codec.compression import Expanded
from tests.support.golden_cases import load_cases
from tests.support.golden_layout import lay_out_tree
from tests.support.small_tree import contents
from tools.main import main

BY_GO = Path(__file__).parent / "archives" / "by-go.tar.zst"
CARRIED = Path(__file__).parent / "data"
TREES = [case for case in load_cases(CARRIED) if case.decodes]


def plain(path: Path) -> bytes:
    with path.open("rb") as file:
        return Expanded(file, path.name, None).read(1 << 30)


def members(path: Path) -> dict[bytes, bytes | None]:
    """What an archive holds, as Python reads it; None for a folder."""
    with tarfile.open(fileobj=io.BytesIO(plain(path)), errors="surrogateescape") as read:
        return {
            entry.name.encode("utf-8", "surrogateescape"): file.read() if (file := read.extractfile(entry)) else None
            for entry in read
        }


def archive(*arguments: object) -> int:
    return main(["archive", *map(str, arguments), "--quiet"])


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_an_archive_in_the_way_of_the_reference_unpacks(tmp_path: Path, compression: str) -> None:
    source = tmp_path / "input"
    source.write_bytes(BY_GO.read_bytes() if compression == "zstd" else plain(BY_GO))
    for option in ((), ("--compression", compression)):
        assert archive("unpack", "--input", source, "--output", tmp_path / "tree", "--replace", *option) == 0
    expected = members(BY_GO)
    assert contents(tmp_path / "tree") == expected
    assert None in expected.values()
    assert archive("pack", "--input", tmp_path / "tree", "--output", tmp_path / "again") == 0
    assert list(members(tmp_path / "again").items()) == list(expected.items())


@pytest.mark.parametrize("case", TREES, ids=lambda case: case.name)
def test_a_golden_tree_comes_back_from_its_archive(case, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lay_out_tree(case, tmp_path / "tree")
    assert archive("pack", "--input", tmp_path / "tree", "--output", tmp_path / "a") == 0
    assert archive("unpack", "--no-sync", "--input", tmp_path / "a", "--output", tmp_path / "back") == 0
    assert contents(tmp_path / "back") == contents(tmp_path / "tree")


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar here")
def test_tar_reads_what_we_pack(tmp_path: Path) -> None:
    assert archive("unpack", "--no-sync", "--input", BY_GO, "--output", tmp_path / "tree") == 0
    archive("pack", "--input", tmp_path / "tree", "--output", tmp_path / "a.tar", "--compression", "none")
    (tmp_path / "back").mkdir()
    subprocess.run(["tar", "xf", tmp_path / "a.tar", "-C", tmp_path / "back"], check=True)
    assert contents(tmp_path / "back") == contents(tmp_path / "tree")
