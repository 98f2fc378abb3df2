"""The footer of a stream, where its plan has one: a checksum of everything that was written, kept on the way."""

from __future__ import annotations

import struct
from typing import Protocol

import google_crc32c

from codec.spec.container import StreamPlan


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Unsealed:
    """A stream without a footer."""

    def __init__(self, sink: Sink) -> None:
        self.write = sink.write

    def finish(self) -> int:
        """Nothing follows."""
        return 0


class Sealed:
    """A stream whose footer is the CRC-32C of all of it, from its magic on."""

    def __init__(self, sink: Sink, layout: str) -> None:
        self._sink, self._layout, self._crc = sink, layout, 0

    def write(self, data: bytes) -> None:
        """The next bytes of the stream."""
        self._crc = google_crc32c.extend(self._crc, data)
        self._sink.write(data)

    def finish(self) -> int:
        """Write the footer; how many bytes it takes."""
        footer = struct.pack(self._layout, self._crc)
        self._sink.write(footer)
        return len(footer)


def sealed(plan: StreamPlan, sink: Sink) -> Sealed | Unsealed:
    """`sink` as what a stream of this plan is written to; `finish` ends it."""
    return Unsealed(sink) if plan.footer is None else Sealed(sink, plan.footer.format)
