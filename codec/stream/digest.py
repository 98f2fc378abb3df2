"""A sink that takes the digest of what goes through it; of much, in a thread beside the writing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from queue import Queue
    from threading import Thread

MUCH = 8 << 20  # bytes from which on the thread pays
_WAITING = 8  # blocks that the thread may be behind


class DigestSink:
    """Hands blocks on to `sink`. Use it as a context manager, and ask for `sha256` after it.

    At most `_WAITING` blocks are held. No thread is left behind, whatever happens.
    """

    def __init__(self, sink: BinaryIO) -> None:
        self._sink, self.size = sink, 0
        self._digest = hashlib.sha256()
        self._thread: Thread | None = None
        self._blocks: Queue[bytes | None]

    def __enter__(self) -> DigestSink:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._blocks.put(None)
            self._thread.join()
            self._thread = None

    def write(self, data: bytes) -> int:
        """Hand on one block."""
        self.size += len(data)
        if self._thread is None and self.size > MUCH:
            self._start()
        if self._thread is None:
            self._digest.update(data)
        else:
            self._blocks.put(data)
        return self._sink.write(data)

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal digits."""
        assert self._thread is None, "ask after the block of the context manager"
        return self._digest.hexdigest()

    def _start(self) -> None:
        from queue import Queue
        from threading import Thread

        self._blocks = Queue(_WAITING)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            self._digest.update(block)
