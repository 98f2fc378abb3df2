"""Says in which places an output differs from the golden one, leaving out only what golden/README.md calls unstable.

Every function answers a list of differences, empty = equal, so that a failing test shows all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.golden_cases import read_files

MANIFEST = "MANIFEST.json"
CHECKSUMS = "CHECKSUMS"
WALL_TIME = re.compile(r'(?<="wall_time_iso": ")[^"]*(?=")')
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z")
S3_KEYMAP = re.compile(r"s3/[^/]+/KEYMAP\.jsonl")
CHECKSUM_LINE = re.compile(r"(\\?)([0-9a-f]{64})  (.+)", re.DOTALL)
GNU_ESCAPE = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}

Files = Mapping[str, bytes]


def tree_differences(expected: Files, root: Path, part: Iterable[str] | None = None) -> list[str]:
    """The tree at `root` against the golden files, whole or only the folders of the adapters in `part`.

    In part, the manifest must be the golden one with just these adapters. The checksums must be true either way.
    """
    found = read_files(root)
    differences = [f"{path}: not a regular file or folder" for path in _odd_entries(root)]
    differences += checksum_differences(found)
    wanted = dict(expected)
    if part is not None:
        adapters = tuple(part)
        wanted = {path: content for path, content in expected.items() if _belongs(path, adapters)}
        wanted[MANIFEST] = manifest_of(expected[MANIFEST], adapters)
        wanted[CHECKSUMS] = _checksums_of(expected[CHECKSUMS], adapters)
    return differences + file_differences(wanted, found)


def subtree_differences(expected: Files, root: Path, adapters: Iterable[str]) -> list[str]:
    """Only the folders of these adapters, where the two runs had different inputs and hence different manifests."""
    chosen = tuple(adapters)
    found = read_files(root)
    return checksum_differences(found) + file_differences(
        *({path: content for path, content in files.items() if _belongs(path, chosen)} for files in (expected, found))
    )


def file_differences(expected: Files, found: Files) -> list[str]:
    """Byte for byte, except what is not reproducible."""
    unordered = {path for path, content in expected.items() if S3_KEYMAP.fullmatch(path) and content.count(b"\n") > 1}
    differences = [f"{path}: missing" for path in expected.keys() - found.keys()]
    differences += [f"{path}: should not be there" for path in found.keys() - expected.keys()]
    for path in expected.keys() & found.keys():
        want, have = (_stable(path, files[path], unordered) for files in (expected, found))
        if want != have:
            differences.append(f"{path}: {_first_difference(want, have)}")
    return sorted(differences)


def text_differences(name: str, expected: str, found: str) -> list[str]:
    """Two documents of ours and theirs, layout included, but for the wall time, which must be well written."""
    times = WALL_TIME.findall(found)
    differences = [f"{name}: wall time {time!r} is not UTC as written by the reference" for time in bad_times(times)]
    want, have = WALL_TIME.sub("", expected).encode(), WALL_TIME.sub("", found).encode()
    return differences if want == have else [*differences, f"{name}: {_first_difference(want, have)}"]


def bad_times(times: Iterable[str]) -> list[str]:
    """Those that are not RFC 3339 in UTC without trailing zeros (container-and-cli.md §3.2)."""
    return [time for time in times if not UTC_TIME.fullmatch(time)]


def checksum_differences(found: Files) -> list[str]:
    """CHECKSUMS against the tree it stands in: every file once, sorted, with its true digest."""
    *lines, rest = found.get(CHECKSUMS, b"").decode(errors="surrogateescape").split("\n")
    if rest:
        return [f"{CHECKSUMS}: does not end with a newline"]
    rows = [_path_and_digest(line) for line in lines]
    true = [(path, hashlib.sha256(content).hexdigest()) for path, content in found.items() if path != CHECKSUMS]
    true.sort(key=lambda row: row[0].encode(errors="surrogateescape"))
    return [] if rows == true else [f"{CHECKSUMS}: does not describe its own tree"]


def manifest_of(golden: bytes, adapters: Iterable[str]) -> bytes:
    """The golden manifest, had the run been narrowed to these adapters."""
    chosen = set(adapters)
    manifest = json.loads(golden)
    manifest["adapters"] = {name: scope for name, scope in manifest["adapters"].items() if name in chosen}
    return indented(manifest).encode()


def encode_info_of(golden: str, adapters: Iterable[str], stream: bytes) -> str:
    """The golden sidecar, had the run been narrowed to these adapters and produced this stream."""
    info = json.loads(golden)
    chosen = set(adapters)
    info["adapters_enabled"] = [name for name in info["adapters_enabled"] if name in chosen]
    info["output_fsm_sha256"] = hashlib.sha256(stream).hexdigest()
    return indented(info, escape_html=True)


def indented(document: object, *, escape_html: bool = False) -> str:
    """A document as the reference lays out its manifest (container-and-cli.md §3.2) and its sidecar (§3.4)."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if escape_html:
        for character in "<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _stable(path: str, content: bytes, unordered: set[str]) -> bytes:
    if path == MANIFEST:
        return WALL_TIME.sub("", content.decode()).encode()
    if path in unordered:
        return b"".join(sorted(content.splitlines(keepends=True)))
    if path == CHECKSUMS:
        volatile = tuple(f"  {name}\n".encode() for name in (MANIFEST, *unordered))
        rows = content.splitlines(keepends=True)
        return b"".join(b"-" * 64 + row[64:] if row.endswith(volatile) else row for row in rows)
    return content


def _belongs(path: str, adapters: tuple[str, ...]) -> bool:
    return path.partition("/")[0] in adapters


def _checksums_of(golden: bytes, adapters: tuple[str, ...]) -> bytes:
    rows = golden.splitlines(keepends=True)
    kept = (MANIFEST.encode() + b"\n", *(f"{name}/".encode() for name in adapters))
    return b"".join(row for row in rows if row.lstrip(b"\\")[66:].startswith(kept))


def _path_and_digest(line: str) -> tuple[str, str]:
    match = CHECKSUM_LINE.fullmatch(line)
    if not match:
        return "", line
    escaped, digest, path = match.groups()
    if escaped:
        path = re.sub(r"\\.", lambda pair: GNU_ESCAPE.get(pair[0], pair[0]), path)
    return path, digest


def _odd_entries(root: Path) -> list[str]:
    return [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_symlink() or not (path.is_file() or path.is_dir())
    ]


def _first_difference(want: bytes, have: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(want, have, strict=False)) if a != b), min(len(want), len(have)))
    start = max(0, at - 30)
    return f"differs at byte {at}: expected …{want[start : at + 50]!r}, found …{have[start : at + 50]!r}"
