"""Do a tree and its list of checksums say the same, in both directions (container-and-cli.md §7.1)?

Invariant: every file but the list itself stands in the list, every line has its file, and each file is read once.
Memory does not grow with the number of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from codec.errors import DataError, Place
from codec.stream.sort import Sorter
from codec.tree.checksums import Finding, kind_of, rows
from codec.tree.names import LONGEST_PATH, shown_path, to_bytes, to_text
from codec.tree.walk import TreeFault, TreeReader

LONGEST_LINE = 2 * LONGEST_PATH + 68  # digest, blanks, and a path in which every byte is escaped
_SHOWN = 10  # findings that the error names
_OVERHEAD = 200  # bytes of Python objects per sorted tuple

Listed = Sorter[tuple[bytes, int, str, str]]


@dataclass(frozen=True, slots=True)  # made by the thousand
class Walked:
    """One entry of a tree: a folder (`digest` empty) or a file with its SHA-256 (hex)."""

    path: str
    is_folder: bool
    digest: str = ""


def walk(reader: TreeReader, tell: Callable[[Finding], None]) -> Iterator[Walked]:
    """Every folder and every plain file, sorted by the bytes of the path; each file is read for its digest.

    What is neither, what has several names and what cannot be read is told. Held: the names of one folder, and the
    paths of the folders that are still to be listed.
    """
    with Sorter[tuple[bytes, bool]]() as found:
        folders = [""]
        while folders:
            folder = folders.pop()
            for entry in reader.entries(folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.kind in ("symlink", "other"):
                    tell(Finding(0, "symlink" if entry.kind == "symlink" else "not_regular", path))
                    continue
                if entry.kind == "directory":
                    folders.append(path)
                raw = to_bytes(path)
                found.add((raw, entry.kind == "directory"), len(raw) + _OVERHEAD)
        for raw, is_folder in found.sorted():
            path = to_text(raw)
            if is_folder:
                yield Walked(path, True)
                continue
            try:
                with reader.open(path) as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except TreeFault as fault:
                tell(Finding(0, kind_of(fault), path))
            else:
                yield Walked(path, False, digest)


def disagreements(files: Iterable[tuple[str, str]], text: BinaryIO, own: str) -> Iterator[Finding]:
    """What `files` (path and digest, sorted by the bytes of the path) and the list `text` do not agree on.

    `own` is the path of the list, which may stand in `files`. All of `files` is taken.
    """
    with Listed() as listed:
        for row in rows(text, max_line=LONGEST_LINE):
            if isinstance(row, Finding):
                yield row
            else:
                raw = to_bytes(row.path)
                listed.add((raw, row.line, row.row.digest, row.row.path), len(raw) + _OVERHEAD)
        lines = listed.sorted()
        line = next(lines, None)
        for path, digest in files:
            raw, is_listed = to_bytes(path), path == own
            while line is not None and line[0] <= raw:
                if line[0] < raw:
                    yield Finding(line[1], "missing", line[3], line[2])
                else:
                    is_listed = True
                    if line[2] != digest:
                        yield Finding(line[1], "mismatch", line[3], line[2], digest)
                line = next(lines, None)
            if not is_listed:
                yield Finding(0, "unlisted", path, found=digest)
        while line is not None:
            yield Finding(line[1], "missing", line[3], line[2])
            line = next(lines, None)


class Findings:
    """Counts findings and keeps the first few; `refuse` raises if there were any."""

    def __init__(self) -> None:
        self.count = 0
        self._shown: list[str] = []

    def tell(self, finding: Finding) -> None:
        """Take one."""
        self.count += 1
        if len(self._shown) < _SHOWN:
            what = finding.kind.replace("_", " ")
            where = shown_path(finding.path) or f"line {finding.line}"
            self._shown.append(f"{where} ({what})")

    def refuse(self, place: str) -> None:
        """Raise `DataError` for what was told, if anything was."""
        if not self.count:
            return
        more = self.count - len(self._shown)
        shown = "; ".join(self._shown) + (f"; and {more} more" if more else "")
        hint = "files that were edited on purpose need new checksums"
        raise DataError(
            "tree-checksums",
            "the tree and its checksums do not agree",
            Place(place),
            expected="0 findings",
            found=f"{self.count}: {shown}",
            hint=hint,
        )
