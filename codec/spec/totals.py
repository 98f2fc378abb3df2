"""Whether a part of a record takes any bytes at all, so that nothing can be wrong in it."""

from __future__ import annotations

from collections.abc import Iterable

import construct

from codec.layout.base import Layout, Wrong
from codec.spec import plan

ODD = (b"", b"\0", b"\xff\xfe", b"%", b"a" * 300)


def takes_anything(parts: Iterable[plan.Part]) -> bool:
    """Whether any bytes at all fit these parts, one after the other; of none, nothing fits but nothing."""
    parts = tuple(parts)
    return bool(parts) and all(
        (isinstance(part, plan.Slack) and not part.least) or (isinstance(part, plan.Slot) and is_total(part.layout))
        for part in parts
    )


def key_takes_anything(row: plan.Row) -> bool:
    """Whether any key that begins with the prefix of a record kind is a key of it."""
    return takes_anything(row.key[1:] if isinstance(row.key[0], plan.Literal_) else row.key)


def value_takes_anything(row: plan.Row) -> bool:
    """Whether any value at all is one of a record kind, in one of its forms."""
    return not row.digest[0] and all(takes_anything(form.parts) for form in row.forms)


def is_total(layout: Layout) -> bool:
    """Whether a layout takes any bytes."""
    if not layout.is_open:
        return False
    try:
        return all(layout.construct(0).parse(text) is not None for text in ODD)
    except (construct.ConstructError, Wrong, UnicodeError):
        return False
