"""Archives and trees that must not be packed or unpacked: refused with a name, and nothing is left."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from codec.archive import pack, unpack
from codec.compression import zstd
from codec.errors import CodecError, DataError, EnvironmentProblem, UsageError
from codec.spec import ready
from codec.spec.container import ArchiveLimits
from tests.support.foreign import ENTRIES, put, state
from tests.support.laws import FORMAT
from tests.support.small_tree import FILES, MANIFEST, contents, entry, lay_out, listed, tar_of
from tools.main import main

GOOD = tar_of()
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x"}
HOSTILE: dict[str, tuple[bytes, str]] = {
    "absolute": (tar_of([entry("/etc/x")]), "tree-path"),
    "above": (tar_of([entry("../x")]), "tree-path"),
    "above, further in": (tar_of([entry("redis/../../x")]), "tree-path"),
    "up and down": (tar_of([entry("redis/../x")]), "tree-path"),
    "folder above": (tar_of([entry("..", kind=tarfile.DIRTYPE)]), "tree-path"),
    "empty component": (tar_of([entry("redis//x")]), "tree-path"),
    "a file called dot": (tar_of([entry(".")]), "archive-entry"),
    "file with a slash": (tar_of([entry("x/", pax_headers={"path": "x/"})]), "tree-path"),
    "NUL in a path": (tar_of([entry("x", pax_headers={"path": "x\0y"})]), "tree-path"),
    "long component": (tar_of([entry("n" * 256)]), "tree-name"),
    "symbolic link": (tar_of([entry("x", kind=tarfile.SYMTYPE, linkname="/etc/passwd")]), "archive-entry"),
    "hard link": (tar_of([entry("x", kind=tarfile.LNKTYPE, linkname="redis/a")]), "archive-entry"),
    "FIFO": (tar_of([entry("x", kind=tarfile.FIFOTYPE)]), "archive-entry"),
    "character device": (tar_of([entry("x", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)]), "archive-entry"),
    "block device": (tar_of([entry("x", kind=tarfile.BLKTYPE)]), "archive-entry"),
    "old sparse file": (tar_of([entry("x", kind=tarfile.GNUTYPE_SPARSE)]), "archive-entry"),
    "sparse file": (tar_of([entry("x", pax_headers=SPARSE)]), "archive-entry"),
    "unknown type": (tar_of([entry("x", kind=b"Z")]), "archive-entry"),
    "global header": (tar_of([entry("x", kind=tarfile.XGLTYPE)]), "archive-entry"),
    "folder with a body": (tar_of([entry("x", b"body", kind=tarfile.DIRTYPE)]), "archive-entry"),
    "file twice": (tar_of([entry("redis/a", b"A")]), "archive-repeated"),
    "file where a folder is": (tar_of([entry("redis/b", b"A")]), "tree-clash"),
    "folder where a file is": (tar_of([entry("redis/a", kind=tarfile.DIRTYPE)]), "tree-clash"),
    "file below a file": (tar_of([entry("redis/a/x")]), "tree-clash"),
    "not in the checksums": (tar_of([entry("x", b"1")]), "tree-checksums"),
    "no manifest": (tar_of(files={}), "archive-no-tree"),
    "a manifest of tomorrow": (
        tar_of(files={**FILES, b"MANIFEST.json": MANIFEST.replace(b'"format_version": 1', b'"format_version": 2')}),
        "ErrUnsupportedFormatVersion",
    ),
    "a manifest that is none": (tar_of(files={**FILES, b"MANIFEST.json": b"[]"}), "ErrInvalidManifest"),
    "nothing": (b"", "archive-format"),
    "no end": (GOOD.rstrip(b"\0"), "archive-format"),
    "data after the end": (GOOD + b"x", "archive-format"),
    "no tar": (bytes(range(256)) * 4, "archive-format"),
    "a negative size": (tar_of([entry("x")]).replace(b"00000000000\x00", b"\xff" * 12), "archive-format"),
    "compressed, then nothing": (b"\x28\xb5\x2f\xfd", "archive-compression"),
    "compressed, cut": (zstd.compress(GOOD)[:-1], "archive-compression"),
    "compressed, with data behind": (zstd.compress(GOOD) + b"x", "archive-compression"),
    "compressed, damaged": (zstd.compress(GOOD)[:40] + b"\xff" + zstd.compress(GOOD)[41:], "archive-compression"),
    "a huge window": (
        zstd.compress(bytes(1 << 20), options={int(zstd.CompressionParameter.window_log): 27})[:3]
        + b"\xfd\x04\x88"
        + b"x" * 99,
        "archive-compression",
    ),
}


def unpacked(archive: bytes, target: Path, **more: object) -> None:
    unpack(io.BytesIO(archive), target, name="archive", format=FORMAT, sync=False, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("archive", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path, archive: bytes, code: str) -> None:
    with pytest.raises(CodecError) as caught:
        unpacked(archive, tmp_path / "below" / "t")
    assert caught.value.code == code
    assert caught.value.exit_status == 2
    assert str(caught.value).isprintable()
    assert os.listdir(tmp_path) == []


def test_what_is_no_threat_is_taken(tmp_path: Path) -> None:
    """As `tar` writes a folder given as `.`: the root itself, `./` in front, folders twice; GNU's long names."""
    extra = [
        entry("./", kind=tarfile.DIRTYPE),
        entry("./redis", kind=tarfile.DIRTYPE),
        entry("redis/", kind=tarfile.DIRTYPE),
    ]
    long = {**FILES, b"redis/" + b"n" * 150: b"long"}
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        unpacked(tar_of(extra, long, format), tmp_path / "t", replace=True)
        assert {path for path, data in contents(tmp_path / "t").items() if data is not None} == set(listed(long))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_or_damaged_archive_gives_the_tree_or_is_refused(tmp_path: Path, compressed: bool) -> None:
    archive = zstd.compress(GOOD) if compressed else GOOD
    unpacked(archive, tmp_path / "good")
    wanted = contents(tmp_path / "good")
    refused = 0
    step = 11 if compressed else 131
    cut = [archive[:size] for size in range(0, len(archive), step)]
    flipped = [archive[:at] + bytes((archive[at] ^ 0x41,)) + archive[at + 1 :] for at in range(0, len(archive), step)]
    for damaged in (*cut, *flipped):
        try:
            unpacked(damaged, tmp_path / "t", replace=True)
        except DataError:
            refused += 1
        else:
            assert contents(tmp_path / "t") == wanted
    assert refused > len(cut) // 2
    assert {path.name for path in tmp_path.iterdir()} <= {"good", "t"}


