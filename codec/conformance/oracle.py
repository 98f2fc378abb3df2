"""What is right: a run of the toolkit itself over bytes in memory, for the expectations of vectors.

Laws and golden data hold the toolkit to the format (`tests/`); vectors carry its answers to others.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot, encode_snapshot
from codec.conformance.vectors import Files, Link, Options
from codec.errors import CodecError
from codec.spec import library
from codec.testing.documents import SOME_TIME

_ADAPTER, _VERSIONS, _AS_OF, _CLUSTER, _COMMIT = "adapter", "versions", "as-of", "cluster-id", "last-commit-ts"
_ALL = "all"
MEMORY = "/dev/shm"


class Oracle:
    """Answers for one format, with options as a command line spells them (`include-orphans`)."""

    def __init__(self, name: str) -> None:
        self.name, self.container = name, library.load(name)

    def decode(self, data: bytes, options: Options, input_name: str = "input") -> Files | CodecError:
        """The tree of a stream, or why it is refused."""
        given = DecodeOptions(
            format=self.name,
            sync=False,
            input_text=input_name,
            adapters=adapters_of(options),
            switches=switches_of(options),
            versions="all" if options.get(_VERSIONS) == _ALL else "newest",
            as_of=number_of(options, _AS_OF),
            cluster_id=str(options.get(_CLUSTER, "")),
        )
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            source, target = Path(folder, "input"), Path(folder, "tree")
            source.write_bytes(data)
            try:
                decode_snapshot(source, target, given)
            except CodecError as error:
                return error
            return self._timeless(read_files(target))

    def _timeless(self, files: Files) -> Files:
        """The tree as if it had been written at a certain time, so that vectors do not depend on the time of day."""
        manifest, checksums = self.container.manifest, self.container.checksums
        member = next(
            name for name, spec in manifest.members.items() if isinstance(spec, dict) and spec.get("fact") == "clock"
        )
        said = re.compile(f'(?<="{re.escape(member)}": ")[^"]*'.encode())
        text = said.sub(SOME_TIME.encode(), files[manifest.path], count=1)
        old, new = (hashlib.sha256(data).hexdigest().encode() for data in (files[manifest.path], text))
        return files | {manifest.path: text, checksums: files[checksums].replace(old, new, 1)}

    def encode(self, files: Files, options: Options, links: tuple[Link, ...] = ()) -> bytes | CodecError:
        """The stream of a tree, or why it is refused."""
        given = EncodeOptions(
            format=self.name,
            adapters=adapters_of(options),
            switches=switches_of(options),
            last_commit_ts=number_of(options, _COMMIT),
        )
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            write_files(Path(folder, "tree"), files, links)
            sink = io.BytesIO()
            try:
                encode_snapshot(Path(folder, "tree"), sink, given)
            except CodecError as error:
                return error
            return sink.getvalue()


def _memory() -> str | None:
    """A folder that lies in memory, if the system has one: thousands of small trees come and go."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None


def adapters_of(options: Options) -> tuple[str, ...] | None:
    """The adapters that options select, None = all."""
    chosen = str(options.get(_ADAPTER, _ALL))
    return None if chosen == _ALL else tuple(name.strip().lower() for name in chosen.split(","))


def switches_of(options: Options) -> Mapping[str, object]:
    """The options that the format declares."""
    own = (_ADAPTER, _VERSIONS, _AS_OF, _CLUSTER, _COMMIT)
    return {name.replace("-", "_"): value for name, value in options.items() if name not in own}


def number_of(options: Options, name: str) -> int | None:
    """A number among options."""
    return int(str(options[name]), 0) if name in options else None


def read_files(root: Path) -> Files:
    """Every regular file below `root`, by its path; folders count only by what is in them."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in _regular(root)}


def _regular(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())


def write_files(root: Path, files: Files, links: tuple[Link, ...] = ()) -> None:
    """Put files below `root`, then the links and folders that no copy of files can hold."""
    root.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    for link in links:
        link.make(root)
