"""Verifying a tree: checksums, manifest, every document by itself, and the whole by encoding and decoding it.

Nothing is changed. What is wrong with one document does not hide what is wrong with the next; the whole is judged once
every document can be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from codec.api import EncodeOptions, VerifyOptions, Warned, encode_snapshot
from codec.choices import engine_of, switched_on
from codec.encoding import read_manifest
from codec.engine.base import UNKNOWN
from codec.errors import CodecError, DataError, DocumentError, Place, TreeError, UsageError
from codec.mapping.canonical import Canonical
from codec.mapping.facts import Facts
from codec.spec.container import Container
from codec.tree.walk import TreeReader
from codec.verify.checksums import judge_checksums

Tell = Callable[[CodecError], None]
FOLDER, FILE = "directory", "file"
HINT = "`codec fmt` writes the document as a decode would print it"


class TreeCheck:
    """One verification of a tree; `run` tells every finding."""

    def __init__(self, container: Container, root: Path, options: VerifyOptions, tell: Tell) -> None:
        self._container, self._root, self._options, self._tell = container, root, options, tell
        self._unread = 0
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Judge the tree. Raises `EnvironmentProblem` for what the machine refuses."""
        with TreeReader(self._root) as reader:
            self.counts["files"] = judge_checksums(reader, self._container.checksums, self._tell)
            known = self._manifest()
            if known is None:
                return
            names = [name for name in self._container.encode_order if name in known["adapters"]]  # type: ignore[operator]
            for adapter in self._container.adapters:
                if adapter.folder is not None and adapter.name not in names and reader.kind(adapter.folder.root):
                    message = "the manifest says that the tree does not have this"
                    self._tell(TreeError("not-in-manifest", message, Place(adapter.folder.root)))
            for name in names:
                self._judge_documents(reader, name, known)
            if not self._unread:
                self._judge_whole(reader, tuple(names), known)

    # -------------------------------------------------------------------------------------------- the top

    def _manifest(self) -> Facts | None:
        try:
            return read_manifest(self._container, self._root)[1]
        except DataError as error:
            self._tell(error)
        except UsageError as error:
            self._tell(TreeError("manifest-missing", "the tree has no readable manifest", error.place, hint=error.hint))
        return None

    # -------------------------------------------------------------------------------------------- documents

    def _canonical(self, reader: TreeReader, name: str, known: Facts) -> Canonical:
        return canonical_of(self._container, name, self._options.engine, reader, known)

    def _judge_documents(self, reader: TreeReader, name: str, known: Facts) -> None:
        """Every document of one adapter by itself: can it be read, and is it as a decode would print it?"""
        folder = self._container.adapter(name).folder
        if folder is None:
            return
        with self._canonical(reader, name, known) as canonical:
            for path in files_below(reader, folder.root):
                try:
                    line = canonical.difference(path)
                except DataError as error:
                    self._unread += 1
                    self._tell(error)
                    continue
                self.counts["documents"] += canonical.document(path) is not None
                if line is not None:
                    place = Place(path, None, line, 1)
                    message = "the document is not in its canonical form"
                    self._tell(DocumentError("not-canonical", message, place, hint=HINT))
            unknown = canonical.notes[UNKNOWN]
        if unknown:
            hint = "members that no spec names are not in a snapshot of the tree"
            fields = (("adapter", name), ("count", unknown), ("hint", hint))
            self._options.warn(Warned("unknown_members", fields))

    # -------------------------------------------------------------------------------------------- the whole

    def _judge_whole(self, reader: TreeReader, names: tuple[str, ...], known: Facts) -> None:
        """Encode the tree and read that back: what differs, and is not only a matter of form, is told."""
        with ExitStack() as stack:
            by_root = {
                folder.root: stack.enter_context(self._canonical(reader, name, known))
                for name in names
                if (folder := self._container.adapter(name).folder) is not None
            }

            def mismatched(line: str) -> None:
                path, _, what = line.rpartition(" (")
                canonical = by_root.get(path.partition("/")[0])
                if canonical is None or not self._is_form(reader, canonical, path):
                    message = "the tree, encoded and decoded again, is another one here"
                    self._tell(TreeError("not-restored", message, Place(path or line), found=what.rstrip(")")))

            options = EncodeOptions(
                adapters=names,
                self_test=True,
                engine=self._options.engine,
                format=self._options.format,
                jobs=self._options.jobs,
                warn=self._warn,
                mismatched=mismatched,
            )
            try:
                self.counts["records"] = encode_snapshot(self._root, cast(BinaryIO, _Nowhere()), options).entries
            except DataError as error:
                self._tell(error)

    @staticmethod
    def _is_form(reader: TreeReader, canonical: Canonical, path: str) -> bool:
        """Whether a document differs from its canonical form, which has been told."""
        return reader.kind(path) == FILE and canonical.difference(path) is not None

    def _warn(self, warned: Warned) -> None:
        if warned.event != "unknown_members":  # said before, for all documents
            self._options.warn(warned)


class _Nowhere:
    """A sink that keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


def canonical_of(container: Container, name: str, engine: str, reader: TreeReader, known: Facts) -> Canonical:
    """The canonical form of one adapter's documents, with the options that the manifest says."""
    adapter, frame = container.adapter(name), container.written.value
    assert frame is not None
    on = switched_on(container, known)
    return Canonical(adapter, engine_of(engine, adapter), reader, frame.most - frame.least, on)


def files_below(
    reader: TreeReader, folder: str, other: Callable[[str, str], None] = lambda path, kind: None
) -> Iterator[str]:
    """Every regular file below a folder ("" for all), in no particular order; nothing if there is no such folder.
    `other` is told path and kind of what is neither file nor folder."""
    folders = [folder] if not folder or reader.kind(folder) == FOLDER else []
    while folders:
        here = folders.pop()
        for entry in reader.entries(here):
            path = f"{here}/{entry.name}" if here else entry.name
            if entry.kind == FOLDER:
                folders.append(path)
            elif entry.kind == FILE:
                yield path
            else:
                other(path, entry.kind)
