"""Vectors of what the options ask for and the input does not allow, and of the manifest that says what the tree is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from codec.conformance import damage
from codec.conformance.bench import Bench, Tally, flags
from codec.conformance.json_paths import plain_paths
from codec.conformance.points import parents
from codec.conformance.vectors import Files, Options, Vector


def usage_vectors(bench: Bench, data: bytes, trees: list[Files]) -> Iterator[Vector]:
    """Around one stream and its tree; members that its manifest lacks are looked for in those of `trees`."""
    container = bench.container
    title, path = f"{container.name}.manifest", container.manifest.path
    given: Options = {"cluster-id": "a cluster", **flags(container)}
    name = f"7{container.input_suffix}"
    sentence = "A run that a name and every option say something of"
    vector = bench.decode(title, "full", sentence, data, hit=parents(title), options=given, input_name=name)
    assert vector is not None
    tree = vector.output
    assert isinstance(tree, dict)
    yield replace(vector, covers=vector.covers | bench.observer.files(tree))
    yield from _manifest(bench, title, path, [tree, *trees])
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


def _manifest(bench: Bench, title: str, path: str, trees: list[Files]) -> Iterator[Vector]:
    tree = trees[0]
    tallies: dict[str, Tally] = {}

    def asked(anchor: str, name: str, sentence: str, files: Files) -> Iterator[Vector]:
        hit = parents(anchor)
        vector = bench.encode(anchor, name, f"`{anchor}` {sentence}", files, hit=hit, kinds=("near-valid", "invalid"))
        if vector is not None and tallies.setdefault(anchor, Tally(bench.most)).take(vector, new=bench.is_new(vector)):
            yield vector

    yield from asked(title, "gone", "is missing", {name: one for name, one in tree.items() if name != path})
    for name, sentence, text in damage.of_text(tree[path]):
        yield from asked(title, name, sentence, tree | {path: text})
    done: set[str] = set()
    for tree in trees:
        value = damage.load(tree[path])
        for anchor, where in plain_paths(title, value):
            if anchor not in done:
                done.add(anchor)
                for name, sentence, changed in damage.of_member(value, where):
                    yield from asked(anchor, name, sentence, tree | {path: changed})
    value, own = damage.load(tree[path]), (json.dumps(bench.container.name), str(bench.container.version))
    for anchor, where in _absent(title, bench.container.manifest.members, value):
        if anchor not in done:
            for name, sentence, changed in damage.of_absent(value, where, own):
                yield from asked(anchor, name, sentence, tree | {path: changed})


def _absent(
    base: str, members: Mapping[str, object], value: object, path: tuple[damage.Step, ...] = ()
) -> Iterator[tuple[str, tuple[damage.Step, ...]]]:
    """The members that a manifest lacks: facts that are left out where there is nothing to say."""
    held = dict(value.members) if isinstance(value, damage.Object) else {}
    for name, spec in members.items():
        assert isinstance(spec, dict)
        if name not in held:
            yield f"{base}.{name}", (*path, name)
        elif "object" in spec:
            yield from _absent(f"{base}.{name}", spec["object"], held[name], (*path, name))
