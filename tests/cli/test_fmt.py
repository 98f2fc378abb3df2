"""`codec fmt` gives edited documents the form of a decode, refreshes the checksums, and touches nothing else."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from codec.api import EncodeOptions, FormatOptions, FormatResult, VerifyOptions, format_tree, verify_snapshot
from codec.errors import CodecError, DataError
from codec.runs import encode_to_file
from tests.support.faults import fail, injected, kill
from tests.support.golden_cases import golden_root, load_cases, read_files
from tests.support.golden_layout import lay_out_tree
from tools.main import main

CASES = {case.name: case for case in load_cases(golden_root()) if case.decodes and not case.info.get("packed")}
SOME = ("redis-hll-legacy", "sqs-basic", "ddb-basic", "s3-metadata", "redis-set-meta-only", "real-a-adapter-two")


def formatted(tree: Path, **options: object) -> tuple[list[str], FormatResult]:
    changed: list[str] = []
    return changed, format_tree(tree, FormatOptions(changed=changed.append, **options))  # type: ignore[arg-type]


def respelt(data: bytes) -> bytes:
    """The same JSON in other words: members in another order, other white space, a name escaped."""
    value = json.loads(data, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
    if isinstance(value, dict):
        value = dict(reversed(value.items()))
    return json.dumps(value, indent=1, ensure_ascii=True).encode() + b"\n"


def edited(tree: Path) -> list[str]:
    """Respell every JSON document of the tree; their paths."""
    paths = []
    for path in sorted(tree.rglob("*.json")):
        if path.parent != tree:
            path.write_bytes(respelt(path.read_bytes()))
            paths.append(path.relative_to(tree).as_posix())
    return paths


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@pytest.mark.parametrize("name", [name for name in SOME if name in CASES])
def test_a_tree_in_other_words_comes_back_byte_for_byte(name: str, engine: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES[name], tree)
    before = read_files(tree)
    inodes = {path: path.stat().st_ino for path in tree.rglob("*")}
    assert formatted(tree) == ([], FormatResult(formatted(tree)[1].documents, 0, False))
    assert {path: path.stat().st_ino for path in tree.rglob("*")} == inodes
    paths = edited(tree)
    touched = {path for path in read_files(tree) if read_files(tree)[path] != before[path]}
    assert main(["fmt", "--check", str(tree), "-q"]) == (2 if touched else 0)
    assert touched == {path for path in read_files(tree) if read_files(tree)[path] != before[path]}
    changed, result = formatted(tree, engine=engine)
    assert set(changed) == touched <= set(paths)
    assert (result.changed, result.checksums) == (len(changed), False), "the list is that of the documents as they were"
    assert read_files(tree) == before
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_lines_are_sorted_and_members_printed_as_a_decode_does(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["sqs-order"], tree)
    before = read_files(tree)
    (messages,) = tree.rglob("messages.jsonl")
    lines = messages.read_text().splitlines()
    messages.write_text("\n\n".join(json.dumps(json.loads(line)) for line in reversed(lines)))
    assert len(formatted(tree)[0]) == 1
    assert read_files(tree) == before


def test_an_edit_lives_together_with_the_self_test(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["redis-hll-legacy"], tree)
    hashes = tree / "redis" / "db_0" / "hashes"
    hashes.mkdir()
    (hashes / "h.json").write_text('{"fields":[{"value":"2","name":"b"},{"name":"a","value":"1"}],"format_version":1}')
    options = EncodeOptions(adapters=("redis",), self_test=True, verify=True)
    with pytest.raises(DataError) as error:
        encode_to_file(tree, tmp_path / "x.fsm", options, input_text="", output_text="")
    assert error.value.code == "tree-checksums"
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]
    _, result = formatted(tree)
    assert (result.changed, result.checksums) == (1, True)
    encoded = encode_to_file(tree, tmp_path / "x.fsm", options, input_text="", output_text="")
    assert encoded.self_test_matched
    found: list[CodecError] = []
    verify_snapshot(tree, VerifyOptions(found=found.append))
    assert found == []


def test_nothing_is_changed_as_long_as_a_document_cannot_be_read(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["redis-hll-legacy"], tree)
    sets = tree / "redis" / "db_0" / "sets"
    sets.mkdir()
    (sets / "a.json").write_text('{"format_version": 1, "members": []}')
    (sets / "b.json").write_text('{"format_version": 1, "members": [1]}')
    (sets / "c.json").write_text("[")
    before, found = read_files(tree), list[CodecError]()
    with pytest.raises(DataError) as error:
        formatted(tree, found=found.append)
    assert error.value.code == "unreadable-documents"
    assert [one.place.source[-6:] for one in found] == ["b.json", "c.json"]
    assert read_files(tree) == before


@pytest.mark.parametrize("kind", ["link", "second name"])
def test_what_is_no_plain_file_is_refused_before_anything_is_changed(kind: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay_out_tree(CASES["redis-hll-legacy"], tree)
    sets = tree / "redis" / "db_0" / "sets"
    sets.mkdir()
    (sets / "a.json").write_text('{"format_version": 1, "members": []}')
    if kind == "link":
        (sets / "b.json").symlink_to("a.json")
    else:
        (sets / "b.json").hardlink_to(sets / "a.json")
    before = read_files(tree)
    with pytest.raises(DataError):
        formatted(tree)
    assert read_files(tree) == before


STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 11  # of how many calls one is tried


@pytest.mark.parametrize("how", ["fails", "is the last before a kill"])
def test_every_document_is_the_old_one_or_the_new_one(how: str, tmp_path: Path) -> None:
    """The Nth file-system call goes wrong; what is left over goes away with the next run."""
    model = tmp_path / "model"
    lay_out_tree(CASES["ddb-basic"], model)
    edited(model)
    before = read_files(model)
    whole = tmp_path / "whole"
    shutil.copytree(model, whole)
    formatted(whole)
    after = read_files(whole)
    for nth in count(1, STEP):
        folder = tmp_path / str(nth)
        tree = folder / "tree"
        shutil.copytree(model, tree)
        if how == "fails":
            with injected(nth, fail) as seen, suppress(CodecError):
                formatted(tree)
            hit = seen.hit
        else:
            child = os.fork()
            if not child:
                with injected(nth, kill):
                    formatted(tree)
                os._exit(0)
            hit = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        found = read_files(tree)
        assert found.keys() == before.keys()
        assert all(found[path] in (before[path], after[path]) for path in found), nth
        formatted(tree)
        assert read_files(tree) == after
        assert [path.name for path in folder.iterdir()] == ["tree"], nth
        if not hit:
            assert nth > 20
            return
