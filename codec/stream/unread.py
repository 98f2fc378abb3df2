"""Values that are passed over in the stream because only their length and their place matter."""

from __future__ import annotations

LARGE = 1 << 16  # bytes of a value from which on it pays


class Unread:
    """Stands for a value that was not read: all that is known is its length."""

    __slots__ = ("_size",)

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size
