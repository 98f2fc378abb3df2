"""Every fact of the format stands in its YAML and nowhere else: a change there changes both directions, and no Python
below codec/ and tools/ has a literal of the format.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec import api
from codec.engine.interpreter import Interpreter
from codec.spec import library, source
from codec.testing.documents import Files, manifest, shown
from codec.testing.streams import NOW, stored
from codec.testing.values import all_members, members_of
from tests.support.golden_cases import ENGINES
from tests.support.laws import (
    CONTAINER,
    FORMAT,
    WHOLE,
    decode,
    decoded,
    encoded,
    examples,
    without_manifest,
    without_order,
)
from tests.support.stream_oracle import Row, write_stream

SPECS = library.root() / FORMAT
REDIS = next(case for case in WHOLE if case.name == "tree" and case.adapter.name == "redis")
Rows = list[tuple[bytes, bytes]]


def same_rows(rows: Rows) -> Rows:
    return rows


def same_files(files: Files) -> Files:
    return files


def same_bytes(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of one spec file, and what it must do to records, to documents and to the bytes around the records."""

    name: str
    file: str
    old: str
    new: str
    rows: Callable[[Rows], Rows] = same_rows
    files: Callable[[Files], Files] = same_files
    stream: Callable[[bytes], bytes] = same_bytes

    def __repr__(self) -> str:
        return self.name


def keys_begin(old: bytes, new: bytes) -> Callable[[Rows], Rows]:
    return lambda rows: [(new + key[len(old) :] if key.startswith(old) else key, value) for key, value in rows]


def values_begin(old: bytes, new: bytes) -> Callable[[Rows], Rows]:
    return lambda rows: [(key, new + value[len(old) :] if value.startswith(old) else value) for key, value in rows]


def paths_begin(old: str, new: str) -> Callable[[Files], Files]:
    return lambda files: {
        new + path.removeprefix(old) if path.startswith(old) else path: data for path, data in files.items()
    }


def lines_begin(folder: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    begun = re.compile(b"^" + re.escape(old), re.MULTILINE)
    return lambda files: {path: begun.sub(new, data) if f"/{folder}/" in path else data for path, data in files.items()}


LENGTH_PREFIXED = (
    *(b"!hs|meta|", b"!hs|fld|", b"!st|meta|", b"!st|mem|"),
    *(b"!zs|meta|", b"!zs|mem|", b"!zs|scr|", b"!stream|meta|", b"!stream|entry|"),
)


def lengths_take(size: int) -> Callable[[Rows], Rows]:
    def widened(key: bytes) -> bytes:
        prefix = next((prefix for prefix in LENGTH_PREFIXED if key.startswith(prefix)), None)
        if prefix is None:
            return key
        length = int.from_bytes(key[len(prefix) : len(prefix) + 4], "big")
        return prefix + length.to_bytes(size, "big") + key[len(prefix) + 4 :]

    return lambda rows: [(widened(key), value) for key, value in rows]


LENGTH = "{prefixed: u32, max: 1048576}"
HASHES, MAPS = "redis/db_0/hashes/", "redis/db_0/maps/"
SUFFIX = '"redis/db_0/lists/", key: segment, '


def lists_end(old: str, new: str) -> Callable[[Files], Files]:
    def renamed(path: str) -> str:
        return path.removesuffix(old) + new if "/lists/" in path else path

    return lambda files: {renamed(path): data for path, data in files.items()}


CHANGES = (
    Change("a prefix", "redis.yaml", "!hs|fld|", "!hash|field|", rows=keys_begin(b"!hs|fld|", b"!hash|field|")),
    Change("a value's magic", "redis.yaml", "\\x00RXE\\x01", "\\x00XXE\\x02", values_begin(b"\0RXE\1", b"\0XXE\2")),
    Change("a stream's magic", "container.yaml", "EKVPBBL1", "EKVPBBL7", stream=lambda data: b"EKVPBBL7" + data[8:]),
    Change("a narrower length", "redis.yaml", LENGTH, "{prefixed: u16, max: 16384}", lengths_take(2)),
    Change("a wider length", "redis.yaml", LENGTH, "{prefixed: u64, max: 1048576}", lengths_take(8)),
    Change("a folder", "redis.yaml", HASHES, MAPS, files=paths_begin(HASHES, MAPS)),
    Change("a suffix", "redis.yaml", f'{SUFFIX}".json"', f'{SUFFIX}".list"', files=lists_end(".json", ".list")),
    Change(
        *("a member", "redis.yaml", "member: binary, score: score}}", "member: binary, rank: {as: score, of: score}}}"),
        files=lines_begin("zsets", b'      "score": ', b'      "rank": '),
    ),
    Change(
        *("the mark of a line", "redis.yaml", "_meta:        {const: true}", "_head:        {const: 7}"),
        files=lines_begin("streams", b'{"_meta":true,', b'{"_head":7,'),
    ),
)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Change], str]:
    """The folder of a format in which one thing was changed in the YAML."""
    made: dict[str, str] = {}

    def edit(change: Change) -> str:
        if change.name not in made:
            folder = tmp_path_factory.mktemp("format")
            shutil.copytree(SPECS, folder, dirs_exist_ok=True)
            text = (folder / change.file).read_text("utf-8")
            assert change.old in text, "the spec does not say this any more"
            (folder / change.file).write_text(text.replace(change.old, change.new), "utf-8")
            made[change.name] = str(folder)
        return made[change.name]

    return edit


