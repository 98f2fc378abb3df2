"""The input of a self-test: the files of a tree as digests, taken as what they come back as."""

from __future__ import annotations

from collections.abc import Container as AnyOf
from collections.abc import Iterable
from typing import Protocol

from codec.errors import CodecError
from codec.layout import json_read
from codec.mapping.households import component
from codec.spec.plan import Adapter, Restored
from codec.stream.source import BLOCK
from codec.tree.walk import TreeFault, TreeReader

FOLDER = "directory"
SMALL = 1 << 20  # bytes of a file that is read at once


class Digests(Protocol):
    """What takes the digests."""

    def write(self, path: str, data: bytes) -> None:
        """A whole file."""

    def stream_bytes(self, path: str, blocks: Iterable[bytes]) -> None:
        """A whole file, in blocks."""

    def line(self, path: str, line: bytes) -> None:
        """A line of a file without an order."""

    def append(self, path: str, data: bytes) -> None:
        """The next line of a file with one."""

    def close(self) -> None:
        """The end of that file."""


class Walk:
    """The input tree as digests: every regular file; links and special files are not compared, as in the reference.

    Members that the spec says do not come back as they were are taken as what they come back as.
    """

    def __init__(
        self, reader: TreeReader, adapter: Adapter, on: frozenset[str], target: Digests, unordered: AnyOf[str]
    ) -> None:
        assert adapter.folder is not None
        self.reader, self.target, self.unordered, self.root = reader, target, unordered, adapter.folder.root
        documents = (d for entity in adapter.entities for d in entity.documents)
        self.restored = {
            component(d.path[-1]): d.restored for d in documents if d.restored and not d.restored.unless & on
        }

    def run(self) -> None:
        """The whole tree of the adapter."""
        if self.reader.kind(self.root) == FOLDER:
            self._folder(self.root)

    def _folder(self, path: str) -> None:
        for name, kind in self.reader.each(path):
            here = f"{path}/{name}"
            if kind == FOLDER:
                self._folder(here)
            elif kind == "file":
                self._file(here, self.restored.get(name))

    def _file(self, path: str, restored: Restored | None) -> None:
        if restored is None:
            self._whole(path)
        if restored is None and path not in self.unordered:
            return
        with self.reader.open(path) as file:
            for line in file:
                if restored is None:
                    self.target.line(path, line)
                else:
                    self.target.append(path, as_restored(line, restored))
        self.target.close()

    def _whole(self, path: str) -> None:
        """The digest of a file; a small one is read at once."""
        try:
            self.target.write(path, self.reader.read(path, SMALL))
        except TreeFault as fault:
            if fault.kind != "too_large":
                raise
            with self.reader.open(path) as file:
                self.target.stream_bytes(path, iter(lambda: file.read(BLOCK), b""))


def as_restored(line: bytes, restored: Restored) -> bytes:
    """A line as it comes back: with the member's value replaced. A line that is no JSON stays as it is."""
    same = f'"{restored.member}":{restored.value}'.encode()
    if same + b"," in line or same + b"}" in line:
        return line
    try:
        text = line.decode()
        old = json_read.raw(line.rstrip(b"\n"), (restored.member,)).decode()
        column = json_read.locate(line, (restored.member,))[1] - 1
    except (ValueError, KeyError, CodecError):
        return line
    return (text[:column] + str(restored.value) + text[column + len(old) :]).encode()
