"""Vectors of golden cases: what the reference made of real and hand-made inputs, as far as it is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codec.conformance.vectors import Vector


def golden_vectors(name: str, root: Path) -> Iterator[Vector]:
    """TODO"""
    yield from ()
