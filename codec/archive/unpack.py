"""An archive becomes a tree again: staged, judged as a whole, published by one rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from codec.api import Progress, Warned
from codec.archive import tar
from codec.compression import Compression, Expanded
from codec.errors import DataError, LimitError, Place, TreeError, from_os_error
from codec.landed import warn_of
from codec.manifest import LARGEST
from codec.mapping import facts
from codec.spec import ready
from codec.spec.container import ArchiveLimits, Container
from codec.tree.agreement import Findings, disagreements
from codec.tree.files import close_quietly
from codec.tree.names import shown_path
from codec.tree.staging import StagedTree
from codec.tree.walk import TreeFault, TreeReader

_WHOLE = 256 << 10  # files up to this size are written at once
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A finished tree: how many files, how many entries the archive had, and bytes in the files."""

    files: int
    entries: int
    bytes: int
    compression: Compression


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The archive at `path`: a regular file, links not followed. Raises `DataError` for anything else."""
    try:
        fd = os.open(path, _READ)
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.ENXIO):
            raise _no_file(path, "a symbolic link or a socket") from None
        raise from_os_error(problem, f"open {path}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        close_quietly(fd)
        raise _no_file(path, "a folder or a special file")
    file = os.fdopen(fd, "rb")
    try:
        yield file
    finally:
        with suppress(OSError):  # it was only read
            file.close()


def unpack(
    source: BinaryIO,
    target: Path,
    *,
    name: str,
    format: str,
    compression: Compression | None = None,
    replace: bool = False,
    sync: bool = True,
    shared: bool = False,
    size: int = 0,
    warn: Callable[[Warned], None] = lambda _: None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Unpacked:
    """Unpack the archive that `source` gives into the new tree `target`, which appears whole or not at all.

    `name` is for messages, `size` (bytes, 0 = unknown) for the progress; `compression` None tells by the first bytes.
    The tree is that of a decode (`shared`: readable as the umask says): permissions and times of the archive are not
    taken. Memory: one piece of a file, and the window of the compression (at most 64 MiB).
    Raises `UsageError` for a target that may not be written, `StreamError` and `TreeError` for an archive that is
    damaged or holds what cannot stand in a tree, `LimitError` for one that is too large, `DataError` for a tree that
    does not agree with its checksums, and `EnvironmentProblem`.
    """
    container = ready.load(format)
    try:
        with StagedTree(target, replace=replace, sync=sync, shared=shared) as tree:
            plain = Expanded(source, name, compression)
            filling = _Filling(tree, container.archive, name)
            for _ in filling.run(tar.TarReader(plain, name)):
                progress(Progress("unpack", plain.taken, size))
            files = tree.files
            _judge(container, tree, name)
            tree.publish()
            warn_of(tree, warn)
    except OSError as problem:
        raise from_os_error(problem, f"unpack {name}") from None
    return Unpacked(files, filling.entries, filling.bytes, plain.compression)


class _Filling:
    """Takes the members of an archive into a tree, within the limits."""

    def __init__(self, tree: StagedTree, limits: ArchiveLimits, name: str) -> None:
        self._tree, self._limits, self._name = tree, limits, name
        self.entries = self.bytes = 0

    def run(self, members: tar.TarReader) -> Iterator[None]:
        """One step for each member."""
        for member in members:
            self._count(member)
            if member.path in ("", "."):
                if not member.is_folder:
                    raise self._bad(member, "archive-entry", "a file has no name")
                continue  # the root of the tree
            try:
                self._take(member, members)
            except TreeError as error:
                error.place = Place(f"{self._name}: {error.place.source}")
                raise
            yield

    def _count(self, member: tar.Member) -> None:
        self.entries += 1
        self.bytes += member.size
        if self.entries > self._limits.entries:
            raise self._too_large(f"{self._limits.entries} entries")
        if self.bytes > self._limits.bytes:
            raise self._too_large(f"{self._limits.bytes} bytes")

    def _take(self, member: tar.Member, members: tar.TarReader) -> None:
        if member.is_folder:
            self._tree.mkdir(member.path)
            return
        before = self._tree.files
        if member.size <= _WHOLE:
            self._tree.write(member.path, b"".join(members.body()))
        else:
            with self._tree.create(member.path) as file:
                for piece in members.body():
                    file.write(piece)
        if self._tree.files == before:
            raise self._bad(member, "archive-repeated", "a file stands twice in the archive")

    def _bad(self, member: tar.Member, code: str, message: str) -> DataError:
        return DataError(code, message, Place(self._name), shown_path(member.path))

    def _too_large(self, most: str) -> LimitError:
        hint = "no tree that this program packs is that large"
        return LimitError("archive-budget", "the archive holds too much", Place(self._name), expected=most, hint=hint)


def _judge(container: Container, tree: StagedTree, name: str) -> None:
    """Raise for everything that is wrong with the tree as it was written."""
    digests = tree.checksums()
    findings = Findings()
    with TreeReader(tree.staged) as reader:
        try:
            manifest = reader.read(container.manifest.path, LARGEST)
            facts.read(container.manifest, manifest, f"{name}: {container.manifest.path}")
            with reader.open(container.checksums) as text:
                for finding in disagreements(digests, text, container.checksums):
                    findings.tell(finding)
        except TreeFault as fault:
            raise DataError(
                "archive-no-tree",
                f"the archive holds no tree: {fault.path} is missing or no plain file",
                Place(name),
                found=fault.found,
            ) from None
    findings.refuse(name)


def _no_file(path: Path, found: str) -> DataError:
    return DataError("archive-input", "the archive is no plain file", Place(str(path)), "", "a regular file", found)
