"""From one version to another and back: what both versions have comes along byte for byte, the rest is counted.

Read the first test as the demonstration: a file of a real node, four other versions, and the way back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.engine.interpreter import Interpreter
from codec.errors import CodecError, SpecError, UsageError
from codec.migration.run import MigrateOptions, MigrateResult, migrate
from codec.spec import library
from codec.testing import in_order, stored
from codec.testing.containers import bare
from codec.testing.documents import shown
from codec.testing.things import Tree, visible
from tests.laws.test_laws_versions import NEXT, VERSIONS, VersionCase, changed
from tests.support.golden_cases import ENGINES, golden_root, read_files
from tests.support.laws import both_engines, examples, without_order

BASE = Path(__file__).parent.parent / "spec_language" / "base"
USUAL = library.DEFAULT
ABSENT = "the other version does not have it"
CASES = [case for name in VERSIONS for case in changed(name)]


def run(source: Path, target: Path, newer: str, older: str = "", engine: str = "compiled") -> MigrateResult:
    return migrate(source, target, MigrateOptions(older=older, newer=newer, engine=engine))  # type: ignore[arg-type]


def tree_of(stream: Path, target: Path, name: str) -> dict[str, object]:
    """The documents of a stream, without what is said about the run."""
    container = library.load(name)
    decode_snapshot(stream, target, DecodeOptions(sync=False, format=name))
    files = read_files(target)
    return without_order({p: d for p, d in files.items() if p not in (container.manifest.path, container.checksums)})


@pytest.fixture
def real() -> Path:
    """What the reference wrote, of a real node's data."""
    return golden_root() / "real-a-adapter-redis" / "reencoded.fsm"


@both_engines
@pytest.mark.parametrize("name", VERSIONS)
def test_a_real_stream_goes_there_and_back(name: str, engine: str, real: Path, tmp_path: Path) -> None:
    there = run(real, tmp_path / "there", name, engine=engine)
    back = run(tmp_path / "there", tmp_path / "back", USUAL, name, engine=engine)
    assert (tmp_path / "back").read_bytes() == real.read_bytes()
    assert (there.kind, there.lost, back.lost) == ("stream", {}, {})
    assert (there.older, there.newer) == (f"{USUAL} 1", f"{name} {library.version(name)}")
    assert tree_of(tmp_path / "there", tmp_path / "tree", name) == tree_of(real, tmp_path / "as_it_was", USUAL)


