"""Versions that extend others: every change does what it says, and leads back to the line that said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.spec import library, source
from codec.spec.extends import extended
from codec.spec.lint import lint

BASE = Path(__file__).parent / "base"


def changed(tmp_path: Path, change: str, base: str = "{a: {b: [x: u8, lit, y: u16], c: 1, d: 2}}") -> source.Mapping:
    (tmp_path / "base.yaml").write_text(f"language: 1\nversion: 1\n{base[1:-1]}\n", "utf-8")
    (tmp_path / "delta.yaml").write_text(f"language: 1\nextends: base.yaml\nversion: 2\nchanges: [{change}]\n", "utf-8")
    return extended(tmp_path / "delta.yaml")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("{at: [a, c], to: 9}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "c": 9, "d": 2}),
        ("{at: [a], insert: {e: 9}}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "c": 1, "d": 2, "e": 9}),
        ("{at: [a, b, x], to: u32}", {"b": [{"x": "u32"}, "lit", {"y": "u16"}], "c": 1, "d": 2}),
        ("{at: [a, b, lit], to: other}", {"b": [{"x": "u8"}, "other", {"y": "u16"}], "c": 1, "d": 2}),
        (
            "{at: [a, b], insert: {z: u8}, before: x}",
            {"b": [{"z": "u8"}, {"x": "u8"}, "lit", {"y": "u16"}], "c": 1, "d": 2},
        ),
        (
            "{at: [a, b], insert: {z: u8}, after: lit}",
            {"b": [{"x": "u8"}, "lit", {"z": "u8"}, {"y": "u16"}], "c": 1, "d": 2},
        ),
        ("{at: [a], insert: {z: 7}, before: c}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "z": 7, "c": 1, "d": 2}),
        ("{at: [a], insert: {z: 7}, after: c}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "c": 1, "z": 7, "d": 2}),
        ("{at: [a, b], insert: {z: u8}}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}, {"z": "u8"}], "c": 1, "d": 2}),
        ("{at: [a, b], insert: lat}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}, "lat"], "c": 1, "d": 2}),
        ("{at: [a, c], remove: why}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "d": 2}),
        ("{at: [a, b, lit], remove: why}", {"b": [{"x": "u8"}, {"y": "u16"}], "c": 1, "d": 2}),
        ("{at: [a, b, y], remove: why}", {"b": [{"x": "u8"}, "lit"], "c": 1, "d": 2}),
        ("{at: [a, c], rename: z}", {"b": [{"x": "u8"}, "lit", {"y": "u16"}], "z": 1, "d": 2}),
        ("{at: [a, b, x], rename: z}", {"b": [{"z": "u8"}, "lit", {"y": "u16"}], "c": 1, "d": 2}),
    ],
)
def test_a_change_does_what_it_says(tmp_path: Path, change: str, wanted: object) -> None:
    data = changed(tmp_path, change)
    assert data == {"language": 1, "version": 2, "a": wanted}
    part = data["a"]
    assert isinstance(part, dict)
    assert isinstance(wanted, dict)
    assert list(part) == list(wanted), "order has a meaning"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("{at: [a, b, y], to: u64}", [{"x": "u8"}, {"optional": [{"y": "u64"}, {"z": "u8"}]}]),
        ("{at: [a, b, z], rename: w}", [{"x": "u8"}, {"optional": [{"y": "u16"}, {"w": "u8"}]}]),
        ("{at: [a, b, y], remove: why}", [{"x": "u8"}, {"optional": [{"z": "u8"}]}]),
        (
            "{at: [a, b, optional], insert: {w: u8}, after: y}",
            [{"x": "u8"}, {"optional": [{"y": "u16"}, {"w": "u8"}, {"z": "u8"}]}],
        ),
    ],
)
def test_slots_of_an_optional_group_are_addressed_as_if_they_stood_beside_it(
    tmp_path: Path, change: str, wanted: object
) -> None:
    data = changed(tmp_path, change, "{a: {b: [x: u8, optional: [y: u16, z: u8]]}}")
    assert data["a"] == {"b": wanted}


def test_a_part_of_the_whole_spec_is_added_with_no_way(tmp_path: Path) -> None:
    data = changed(tmp_path, "{at: [], insert: {e: 9}}")
    assert list(data) == ["language", "version", "a", "e"]


def test_places_lead_to_the_line_that_said_it(tmp_path: Path) -> None:
    data = changed(tmp_path, "{at: [a, c], to: 9}, {at: [a, b], insert: {z: u8}, after: lit}, {at: [a, d], rename: e}")
    new = [("a", "c"), ("a", "b", 2), ("a", "e"), ("version",)]
    old = [("a",), ("a", "b", 0), ("a", "b", 3)]
    assert {Path(source.place_of(data, way).source).name for way in new} == {"delta.yaml"}
    assert {Path(source.place_of(data, way).source).name for way in old} == {"base.yaml"}


def test_changes_apply_one_after_the_other_and_over_several_versions(tmp_path: Path) -> None:
    changed(tmp_path, "{at: [a, c], rename: z}, {at: [a, z], to: 5}")
    text = "language: 1\nextends: delta.yaml\nversion: 3\nchanges: [{at: [a, z], rename: w}]\n"
    (tmp_path / "third.yaml").write_text(text, "utf-8")
    data = extended(tmp_path / "third.yaml")
    part = data["a"]
    assert isinstance(part, dict)
    assert (data["version"], part["w"], "z" in part) == (3, 5, False)


def test_the_base_stays_as_it_is() -> None:
    before = source.load(BASE / "shop.yaml")
    after = extended(BASE / "next.yaml")
    assert source.load(BASE / "shop.yaml") == before
    entities = after["entities"]
    assert isinstance(entities, dict)
    assert ("Line" in entities, "Queue" in entities, "height" in entities["Box"]["model"]) == (True, False, True)
    assert [found.error.code for found in lint(str(BASE / "next.yaml"))] == ["spec-example"]


def test_a_delta_of_a_container_changes_what_it_carries(tmp_path: Path) -> None:
    for file in BASE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "next").mkdir()
    text = """
language: 1
extends:  ../container.yaml
format:   bench-next
version:  2
changes:
  - {at: [streams, flat, magic], to: FLOT}
  - {in: shop, at: [entities, Queue, stored, item, key, "!qu|"], to: "!queue|"}
  - {in: shop, at: [entities, Queue, stored, item, example], remove: it shows the older key}
"""
    (tmp_path / "next" / "container.yaml").write_text(text, "utf-8")
    assert [found.error.code for found in lint(str(tmp_path / "next"))] == ["spec-example"]
    new, old = library.load(str(tmp_path / "next")), library.load(str(tmp_path))
    assert (new.name, new.version, new.written.magic) == ("bench-next", 2, b"FLOT")
    adapters = [(a.format, a.version, a.entity("Queue").row("item").prefix) for a in (*new.adapters, *old.adapters)]
    assert adapters == [("bench-next/shop", 2, b"!queue|"), ("bench/shop", 1, b"!qu|")]
    place = new.adapters[0].entity("Queue").row("item").key[0].place
    assert (Path(place.source).parent.name, place.line) == ("next", 8), "an error leads to the line of the delta"
