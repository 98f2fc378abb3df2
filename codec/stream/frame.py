"""How a record lies in a stream: lengths before key and value, and what stands around both.

Invariant: `split` of what `records` gives are the records again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct

Span = tuple[object, ...]
"""Where a value lies that is fetched when it is written: plain values, which only `Frame.fetch` understands."""
Value = bytes | Span
Pair = tuple[bytes, Value]
_KNOWN_LENGTHS = 1 << 12


class _Lengths(dict[int, bytes]):
    """The bytes before a key or value of a length, made once for each short length."""

    def __init__(self, pack: Callable[[int], bytes], extra: int, after: bytes) -> None:
        self._pack, self._extra, self._after = pack, extra, after

    def __missing__(self, length: int) -> bytes:
        text = self._pack(length + self._extra) + self._after
        if length < _KNOWN_LENGTHS:
            self[length] = text
        return text


def nothing_to_fetch(_: Span) -> bytes:
    """For streams whose values are all in memory."""
    raise AssertionError("only an encode hands in values that are to be fetched")


class Frame:
    """The lengths are of `key_format` and `value_format`; `head` stands before each value and counts as a part of it.

    `fetch` gives the bytes of a value that was handed in as a `Span`.
    """

    def __init__(
        self, key_format: str, value_format: str, head: bytes, fetch: Callable[[Span], bytes] = nothing_to_fetch
    ) -> None:
        self.key, self.value = Struct(key_format), Struct(value_format)
        self.head, self.fetch = head, fetch
        self._before_key = _Lengths(self.key.pack, 0, b"")
        self._before_value = _Lengths(self.value.pack, len(head), head)

    def records(self, pairs: Iterable[Pair], size: int) -> Iterator[bytes]:
        """Framed records in blocks of about `size` bytes."""
        before_key, before_value = self._before_key, self._before_value
        parts: list[bytes] = []
        room = size
        for key, value in pairs:
            if type(value) is not bytes:
                value = self.fetch(value)  # type: ignore[arg-type]
            parts += (before_key[len(key)], key, before_value[len(value)], value)
            room -= len(key) + len(value) + 24
            if room <= 0:
                yield b"".join(parts)
                parts, room = [], size
        if parts:
            yield b"".join(parts)

    def block(self, keys: Sequence[bytes], values: Sequence[bytes]) -> bytes:
        """The same for records that make one block; no step of it is Python's."""
        heads = map(self._before_key.__getitem__, map(len, keys))
        middles = map(self._before_value.__getitem__, map(len, values))
        return b"".join(chain.from_iterable(zip(heads, keys, middles, values, strict=True)))

    def split(self, block: bytes) -> tuple[list[bytes], list[bytes]]:
        """The keys and the framed records of a block."""
        keys, records, at, end = [], [], 0, len(block)
        key_size, value_size = self.key.size, self.value.size
        key_at, value_at = self.key.unpack_from, self.value.unpack_from
        while at < end:
            start = at + key_size
            middle = start + key_at(block, at)[0]
            after = middle + value_size + value_at(block, middle)[0]
            keys.append(block[start:middle])
            records.append(block[at:after])
            at = after
        return keys, records

    def framed(self, key: bytes, value: Value) -> bytes:
        """One record."""
        return next(self.records(((key, value),), 0))

    def value_of(self, key: bytes, record: bytes) -> bytes:
        """The value of a framed record."""
        return record[self.key.size + len(key) + self.value.size + len(self.head) :]
