"""`codec generate kaitai`: the real Kaitai compiler takes the structs, and its parser reads what our reader reads.

    codec generate kaitai elastickv -o structs
    kaitai-struct-compiler --target python structs/elastickv.ksy

The compiler is an npm package; without npm, or where it cannot be fetched, the tests that run it are skipped.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codec.engine.base import ABSENT, Misfit
from codec.engine.interpreter import Interpreter
from codec.errors import CodecError
from codec.generate.kaitai.records import key_name, struct_name, value_name
from codec.generate.kaitai.words import identifier
from codec.generate.outputs import kaitai
from codec.layout.numbers import Fixed
from codec.layout.wire import LENGTH
from codec.mapping.dispatch import Dispatch
from codec.spec import library, plan
from codec.spec.account import row_parts
from codec.stream.entries import Entry, EntryReader
from codec.stream.source import Source
from codec.testing import History, histories, in_order, writers
from codec.testing.containers import bare
from tests.laws.test_laws_versions import NEXT
from tests.support.golden_cases import golden_root, load_cases
from tests.support.laws import ADAPTERS, CONTAINER, FORMAT, examples

HERE = Path(__file__).parent / "kaitai_compiler"
PATIENCE = 120  # seconds for fetching the compiler
STRUCTS = kaitai(CONTAINER)
MODULE = "elastickv"
LENGTH_BYTES = 8
Compile = Callable[[str], dict[str, str]]
Row = tuple[bytes, int, bool, int, bytes]


@pytest.fixture(scope="module")
def compile_ksy(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """The real compiler: the text of a `.ksy` file to Python modules by name."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("kaitai")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        pytest.skip(f"npm cannot fetch the Kaitai compiler: {problem}")

    def compile(text: str) -> dict[str, str]:
        struct = json.dumps(yaml.safe_load(text))
        done = subprocess.run(["node", "compile.js"], cwd=folder, input=struct, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        files: dict[str, str] = json.loads(done.stdout)
        return files

    return compile


@pytest.fixture(scope="module")
def parsers(compile_ksy: Compile) -> Callable[[str], ModuleType]:
    """The parser that the compiler makes of each struct."""

    @lru_cache
    def parser(name: str) -> ModuleType:
        (text,) = compile_ksy(STRUCTS[f"{name}.ksy"]).values()
        module = ModuleType(name)
        exec(compile(text, f"{name}.py", "exec"), module.__dict__)
        return module

    return parser


# ------------------------------------------------------------------------------------------------ the file


def by_kaitai(parser: ModuleType, data: bytes) -> list[Row]:
    """The versions of rows that the generated parser finds."""
    file: Any = parser.Elastickv.from_bytes(data)
    found: list[Row] = []
    for entry in getattr(getattr(file, "store", None), "entries", ()):
        if not entry.is_operational:
            key, value = entry.key, entry.value
            stamp = key.commit_ts_raw ^ (1 << 64) - 1
            found.append((key.key, stamp, bool(value.tombstone), value.expire_at, value.value))
    for entry in getattr(getattr(file, "memory", None), "entries", ()):
        found += [(entry.key, v.commit_ts, bool(v.tombstone), v.expire_at, v.value) for v in entry.versions]
    return found


def by_us(data: bytes) -> list[Row]:
    return [(e.key, e.commit_ts, e.tombstone, e.expire_at, e.value) for e in entries(data)]


def entries(data: bytes) -> Iterator[Entry]:
    return EntryReader(CONTAINER, Source(io.BytesIO(data), "input")).entries()


@lru_cache
def readable_cases() -> tuple[tuple[str, bytes], ...]:
    """The golden streams that our reader takes."""
    return tuple(_readable_cases())


def _readable_cases() -> Iterator[tuple[str, bytes]]:
    for case in load_cases(golden_root()):
        for data in (case.input_bytes, case.reencoded() or b""):
            try:
                by_us(data)
            except CodecError:
                continue
            yield case.name, data


def test_every_golden_stream_has_the_same_entries(parsers: Callable[[str], ModuleType]) -> None:
    parser, seen = parsers(MODULE), 0
    for name, data in readable_cases():
        assert by_kaitai(parser, data) == by_us(data), name
        seen += 1
    assert seen > 30


@pytest.mark.parametrize("writer", tuple(writers(CONTAINER)), ids=lambda one: one.name)
def test_every_kind_of_file_has_the_same_entries(parsers: Callable[[str], ModuleType], writer: Any) -> None:
    parser = parsers(MODULE)

    @examples(8)
    @given(history=histories(CONTAINER, ADAPTERS[:1]))
    def law(history: History) -> None:
        sized = History(history.last_commit_ts, history.versions, history.operational, history.slack.ljust(16, b"\0"))
        data = writer.write(in_order(CONTAINER, sized))
        assert by_kaitai(parser, data) == by_us(data)

    law()


@pytest.mark.parametrize("damage", ["magic", "key limit", "cut"])
def test_a_damaged_stream_is_refused_by_both(parsers: Callable[[str], ModuleType], damage: str) -> None:
    _, data = next((name, data) for name, data in readable_cases() if len(by_us(data)) > 1)
    start = len(CONTAINER.written.magic) + LENGTH_BYTES
    damaged = {
        "magic": data.replace(b"EKV", b"EKW", 1),
        "key limit": data[:start] + b"\xff" * LENGTH_BYTES + data[start + LENGTH_BYTES :],
        "cut": data[: start + LENGTH_BYTES + 1],
    }[damage]
    with pytest.raises(CodecError):
        by_us(damaged)
    if damage == "magic":  # Kaitai tells streams apart by the magic; one that it does not know has neither
        with pytest.raises(AttributeError):
            _ = parsers(MODULE).Elastickv.from_bytes(damaged).store
    else:
        with pytest.raises(Exception, match=r".") as refused:
            by_kaitai(parsers(MODULE), damaged)
        assert type(refused.value).__module__.startswith("kaitaistruct") or isinstance(refused.value, EOFError)


# ------------------------------------------------------------------------------------------------ records


@pytest.mark.parametrize("adapter", CONTAINER.adapters, ids=lambda one: one.name)
def test_every_golden_record_has_the_same_parts(parsers: Callable[[str], ModuleType], adapter: plan.Adapter) -> None:
    parser, engine = parsers(struct_name(adapter)), Interpreter()
    dispatch = Dispatch(adapter.rows, engine.accepts)
    root = getattr(parser, camel(struct_name(adapter)))
    seen: dict[str, int] = {}
    for _, data in readable_cases():
        for entry in entries(data):
            row = dispatch.find(entry.key, entry.value)
            if row is None or row.unread or entry.tombstone or not row.prefix:
                continue
            try:
                ours = dict(zip(row.kept, engine.reader(row)(entry.key, entry.value), strict=True))
            except (Misfit, NotImplementedError):
                continue
            form = next(form for form in row.forms if entry.value.startswith(form.magic))
            theirs = parts(getattr(root, camel(key_name(row))), entry.key)
            theirs |= parts(getattr(root, camel(value_name(row, form))), entry.value)
            for name, value in in_common(row, ours, theirs):
                assert value == ours[name], (row.label, name)
                seen[row.label] = seen.get(row.label, 0) + 1
    assert seen


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def parts(kind: Any, data: bytes) -> dict[str, object]:
    """The attributes of a parsed record, those of optional parts among them."""
    found = dict(vars(kind.from_bytes(data)))
    for value in list(found.values()):
        if type(value).__name__.startswith("Optional"):
            found |= vars(value)
    return {name: value for name, value in found.items() if not name.startswith("_")}


def in_common(row: plan.Row, ours: dict[str, object], theirs: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """What both say of numbers, open parts and texts in messages, as our reader says it."""
    slots = [one for part in row_parts(row) for one in (part.parts if isinstance(part, plan.Optional) else (part,))]
    for slot in slots:
        if isinstance(slot, plan.Message) and "message" in theirs:
            yield from in_message(slot, ours, theirs["message"])
        if not isinstance(slot, plan.Slot) or slot.name not in ours or ours[slot.name] in (None, ABSENT):
            continue
        name = identifier(slot.name)
        raw = theirs.get(name, theirs.get(f"{name}_raw"))
        if isinstance(slot.layout, Fixed) and raw is not None:
            yield slot.name, slot.layout.from_raw(raw)
        elif slot.layout.is_open and isinstance(raw, bytes):
            yield slot.name, slot.layout.construct(0).parse(raw)
        elif isinstance(raw, (bytes, str)):
            yield slot.name, raw


def in_message(part: plan.Message, ours: dict[str, object], message: Any) -> Iterator[tuple[str, object]]:
    found = {field.number: field.value for field in message.fields}
    for field in part.fields:
        if field.wire is not None and field.wire.wire == LENGTH and field.name in ours and field.number in found:
            yield field.name, field.wire.from_wire(found[field.number].bytes)


@examples(8)
@given(data=st.data())
def test_a_version_with_a_checksum_behind_its_streams_is_read(compile_ksy: Compile, data: st.DataObject) -> None:
    """The structs of a delta, compiled, on streams that end with a footer of their own."""
    next_version = library.load(NEXT)
    parser = parser_of(compile_ksy, NEXT)
    history = data.draw(histories(next_version, next_version.adapters[:1]))
    stream = bare(next_version, in_order(next_version, history))
    footer = next_version.written.footer
    assert footer is not None
    store = parser.from_bytes(stream).store
    assert store.footer == int.from_bytes(stream[-(footer.size or 0) :], "big")
    theirs = [(e.key.key, e.value.value) for e in getattr(store, "entries", ()) if not e.is_operational]
    ours = EntryReader(next_version, Source(io.BytesIO(stream), "input")).entries()
    assert theirs == [(entry.key, entry.value) for entry in ours]


@lru_cache
def parser_of(compile_ksy: Compile, name: str) -> Any:
    """The class that the compiler makes of the whole file of a version."""
    stem = name.replace("-", "_")
    (text,) = compile_ksy(kaitai(library.load(name))[f"{stem}.ksy"]).values()
    module = ModuleType(stem)
    exec(compile(text, f"{stem}.py", "exec"), module.__dict__)
    return getattr(module, camel(stem))


def test_a_struct_says_what_another_spec_says(compile_ksy: Compile, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(library.root() / FORMAT, folder)
    text = (folder / "redis.yaml").read_text("utf-8")
    (folder / "redis.yaml").write_text(text.replace("!hs|fld|", "!hash|field|"), "utf-8")
    struct = kaitai(library.load(str(folder)))["elastickv_redis.ksy"]
    assert "!hash|field|" in struct
    assert "!hs|fld|" not in struct
    assert compile_ksy(struct)
