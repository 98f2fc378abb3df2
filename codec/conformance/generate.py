"""All vectors of a format, from its plan: valid scenes both ways, then everything in them wrong at its edges.

Deterministic: the same spec gives the same vectors. Memory: the inputs and answers of one format's vectors, a few MB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from codec.conformance.bench import MOST_REFUSED, Bench, flags
from codec.conformance.edge_scenes import edge_scenes
from codec.conformance.oracle import Oracle
from codec.conformance.points import parents
from codec.conformance.record_vectors import RecordVectors
from codec.conformance.specimens import Scene, scenes
from codec.conformance.stream_vectors import StreamVectors
from codec.conformance.tree_vectors import TreeVectors
from codec.conformance.usage_vectors import usage_vectors
from codec.conformance.vectors import Files, Kind, Options, Vector
from codec.spec import plan

Trees = list[tuple[Files, Options]]


def generated(name: str, most: int = MOST_REFUSED, only: Collection[str] = ()) -> Iterator[Vector]:
    """Every vector that the plan of the format `name` gives, at most so many refused ones of each point.

    `only` are the adapters that they are about, none: all of them. Raises `SpecError` if there is no such format.
    """
    used: Counter[str] = Counter()
    for vector in _made(Bench(Oracle(name), most), only):
        used[vector.id] += 1
        number = used[vector.id]
        yield replace(vector, id=f"{vector.id}-{number}") if number > 1 else vector


def _made(bench: Bench, only: Collection[str]) -> Iterator[Vector]:
    first: Scene | None = None
    trees: Trees = []
    for adapter in (one for one in bench.container.adapters if not only or one.name in only):
        found = [*sorted(scenes(adapter, bench.container), key=_size), *edge_scenes(adapter)]
        valid = _Valid(bench, adapter)
        yield from valid.vectors(found)
        yield from RecordVectors(bench, adapter, [*valid.chosen, *valid.others]).vectors()
        yield from TreeVectors(bench, adapter, valid.trees).vectors()
        trees += valid.trees
        first = first or next((scene for scene in valid.chosen if len(scene.records) > 1), None)
    if first is not None:
        yield from StreamVectors(bench, first.records).vectors()
        yield from usage_vectors(bench, bench.stream(first.records), [tree for tree, _ in trees])


def _size(scene: Scene) -> tuple[bool, int]:
    return scene.odd, sum(len(key) + len(value) for key, value in scene.records)


class _Valid:
    """Chooses the scenes of one adapter that hit something new, smaller ones first; decodes them, and encodes the trees."""

    def __init__(self, bench: Bench, adapter: plan.Adapter) -> None:
        self.bench, self.adapter = bench, adapter
        self.chosen: list[Scene] = []
        self.others: list[Scene] = []  # that can be decoded, and hit nothing new
        self.trees: Trees = []
        self._hit: dict[str, set[str]] = {}

    def vectors(self, found: list[Scene]) -> Iterator[Vector]:
        """For each scene what a decode gives, without options and with each that shows more; for each tree its stream."""
        every = flags(self.bench.container)
        for scene in found:
            if scene.hits:
                yield from self._decoded(scene, {scene.option.replace("_", "-"): True} if scene.option else {})
                continue
            made = [*self._decoded(scene, {}), *self._decoded(scene, every)]
            yield from made
            for options in self._options(every) if made else ():
                yield from self._decoded(scene, options)

    def _options(self, every: Options) -> Iterator[Options]:
        """Each switch, each other choice."""
        yield from ({name: True} for name in every)
        for option in self.adapter.options:
            if option.kind == "choice" and "decode" in option.directions:
                yield from ({option.name.replace("_", "-"): one} for one in option.choices if one != option.default)

    def _decoded(self, scene: Scene, options: Options) -> Iterator[Vector]:
        bench, label = self.bench, _label(options)
        known, plain = self._hit.setdefault(label, set()), self._hit.setdefault(_label({}), set())
        hit = bench.observer.records(scene.records, options) | scene.hits
        if options and hit <= known:
            return
        answer = bench.oracle.decode(data := bench.stream(scene.records), options)
        if not isinstance(answer, dict):
            return
        seen = bench.observer.files(answer)
        if hit | seen <= known or (options and hit | seen <= plain):
            if not options:
                self.others.append(scene)
            return
        known |= hit | seen
        if not options:
            self.chosen.append(scene)
        about = _deepest(hit - parents(self.adapter.name)) or self.adapter.name
        kind: Kind = "near-valid" if scene.odd else "valid"
        sentence = f"Records of {', '.join(sorted(_kinds(hit)))}, decoded with {', '.join(options) or 'no option'}"
        hit |= seen
        vector = bench.decode(
            about, f"scene-{label}", sentence, data, hit=hit, kinds=(kind, "invalid"), options=options
        )
        if vector is not None:
            yield vector
        self.trees.append((answer, options))
        yield from self._encoded(answer, seen, label, [{}] if scene.hits else [{}, *self._numbers()])

    def _encoded(self, files: Files, seen: set[str], label: str, every: Iterable[Options]) -> Iterator[Vector]:
        about = _deepest(seen) or self.adapter.name
        documents = ", ".join(sorted(_kinds(seen - {one for one in seen if one.startswith(self.bench.container.name)})))
        for options in every:
            ways = ", ".join(options) or label
            sentence = f"Documents of {documents or 'nothing'}, encoded"
            vector = self.bench.encode(about, f"tree-{ways}", sentence, files, hit=seen, options=options)
            if vector is not None and vector.accepted:
                yield vector

    def _numbers(self) -> Iterator[Options]:
        for option in self.adapter.options:
            if option.kind == "number" and "encode" in option.directions:
                yield {option.name.replace("_", "-"): option.between[0]}


def _label(options: Options) -> str:
    """A short name for ids."""
    words = [name if value is True else str(value) for name, value in options.items()]
    return "plain" if not words else words[0] if len(words) == 1 else "every-option"


def _kinds(anchors: set[str]) -> set[str]:
    """The record kinds and documents among anchors: their first three steps."""
    return {anchor for anchor in anchors if anchor.count(".") == 2}


def _deepest(anchors: set[str]) -> str:
    """The first of the record kinds or documents, else the first anchor at all."""
    return min(_kinds(anchors) or anchors, default="")
