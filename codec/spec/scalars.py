"""The ends of the scalar types of models, where formats go wrong first."""

from __future__ import annotations

from codec.layout.faces import RANGES

ENDS: dict[str, tuple[object, ...]] = {
    "bytes": (b"", b"\xff\0", b"a" * 300),
    "text": ("", "\0", "é" * 200),
    "f64": (0.0, -0.0, float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308),
    "flag": (False, True),
    **{name: (low, high, 1) for name, (low, high) in RANGES.items()},
}
