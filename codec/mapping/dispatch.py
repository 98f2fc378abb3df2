"""Which kind of record a key belongs to: the longest literal prefix that fits (container-and-cli.md §2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from codec.engine.interpreter import Interpreter
from codec.spec.container import Container
from codec.spec.plan import Row

Shape = Callable[[Row, bytes, bytes], bool]


class Dispatch:
    """Finds the row of a key. Rows told by shape claim only records of that shape; rows without a prefix come last."""

    def __init__(self, rows: Iterable[Row], shape: Shape) -> None:
        self._by_prefix = {row.prefix: row for row in rows if row.prefix}
        self._open = [row for row in rows if not row.prefix]
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._shape = shape
        self._plain = {prefix for prefix in self._by_prefix if self._is_plain(prefix)}
        self._last: Row | None = None
        self._last_prefix = b"\0"

    def _is_plain(self, prefix: bytes) -> bool:
        """Whether no other prefix extends this one, so that a key that begins with it can only be this row's."""
        return not any(other != prefix and other.startswith(prefix) for other in self._by_prefix)

    def find(self, key: bytes, value: bytes) -> Row | None:
        """The row of a record; neighbours mostly share it, so the last one is tried first."""
        if key.startswith(self._last_prefix):
            return self._last
        for length in self._lengths:
            prefix = key[:length]
            row = self._by_prefix.get(prefix)
            if row is None or (row.by_shape and not self._shape(row, key, value)):
                continue
            if prefix in self._plain and not row.by_shape:
                self._last, self._last_prefix = row, prefix
            return row
        return next((row for row in self._open if not key.startswith(row.refused)), None)


def every_kind(container: Container, on: frozenset[str] = frozenset()) -> Dispatch:
    """All kinds of records of a format, but those that wait for an option which is not `on`."""
    rows = [row for adapter in container.adapters for row in adapter.rows if not row.option or row.option in on]
    return Dispatch([*container.internal, *rows], Interpreter().accepts)
