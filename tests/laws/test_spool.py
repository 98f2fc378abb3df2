"""A spool answers as a tree in folders does: the same names, kinds, contents, parts and refusals, from either process."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codec.crew import Crew
from codec.errors import TreeError
from codec.mapping.target import Target, TreeTarget
from codec.tree import paths, spool, spooled
from codec.tree.readable import Cutter, Readable
from codec.tree.spans import Spans
from codec.tree.spool import SpooledTree
from codec.tree.spooled import SpooledSpans
from codec.tree.staging import StagedTree, Twice
from codec.tree.walk import TreeFault, TreeReader
from tests.laws.test_tree_laws import NAMES, PATHS

EVERY = 7  # bytes of a part
WAYS = ("write", "stream", "blocks", "append", "mkdir")
FEW = st.sampled_from(["a", "a/b", "a/b/c", "a.b", "ab", "a/b.c", "é/\udcff", "b"])
STEPS = st.lists(st.tuples(FEW | PATHS, st.sampled_from(WAYS), st.binary(max_size=60)), max_size=25)


def do(target: Target, steps: list[tuple[str, str, bytes]]) -> None:
    """Write as a decode does: a path always the same way, lines to be gone on with."""
    chosen: dict[str, str] = {}
    for path, how, data in steps:
        how = chosen.setdefault(path, how)
        if how == "write":
            target.write(path, data)
        elif how == "stream":
            target.stream(path, (chr(byte) for byte in data))
        elif how == "blocks":
            target.stream_bytes(path, (data[at : at + 3] for at in range(0, len(data), 3)))
        elif how == "append":
            target.append(path, data)
        else:
            target.mkdir(path)


@contextmanager
def small() -> Iterator[None]:
    """Blocks, buffers and budgets of some few items."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "ROWS", 3)
        patch.setattr(paths, "HELD", 2)
        for module, name in ((spool, "_BUFFER"), (spool, "_LINES"), (spool, "_SORTED"), (spooled, "_AT_ONCE")):
            patch.setattr(module, name, 40)
        yield


def asked(tree: Readable, cutter: Cutter, more: list[str]) -> dict[str, object]:
    """Everything that can be asked of a tree, at all its paths and at `more`."""
    answers: dict[str, object] = {}

    def ask(path: str) -> None:
        answers[path] = kind = tree.kind(path)
        if path:
            answers[f"{path} read"] = refused_or(lambda: tree.read(path))
            answers[f"{path} a little"] = refused_or(lambda: tree.read(path, 5))
        answers[f"{path} entries"] = found = refused_or(lambda: tree.entries(path))
        answers[f"{path} each"] = refused_or(lambda: list(tree.each(path)))
        if kind == "file":
            size, spans = cutter.of(path, EVERY)
            answers[f"{path} parts"] = (size, tree.size(path), [cutter.fetch(span) for span in spans])
            with tree.open(path) as file:
                first = file.read(50)
                file.seek(-len(first) // 2, 1)
                answers[f"{path} open"] = (first, file.read())
            with tree.open(path) as file:
                answers[f"{path} lines"] = list(file)
        for entry in found if isinstance(found, list) else ():
            ask(f"{path}/{entry.name}" if path else entry.name)

    for path in ("", *more):
        ask(path)
    return answers


def refused_or(call: Callable[[], object]) -> object:
    try:
        return call()
    except TreeFault as fault:
        return fault.kind
    except TreeError as refused:
        return refused.code


@settings(max_examples=80, deadline=None)
@given(STEPS, NAMES.map(lambda raw: raw.decode("utf-8", "surrogateescape")))
@example([("a/b", "append", b"1" * 30), ("a/b/c", "write", b"")], "x")
@example([("a", "mkdir", b""), ("a", "mkdir", b""), ("a/b", "blocks", b"1" * 60), ("a.b", "write", b"x")], "a")
def test_a_spool_is_read_as_a_tree_is(steps: list[tuple[str, str, bytes]], absent: str) -> None:
    with small(), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        staged = stack.enter_context(StagedTree(Path(folder, "tree"), sync=False))
        on_disk = TreeTarget(staged)
        held = stack.enter_context(SpooledTree())

        def in_folders() -> dict[str, object]:
            do(on_disk, steps)
            on_disk.close()
            with TreeReader(staged.staged) as reader, Spans(reader) as spans:
                return asked(reader, spans, [absent])

        def in_a_spool() -> dict[str, object]:
            do(held, steps)
            found = held.finish()
            return asked(found, SpooledSpans(found), [absent])

        assert refused_or(in_a_spool) == refused_or(in_folders)


def test_a_path_that_cannot_stand_in_a_tree_is_refused() -> None:
    with SpooledTree() as held:
        for path in ("/a", "a/../b", "..", "a\0b", "a//b", "", "a/" * 2048 + "a"):
            with pytest.raises(TreeError) as caught:
                held.write(path, b"")
            assert caught.value.code == "tree-path"


def test_what_gives_blocks_may_write_meanwhile() -> None:
    with small(), SpooledTree() as held:

        def blocks() -> Iterator[bytes]:
            for number in range(9):
                held.write(f"beside/{number}", b"%d" % number * 30)
                yield b"%d" % number * 20

        held.stream_bytes("body", blocks())
        found = held.finish()
        assert found.read("body") == b"".join(b"%d" % number * 20 for number in range(9))
        assert found.read("beside/4") == b"4" * 30
        assert b"".join(map(SpooledSpans(found).fetch, SpooledSpans(found).of("body", EVERY)[1])) == found.read("body")


def test_a_helper_writes_into_the_same_spool() -> None:
    with small(), SpooledTree(exclusive=True) as held:

        def work(job: object) -> object:
            held.write(f"f{job}", b"%d" % job * 20)  # type: ignore[str-format]
            held.append("lines", b"%d\n" % job)  # type: ignore[str-format]
            return held.noted()

        crew = Crew(work, held.note_only)
        try:
            for number in range(40):
                crew.put(number, held.take_over)
            crew.finish()
        finally:
            crew.close()
        found = held.finish()
        assert [entry.name for entry in found.entries()] == sorted([*(f"f{n}" for n in range(40)), "lines"])
        assert all(found.read(f"f{number}") == b"%d" % number * 20 for number in range(40))
        assert sorted(found.read("lines").split()) == sorted(b"%d" % number for number in range(40))


def test_with_two_writers_a_file_that_is_written_twice_is_said_to_be() -> None:
    with SpooledTree(exclusive=True) as held:
        held.write("a", b"1")
        held.write("a", b"2")
        with pytest.raises(Twice):
            held.finish()


def test_memory_does_not_grow_with_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SORTED", "_LINES", "_BUFFER"):
        monkeypatch.setattr(spool, name, 50_000)
    monkeypatch.setattr(paths, "HELD", 4)

    files = 8000  # whose rows alone would take 2 MB
    tracemalloc.start()
    try:
        with SpooledTree() as held:
            for number in range(files):
                held.write(f"folder/{number * 7919 % files:09}", b"%d" % number)
                held.append("lines", b"%d\n" % number)
            found = held.finish()
            assert sum(1 for entry in found.each("folder") if found.read(f"folder/{entry.name}")) == files
            assert found.size("lines") >= files
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()
