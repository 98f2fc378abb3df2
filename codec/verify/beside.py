"""Verifying the document beside an encoded file: its version, its types, and whether it belongs to the file's bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from codec.encode_info import disagreements, read
from codec.errors import CodecError, DataError, DocumentError, Place, UsageError
from codec.spec.container import Container
from codec.tree.files import told
from codec.tree.walk import TreeFault, TreeReader

Tell = Callable[[CodecError], None]


def verify_beside(container: Container, file: Path, beside: Path, format: str, tell: Tell) -> tuple[str, ...]:
    """Judge the document `beside` of the stream `file`; the names of its members that no spec names.

    Raises `UsageError` if it is not there. It is opened without following links, and read only up to a limit.
    """
    most = container.restore.most if container.restore is not None else 1 << 20
    name = str(beside)
    try:
        with TreeReader(beside.parent) as folder:
            data = folder.read(beside.name, most)
    except TreeFault as fault:
        if fault.kind == "missing":
            hint = "it is written beside the output of an encode; without it, ask for the file alone"
            raise UsageError(
                "no-encode-info", "the document beside the file is not there", Place(name), hint=hint
            ) from None
        found = fault.found
        expected = f"a regular file of at most {most} bytes"
        tell(DocumentError(container.encode_info.error, "it cannot be read", Place(name), "", expected, found))
        return ()
    try:
        info = read(data, name, format)
    except DataError as error:
        tell(error)
        return ()
    with told(f"reading {file}"), file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    for disagreement in disagreements(container, info, name, digest):
        tell(disagreement)
    return info.unknown
