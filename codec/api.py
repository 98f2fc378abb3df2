"""The two calls of the library: `decode_snapshot` and `encode_snapshot`, their options and results.

What a command line does, a program can do with one call; command lines only parse flags and show results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from codec.errors import CodecError
from codec.frozen import frozen
from codec.version import __version__

if TYPE_CHECKING:
    from codec.spec.container import Container

DEFAULT_FORMAT = "elastickv"
Engine = Literal["compiled", "interpreter"]
Versions = Literal["newest", "all"]
OutputContainer = Literal["", "stream", "payload", "runtime"]


@frozen
class Warned:
    """A structured warning: the event's name and its fields, in the order that the spec gives them."""

    event: str
    fields: tuple[tuple[str, object], ...]


@frozen
class Progress:
    """How far a phase of a run is: `done` of `total` units (bytes of input when decoding, files when encoding); total 0 =
    unknown. Callers may report as often as they like; whoever shows it decides how often."""

    phase: str
    done: int
    total: int
    unit: Literal["bytes", "files"] = "bytes"


def _ignore(_: object) -> None: ...


@frozen(kw_only=True)
class DecodeOptions:
    """How to decode.

    `adapters` are names that the format declares, None = all. `switches` are the options that the format's spec
    declares (boolean or text). `as_of` bounds the versions that count. `versions="all"` feeds every version in file
    order, as the reference decoder does. `complement` keeps beside the documents what they do not say, so that the tree
    gives the same file again (docs/complement.md). The tree is readable for this user only, unless `shared`:
    then as the umask says. `cluster_id` goes into the manifest, `input_text` too (default: the source).
    `jobs` is how many worker processes may share the work (`codec.workers`); the tree is the same for any number.
    `format` is a known spec's name or the path of one, empty = the one that the input tells (`codec.opening`).
    A plan may stand there too.
    With `self_test` the tree is encoded again before it appears, and compared with the records that came in: what is no
    loss that the spec declares ends the run with `DataError`.
    """

    adapters: tuple[str, ...] | None = None
    switches: Mapping[str, object] = field(default_factory=dict)
    versions: Versions = "newest"
    as_of: int | None = None
    cluster_id: str = ""
    input_text: str = ""
    replace: bool = False
    complement: bool = False
    sync: bool = True
    shared: bool = False
    self_test: bool = False
    engine: Engine = "compiled"
    jobs: int | None = None
    format: str | Container = ""
    warn: Callable[[Warned], None] = _ignore
    progress: Callable[[Progress], None] = _ignore


@frozen
class DecodeResult:
    """What a decode did. `counts` has `entries`, one count per adapter, `tombstone`, `internal`, `unknown`, and what
    version resolution hid (`older`, `expired`, `deleted`, `later`, `operational`). `losses` counts what is not in the
    tree, by the name under which the spec declares it: whole records, and after a self-test every difference. `warnings`
    counts the warnings by event."""

    last_commit_ts: int
    container: str
    counts: Mapping[str, int]
    unknown_prefixes: tuple[str, ...]
    losses: Mapping[str, int]
    warnings: Mapping[str, int]
    files: int
    self_test_ran: bool = False
    kept: Mapping[str, int] = field(default_factory=dict)
    """What the complement holds: steps by kind and reason."""


@frozen(kw_only=True)
class EncodeOptions:
    """How to encode; `adapters` and `jobs` as in `DecodeOptions`, `last_commit_ts` None = the manifest's.

    With `verify` the tree is first compared with its checksums; `found` is handed every disagreement, and any one ends
    the run with `DataError`. `mismatched` is handed every line of a self-test that does not match; without it the test
    ends when the bounded text of the result is full.

    A complement is used where the tree has one, unless `ignore_complement`; then `last_commit_ts` is the time of edits,
    None = newer than anything in the file, and records of adapters that are not selected stay. `output_container` says
    which layers are written; empty = those of the complement, the bare stream without one.
    """

    adapters: tuple[str, ...] | None = None
    switches: Mapping[str, object] = field(default_factory=dict)
    last_commit_ts: int | None = None
    ignore_complement: bool = False
    output_container: OutputContainer = ""
    self_test: bool = False
    verify: bool = False
    found: Callable[[CodecError], None] = _ignore
    mismatched: Callable[[str], None] | None = None
    scratch_root: Path | None = None
    engine: Engine = "compiled"
    jobs: int | None = None
    format: str = ""
    warn: Callable[[Warned], None] = _ignore
    progress: Callable[[Progress], None] = _ignore


@frozen
class EncodeResult:
    """What an encode did; with a self-test that did not match, nothing was given to the sink and `mismatch` says why."""

    last_commit_ts: int
    manifest_last_commit_ts: int
    cluster_id: str
    adapters: tuple[str, ...]
    entries: int
    bytes_written: int
    sha256: str
    self_test_ran: bool
    self_test_matched: bool
    mismatch: str
    counts: Mapping[str, int]
    complement: Mapping[str, int] | None = None
    """What became of the complement: `applied`, `overridden` and `dropped` steps by reason, and what was edited."""


