"""Vectors of what the options ask for and the input does not allow, and of the manifest that says what the tree is."""

from __future__ import annotations

from collections.abc import Iterator

from codec.conformance import damage
from codec.conformance.bench import Bench, Tally
from codec.conformance.json_paths import plain_paths
from codec.conformance.points import parents
from codec.conformance.vectors import Files, Options, Vector


def usage_vectors(bench: Bench, data: bytes) -> Iterator[Vector]:
    """Around one stream and its tree."""
    container = bench.container
    title, path = f"{container.name}.manifest", container.manifest.path
    tree = bench.oracle.decode(data, {})
    assert isinstance(tree, dict)
    yield from _manifest(bench, title, path, tree)
    adapters: Options = {"adapter": "no-such-adapter"}
    late: Options = {"last-commit-ts": 0}
    questions = (
        ("adapter", "An adapter that the format does not have", adapters),
        ("clock", "A time before the manifest's", late),
    )
    for name, sentence, options in questions:
        vector = bench.encode(title, name, sentence, tree, hit=parents(title), options=options)
        if vector is not None:
            yield vector


def _manifest(bench: Bench, title: str, path: str, tree: Files) -> Iterator[Vector]:
    value = damage.load(tree[path])
    tallies: dict[str, Tally] = {}

    def asked(anchor: str, name: str, sentence: str, files: Files) -> Iterator[Vector]:
        hit = parents(anchor)
        vector = bench.encode(anchor, name, f"`{anchor}` {sentence}", files, hit=hit, kinds=("near-valid", "invalid"))
        if vector is not None and tallies.setdefault(anchor, Tally()).take(vector, new=bench.is_new(vector)):
            yield vector

    yield from asked(title, "gone", "is missing", {name: one for name, one in tree.items() if name != path})
    for name, sentence, text in damage.of_text(tree[path]):
        yield from asked(title, name, sentence, tree | {path: text})
    for anchor, where in plain_paths(title, value):
        for name, sentence, changed in damage.of_member(value, where):
            yield from asked(anchor, name, sentence, tree | {path: changed})
