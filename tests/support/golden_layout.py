"""Puts golden data where a command line can work on it: fresh, writable copies below a folder of the test's own."""

from __future__ import annotations

import base64
import os
import zlib
from pathlib import Path

from tests.support.golden_cases import Case, EncoderLine, FileText

TOP_LEVEL = frozenset({"MANIFEST.json", "CHECKSUMS"})


def lay_out_input(case: Case, work: Path) -> None:
    """The case's input under its own name."""
    (work / case.input_name).write_bytes(case.input_bytes)


def lay_out_tree(case: Case, root: Path) -> None:
    """The golden tree as the decoder left it, with its modes and its empty folders (container-and-cli.md §3.1)."""
    root.mkdir()
    for path, content in case.tree().items():
        write_file(root / path, content, 0o644 if path in TOP_LEVEL else 0o600)
    for folder in case.info["tree_empty_dirs"]:
        (root / folder).mkdir(parents=True, exist_ok=True)


def lay_out_line(line: EncoderLine, default_manifest: bytes, root: Path) -> None:
    """The hand-made tree of an encoder line."""
    root.mkdir()
    for path, content in line["files"].items():
        write_file(root / path, content_of(content, default_manifest))
    for folder in line.get("dirs", ()):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path, target in line.get("symlinks", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    for first, second in line.get("hardlinks", ()):
        (root / second).unlink(missing_ok=True)
        os.link(root / first, root / second)


def content_of(content: str | FileText, default_manifest: bytes = b"") -> bytes:
    """The bytes of a file member of a line case."""
    if isinstance(content, str):
        return content.encode()
    if "b64" in content:
        return base64.b64decode(content["b64"])
    if "zlib_b64" in content:
        return zlib.decompress(base64.b64decode(content["zlib_b64"]))
    assert content == {"default": True}, content
    return default_manifest


def write_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A new file with this mode, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
