"""Pack and unpack are inverse, equal trees give equal bytes, and neither holds more than pieces of a tree."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codec.archive import Compression, pack, pack_to_file, unpack
from codec.errors import UsageError
from codec.stream.sort import Sorter
from tests.support.laws import FORMAT, examples
from tests.support.small_tree import FILES, contents, lay_out, listed
from tools.main import main

NAMES = st.binary(min_size=1, max_size=60).filter(lambda name: not set(name) & {0, 47} and name not in (b".", b".."))
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(b"/".join)


def packed(root: Path, compression: Compression = "none") -> bytes:
    out = io.BytesIO()
    pack(root, out, format=FORMAT, compression=compression)
    return out.getvalue()


def without_clashes(files: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """No path is a folder of another, and none takes a name of the tree itself."""
    kept: dict[bytes, bytes] = {}
    for path, data in sorted(files.items()):
        if not any(path.startswith(other + b"/") for other in kept) and path.split(b"/")[0] not in (
            b"CHECKSUMS",
            b"MANIFEST.json",
        ):
            kept[path] = data
    return kept


@examples(40)
@given(st.dictionaries(PATHS, st.binary(max_size=2000), max_size=6), st.sampled_from(("zstd", "none")))
@example({b"n" * 100 + b"/" + b"m" * 200: b"1", b"\xff/\\\n\r": b"2", b"a-b": b"", b"a/b": b"x" * 600_000}, "zstd")
def test_a_tree_comes_back_and_packs_to_the_same_bytes(files: dict[bytes, bytes], compression: Compression) -> None:
    with TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        lay_out(one, listed({**without_clashes(files), **FILES}), [b"empty/folder"])
        archive = packed(one, compression)
        result = unpack(io.BytesIO(archive), two, name="archive", format=FORMAT, sync=False)
        assert contents(two) == contents(one)
        assert (result.files, result.compression) == (len(without_clashes(files)) + len(FILES) + 1, compression)
        assert packed(two, compression) == archive


def test_equal_trees_give_equal_bytes_whoever_made_them_and_when(tmp_path: Path) -> None:
    files = listed(FILES)
    lay_out(tmp_path / "one", files)
    lay_out(tmp_path / "two", dict(reversed(files.items())))
    for path in sorted((tmp_path / "two").rglob("*")):
        path.chmod(0o755)
        os.utime(path, (1, 1))
    assert packed(tmp_path / "one") == packed(tmp_path / "two")


def test_entries_stand_in_the_order_of_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path / "t", listed({**FILES, b"a-b/1": b"", b"a/z": b"", b"B": b""}))
    wanted = packed(tmp_path / "t")
    with tarfile.open(fileobj=io.BytesIO(wanted)) as archive:
        names = [entry.name.encode() for entry in archive]
    assert names == sorted(names)
    monkeypatch.setattr(Sorter.__init__, "__defaults__", (300, None))  # what spills to the disk comes out the same
    assert packed(tmp_path / "t") == wanted


def test_the_tree_is_that_of_a_decode_and_the_archive_is_private(tmp_path: Path) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    pack_to_file(tmp_path / "t", tmp_path / "a", format=FORMAT)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    with (tmp_path / "a").open("rb") as file:
        unpack(file, tmp_path / "back", name="a", format=FORMAT, sync=False)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "back").rglob("*") if path.is_file()} == {0o600}


def test_an_archive_that_is_there_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(UsageError) as caught:
        pack_to_file(tmp_path / "t", tmp_path / "a", format=FORMAT)
    assert caught.value.code == "output-exists"
    assert (tmp_path / "a").read_bytes() == b"old"
    pack_to_file(tmp_path / "t", tmp_path / "a", format=FORMAT, replace=True)
    assert (tmp_path / "a").read_bytes() != b"old"
    assert sorted(os.listdir(tmp_path)) == ["a", "t"]


@pytest.mark.parametrize("output", ["t/a", "t/redis/a", "t/../t/a"])
def test_an_archive_is_not_written_into_its_tree(tmp_path: Path, output: str) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    with pytest.raises(UsageError) as caught:
        pack_to_file(tmp_path / "t", tmp_path / output, format=FORMAT)
    assert caught.value.code == "archive-inside"


def test_standard_output_carries_only_the_archive(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    for more in ((), ("--json",)):
        assert main(["archive", "pack", "--input", str(tmp_path / "t"), "--output", "-", *more]) == 0
        said = capfdbinary.readouterr()
        assert said.out == packed(tmp_path / "t", "zstd")
        assert b"sha256" in said.err
    (tmp_path / "a").write_bytes(said.out)
    with (tmp_path / "a").open() as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        assert main(["archive", "unpack", "--input", "-", "--output", str(tmp_path / "back"), "--no-sync"]) == 0
    assert contents(tmp_path / "back") == contents(tmp_path / "t")


def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    size = 48 << 20
    lay_out(tmp_path / "t", listed({**FILES, b"large": bytes(size)}))
    tracemalloc.start()
    try:
        pack_to_file(tmp_path / "t", tmp_path / "a", format=FORMAT)
        with (tmp_path / "a").open("rb") as file:
            unpack(file, tmp_path / "back", name="a", format=FORMAT, sync=False)
        assert tracemalloc.get_traced_memory()[1] < size // 3
    finally:
        tracemalloc.stop()
    assert (tmp_path / "back" / "large").stat().st_size == size
    assert (tmp_path / "a").stat().st_size < 100_000


def test_a_deep_tree_comes_back(tmp_path: Path) -> None:
    deep = b"/".join([b"d"] * 400)
    lay_out(tmp_path / "t", listed({**FILES, deep + b"/file": b"deep"}))
    unpack(io.BytesIO(packed(tmp_path / "t")), tmp_path / "back", name="archive", format=FORMAT, sync=False)
    assert contents(tmp_path / "back") == contents(tmp_path / "t")
