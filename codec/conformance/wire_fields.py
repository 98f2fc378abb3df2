"""Protobuf messages in pieces: each known field of one, and each item in it, damaged on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codec.conformance import damage
from codec.conformance.type_members import type_anchor
from codec.layout.base import Wrong
from codec.layout.types import Type
from codec.layout.wire import LENGTH, VARINT, skip, tag, varint, write_tag, write_varint
from codec.spec import plan

CONTENTS = ("cut", "short", "ones", "text", "not-utf8", "long")


def fields_of(message: plan.Message, data: bytes, start: int) -> Iterator[tuple[str, Iterator[damage.Candidate]]]:
    """What is wrong in the fields of the message at the end of `data`: `field` or `field.item`, and candidates of it."""
    known = {field.number: field for field in message.fields}
    seen: Counter[str] = Counter()
    for number, at, content, end in pieces(data, start):
        if number not in known:
            continue
        field, whole = known[number], _Within(data, number, at, end)
        yield field.name, damage.of_message(data, at, end)
        if content < 0:
            continue
        yield field.name, whole.with_contents(_contents(data[content:end]))
        if field.shape in ("repeated", "alternating"):
            _, name, _ = field.items[seen[field.name] % len(field.items)]
            seen[field.name] += 1
            yield f"{field.name}.{name}", whole.with_contents(_contents(data[content:end]))
            continue
        names = {number: name for number, name, _ in field.items}
        inside = data[content:end]
        for inner, item_at, item_content, item_end in pieces(inside, 0):
            if inner in names:
                anchor = f"{field.name}.{names[inner]}"
                yield anchor, whole.with_contents(damage.of_message(inside, item_at, item_end))
                if item_content >= 0:
                    item = _Within(inside, inner, item_at, item_end)
                    yield anchor, whole.with_contents(item.with_contents(_contents(inside[item_content:item_end])))


def type_members_of(
    adapter: str, message: plan.Message, data: bytes, start: int
) -> Iterator[tuple[str, Iterator[damage.Candidate]]]:
    """What is wrong in members of declared types in the message at the end of `data`: anchors, and candidates of it."""
    known = {field.number: field for field in message.fields}
    for number, at, content, end in pieces(data, start):
        if number in known and content >= 0:
            field, whole, inside = known[number], _Within(data, number, at, end), data[content:end]
            if field.wire is not None:
                yield from _inside(adapter, field.wire.declared, whole, inside)
            wires = {inner: wire for inner, _, wire in field.items} if field.shape in ("submessages", "entries") else {}
            for inner, item_at, item_content, item_end in pieces(inside, 0) if wires else ():
                if inner in wires and item_content >= 0:
                    item = _Within(inside, inner, item_at, item_end)
                    declared, rest = wires[inner].declared, inside[item_content:item_end]
                    yield from ((a, whole.with_contents(c)) for a, c in _inside(adapter, declared, item, rest))


def _inside(
    adapter: str, declared: object, whole: _Within, inside: bytes
) -> Iterator[tuple[str, Iterator[damage.Candidate]]]:
    """The members of a declared type, those of the types in it after them."""
    if not isinstance(declared, Type):
        return
    known = {kind.number: kind for kind in declared.kinds}
    for number, at, content, end in pieces(inside, 0):
        if number not in known:
            continue
        kind, member = known[number], _Within(inside, number, at, end)
        anchor = type_anchor(adapter, declared.name, kind.name)
        yield anchor, whole.with_contents(damage.of_message(inside, at, end))
        if content >= 0:
            yield anchor, whole.with_contents(member.with_contents(_contents(inside[content:end])))
        if content >= 0 and kind.shape == "one" and not kind.is_scalar:
            deeper = _inside(adapter, declared.types[kind.base], member, inside[content:end])
            yield from ((inner, whole.with_contents(candidates)) for inner, candidates in deeper)


@dataclass(frozen=True, slots=True)
class _Within:
    """A field with a length, from `at` to `end` of `data`."""

    data: bytes
    number: int
    at: int
    end: int

    def with_contents(self, contents: Iterable[damage.Candidate]) -> Iterator[damage.Candidate]:
        """The data with other contents in the field, under a length that is right."""
        for name, sentence, inside in contents:
            field = write_tag(self.number, LENGTH) + write_varint(len(inside)) + inside
            yield name, sentence, self.data[: self.at] + field + self.data[self.end :]


def _contents(content: bytes) -> Iterator[damage.Candidate]:
    return (one for one in damage.of_slot(content, 0, len(content)) if one[0] in CONTENTS)


def pieces(data: bytes, start: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields from `start` on: number, where it begins, where its content begins (-1: it has no length), where it ends."""
    at = start
    while at < len(data):
        try:
            inside, number, kind = tag(data, at)
            end = varint(data, inside)[1] if kind == VARINT else skip(data, inside, kind, number)
            content = varint(data, inside)[1] if kind == LENGTH else -1
        except Wrong:
            return
        yield number, at, content, end
        at = end
