"""Adapter lists and timestamps: a text means exactly one value or is refused (container-and-cli.md §5.1, §6.1)."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from codec.errors import UsageError
from tools.values import adapter_names, timestamp

KNOWN = ("redis", "dynamodb", "s3", "sqs")
SPACES = st.text(alphabet=" \t\n\r\v\f\u0085\u00a0\u2003\u3000", max_size=3)
U64 = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("text", "fold_case", "expected"),
    [
        ("", False, KNOWN),
        ("all", False, KNOWN),
        ("all", True, KNOWN),
        ("redis", False, ("redis",)),
        ("s3,redis", False, ("redis", "s3")),
        (" s3 ,, redis,", False, ("redis", "s3")),
        ("redis,redis", True, ("redis",)),
        ("Redis,SQS", True, ("redis", "sqs")),
    ],
)
def test_a_list_of_adapters_means_them(text: str, fold_case: bool, expected: tuple[str, ...]) -> None:
    assert adapter_names(text, KNOWN, fold_case=fold_case) == expected


@pytest.mark.parametrize(
    ("text", "fold_case", "code"),
    [
        ("mysql", False, "unknown_adapter"),
        ("Redis", False, "unknown_adapter"),
        ("ALL", True, "unknown_adapter"),
        (" all", True, "unknown_adapter"),
        ("redis,all", True, "unknown_adapter"),
        ("redis s3", False, "unknown_adapter"),
        ("\x1credis", False, "unknown_adapter"),
        (",,", False, "no_adapter"),
        (" ", True, "no_adapter"),
    ],
)
def test_any_other_list_of_adapters_is_refused(text: str, fold_case: bool, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        adapter_names(text, KNOWN, fold_case=fold_case)
    assert refused.value.code == code


@given(st.lists(st.sampled_from(KNOWN), min_size=1), SPACES, st.integers(1, 3))
def test_the_selection_does_not_depend_on_order_repetition_space_or_empty_entries(
    names: list[str], space: str, commas: int
) -> None:
    text = ("," * commas).join(f"{space}{name}{space}" for name in names)
    chosen = adapter_names(text, KNOWN, fold_case=False)
    assert chosen == tuple(name for name in KNOWN if name in names)
    assert adapter_names(text.upper(), KNOWN, fold_case=True) == chosen


@given(U64, SPACES, SPACES, st.integers(0, 30))
@example(2**64 - 1, "", "", 5000)
def test_every_writing_of_a_timestamp_gives_the_same_number(number: int, before: str, after: str, zeros: int) -> None:
    for text in (f"{'0' * zeros}{number}", f"0x{'0' * zeros}{number:x}", f"0X{number:X}"):
        assert timestamp(before + text + after, "--as-of") == number


@given(st.text(alphabet="0123456789abcdefxX_+- .\u0661"))
@example(" ")
@example("-1")
@example("+7730000000000001")
@example("7_730_000_000_000_001")
@example("0x")
@example("0xfg")
@example("0b1")
@example("0o7")
@example("\u0661")
@example("\x1c1")
@example(str(2**64))
@example("0x10000000000000000")
@example("9" * 5000)
def test_any_other_timestamp_is_refused(text: str) -> None:
    assume(text)
    writing = re.fullmatch(r" *(?:0[xX]([0-9a-fA-F]{1,16})|0*([0-9]{1,19})) *", text)
    assume(not writing)
    number = re.fullmatch(r" *(?:0[xX]([0-9a-fA-F]+)|([0-9]+)) *", text)
    if number and len(text) < 100:  # longer than the simple writing above, but perhaps still within 64 bits
        assume(int(number[1], 16) >= 2**64 if number[1] else int(number[2]) >= 2**64)
    with pytest.raises(UsageError) as refused:
        timestamp(text, "--as-of")
    assert refused.value.code == "timestamp"
    assert "--as-of" in refused.value.message


def test_an_empty_timestamp_is_none() -> None:
    assert timestamp("", "--as-of") is None
