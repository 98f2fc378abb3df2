"""Which spec a run uses: the one that is named, else the one that its input tells.

A stream tells it by its magic, a tree by the spec that its manifest names. Only the specs that come with the package
are candidates: an input never names a file that is then loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from codec.api import DEFAULT_FORMAT
from codec.errors import CodecError, DataError, Place, StreamError, from_os_error
from codec.layout import json_read
from codec.manifest import manifest_text
from codec.spec import ready
from codec.stream.entries import EntryReader
from codec.stream.source import Source

if TYPE_CHECKING:
    from codec.mapping.facts import Facts
    from codec.spec.container import Container

LOOKED_AT = 4096  # bytes in which a magic stands, whatever layer is in front of it
FORMAT, VERSION = "spec", "spec_version"  # the facts of a manifest that name its spec
HINT = "name its spec: --spec NAME or PATH"


def open_stream(source: Path, format: str | Container) -> EntryReader:
    """A reader of the snapshot `source` by the spec `format`, or by the first known one that its magic fits.

    The caller closes `reader.source`. Raises `EnvironmentProblem`, `StreamError`, `SpecError`.
    """
    try:
        opened = Source.open(source)
    except OSError as problem:
        raise from_os_error(problem, f"open {source}") from None
    try:
        return _reader(opened, format)
    except BaseException:
        opened.close()
        raise


def _reader(source: Source, format: str | Container) -> EntryReader:
    try:
        return EntryReader(ready.load(format), source)
    except StreamError:
        if format:
            raise
        from codec.spec import library

        source.seek(0)
        source.fill(LOOKED_AT)
        begin = source.data[:LOOKED_AT]
        for name in library.others():
            if any(magic in begin for magic in library.magics(name)):
                source.seek(0)
                return EntryReader(ready.load(name), source)
        raise


def format_of_input(source: Path, format: str) -> str:
    """The spec of a stream or of a tree: `format`, or what the input tells; the usual one for a file that tells nothing.

    Raises `DataError` for a tree of an unknown spec.
    """
    if format or source.is_dir():
        return format_of_tree(source, format)
    try:
        reader = open_stream(source, format)
    except CodecError:
        return DEFAULT_FORMAT
    reader.source.close()
    return reader.container.name


def format_of_tree(root: Path, format: str) -> str:
    """The spec of the tree at `root`: `format`, or the one that its manifest names, or the usual one.

    What else is wrong with the manifest is said when it is read. Raises `DataError` for a spec that is not known.
    """
    if format:
        return format
    container = ready.load("")
    path = root / container.manifest.path
    members = _members(container)
    try:
        value = json_read.load(manifest_text(root, container.manifest), str(path))
    except CodecError:
        return DEFAULT_FORMAT
    if not isinstance(value, dict) or value.get(members[FORMAT]) is None:
        return DEFAULT_FORMAT
    from codec.spec import library

    name, version = value[members[FORMAT]], value.get(members[VERSION])
    known = {other: ready.load(other) for other in library.names() if other == name}
    if not known or version not in (None, known[cast(str, name)].version):
        message = f"the tree was written by version {version} of the spec {str(name)[:80]!r}, which is not known here"
        have = ", ".join(f"{other} {library.version(other)}" for other in library.names())
        raise DataError("spec-unknown", message, Place(str(path)), members[FORMAT], have, f"{name} {version}", HINT)
    return cast(str, name)


def _members(container: Container) -> dict[str, str]:
    """The members of the manifest that hold the two facts."""
    found = {}
    for member, spec in container.manifest.members.items():
        if isinstance(spec, dict) and spec.get("fact") in (FORMAT, VERSION):
            found[str(spec["fact"])] = member
    return found


def spec_facts(container: Container) -> Facts:
    """What a manifest says of its spec: nothing if it is the one that the reference writes."""
    if container.name == DEFAULT_FORMAT:
        return {}
    return {FORMAT: container.name, VERSION: container.version}
