"""Whatever somebody makes of a tree with a complement: decoding the result shows exactly that."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from codec.complement.units import Units
from codec.engine.base import Misfit
from codec.engine.interpreter import Interpreter
from codec.engine.patterns import Record
from codec.spec import plan
from codec.testing import History, histories, writers
from codec.testing.containers import Version, Writer
from codec.testing.documents import Files, shown
from tests.support.hurry import short_runs
from tests.support.laws import (
    ADAPTERS,
    CONTAINER,
    AdapterCase,
    Encoded,
    decoded,
    each_adapter,
    encode,
    examples,
    without_order,
)

WRITERS = tuple(writers(CONTAINER))
HISTORIES = histories(CONTAINER, ADAPTERS)
SHARED = tuple(shared.row.prefix for adapter in ADAPTERS for shared in adapter.shared)
UNITS = Units(CONTAINER, frozenset())
MOST = (1 << 64) - 1  # nothing can be newer
RESTORED = {d.restored.member for a in ADAPTERS for e in a.entities for d in e.documents if d.restored}


def settled(history: History) -> History:
    """The same, without what the mere passing of time changes, and without expiries of 0: they are shown, and read as none."""
    timed = (one for one in history.versions if one.commit_ts < MOST)
    kept = (one for one in timed if any(one.value) or not one.key.startswith(SHARED))
    return replace(history, versions=tuple(replace(one, expire_at=0) for one in kept))


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
    file = restorable(data.draw(st.sampled_from(WRITERS)), settled(history))
    before = decoded(file, complement=True)
    assert case.adapter.folder is not None
    folder = f"{case.adapter.folder.root}/"
    others = {path: text for path, text in documents(before).items() if not path.startswith(folder)}
    wanted = others | shown(case.adapter, Interpreter(), data.draw(case.trees), frozenset())
    left = encode(wanted | beside(before))
    assert left.error is None, left.error
    assert comparable(documents(decoded(left.data))) == comparable(wanted)
    with short_runs():
        assert encode(wanted | beside(decoded(file, complement=True))).data == left.data


def contested(files: Files) -> bool:
    """Whether two things have one key and one of them says what they share, an expiry.

    One row can hold it, and belongs to the first owner there is, whatever the row is from: so these documents do not come
    back, with or without a complement. If both say it the tree is refused.
    """
    for adapter in ADAPTERS:
        for shared in adapter.shared:
            said = re.compile("|".join(f'"{name}": ?[0-9]' for name, _ in shared.row.fields).encode())
            things: Counter[str] = Counter()
            speakers: set[str] = set()
            for entity in {entity: entities(adapter)[entity] for entity, _ in shared.owners}.values():
                main, *sidecars = entity.documents
                folder, suffix = f"{main.folder}/", "".join(part for part in main.path[-1] if isinstance(part, str))
                lines = b"".join(files.get("/".join(map("".join, one.path)), b"") for one in sidecars)  # type: ignore[arg-type]
                for path, text in files.items():
                    stem = path.removeprefix(folder).removesuffix(suffix)
                    if not path.startswith(folder):
                        continue
                    things[stem] += 1
                    if said.search(text) if not sidecars else f'"{stem}"'.encode() in lines:
                        speakers.add(stem)
            if any(things[stem] > 1 for stem in speakers):
                return True
    return False


def one_owner(history: History) -> History:
    """The same, without things whose key another kind of thing has."""
    of = {entity.name: entity for adapter in ADAPTERS for entity in adapter.entities}
    owners = {entity for adapter in ADAPTERS for shared in adapter.shared for entity, _ in shared.owners}
    first: dict[object, str] = {}

    def stays(one: Version) -> bool:
        row = UNITS.row(one.key, one.value)
        if row is None or row.entity not in owners:
            return True
        try:
            slots = Record(row.key).read(one.key)
        except Misfit:
            return True
        identity = tuple(slots.get(name) for name in of[row.entity].identity)
        return first.setdefault(identity, row.entity) == row.entity

    return replace(history, versions=tuple(filter(stays, history.versions)))


def without_orphans(history: History) -> History:
    """The same, without what is one record of a parent: a parent that is added later would find it (docs/complement.md,
    limits)."""
    children = {entity.name for a in ADAPTERS for entity in a.entities if entity.within and not entity.exists}
    rows = ((one, UNITS.row(one.key, one.value)) for one in history.versions)
    return replace(history, versions=tuple(one for one, row in rows if row is None or row.entity not in children))


def with_documents(history: History) -> Files:
    """A decode with a complement, of a history whose documents can come back."""
    history = settled(history)
    files = decoded(WRITERS[0].write(history), complement=True)
    if contested(files):
        history = one_owner(history)
        files = decoded(WRITERS[0].write(history), complement=True)
    return decoded(restorable(WRITERS[0], history), complement=True)


def restorable(writer: Writer, history: History) -> bytes:
    """A file of a history, without orphans if it has any."""
    file = writer.write(history)
    orphans = b'"own hidden"' in decoded(file, complement=True)[note()]
    return writer.write(without_orphans(history)) if orphans else file


def note() -> str:
    """Where the complement describes itself."""
    assert CONTAINER.complement is not None
    return CONTAINER.complement.document.path


def contradiction(left: Encoded) -> bool:
    """Whether the encode met a document that contradicts itself, or a folder that lacks the parent's document: they are
    taken back only where they came from."""
    lacking = {adapter.folder.errors.get("missing") for adapter in ADAPTERS if adapter.folder is not None}
    error = left.error
    return error is not None and (error["message"] == "the document contradicts itself" or error["code"] in lacking)


def entities(adapter: plan.Adapter) -> dict[str, plan.Entity]:
    """The kinds of things of an adapter, by name."""
    return {entity.name: entity for entity in adapter.entities}


@examples(10)
@given(first=HISTORIES, second=HISTORIES)
def test_from_the_documents_of_one_history_to_those_of_another_and_back(first: History, second: History) -> None:
    one, two = with_documents(first), with_documents(second)
    assume(not contested(one) and not contested(two))
    left = encode(documents(two) | beside(one))
    assume(not contradiction(left))
    assert left.error is None, left.error
    changed = decoded(left.data, complement=True)
    assert comparable(documents(changed)) == comparable(documents(two))
    back = encode(documents(one) | beside(changed))
    assume(not contradiction(back))
    assert back.error is None, back.error
    assert comparable(documents(decoded(back.data))) == comparable(documents(one))
