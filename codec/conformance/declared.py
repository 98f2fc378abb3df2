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
NAMES_ARE_LABELS = "no folder's name is compared with its document"
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
        yield from (point(code, reason) for code, reason in _of_adapter(adapter))


def _of_adapter(adapter: plan.Adapter) -> Iterator[tuple[str, str]]:
    """The names of an adapter's errors, each with why none of its inputs can have it."""
    for row in adapter.rows:
        if not row.unread:
            yield from ((code, "") for code in (row.key_error, row.value_error, row.digest[2]) if code)
    if adapter.folder is not None:
        for kind, code in adapter.folder.errors.items():
            yield code, NAMES_ARE_LABELS if kind == "name" and not _checks_names(adapter) else ""
        if adapter.folder.number_error:
            yield adapter.folder.number_error, ""
    yield from ((names.error, "") for names in adapter.names.values())
    for entity in adapter.entities:
        if entity.bodies is not None:
            yield from ((code, "") for code in (entity.bodies.join.incomplete, entity.bodies.join.differs) if code)
        for document in entity.documents:
            yield from ((code, "") for code in (document.error, *_of_names(document)) if code)


def _checks_names(adapter: plan.Adapter) -> bool:
    """Whether a folder can be called otherwise than its document says."""
    named = (
        document.named_by and document.name_checked for entity in adapter.entities for document in entity.documents
    )
    return any(named) or any(entity.bodies for entity in adapter.entities)


def _of_names(document: plan.Document) -> Iterator[str]:
    for step in document.path:
        for part in step:
            segment = part.segment if isinstance(part, plan.PathPart) else None
            segment = segment.segment if isinstance(segment, LabelByTag) else segment
            if isinstance(segment, Segment):
                yield from (segment.bad, segment.unknown)
