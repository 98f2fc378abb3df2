"""What an encode is given besides the documents: fields of things that no document shows, and what is pardoned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from codec.spec.plan import Adapter, Entity, Member
from codec.spec.words import Thing
from codec.tree.readable import Readable

Fields = dict[str, dict[str, int]]


@dataclass(slots=True)
class Besides:
    """Fields of things by the path of their document; documents that may contradict themselves, with their SHA-256, and
    folders of parents that have no document.

    `learning` is for the encode of a tree that was just decoded: its contradictions are those of the input, and noted.
    Memory: the fields of all parents, the paths of all pardoned documents.
    """

    fields: Fields = field(default_factory=dict)
    pardoned: dict[str, str] = field(default_factory=dict)
    learning: bool = False

    def pardons(self, path: str, tree: Readable) -> bool:
        """Whether the document may contradict itself: it did so in the input, and was not changed since."""
        if not self.learning and path not in self.pardoned:
            return False
        digest = digest_of(tree, path)
        if self.learning:
            self.pardoned[path] = digest
        return self.pardoned[path] == digest

    def learned(self) -> dict[str, str]:
        """What was pardoned, if that is noted here; for a process that learned it."""
        return self.pardoned if self.learning else {}


def digest_of(tree: Readable, path: str) -> str:
    """The SHA-256 of a file; of a folder, that of the names and digests of all that is in it."""
    if tree.kind(path) != "directory":
        with tree.open(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for entry in tree.entries(path):
        inner = digest_of(tree, f"{path}/{entry.name}") if entry.kind in ("file", "directory") else entry.kind
        whole.update(f"{inner}  {entry.name}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


class Structure:
    """The fields of parents that the keys of their children are made of, where the documents do not show them."""

    def __init__(self, adapter: Adapter, shown: frozenset[str]) -> None:
        self._names = {entity.name: tuple(_structural(adapter, entity, shown)) for entity in adapter.entities}

    def of(self, entity: Entity, thing: Thing) -> dict[str, int]:
        """Those of one thing that say something."""
        return {name: value for name in self._names[entity.name] if isinstance(value := thing.get(name), int) and value}


def _structural(adapter: Adapter, parent: Entity, shown: frozenset[str]) -> list[str]:
    children = (e for e in adapter.entities if e.choose and e.within and e.within[1] == parent.name)
    names = {name.path[0] for child in children if child.choose for name in child.choose.candidates}
    members = [member for document in parent.documents for member in document.members]
    return sorted(name for name in names if not any(_shows(member, name, shown) for member in members))


def _shows(member: Member, name: str, shown: frozenset[str]) -> bool:
    if member.target is None or member.target.field != name or member.hidden:
        return any(_shows(inner, name, shown) for inner in member.members)
    if member.shown_with:
        return not shown.isdisjoint(member.shown_with)
    return not member.option or member.option in shown
