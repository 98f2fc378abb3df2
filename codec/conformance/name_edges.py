"""The edges of names: identities on each side of every limit and mark of the segments that name files and folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codec.layout.segments import Segment
from codec.layout.tagged import LabelByTag
from codec.spec import plan


def _literal(segment: Segment) -> bytes:
    return segment.literal[:1].encode()


NAMES: dict[str, Callable[[Segment], bytes]] = {
    "longest": lambda segment: _literal(segment) * segment.longest,
    "too_long": lambda segment: _literal(segment) * (segment.longest + 1),
    "longest_escaped": lambda segment: b"\0" * (segment.longest // 3),
    "too_long_escaped": lambda segment: b"\0" * (segment.longest // 3 + 1),
    "dot": lambda segment: b".",
    "dots": lambda segment: b"..",
    "marked": lambda segment: segment.mark.encode() + _literal(segment),
    "like_a_digest": lambda segment: b"0" * segment.fallback.digits + segment.fallback.join.encode(),
    "almost_a_digest": lambda segment: b"0" * (segment.fallback.digits - 1) + segment.fallback.join.encode(),
}
DOTS = ("dot", "dots")


def segments_of(entity: plan.Entity) -> Iterator[Segment]:
    """What turns the identity of an entity into names of files and folders, each once; of children their parents say it."""
    found = []
    for document in entity.documents if entity.within is None else ():
        for part in (part for step in document.path for part in step):
            if isinstance(part, plan.PathPart) and part.target.field == entity.identity[0]:
                segment = part.segment.segment if isinstance(part.segment, LabelByTag) else part.segment
                if isinstance(segment, Segment):
                    found.append(segment)
    yield from dict.fromkeys(found)


def names_of(entity: plan.Entity) -> dict[str, list[bytes]]:
    """The identities at each edge of an entity's names; dots alone only where they have a spelling."""
    segments = list(segments_of(entity))
    found = {edge: [of(one) for one in segments if one.dots or edge not in DOTS] for edge, of in NAMES.items()}
    return {edge: identities for edge, identities in found.items() if identities}
