"""The lint as a whole: our specs pass, damaged ones never make it stumble, and every finding can be acted on."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SpecError
from codec.spec import library, plan, source, workbench
from codec.spec.lint import lint

BASE = Path(__file__).parent / "base"
OURS = library.main_file("elastickv").parent
FORMATS = sorted(path.parent.name for path in library.root().glob(f"*/{library.MAIN}"))


def test_our_specs_have_no_errors() -> None:
    assert FORMATS
    for name in FORMATS:
        assert [str(found.error) for found in lint(name) if found.severity == "error"] == []


def test_the_base_spec_is_clean() -> None:
    assert lint(str(BASE)) == []
    assert lint(str(BASE / "shop.yaml")) == []


def test_an_unknown_format_is_a_finding() -> None:
    (found,) = lint("nothing/of/that/name")
    assert found.error.code == "spec-unknown-format"


def test_examples_are_given_to_the_caller() -> None:
    tried: list[str] = []

    def check(adapter: plan.Adapter, row: plan.Row) -> SpecError | None:
        tried.append(f"{adapter.name} {row.label}")
        return SpecError("spec-example", "not like this", row.place, row.label) if row.name == "blob" else None

    findings = lint(str(BASE / "shop.yaml"), check)
    assert [found.error.path for found in findings] == ["Note.blob"]
    assert "shop until" in tried
    assert len(tried) == len(set(tried)) > 8


VALUES = st.sampled_from(
    [None, True, 0, -1, 1 << 70, 1.5, "", "x", "id", "rest", "no such name", [], ["x"], {}, {"x": "y"}, {"as": "u8"}]
)


def plain(data: object) -> object:
    """A loaded spec without its places."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    return [plain(value) for value in data] if isinstance(data, list) else data


@st.composite
def damaged(draw: st.DrawFn, file: Path) -> str:
    """A spec with one to three parts removed, replaced, renamed or put elsewhere, as YAML."""
    data = plain(source.load(file))
    for _ in range(draw(st.integers(1, 3))):
        ways = [way for way, _ in source.walk(data) if way]
        way = draw(st.sampled_from(ways))
        holder, part = source.part_of(data, way[:-1]), source.part_of(data, way)
        action = draw(st.sampled_from(["remove", "replace", "rename", "transplant", "transplant"]))
        if action == "remove":
            del holder[way[-1]]
        elif action == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["x", "key", "max", "as", "const", "each"]))] = holder.pop(way[-1])
        elif action == "transplant":
            apart = [other for other in ways if other[: len(way)] != way and way[: len(other)] != other]
            alike = [other for other in apart if type(source.part_of(data, other)) is type(part)]
            holder[way[-1]] = deepcopy(source.part_of(data, draw(st.sampled_from(alike or apart))))
        else:
            holder[way[-1]] = draw(VALUES)
    return yaml.dump(data, Dumper=_NoAlias, sort_keys=False, allow_unicode=True)


class _NoAlias(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def assert_reported(text: str, name: str, around: Path) -> None:
    """The lint of a folder like `around` with this text as `name` ends, and all findings can be shown."""
    with TemporaryDirectory() as folder:
        for path in around.glob("*.yaml"):
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        (Path(folder) / name).write_text(text, "utf-8")
        for found in lint(str(Path(folder) / name)):
            assert found.error.place, found
            assert found.error.message in found.error.render()


@pytest.mark.parametrize("name", ["shop.yaml", "container.yaml"])
@given(st.data())
def test_a_damaged_spec_is_reported_never_a_traceback(name: str, data: st.DataObject) -> None:
    assert_reported(data.draw(damaged(BASE / name)), name, BASE)


@given(st.data())
def test_a_damaged_spec_of_ours_is_reported_too(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([path for path in sorted(OURS.glob("*.yaml")) if ".schema." not in path.name]))
    assert_reported(data.draw(damaged(file)), file.name, OURS)


def test_an_example_that_is_no_such_record_is_a_mistake(tmp_path: Path) -> None:
    shutil.copytree(library.root(), tmp_path, dirs_exist_ok=True)
    spec = tmp_path / "elastickv" / "redis.yaml"
    spec.write_text(spec.read_text("utf-8").replace('example: {key: "!', 'example: {key: "?'), "utf-8")
    mistakes = workbench.lint(str(spec.parent))
    assert {mistake.code for mistake in mistakes} == {"spec-example"}
    assert len(mistakes) == spec.read_text("utf-8").count('example: {key: "?')
    assert workbench.lint("elastickv") == ()
