"""The names of the manual's paragraphs: stable, so that test vectors and other documents can point to them."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^a-z0-9]+")


def anchor(*names: str) -> str:
    """The anchor of what these names lead to: `anchor("redis", "Hash.meta")` is `redis-hash-meta`."""
    return _OTHER.sub("-", "-".join(names).lower()).strip("-")
