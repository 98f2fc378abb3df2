"""An encode from tree to stream: manifest, guards, documents to records, sort, write, self-test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO, cast

from codec.api import EncodeOptions, EncodeResult, Warned
from codec.choices import check_number, chosen, engine_of, switched_on
from codec.engine.base import UNKNOWN
from codec.errors import DataError, EnvironmentProblem, Place, TreeError, UsageError, from_os_error
from codec.files_read import FilesRead
from codec.manifest import manifest_text
from codec.mapping import facts
from codec.mapping.besides import Besides
from codec.mapping.documents import DocumentReader
from codec.mapping.encode import SHOWN, AdapterEncoder
from codec.opening import format_of_tree
from codec.spec import ready
from codec.spec.container import Container
from codec.stream.digest import DigestSink
from codec.stream.sort import Sorter
from codec.stream.tally import Tally
from codec.stream.wrap import Layers
from codec.stream.write import BLOCK, SharedRecords, SnapshotRecords, StreamWriter
from codec.tree.names import shown_path
from codec.tree.readable import Cutter
from codec.tree.spans import Spans
from codec.tree.walk import TreeFault, TreeReader
from codec.workers import jobs_of

Records = Iterator[list[tuple[bytes, bytes]]]
"""Key and value of records by plain key, as consecutive lists."""
RecordsFrom = Callable[..., Records]
"""Records from the key `start` on, if one is given."""


def encode(source: Path, sink: BinaryIO, options: EncodeOptions) -> EncodeResult:
    """See `codec.api.encode_snapshot`."""
    if not callable(getattr(sink, "write", None)):
        raise UsageError("no-sink", "there is nothing to write the snapshot to", expected="an object with `write`")
    check_number("last_commit_ts", options.last_commit_ts)
    container = ready.load(format_of_tree(source, options.format))
    selected = chosen(container, options.adapters)
    if options.scratch_root is not None and not options.scratch_root.is_dir():
        raise UsageError("scratch", "the scratch folder does not exist", Place(str(options.scratch_root)))
    manifest, known = read_manifest(container, source)
    effective, declared = _timestamp(container, options, known, manifest)
    complemented = has_complement(container, options, source, known)
    if complemented and selected == chosen(container, None):  # all that there are: what the tree does not have is kept
        selected = frozenset(cast("tuple[str, ...]", known["adapters"]))
    _need_adapters(container, selected, known, manifest)
    names = tuple(name for name in container.encode_order if name in selected)
    if complemented:
        from codec.complement.encode import encode_with

        return encode_with(container, options, source, sink, names, known, declared)
    if options.output_container in ("", "stream"):
        return _canonical(container, options, source, sink, names, known, (effective, declared))
    with DigestSink(sink) as whole:
        layers = Layers(container, options.output_container == "runtime", effective, whole)
        result = _canonical(container, options, source, cast(BinaryIO, layers), names, known, (effective, declared))
        written = layers.end()
    return replace(result, bytes_written=whole.size, sha256=whole.sha256) if written else result


def has_complement(container: Container, options: EncodeOptions, source: Path, known: facts.Facts) -> bool:
    """Whether a complement is wanted: the manifest says that there is one, or there is one."""
    plan = container.complement
    if options.ignore_complement or plan is None:
        return False
    return bool(known.get("complement")) or (source / plan.folder).is_dir()


def _canonical(
    container: Container,
    options: EncodeOptions,
    source: Path,
    sink: BinaryIO,
    names: tuple[str, ...],
    known: facts.Facts,
    stamps: tuple[int, int],
) -> EncodeResult:
    """The canonical stream of the documents alone."""
    try:
        with TreeReader(source) as reader, Spans(reader) as spans:
            if options.verify:
                from codec.verify.checksums import demand_checksums

                demand_checksums(reader, container.checksums, options.found)
            return _encoded(container, options, spans, sink, names, known, stamps, source)
    except TreeFault as fault:
        hint = "a tree has only folders and plain files with one name"
        place = Place(shown_path(str(source / fault.path)))
        raise DataError("tree-entry", "an entry cannot be read", place, found=fault.kind, hint=hint) from None
    except OSError as problem:
        raise from_os_error(problem, f"encode {source}") from None


def encode_documents(
    container: Container, options: EncodeOptions, documents: Cutter, sink: BinaryIO, known: facts.Facts
) -> EncodeResult:
    """The canonical stream of documents that lie anywhere, of all adapters that they were made with; the manifest says
    `known`. Without verification, complement and self-test; errors and memory as those of `codec.api.encode_snapshot`."""
    adapters = cast("tuple[str, ...]", known["adapters"])
    names = tuple(name for name in container.encode_order if name in adapters)
    commit_ts = cast(int, known.get("last_commit_ts") or 0)
    return _encoded(container, options, documents, sink, names, known, (commit_ts, commit_ts), None)


def _encoded(
    container: Container,
    options: EncodeOptions,
    spans: Cutter,
    sink: BinaryIO,
    names: tuple[str, ...],
    known: facts.Facts,
    stamps: tuple[int, int],
    source: Path | None,
) -> EncodeResult:
    """Documents to a stream; with a self-test, the tree is at `source`, too."""
    cuts = sorted({row.prefix for adapter in container.adapters for row in adapter.rows if row.written})
    tally = Tally() if options.self_test and source is not None else None
    with SnapshotRecords(container.written, stamps[0], options.scratch_root, cuts, spans.fetch, tally) as writer:
        counts = _collect(container, options, spans, writer, names, known)
        return _write(container, options, sink, writer, names, known, stamps, counts, source)


def records_of(
    tree: Path, options: EncodeOptions, sorter: Sorter[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every record that an encode of `tree` writes, by plain key; two with one key both come.

    `tree` may still be staged. Memory is the sorter's, and the iterator is valid until the sorter is closed.
    """
    container = ready.load(format_of_tree(tree, options.format))
    selected = chosen(container, options.adapters)
    manifest, known = read_manifest(container, tree)
    _need_adapters(container, selected, known, manifest)
    names = tuple(name for name in container.encode_order if name in selected)
    alone = replace(options, jobs=1)  # whoever compares may share its own work
    return chain.from_iterable(records_with(container, tree, alone, names, known, Besides(), sorter)())


