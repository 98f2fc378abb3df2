"""Where vectors are made: an input is put before the oracle, and its answer becomes the vector's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from codec.conformance.declared import error_anchor
from codec.conformance.observe import Observer
from codec.conformance.oracle import Oracle
from codec.conformance.points import check_anchor, never_broken
from codec.conformance.vectors import Direction, Files, Kind, Link, Options, Vector
from codec.errors import CodecError, UsageError
from codec.spec import plan
from codec.spec.container import Container
from codec.testing.containers import History, Version, bare, in_order
from codec.testing.records import Record

NOW = 1_000_000  # the last commit of generated streams
WRITTEN = 5  # when their rows were written
MOST_REFUSED, MOST_ACCEPTED = 6, 1  # vectors that are made of one point's candidates
MOST_TRIED, ENOUGH_TRIED = 20, 8  # candidates of one point; where enough of them were refused

Verdict = Vector | None


def flags(container: Container) -> Options:
    """Every switch of the format that a decode knows."""
    declared = (option for adapter in container.adapters for option in adapter.options)
    return {o.name.replace("_", "-"): True for o in declared if o.kind == "flag" and "decode" in o.directions}


@dataclass
class Tally:
    """How many candidates of one point were refused and accepted, and in how many places it was damaged."""

    most: int = MOST_REFUSED
    refused: int = 0
    accepted: int = 0
    places: int = 0

    def full(self) -> bool:
        """Whether there is nothing left to look for: enough is refused, or everything is accepted."""
        tried = self.refused + self.accepted
        return tried >= MOST_TRIED or (self.refused >= self.most and (self.accepted > 0 or tried >= ENOUGH_TRIED))

    def take(self, vector: Vector, new: bool) -> bool:
        """Whether the vector is wanted: there are not enough of its kind yet, or it hits something `new`."""
        if vector.accepted:
            self.accepted += 1
            return new or self.accepted <= MOST_ACCEPTED
        self.refused += 1
        return new or self.refused <= self.most


@dataclass
class Bench:
    """Asks the oracle; no input is asked twice in one direction."""

    oracle: Oracle
    most: int = MOST_REFUSED
    observer: Observer = field(init=False)
    _asked: set[tuple[object, ...]] = field(default_factory=set)
    _checks: dict[str, str] = field(init=False)
    _refusals: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.observer = Observer(self.oracle.container)
        self._checks = {
            str(check.place): check_anchor(adapter.name, entity, number)
            for adapter in self.container.adapters
            for entity in adapter.entities
            for number, check in enumerate(entity.checks)
        }

    @property
    def container(self) -> Container:
        """The format that the vectors are about."""
        return self.oracle.container

    def stream(self, records: Iterable[Record], stamp: int = NOW) -> bytes:
        """The stream of these records, one version each; of those with one key the last."""
        versions = {key: Version(key, WRITTEN, value) for key, value in records}
        return bare(self.container, in_order(self.container, History(stamp, tuple(versions.values()))))

    # -------------------------------------------------------------------------------------------- asking

    def decode(
        self,
        paragraph: str,
        name: str,
        sentence: str,
        data: bytes,
        *,
        hit: Iterable[str] = (),
        kinds: tuple[Kind, Kind] = ("valid", "invalid"),
        options: Options | None = None,
        input_name: str = "input",
    ) -> Verdict:
        """A vector of a stream; `kinds` are what it is if it is accepted, or refused. None if it was asked before."""
        given = options or {}
        if not self._new("decode", data, given):
            return None
        answer = self.oracle.decode(data, given, input_name)
        parts = (data, answer, given)
        return self._vector("decode", paragraph, name, sentence, parts, frozenset(hit), kinds, input_name=input_name)

    def encode(
        self,
        paragraph: str,
        name: str,
        sentence: str,
        files: Files,
        *,
        hit: Iterable[str] = (),
        kinds: tuple[Kind, Kind] = ("valid", "invalid"),
        options: Options | None = None,
        links: tuple[Link, ...] = (),
    ) -> Verdict:
        """A vector of a tree; see `decode`."""
        given = options or {}
        if not self._new("encode", tuple(sorted(files.items())), given, links):
            return None
        answer = self.oracle.encode(files, given, links)
        parts = (files, answer, given)
        return self._vector("encode", paragraph, name, sentence, parts, frozenset(hit), kinds, links=links)

    def all_broken(self, entity: plan.Entity) -> bool:
        """Whether each check of an entity that can fail has refused a vector that was taken."""
        return all(
            self._checks[str(check.place)] in self._refusals or never_broken(entity, check) for check in entity.checks
        )

    def has_refused(self, code: str) -> bool:
        """Whether a vector that was taken is refused under this name."""
        return error_anchor(self.container, code) in self._refusals

    def is_new(self, vector: Vector) -> bool:
        """Whether the vector is refused under a name, or by a check, that no earlier one was refused under."""
        errors = f"{self.container.name}.errors."
        fresh = {point for point in vector.covers if point.startswith(errors) or ".checks." in point} - self._refusals
        if vector.accepted or not fresh:
            return False
        self._refusals |= fresh
        return True

    def _new(self, *question: object) -> bool:
        hashable = tuple(tuple(sorted(one.items())) if isinstance(one, Mapping) else one for one in question)
        known = hashable in self._asked
        self._asked.add(hashable)
        return not known

    def _vector(
        self,
        direction: Direction,
        paragraph: str,
        name: str,
        sentence: str,
        parts: tuple[bytes | Files, bytes | Files | CodecError, Options],
        hit: frozenset[str],
        kinds: tuple[Kind, Kind],
        input_name: str = "input",
        links: tuple[Link, ...] = (),
    ) -> Verdict:
        source, answer, options = parts
        code = ""
        if isinstance(answer, CodecError):
            if not isinstance(answer, UsageError):
                code = answer.code
            hit |= {error_anchor(self.container, answer.code), *self._broken(answer)}
        kind = kinds[1] if isinstance(answer, CodecError) else kinds[0]
        end = f"refused, {answer.code}" if isinstance(answer, CodecError) else "accepted"
        output = None if isinstance(answer, CodecError) else answer
        return Vector(
            self._id(f"{direction}/{paragraph}/{name}"),
            direction,
            kind,
            f"{sentence}: {end}.",
            paragraph,
            source,
            output,
            code,
            options,
            hit,
            links,
            input_name,
        )

    def _broken(self, error: CodecError) -> Iterator[str]:
        """The checks whose line in the spec the error names."""
        return (anchor for spec, anchor in self._checks.items() if spec == error.spec)

    @staticmethod
    def _id(wanted: str) -> str:
        return re.sub(r"[^A-Za-z0-9_./-]", "-", wanted)