def test_the_budget_is_kept_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    container = ready.load(FORMAT)
    assert (container.archive.entries, container.archive.bytes) == (1_000_000, 1 << 40)
    total = sum(map(len, listed(FILES).values()))
    for limits in (ArchiveLimits(len(FILES), 1 << 40), ArchiveLimits(1000, total - 1)):
        limited = replace(container, archive=limits)
        monkeypatch.setattr(ready, "load", lambda name, limited=limited: limited)
        with pytest.raises(DataError) as caught:
            unpacked(GOOD, tmp_path / "t")
        assert caught.value.code == "archive-budget"
    monkeypatch.undo()
    info, _ = entry("x", pax_headers={"size": str(1 << 41)})
    with pytest.raises(DataError) as caught:
        unpacked(info.tobuf(tarfile.PAX_FORMAT), tmp_path / "t")
    assert caught.value.code == "archive-budget"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_extended_header_is_not_held_whole(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 1 << 33
    with pytest.raises(DataError, match="extended header is longer"):
        unpacked(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096), tmp_path / "t")


RECORDS = [b"x", b"8 path=x\n", b"10 path=xy\n", b"99 path=x\n", b"0 \n", b"5 ab\n", b"14 size=-100\n", b"11 size=x\n"]


@pytest.mark.parametrize("records", RECORDS)
def test_a_malformed_extended_header_is_refused(tmp_path: Path, records: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    body = info.tobuf(tarfile.USTAR_FORMAT) + records + bytes(-len(records) % 512)
    with pytest.raises(DataError) as caught:
        unpacked(body + GOOD, tmp_path / "t")
    assert caught.value.code == "archive-format"


def test_compression_that_is_not_as_asked_is_refused(tmp_path: Path) -> None:
    for archive, asked in ((GOOD, "zstd"), (zstd.compress(GOOD), "none")):
        with pytest.raises(DataError, match="not compressed as asked"):
            unpacked(archive, tmp_path / "t", compression=asked)


# -- entries that do not belong there ---------------------------------------------------------------------------------

NO_FILES = [kind for kind in ENTRIES if kind not in ("file", "directory", "full-directory")]
PLACES = ["foreign", "redis/foreign", "redis/b/foreign", "redis/a", "MANIFEST.json", "CHECKSUMS"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", NO_FILES)
def test_a_tree_with_an_entry_that_is_no_plain_file_is_not_packed(tmp_path: Path, kind: str, place: str) -> None:
    root = tmp_path / "t"
    lay_out(root, listed(FILES))
    if (root / place).exists():
        (root / place).unlink()
    (tmp_path / "made").mkdir()
    put(kind, tmp_path / "made" / "foreign")
    if kind == "hard-link":
        os.link(tmp_path / "made" / "foreign", root / place)
    elif kind == "socket":
        os.rename(tmp_path / "made" / "foreign", root / place)
    else:
        os.rename(tmp_path / "made" / "foreign", root / place)
    before = state(tmp_path)
    out = io.BytesIO()
    with pytest.raises(DataError):
        pack(root, out, format=FORMAT)
    assert out.getvalue() == b""
    assert state(tmp_path) == before


def test_every_finding_of_a_tree_is_in_one_refusal(tmp_path: Path) -> None:
    files = listed(FILES)
    lay_out(tmp_path / "t", files | {b"redis/a": b"changed", b"extra": b""})
    (tmp_path / "t" / "redis" / "b" / "c").unlink()
    (tmp_path / "t" / "link").symlink_to("redis")
    with (tmp_path / "t" / "CHECKSUMS").open("ab") as text:
        text.write(b"nonsense\n" + b"0" * 64 + b"  ../x\n")
    with pytest.raises(DataError) as caught:
        pack(tmp_path / "t", io.BytesIO(), format=FORMAT)
    assert caught.value.found.startswith("6: ")
    for part in (
        "redis/a (mismatch)",
        "extra (unlisted)",
        "redis/b/c (missing)",
        "link (symlink)",
        "(malformed)",
        "../x (traversal)",
    ):
        assert part in caught.value.found


@pytest.mark.parametrize("name", [b"MANIFEST.json", b"CHECKSUMS"])
def test_an_input_that_is_no_tree_is_wrong_use(tmp_path: Path, name: bytes) -> None:
    files = listed(FILES)
    del files[name]
    lay_out(tmp_path / "t", files)
    for root in ("t", "nowhere"):
        assert main(["archive", "pack", "--input", str(tmp_path / root), "--output", str(tmp_path / "a")]) == 1
    assert os.listdir(tmp_path) == ["t"]


def test_a_tree_that_changes_while_it_is_packed_is_refused(tmp_path: Path) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    for act in (
        lambda: (tmp_path / "t" / "redis" / "a").write_bytes(b"B"),
        lambda: (tmp_path / "t" / "redis" / "a").write_bytes(b"longer"),
        lambda: (tmp_path / "t" / "redis" / "a").unlink(),
    ):
        done: list[object] = []

        def meanwhile(progress: object, act=act, done=done) -> None:  # type: ignore[no-untyped-def]
            if progress.phase == "pack" and not done:  # type: ignore[attr-defined]
                done.append(act())

        with pytest.raises(DataError) as caught:
            pack(tmp_path / "t", io.BytesIO(), format=FORMAT, progress=meanwhile)
        assert caught.value.code == "tree-changed"
        lay_out(tmp_path / "t", listed(FILES))


@pytest.mark.parametrize("kind", ["link", "dangling-link", "fifo", "socket", "directory"])
def test_an_archive_is_read_only_from_a_plain_file(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "a")
    before = state(tmp_path)
    status = main(["archive", "unpack", "--input", str(tmp_path / "a"), "--output", str(tmp_path / "t")])
    assert status == 2
    assert state(tmp_path) == before


@pytest.mark.parametrize(
    "kind", [kind for kind in ENTRIES if kind not in ("file", "hard-link", "link", "dangling-link")]
)
@pytest.mark.parametrize("again", [False, True])
def test_a_foreign_entry_at_the_output_is_kept(tmp_path: Path, kind: str, again: bool) -> None:
    lay_out(tmp_path / "t", listed(FILES))
    put(kind, tmp_path / "a")
    before = state(tmp_path)
    more = ["--replace"] if again else []
    assert main(["archive", "pack", "--input", str(tmp_path / "t"), "--output", str(tmp_path / "a"), *more]) == 1
    assert state(tmp_path) == before


def test_a_target_that_is_there_is_refused_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "old").write_bytes(b"old")
    with pytest.raises(UsageError):
        unpacked(GOOD, tmp_path / "t")
    assert contents(tmp_path / "t") == {b"old": b"old"}
    unpacked(GOOD, tmp_path / "t", replace=True)
    assert b"old" not in contents(tmp_path / "t")


def test_a_sink_that_refuses_is_told(tmp_path: Path) -> None:
    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    lay_out(tmp_path / "t", listed(FILES))
    with pytest.raises(EnvironmentProblem, match="No space left"):
        pack(tmp_path / "t", Full(), format=FORMAT)
