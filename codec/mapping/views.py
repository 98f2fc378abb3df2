"""Views: records of a parent shown as they are, one line each, and written back as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codec.errors import DocumentError, Place
from codec.layout.base import Wrong
from codec.layout.faces import found
from codec.layout.json_read import JsonValue
from codec.layout.json_write import quote
from codec.spec.plan import Adapter, Literal_, Part, Row, Slack, Slot, View


class RawRows:
    """Reads only so much of a record's key as says whose it is."""

    def __init__(self, adapter: Adapter, view: View) -> None:
        self.view = view
        self.rows = [row for entity in adapter.entities for row in entity.rows if row.label in view.rows]
        self._identity = {row.label: self._owner(row) for row in self.rows}

    @staticmethod
    def _owner(row: Row) -> Callable[[bytes], bytes]:
        parts: list[Part] = []
        for part in row.key:
            parts.append(part)
            if isinstance(part, Slot):
                break
        slot = parts[-1]
        assert isinstance(slot, Slot)
        if not isinstance(parts[0], Literal_):
            raise AssertionError("a record kind begins with its prefix")
        from codec.engine.patterns import Record

        record = Record([*parts, Slack("shown as it is", row.place)] if len(parts) < len(row.key) else parts)
        return lambda key: record.read(key)[slot.name]  # type: ignore[return-value]

    def owner(self, row: Row, key: bytes) -> bytes:
        """The identity of the parent; raises `Misfit`."""
        return self._identity[row.label](key)

    def line(self, row_label: str, key: bytes, value: bytes) -> bytes:
        """The record as a line."""
        view = self.view
        parts = (
            (view.prefix_member, quote(view.rows[row_label], False)),
            (view.key_member, view.key_face.write(key, "")),
            (view.value_member, view.value_face.write(value, "")),
        )
        return ("{" + ",".join(f"{quote(name, False)}:{text}" for name, text in parts) + "}\n").encode()


def records(
    view: View, values: Iterator[tuple[JsonValue, bytes, int, int]], path: str, code: str
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each line of a view; raises `DocumentError`."""
    for value, _, line, column in values:
        place = Place(path, None, line, column)
        if type(value) is not dict:
            raise DocumentError(code, "a line is no object", place, expected="an object", found=found(value))
        for member in (view.prefix_member, view.key_member, view.value_member):
            if type(value.get(member)) is not str:
                raise DocumentError(code, "a line lacks a member", place, member, "a string", found(value.get(member)))
        try:
            key, raw = view.key_face.read(value[view.key_member]), view.value_face.read(value[view.value_member])
        except Wrong as wrong:
            raise DocumentError(code, "a line does not fit", place, view.name, wrong.expected, wrong.found) from None
        if not any(key.startswith(prefix.encode("latin-1")) for prefix in view.rows.values()):  # type: ignore[attr-defined]
            raise DocumentError(
                code,
                "a line is no record of this view",
                place,
                view.key_member,
                f"a key that begins {' or '.join(set(view.rows.values()))}",
            )
        yield key, raw  # type: ignore[misc]