@frozen(kw_only=True)
class EncodeInfo:
    """How a stream was encoded. `sha256` is that of the whole stream, in hexadecimal; `adapters` stand in the format's
    order; `last_commit_ts` was written, `manifest_last_commit_ts` is the tree's. A member that a document does not
    have reads as nothing: empty, 0, or false. `unknown` are members that no spec names; they are not written.
    """

    tool_version: str = __version__
    key_format: int = 0
    clock: str = ""
    input_path: str = ""
    output_path: str = ""
    sha256: str = ""
    last_commit_ts: int = 0
    overridden: bool = False
    manifest_last_commit_ts: int = 0
    cluster_id: str = ""
    adapters: tuple[str, ...] = ()
    self_test_ran: bool = False
    self_test_matched: bool = False
    unknown: tuple[str, ...] = ()


@frozen(kw_only=True)
class VerifyOptions:
    """How to verify.

    `encode_info` is the document of a file (None: beside it, where an encode leaves it); with `alone` it is not looked
    for. `found` is handed every finding, sorted by place.
    """

    encode_info: Path | None = None
    alone: bool = False
    jobs: int | None = None
    engine: Engine = "compiled"
    format: str = ""
    found: Callable[[CodecError], None] = _ignore
    warn: Callable[[Warned], None] = _ignore
    progress: Callable[[Progress], None] = _ignore


@frozen(kw_only=True)
class FormatOptions:
    """How to format a tree: with `check` nothing is written. `changed` is handed the path of every document that is not
    in its canonical form, `found` every document that cannot be read."""

    check: bool = False
    engine: Engine = "compiled"
    format: str = ""
    changed: Callable[[str], None] = _ignore
    found: Callable[[CodecError], None] = _ignore


@frozen
class FormatResult:
    """What formatting did, or would do: `changed` of `documents`; `checksums` says whether their list was out of date."""

    documents: int
    changed: int
    checksums: bool


@frozen
class VerifyResult:
    """What a verification found: `kind` is the container of a file or `tree`, `by_code` has the findings by code."""

    kind: str
    findings: int
    by_code: Mapping[str, int]
    counts: Mapping[str, int]


@frozen
class KeyVersion:
    """One version of a key: its commit, what it is (`live`, `older`, `deleted`, `expired`), the bytes of its value, when
    it expires (0: never; clock of the store), and what it changed, in words."""

    commit_ts: int
    state: str
    size: int
    expire_at: int
    change: str


def key_history(source: Path, key: bytes, format: str = "") -> list[KeyVersion]:
    """The versions of a record's key, newest first, in a snapshot, or in what an encode of a tree gives.

    Memory: the versions of one key, without their values. Raises what a decode or an encode of `source` raises.
    """
    from codec.complement.history import history

    return history(source, key, format)


def decode_snapshot(source: Path, target: Path, options: DecodeOptions) -> DecodeResult:
    """Decode the snapshot file `source` into the new tree `target`; the tree appears whole or not at all.

    Memory does not grow with the number of records. Raises `UsageError`, `DataError`, `EnvironmentProblem`.
    """
    from codec.decoding import decode

    return decode(source, target, options)


def encode_snapshot(source: Path, sink: BinaryIO, options: EncodeOptions) -> EncodeResult:
    """Encode the tree `source` and write the snapshot to `sink` once it is complete (and self-tested, if asked).

    Memory does not grow with the number of documents. Raises `UsageError`, `DataError`, `EnvironmentProblem`.
    """
    from codec.encoding import encode

    return encode(source, sink, options)


def read_encode_info(data: bytes, source: str = "", format: str = "") -> EncodeInfo:
    """What the document beside an encoded stream says; `source` is its name for errors (container-and-cli.md §3.4).

    Unknown members are tolerated and named. Raises `VersionError` for a version that this program does not know, before
    any other member is looked at, and `DocumentError` for what is no such document.
    """
    from codec.encode_info import read

    return read(data, source, format)


def write_encode_info(info: EncodeInfo, format: str = "") -> bytes:
    """The text of the document, as the reference writes it; constants are those of the format's spec."""
    from codec.encode_info import write

    return write(info, format)


def verify_snapshot(source: Path, options: VerifyOptions) -> VerifyResult:
    """Judge a snapshot file with the document beside it, or a tree; nothing is changed.

    Every finding goes to `options.found`, sorted, after the whole run; a finding is no exception. Memory does not grow
    with the number of records, documents or findings. Raises `UsageError` for a source, or a document of an encoded
    stream, that is not there, and `EnvironmentProblem`.
    """
    from codec.verifying import verify

    return verify(source, options)


def format_tree(root: Path, options: FormatOptions) -> FormatResult:
    """Write every document of a tree as a decode would print it, and the list of checksums as the files are.

    Only what differs is touched, and each file appears whole or not at all. Raises `DataError`, and has changed nothing,
    if a document cannot be read; `UsageError`, `EnvironmentProblem`.
    """
    from codec.formatting import format_tree

    return format_tree(root, options)
