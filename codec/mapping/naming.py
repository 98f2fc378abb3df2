"""Names of documents: fields as path components, and the names file for those that cannot be turned back."""

from __future__ import annotations

from collections.abc import Callable

from codec.layout.json_write import base64url, quote
from codec.layout.literal_path import LiteralPath
from codec.layout.segments import Segment
from codec.mapping.target import Lined
from codec.spec.plan import Document, Names, PathPart, PathStep
from codec.spec.words import Thing


class Namer:
    """Gives documents their paths; each use of a name that cannot be turned back adds a line to the names file."""

    def __init__(self, names: dict[str, Names], target: Lined) -> None:
        self._names, self._target = names, target
        self._of_parents: dict[int, tuple[object, str]] = {}  # by the part of a path: what its field said, its text

    def path(self, document: Document, thing: Thing) -> tuple[str, str]:
        """The path of a thing's document, and the text of its last slot: the stem that sidecars join by."""
        return self.join(self._steps(document, thing), thing)

    def of(self, document: Document) -> Callable[[Thing], str]:
        """What gives the path of each thing's document."""
        parts = [part for step in document.path for part in step if isinstance(part, PathPart)]
        if self.is_of_parent(document):
            return self._of_parent(document, parts)
        whole_steps = any(len(step) == 1 and isinstance(step[0], PathPart) for step in document.path)
        if document.alternatives or len(parts) != 1 or whole_steps:  # an empty name leaves its step out
            return lambda thing: self.join(self._steps(document, thing), thing)[0]
        before, _, after = "/".join(
            "".join("\0" if isinstance(part, PathPart) else part for part in step) for step in document.path
        ).partition("\0")
        only, use = parts[0], self.use
        if not isinstance(only.segment, Segment) or only.target.path or only.target.scope != "thing":
            return lambda thing: f"{before}{use(only, thing)}{after}"
        encode, field = only.segment.encode, only.target.field

        def path(thing: Thing) -> str:
            text, noted = encode(thing[field])  # type: ignore[arg-type]
            return f"{before}{use(only, thing) if noted else text}{after}"

        return path

    @staticmethod
    def is_of_parent(document: Document) -> bool:
        """Whether the path of a document follows from the thing's parent, and leaves no line in a names file."""
        parts = [part for step in document.path for part in step if isinstance(part, PathPart)]
        return bool(parts) and not document.alternatives and all(_is_of_parent(part) for part in parts)

    def _of_parent(self, document: Document, parts: list[PathPart]) -> Callable[[Thing], str]:
        """The same where a path has fields of the parent only: children of one parent mostly follow each other."""
        known: tuple[list[object], str] = [], ""

        def path(thing: Thing) -> str:
            nonlocal known
            said = [part.target.get(thing, ()) for part in parts]
            if said != known[0]:
                known = said, self.path(document, thing)[0]
            return known[1]

        return path

    def join(self, path: tuple[PathStep, ...], thing: Thing) -> tuple[str, str]:
        """A path with the thing's fields in it, and the text of its last slot."""
        steps, stem = [], ""
        for step in path:
            text = ""
            for part in step:
                if isinstance(part, PathPart):
                    stem = self.use(part, thing)
                    text += stem
                else:
                    text += part
            steps.append(text)
        return "/".join(step for step in steps if step), stem

    @staticmethod
    def _steps(document: Document, thing: Thing) -> tuple[PathStep, ...]:
        """The first path whose condition holds."""
        return next((steps for when, steps in document.alternatives if when.holds(thing, ())), document.path)

    def use(self, part: PathPart, thing: Thing) -> str:
        """The name for one field, noted in its names file if it has one and the name cannot be turned back."""
        raw, known = part.target.get(thing, ()), self._of_parents.get(id(part))
        if known is not None and known[0] == raw:
            return known[1]
        assert not isinstance(part.segment, LiteralPath)
        text, noted = part.segment.encode(raw)  # type: ignore[arg-type]
        if noted and isinstance(part.segment, Segment) and part.segment.fallback.names:
            assert isinstance(raw, bytes)
            names = self._names[part.segment.fallback.names]
            members = ((names.encoded, text), (names.original, base64url(raw)), (names.kind_member, names.kind))
            line = ",".join(f"{quote(member, False)}:{quote(value, False)}" for member, value in members)
            self._target.append(names.path, f"{{{line}}}\n".encode())
        if _is_of_parent(part):  # children of one parent mostly follow each other
            self._of_parents[id(part)] = raw, text
        return text


def _is_of_parent(part: PathPart) -> bool:
    """Whether a part of a path says something of the parent, and leaves no line in a names file."""
    return bool(part.target.path) and isinstance(part.segment, Segment) and not part.segment.fallback.names
