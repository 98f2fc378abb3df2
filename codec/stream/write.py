"""The canonical stream: one version per key at one timestamp, sorted by framed key (container-and-cli.md §6.3)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import NoReturn, Protocol, cast

from codec.errors import DataError, LimitError, shown
from codec.layout.numbers import ALL_BITS
from codec.spec.container import StreamPlan
from codec.stream.frame import Frame, Pair, Span, Value, nothing_to_fetch
from codec.stream.framed import BUDGET, OUT, FramedSorter, Repeated
from codec.stream.seal import sealed
from codec.stream.sort import Sorter
from codec.stream.tally import Tally

BLOCK = 1 << 20
_PER_RECORD = 120
_ONLY_BYTES = frozenset((bytes,))
_value_of = itemgetter(1)


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Records(Protocol):
    """Where the records of an encode go."""

    tail: bytes
    """What the framed key has behind the key."""
    most_value: int
    count: int

    def add(self, key: bytes, value: bytes) -> None:
        """One record; raises `LimitError` for one that a reader would refuse."""

    def extend(self, pairs: Sequence[Pair]) -> None:
        """Several records, keys with `tail` behind them, a value perhaps as what `fetch` takes; raises `LimitError`."""


class SharedRecords(Records, Protocol):
    """Records that several processes may collect."""

    def begin_parts(self, jobs: int) -> None:
        """In one of `jobs` children: forget what the parent took."""

    def hand_over(self) -> tuple[object, tuple[int, ...]]:
        """In a child: what it took, as plain values and open files."""

    def take_over(self, said: object, files: Sequence[int]) -> None:
        """Add what a child took."""


class _Stream:
    """What all records of the stream have in common, and the limits that they must keep."""

    def __init__(self, plan: StreamPlan, commit_ts: int, fetch: Callable[[Span], bytes]) -> None:
        key, value = plan.key, plan.value
        assert key is not None and value is not None
        self.plan, self.commit_ts = plan, commit_ts
        self.tail = plan.stamp.pack(commit_ts ^ ALL_BITS)
        head = b"".join(struct.pack(layout.format, 0) for _, layout in value.before)
        self.frame = Frame(key.length.format, value.length.format, head, fetch)
        self.most_key, self.most_value = key.most - key.least, value.most - value.least
        self.most = min(self.most_key, self.most_value)
        self.count = 0

    def header(self) -> bytes:
        """What stands before the records."""
        return self.plan.magic + b"".join(struct.pack(layout.format, self.commit_ts) for _, layout in self.plan.header)

    def too_large(self, key: bytes, size: int) -> NoReturn:
        """Refuse a record of `size` bytes."""
        errors = self.plan.write_errors
        if len(key) > self.most_key:
            raise LimitError(
                errors["key_limit"],
                f"the key {shown(key)} is longer than keys may be",
                expected=f"at most {self.most_key} bytes",
                found=str(len(key)),
            )
        raise LimitError(
            errors["value_limit"],
            f"the value of {shown(key)} is longer than values may be",
            expected=f"at most {self.most_value} bytes",
            found=str(size),
        )

    def repeated(self, key: bytes) -> DataError:
        """Two records have the framed key `key`."""
        text = shown(key[: len(key) - len(self.tail)])
        hint = "two documents stand for the same key"
        return DataError(self.plan.write_errors["repeated"], f"two records have the key {text}", hint=hint)


class Unwanted:
    """Records of which only the documents are wanted that they come from."""

    def __init__(self, most_value: int) -> None:
        self.tail, self.most_value, self.count = b"", most_value, 0

    def add(self, key: bytes, value: bytes) -> None:
        """Nothing."""

    def extend(self, pairs: Sequence[Pair]) -> None:
        """Nothing."""


class SnapshotRecords(_Stream):
    """Collects records in any order and writes the stream. Memory is that of `FramedSorter`.

    `cuts` are prefixes of kinds of records, `fetch` gives values that are handed in as where they lie, and `tally`
    counts what is handed in.
    """

    def __init__(
        self,
        plan: StreamPlan,
        commit_ts: int,
        directory: Path | None,
        cuts: Sequence[bytes],
        fetch: Callable[[Span], bytes],
        tally: Tally | None = None,
        budget: int = BUDGET,
    ) -> None:
        super().__init__(plan, commit_ts, fetch)
        self.tally = tally
        self.sorter = FramedSorter(self.frame, directory, cuts, budget)

    def __enter__(self) -> SnapshotRecords:
        return self

    def __exit__(self, *_: object) -> None:
        self.sorter.close()

    def add(self, key: bytes, value: bytes) -> None:
        """One record; raises `LimitError` for one that a reader would refuse."""
        weight = len(key) + len(value)
        if weight > self.most and (len(key) > self.most_key or len(value) > self.most_value):
            self.too_large(key, len(value))
        self.count += 1
        if self.tally is not None:
            self.tally.add(key, value)
        self.sorter.add(key + self.tail, value, weight)

    def extend(self, pairs: Sequence[Pair]) -> None:
        """See `Records`."""
        weight = sum(map(len, chain.from_iterable(pairs)))
        if weight > self.most:
            self._check(pairs)
        self.count += len(pairs)
        if self.tally is not None:
            self._count(self.tally, pairs)
        if len(pairs) == 1:
            self.sorter.add(*pairs[0], weight)
        else:
            self.sorter.extend(pairs, weight)

    def _count(self, tally: Tally, pairs: Sequence[Pair]) -> None:
        end = -len(self.tail)
        for key, value in pairs:
            tally.add(key[:end], value if type(value) is bytes else self.frame.fetch(value))  # type: ignore[arg-type]

    def _check(self, pairs: Sequence[Pair]) -> None:
        for key, value in pairs:
            size = len(value) if type(value) is bytes else 0
            if len(key) - len(self.tail) > self.most_key or size > self.most_value:
                self.too_large(key[: len(key) - len(self.tail)], size)

    def begin_parts(self, jobs: int) -> None:
        """See `SharedRecords`."""
        self.sorter = self.sorter.empty_copy(jobs)
        self.count = 0
        if self.tally is not None:
            self.tally = Tally()

    def hand_over(self) -> tuple[object, tuple[int, ...]]:
        """See `SharedRecords`."""
        runs, files = self.sorter.hand_over()
        return (self.count, self.tally.total if self.tally is not None else 0, runs), files

    def take_over(self, said: object, files: Sequence[int]) -> None:
        """See `SharedRecords`."""
        count, total, runs = cast("tuple[int, int, object]", said)
        self.count += count
        if self.tally is not None:
            self.tally.take(count, total)
        self.sorter.take_over(runs, files)

    def write_to(self, sink: Sink) -> None:
        """Write everything in order. Raises `DataError` for a key that stands twice."""
        out = sealed(self.plan, sink)
        held, room = [self.header()], OUT
        try:
            for block in self.sorter.blocks():
                if len(block) >= OUT and held:
                    out.write(b"".join(held))
                    held, room = [], OUT
                if len(block) >= OUT:
                    out.write(block)
                    continue
                held.append(block)
                room -= len(block)
                if room <= 0:
                    out.write(b"".join(held))
                    held, room = [], OUT
        except Repeated as repeated:
            raise self.repeated(repeated.key) from None
        out.write(b"".join(held))
        out.finish()


_OF_SPAN = 500  # bytes that a span takes, mostly its path


class StreamWriter(_Stream):
    """As `SnapshotRecords`, over a sorter of (framed key, value) that the caller brings, in the order that it gives.

    With `keep_spans`, values that are to be fetched stay where they are: such an item is (framed key, b"", *span), which
    can be compared with the others. `kept` counts them.
    """

    def __init__(
        self,
        plan: StreamPlan,
        commit_ts: int,
        sorter: Sorter[tuple[bytes, bytes]],
        fetch: Callable[[Span], bytes] = nothing_to_fetch,
        keep_spans: bool = False,
    ) -> None:
        super().__init__(plan, commit_ts, fetch)
        self.sorter, self._keep_spans, self.kept = sorter, keep_spans, 0

    def add(self, key: bytes, value: bytes) -> None:
        """One record; raises `LimitError` for one that a reader would refuse."""
        if len(key) > self.most_key or len(value) > self.most_value:
            self.too_large(key, len(value))
        self.sorter.add((key + self.tail, value), len(key) + len(value) + _PER_RECORD)
        self.count += 1

    def extend(self, pairs: Sequence[Pair]) -> None:
        """See `Records`."""
        weight = sum(map(len, chain.from_iterable(pairs)))
        if weight <= self.most and not self.tail and _ONLY_BYTES.issuperset(map(type, map(_value_of, pairs))):
            self.sorter.extend(cast("Sequence[tuple[bytes, bytes]]", pairs), weight + _PER_RECORD * len(pairs))
            self.count += len(pairs)
            return
        for key, value in pairs:
            plain = key[: len(key) - len(self.tail)]
            if type(value) is bytes:
                self.add(plain, value)
            elif self._keep_spans and len(plain) <= self.most_key:
                item = cast("tuple[bytes, bytes]", (key, b"", *value))
                self.sorter.add(item, len(key) + _OF_SPAN)
                self.count += 1
                self.kept += 1
            else:
                self.add(plain, self.frame.fetch(cast(Span, value)))

    def begin_parts(self, jobs: int) -> None:
        """See `SharedRecords`."""
        self.sorter, self.count, self.kept = self.sorter.empty_copy(jobs), 0, 0

    def hand_over(self) -> tuple[object, tuple[int, ...]]:
        """See `SharedRecords`."""
        runs, files = self.sorter.hand_over()
        return (self.count, self.kept, runs), files

    def take_over(self, said: object, files: Sequence[int]) -> None:
        """See `SharedRecords`."""
        count, kept, runs = cast("tuple[int, int, object]", said)
        self.count += count
        self.kept += kept
        self.sorter.take_over(runs, files)

    def write_to(self, sink: Sink) -> int:
        """Write everything in order; how many bytes. Raises `DataError` for a key that stands twice."""
        out = sealed(self.plan, sink)
        written = len(header := self.header())
        out.write(header)
        for block in self.frame.records(self._single(), BLOCK):
            out.write(block)
            written += len(block)
        return written + out.finish()

    def _single(self) -> Iterator[tuple[bytes, Value]]:
        before = None
        for key, value in self.sorter.sorted():
            if key == before:
                raise self.repeated(key)
            before = key
            yield key, value


__all__ = ["Records", "SharedRecords", "SnapshotRecords", "StreamWriter", "Unwanted"]
