"""A decode from file to tree: open, resolve versions, dispatch, print, describe, publish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar, cast

from codec.api import DecodeOptions, DecodeResult, Progress, Warned
from codec.choices import check_number, chosen, engine_of, switched_on
from codec.collector import paused
from codec.crew import Alone, Crew, HelperFailed
from codec.engine.base import Misfit
from codec.engine.interpreter import Interpreter
from codec.errors import CodecError, EnvironmentProblem, StreamError
from codec.landed import warn_of
from codec.mapping import facts
from codec.mapping.besides import Besides
from codec.mapping.bodies import only_measured
from codec.mapping.decode import AdapterDecoder
from codec.mapping.dispatch import Dispatch
from codec.mapping.target import Target, TreeTarget
from codec.opening import open_stream, spec_facts
from codec.spec.container import Container
from codec.spec.plan import Row
from codec.stream import versions
from codec.stream.batches import Ats, Batch, Live, Part, in_batches
from codec.stream.contents import Contents
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.tree.staging import StagedTree, Twice
from codec.version import __version__
from codec.workers import jobs_of

UNKNOWN_SHOWN = 5  # how many prefixes of unknown rows are named
LINES = 512  # of checksums that are written at once
WORTH = 2 << 20  # bytes of input from which on a helper process pays
Taker = Callable[[list[bytes], list[bytes], Ats], None]
Given = TypeVar("Given")


class Decoding:
    """One pass over a stream into a target; used by a decode and by the self-test of an encode."""

    def __init__(self, container: Container, options: DecodeOptions, shared: bool = False) -> None:
        """With `shared`, a helper process takes a part of the work; `target` must then be one for several processes."""
        self.container, self.options, self.shared = container, options, shared
        self.selected = chosen(container, options.adapters)
        self.interpreter = Interpreter()
        self.counts: Counter[str] = Counter()
        self.unknown: dict[str, None] = {}
        self.losses: Counter[str] = Counter()
        self.extensions: set[str] = set()
        self.besides = Besides(learning=True)
        self.written: Callable[[], int] = lambda: 0  # how many files the target has

    def run(self, reader: EntryReader, target: Target, sort: bool) -> None:
        """Feed every live version; raises `versions.Unsorted` if that needs order and there is none: then `sort`."""
        if not sort:
            self._pass(reader, reader.batches(only_measured(self.container)), target)
            return
        with Sorter[tuple[object, ...]]() as sorter:
            entries = versions.in_order(reader.entries(), sorter)
            self._pass(reader, in_batches(entries, reader.stamp), target)

    def _pass(self, reader: EntryReader, batches: Iterator[Batch], target: Target) -> None:
        options, counts = self.options, self.counts
        now = options.as_of if options.as_of is not None else reader.head.last_commit_ts
        live = (
            versions.every(batches, counts)
            if options.versions == "all"
            else versions.Newest(options.as_of, now, counts).live(batches)
        )
        shown = switched_on(self.container, options.switches)
        decoders = [
            AdapterDecoder(
                adapter := self.container.adapter(name),
                engine_of(options.engine, adapter),
                target,
                shown,
                options.warn,
                Contents(reader),
                lambda row, keys, values, ats: self._misfit(reader, row, keys, values, ats),
            )
            for name in self.container.print_order
            if name in self.selected
        ]
        self._decoders, self._target = decoders, target
        jobs: Alone | Crew = Alone(self._work)
        try:
            if self.shared:
                jobs = Crew(self._work, target.note_only)
            for number, decoder in enumerate(decoders):
                decoder.jobs, decoder.number = jobs, number
                decoder.press.structure = self.besides.fields if options.complement else None
            self._feed(reader, live, self._routes(decoders, shown))
            for decoder in decoders:
                decoder.tell = self._tell
                decoder.finish(reader.source.name)
                self.losses.update(decoder.losses)
                self.extensions |= decoder.extensions
        finally:
            jobs.close()
            for decoder in decoders:
                decoder.close()

    def _tell(self) -> None:
        """How far the printing of what was gathered is."""
        self.options.progress(Progress("write", self.written(), 0, "files"))

    def _work(self, job: object) -> object:
        """Do a job, wherever: what its decoder says, and what the target has to say to the process that has the whole."""
        number, *rest = cast("tuple[object, ...]", job)
        return *self._decoders[cast(int, number)].work(*rest), self._target.noted()

    def _routes(
        self, decoders: list[AdapterDecoder], shown: frozenset[str]
    ) -> tuple[Dispatch, dict[int, tuple[str, Taker]]]:
        """Which kind of record goes where, and under which name it is counted."""
        counters = self.container.counters
        taken = {decoder.adapter.name: decoder for decoder in decoders}
        routes: dict[int, tuple[str, Taker]] = {}
        rows: list[Row] = []

        def ignore(keys: list[bytes], values: list[bytes], ats: Ats) -> None: ...

        for row in self.container.internal:
            rows.append(row)
            routes[id(row)] = (counters["internal"], ignore)
        for adapter in self.container.adapters:
            for row in adapter.rows:
                if row.option and row.option not in shown:
                    continue
                rows.append(row)
                decoder = taken.get(adapter.name)
                if row.counted:
                    routes[id(row)] = (counters[row.counted], ignore)
                elif row.unread:
                    routes[id(row)] = (counters["unknown"], ignore)
                elif decoder is None:
                    routes[id(row)] = (counters["internal"], ignore)
                else:
                    routes[id(row)] = (adapter.name, decoder.takers[row.label])
        shapes = {
            id(row): engine_of(self.options.engine, a)
            for a in self.container.adapters
            for row in a.rows
            if row.by_shape
        }
        return Dispatch(rows, lambda row, key, value: shapes[id(row)].accepts(row, key, value)), routes

    def _feed(
        self,
        reader: EntryReader,
        live: Iterator[Live],
        routing: tuple[Dispatch, dict[int, tuple[str, Taker]]],
    ) -> None:
        dispatch, routes = routing
        counts, unknown = self.counts, self.container.counters["unknown"]
        total = reader.source.size
        for batch in live:
            self.options.progress(Progress("decode", reader.source.position, total))
            keys, values, ats = batch.keys, batch.values, batch.ats
            for row, start, stop in dispatch.runs(batch):
                name, take = (unknown, None) if row is None else routes[id(row)]
                counts[name] += stop - start
                some = keys, values, ats
                if stop - start < len(keys):
                    some = keys[start:stop], values[start:stop], Part(ats, start, stop)
                if name == unknown:
                    for key in some[0]:
                        self._note_unknown(key)
                    continue
                assert row is not None and take is not None
                try:
                    take(*some)
                except Misfit:
                    raise self._misfit(reader, row, *some) from None

    def _misfit(self, reader: EntryReader, row: Row, keys: list[bytes], values: list[bytes], ats: Ats) -> StreamError:
        """What is wrong with the first record of a run that does not fit."""
        known = [value if type(value) is bytes else b"" for value in values]  # the rest is right, whatever it is
        for key, value, at in zip(keys, known, ats, strict=True):
            if not self.interpreter.accepts(row, key, value):
                return self.interpreter.explain(row, key, value, reader.place(at, key))
        raise AssertionError(f"{row.label}: the interpreter accepts what the compiled reader refused")

    def _note_unknown(self, key: bytes) -> None:
        if len(self.unknown) < UNKNOWN_SHOWN:
            end = key.rfind(b"|", 0, 32) + 1
            self.unknown[repr(key[: end or 12])[2:-1]] = None


def decode(source: Path, target: Path, options: DecodeOptions) -> DecodeResult:
    """See `codec.api.decode_snapshot`."""
    check_number("as_of", options.as_of)
    reader = open_stream(source, options.format)
    try:
        with paused():
            return attempts(options, reader.source.size, partial(_decode, reader.container, reader, source, target))
    finally:
        reader.source.close()


def attempts(options: DecodeOptions, size: int, run: Callable[..., Given]) -> Given:
    """`run(options, sort, shared)`, with what it takes: first as if the input were sorted, and with a helper if there
    is enough to do. Alone, it meets each error where it belongs, so whatever goes wrong with a helper is done again."""
    sort, shared = False, size > WORTH and options.versions == "newest" and jobs_of(options.jobs) > 1
    while True:
        told: list[Warned] = []
        try:
            result = run(replace(options, warn=told.append) if shared else options, sort=sort, shared=shared)
        except versions.Unsorted:
            sort = True
        except (HelperFailed, Twice, CodecError) as problem:
            if not shared or isinstance(problem, EnvironmentProblem):
                raise
            shared = False
        else:
            for warned in told:
                options.warn(warned)
            return result


def _decode(
    container: Container,
    reader: EntryReader,
    source: Path,
    target: Path,
    options: DecodeOptions,
    *,
    sort: bool,
    shared: bool,
) -> DecodeResult:
    said, check, tell = Counter[str](), None, options.warn
    if options.self_test:
        from codec.recall import refuse_every_version
        from codec.verify.losses import LossCheck

        refuse_every_version(options)
        on, engine = switched_on(container, options.switches), partial(engine_of, options.engine)
        check = LossCheck(container, chosen(container, options.adapters), engine, on)

    def warn(warned: Warned) -> None:
        said[warned.event] += 1
        if check is not None:
            check.warned(warned)
        tell(warned)

    options = replace(options, warn=warn)
    run = Decoding(container, options, shared)
    with StagedTree(target, replace=options.replace, sync=options.sync, shared=options.shared) as tree:
        tree.exclusive = shared
        out = TreeTarget(tree)
        run.written = lambda: tree.files
        run.run(reader, out, sort)
        out.close()
        known = facts_of(run, reader, source)
        identity = ""
        kept: Mapping[str, int] = {}
        if options.complement:
            from codec.complement.decode import keep_complement

            identity, kept = keep_complement(container, options, reader, run.besides, tree, known, sort)
        _describe(container, known | {"complement": identity}, tree)
        if check is not None:
            from codec.recall import recall

            run.losses = Counter(recall(container, options, reader, tree.staged, tuple(run.selected), check))
        tree.publish()
        warn_of(tree, options.warn)
        result = result_of(run, reader, tree.files, said, check is not None)
        return replace(result, kept=kept)


def facts_of(run: Decoding, reader: EntryReader, source: Path) -> facts.Facts:
    """What the manifest says of a run that is over."""
    container, options = run.container, run.options
    text = options.input_text or str(source)
    switches = {
        option.name: options.switches.get(option.name) or option.default
        for adapter in container.adapters
        for option in adapter.options
    }
    return switches | {
        "tool_version": __version__,
        "cluster_id": options.cluster_id,
        "input_number": facts.input_number(text, container.input_suffix, container.input_base[reader.head.container]),
        "last_commit_ts": reader.head.last_commit_ts,
        "clock": facts.clock(),
        "input_path": text,
        "adapters": tuple(run.selected),
        "extensions": tuple(sorted(run.extensions)),
        **spec_facts(container),
    }


def _describe(container: Container, known: facts.Facts, tree: StagedTree) -> None:
    """Manifest and checksums, last."""
    tree.write(container.manifest.path, facts.write(container.manifest, known))
    lines = tree.checksum_lines()
    with tree.create(container.checksums) as out:
        while some := b"".join(islice(lines, LINES)):
            out.write(some)


def result_of(run: Decoding, reader: EntryReader, files: int, said: Counter[str], tested: bool) -> DecodeResult:
    """What is told of a run that is over: `files` were written, and the events of `said` warned of."""
    container = run.container
    names = container.counters
    counts = {names["total"]: reader.total}
    counts |= {name: run.counts[name] for name in container.print_order}
    counts |= {
        names["tombstone"]: run.counts["deleted"],
        names["internal"]: run.counts[names["internal"]],
        names["unknown"]: run.counts[names["unknown"]],
    }
    counts |= {name: run.counts[name] for name in ("older", "expired", "later")} | {"operational": reader.operational}
    losses = {label: count for label, count in run.losses.items() if count}
    head = reader.head
    return DecodeResult(
        head.last_commit_ts, head.container, counts, tuple(run.unknown), losses, dict(said), files, tested
    )
