"""The canonical stream: one version per key at one timestamp, sorted by framed key (container-and-cli.md §6.3)."""

from __future__ import annotations

import struct
from typing import Protocol

from codec.errors import DataError, LimitError, shown
from codec.layout.numbers import ALL_BITS
from codec.spec.container import StreamPlan
from codec.stream.seal import sealed
from codec.stream.sort import Sorter

BLOCK = 1 << 20


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class StreamWriter:
    """Collects records in any order and writes the stream. Memory is the sorter's, whatever the number of records."""

    def __init__(self, plan: StreamPlan, commit_ts: int, sorter: Sorter[tuple[bytes, bytes]]) -> None:
        key, value = plan.key, plan.value
        assert key is not None and value is not None
        self.plan, self.commit_ts, self.sorter = plan, commit_ts, sorter
        self.suffix = struct.pack(key.after[0][1].format, commit_ts ^ ALL_BITS)
        self.head = b"".join(struct.pack(layout.format, 0) for _, layout in value.before)
        self.most_key, self.most_value = key.most - key.least, value.most - value.least
        self.count = 0

    def add(self, key: bytes, value: bytes) -> None:
        """One record; raises `LimitError` for one that a reader would refuse."""
        if len(key) > self.most_key or len(value) > self.most_value:
            self._too_large(key, value)
        self.sorter.add((key + self.suffix, value), len(key) + len(value) + 120)
        self.count += 1

    def _too_large(self, key: bytes, value: bytes) -> None:
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
            found=str(len(value)),
        )

    def write_to(self, sink: Sink) -> int:
        """Write everything in order; how many bytes. Raises `DataError` for a key that stands twice."""
        out = sealed(self.plan, sink)
        header = [self.plan.magic]
        header += [struct.pack(layout.format, self.commit_ts) for _, layout in self.plan.header]
        key_frame, value_frame, head = self.plan.key, self.plan.value, self.head
        assert key_frame is not None and value_frame is not None
        pack_key, pack_value = (
            struct.Struct(key_frame.length.format).pack,
            struct.Struct(value_frame.length.format).pack,
        )
        parts, size, written, before, extra = header, sum(map(len, header)), 0, None, len(head)
        for key, value in self.sorter.sorted():
            if key == before:
                text = shown(key[: -len(self.suffix)])
                hint = "two documents stand for the same key"
                raise DataError(self.plan.write_errors["repeated"], f"two records have the key {text}", hint=hint)
            before = key
            parts += (pack_key(len(key)), key, pack_value(len(value) + extra), head, value)
            size += len(key) + len(value) + 25
            if size >= BLOCK:
                block = b"".join(parts)
                out.write(block)
                written += len(block)
                parts, size = [], 0
        block = b"".join(parts)
        out.write(block)
        return written + len(block) + out.finish()
