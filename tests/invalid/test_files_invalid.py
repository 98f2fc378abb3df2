"""Outputs, files that are read, and lists of checksums: hostile entries at every place are refused, told, and kept."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from codec.errors import EnvironmentProblem, UsageError
from codec.tree import checksums
from codec.tree.publish import OutputFile, clear_stale, move_aside, write_sidecar
from codec.tree.walk import TreeFault, TreeReader
from tests.support.foreign import ENTRIES, put, state

# -- outputs --------------------------------------------------------------------------------------------------------

NO_OUTPUT = [kind for kind in ENTRIES if kind not in ("file", "hard-link", "link", "dangling-link")]
NO_SIDECAR = [kind for kind in ENTRIES if kind != "file"]
WHAT = {"fifo": "FIFO", "full-directory": "directory", "hard-link": "hard link", "dangling-link": "symbolic link"}


@pytest.mark.parametrize("kind", NO_OUTPUT)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_output_that_is_no_file_is_refused_and_kept(tmp_path: Path, kind: str, when: str) -> None:
    def publish() -> None:
        with OutputFile(tmp_path / "out") as output:
            if when == "meanwhile":
                put(kind, tmp_path / "out")
            output.publish()

    if when == "before":
        put(kind, tmp_path / "out")
    before = state(tmp_path)
    with pytest.raises(EnvironmentProblem) as caught:
        publish()
    assert caught.value.code == "foreign-entry"
    assert WHAT.get(kind, kind) in caught.value.found
    assert caught.value.hint
    if when == "before":
        assert state(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == ["other", "out"]


@pytest.mark.parametrize("kind", ["link", "hard-link", "dangling-link"])
def test_what_an_output_is_linked_to_stays(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "out")
    with OutputFile(tmp_path / "out") as output:
        output.write(b"new")
        output.publish()
    assert not (tmp_path / "out").is_symlink()
    assert all(content == b"foreign" for *_, content in state(tmp_path / "other").values())


@pytest.mark.parametrize("parent", ["missing", "file"])
def test_an_output_without_a_directory_is_wrong_use(tmp_path: Path, parent: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught, OutputFile(tmp_path / parent / "out"):
        pass
    assert caught.value.code == "output-parent"


@pytest.mark.parametrize("kind", NO_SIDECAR)
def test_a_sidecar_that_is_not_a_file_of_one_name_is_refused_and_kept(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "side")
    before = state(tmp_path)
    with pytest.raises(EnvironmentProblem) as caught:
        write_sidecar(tmp_path / "side", b"new")
    assert state(tmp_path) == before
    assert caught.value.code == "foreign-entry"
    assert WHAT.get(kind, "symbolic link" if kind == "link" else kind) in caught.value.found


def test_a_fifo_with_a_reader_is_refused_as_a_sidecar(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "side")
    fd = os.open(tmp_path / "side", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(EnvironmentProblem):
            write_sidecar(tmp_path / "side", b"new")
        assert os.read(fd, 10) == b""
    finally:
        os.close(fd)


@pytest.mark.parametrize("kind", ["link", "hard-link", "fifo", "full-directory"])
def test_a_sidecar_that_changes_while_it_is_opened_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "side"
    path.write_bytes(b"ours")
    real = os.open

    def late(name: object, *args: int, **where: int) -> int:
        if name == b"side" and not path.with_name("other").exists():
            path.unlink()
            put(kind, path)
        return real(name, *args, **where)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", late)
    with pytest.raises(EnvironmentProblem):
        write_sidecar(path, b"new")
    contents = {content for *_, content in state(tmp_path).values()}
    assert b"new" not in contents
    assert path.lstat()
    assert not {"link", "hard-link"} & {kind} or b"foreign" in contents


@pytest.mark.parametrize("kind", NO_SIDECAR)
def test_clearing_keeps_what_is_foreign(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "stale")
    before = state(tmp_path)
    clear_stale(tmp_path / "stale")
    assert state(tmp_path) == before


@pytest.mark.parametrize("kind", NO_OUTPUT)
def test_only_files_and_links_are_moved_aside(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "out")
    before = state(tmp_path)
    with pytest.raises(EnvironmentProblem):
        move_aside(tmp_path / "out", ".previous")
    assert state(tmp_path) == before


# -- reading --------------------------------------------------------------------------------------------------------

FAULTS = {
    "hard-link": "hard_link",
    "link": "symlink",
    "dangling-link": "symlink",
    "fifo": "not_regular",
    "socket": "not_regular",
    "directory": "not_regular",
    "device": "not_regular",
    "missing": "missing",
}


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind in [*ENTRIES, "missing"]])
def test_only_a_file_of_one_name_is_read(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "f")
    (tmp_path / "sub").mkdir()
    put(kind, tmp_path / "sub" / "f")
    with TreeReader(tmp_path) as reader:
        for path in ("f", "sub/f"):
            for call in (reader.open, reader.read, reader.size):
                with pytest.raises(TreeFault) as caught:
                    call(path)
                assert (caught.value.kind, caught.value.path) == (FAULTS[kind], path)


def test_a_link_is_not_followed_in_any_place_of_a_path(tmp_path: Path) -> None:
    inner = tmp_path / "t" / "a" / "b" / "c"
    inner.mkdir(parents=True)
    (inner / "f").write_bytes(b"1")
    for place in ("a", "a/b", "a/b/c"):
        real = tmp_path / "t" / place
        aside = tmp_path / "aside"
        real.rename(aside)
        real.symlink_to(aside)
        with TreeReader(tmp_path / "t") as reader:
            for call in (reader.open, reader.read, reader.size, reader.kind):
                with pytest.raises(TreeFault) as caught:
                    call("a/b/c/f")
                assert (caught.value.kind, caught.value.path) == ("symlink", place)
            with pytest.raises(TreeFault):
                reader.entries(place)
        real.unlink()
        aside.rename(real)


def test_a_file_in_the_place_of_a_directory_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    with TreeReader(tmp_path) as reader:
        for call in (reader.open, reader.read, reader.size, reader.kind, reader.entries):
            with pytest.raises(TreeFault) as caught:
                call("f/g")
            assert (caught.value.kind, caught.value.path) == ("not_directory", "f")
        with pytest.raises(TreeFault) as caught:
            reader.entries("absent")
        assert caught.value.kind == "missing"
        assert reader.kind("n" * 256) is None


def test_a_root_that_is_no_directory_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for name, kind in (("f", "not_directory"), ("absent", "missing")):
        with pytest.raises(TreeFault) as caught:
            TreeReader(tmp_path / name)
        assert (caught.value.kind, caught.value.path) == (kind, "")


@pytest.mark.parametrize("content", [b"123456", b"1" * 5_000_000])
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(content)
    with TreeReader(tmp_path) as reader:
        assert reader.read("f", len(content)) == content
        monkeypatch.delattr(os, "read")
        with pytest.raises(TreeFault) as caught:
            reader.read("f", 5)
        assert caught.value.kind == "too_large"


def test_a_growing_file_is_read_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"12")
    real = os.read
    asked: list[int] = []

    def growing(fd: int, size: int) -> bytes:
        asked.append(size)
        with open(tmp_path / "f", "ab") as file:
            file.write(b"x" * 1000)
        return real(fd, size)

    monkeypatch.setattr(os, "read", growing)
    with TreeReader(tmp_path) as reader, pytest.raises(TreeFault) as caught:
        reader.read("f", 100)
    assert caught.value.kind == "too_large"
    assert sum(asked) < 200


def test_a_tree_that_changes_while_it_is_read_cannot_lead_outside(tmp_path: Path) -> None:
    (tmp_path / "t" / "a").mkdir(parents=True)
    (tmp_path / "t" / "a" / "f").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_bytes(b"outside")
    with TreeReader(tmp_path / "t") as reader:
        reader.entries("a")
        (tmp_path / "t" / "a").rename(tmp_path / "t" / "b")
        (tmp_path / "t" / "a").symlink_to(tmp_path / "outside")
        assert reader.read("a/f") == b"inside"
    with TreeReader(tmp_path / "t") as reader, pytest.raises(TreeFault):
        reader.read("a/f")


# -- checksums ------------------------------------------------------------------------------------------------------

ONE = hashlib.sha256(b"1").hexdigest()
TWO = hashlib.sha256(b"2").hexdigest()

LINES: dict[str, tuple[bytes, str]] = {
    "good": (f"{ONE}  f".encode(), ""),
    "binary mark": (f"{ONE} *f".encode(), ""),
    "CR at the end": (f"{ONE}  f\r".encode(), ""),
    "inner dots": (f"{ONE}  sub/.././/f".encode(), ""),
    "escaped": (f"\\{ONE}  new\\nline".encode(), ""),
    "plain backslash": (f"{ONE}  back\\nslash".encode(), ""),
    "no UTF-8": (f"{ONE}  ".encode() + b"\xff", ""),
    "escaped no UTF-8": (f"\\{ONE}  ".encode() + b"\xff\\n", ""),
    "repeated": (f"{ONE}  f\n{ONE}  f".encode(), ""),
    "empty line": (f"\n\r\n{ONE}  f".encode(), ""),
    "short digest": (f"{ONE[1:]}  f".encode(), "malformed"),
    "upper case": (f"{ONE.upper()}  f".encode(), "malformed"),
    "one space": (f"{ONE} f".encode(), "malformed"),
    "tab": (f"{ONE}\t f".encode(), "malformed"),
    "no path": (f"{ONE}  ".encode(), "malformed"),
    "leading space": (f" {ONE}  f".encode(), "malformed"),
    "unknown escape": (f"\\{ONE}  a\\tb".encode(), "malformed"),
    "dangling escape": (f"\\{ONE}  a\\".encode(), "malformed"),
    "the root": (f"{ONE}  .".encode(), "malformed"),
    "the root, cleaned": (f"{ONE}  sub/..".encode(), "malformed"),
    "NUL": (f"{ONE}  a\0b".encode(), "malformed"),
    "absolute": (f"{ONE}  /etc/passwd".encode(), "traversal"),
    "absolute twice": (f"{ONE}  //etc/passwd".encode(), "traversal"),
    "parent": (f"{ONE}  ..".encode(), "traversal"),
    "outside": (f"{ONE}  ../f".encode(), "traversal"),
    "outside, hidden": (f"{ONE}  sub/../../f".encode(), "traversal"),
    "link": (f"{ONE}  link".encode(), "symlink"),
    "below a link": (f"{ONE}  linked/f".encode(), "symlink"),
    "missing": (f"{ONE}  absent".encode(), "missing"),
    "below a file": (f"{ONE}  f/absent".encode(), "missing"),
    "long name": (f"{ONE}  {'n' * 300}".encode(), "missing"),
    "long path": (f"{ONE}  {'n/' * 2500}x".encode(), "unreadable"),
    "directory": (f"{ONE}  sub".encode(), "not_regular"),
    "fifo": (f"{ONE}  fifo".encode(), "not_regular"),
    "hard link": (f"{ONE}  hard".encode(), "hard_link"),
    "wrong digest": (f"{TWO}  f".encode(), "mismatch"),
    "too long": (f"{ONE}  {'n' * 9000}".encode(), "too_long"),
    "much too long": (f"{ONE}  {'n' * 100_000}".encode(), "too_long"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "t"
    (root / "sub").mkdir(parents=True)
    for name in (b"f", b"new\nline", b"back\\nslash", b"\xff", b"\xff\n"):
        with open(os.path.join(os.fsencode(root), name), "wb") as file:
            file.write(b"1")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_bytes(b"1")
    (root / "link").symlink_to("f")
    (root / "linked").symlink_to("../outside")
    os.link(tmp_path / "outside" / "f", root / "hard")
    os.mkfifo(root / "fifo")
    return root


def verify(root: Path, text: bytes) -> list[checksums.Finding]:
    with TreeReader(root) as reader:
        return list(checksums.verify(reader, io.BytesIO(text), max_line=8191))


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("name", LINES)
def test_each_kind_of_line_is_judged(tree: Path, name: str, end: bytes) -> None:
    line, kind = LINES[name]
    found = verify(tree, line + end)
    assert [finding.kind for finding in found] == ([kind] if kind else [])


def test_every_problem_of_a_text_is_reported_with_its_line(tree: Path) -> None:
    found = verify(tree, b"".join(line + b"\n" for line, kind in LINES.values() if b"\n" not in line))
    kinds = [kind for line, kind in LINES.values() if b"\n" not in line]
    assert [(finding.line, finding.kind) for finding in found] == [
        (number, kind) for number, kind in enumerate(kinds, 1) if kind
    ]


@pytest.mark.parametrize("text", [b"", b"\n", b"\r\n\n"])
def test_a_text_without_a_row_is_a_problem(tree: Path, text: bytes) -> None:
    assert verify(tree, text) == [checksums.Finding(0, "empty")]


@pytest.mark.parametrize(("length", "kind"), [(8191, "missing"), (8192, "too_long")])
def test_the_longest_line_is_taken_and_one_byte_more_is_not(tree: Path, length: int, kind: str) -> None:
    dots = length - 66 - len("absent")
    path = "./" * (dots // 2) + "/" * (dots % 2) + "absent"
    line = f"{ONE}  {path}".encode()
    assert len(line) == length
    for end in (b"", b"\n", b"\nx\n"):
        assert [finding.kind for finding in verify(tree, line + end)] == [kind] + ["malformed"] * end.count(b"x")


def test_a_mismatch_says_what_was_expected_and_found(tree: Path) -> None:
    assert verify(tree, f"{ONE}  f\n{TWO}  f\n".encode()) == [checksums.Finding(2, "mismatch", "f", TWO, ONE)]
