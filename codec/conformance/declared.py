"""The errors that a format declares, each as a point: a vector must be refused under this name."""

from __future__ import annotations

from collections.abc import Iterator

from codec.conformance.points import Point
from codec.layout.segments import Segment
from codec.layout.tagged import LabelByTag
from codec.spec import plan
from codec.spec.container import Container

MOST_DATA = 1 << 24  # a vector never has a file larger than this
TOO_LARGE = "needs a value of more than {} bytes, which no vector has"
NOT_READ_BACK = "no direction reads this document"


def error_anchor(container: Container, code: str) -> str:
    """The anchor of an error, whoever declares it."""
    return f"{container.name}.errors.{code}"


def declared_errors(container: Container) -> Iterator[Point]:
    """Every error that a format declares; one that several declare comes several times."""

    def point(code: str, unreachable: str = "") -> Point:
        return Point(error_anchor(container, code), "error", container.place, unreachable=unreachable)

    yield from (point(code) for code in (container.clock.error, container.footer.error))
    for stream in container.streams:
        yield from (point(code) for code in stream.errors.values())
        yield from (point(refusal.error) for refusal in stream.refuse)
        value = stream.value.most if stream.value is not None else 0
        for name, code in stream.write_errors.items():
            yield point(code, TOO_LARGE.format(value) if name.startswith("value") and value > MOST_DATA else "")
    yield from (point(code) for code in (container.manifest.error, container.manifest.gate_error))
    yield from (point(code, NOT_READ_BACK) for code in (container.encode_info.error, container.encode_info.gate_error))
    yield from (point(code) for code in container.usage_errors.values())
    for adapter in container.adapters:
        yield from map(point, _of_adapter(adapter))


def _of_adapter(adapter: plan.Adapter) -> Iterator[str]:
    for row in adapter.rows:
        if not row.unread:
            yield from filter(None, (row.key_error, row.value_error, row.digest[2]))
    if adapter.folder is not None:
        yield from adapter.folder.errors.values()
        yield from filter(None, (adapter.folder.number_error,))
    yield from (names.error for names in adapter.names.values())
    for entity in adapter.entities:
        if entity.bodies is not None:
            yield from filter(None, (entity.bodies.join.incomplete, entity.bodies.join.differs))
        for document in entity.documents:
            yield from filter(None, (document.error,))
            yield from _of_names(document)


def _of_names(document: plan.Document) -> Iterator[str]:
    for step in document.path:
        for part in step:
            segment = part.segment if isinstance(part, plan.PathPart) else None
            segment = segment.segment if isinstance(segment, LabelByTag) else segment
            if isinstance(segment, Segment):
                yield from (segment.bad, segment.unknown)
