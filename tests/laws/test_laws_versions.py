"""Other versions of the format: each is a small file, and under the same laws as the format that it extends.

Read this as the demonstration of what a delta gives: decoder and encoder in both engines, self-test, containers, errors.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.engine.interpreter import Interpreter
from codec.spec import library
from codec.spec.container import Container
from codec.spec.json_schema import schemas
from codec.spec.lint import lint
from codec.spec.show import show
from codec.testing import in_order, stored, writers
from codec.testing.containers import bare
from codec.testing.documents import Files, manifest, shown
from codec.testing.streams import NOW
from codec.testing.things import Tree
from tests.support.golden_cases import ENGINES
from tests.support.laws import AdapterCase, both_engines, decode, decoded, encode, encoded, examples, without_order

NEXT, JSON, KEYS, OLD = VERSIONS = ("elastickv-next", "elastickv-json", "elastickv-keys", "elastickv-old")
MOST_LINES = 30


class VersionCase(AdapterCase):
    """An adapter that a version changes."""

    def __init__(self, container: Container, name: str) -> None:
        super().__init__(container.adapter(name))
        self.container = container

    def __repr__(self) -> str:
        return f"{self.container.name}.{self.adapter.name}"


def changed(name: str) -> list[VersionCase]:
    container = library.load(name)
    return [VersionCase(container, a.name) for a in container.adapters if a.format.startswith(f"{name}/")]


CASES = [case for name in VERSIONS for case in changed(name)]
each_case = pytest.mark.parametrize("case", CASES, ids=repr)
each_version = pytest.mark.parametrize("name", VERSIONS)


def told_by_its_magic(case: VersionCase) -> bool:
    return case.container.written.magic != library.load("").written.magic


def stream(case: VersionCase, tree: Tree) -> bytes:
    return bare(case.container, in_order(case.container, stored(case.container, case.adapter, tree)))


def files_of(case: VersionCase, tree: Tree) -> Files:
    options = case.all_options
    return shown(case.adapter, Interpreter(), tree, options) | manifest(
        case.container, NOW, dict.fromkeys(options, True)
    )


def documents(case: VersionCase, files: Files) -> dict[str, object]:
    return without_order({path: data for path, data in files.items() if path != case.container.manifest.path})


# ------------------------------------------------------------------------------------------------ the file


@each_version
def test_a_version_is_a_short_file_without_a_mistake(name: str) -> None:
    text = library.main_file(name).read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert [str(found.error) for found in lint(name) if found.severity == "error"] == []
    assert [path.name for path in library.main_file(name).parent.iterdir()] == [library.MAIN]


@each_version
def test_what_is_new_appears_in_plan_and_schemas(name: str) -> None:
    for case in changed(name):
        for entity in case.adapter.entities:
            assert show(name, entity.name)
            assert {f"{case.adapter.name}/{entity.name}.{d.name}" for d in entity.documents if d.kind != "raw"} <= {
                *schemas(case.container)
            }


# ------------------------------------------------------------------------------------------------ the laws


@both_engines
@each_case
@examples(10)
@given(data=st.data())
def test_both_projections_and_the_self_test(engine: str, case: VersionCase, data: DataObject) -> None:
    tree = case.seen(data.draw(case.trees), case.all_options)
    files, name = files_of(case, tree), case.container.name
    left = encode(files, engine=engine, self_test=True)
    assert (left.error, left.mismatch) == (None, "")
    assert left.data == stream(case, tree), "the writer of the tests has the same bytes"
    assert documents(
        case, decoded(left.data, engine=engine, format=name, switches=dict.fromkeys(case.all_options, True))
    ) == documents(case, files)


@each_case
@examples(10)
@given(data=st.data())
def test_both_engines_say_the_same_of_damage(case: VersionCase, data: DataObject) -> None:
    written = data.draw(st.sampled_from([*writers(case.container)])).write(
        stored(case.container, case.adapter, data.draw(case.trees))
    )
    at = data.draw(st.integers(0, len(written) - 1))
    damaged = written[:at] + bytes((written[at] ^ data.draw(st.integers(1, 255)),)) + written[at + 1 :]
    first, second = (decode(damaged, engine=engine, format=case.container.name) for engine in ENGINES)
    assert first == second


# ------------------------------------------------------------------------------------------------ which spec a run uses


@each_case
def test_a_stream_tells_its_spec_by_its_magic_and_a_tree_by_its_manifest(case: VersionCase) -> None:
    nothing: Tree = {entity.name: () for entity in case.adapter.entities}
    data, name = stream(case, nothing), case.container.name
    told = decoded(data, format="" if told_by_its_magic(case) else name)
    assert told == decoded(data, format=name)
    said = told[case.container.manifest.path].decode()
    assert f'"spec": "{name}",\n  "spec_version": {case.container.version}' in said
    assert encoded(told) == data, "the manifest tells the spec"


def test_the_spec_of_the_reference_is_not_named() -> None:
    container = library.load("")
    data = bare(
        container,
        stored(container, container.adapter("redis"), {e.name: () for e in container.adapter("redis").entities}),
    )
    assert b'"spec"' not in decoded(data)[container.manifest.path]


@pytest.mark.parametrize(
    ("member", "found"), [('"elastickv-none"', "elastickv-none 2"), ('"../elastickv"', "../elastickv 2"), ("7", "7 2")]
)
def test_a_tree_of_an_unknown_spec_is_refused(member: str, found: str) -> None:
    case = CASES[0]
    path = case.container.manifest.path
    files = files_of(case, {entity.name: () for entity in case.adapter.entities})
    text = files[path].replace(b'"elastickv-next"', member.encode())
    error = encode(files | {path: text}).error
    assert error is not None
    assert (error["code"], error["found"], error["path"]) == ("spec-unknown", found, "spec")
    assert "--spec" in str(error["hint"])


# ------------------------------------------------------------------------------------------------ the checksum behind a stream


def footed(tmp_path: Path) -> bytes:
    case = CASES[0]
    thing = {"key": b"k", "fields": [(b"f", b"v")], "expire_at_ms": None, "created_at_ms": 9}
    return stream(case, {e.name: ((thing,) if e.name == "Hash" else ()) for e in case.adapter.entities})


@both_engines
def test_every_damaged_byte_of_a_stream_with_a_checksum_is_found(engine: str, tmp_path: Path) -> None:
    data = footed(tmp_path)
    assert decode(data, engine=engine).error is None
    for at in range(len(data)):
        damaged = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        assert decode(damaged, engine=engine, format=NEXT).error is not None, at


@both_engines
def test_every_cut_of_a_stream_with_a_checksum_is_found(engine: str, tmp_path: Path) -> None:
    data = footed(tmp_path)
    for size in range(len(data)):
        assert decode(data[:size], engine=engine, format=NEXT).error is not None, size
