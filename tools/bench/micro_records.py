"""Micro-benchmarks of primitives and documents: the compiled engine beside the interpreter, which runs construct objects.

Every kind of record and document that a workload has is timed on its own things; all ways must agree on each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import TypeVar

from codec.compile.engine import compiled
from codec.engine.base import Engine, Notes, WriteRow
from codec.engine.interpreter import Interpreter
from codec.errors import DataError
from codec.layout import json_read
from codec.mapping.rows import RowWriter
from codec.spec import plan
from codec.spec.words import Element, Thing

from .kaitai import Read
from .micro import timed
from .results import Micro
from .stream import Kind
from .workloads import Workload

Made = TypeVar("Made")
LEAST = 100
MOST = 500  # of each kind: enough to time, few enough to hold
KAITAI = "Kaitai"
COMPILED, INTERPRETED, PLAIN = "compiled engine", "interpreter (construct)", "json of the standard library"
_WHOLE = ("json", "keyed", "together")  # kinds of documents whose text is one JSON value


@dataclass(slots=True)
class Samples:
    """Some things of each kind of document, and some calls of each record's writer."""

    things: dict[str, list[Thing]] = field(default_factory=dict)
    calls: dict[str, list[tuple[Thing, Element]]] = field(default_factory=dict)
    rows: dict[str, tuple[plan.Adapter, plan.Row]] = field(default_factory=dict)
    entities: dict[str, tuple[plan.Adapter, plan.Entity]] = field(default_factory=dict)


class _Recorder(Interpreter):
    """An engine whose writers keep what they are called with."""

    def __init__(self, adapter: plan.Adapter, samples: Samples) -> None:
        super().__init__()
        self._adapter, self._samples = adapter, samples

    def writer(self, row: plan.Row) -> WriteRow:
        write = compiled(self._adapter).writer(row)
        calls = self._samples.calls.setdefault(row.label, [])
        self._samples.rows[row.label] = (self._adapter, row)

        def recorded(thing: Thing, element: Element) -> tuple[bytes, bytes]:
            if len(calls) < MOST:
                calls.append((thing, element))
            return write(thing, element)

        return recorded


def samples(workload: Workload, scale: float, seed: int) -> Samples:
    """Things and records of a workload."""
    found = Samples()
    kinds: dict[str, Kind] = {}
    for made in workload.things(scale, seed):
        name = f"{made.adapter.name}/{made.entity.name}"
        if name not in kinds:
            kinds[name] = Kind(made.adapter, made.entity)
            kinds[name].rows = RowWriter(made.adapter, _Recorder(made.adapter, found))
            found.entities[name] = (made.adapter, made.entity)
            found.things[name] = []
        sum(1 for _ in kinds[name].records(made.thing))
        sum(1 for _ in kinds[name].repeated(made.thing))
        if len(found.things[name]) < MOST:
            found.things[name].append(made.thing)
    return found


def records(workload: str, found: Samples, rounds: int, others: Mapping[str, Read] | None = None) -> Iterator[Micro]:
    """Writing and reading of every kind of record, in both engines; reading also by `others`, which are Kaitai's."""
    for label, (adapter, row) in found.rows.items():
        if not found.calls[label]:
            continue
        calls, engines = _enough(found.calls[label]), _engines(adapter)
        writers = {name: engine.writer(row) for name, engine in engines.items()}
        made = _agreed(label, {name: [write(*call) for call in calls] for name, write in writers.items()})
        yield from _timed(
            f"write {label}", workload, {n: _writing(w, calls) for n, w in writers.items()}, calls, rounds
        )
        if row.role in ("stored", "shared"):
            readers: dict[str, Read] = {name: engine.reader(row) for name, engine in engines.items()}
            _agreed(label, {name: [read(*record) for record in made] for name, read in readers.items()})
            if read := (others or {}).get(f"{adapter.name}/{label}"):
                readers[KAITAI] = read
            yield from _timed(
                f"read {label}", workload, {n: _reading(r, made) for n, r in readers.items()}, made, rounds
            )


def documents(workload: str, found: Samples, rounds: int) -> Iterator[Micro]:
    """Printing and reading of every kind of document that one thing is shown as, beside the standard library's json."""
    for name, (adapter, entity) in found.entities.items():
        on = frozenset(f"{option.name}={option.default}" for option in adapter.options if option.kind == "choice")
        engines = _engines(adapter)
        for document in entity.documents:
            if document.kind not in _WHOLE or document.option or document.only_with not in ("", *on):
                continue
            things = _enough(found.things[name])
            printers = {way: _printing(engine, entity, document, on, things) for way, engine in engines.items()}
            texts = _agreed(name, {way: job() for way, job in printers.items()})
            data = [text.encode() for text in texts]
            label = f"{adapter.name}/{entity.name}.{document.name}"
            yield from _timed(f"print {label}", workload, {**printers, PLAIN: _dumping(texts)}, texts, rounds)
            parsers = {way: _parsing(engine, document, data) for way, engine in engines.items()}
            _agreed(label, {way: [str(one) for one in job()] for way, job in parsers.items()})
            yield from _timed(f"parse {label}", workload, {**parsers, PLAIN: _loading(data)}, texts, rounds)


def _enough(few: list[Made]) -> list[Made]:
    """The samples, repeated until there are enough to time."""
    return few * -(-LEAST // len(few)) if few else []


def _engines(adapter: plan.Adapter) -> dict[str, Engine]:
    return {COMPILED: compiled(adapter), INTERPRETED: Interpreter()}


def _agreed(label: str, made: Mapping[str, Made]) -> Made:
    """What all ways made; raises `DataError` if it is not the same."""
    first, *others = made.values()
    if any(other != first for other in others):
        raise DataError("bench-differs", f"the engines do not agree on {label}")
    return first


def _timed(
    thing: str, workload: str, jobs: dict[str, Callable[[], object]], units: Sized, rounds: int
) -> Iterator[Micro]:
    for name, seconds in timed(jobs, rounds).items():
        yield Micro(thing, name, workload, len(units), seconds)


def _writing(write: WriteRow, calls: list[tuple[Thing, Element]]) -> Callable[[], object]:
    return lambda: [write(thing, element) for thing, element in calls]


def _reading(read: Read, made: list[tuple[bytes, bytes]]) -> Callable[[], object]:
    return lambda: [read(key, value) for key, value in made]


def _printing(
    engine: Engine, entity: plan.Entity, document: plan.Document, on: frozenset[str], things: list[Thing]
) -> Callable[[], list[str]]:
    write, streamed = engine.document_writer(document, on), entity.collection

    def elements(thing: Thing) -> Iterable[list[Element]]:
        return [thing[streamed[0]]] if streamed else ()  # type: ignore[list-item]

    return lambda: ["".join(write(thing, elements(thing))) for thing in things]


def _parsing(engine: Engine, document: plan.Document, texts: list[bytes]) -> Callable[[], list[Thing]]:
    read, notes = engine.document_reader(document), Notes()

    def parse() -> list[Thing]:
        found = []
        for text in texts:
            notes.data = text
            found.append(read(json_read.load(text, "", fold=document.kind != "keyed"), notes))
        return found

    return parse


def _dumping(texts: list[str]) -> Callable[[], object]:
    """The same values printed, indented as the first text is; a single line is printed as one."""
    values, indent = [json.loads(text) for text in texts], 2 if "\n" in texts[0].rstrip() else None
    return lambda: [json.dumps(value, indent=indent) for value in values]


def _loading(data: list[bytes]) -> Callable[[], object]:
    return lambda: [json.loads(text) for text in data]
