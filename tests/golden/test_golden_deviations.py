"""Every deviation from the reference is a real one, of a case that exists, and is explained in docs/deviations.md."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest

from tests.support.deviations import DEVIATIONS, DOCUMENT
from tests.support.golden_cases import CARRIED, decode_plan, golden_root, load_cases, load_encoder_lines
from tests.support.golden_layout import content_of

CASES = {case.name: case for case in load_cases(golden_root())}
LINES = {line["name"]: line for line in load_encoder_lines(golden_root())[1]}


def sections() -> dict[str, str]:
    """The sections of docs/deviations.md by their headings."""
    _, *parts = re.split(r"^#+ ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading.strip(): body for heading, _, body in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize(("tool", "name"), DEVIATIONS)
def test_deviation_is_explained_under_its_heading(tool: str, name: str) -> None:
    entry = next(deviation.entry for place, deviation in DEVIATIONS.items() if place == (tool, name))
    assert f"`{name}`" in sections().get(entry, ""), f"docs/deviations.md, section {entry!r}"


def test_cases_that_version_resolution_changes_are_explained() -> None:
    changed = {case.name for case in CASES.values() if "newest" not in case.versions() and decode_plan(case)}
    text = DOCUMENT.read_text(encoding="utf-8")
    assert {name for name in changed if f"`{name}`" not in text} == set()


@pytest.mark.skipif(golden_root() == CARRIED, reason="the carried cases are a selection of all")
def test_every_deviation_is_of_a_known_case() -> None:
    known = {("decode", name) for name in CASES} | {("encode", name) for name in CASES.keys() | LINES.keys()}
    assert {name for tool, name in DEVIATIONS if (tool, name) not in known} == set()


def test_no_deviation_expects_what_the_reference_does() -> None:
    """So a listed case that agrees with the reference fails, and the list can only shrink."""
    for (tool, name), deviation in DEVIATIONS.items():
        if tool == "decode" and name in CASES:
            case = CASES[name].info
            damaged = case.get("encode_exit", 0) != 0  # the reference wrote a tree that it cannot read itself
            assert deviation.exit != case["decode_exit"] or damaged, name
        elif tool == "encode" and name in CASES:
            assert deviation.exit != CASES[name].info["encode_exit"], name
        elif name in LINES:
            line = LINES[name]
            same = deviation.exit == line["encode_exit"]
            assert not same or deviation.sha256 not in ("", sha256(content_of(line["fsm"])).hexdigest()), name


def test_every_tree_that_a_deviation_names_exists() -> None:
    named = {deviation.tree_of for deviation in DEVIATIONS.values() if deviation.tree_of}
    assert named <= {case.name for case in CASES.values() if case.decodes}
