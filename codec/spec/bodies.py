"""What a plan says of bodies: how they are joined from pieces that records hold, and cut into pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from codec.frozen import frozen


@frozen
class Take:
    """One kind of record that holds pieces.

    It counts for parts whose `flag` is `on`. `part` and `version` are indexes (in the element, in the part); `only`
    is compared with `Join.only` unless that is empty and `any_if_empty`. The bytes are the element's field `data`, or
    those of the `content` thing that its field `by` names; then `size` is checked against them and `sizes` of the part.
    """

    row: str
    flag: int
    on: bool
    part: tuple[int, int]
    version: tuple[int, int]
    number: int
    only: int
    any_if_empty: bool
    data: int
    content: str
    by: int
    size: int
    sizes: int


@frozen
class Join:
    """A body `field` of a thing: for each declared part its pieces, numbered from 0 to one less than `count`."""

    field: str
    parts: str
    count: int
    only: str
    takes: tuple[Take, ...]
    incomplete: str
    differs: str


Source = tuple[Literal["const", "field", "position", "piece", "count", "sizes"], object]


@frozen
class Cut:
    """A body as pieces, the elements of `into`, of as many bytes as the option `every` says; and their one part."""

    field: str
    every: str
    into: str
    piece: tuple[Source, ...]
    parts: str
    part: tuple[Source, ...]


@frozen
class Bodies:
    """All that a plan says of the body of one kind of thing; `shown` and `beside` are its documents."""

    join: Join
    cut: Cut
    shown: str
    beside: str
    loose: str
    loose_option: str


def element_of(
    sources: tuple[Source, ...], known: Mapping[str, object], fields: Mapping[str, object]
) -> tuple[object, ...]:
    """An element made of constants, fields of the thing, and what the cut knows."""
    return tuple(
        value if kind == "const" else fields[str(value)] if kind == "field" else known[kind] for kind, value in sources
    )
