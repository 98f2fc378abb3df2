"""The errors that a spec declares, by name, and where each is raised."""

from __future__ import annotations

from collections.abc import Iterator

from codec.layout.segments import Segment
from codec.spec import plan
from codec.spec.account import path_parts


def errors(adapter: plan.Adapter) -> dict[str, list[str]]:
    """Every declared error of an adapter with the places that raise it, both in the order of the spec."""
    found: dict[str, list[str]] = {}
    for error, where in _declared(adapter):
        if error and where not in found.setdefault(error, []):
            found[error].append(where)
    return found


def _declared(adapter: plan.Adapter) -> Iterator[tuple[str, str]]:
    for row in adapter.rows:
        yield row.key_error, f"the key of `{row.label}`"
        yield row.value_error, f"the value of `{row.label}`"
        yield row.digest[2], f"the digest of `{row.label}`"
    for entity in adapter.entities:
        if entity.bodies is not None:
            yield entity.bodies.join.incomplete, f"the body of `{entity.name}`: pieces are missing"
            yield entity.bodies.join.differs, f"the body of `{entity.name}`: pieces differ from what is declared"
        for document in entity.documents:
            yield document.error, f"the document `{document.entity}.{document.name}`"
            for part in path_parts(document):
                if isinstance(part.segment, Segment):
                    yield part.segment.bad, "names of files that stand for nothing"
                    yield part.segment.unknown, "names of files without the line that they need"
    for names in adapter.names.values():
        yield names.error, f"`{names.path}`"
    if adapter.folder is not None:
        for kind, error in adapter.folder.errors.items():
            yield error, f"the folder `{adapter.folder.root}`: {kind.replace('_', ' ')}"
        yield adapter.folder.number_error, f"the folder `{adapter.folder.root}`: another number"