@pytest.mark.parametrize("case", CASES, ids=repr)
@examples(8)
@given(data=st.data())
def test_both_engines_carry_over_the_same_and_what_was_lost_is_counted(
    case: VersionCase, data: DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Down to the usual version: what is left is what that version shows of the same things."""
    folder, name = tmp_path_factory.mktemp("case"), case.container.name
    tree = data.draw(case.trees)
    (folder / "there").write_bytes(
        bare(case.container, in_order(case.container, stored(case.container, case.adapter, tree)))
    )
    first, second = (run(folder / "there", folder / engine, USUAL, name, engine) for engine in ENGINES)
    assert (first.lost, first.sha256) == (second.lost, second.sha256)
    usual = library.load(USUAL).adapter(case.adapter.name)
    kept: Tree = {entity.name: tree[entity.name] for entity in usual.entities}
    gone = [*tree.get("Json", ()), *(one for one in tree.get("Hash", ()) if one.get("created_at_ms"))]
    assert sum(count for what, count in first.lost.items() if what.endswith(ABSENT)) == len(gone)
    files = tree_of(folder / ENGINES[0], folder / "tree", USUAL)
    shortened = {
        entity.name: tuple(visible(entity, thing, frozenset()) for thing in kept[entity.name])
        for entity in usual.entities
    }
    assert files == without_order(shown(usual, Interpreter(), shortened))


def test_a_tree_becomes_a_tree_of_another_version(real: Path, tmp_path: Path) -> None:
    decode_snapshot(real, tmp_path / "tree", DecodeOptions(sync=False, cluster_id="blue", adapters=("redis",)))
    there = run(tmp_path / "tree", tmp_path / "there", NEXT)
    back = run(tmp_path / "there", tmp_path / "back", USUAL)
    assert (there.kind, back.older, back.lost) == ("tree", f"{NEXT} 2", {})
    container = library.load(USUAL)
    before, after = read_files(tmp_path / "tree"), read_files(tmp_path / "back")
    about_the_run = (container.manifest.path, container.checksums)
    assert {p: d for p, d in before.items() if p not in about_the_run} == {
        p: d for p, d in after.items() if p not in about_the_run
    }
    assert b'"cluster_id": "blue"' in after[container.manifest.path]
    assert b'"spec"' not in after[container.manifest.path]


def test_the_formats_options_say_what_comes_along(tmp_path: Path) -> None:
    """Receive state restarts, as in any restore, unless the option preserves it on both ways."""
    whole, kept = golden_root() / "real-a-runtime-file" / "00000000000001be.fsm", {"preserve_sqs_visibility": True}

    def messages(stream: Path, target: str, format: str) -> dict[str, bytes]:
        options = DecodeOptions(sync=False, adapters=("sqs",), switches=kept, format=format)
        decode_snapshot(stream, tmp_path / target, options)
        return {path: data for path, data in read_files(tmp_path / target).items() if path.endswith("messages.jsonl")}

    said = messages(whole, "before", USUAL)
    for name, switches in (("plain", {}), ("preserved", kept)):
        migrate(whole, tmp_path / name, MigrateOptions(newer=NEXT, switches=switches))
        assert (messages(tmp_path / name, f"{name} after", NEXT) == said) == bool(switches)


# ------------------------------------------------------------------------------------------------ what a delta declares

DELTA = """
language: 1
extends:  BASE
format:   renamed
version:  9
changes:
  - {in: redis, at: [print_order], to: [String, Hash, List, Bag, ZSet, Stream]}
  - {in: redis, at: [shared, ttl, owners], to: [String, List, Hash, ZSet.blob, Stream, Bag, ZSet]}
  - {in: redis, at: [entities, HyperLogLog], remove: counted elsewhere}
  - {in: redis, at: [entities, Set], rename: Bag}
  - {in: redis, at: [entities, Bag, model, members], rename: items}
  - {in: redis, at: [entities, Bag, stored, meta, value, count, derive, count], to: items}
  - {in: redis, at: [entities, Bag, stored, member, each], to: items}
  - {in: redis, at: [entities, Bag, stored, member, key, "!st|mem|"], to: "!bag|item|"}
  - {in: redis, at: [entities, Bag, stored, member, example], remove: it shows the older key}
  - {in: redis, at: [entities, Bag, stored, blob, value, message, members], rename: items}
  - {in: redis, at: [entities, Bag, prefer, members], rename: items}
  - {in: redis, at: [warnings, redis_set_length_mismatch, fields, observed_members, count], to: items}
  - {in: redis, at: [entities, Bag, shown, document, path, "redis/db_0/sets/"], to: "redis/db_0/bags/"}
  - {in: redis, at: [entities, Bag, shown, document, json, members], to: {each: items, item: {member: binary}, bare: true}}
  - {in: redis, at: [entities, List, model], insert: {limit: u64}}
  - {in: redis, at: [entities, List, stored, meta, value], insert: {limit: u64}, after: length}
  - {in: redis, at: [entities, List, stored, meta, example], remove: it shows the older value}
  - {in: redis, at: [entities, List, shown, document, json], insert: {limit: integer}}
"""
DEFAULTS = "migrate: {defaults: {redis: {List: {limit: 7}}}}\n"


def renamed(folder: Path, text: str) -> str:
    """The path of a delta of the usual version in this folder."""
    base = os.path.relpath(library.main_file(USUAL), folder)
    (folder / "renamed.yaml").write_text(text.replace("BASE", base), "utf-8")
    return str(folder / "renamed.yaml")


def things(folder: Path) -> Path:
    """A stream with a set, a list, and something that the other version does not have."""
    container = library.load(USUAL)
    adapter = container.adapter("redis")
    tree: Tree = {entity.name: () for entity in adapter.entities}
    none = {"expire_at_ms": None}
    tree |= {
        "Set": ({"key": b"s", "members": [(b"one",), (b"two",)]} | none,),
        "List": ({"key": b"l", "items": [(b"first",)]} | none,),
        "HyperLogLog": ({"key": b"h", "payload": b"x"} | none,),
    }
    (folder / "old").write_bytes(bare(container, in_order(container, stored(container, adapter, tree))))
    return folder / "old"


def json_text(**members: object) -> bytes:
    return json.dumps({"format_version": 1, **members}, indent=2).encode()


@both_engines
def test_renamed_things_come_along_and_new_fields_hold_what_the_delta_says(engine: str, tmp_path: Path) -> None:
    new = renamed(tmp_path, DELTA + DEFAULTS)
    result = run(things(tmp_path), tmp_path / "new", new, engine=engine)
    assert result.lost == {"HyperLogLog: counted elsewhere": 1}
    files = {path: data for path, data in tree_of(tmp_path / "new", tmp_path / "tree", new).items() if "/db_0/" in path}
    assert files == {
        "redis/db_0/bags/s.json": json_text(members=["one", "two"], expire_at_ms=None),
        "redis/db_0/lists/l.json": json_text(items=["first"], expire_at_ms=None, limit=7),
    }
    back = run(tmp_path / "new", tmp_path / "back", USUAL, new, engine=engine)
    assert back.lost == {"List.limit: the other version does not have it": 1}


def test_a_new_field_without_a_default_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        run(things(tmp_path), tmp_path / "new", renamed(tmp_path, DELTA))
    assert (caught.value.code, caught.value.path) == ("spec-migrate", "List.limit")
    assert "migrate: {defaults: {redis: {List: {limit: …}}}}" in caught.value.hint
    assert not (tmp_path / "new").exists()


def test_versions_without_a_common_spec_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(things(tmp_path), tmp_path / "new", str(BASE / "container.yaml"))
    assert caught.value.code == "migrate"


def test_a_failed_migration_leaves_the_output_as_it_was(real: Path, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(real.read_bytes()[:-3])
    (tmp_path / "out").write_bytes(b"before")
    with pytest.raises(CodecError):
        run(tmp_path / "cut", tmp_path / "out", NEXT)
    assert (tmp_path / "out").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "out"]


def test_a_stream_of_the_usual_version_is_the_same_after_a_tree(real: Path, tmp_path: Path) -> None:
    """A tree of another version encodes to that version's stream, without being told which."""
    decode_snapshot(real, tmp_path / "tree", DecodeOptions(sync=False, adapters=("redis",)))
    run(tmp_path / "tree", tmp_path / "there", NEXT)
    with (tmp_path / "stream").open("wb") as sink:
        encode_snapshot(tmp_path / "there", sink, EncodeOptions(adapters=("redis",)))
    assert (tmp_path / "stream").read_bytes().startswith(library.load(NEXT).written.magic)
