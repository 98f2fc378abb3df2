"""Whether two streams have the same records, whatever their order: one number each, in constant memory.

Invariant: equal records give equal tallies; different ones agree by accident once in 2^64. It guards against mistakes,
not against somebody who makes records for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_BITS = (1 << 64) - 1


class Tally:
    """The sum of the hashes of records. Hashes differ from process to process; children of a fork share them."""

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count = self.total = 0

    def add(self, key: bytes, value: bytes) -> None:
        """Count one record."""
        self.count += 1
        self.total = (self.total + hash((key, value))) & _BITS

    def add_all(self, keys: Iterable[bytes], values: Sequence[bytes]) -> None:
        """Count many records."""
        self.count += len(values)
        self.total = (self.total + sum(map(hash, zip(keys, values, strict=True)))) & _BITS

    def take(self, count: int, total: int) -> None:
        """Count what another tally counted."""
        self.count += count
        self.total = (self.total + total) & _BITS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and (self.count, self.total) == (other.count, other.total)

    __hash__ = None  # type: ignore[assignment]
