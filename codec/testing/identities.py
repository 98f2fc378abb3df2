"""Identities that strain names and keys: prefixes of each other, names that cannot be turned back, clashes in case.

Everything is derived from the plan: the limits and marks of its path segments, and prefixes that extend each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.layout.segments import Fallback, Segment
from codec.layout.tagged import LabelByTag
from codec.mapping.collisions import is_text
from codec.spec import plan
from codec.tree.names import NOT_A_NAME

ODD_BYTES = (b"\0", b"\xff", b"%", b"/", b".", b"|", b"~", b"A", b"a", b"1", b" ", "é".encode())


def segments(adapter: plan.Adapter) -> Iterator[Segment]:
    """The path segments of the adapter's documents."""
    steps = (step for entity in adapter.entities for document in entity.documents for step in document.path)
    parts = (part.segment for step in steps for part in step if isinstance(part, plan.PathPart))
    for part in parts:
        if isinstance(part, (Segment, LabelByTag)):
            yield part if isinstance(part, Segment) else part.segment


def traps(adapter: plan.Adapter) -> set[bytes]:
    """What makes a key of one kind of record begin like another kind: the rest of each prefix that extends another."""
    prefixes = {row.prefix for row in adapter.rows if row.prefix}
    return {other[len(one) :] for one in prefixes for other in prefixes if other != one and other.startswith(one)}


def seeds(adapter: plan.Adapter) -> SearchStrategy[bytes]:
    """Single identities: short odd ones, and those at every edge of the adapter's path segments."""
    plain = st.lists(st.sampled_from(ODD_BYTES), max_size=5).map(b"".join) | st.binary(max_size=6)
    marks = sorted(traps(adapter))
    edges = [plain, st.just(b""), *([st.builds(bytes.__add__, st.sampled_from(marks), plain)] if marks else [])]
    for segment in dict.fromkeys(segments(adapter)):
        longest, shape = segment.longest, segment.fallback
        looks_hashed = st.builds(_looks_hashed, st.just(shape), st.sampled_from([b"0", b"a", b"F"]), plain)
        lengths = st.integers(longest - 1, longest + 2)
        literal = lengths.map(segment.literal[:1].encode().__mul__)
        escaped = lengths.map(lambda size: b"\xff" * (size // 3 + 1))
        edges += [looks_hashed, literal, escaped, plain.map(segment.mark.encode().__add__)]
    return st.one_of(edges).map(lambda seed: seed if can_be_named(adapter, seed) else b"a" + seed.hex().encode())


def can_be_named(adapter: plan.Adapter, identity: bytes) -> bool:
    """Whether an identity can be the name of a folder, where names of folders are identities as they are.

    A name that is a digest says nothing: then a document in the folder does, and that is text.
    """
    steps = (step for e in adapter.entities for d in e.documents if not d.option for step in d.path[:-1])
    alone = (step[0].segment for step in steps if len(step) == 1 and isinstance(step[0], plan.PathPart))
    plain = (segment for segment in alone if isinstance(segment, Segment) and not segment.dots)
    names = [segment.encode(identity) for segment in plain]
    return not any(name.encode() in NOT_A_NAME or (noted and not is_text(identity)) for name, noted in names)


def _looks_hashed(shape: Fallback, digit: bytes, rest: bytes) -> bytes:
    """An identity whose name would be taken for a digest."""
    return digit * shape.digits + shape.join.encode() + rest


def relatives(seed: bytes) -> SearchStrategy[bytes]:
    """Identities that are easily taken for `seed`: longer ones, shorter ones, others in letter case."""
    longer = st.sampled_from([b"\0", b"\xff", b"\0" * 8, b"\xff" * 8, b"\x80" + b"\0" * 7, b"a"]).map(seed.__add__)
    return longer | st.integers(0, len(seed)).map(lambda size: seed[:size]) | st.just(seed.swapcase())


@st.composite
def pools(draw: st.DrawFn, adapter: plan.Adapter, most: int = 6) -> list[bytes]:
    """Distinct identities for the things of one tree, many of them related."""
    found = draw(st.lists(seeds(adapter), min_size=1, max_size=most // 2))
    for seed in list(found):
        found.append(draw(relatives(seed)))
    return [identity for identity in dict.fromkeys(found) if can_be_named(adapter, identity)]
