"""Micro-benchmarks of framing: ours with every check, beside a bare loop, construct and Kaitai.

Every way counts the entries of the same stream in memory; a way that finds another number is refused.
"""

from __future__ import annotations

import gc
import io
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import perf_counter

import construct

from codec.errors import DataError
from codec.mapping.dispatch import every_kind
from codec.spec.container import Container, Frame
from codec.stream.entries import EntryReader
from codec.stream.source import Source
from codec.stream.versions import Newest

from . import kaitai
from .results import DISPATCHED, FRAMING, Micro

Way = Callable[[bytes], int]


def ways(container: Container, compiler: kaitai.Compiler | None) -> Iterator[tuple[str, Way]]:
    """Every way to read the framing."""
    yield "bare loop, no checks", bare_loop(container)
    yield "ours, all checks", framed(container)
    yield DISPATCHED, dispatched(container)
    yield "construct", constructed(container, compiled=False)
    yield "construct, compiled", constructed(container, compiled=True)
    if compiler is not None:
        yield from kaitai.ways(container, compiler)


def framing(
    container: Container, workload: str, data: bytes, ways: Iterable[tuple[str, Way]], rounds: int
) -> list[Micro]:
    """Time every way on one stream, in turn."""
    known = list(ways)
    counts = {name: way(data) for name, way in known}
    if len(set(counts.values())) != 1:
        raise DataError("bench-differs", f"the ways to read {workload} do not agree: {counts}")
    times = timed({name: partial(way, data) for name, way in known}, rounds)
    return [Micro(FRAMING, name, workload, counts[name], seconds) for name, seconds in times.items()]


def timed(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each job in each round, in turn, without the cyclic garbage collector."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            gc.disable()
            try:
                start = perf_counter()
                job()
                seconds[name].append(perf_counter() - start)
            finally:
                gc.enable()
    return seconds


# ------------------------------------------------------------------------------------------------ ways


def framed(container: Container) -> Way:
    """Our reading: every limit, flag and length checked."""
    return lambda data: sum(len(batch.raws) for batch in _reader(container, data).batches())


def dispatched(container: Container) -> Way:
    """Our reading, the version of each key that counts, and of each record its kind."""
    dispatch = every_kind(container)

    def count(data: bytes) -> int:
        reader, found = _reader(container, data), 0
        for live in Newest(None, reader.head.last_commit_ts, Counter()).live(reader.batches()):
            found += sum(stop - start for row, start, stop in dispatch.runs(live) if row is not None)
        return found

    return count


def _reader(container: Container, data: bytes) -> EntryReader:
    return EntryReader(container, Source(io.BytesIO(data), ""))


def bare_loop(container: Container) -> Way:
    """What a person would write for exactly this stream, with no limit, no check and no error: the floor."""
    plan = container.written
    key, value = _frame(plan.key), _frame(plan.value)
    begin = len(plan.magic) + sum(layout.size or 0 for _, layout in plan.header)
    read, wide = struct.Struct(key.length.format).unpack_from, key.length.size or 0
    back, head = key.least, value.least

    def count(data: bytes) -> int:
        at, end, found = begin, len(data), []
        while at < end:
            (size,) = read(data, at)
            at += wide
            name = data[at : at + size - back]
            at += size
            (size,) = read(data, at)
            at += wide
            found.append((name, data[at + head : at + size]))
            at += size
        return len(found)

    return count


def constructed(container: Container, compiled: bool) -> Way:
    """The framing as a construct object: the whole stream, or each entry with its compiled form, as is faster for each."""
    plan = container.written
    parts = [name / _prefixed(_frame(frame)) for name, frame in (("key", plan.key), ("value", plan.value))]
    header = construct.Struct(
        "magic" / construct.Const(plan.magic),
        *(name / construct.FormatField(*layout.format) for name, layout in plan.header),
    )
    entry = construct.Struct(*parts)
    if not compiled:
        whole = construct.Struct("header" / header, "entries" / construct.GreedyRange(entry))
        return lambda data: len(whole.parse(data).entries)
    reader = entry.compile()

    def count(data: bytes) -> int:
        stream, found = io.BytesIO(data), []
        header.parse_stream(stream)
        while stream.tell() < len(data):
            found.append(reader.parse_stream(stream))
        return len(found)

    return count


def _prefixed(frame: Frame) -> construct.Construct:
    return construct.Prefixed(construct.FormatField(*frame.length.format), construct.GreedyBytes)


def _frame(frame: Frame | None) -> Frame:
    assert frame is not None, "the stream that is written has entries of key and value"
    return frame
