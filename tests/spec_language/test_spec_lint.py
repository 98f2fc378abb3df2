"""The lint as a whole: our specs pass, damaged ones never make it stumble, and every finding can be acted on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SpecError
from codec.spec import library, plan, source
from codec.spec.lint import lint

BASE = Path(__file__).parent / "base"
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


@st.composite
def damaged(draw: st.DrawFn, name: str) -> str:
    """A base spec with one to three parts removed, replaced, renamed or put elsewhere, as YAML."""
    data = yaml.safe_load((BASE / name).read_text("utf-8"))
    for _ in range(draw(st.integers(1, 3))):
        ways = [way for way, _ in source.walk(data) if way]
        way = draw(st.sampled_from(ways))
        holder = source.part_of(data, way[:-1])
        action = draw(st.sampled_from(["remove", "replace", "rename", "transplant"]))
        if action == "remove":
            del holder[way[-1]]
        elif action == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["x", "key", "max", "as", "const", "each"]))] = holder.pop(way[-1])
        elif action == "transplant":
            other = draw(
                st.sampled_from([other for other in ways if other[: len(way)] != way and way[: len(other)] != other])
            )
            holder[way[-1]] = source.part_of(data, other)
        else:
            holder[way[-1]] = draw(VALUES)
    return yaml.dump(data, Dumper=_NoAlias, sort_keys=False)


class _NoAlias(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def assert_reported(text: str, name: str) -> None:
    """The lint of a folder with this text as `name`, and the base specs around it, ends; all findings can be shown."""
    with TemporaryDirectory() as folder:
        for path in BASE.glob("*.yaml"):
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        (Path(folder) / name).write_text(text, "utf-8")
        for found in lint(str(Path(folder) / name)):
            assert found.error.place, found
            assert found.error.message in found.error.render()


@given(damaged("shop.yaml"))
def test_a_damaged_adapter_is_reported_never_a_traceback(text: str) -> None:
    assert_reported(text, "shop.yaml")


@given(damaged("container.yaml"))
def test_a_damaged_container_is_reported_never_a_traceback(text: str) -> None:
    assert_reported(text, "container.yaml")
