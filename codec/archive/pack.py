"""A tree becomes one archive: judged as a whole first, then packed, each file against the digest that was judged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codec.api import Progress
from codec.archive import tar
from codec.compression import Compressed, Compression, Sink
from codec.errors import DataError, Place, UsageError, from_os_error
from codec.manifest import manifest_text
from codec.mapping import facts
from codec.spec import ready
from codec.spec.container import Container
from codec.stream.sort import Sorter
from codec.tree.agreement import Findings, disagreements, walk
from codec.tree.names import shown_path, to_bytes, to_text
from codec.tree.publish import OutputFile
from codec.tree.walk import TreeFault, TreeReader

_OVERHEAD = 200  # bytes of Python objects per entry of the plan

Plan = Sorter[tuple[bytes, bool, str]]
"""Path, whether it is a folder, and the digest of a file."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished archive: how many files and folders, bytes in the files, bytes of the archive and their SHA-256."""

    files: int
    folders: int
    bytes: int
    archive_bytes: int
    sha256: str
    compression: Compression


def pack_to_file(
    source: Path,
    output: Path,
    *,
    format: str,
    compression: Compression = "zstd",
    replace: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Packed:
    """Pack the tree `source` into the new file `output`, mode 0600, which appears whole or not at all.

    Raises `UsageError` if `output` exists (unless `replace`) or lies inside `source`, and what `pack` raises.
    """
    if _is_inside(output, source):
        hint = "an archive cannot hold itself; write it somewhere else"
        raise UsageError("archive-inside", "the output lies inside the tree", Place(str(output)), hint=hint)
    with OutputFile(output, replace=replace) as out:
        result = pack(source, out, format=format, compression=compression, progress=progress)
        out.publish()
    return result


def pack(
    source: Path,
    sink: Sink,
    *,
    format: str,
    compression: Compression = "zstd",
    progress: Callable[[Progress], None] = lambda _: None,
) -> Packed:
    """Write the archive of the tree `source` to `sink`; nothing is written before the whole tree has been judged.

    Equal trees give equal tar streams: entries sorted by the bytes of their paths, no owner, no time, fixed
    permissions; their compressed bytes are equal where the zstd library is. Memory does not grow with the tree.
    Raises `UsageError` for an input without manifest or checksums, `DataError` for a tree that does not agree with
    its checksums, holds anything but folders and plain files, or changes meanwhile, and `EnvironmentProblem`.
    """
    container = ready.load(format)
    try:
        with TreeReader(source) as reader, Plan() as plan:
            _judge(container, reader, source, plan, progress)
            count = len(plan)
            counted = _Counted(sink)
            out = Compressed(counted, compression)
            files = size = 0
            for number, (raw, is_folder, digest) in enumerate(plan.sorted()):
                progress(Progress("pack", number, count, "files"))
                if is_folder:
                    out.write(tar.header(to_text(raw), None))
                else:
                    files += 1
                    size += _pack_file(reader, to_text(raw), digest, out)
            out.write(tar.END)
            out.finish()
    except TreeFault as fault:
        raise _vanished(source, fault) from None
    except OSError as problem:
        raise from_os_error(problem, f"pack {source}") from None
    return Packed(files, count - files, size, counted.size, counted.sha256.hexdigest(), compression)


def _judge(
    container: Container, reader: TreeReader, root: Path, plan: Plan, progress: Callable[[Progress], None]
) -> None:
    """Fill `plan` with the entries of the tree, or raise for everything that is wrong with it."""
    manifest = root / container.manifest.path
    facts.read(container.manifest, manifest_text(root, container.manifest), str(manifest))
    findings = Findings()

    def files() -> Iterator[tuple[str, str]]:
        for entry in walk(reader, findings.tell):
            raw = to_bytes(entry.path)
            plan.add((raw, entry.is_folder, entry.digest), len(raw) + _OVERHEAD)
            progress(Progress("check", len(plan), 0, "files"))
            if not entry.is_folder:
                yield entry.path, entry.digest

    try:
        with reader.open(container.checksums) as text:
            for finding in disagreements(files(), text, container.checksums):
                findings.tell(finding)
    except TreeFault as fault:
        raise _unfit(root, container.checksums, fault) from None
    findings.refuse(str(root))


def _unfit(root: Path, path: str, fault: TreeFault) -> UsageError | DataError:
    place = Place(str(root / path))
    if fault.kind == "missing":
        hint = "the input is a tree that a decode wrote"
        return UsageError("input", f"the tree has no {path}", place, hint=hint)
    return DataError(
        "tree-entry", f"{path} is no plain file", place, expected="a file with one name", found=fault.found
    )


def _pack_file(reader: TreeReader, path: str, digest: str, out: Compressed) -> int:
    with reader.open(path) as file:
        size = os.fstat(file.fileno()).st_size
        out.write(tar.header(path, size))
        found, left = hashlib.sha256(), size
        while left and (block := file.read(min(left, tar.PIECE))):
            found.update(block)
            out.write(block)
            left -= len(block)
    if left or found.hexdigest() != digest:
        raise DataError(
            "tree-changed",
            "a file changed while it was packed",
            Place(shown_path(path)),
            hint="pack a tree that nobody writes to",
        )
    out.write(tar.padding(size))
    return size


def _vanished(source: Path, fault: TreeFault) -> UsageError | DataError:
    if not fault.path:
        hint = "name the folder that a decode wrote"
        return UsageError("input", "the input is no folder", Place(str(source)), found=fault.found, hint=hint)
    place = Place(shown_path(str(source / fault.path)))
    return DataError("tree-changed", "an entry changed while the tree was packed", place, hint="pack it again")


def _is_inside(output: Path, source: Path) -> bool:
    folder, root = os.path.realpath(output.parent), os.path.realpath(source)
    return os.path.commonpath((folder, root)) == root


class _Counted:
    """A sink that keeps the digest and the number of the bytes that went through."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self.sha256, self.size = sink, hashlib.sha256(), 0

    def write(self, data: bytes) -> object:
        self.sha256.update(data)
        self.size += len(data)
        return self._sink.write(data)
