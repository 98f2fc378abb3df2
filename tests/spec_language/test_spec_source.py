"""YAML as the language reads it: the scalars of YAML 1.2 and nothing else, and where every part stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.errors import SpecError
from codec.spec import source


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "on",
        "off",
        "yes",
        "NULL",
        "Null",
        "True",
        "y",
        "N",
        "0o17",
        "0123",
        "+1",
        "1_000",
        "12:30",
        ".5",
        "0b1",
        ".inf",
        "2020-01-01",
    ],
)
def test_words_that_other_readers_change_stay_text(word: str) -> None:
    assert source.loads(f"a: {word}", "x")["a"] == word


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("0x10", 16),
        ("1.5", 1.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ('"1"', "1"),
        ("'true'", "true"),
    ],
)
def test_core_scalars(word: str, value: object) -> None:
    found = source.loads(f"a: {word}", "x")["a"]
    assert (found, type(found)) == (value, type(value))


def test_a_number_of_many_digits_is_no_reason_to_fail() -> None:
    assert source.loads(f"a: {'9' * 5000}", "x")["a"] == "9" * 5000


def test_text_may_be_repeated() -> None:
    assert source.loads("a: &why because\nb: *why", "x") == {"a": "because", "b": "because"}


def test_endless_and_exploding_documents_are_refused() -> None:
    for text in ("a: &a [*a]", "a: &a {b: *a}", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"):
        with pytest.raises(SpecError, match="only text can be repeated"):
            source.loads(text, "x")


def test_every_part_knows_its_place() -> None:
    data = source.loads("a:\n  b:\n    - c\n    - {d: 1, e: 2}\n", "x.yaml")
    assert str(source.place_of(data, ("a",))) == "x.yaml:1:1"
    assert str(source.place_of(data, ("a", "b"))) == "x.yaml:2:3"
    assert str(source.place_of(data, ("a", "b", 0))) == "x.yaml:3:7"
    assert str(source.place_of(data, ("a", "b", 1, "e"))) == "x.yaml:4:14"
    assert str(source.place_of(data, ("a", "b", 1, "missing"))) == "x.yaml:4:7"


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff")
    for name in ("none.yaml", "bytes.yaml"):
        with pytest.raises(SpecError, match="spec-unreadable"):
            source.load(tmp_path / name)
