"""The manifest of a tree that anybody may have prepared: opened without following links and without waiting."""

from __future__ import annotations

from pathlib import Path

from codec.errors import DataError, Place, UsageError
from codec.spec.container import TopDocument
from codec.tree.walk import TreeFault, TreeReader

LARGEST = 16 << 20  # bytes; a manifest of ten thousand tables has less than one


def manifest_text(root: Path, document: TopDocument) -> bytes:
    """The bytes of the manifest of the tree `root`.

    Raises `UsageError` if it is not there, `DataError` if it is no plain file or longer than 16 MiB, and
    `EnvironmentProblem`.
    """
    try:
        with TreeReader(root) as reader:
            return reader.read(document.path, LARGEST)
    except TreeFault as fault:
        place = Place(str(root / document.path))
        hint = f"the input is a tree that a decode wrote, with {document.path} at its top"
        if fault.kind == "missing" or not fault.path:
            raise UsageError("input", "there is no tree", place, found=fault.found, hint=hint) from None
        message = "the manifest is too large" if fault.kind == "too_large" else "the manifest is no plain file"
        raise DataError(document.error, message, place, found=fault.found, hint=hint) from None
