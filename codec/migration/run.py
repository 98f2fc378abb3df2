"""A migration from file to file or from tree to tree: one call, input read only, output whole or not at all.

The input is read by the spec that it was written with and turned into a tree of the other one (`bridge`); for a stream
the documents pass through a spool (`passing`), for a tree its records are put aside. Memory does not grow with either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, cast

from codec.api import (
    DecodeOptions,
    DecodeResult,
    EncodeOptions,
    Engine,
    Progress,
    Warned,
    decode_snapshot,
    encode_snapshot,
)
from codec.encoding import read_manifest
from codec.errors import UsageError
from codec.mapping.facts import Facts
from codec.migration.ancestry import Kinship, lineage
from codec.migration.bridge import Bridge, bridge
from codec.migration.lost import counted
from codec.migration.passing import pass_on
from codec.opening import format_of_tree, open_stream
from codec.spec import library, ready
from codec.spec.container import Container

SCRATCH = "codec-migrate-"


def _ignore(_: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateOptions:
    """How to migrate: `older` and `newer` are names or paths of specs; an empty `older` is told by the input.

    `switches` are options of the format, by name, for reading the one version and for writing the other: those of a
    stream come on top of what its spec says of migrations, those of a tree on top of its manifest's. `replace` lets the
    output of a tree replace one that is there. `scratch_root` is where what is between is put aside.
    """

    older: str = ""
    newer: str
    switches: Mapping[str, object] = field(default_factory=dict)
    replace: bool = False
    engine: Engine = "compiled"
    scratch_root: Path | None = None
    warn: Callable[[Warned], None] = _ignore
    progress: Callable[[Progress], None] = _ignore


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """What a migration did. `lost` counts what could not be carried over, by what and why; `hidden` what version
    resolution left behind (a stream only); `sha256` is that of an output that is a stream."""

    kind: Literal["stream", "tree"]
    older: str
    newer: str
    records: int
    lost: Mapping[str, int]
    hidden: Mapping[str, int]
    sha256: str


def migrate(source: Path, target: Path, options: MigrateOptions) -> MigrateResult:
    """Turn `source` (a stream or a tree) into `target`, the same kind of thing in the version `options.newer`.

    Raises `UsageError`, `SpecError`, `DataError`, `EnvironmentProblem`; the target then stands as before.
    """
    if source.is_dir():
        return _tree(source, target, options)
    if target.is_dir():
        raise UsageError("output", "a stream becomes a stream, and the output is a directory", hint="name a file")
    return _stream(source, target, options)


def _stream(source: Path, target: Path, options: MigrateOptions) -> MigrateResult:
    old, made, lost = _prepared(source, options.older, options)
    switches = {**dict.fromkeys(made.container.carried_over, True), **options.switches}
    encode = EncodeOptions(
        switches=options.switches,
        engine=options.engine,
        format=options.newer,
        scratch_root=options.scratch_root,
        warn=options.warn,
        progress=options.progress,
    )
    decode = _decode_options(made, switches, options, None, "")
    result, written = pass_on(source, target, made.container, decode, encode)
    return _result("stream", old, made, lost, result, written.entries, written.sha256)


def _tree(source: Path, target: Path, options: MigrateOptions) -> MigrateResult:
    format = format_of_tree(source, options.older)
    _, known = read_manifest(ready.load(format), source)
    with TemporaryDirectory(prefix=SCRATCH, dir=options.scratch_root) as scratch:
        stream = Path(scratch, "stream")
        with stream.open("wb") as sink:
            encode = EncodeOptions(
                adapters=cast("tuple[str, ...]", known["adapters"]) or None,
                switches=options.switches,
                engine=options.engine,
                format=format,
                warn=options.warn,
                progress=options.progress,
            )
            encode_snapshot(source, sink, encode)
        old, made, lost = _prepared(stream, format, options)
        switches = {option.name: known.get(option.name) for adapter in old.adapters for option in adapter.options}
        decode = _decode_options(made, {**switches, **options.switches}, options, known, str(source))
        result = decode_snapshot(stream, target, decode)
    return _result(
        "tree", old, made, lost, result, sum(result.counts.get(n, 0) for n in made.container.print_order), ""
    )


def _prepared(stream: Path, older: str, options: MigrateOptions) -> tuple[Container, Bridge, Counter[str]]:
    """The version of a stream, the way to the other one, and how much is lost on it."""
    reader = open_stream(stream, older)
    try:
        old, new = reader.container, ready.load(options.newer)
        lines = [lineage(library.main_file(name)) for name in (_name(old, older), options.newer)]
        kin = Kinship(*lines)
        if kin.old.root != kin.new.root:
            message = f"{old.name} and {new.name} do not come from one spec"
            hint = "a version extends another; what has nothing in common cannot be carried over by name"
            raise UsageError("migrate", message, hint=hint)
        made = bridge(old, new, kin)
        return old, made, counted(reader, old, made.lost)
    finally:
        reader.source.close()


def _name(container: Container, given: str) -> str:
    return given or container.name


def _decode_options(
    made: Bridge, switches: Mapping[str, object], options: MigrateOptions, known: Facts | None, text: str
) -> DecodeOptions:
    """How the older version is read; `known` is what the manifest of a tree says, `text` where that tree is."""
    chosen = cast("tuple[str, ...]", (known or {}).get("adapters", ()))
    names = [adapter.name for adapter in made.container.adapters]
    return DecodeOptions(
        adapters=tuple(name for name in chosen if name in names) or None,
        switches=switches,
        cluster_id=str((known or {}).get("cluster_id") or ""),
        input_text=text,
        replace=options.replace and known is not None,
        engine=options.engine,
        format=made.container,
        warn=options.warn,
        progress=options.progress,
    )


def _result(
    kind: Literal["stream", "tree"],
    old: Container,
    made: Bridge,
    lost: Counter[str],
    result: DecodeResult,
    records: int,
    sha256: str,
) -> MigrateResult:
    gone = {one.entity for one in made.lost if not one.field}
    rows = {row.label: row for adapter in old.adapters for row in adapter.rows}
    dropped = {
        f"{label}: {rows[label].because}": count
        for label, count in result.losses.items()
        if label in rows and rows[label].entity not in gone
    }
    hidden = {name: result.counts.get(name, 0) for name in ("older", "expired", "deleted", "later", "unknown")}
    return MigrateResult(
        kind,
        f"{old.name} {old.version}",
        f"{made.container.name} {made.container.version}",
        records,
        dict(lost) | dropped,
        {name: count for name, count in hidden.items() if count},
        sha256,
    )
