"""A hash that is neither fast nor safe, but that nodes place things by."""

from __future__ import annotations

_OFFSET, _PRIME, _MASK = 2166136261, 16777619, (1 << 32) - 1


def fnv1a_32(data: bytes) -> int:
    """FNV-1a with 32 bits (sqs.md §4)."""
    value = _OFFSET
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value
