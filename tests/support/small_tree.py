"""A small tree with checksums, made by hand, and archives of whatever a test wants to stand in them."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from codec.tree.checksums import format_line
from codec.tree.names import to_text
from tests.support.golden_cases import CARRIED

MANIFEST = (CARRIED / "fsm-empty" / "tree" / "MANIFEST.json").read_bytes()
FILES: dict[bytes, bytes] = {b"MANIFEST.json": MANIFEST, b"redis/a": b"A", b"redis/b/c": b"BC", b"redis-x": b""}


def listed(files: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """`files` with their checksums."""
    rows = [format_line(to_text(path), hashlib.sha256(data).hexdigest()) for path, data in sorted(files.items())]
    return {**files, b"CHECKSUMS": b"".join(rows)}


def lay_out(root: Path, files: Mapping[bytes, bytes], folders: Iterable[bytes] = ()) -> None:
    """Make the tree `root`."""
    base = os.fsencode(root)
    for folder in (b"", *folders):
        os.makedirs(os.path.join(base, folder), exist_ok=True)
    for path, data in files.items():
        place = os.path.join(base, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)


def contents(root: Path) -> dict[bytes, bytes | None]:
    """Every file of the tree with its bytes, every folder with None."""
    base = os.fsencode(root)
    found: dict[bytes, bytes | None] = {}
    for folder, folders, files in os.walk(base):
        found |= {os.path.relpath(os.path.join(folder, name), base): None for name in folders}
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                found[os.path.relpath(os.path.join(folder, name), base)] = file.read()
    return found


def entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: object) -> tuple[tarfile.TarInfo, bytes]:
    """One entry for `tar_of`."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for attribute, value in more.items():
        setattr(info, attribute, value)
    return info, data


def tar_of(
    extra: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    files: Mapping[bytes, bytes] = FILES,
    format: int = tarfile.PAX_FORMAT,
) -> bytes:
    """A tar stream as another program writes it: a good tree and `extra` entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for path, data in listed(files).items():
            info, _ = entry(to_text(path), data)
            archive.addfile(info, io.BytesIO(data))
        for info, data in extra:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
