"""Vectors of single records: each part of each record kind, wrong at its edges, in a stream that is right otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codec.conformance import damage
from codec.conformance.bench import Bench, Tally, flags
from codec.conformance.json_paths import absent_paths, member_paths
from codec.conformance.points import form_anchor, limit_anchor, not_read, parents, row_anchor
from codec.conformance.specimens import Scene
from codec.conformance.vectors import Options, Vector
from codec.conformance.wire_fields import fields_of, type_members_of
from codec.engine.base import Misfit
from codec.engine.interpreter import Interpreter
from codec.engine.patterns import Record
from codec.mapping.dispatch import Dispatch
from codec.spec import plan
from codec.spec.coverage import copied as is_copied

Changed = tuple[str, str, tuple[bytes, bytes]]  # a name for ids, a sentence's end, and the record
Group = tuple[str, Iterator[damage.Candidate]]
MOST_SCENES = 4  # in which a part is damaged until enough of it was refused


@dataclass(frozen=True, slots=True)
class Found:
    """A record in its scene."""

    scene: Scene
    index: int

    @property
    def record(self) -> tuple[bytes, bytes]:
        return self.scene.records[self.index]


class RecordVectors:
    """Makes the vectors of the records of one adapter, out of scenes."""

    def __init__(self, bench: Bench, adapter: plan.Adapter, scenes: list[Scene]) -> None:
        self.bench, self.adapter = bench, adapter
        self._accepts = Interpreter().accepts
        self._found: dict[str, list[Found]] = {}
        dispatch = self._dispatch(with_options=True)
        for scene in scenes:
            for index, (key, value) in enumerate(scene.records):
                row = dispatch.find(key, value)
                if row is not None:
                    self._found.setdefault(row.label, []).append(Found(scene, index))

    def _dispatch(self, with_options: bool) -> Dispatch:
        rows = [row for row in self.adapter.rows if with_options or not row.option]
        return Dispatch([*self.bench.container.internal, *rows], self._accepts)

    def vectors(self) -> Iterator[Vector]:
        """Of every record kind that is read, without options; where nothing is refused, with those that it waits for."""
        for row in self.adapter.rows:
            tallies: dict[str, Tally] = {}
            for options in self._ways(row):
                for anchor, tally in list(tallies.items()):
                    tallies[anchor] = Tally(self.bench.most, tally.refused, places=MOST_SCENES if tally.refused else 0)
                yield from self._of_row(row, options, tallies)

    def _ways(self, row: plan.Row) -> Iterator[Options]:
        """The options under which a record kind may be read; none if it never is."""
        own = {name.replace("_", "-"): True for name in (row.option, row.read_with) if name}
        copied = any(row.label in view.rows for view in self.adapter.views) or is_copied(row)
        if own or not not_read(row):
            yield {}
        if own:
            yield own
        if copied:
            yield flags(self.bench.container)

    def _of_row(self, row: plan.Row, options: Options, tallies: dict[str, Tally]) -> Iterator[Vector]:
        dispatch = self._dispatch(with_options=bool(options))
        for found in self._found.get(row.label, ()):
            for anchor, candidates in self._groups(row, found):
                tally = tallies.setdefault(anchor, Tally(self.bench.most))
                if tally.full() or tally.places >= MOST_SCENES:
                    continue
                tally.places += 1
                for name, sentence, record in candidates:
                    if tally.full():
                        break
                    if dispatch.find(*record) is row:
                        yield from self._ask(anchor, name, sentence, found, record, options, tally)

    def _ask(
        self,
        anchor: str,
        name: str,
        sentence: str,
        found: Found,
        record: tuple[bytes, bytes],
        options: Options,
        tally: Tally,
    ) -> Iterator[Vector]:
        records = list(found.scene.records)
        records[found.index] = record
        vector = self.bench.decode(
            anchor,
            name,
            f"`{anchor}` {sentence}",
            self.bench.stream(records),
            hit=parents(anchor),
            kinds=("near-valid", "invalid"),
            options=options,
        )
        if vector is not None and tally.take(vector, new=self.bench.is_new(vector)):
            yield vector

    def _groups(self, row: plan.Row, found: Found) -> Iterator[tuple[str, Iterator[Changed]]]:
        """The points of a record, each with the records that are wrong in it."""
        key, value = found.record
        base = row_anchor(self.adapter.name, row)
        for anchor, candidates in self._in_pattern(base, row.key, key):
            yield anchor, ((f"key-{name}", sentence, (data, value)) for name, sentence, data in candidates)
        form = next((form for form in row.forms if value.startswith(form.magic)), None)
        if form is not None:
            for anchor, candidates in self._in_pattern(form_anchor(base, row, form), form.parts, value):
                yield anchor, ((name, sentence, (key, data)) for name, sentence, data in candidates)
        if row.digest[0]:
            slot = f"{base}.{row.digest[1]}"
            yield slot, iter([("digest", "is the digest of something else", (key, value + b"!"))])

    def _in_pattern(self, base: str, parts: tuple[plan.Part, ...], data: bytes) -> Iterator[Group]:
        try:
            spans = list(Record(parts).spans(data))
        except Misfit:
            return
        for part, start, end in spans:
            if isinstance(part, plan.Literal_):
                yield base, damage.of_literal(data, start, end)
            elif isinstance(part, plan.Slot):
                yield f"{base}.{part.name}", damage.of_slot(data, start, end)
                for number, limit in enumerate(part.layout.limits(), 1):
                    changed = f"limit-{number}", "is at a limit", data[:start] + limit + data[end:]
                    yield limit_anchor(base, part, number), iter([changed])
            elif isinstance(part, (plan.Flags, plan.Slack)):
                name = "flags" if isinstance(part, plan.Flags) else "slack"
                yield f"{base}.{name}", damage.of_slot(data, start, end)
            elif isinstance(part, plan.Optional):
                for slot in part.parts if end > start else ():
                    yield f"{base}.{slot.name}", damage.of_slot(data, start, start + (slot.layout.size or 0))
                    start += slot.layout.size or 0
            elif isinstance(part, plan.Message):
                for name, candidates in fields_of(part, data, start):
                    yield f"{base}.{name}", candidates
                yield from type_members_of(self.adapter.name, part, data, start)
            elif isinstance(part, plan.Json):
                value = damage.load(data[start:])
                for anchor, path in member_paths(base, part.members, value):
                    yield anchor, _behind(data[:start], damage.of_member(value, path))
                for anchor, path in absent_paths(base, part.members, value):
                    yield anchor, _behind(data[:start], damage.of_absent(value, path))
                yield base, _behind(data[:start], damage.of_text(data[start:]))
        yield base, damage.of_end(data)


def _behind(head: bytes, candidates: Iterable[damage.Candidate]) -> Iterator[damage.Candidate]:
    return ((name, sentence, head + data) for name, sentence, data in candidates)
