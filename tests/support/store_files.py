"""Files as a node writes them, for tests: streams of both stores, the layers around them, rows of the node itself.

The oracle's side (container-and-cli.md §1.2 to §1.7): nothing of `codec` is used here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence

from tests.support.stream_oracle import MAGIC, Row, crc32c

MEMORY_MAGIC = b"EKVMVCC2"
WRITER = b"!encryption|writers|\0\0\0\1|\0\2"
OPERATIONAL: Mapping[bytes, bytes] = {
    b"_meta_last_commit_ts": bytes(8),
    b"_meta_min_retained_ts": bytes(8),
    b"_meta_pending_min_retained_ts": bytes(8),
    b"_meta_applied_index": b"\xff" * 8,
    WRITER: b"\xff" * 12,
}


def framed(key: bytes, value: bytes) -> bytes:
    """An entry of the stream as it stands there, whatever it says."""
    return struct.pack("<Q", len(key)) + key + struct.pack("<Q", len(value)) + value


def store_stream(header_ts: int, rows: Iterable[Row], raw: Mapping[bytes, bytes] | None = None) -> bytes:
    """A store's stream in the order of a store; `raw` are rows that are no versions of a key."""
    entries = [(row.framed()[8:], row.framed()) for row in rows]
    entries += [(key, framed(key, value)) for key, value in (raw or {}).items()]
    return MAGIC + struct.pack("<Q", header_ts) + b"".join(entry for _, entry in sorted(entries))


def memory_stream(header_ts: int, rows: Sequence[Row], version: int = 1, checksum: int | None = None) -> bytes:
    """The same rows as the in-memory store writes them: by key, the oldest version first."""
    body = struct.pack("<QQ", header_ts, 0)
    for key in sorted({row.user_key for row in rows}):
        versions = sorted((row for row in rows if row.user_key == key), key=lambda row: row.commit_ts)
        body += struct.pack("<Q", len(key)) + key + struct.pack("<Q", len(versions))
        for row in versions:
            body += struct.pack("<QBQQ", row.commit_ts, row.deleted, row.expire_at, len(row.body)) + row.body
    return MEMORY_MAGIC + struct.pack("<II", version, zlib.crc32(body) if checksum is None else checksum) + body


def first_header() -> bytes:
    """What a state machine puts in front of its stream."""
    return b"EKVTHLC1" + struct.pack(">Q", 5)


def second_header(size: int = 16) -> bytes:
    """The later form; a size above 16 stands for members of still later ones."""
    return b"EKVTHLC2" + struct.pack(">HQQ", size, 5, 6) + bytes(max(0, size - 16))


def with_footer(data: bytes, wrong: int = 0) -> bytes:
    """A runtime file: `data` and the checksum of it."""
    return data + struct.pack(">I", crc32c(data) ^ wrong)
