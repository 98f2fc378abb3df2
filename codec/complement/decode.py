"""A decode with a complement: the tree, whose documents are complete, is encoded again and compared with the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from codec.api import DecodeOptions, EncodeOptions
from codec.choices import switched_on
from codec.complement.keep import Seen, keep
from codec.encoding import records_with
from codec.mapping import facts
from codec.mapping.besides import Besides
from codec.spec.container import Container
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.tree.staging import StagedTree
from codec.workers import jobs_of


def keep_complement(
    container: Container,
    options: DecodeOptions,
    reader: EntryReader,
    besides: Besides,
    tree: StagedTree,
    known: facts.Facts,
    sort: bool,
) -> tuple[str, Mapping[str, int]]:
    """Write the complement of a tree into it; its id, and what it holds. `known` is what the manifest will say."""
    now = options.as_of if options.as_of is not None else reader.head.last_commit_ts
    ordered = not sort and options.versions == "newest"
    selected = cast("tuple[str, ...]", known["adapters"])
    seen = Seen(frozenset(selected), switched_on(container, known), options.versions, options.as_of, now, ordered)
    names = tuple(name for name in container.encode_order if name in selected)
    format = options.format if isinstance(options.format, str) else container.name
    encode = EncodeOptions(engine=options.engine, format=format, jobs=options.jobs)
    with Sorter[tuple[bytes, bytes]]() as sorter:
        canonical = records_with(container, tree.staged, encode, names, known, besides, sorter)
        return keep(container, reader, seen, tree, canonical, besides, jobs_of(options.jobs))
