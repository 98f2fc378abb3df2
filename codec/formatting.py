"""Writing the documents of a tree as a decode would print them, and its list of checksums anew.

Only files that differ are touched, each by the publish protocol of a single file: after a crash every document is the
whole old one or the whole new one, and the next run goes on. The list of checksums comes last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from codec.api import FormatOptions, FormatResult
from codec.encoding import read_manifest
from codec.errors import DataError, Place, TreeError
from codec.mapping.facts import Facts
from codec.opening import format_of_tree
from codec.spec import ready
from codec.spec.container import Container
from codec.stream.sort import Sorter
from codec.tree.agreement import walk
from codec.tree.checksums import Finding, format_line, kind_of
from codec.tree.files import told
from codec.tree.landing import Landing
from codec.tree.names import shown_path
from codec.tree.walk import TreeFault, TreeReader
from codec.verify.tree import canonical_of, files_below

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def format_tree(root: Path, options: FormatOptions) -> FormatResult:
    """See `codec.api.format_tree`."""
    container = ready.load(format_of_tree(root, options.format))
    _, known = read_manifest(container, root)
    try:
        with TreeReader(root) as reader:
            return _format(container, known, root, reader, options)
    except TreeFault as fault:
        raise _foreign(Finding(0, kind_of(fault), fault.path)) from None


def _format(container: Container, known: Facts, root: Path, reader: TreeReader, options: FormatOptions) -> FormatResult:
    with Sorter[tuple[str]]() as differing, _Staging(root, reader, options.check) as staging:
        documents = _find(container, reader, known, options, staging, differing)
        changed = 0
        for (path,) in differing.sorted():
            changed += 1
            options.changed(path)
            if not options.check:
                _rewrite(container, reader, known, options, staging, path)
        listed = _refresh(container, reader, staging)
    return FormatResult(documents, changed, listed)


class _Staging:
    """Where new files are written before each takes its name: a private directory on the file system of the tree, which
    goes away with the run, or is removed by the next one. With `check` there is none."""

    def __init__(self, root: Path, reader: TreeReader, check: bool) -> None:
        self._reader, self._check = reader, check
        with told(f"looking at {shown_path(str(root))}"):
            self._landing = Landing(root, replace=True)

    def __enter__(self) -> _Staging:
        if not self._check:
            with told("making a private directory for the new documents"):
                try:
                    self._landing.open(0o700)
                except BaseException:
                    self._landing.leave()
                    raise
        return self

    def __exit__(self, *_: object) -> None:
        self._landing.leave()

    def files(self, folder: str = "") -> Iterator[str]:
        """The files of the tree below a folder; refuses what is neither file nor folder."""
        return (path for path in files_below(self._reader, folder, _refuse_kind) if not self._landing.owns(path))

    def digests(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 of every file, by path."""
        return (
            (one.path, one.digest)
            for one in walk(self._reader, _refuse)
            if not one.is_folder and not self._landing.owns(one.path)
        )

    def write(self, path: str, pieces: Iterable[bytes], unless: str = "") -> bool:
        """Make `pieces` the content of `path`, unless their SHA-256 is `unless`; whether it was another one."""
        digest, staged = hashlib.sha256(), self._landing.staged / "new"
        with told(f"writing {shown_path(path)}"), ExitStack() as stack:
            out = None if self._check else stack.enter_context(open(os.open(staged, _NEW, 0o600), "wb"))
            for piece in pieces:
                digest.update(piece)
                if out is not None:
                    out.write(piece)
            if out is not None:
                out.flush()
                os.fsync(out.fileno())
        differs = digest.hexdigest() != unless
        if differs and not self._check:
            self._reader.put(os.fsencode(staged), path)
        return differs


def _find(
    container: Container,
    reader: TreeReader,
    known: Facts,
    options: FormatOptions,
    staging: _Staging,
    differing: Sorter[tuple[str]],
) -> int:
    """Put the paths of documents that differ into the sorter; how many documents there are. Nothing is written as long
    as a document cannot be read."""
    documents, unread = 0, 0
    for _ in staging.files():  # an entry of another kind is refused before anything is changed
        pass
    for name, root in _folders(container, known):
        with canonical_of(container, name, options.engine, reader, known) as canonical:
            for path in staging.files(root):
                try:
                    line = canonical.difference(path)
                except DataError as error:
                    unread += 1
                    options.found(error)
                    continue
                documents += canonical.document(path) is not None
                if line is not None:
                    differing.add((path,), len(path) + 100)
    if unread:
        hint = "mend them first; nothing was changed"
        raise DataError("unreadable-documents", f"{unread} documents cannot be read", hint=hint)
    return documents


def _folders(container: Container, known: Facts) -> Iterator[tuple[str, str]]:
    for adapter in container.adapters:
        if adapter.folder is not None and adapter.name in known["adapters"]:  # type: ignore[operator]
            yield adapter.name, adapter.folder.root


def _rewrite(
    container: Container, reader: TreeReader, known: Facts, options: FormatOptions, staging: _Staging, path: str
) -> None:
    top = path.partition("/")[0]
    name = next(name for name, folder in _folders(container, known) if folder == top)
    with canonical_of(container, name, options.engine, reader, known) as canonical:
        pieces = canonical.text(path)
        assert pieces is not None
        staging.write(path, pieces)


def _refresh(container: Container, reader: TreeReader, staging: _Staging) -> bool:
    """Write the list of checksums anew if it is not what the tree is; whether it was not."""
    own, old = container.checksums, ""
    if reader.kind(own) is not None:
        with reader.open(own) as text:
            old = hashlib.file_digest(text, "sha256").hexdigest()
    return staging.write(own, (format_line(path, digest) for path, digest in staging.digests() if path != own), old)


def _refuse(finding: Finding) -> None:
    raise _foreign(finding)


def _foreign(finding: Finding) -> TreeError:
    what = finding.kind.replace("_", " ")
    hint = "a tree has folders and plain files with one name only"
    return TreeError("tree-entry", f"the tree has an entry of another kind: {what}", Place(finding.path), hint=hint)


def _refuse_kind(path: str, kind: str) -> None:
    raise _foreign(Finding(0, "symlink" if kind == "symlink" else "not_regular", path))
