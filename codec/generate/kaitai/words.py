"""What both kinds of Kaitai structs are written with: names, numbers, attributes, and the text of a `.ksy` file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import yaml

from codec.layout.numbers import Fixed

Attribute: TypeAlias = dict[str, object]
Struct: TypeAlias = dict[str, object]

LICENSE = "CC0-1.0"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_KINDS = {"B": "u1", "H": "u2", "L": "u4", "Q": "u8", "q": "s8", "d": "f8"}


def identifier(*names: str) -> str:
    """A name as Kaitai wants it: `identifier("Hash", "meta")` is `hash_meta`."""
    plain = _OTHER.sub("_", "_".join(_HUMP.sub("_", name) for name in names).lower()).strip("_")
    return plain if plain[:1].isalpha() else f"n_{plain}"


def number_type(layout: Fixed) -> str:
    """The type of the bytes of a number, with its byte order."""
    mark, letter = layout.format[0], layout.format[1]
    kind = _KINDS[letter]
    return kind if kind.endswith("1") else kind + ("be" if mark == ">" else "le")


def number(name: str, layout: Fixed) -> Attribute:
    """A number. One whose bytes are not the number itself is called `…_raw`, and its documentation says what it is."""
    found: Attribute = {"id": identifier(name), "type": number_type(layout)}
    if type(layout) is not Fixed:
        found |= {"id": f"{identifier(name)}_raw", "doc": layout.describe()}
    limits = {word: limit for word, limit in (("min", layout.low), ("max", layout.high)) if limit is not None}
    if limits and type(layout) is Fixed:
        found["valid"] = limits
    return found


def literal(name: str, text: bytes) -> Attribute:
    """Bytes that must stand there."""
    plain = text.isascii() and text.decode("ascii").isprintable()
    return {"id": name, "contents": text.decode("ascii") if plain else [*text]}


def left(tail: int) -> Attribute:
    """The size of whatever is left but for the last `tail` bytes."""
    return {"size": f"_io.size - _io.pos - {tail}"} if tail else {"size-eos": True}


def ksy(name: str, title: str, doc: str, body: Mapping[str, object]) -> str:
    """The text of a `.ksy` file."""
    meta = {"id": name, "title": title, "license": LICENSE, "ks-version": "0.10", "bit-endian": "le"}
    return yaml.dump({"meta": meta, "doc": doc, **body}, sort_keys=False, allow_unicode=True, width=120)


def same(name: str, text: bytes) -> str:
    """The expression for `name` being these bytes."""
    return f"{name} == {list(text)}" if len(text) > 1 else f"{name}[0] == {text[0]}"


def joined(word: str, parts: Sequence[str]) -> str:
    """Conditions joined by `and` or `or`; of none, whatever leaves the others as they are."""
    return f" {word} ".join(f"({part})" for part in parts) if parts else str(word == "and").lower()
