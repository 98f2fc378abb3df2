"""Protobuf fields whose tag takes more than one byte: both engines, and the bytes that protobuf says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.choices import engine_of
from codec.spec import library
from codec.testing import canonical
from codec.testing.records import read_back, records_of
from codec.testing.values import exact
from tests.laws.test_laws_records import without_interpreter
from tests.support.laws import READ, EntityCase, RowCase, examples, said

BASE = Path(__file__).parent.parent / "spec_language" / "base"
NUMBERS = [16, 2047, 2048, 536_870_911]
CHANGES = """
  - {at: [codecs, ID, max], to: 60000}
  - {at: [entities, Log, stored, head, value, message, tags, number], to: %d}
  - {at: [entities, Log, stored, line, value, message, words, number], to: %d}
  - {at: [entities, Log, stored, line, value, message, stamp, number], to: %d}
  - {at: [entities, Log, stored, head, example], remove: it shows other numbers}
  - {at: [entities, Log, stored, line, example], remove: it shows other numbers}
"""


def log(folder: Path, number: int) -> EntityCase:
    """The things of a spec whose messages have fields with this number and the one before."""
    for file in BASE.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    changes = CHANGES % (number, number, number - 1)
    (folder / "wide.yaml").write_text(f"language: 1\nextends: shop.yaml\nversion: 2\nchanges:{changes}", "utf-8")
    container = (folder / "container.yaml").read_text("utf-8").replace("[shop.yaml]", "[wide.yaml]")
    (folder / "container.yaml").write_text(container, "utf-8")
    adapter = library.load(str(folder)).adapters[0]
    return EntityCase(adapter, adapter.entity("Log"))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_field_of_any_number_is_written_and_read_by_both_engines(number: int, tmp_path: Path) -> None:
    case = log(tmp_path, number)

    @examples(20)
    @given(st.data())
    def laws(data: DataObject) -> None:
        thing = data.draw(case.things)
        for row, known, element in records_of(case.entity, thing):
            record = canonical(row, known, element)
            assert without_interpreter(case.adapter).writer(row)(known, element) == record
            if row.role in READ:
                values = without_interpreter(case.adapter).reader(row)(*record)
                assert exact(said(values)) == exact(read_back(row, known, element))
        for row in (row for row in case.entity.rows if row.role in READ):
            record = data.draw(RowCase(case.adapter, row).records)
            first, second = (engine_of(name, case.adapter).reader(row)(*record) for name in ("interpreter", "compiled"))
            assert exact(first) == exact(second)

    laws()


def test_the_tag_is_protobufs(tmp_path: Path) -> None:
    case = log(tmp_path, 2048)
    thing = {"id": b"l", "lines": [], "tags": [("t",)], "pairs": [], "last": 1}
    value = engine_of("compiled", case.adapter).writer(case.entity.row("head"))(thing, ())[1]
    assert value[8:] == b"\x82\x80\x01" + b"\x01t"
