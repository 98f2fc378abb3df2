"""Whether an output is the expected one: byte for byte, but for what the index says does not count.

Memory: one file of each side at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from codec.conformance.index import Rules
from codec.errors import shown
from codec.tree.checksums import parse_line

BLOCK = 1 << 20


def stream_difference(expected: Path, found: Path) -> str:
    """Where two files differ first; empty if nowhere."""
    at = 0
    with expected.open("rb") as one, found.open("rb") as other:
        while True:
            want, have = one.read(BLOCK), other.read(BLOCK)
            if want != have:
                place = next(
                    (i for i, (a, b) in enumerate(zip(want, have, strict=False)) if a != b), min(len(want), len(have))
                )
                return _differs(want, have, place, at)
            if not want:
                return ""
            at += len(want)


def _differs(want: bytes, have: bytes, place: int, before: int = 0) -> str:
    expected, found = want[place : place + 24], have[place : place + 24]
    return f"differs at byte {before + place}: expected {shown(expected)}, found {shown(found)}"


def tree_differences(expected: Path, found: Path, rules: Rules) -> Iterator[str]:
    """What differs between two trees, path by path; empty folders do not count."""
    wanted, there = dict(_entries(expected)), dict(_entries(found))
    for path in sorted(wanted.keys() | there.keys()):
        if path not in there:
            yield f"{path}: is missing"
        elif path not in wanted:
            yield f"{path}: should not be there"
        elif not stat.S_ISREG(there[path]):
            yield f"{path}: is no regular file"
        elif difference := _file_difference(path, expected, found, rules):
            yield f"{path}: {difference}"


def _entries(root: Path) -> Iterator[tuple[str, int]]:
    for folder, folders, files in os.walk(root):
        for name in files + [name for name in folders if Path(folder, name).is_symlink()]:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path.lstat().st_mode


def _file_difference(path: str, expected: Path, found: Path, rules: Rules) -> str:
    if path == rules.checksums:
        return _checksums_difference(expected / path, found, rules)
    if path == rules.manifest:
        return _manifest_difference(expected / path, found / path, rules)
    if rules.is_unordered(path):
        want, have = (set((root / path).read_bytes().splitlines()) for root in (expected, found))
        odd = sorted(want ^ have)
        return f"has other lines, {shown(odd[0])} among them" if odd else ""
    return stream_difference(expected / path, found / path)


def _manifest_difference(expected: Path, found: Path, rules: Rules) -> str:
    try:
        want, have = (json.loads(path.read_bytes()) for path in (expected, found))
    except ValueError as problem:
        return f"is no JSON: {problem}"
    if not isinstance(have, dict):
        return "is no JSON object"
    for member in rules.ignored:
        for document in (want, have):
            _drop(document, member.split("."))
    if want == have:
        return ""
    odd = sorted(name for name in want.keys() | have.keys() if want.get(name, ...) != have.get(name, ...))
    return f"differs in {', '.join(odd)}"


def _drop(document: object, steps: list[str]) -> None:
    for step in steps[:-1]:
        document = document.get(step) if isinstance(document, dict) else None
    if isinstance(document, dict):
        document.pop(steps[-1], None)


def _checksums_difference(expected: Path, root: Path, rules: Rules) -> str:
    """The same files in the same order; the digests true of the tree that they stand in."""
    listed = []
    for number, line in enumerate((root / rules.checksums).read_bytes().splitlines(), 1):
        row = parse_line(line)
        if row is None:
            return f"line {number} is none of a checksum"
        listed.append(row.path)
        try:
            if digest(root / row.path) != row.digest:
                return f"the digest of {row.path} is not true"
        except OSError:
            return f"line {number} names {row.path}, which is not there"
    wanted = [row.path for line in expected.read_bytes().splitlines() if (row := parse_line(line)) is not None]
    return "" if listed == wanted else "lists other files, or in another order"


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
