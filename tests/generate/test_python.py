"""`codec generate python`: one module, no toolkit, and it says and writes what the engines say and write.

codec generate python elastickv -o elastickv.py

>>> import elastickv
>>> snapshot = elastickv.decode(open("backup.fsm", "rb").read())
>>> elastickv.documents(snapshot.things[0])
>>> open("again.fsm", "wb").write(elastickv.encode(snapshot))
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given

from codec.generate.outputs import python
from codec.spec import library
from codec.spec.workbench import formats
from codec.testing import History, damage, histories, in_order
from codec.testing.containers import bare
from tests.cli.stand_in import Shell
from tests.support.golden_cases import Case, golden_root, load_cases
from tests.support.laws import ADAPTERS, CONTAINER, FORMAT, Decoded, decode, examples
from tests.support.stream_oracle import Row, write_stream

TEXT = python(CONTAINER)
CASES = load_cases(golden_root())
LINES = ("expiry", "line")  # documents that share a file with others
CHANGED_NAMES = "s3/"  # where a tree gives files other names than their keys
SIDECAR = ".elastickv-meta.json"


def loaded(text: str, name: str = "generated") -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module  # where dataclasses look for it
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    return module


MODULE: Any = loaded(TEXT)


# ------------------------------------------------------------------------------------------------ for a stranger


def test_a_stream_is_read_edited_and_written() -> None:
    case = next(case for case in CASES if case.name == "redis-hash-length-mismatch")
    snapshot = MODULE.decode(case.input_bytes)
    (thing,) = snapshot.things
    assert isinstance(thing, MODULE.Hash)
    thing.fields.append(MODULE.HashFields(name=b"zone", value=b"north"))
    again = MODULE.decode(MODULE.encode(snapshot))
    assert again.things == [thing]
    (document,) = MODULE.documents(thing)
    assert document.path.startswith("redis/db_0/hashes/")
    assert json.loads(document.content)["fields"][-1] == {"name": "zone", "value": "north"}
    assert MODULE.read("Hash", {"document": document.content}, key=thing.key) == thing


def test_the_command_writes_the_module(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "elastickv.py"
    said = Shell(capsys).codec("generate", "python", FORMAT, "-o", str(target))
    assert (said.status, said.err) == (0, "")
    assert target.read_text("utf-8") == TEXT
    refused = Shell(capsys).codec("generate", "python", FORMAT, "-o", str(tmp_path / "nowhere" / "x.py"))
    assert refused.status == 1
    assert "error[output-parent]" in refused.err


def test_it_needs_nothing_but_python(tmp_path: Path) -> None:
    tree = ast.parse(TEXT)
    imported = {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported - {"__future__"} <= set(sys.stdlib_module_names)
    (tmp_path / "alone.py").write_text(TEXT, "utf-8")
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import alone; print(len(alone.encode(alone.Snapshot(7))))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("16\n", "")


def test_it_is_strictly_typed(tmp_path: Path) -> None:
    from mypy import api

    (tmp_path / "alone.py").write_text(TEXT, "utf-8")
    (tmp_path / "empty.ini").write_text("[mypy]\n")
    options = ["--strict", "--config-file", str(tmp_path / "empty.ini"), "--cache-dir", str(tmp_path / "cache")]
    said, _, status = api.run([*options, str(tmp_path / "alone.py")])
    assert (status, said) == (0, "Success: no issues found in 1 source file\n")


# ------------------------------------------------------------------------------------------------ same as the engines


Shown = tuple[dict[str, bytes], Counter[bytes]]


def shown(module: Any, things: list[Any]) -> Shown:
    """The documents of all things: by path, and without one where a tree changes names."""
    files: dict[str, bytes] = {}
    renamed: Counter[bytes] = Counter()
    for one in (one for thing in things for one in module.documents(thing)):
        if one.path.startswith(CHANGED_NAMES):
            renamed[one.content] += 1
        else:
            files[one.path] = files.get(one.path, b"") * (one.kind in LINES) + one.content
    return files, renamed


def in_tree(expected: Decoded) -> Shown:
    """The documents of a tree, without its manifest and the files that turn names back."""
    names = {names.path.rpartition("/")[2] for adapter in CONTAINER.adapters for names in adapter.names.values()}
    turned = {
        path for path in expected.files if path.rpartition("/")[2] in names and path + SIDECAR not in expected.files
    }
    left = {path: text for path, text in expected.files.items() if path not in (CONTAINER.manifest.path, *turned)}
    renamed = Counter(text for path, text in left.items() if path.startswith(CHANGED_NAMES))
    return {path: text for path, text in left.items() if not path.startswith(CHANGED_NAMES)}, renamed


def same_documents(module: Any, data: bytes, expected: Decoded) -> None:
    """What the module makes of a stream is what the engines make of it: the same documents, or the same refusal."""
    if expected.error is not None:
        with pytest.raises(module.CodecError) as refused:
            module.decode(data)
        assert refused.value.code == expected.error["code"]
        return
    assert shown(module, module.decode(data).things) == in_tree(expected)


def golden_streams(case: Case) -> Iterator[bytes]:
    yield from (data for data in (case.input_bytes, case.reencoded()) if data)


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_every_golden_stream_gives_the_documents_of_the_engines(case: Case) -> None:
    for data in golden_streams(case):
        same_documents(MODULE, data, decode(data, format=FORMAT))


def read_again(thing: Any, made: dict[int, Any]) -> Any:
    """The thing that the documents of a thing show."""
    if id(thing) not in made:
        kind = MODULE.BY_CLASS[type(thing)]
        known = {name: getattr(thing, name) for name in kind.identity if "." not in name}
        if kind.alias:
            known[kind.alias] = read_again(getattr(thing, kind.alias), made)
        made[id(thing)] = MODULE.read(kind.name, {one.kind: one.content for one in MODULE.documents(thing)}, **known)
    return made[id(thing)]


def plainly_encoded(case: Case) -> bool:
    """Whether the golden stream is that of all the newest versions."""
    selected = {"--adapter", "--versions"} & {*case.info["decode_args"], *case.info.get("encode_args", ("--adapter",))}
    return case.decodes and not selected and case.versions()[0] == "newest" and case.reencoded() is not None


@pytest.mark.parametrize("case", [case for case in CASES if plainly_encoded(case)], ids=lambda one: one.name)
def test_documents_read_again_are_written_as_the_golden_stream(case: Case) -> None:
    snapshot = MODULE.decode(case.input_bytes)
    made: dict[int, Any] = {}
    snapshot.things = [read_again(thing, made) for thing in snapshot.things]
    snapshot.last_commit_ts = MODULE.decode(case.reencoded()).last_commit_ts
    assert MODULE.encode(snapshot) == case.reencoded()


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: one.name)
def test_drawn_streams_give_the_documents_of_the_engines(adapter: Any) -> None:
    @examples(10)
    @given(history=histories(CONTAINER, (adapter,)))
    def law(history: History) -> None:
        data = bare(CONTAINER, in_order(CONTAINER, replace(history, operational=())))
        same_documents(MODULE, data, decode(data, format=FORMAT))

    law()


def test_an_empty_name_leaves_no_folder() -> None:
    """An item whose hash and range keys are empty text."""
    schema = b"\0DS\1\n\x01t\x1a\x06\n\x01h\x12\x01r(\x018\x01"
    item = b"\0DI\1\n\x07\n\x01h\x12\x02\n\0\n\x07\n\x01r\x12\x02\n\0"
    rows = [Row(b"!ddb|item|dA|1|\0\1\0\1", 1, 0, 0, item), Row(b"!ddb|meta|table|dA", 1, 0, 0, schema)]
    data = write_stream(1, rows)
    expected = decode(data, format=FORMAT)
    assert expected.error is None
    assert any(path.endswith("/items/.json") for path in expected.files)
    same_documents(MODULE, data, expected)


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"format_version": 2}', "format_version", "1"),
        ('{"format_version": 1, "Fields": []}', "Fields", "a member in the right letter case"),
        ('{"format_version": 1, "fields": [{"name": "a", "value": 7}]}', "fields.0.value", "a string, or an object"),
        ('{"format_version": 1, "expire_at_ms": -1}', "expire_at_ms", "0 to 18446744073709551615"),
        ("[]", "", "an object"),
    ],
)
def test_a_wrong_document_is_refused_with_its_member(text: str, path: str, expected: str) -> None:
    with pytest.raises(MODULE.DocumentError) as refused:
        MODULE.read("Hash", {"document": text.encode()}, key=b"k")
    assert refused.value.path == path
    assert refused.value.expected.startswith(expected)


@pytest.mark.parametrize("text", [b"{", b'{"a": 1, "a": 2}', b'{"format_version": NaN}', b"\xff", b'{"x": "\\ud800"}'])
def test_what_is_no_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(MODULE.DocumentError):
        MODULE.read("Hash", {"document": text}, key=b"k")


def test_a_thing_that_breaks_a_check_is_not_written() -> None:
    stream = MODULE.Stream(key=b"s", length=3)
    with pytest.raises(MODULE.DataError, match="number of entries"):
        MODULE.encode(MODULE.Snapshot(1, [stream]))


# ------------------------------------------------------------------------------------------------ other specs


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    def change(old: str, new: str) -> str:
        folder = tmp_path_factory.mktemp("format")
        shutil.copytree(library.root() / FORMAT, folder, dirs_exist_ok=True)
        text = (folder / "redis.yaml").read_text("utf-8")
        assert old in text
        (folder / "redis.yaml").write_text(text.replace(old, new), "utf-8")
        return str(folder)

    return change


def test_the_module_of_another_spec_reads_and_writes_that_format(changed: Callable[[str, str], str]) -> None:
    format = changed("!hs|fld|", "!hash|field|")
    module: Any = loaded(python(library.load(format)), "other")
    thing = module.Hash(key=b"k", fields=[module.HashFields(b"name", b"value")], expire_at_ms=None)
    data = module.encode(module.Snapshot(5, [thing]))
    assert b"!hash|field|" in data
    assert module.decode(data).things == [thing]
    same_documents(module, data, decode(data, format=format))
    assert MODULE.decode(data).things == [MODULE.Hash(key=b"k")]


@pytest.mark.parametrize("name", [name for name, _ in formats()])
def test_every_known_format_has_a_module_that_agrees_with_the_engines(name: str) -> None:
    module: Any = loaded(python(library.load(name)), f"format_{name}".replace("-", "_"))
    things = [
        module.Hash(key=b"k", fields=[module.HashFields(b"a", b"\xff")]),
        module.List(key=b"l", items=[module.ListItems(b"1"), module.ListItems(b"2")]),
        module.Queue(key=b"q", name="q"),
    ]
    data = module.encode(module.Snapshot(9, things))
    again = module.decode(data).things
    assert [one for one in again if not isinstance(one, module.Queue)] == things[:2]
    same_documents(module, data, decode(data, format=name))


def test_damaged_streams_are_refused_as_the_engines_refuse_them() -> None:
    case = next(case for case in CASES if case.name == "redis-stream-basic")

    @examples(20)
    @given(data=damage(case.input_bytes))
    def law(data: bytes) -> None:
        same_documents(MODULE, data, decode(data, format=FORMAT))

    law()