def records_with(
    container: Container,
    tree: Path,
    options: EncodeOptions,
    names: tuple[str, ...],
    known: facts.Facts,
    besides: Besides,
    sorter: Sorter[tuple[bytes, bytes]],
    counts: dict[str, int] | None = None,
) -> RecordsFrom:
    """The same for a tree whose manifest says `known`, and with what is known `besides` its documents.

    `counts` gets the number of records of each adapter.
    """
    with TreeReader(tree) as reader, Spans(reader) as spans:
        writer = StreamWriter(container.written, 0, sorter, spans.fetch, keep_spans=True)
        writer.tail = b""  # not framed: sorted by the key alone
        found = _collect(container, options, spans, writer, names, known, besides)
    if counts is not None:
        counts |= found
    sorter.settle()
    return partial(_records, sorter, tree if writer.kept else None)


def _records(sorter: Sorter[tuple[bytes, bytes]], tree: Path | None, start: bytes = b"") -> Records:
    """From the key `start` on; values that stayed in files of the tree are fetched."""
    some = sorter.blocks((start,))
    return some if tree is None else _fetched(some, tree)


def _fetched(some: Records, tree: Path) -> Records:
    """Each that is to be fetched alone."""
    try:
        with TreeReader(tree) as reader, Spans(reader) as spans:
            for fetched, items in groupby(chain.from_iterable(some), key=lambda item: len(item) > 2):
                if not fetched:
                    yield list(items)
                    continue
                for item in items:
                    yield [(item[0], spans.fetch(item[2:]))]
    except TreeFault as fault:
        place = Place(shown_path(str(tree / fault.path)))
        raise TreeError("tree-changed", "a file changed while it was read", place, found=fault.found) from None


def read_manifest(container: Container, source: Path) -> tuple[Path, facts.Facts]:
    """The manifest of a tree and the facts that it says; raises what `manifest_text` does, and `DocumentError`."""
    path = source / container.manifest.path
    data = manifest_text(source, container.manifest)
    return path, facts.read(container.manifest, data, str(path))


def _timestamp(container: Container, options: EncodeOptions, known: facts.Facts, manifest: Path) -> tuple[int, int]:
    declared = cast(int, known.get("last_commit_ts") or 0)
    effective = declared if options.last_commit_ts is None else options.last_commit_ts
    if effective < declared:
        code = container.usage_errors["clock_backwards"]
        hint = "a node would not accept writes that are older than what it has seen; take a larger number"
        raise DataError(
            code,
            "the timestamp is below the manifest's",
            Place(str(manifest)),
            expected=f"at least {declared}",
            found=str(effective),
            hint=hint,
        )
    return effective, declared


