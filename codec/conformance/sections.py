"""Where the manual of a format says what a vector checks: the page and the heading of a paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from codec.conformance.points import row_anchor
from codec.generate.manual.anchors import anchor
from codec.generate.manual.book import FIRST
from codec.spec import plan
from codec.spec.container import Container


class Sections:
    """Knows the headings that `codec generate docs` makes of the same plan."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def of(self, paragraph: str) -> str:
        """Where a paragraph, named as the spec names it, stands: `redis.md#redis-record-hash-meta` for the parts of
        `redis.Hash.meta`; what has no heading of its own stands below that of what it belongs to."""
        steps = paragraph.split(".")
        names = (".".join(steps[:length]) for length in range(len(steps), 0, -1))
        return next((self._known[name] for name in names if name in self._known), self._first())

    def _first(self, *names: str) -> str:
        return f"{FIRST}.md#{anchor(self._container.name, *names)}"

    @cached_property
    def _known(self) -> dict[str, str]:
        container, name = self._container, self._container.name
        known = {f"{name}.{stream.name}": self._first("stream", stream.name) for stream in container.streams}
        known |= {f"{name}.{layer}": self._first("Layers") for layer in ("clock", "footer")}
        rows = (*(row.name for row in container.operational), *(row.name for row in container.internal))
        known |= {f"{name}.{row}": self._first("Rows of the node") for row in rows}
        known[f"{name}.manifest"] = self._first("manifest")
        for adapter in container.adapters:
            known |= {what: f"{adapter.name}.md#{place}" for what, place in _of_adapter(adapter)}
        return known


def _of_adapter(adapter: plan.Adapter) -> Iterator[tuple[str, str]]:
    name = adapter.name
    yield name, anchor(name)
    for row in (*(shared.row for shared in adapter.shared), *adapter.unread):
        yield row_anchor(name, row), anchor(name, "record", row.label)
    for entity in adapter.entities:
        yield f"{name}.{entity.name}", anchor(name, entity.name)
        for row in (row for row in entity.rows if row.role != "shared"):
            yield row_anchor(name, row), anchor(name, "record", row.label)
        for document in entity.documents:
            label = f"{entity.name}.{document.name}"
            yield f"{name}.{label}", anchor(name, "document", label)
        if entity.checks:
            yield f"{name}.{entity.name}.checks", anchor(name, entity.name, "checks")
    for type in adapter.types:
        yield f"{name}.{type}", anchor(name, "type", type)
    for view in adapter.views:
        yield f"{name}.{view.entity}.{view.name}", anchor(name, "view", view.name)
    for names in adapter.names.values():
        yield f"{name}.{names.name}", anchor(name, "names", names.name)
