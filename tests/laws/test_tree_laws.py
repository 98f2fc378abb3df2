"""What was written is what is read: trees, checksums, single outputs."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tempfile
import tracemalloc
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codec.tree import checksums, directories, staging, system
from codec.tree.files import held
from codec.tree.names import to_bytes, to_text
from codec.tree.publish import OutputFile, clear_stale, move_aside, write_sidecar
from codec.tree.removal import remove_tree
from codec.tree.staging import StagedTree
from codec.tree.walk import Entry, Kind, TreeReader

NAMES = (
    st.binary(min_size=1, max_size=20)
    .map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"0"))
    .filter(lambda raw: raw not in (b".", b".."))
)
# Directories end in "d" and files in "f", so that no path has to be both.
PATHS = st.builds(
    lambda above, name: to_text(b"/".join([*(part + b"d" for part in above), name + b"f"])),
    st.lists(NAMES, max_size=3),
    NAMES,
)
TREES = st.dictionaries(PATHS, st.tuples(st.sampled_from(["write", "create", "append"]), st.binary(max_size=100)))


def write_tree(target: Path, files: dict[str, bytes], **options: bool) -> None:
    with StagedTree(target, sync=False, **options) as tree:
        for path, data in files.items():
            tree.write(path, data)
        tree.publish()


def read_tree(root: Path) -> dict[str, bytes]:
    def walk(path: str) -> Iterator[tuple[str, bytes]]:
        for entry in reader.entries(path):
            inner = f"{path}/{entry.name}" if path else entry.name
            if entry.kind == "directory":
                yield from walk(inner)
            else:
                assert entry.kind == "file"
                yield inner, reader.read(inner)

    with TreeReader(root) as reader:
        return dict(walk(""))


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# -- trees ----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TREES)
@example({"é/\udcff\n\\": ("append", b"x")})
def test_reading_gives_what_was_written_and_the_checksums_hold(files: dict[str, tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "made" / "tree"
        with StagedTree(target, sync=False) as tree:
            for path, (how, data) in files.items():
                if how == "write":
                    tree.write(path, data)
                else:
                    with tree.create(path) if how == "create" else tree.append(path) as file:
                        file.write(data[:50])
                        file.write(data[50:])
            assert tree.files == len(files)
            sums = list(tree.checksums())
            tree.publish()
        assert read_tree(target) == {path: data for path, (_, data) in files.items()}
        in_order = sorted(files, key=to_bytes)
        assert sums == [(path, hashlib.sha256(files[path][1]).hexdigest()) for path in in_order]
        text = b"".join(checksums.format_line(*row) for row in sums)
        with TreeReader(target) as reader:
            problems = list(checksums.verify(reader, io.BytesIO(text), max_line=8191))
        assert [problem.kind for problem in problems] == ([] if files else ["empty"])
        assert os.listdir(folder) == ["made"]
        assert os.listdir(target.parent) == ["tree"]


def test_the_last_write_of_a_path_wins_and_counts_once(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.write("a/x", b"a longer first version")
        tree.write("a/y", b"y")
        with tree.create("a/x") as file:
            file.write(b"second")
        tree.write("a/x", b"third")
        assert tree.files == 2
        assert list(tree.checksums()) == [
            ("a/x", hashlib.sha256(b"third").hexdigest()),
            ("a/y", hashlib.sha256(b"y").hexdigest()),
        ]
        tree.publish()
    assert read_tree(tmp_path / "t") == {"a/x": b"third", "a/y": b"y"}


def test_many_appenders_interleaved_give_whole_files_with_few_descriptors(tmp_path: Path) -> None:
    before = open_descriptors()
    lines = range(6)
    paths = [f"b{number}/lines" for number in range(3 * directories.DEFAULT_LIMIT)]
    with StagedTree(tmp_path / "t", sync=False) as tree:
        for line, path in product(lines, paths):
            tree.append(path).write(b"%d\n" % line)
            if line == 3 and path.endswith("7/lines"):
                tree.append(path).close()  # going on after a close continues the digest
        assert open_descriptors() - before < directories.DEFAULT_LIMIT + 50
        sums = dict(tree.checksums())
        tree.publish()
    expected = b"".join(b"%d\n" % line for line in lines)
    assert read_tree(tmp_path / "t") == dict.fromkeys(paths, expected)
    assert sums == dict.fromkeys(paths, hashlib.sha256(expected).hexdigest())
    assert open_descriptors() == before


def test_digests_on_the_disk_are_given_as_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_DIGESTS", 2000)
    files = {f"{number % 7}/{number}": b"%d" % number for number in range(200)}
    with StagedTree(tmp_path / "t", sync=False) as tree:
        for data in (b"old", None):
            for path, last in files.items():
                tree.write(path, data or last)
        sums = list(tree.checksums())
        tree.publish()
    assert sums == [(path, hashlib.sha256(files[path]).hexdigest()) for path in sorted(files)]
    assert os.listdir(tmp_path) == ["t"]


def test_the_list_of_checksums_is_not_in_itself(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.write("a", b"1")
        rows = tree.checksums()
        with tree.create("SUMS") as file:
            for path, digest in rows:
                file.write(checksums.format_line(path, digest))
        tree.publish()
    assert (tmp_path / "t" / "SUMS").read_bytes() == checksums.format_line("a", hashlib.sha256(b"1").hexdigest())


def test_the_memory_for_a_streamed_body_does_not_grow_with_it(tmp_path: Path) -> None:
    piece = b"x" * 10_000
    tracemalloc.start()
    try:
        with StagedTree(tmp_path / "t", sync=False) as tree:
            with tree.create("body") as file:
                for _ in range(2000):
                    file.write(piece)
            tree.publish()
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "t" / "body").stat().st_size == 20_000_000


@pytest.mark.parametrize(
    ("shared", "umask", "folder", "file"),
    [(False, 0o022, 0o700, 0o600), (False, 0o000, 0o700, 0o600), (True, 0o027, 0o750, 0o640)],
)
def test_a_tree_is_private_unless_the_umask_is_to_decide(
    tmp_path: Path, shared: bool, umask: int, folder: int, file: int
) -> None:
    before = os.umask(umask)
    try:
        with StagedTree(tmp_path / "t", sync=False, shared=shared) as tree:
            tree.write("a/b/file", b"")
            tree.append("a/lines").close()
            tree.mkdir("empty/inner")
            assert stat.S_IMODE(tree.staged.parent.stat().st_mode) == 0o700
            tree.publish()
    finally:
        os.umask(before)
    root = tmp_path / "t"
    for path in (root, root / "a", root / "a/b", root / "empty/inner"):
        assert stat.S_IMODE(path.stat().st_mode) == folder, path
    for path in (root / "a/b/file", root / "a/lines"):
        assert stat.S_IMODE(path.stat().st_mode) == file, path


def test_the_staged_tree_can_be_read_before_it_appears(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.write("a/x", b"1")
        assert read_tree(tree.staged) == {"a/x": b"1"}
        assert not (tmp_path / "t").exists()


def test_a_path_of_the_greatest_depth_is_written_read_and_removed(tmp_path: Path) -> None:
    path = "/".join(["d"] * 2047 + ["f"])
    with StagedTree(tmp_path / "t", sync=False) as tree:
        tree.write(path, b"deep")
        with TreeReader(tree.staged) as reader:
            assert reader.read(path) == b"deep"
            assert reader.kind(path) == "file"
            assert reader.size(path) == 4
    assert os.listdir(tmp_path) == []


def test_a_removed_tree_may_hold_links_and_what_they_lead_to_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"1")
    old = tmp_path / "t"
    (old / "a" / "b").mkdir(parents=True)
    (old / "link").symlink_to(kept)
    (old / "a" / "link").symlink_to(kept)
    (old / "a" / "b" / "link").symlink_to(kept / "file")
    os.link(kept / "file", old / "a" / "b" / "hard")
    os.mkfifo(old / "fifo")
    with held(os.open(tmp_path, os.O_RDONLY)) as parent:
        remove_tree(b"t", parent)
    assert os.listdir(tmp_path) == ["kept"]
    assert (kept / "file").read_bytes() == b"1"


# -- publishing -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["exchange", "no-exchange"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without `renameat2` flags in the kernel."""
    if request.param == "no-exchange":
        monkeypatch.setattr(system, "_rename", lambda *_: False)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_a_replaced_tree_is_gone_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "t"
    write_tree(target, {"a/old": b"1", "b/old": b"1"})
    write_tree(target, {"a/new": b"2"}, replace=True)
    assert read_tree(target) == {"a/new": b"2"}
    assert os.listdir(tmp_path) == ["t"]