def _need_adapters(container: Container, selected: frozenset[str], known: facts.Facts, manifest: Path) -> None:
    dumped = cast("tuple[str, ...]", known["adapters"])
    missing = sorted(selected - set(dumped))
    if missing:
        code = container.usage_errors["adapter_not_dumped"]
        hint = f"the tree has {', '.join(dumped) or 'none'}; select these"
        raise DataError(code, f"the tree was made without {', '.join(missing)}", Place(str(manifest)), hint=hint)


def _collect(
    container: Container,
    options: EncodeOptions,
    spans: Cutter,
    writer: SharedRecords,
    names: tuple[str, ...],
    known: facts.Facts,
    besides: Besides | None = None,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    tell = FilesRead(spans.tree, container.checksums, len(names) == len(container.adapters), options.progress)
    jobs = jobs_of(options.jobs)
    for name in names:
        adapter = container.adapter(name)
        before = writer.count
        if adapter.folder is not None:
            engine = engine_of(options.engine, adapter)
            on = switched_on(container, known)
            limit_error = container.written.write_errors["value_limit"]
            documents = DocumentReader(adapter, engine, spans.tree, writer, spans, limit_error, on, besides)
            documents.tell = tell
            encoder = AdapterEncoder(adapter, documents, options.switches, jobs)
            try:
                encoder.run()
            except TreeFault as fault:
                raise documents.fault(fault, is_folder=False) from None
            finally:
                documents.close()
            _warn(options, adapter.name, encoder)
            tell()
        counts[name] = writer.count - before
    return counts


def _warn(options: EncodeOptions, adapter: str, encoder: AdapterEncoder) -> None:
    if encoder.unexpected:
        first = ", ".join(encoder.unexpected[:SHOWN])
        options.warn(
            Warned(
                "unexpected_entries",
                (
                    ("adapter", adapter),
                    ("count", len(encoder.unexpected)),
                    ("first", first),
                    ("hint", "these entries are not in the snapshot"),
                ),
            )
        )
    if encoder.counts[UNKNOWN]:
        options.warn(
            Warned(
                "unknown_members",
                (
                    ("adapter", adapter),
                    ("count", encoder.counts[UNKNOWN]),
                    ("hint", "members that no spec names are not in the snapshot"),
                ),
            )
        )
    if encoder.counts["unmatched"]:
        options.warn(
            Warned(
                "unmatched_lines",
                (
                    ("adapter", adapter),
                    ("count", encoder.counts["unmatched"]),
                    ("hint", "sidecar lines without their document are not in the snapshot"),
                ),
            )
        )


def _write(
    container: Container,
    options: EncodeOptions,
    sink: BinaryIO,
    writer: SnapshotRecords,
    names: tuple[str, ...],
    known: facts.Facts,
    stamps: tuple[int, int],
    counts: dict[str, int],
    source: Path | None,
) -> EncodeResult:
    """Write to the sink; with a self-test only after what was written has been read back and compared."""
    result = EncodeResult(
        stamps[0],
        stamps[1],
        str(known.get("cluster_id") or ""),
        names,
        writer.count,
        0,
        "",
        options.self_test,
        False,
        "",
        counts,
    )
    if writer.tally is None or source is None:
        with DigestSink(sink) as digest:
            writer.write_to(digest)
        return replace(result, bytes_written=digest.size, sha256=digest.sha256)
    from tempfile import TemporaryFile

    with TemporaryFile(dir=options.scratch_root) as scratch:
        with DigestSink(cast(BinaryIO, scratch)) as digest:
            writer.write_to(digest)
        scratch.flush()
        from codec.selftest import Given, mismatches  # with all of the decode, which only a self-test needs

        quiet = replace(options, warn=lambda _: None, progress=lambda _: None)
        given = Given(stamps[0], writer.tally, lambda sorter: records_of(source, quiet, sorter))
        text = mismatches(container, options, cast(BinaryIO, scratch), source, names, known, given)
        if not text:
            hand_over(cast(BinaryIO, scratch), sink, digest)
    return replace(result, bytes_written=digest.size, sha256=digest.sha256, self_test_matched=not text, mismatch=text)


def hand_over(tested: BinaryIO, sink: BinaryIO, written: DigestSink) -> None:
    """Copy what the self-test has read. Whatever the test did to it, other bytes than those written are refused."""
    with DigestSink(sink) as given:
        for block in _blocks(tested):
            given.write(block)
    if given.sha256 != written.sha256:
        hint = "the file was changed while it was tested; encode again"
        raise EnvironmentProblem("self-test-copy", "what was tested is not what was written", hint=hint)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block
