"""Bodies of things: cut as an encode cuts them, and keys that are shown as paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from codec.layout.json_write import base64url, quote
from codec.layout.literal_path import LiteralPath
from codec.mapping.collisions import Paths, Siblings, folded, unfolded
from codec.spec import plan
from codec.spec.bodies import element_of
from codec.spec.words import Name, Thing

Chosen = dict[bytes, tuple[str, str]]  # of keys: their paths, and the kinds of their lines in the names file


def every(adapter: plan.Adapter, entity: plan.Entity) -> int:
    """Of how many bytes a piece of a body is where no option says otherwise."""
    assert entity.bodies is not None
    size = next(option.default for option in adapter.options if option.name == entity.bodies.cut.every)
    assert isinstance(size, int)
    return size


def cut(entity: plan.Entity, thing: Thing, size: int) -> Thing:
    """The thing with its body in pieces of this size, and nothing else that bodies are joined from."""
    bodies = entity.bodies
    assert bodies is not None
    data = thing[bodies.cut.field]
    assert isinstance(data, bytes)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    known = {"count": len(pieces), "sizes": [len(piece) for piece in pieces]}
    thing = thing | {entity.row(take.row).each: [] for take in bodies.join.takes}
    thing[bodies.cut.into] = [
        element_of(bodies.cut.piece, {"position": position, "piece": piece}, thing)
        for position, piece in enumerate(pieces)
    ]
    thing[bodies.cut.parts] = [element_of(bodies.cut.part, known, thing)] if pieces else []
    return thing


def cut_fields(entity: plan.Entity) -> set[str]:
    """The fields that follow from a body."""
    if entity.bodies is None:
        return set()
    return {entity.bodies.cut.parts, *(entity.row(take.row).each for take in entity.bodies.join.takes)}


# ------------------------------------------------------------------------------------------------ keys as paths


def literal(document: plan.Document) -> tuple[Name, LiteralPath] | None:
    """The field that a document's path shows as it is, and how; None if there is none."""
    parts = (part for step in document.path for part in step if isinstance(part, plan.PathPart))
    return next(((part.target, part.segment) for part in parts if isinstance(part.segment, LiteralPath)), None)


def literal_keys(path: LiteralPath, names: plan.Names) -> SearchStrategy[bytes]:
    """Keys that strain paths: odd pieces, reserved names, names of what lies beside files, and all of them nested."""
    appended = [rule.append for rule in path.renames]
    words = ["a", "b", "a!", "", ".", "..", *path.files, *path.folders, names.path, path.carried.folder, *appended]
    words += ["a" + end for end in (path.beside, *appended)]
    words += ["x" * (path.longest_piece - len(path.beside) + more) for more in (0, 1)]
    words += ["x" * (path.longest_piece + more) for more in (0, 1)]
    pieces = st.sampled_from([word.encode() for word in words] + [b"\0", b"\\", b"\xff", b"\1"])
    return st.lists(pieces, min_size=1, max_size=3).map(b"/".join)


def paths_of(keys: Iterable[bytes], path: LiteralPath, names: plan.Names, shown: frozenset[str]) -> Chosen:
    """The path of every key of one folder; keys that lie where the names file could be come last."""
    forms = sorted(map(folded, set(keys)))
    late = {form for form in forms if unfolded(form).split(b"/")[0] == names.path.encode()}
    result: Chosen = {}
    renamed = False
    for section in ([form for form in forms if form not in late], sorted(late)):
        paths = Paths(path, names.path, Siblings(section, path), shown)
        paths.renamed = renamed
        result |= {unfolded(form): paths.choose(unfolded(form), form) for form in section}
        renamed = paths.renamed
    return result


def names_lines(chosen: Chosen, names: plan.Names) -> Iterator[str]:
    """The lines of the names file."""
    for path, key, kind in sorted((path, key, kind) for key, (path, kind) in chosen.items() if kind):
        members = ((names.encoded, path), (names.original, base64url(key)), (names.kind_member, kind))
        yield "{" + ",".join(f"{quote(name, False)}:{quote(text, False)}" for name, text in members) + "}\n"