def test_replace_makes_a_tree_where_nothing_stands(tmp_path: Path) -> None:
    write_tree(tmp_path / "t", {"a": b"1"}, replace=True)
    assert read_tree(tmp_path / "t") == {"a": b"1"}


def test_a_tree_is_published_with_syncing(tmp_path: Path) -> None:
    with StagedTree(tmp_path / "t") as tree:
        tree.write("a", b"1")
        tree.publish()
    assert read_tree(tmp_path / "t") == {"a": b"1"}


def test_a_link_to_a_directory_stays_and_the_directory_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_tree(tmp_path / "link", {"a": b"1"})
    assert os.readlink(tmp_path / "link") == "real"
    assert read_tree(tmp_path / "real") == {"a": b"1"}
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("why", ["current-directory", "mount"])
def test_what_cannot_be_renamed_over_is_filled_and_stays_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool, why: str
) -> None:
    target = tmp_path / "t"
    target.mkdir()
    if replace:
        (target / "a").mkdir()
        (target / "a" / "old").write_bytes(b"1")
    if why == "mount":
        monkeypatch.setattr(system, "mount_id", lambda fd: fd)
    else:
        monkeypatch.chdir(target)
    inode = target.stat().st_ino
    with StagedTree(target, replace=replace, sync=False) as tree:
        assert tree.staged_inside
        tree.write("a/new", b"2")
        tree.write("b", b"3")
        tree.publish()
    assert read_tree(target) == {"a/new": b"2", "b": b"3"}
    assert target.stat().st_ino == inode
    assert os.listdir(tmp_path) == ["t"]


