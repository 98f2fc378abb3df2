"""Things to a snapshot: records by the compiled writers of the spec, framed and sorted by the stream's own writer.

Invariant: memory is that of two sorts, whatever the number of things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import cast

from codec.compile.engine import compiled
from codec.engine.base import Misfit
from codec.errors import DataError, UsageError
from codec.mapping.rows import RowWriter
from codec.spec import plan
from codec.spec.bodies import element_of
from codec.spec.container import Container
from codec.spec.words import GREATEST, Thing
from codec.stream.sort import Sorter
from codec.stream.write import StreamWriter
from codec.tree.publish import OutputFile

from .workloads import Workload


@dataclass(frozen=True, slots=True)
class Written:
    """What was made: the number of things and of records, and the bytes of the stream."""

    things: int
    records: int
    size: int


class Shuffled(Sorter[tuple[bytes, bytes]]):
    """Gives records in the order of their keys' digests: a stream that is as unsorted as can be, the same every time."""

    def add(self, item: tuple[bytes, bytes], weight: int) -> None:
        digest = blake2b(item[0], digest_size=8).digest()
        super().add(cast("tuple[bytes, bytes]", (digest, *item)), weight + len(digest))

    def sorted(self, start: tuple[object, ...] = ()) -> Iterator[tuple[bytes, bytes]]:
        return (cast("tuple[bytes, bytes]", item[1:]) for item in super().sorted(start))


def write(
    workload: Workload, container: Container, output: Path, scale: float, seed: int, *, unsorted: bool
) -> Written:
    """Write the snapshot of a workload to `output`, whole or not at all."""
    sorter = (Shuffled if unsorted else Sorter[tuple[bytes, bytes]])()
    things = 0
    with OutputFile(output) as out, sorter, Sorter[tuple[bytes, tuple[object, ...], bytes]]() as common:
        writer = StreamWriter(container.written, workload.last_commit_ts, sorter)
        kinds: dict[int, Kind] = {}
        for made in workload.things(scale, seed):
            kind = kinds.get(id(made.entity)) or kinds.setdefault(id(made.entity), Kind(made.adapter, made.entity))
            things += 1
            try:
                for key, value in kind.records(made.thing):
                    writer.add(key, value)
                for key, rank, value in kind.repeated(made.thing):
                    common.add((key, rank, value), 200 + len(key) + len(value))
            except Misfit as wrong:
                raise DataError("workload", f"a value does not fit its record: {wrong}") from None
        before = b""
        for key, _, value in common.sorted():
            if key != before:
                writer.add(key, value)
            before = key
        size = writer.write_to(out)
        out.publish()
    return Written(things, writer.count, size)


class Kind:
    """How things of one entity become records."""

    def __init__(self, adapter: plan.Adapter, entity: plan.Entity) -> None:
        self.adapter, self.entity = adapter, entity
        self.rows = RowWriter(adapter, compiled(adapter))
        self.every = {option.name: option.default for option in adapter.options}
        self.greatest = [field for name, field in adapter.aggregates if name == entity.name]

    def complete(self, thing: Thing) -> None:
        """Put in what follows from the fields: what is computed, pieces of a body; and tell the parent of the greatest."""
        bodies = self.entity.bodies
        if bodies is not None:
            cut, body = bodies.cut, cast(bytes, thing[bodies.cut.field])
            every = cast(int, self.every[cut.every])
            pieces = [body[at : at + every] for at in range(0, len(body), every)]
            known: Mapping[str, object] = {"count": len(pieces), "sizes": [len(piece) for piece in pieces]}
            thing[cut.into] = [
                element_of(cut.piece, {"position": position, "piece": piece}, {})
                for position, piece in enumerate(pieces)
            ]
            thing[cut.parts] = [element_of(cut.part, known, thing)] if body else []
        for name, derive in self.entity.computed:
            thing[name] = derive.evaluate(thing, ())
        for check in self.entity.checks:
            if not check.condition.holds(thing, ()):
                raise UsageError("workload", f"a {self.entity.name} contradicts itself", hint=check.hint)
        if self.entity.within is not None:
            parent = cast(Thing, thing[self.entity.within[0]])
            for field in self.greatest:
                name = f"{GREATEST}{self.entity.name}.{field}"
                parent[name] = max(cast(int, parent.get(name, 0)), cast(int, thing[field]))

    def records(self, thing: Thing) -> Iterator[tuple[bytes, bytes]]:
        """Every record that is a thing's own."""
        self.complete(thing)
        return self.rows.records(self.entity, thing)

    def repeated(self, thing: Thing) -> Iterator[tuple[bytes, tuple[object, ...], bytes]]:
        """Records that several things may have in common: key, rank (the least stays), value."""
        return self.rows.repeated(self.entity, thing)
