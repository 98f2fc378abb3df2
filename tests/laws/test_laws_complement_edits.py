"""Whatever somebody makes of a tree with a complement: decoding the result shows exactly that."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.engine.interpreter import Interpreter
from codec.testing import History, histories, writers
from codec.testing.documents import Files, shown
from tests.support.laws import (
    ADAPTERS,
    CONTAINER,
    AdapterCase,
    decoded,
    each_adapter,
    encode,
    examples,
    without_order,
)

WRITERS = tuple(writers(CONTAINER))
HISTORIES = histories(CONTAINER, ADAPTERS)
MOST = (1 << 64) - 1  # nothing can be newer
RESTORED = {d.restored.member for a in ADAPTERS for e in a.entities for d in e.documents if d.restored}


SHARED = tuple(shared.row.prefix for adapter in ADAPTERS for shared in adapter.shared)


def settled(history: History) -> History:
    """The same, without what the mere passing of time changes, and without rows that somebody may come to own
    (docs/complement.md, limits)."""
    kept = (one for one in history.versions if one.commit_ts < MOST and not one.key.startswith(SHARED))
    versions = tuple(replace(one, expire_at=0) for one in kept)
    return replace(history, versions=versions)


def documents(files: Files) -> Files:
    """The tree without the complement, and without the manifest that names it."""
    assert CONTAINER.complement is not None
    own = (f"{CONTAINER.complement.folder}/", CONTAINER.manifest.path)
    return {path: data for path, data in files.items() if not path.startswith(own)}


def beside(files: Files) -> Files:
    """The rest."""
    return {path: data for path, data in files.items() if path not in documents(files)}


def comparable(files: Files) -> dict[str, object]:
    """Documents without what is restored to something else by declaration: generations of messages."""
    member = re.compile("|".join(f'"{name}":[0-9]+' for name in sorted(RESTORED)).encode())
    return without_order({path: member.sub(b"", data) for path, data in files.items()})


@each_adapter
@examples(6)
@given(data=st.data(), history=HISTORIES)
def test_any_documents_in_place_of_those_of_an_adapter(case: AdapterCase, data: DataObject, history: History) -> None:
    before = decoded(data.draw(st.sampled_from(WRITERS)).write(settled(history)), complement=True)
    assert case.adapter.folder is not None
    folder = f"{case.adapter.folder.root}/"
    others = {path: text for path, text in documents(before).items() if not path.startswith(folder)}
    wanted = others | shown(case.adapter, Interpreter(), data.draw(case.trees), frozenset())
    left = encode(wanted | beside(before))
    assert left.error is None, left.error
    assert comparable(documents(decoded(left.data))) == comparable(wanted)


def agree(files: Files) -> bool:
    """Whether documents come back without a complement: two things of one key can say different expiries, of which only
    one is kept."""
    again = encode(files)
    return again.error is None and comparable(documents(decoded(again.data))) == comparable(documents(files))


@examples(10)
@given(first=HISTORIES, second=HISTORIES)
def test_from_the_documents_of_one_history_to_those_of_another(first: History, second: History) -> None:
    one, two = (decoded(WRITERS[0].write(settled(each)), complement=True) for each in (first, second))
    left = encode(documents(two) | beside(one))
    assume(left.error is None)  # a document that contradicts itself is taken back only where it came from
    assume(agree(decoded(WRITERS[0].write(settled(second)))))
    changed = decoded(left.data)
    assert comparable(documents(changed)) == comparable(documents(two))
