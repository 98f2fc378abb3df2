"""Bundles: children as lines of numbered files, in the order of their record keys, closed when they reach a size.

Of children with one key the last counts. Memory is the sorter's.
"""

from __future__ import annotations

from codec.engine.base import Engine
from codec.errors import Place, TreeError
from codec.mapping.press import Press
from codec.spec.plan import Document, Entity
from codec.spec.words import Thing
from codec.stream.sort import Sorter
from codec.tree.walk import Entry


class BundleWriter:
    """Collects the lines of one parent's children and writes them when the parent is done."""

    def __init__(self, entity: Entity, document: Document, engine: Engine, press: Press) -> None:
        assert document.bundle is not None
        self.bundle, self.entity, self.document, self._press = document.bundle, entity, document, press
        self._key = engine.writer(entity.row(self.bundle.by))
        self._lines: Sorter[tuple[bytes, int, bytes]] = Sorter()
        self._arrival = 0
        self._path = ""

    def close(self) -> None:
        """Give the sorter's memory and disk back."""
        self._lines.close()

    def add(self, thing: Thing) -> None:
        """One child."""
        self._path = self._press.namer.path(self.document, thing)[0]
        self._arrival += 1
        line = self._press.text(self.entity, self.document, thing)
        key = self._key(thing, ())[0]
        self._lines.add((key, self._arrival, line), 200 + len(key) + len(line))

    def finish(self) -> None:
        """Write what was collected; no child, no file."""
        number, size = 1, 0
        held: tuple[bytes, bytes] | None = None
        for key, _, line in self._lines.sorted():
            if held is not None and held[0] != key:
                number, size = self._put(held[1], number, size)
            held = key, line
        if held is not None:
            self._put(held[1], number, size)
        self._lines.close()
        self._lines, self._arrival = Sorter(), 0

    def _put(self, line: bytes, number: int, size: int) -> tuple[int, int]:
        if size and size + len(line) > self.bundle.most:
            number, size = number + 1, 0
        self._press.target.append(f"{self._path}{number:0{self.bundle.digits}d}{self.bundle.suffix}", line)
        return number, size + len(line)


def parts(document: Document, entries: list[Entry], prefix: str, folder: str, unexpected: str) -> list[str]:
    """The names of a bundle's files in the order of their numbers; anything else, or a missing number, is refused."""
    assert document.bundle is not None
    suffix = document.bundle.suffix
    numbered = []
    for entry in entries:
        digits = entry.name.removeprefix(prefix).removesuffix(suffix)
        shaped = entry.name == f"{prefix}{digits}{suffix}" and digits.isascii() and digits.isdigit()
        if entry.kind != "file" or not shaped:
            hint = f"the manifest says that this tree has bundles, {prefix}…{suffix}"
            raise TreeError(
                unexpected, "the tree has an entry that no document covers", Place(f"{folder}/{entry.name}"), hint=hint
            )
        numbered.append((int(digits), entry.name))
    numbered.sort()
    for expected, (number, name) in enumerate(numbered, 1):
        if number != expected:
            wanted = f"{prefix}{expected:0{document.bundle.digits}d}{suffix}"
            raise TreeError(
                unexpected,
                "a part of a bundle is missing, or stands twice",
                Place(f"{folder}/{name}"),
                expected=wanted,
                found=name,
            )
    return [name for _, name in numbered]
