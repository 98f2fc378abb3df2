"""Golden cases as vectors: the reference's own answers, wherever the toolkit gives them too."""

from __future__ import annotations

from collections import Counter

from codec.conformance.golden import golden_vectors
from tests.support.conformance_kit import FORMAT
from tests.support.golden_cases import CARRIED


def test_golden_cases_become_vectors_in_both_directions_right_and_wrong() -> None:
    vectors = list(golden_vectors(FORMAT, CARRIED))
    assert len({vector.id for vector in vectors}) == len(vectors)
    kinds = Counter((vector.direction, vector.accepted) for vector in vectors)
    assert len(kinds) == 4
    assert {vector.kind for vector in vectors} == {"golden"}
    assert all(vector.error for vector in vectors if not vector.accepted and vector.direction == "decode")