@pytest.mark.parametrize("change", CHANGES, ids=repr)
@examples(8)
@given(data=st.data())
def test_a_change_of_the_spec_changes_both_directions(
    edited: Callable[[Change], str], change: Change, data: DataObject
) -> None:
    """Records and documents of the old format, changed by hand, are those of the new one."""
    tree = data.draw(REDIS.trees)
    rows = [(one.key, one.value) for one in stored(CONTAINER, REDIS.adapter, tree).versions]
    stream = change.stream(in_one_stream(change.rows(rows)))
    options = dict.fromkeys(REDIS.all_options, True)
    files = change.files(shown(REDIS.adapter, Interpreter(), tree, REDIS.all_options)) | manifest(
        CONTAINER, NOW, options
    )
    for engine in ENGINES:
        assert encoded(files, engine=engine, format=edited(change)) == stream
        found = decoded(stream, engine=engine, format=edited(change), switches=options)
        assert without_order(without_manifest(found)) == without_order(without_manifest(files))


def in_one_stream(rows: Rows) -> bytes:
    """The canonical stream of these records, written by the oracle."""
    framed = [Row(key, NOW, 0, 0, value) for key, value in rows]
    return write_stream(NOW, sorted(framed, key=lambda row: row.framed()[8 : 16 + len(row.user_key)]))


def test_a_changed_name_of_the_manifest_is_written_and_wanted(edited: Callable[[Change], str]) -> None:
    change = Change("the manifest's name", "container.yaml", "path:   MANIFEST.json", "path:   ABOUT.json")
    container = library.load(edited(change))
    empty = in_one_stream([])
    assert container.manifest.path == "ABOUT.json"
    assert encoded(manifest(container, NOW, {}), format=edited(change)) == empty
    found = decode(empty, format=edited(change))
    assert list(found.files) == ["ABOUT.json"]


def test_a_changed_name_of_an_error_is_the_name_of_the_refusal(edited: Callable[[Change], str]) -> None:
    change = Change("an error's name", "redis.yaml", "ErrRedisInvalidTTLValue", "ErrOtherName")
    left = decode(in_one_stream([(b"!redis|ttl|k", b"short")]), format=edited(change))
    assert left.error is not None
    assert left.error["code"] == "ErrOtherName"


# ------------------------------------------------------------------------------------------------ no literal in Python

CHECKOUT = Path(__file__).parents[2]
SHORT = 5  # names up to this long, and single words, may stand for anything
WORD = re.compile("[a-z]+")
ERRORS = "Err"


def literals() -> Iterator[str]:
    """The format's own texts: prefixes, magics, file names, names of members, of warnings and of errors."""
    for path in sorted(SPECS.glob("*.yaml")):
        for _, value in source.walk(source.load(path)):
            if isinstance(value, str) and (value.startswith((ERRORS, "!", "_meta_")) or "\\x" in repr(value)):
                yield value
    for stream in CONTAINER.streams:
        yield stream.magic.decode("latin-1")
    yield from (
        CONTAINER.clock.starts.decode(),
        CONTAINER.manifest.path,
        CONTAINER.checksums,
        CONTAINER.encode_info.path,
    )
    for adapter in CONTAINER.adapters:
        yield from adapter.warnings
        yield from (names.path for names in adapter.names.values())
        for entity in adapter.entities:
            for document in entity.documents:
                yield from (part for step in document.path for part in step if isinstance(part, str))
                yield from (member.name for member in all_members(members_of(document)))
    yield from CONTAINER.manifest.members
    yield from CONTAINER.encode_info.members


def vocabulary() -> frozenset[str]:
    """Words that the toolkit itself uses: the language's, those of its calls, and the facts that a run knows."""
    words = {field.name for call in (api.DecodeOptions, api.EncodeOptions, api.EncodeResult) for field in fields(call)}
    for _, value in source.walk(source.load(library.root() / "schema" / "language.schema.yaml")):
        words |= set(value) if isinstance(value, dict) else set()
    for document in (CONTAINER.manifest, CONTAINER.encode_info):
        for _, value in source.walk(document.members):
            words |= {str(value[word]) for word in ("fact", "chosen") if isinstance(value, dict) and word in value}
    return frozenset(words)


def constants(path: Path) -> Iterator[tuple[int, str]]:
    """Every text and bytes constant of a module but its docstrings, with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")


def test_no_python_has_a_literal_of_the_format() -> None:
    known = {text.strip("/") for text in literals()} - vocabulary()
    wanted = {text for text in known if len(text) > SHORT and not WORD.fullmatch(text)}
    found = [
        f"{path.relative_to(CHECKOUT)}:{line}: {text!r}"
        for folder in ("codec", "tools")
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
        for line, constant in constants(path)
        for text in wanted
        if constant == text or (len(text) > 2 * SHORT and text in constant)
    ]
    assert len(wanted) > 150, "the specs have more literals than that: is the list still derived?"
    assert found == []
