"""What is surely valid is valid: the quick judge of top documents never says yes where `jsonschema` says no."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from jsonschema import Draft202012Validator, FormatChecker

from codec.mapping.fits import is_time, surely_fits
from codec.spec.container import TopDocument
from codec.testing.documents import manifest
from tests.support.laws import CONTAINER

CHECKER = FormatChecker(())
CHECKER.checks("date-time")(lambda text: not isinstance(text, str) or is_time(text))
ODD = (
    st.none() | st.booleans() | st.integers(-2, 2**64) | st.text(max_size=4) | st.just({}) | st.just([]) | st.just([1])
)


def _parts(value: object) -> list[Callable[[object], object]]:
    """For each part of a value, how to put another one in its place."""
    found: list[Callable[[object], object]] = [lambda other: other]
    if isinstance(value, dict):
        for name, inner in value.items():
            for put in _parts(inner):
                found.append(lambda other, name=name, put=put: value | {name: put(other)})
            found.append(lambda other, name=name: {n: v for n, v in value.items() if n != name})
    return found


@pytest.mark.parametrize("document", [CONTAINER.manifest], ids=lambda one: one.path)
@given(data=st.data())
def test_a_quick_yes_is_right(document: TopDocument, data: DataObject) -> None:
    import json

    (text,) = manifest(CONTAINER, data.draw(st.integers(0, 2**64 - 1)), {}).values()
    value = json.loads(text)
    assert surely_fits(document.schema, value)
    for _ in range(data.draw(st.integers(1, 2))):
        value = data.draw(st.sampled_from(_parts(value)))(data.draw(ODD))
    if surely_fits(document.schema, value):
        assert Draft202012Validator(document.schema, format_checker=CHECKER).is_valid(value)


def test_a_word_that_is_not_known_is_never_a_yes() -> None:
    assert not surely_fits({"not": {}}, 1)
