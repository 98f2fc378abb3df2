"""Vectors as data files: an index and, below it, the inputs and outputs, for anyone to use without this toolkit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from codec.conformance.index import INDEX, INDEX_SCHEMA, SCHEMA, Entry, Index, as_json, entry_of, rules_of
from codec.conformance.sections import Sections
from codec.conformance.vectors import Files, Vector
from codec.spec import library
from codec.tree.staging import StagedTree

FOLDER = "vectors"
RATIO = 2  # so many refused vectors are there for each accepted one, at least


def export(name: str, vectors: Iterable[Vector], target: Path, *, replace: bool = False, sync: bool = True) -> Index:
    """Write the vectors of the format `name` into the new folder `target`, which appears whole or not at all.

    Near-valid vectors that hit nothing new are left out where there are too many for the share of refused ones.
    """
    container = library.load(name)
    with StagedTree(target, replace=replace, sync=sync) as tree:
        sections = Sections(container)
        entries = [_written(tree, vector, sections.of(vector.paragraph)) for vector in balanced(vectors)]
        index = Index(container.name, container.version, rules_of(container), tuple(entries))
        tree.write(INDEX, (json.dumps(as_json(index), indent=1) + "\n").encode())
        tree.write(SCHEMA, (json.dumps(INDEX_SCHEMA, indent=2) + "\n").encode())
        tree.publish()
    return index


def balanced(vectors: Iterable[Vector]) -> list[Vector]:
    """The vectors, but for accepted ones beyond the share that refused ones allow; near-valid ones go first."""
    found = list(vectors)
    count = Counter(vector.accepted for vector in found)
    spare = count[True] - count[False] // RATIO
    hits = Counter(point for vector in found if vector.accepted for point in vector.covers)
    kept = []
    for vector in found:
        if spare > 0 and vector.kind == "near-valid" and all(hits[point] > 1 for point in vector.covers):
            spare -= 1
            hits.subtract(vector.covers)
            continue
        kept.append(vector)
    return kept


def _written(tree: StagedTree, vector: Vector, manual: str) -> Entry:
    home = f"{FOLDER}/{vector.id}"
    source, target = f"{home}/{vector.input_name}", f"{home}/output"
    _put(tree, source, vector.input)
    if vector.output is None:
        return entry_of(vector, manual, source, "")
    _put(tree, target, vector.output)
    return entry_of(vector, manual, source, target)


def _put(tree: StagedTree, path: str, content: bytes | Files) -> None:
    if isinstance(content, bytes):
        tree.write(path, content)
        return
    tree.mkdir(path)
    for name, data in content.items():
        tree.write(f"{path}/{name}", data)