def test_an_ordinary_target_is_not_staged_inside(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    with StagedTree(tmp_path / "t", sync=False) as tree:
        assert not tree.staged_inside


def test_leaving_without_a_publish_leaves_nothing_not_even_the_parents(tmp_path: Path) -> None:
    def interrupted() -> None:
        with StagedTree(tmp_path / "x" / "y" / "t", sync=False) as tree:
            tree.write("a", b"1")
            tree.append("b").write(b"1")
            raise KeyboardInterrupt

    before = open_descriptors()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []
    assert open_descriptors() == before


# -- reading --------------------------------------------------------------------------------------------------------


def test_entries_are_sorted_by_the_bytes_of_their_names(tmp_path: Path) -> None:
    names = [b"b", b"a-b", b"a", b"B", b"\xff", "é".encode(), b"a.b"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    kinds: dict[bytes, Kind] = {b"link": "symlink", b"file": "file", b"pipe": "other"}
    with TreeReader(tmp_path) as reader:
        expected = [Entry(to_text(name), kinds.get(name, "directory")) for name in sorted([*names, *kinds])]
        assert reader.entries() == expected
        assert [reader.kind(entry.name) for entry in expected] == [entry.kind for entry in expected]
        assert reader.kind("") == "directory"
        assert reader.kind("absent") is None
        assert reader.kind("absent/too") is None


def test_a_reader_opens_few_descriptors_and_closes_them(tmp_path: Path) -> None:
    before = open_descriptors()
    files = {f"d{number}/f": b"%d" % number for number in range(2 * directories.DEFAULT_LIMIT)}
    write_tree(tmp_path / "t", files)
    (tmp_path / "link").symlink_to("t")
    with TreeReader(tmp_path / "link") as reader:
        for path, data in files.items():
            assert reader.read(path, max_bytes=len(data)) == data
            with reader.open(path) as file:
                assert file.read() == data
        assert open_descriptors() - before <= directories.DEFAULT_LIMIT + 2
    assert open_descriptors() == before


# -- the text of checksums ------------------------------------------------------------------------------------------

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(path=st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw).map(to_text), digest=DIGESTS)
@example("\\", "0" * 64)
@example("a\r", "0" * 64)
@example("\udcff\n", "0" * 64)
def test_parsing_a_line_gives_the_path_and_digest_it_was_made_of(path: str, digest: str) -> None:
    line = checksums.format_line(path, digest)
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert checksums.parse_line(line[:-1]) == checksums.Row(digest, path)


@given(st.from_regex(rb"\\?[0-9a-f]{64} [ *][a\\nr\r/]{0,10}[a\\nr]", fullmatch=True))
def test_formatting_a_parsed_line_loses_nothing(line: bytes) -> None:
    row = checksums.parse_line(line)
    if row is not None:
        assert checksums.parse_line(checksums.format_line(row.path, row.digest)[:-1]) == row
    else:
        assert line.startswith(b"\\")


def test_the_tool_of_the_same_name_agrees(tmp_path: Path) -> None:
    files = {name: name.encode("utf-8", "surrogateescape") for name in ["a b", "a\\b", "a\nb", "a\rb", "é", "\udcff"]}
    with StagedTree(tmp_path / "t", sync=False) as tree:
        for path, data in files.items():
            tree.write(path, data)
        text = b"".join(checksums.format_line(*row) for row in tree.checksums())
        tree.publish()
    command = ["sha256sum", "--check", "--strict", "--quiet"]
    told = subprocess.run(command, input=text, cwd=tmp_path / "t", capture_output=True)
    assert (told.returncode, told.stdout, told.stderr) == (0, b"", b"")


# -- single outputs -------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1]), max_size=5))
def test_an_output_holds_what_was_written(sizes: list[int]) -> None:
    pieces = [bytes([65 + at]) * size for at, size in enumerate(sizes)]
    whole = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        with OutputFile(path) as output:
            for piece in pieces:
                output.write(memoryview(piece))
            output.flush()
            assert output.temporary.read_bytes() == whole
            output.publish()
        assert path.read_bytes() == whole
        assert output.size == len(whole)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(folder) == ["out"]


def previous_output(path: Path, kind: str) -> object:
    """Put a previous output there; what must be found again after a roll-back."""
    if kind == "file":
        path.write_bytes(b"previous")
        path.chmod(0o644)
    elif kind == "link":
        path.symlink_to("elsewhere")
    return state_of(path)


def state_of(path: Path) -> object:
    if not os.path.lexists(path):
        return None
    status = path.lstat()
    content = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return status.st_ino, status.st_mode, content


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["nothing", "file", "link"])
@pytest.mark.parametrize("how", ["error", "roll-back", "unpublished", "success"])
def test_the_previous_output_is_back_unless_all_went_well(tmp_path: Path, kind: str, how: str) -> None:
    path = tmp_path / "out"
    previous = previous_output(path, kind)
    names = os.listdir(tmp_path)
    try:
        with OutputFile(path) as output:
            output.write(b"new")
            if how != "unpublished":
                output.publish()
                assert path.read_bytes() == b"new"
            if how == "roll-back":
                output.roll_back()
                assert state_of(path) == previous
            if how == "error":
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    if how == "success":
        assert path.read_bytes() == b"new"
        assert not path.is_symlink()
        assert os.listdir(tmp_path) == ["out"]
    else:
        assert state_of(path) == previous
        assert os.listdir(tmp_path) == names


@pytest.mark.usefixtures("way")
def test_moving_aside_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "out"
    assert move_aside(path, ".previous") is None
    moved = []
    for content in (b"1", b"2", b"3"):
        path.write_bytes(content)
        moved.append(move_aside(path, ".previous"))
    assert moved == [tmp_path / f"out.previous{number}" for number in ("", ".2", ".3")]
    assert [place.read_bytes() for place in moved if place] == [b"1", b"2", b"3"]
    assert not path.exists()


@pytest.mark.parametrize("older", [None, b"", b"a longer older content"])
def test_a_sidecar_has_the_new_content_and_is_private(tmp_path: Path, older: bytes | None) -> None:
    path = tmp_path / "side"
    if older is not None:
        path.write_bytes(older)
        path.chmod(0o666)
    write_sidecar(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_stale_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "absent", "absent/inner"):
        clear_stale(tmp_path / name)
    assert os.listdir(tmp_path) == []
