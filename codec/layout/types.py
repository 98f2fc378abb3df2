"""Types that a spec declares: structs and tagged unions. One class each with all faces: protobuf, JSON, strategy, schema.

A struct is a dict of its fields; a union is a pair (tag, value). Protobuf is written in canonical form and read as
leniently as proto3 asks: unknown fields are skipped, a repeated sub-message is merged, the last scalar wins.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from codec.frozen import frozen
from codec.layout.base import Wrong
from codec.layout.encoded_faces import from_base64, to_base64
from codec.layout.faces import found
from codec.layout.json_write import quote
from codec.layout.strings import as_text
from codec.layout.wire import LENGTH, VARINT, chunk, skip, tag, varint, write_chunk, write_tag, write_varint

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MOST_NESTED = 10_000  # messages in one another, as protobuf readers have it (dynamodb.md §1.4)
FRAMES_PER_LEVEL = 6
sys.setrecursionlimit(max(sys.getrecursionlimit(), MOST_NESTED * FRAMES_PER_LEVEL))

Scalar = Literal["text", "bytes", "flag", "u64"]
ZEROS: dict[str, object] = {"text": "", "bytes": b"", "flag": False, "u64": 0}


@frozen
class Kind:
    """The type of a field or of a union's member: a scalar or a declared type, one, listed, or by name."""

    name: str
    number: int
    base: str
    shape: Literal["one", "list", "map"]

    @property
    def is_scalar(self) -> bool:
        return self.base in ZEROS


class Type(ABC):
    """A declared type; `types` has all of the same spec, by name."""

    def __init__(self, name: str, kinds: tuple[Kind, ...], types: dict[str, Type]) -> None:
        self.name, self.kinds, self.types = name, kinds, types
        self._by_number = {kind.number: kind for kind in kinds}
        self._by_name = {kind.name: kind for kind in kinds}

    @property
    @abstractmethod
    def zero(self) -> object:
        """The value of a message with nothing in it."""

    @abstractmethod
    def from_wire(self, raw: bytes, depth: int = 0, into: Any = None) -> object:
        """The value that a protobuf message says, merged into an earlier one if there is one; raises `Wrong`."""

    @abstractmethod
    def to_wire(self, value: object) -> bytes:
        """The canonical message."""

    # -------------------------------------------------------------------------------------------- members

    def fields(self, raw: bytes, depth: int) -> Iterator[tuple[Kind, object]]:
        """The known fields of a message in order; sub-messages as bytes, lists and maps one element at a time."""
        if depth > MOST_NESTED:
            raise Wrong(f"at most {MOST_NESTED} messages in one another", "more")
        at = 0
        while at < len(raw):
            at, number, wire = tag(raw, at)
            kind = self._by_number.get(number)
            if kind is None or wire != self.wire_of(kind):
                at = skip(raw, at, wire, number)
                continue
            value: object
            if wire == VARINT:
                value, at = varint(raw, at)
            else:
                value, at = chunk(raw, at)
            yield kind, value

    def wire_of(self, kind: Kind) -> int:
        """The wire type of a member."""
        return VARINT if kind.shape == "one" and kind.base in ("flag", "u64") else LENGTH

    def read_one(self, base: str, raw: object, depth: int, into: object = None) -> object:
        """One value of a scalar or declared type from what the wire has; messages are merged into an earlier one."""
        if base == "text":
            return as_text(raw)  # type: ignore[arg-type]
        if base in ("bytes", "u64"):
            return raw
        return bool(raw) if base == "flag" else self.types[base].from_wire(raw, depth + 1, into)  # type: ignore[arg-type]

    def content(self, base: str, value: object) -> bytes:
        """What one value is on the wire, without its tag."""
        if base == "text":
            return value.encode()  # type: ignore[attr-defined, no-any-return]
        if base == "bytes":
            return value  # type: ignore[return-value]
        return write_varint(int(value)) if base in ("flag", "u64") else self.types[base].to_wire(value)  # type: ignore[call-overload]

    def whole(self, kind: Kind, value: object) -> bytes:
        """One value with its tag."""
        content = self.content(kind.base, value)
        wire = self.wire_of(kind)
        return (
            write_chunk(write_tag(kind.number, LENGTH), content)
            if wire == LENGTH
            else write_tag(kind.number, wire) + content
        )

    def read_map(self, kind: Kind, raw: object, depth: int) -> tuple[str, object]:
        """One entry of a map."""
        entry = _entry(kind.base, self.types)
        name, value = "", None
        for part, content in entry.fields(raw, depth):  # type: ignore[arg-type]
            if part.number == 1:
                name = as_text(content)  # type: ignore[arg-type]
            else:
                value = self.read_one(kind.base, content, depth, value)
        if value is None:
            value = ZEROS[kind.base] if kind.is_scalar else self.types[kind.base].zero
        return name, value

    def write_map(self, kind: Kind, entries: Mapping[str, object]) -> bytes:
        """All entries of a map, sorted; each with key and value, whatever they are."""
        head = write_tag(kind.number, LENGTH)
        parts = []
        for name in sorted(entries):
            inner = write_chunk(b"\x0a", name.encode()) + write_chunk(b"\x12", self.content(kind.base, entries[name]))
            parts.append(write_chunk(head, inner))
        return b"".join(parts)

    @abstractmethod
    def values(self) -> SearchStrategy[object]:
        """Every value that can be written and read back."""


class Struct(Type):
    """A message whose fields all have values: a dict."""

    @property
    def zero(self) -> dict[str, object]:
        return {kind.name: self._zero(kind) for kind in self.kinds}

    def _zero(self, kind: Kind) -> object:
        if kind.shape != "one":
            return [] if kind.shape == "list" else {}
        return ZEROS[kind.base] if kind.is_scalar else self.types[kind.base].zero

    def from_wire(self, raw: bytes, depth: int = 0, into: Any = None) -> dict[str, object]:
        value: dict[str, Any] = self.zero if into is None else into
        for kind, content in self.fields(raw, depth):
            if kind.shape == "list":
                value[kind.name].append(self.read_one(kind.base, content, depth))
            else:
                value[kind.name] = self.read_one(kind.base, content, depth, value[kind.name])
        return value

    def to_wire(self, value: object) -> bytes:
        assert isinstance(value, dict)
        parts = []
        for kind in sorted(self.kinds, key=lambda kind: kind.number):
            one = value[kind.name]
            if kind.shape == "list":
                parts += [self.whole(kind, item) for item in one]
            elif not kind.is_scalar or one != ZEROS[kind.base]:
                parts.append(self.whole(kind, one))
        return b"".join(parts)

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        scalars: dict[str, SearchStrategy[object]] = {
            "text": st.text(max_size=8),
            "bytes": st.binary(max_size=8),
            "flag": st.booleans(),
            "u64": st.integers(0, (1 << 64) - 1),
        }

        def one(kind: Kind) -> SearchStrategy[object]:
            base = scalars[kind.base] if kind.is_scalar else self.types[kind.base].values()
            return st.lists(base, max_size=3) if kind.shape == "list" else base

        return st.fixed_dictionaries({kind.name: one(kind) for kind in self.kinds})


class Union(Type):
    """A message with exactly one member: a pair of its tag and its value. `unset` stands for a message with none."""

    def __init__(self, name: str, kinds: tuple[Kind, ...], types: dict[str, Type], unset: tuple[str, object]) -> None:
        super().__init__(name, kinds, types)
        self.unset = unset

    @property
    def zero(self) -> object:
        return self.unset

    def wire_of(self, kind: Kind) -> int:
        return VARINT if kind.shape == "one" and kind.base in ("flag", "u64") else LENGTH

    def from_wire(self, raw: bytes, depth: int = 0, into: Any = None) -> object:
        said: tuple[str, object] | None = None if into is self.unset else into
        for kind, content in self.fields(raw, depth):
            before = said[1] if said is not None and said[0] == kind.name else None
            said = kind.name, self._member(kind, content, depth, before)
        return self.unset if said is None else said

    def _member(self, kind: Kind, content: Any, depth: int, before: Any) -> object:
        """What one member says, added to what it said before: each part must be well-formed, whatever becomes of it."""
        if kind.shape == "one":
            return self.read_one(kind.base, content, depth, before)
        items = _collection(kind, self.types).fields(content, depth + 1)
        if kind.shape == "list":
            listed = [] if before is None else before
            listed.extend(self.read_one(kind.base, item, depth + 1) for _, item in items)
            return listed
        named = {} if before is None else before
        named.update(self.read_map(kind, item, depth + 1) for _, item in items)
        return named

    def to_wire(self, value: object) -> bytes:
        name, one = cast("tuple[str, Any]", value)
        kind = self._by_name[name]
        if kind.shape == "one":
            return self.whole(kind, one)
        inner = _collection(kind, self.types)
        element = inner.kinds[0]
        content = (
            b"".join(inner.whole(element, item) for item in one)
            if kind.shape == "list"
            else inner.write_map(element, one)
        )
        return write_chunk(write_tag(kind.number, LENGTH), content)

    # -------------------------------------------------------------------------------------------- JSON

    def write_json(self, value: object, newline: str, html: bool) -> str:
        """`{"tag": value}`; lists and maps nest."""
        name, one = cast("tuple[str, Any]", value)
        inner, colon = (newline + "  ", ": ") if newline else ("", ":")
        return f"{{{inner}{quote(name, html)}{colon}{self._write(self._by_name[name], one, inner, html)}{newline}}}"

    def _write(self, kind: Kind, value: Any, newline: str, html: bool) -> str:
        if kind.shape == "one":
            return self._write_one(kind.base, value, newline, html)
        inner, colon = (newline + "  ", ": ") if newline else ("", ":")
        if kind.shape == "list":
            parts = [inner + self._write_one(kind.base, item, inner, html) for item in value]
            return f"[{','.join(parts)}{newline}]" if parts else "[]"
        parts = [
            f"{inner}{quote(name, html)}{colon}{self._write_one(kind.base, value[name], inner, html)}"
            for name in sorted(value)
        ]
        return f"{{{','.join(parts)}{newline}}}" if parts else "{}"

    def _write_one(self, base: str, value: object, newline: str, html: bool) -> str:
        if base == "text":
            return quote(value, html)  # type: ignore[arg-type]
        if base == "bytes":
            return f'"{to_base64(value)}"'  # type: ignore[arg-type]
        if base == "flag":
            return "true" if value else "false"
        inner = self.types[base]
        assert isinstance(inner, Union)
        return inner.write_json(value, newline, html)

    def read_json(self, json: object) -> object:
        """The pair that an object with exactly one member says; raises `Wrong` with a path."""
        if type(json) is not dict or len(json) != 1:
            raise TypedWrong((), f"an object with exactly one of {', '.join(self._by_name)}", found(json))
        ((name, one),) = json.items()
        kind = self._by_name.get(name)
        if kind is None:
            raise TypedWrong((name,), f"one of {', '.join(self._by_name)}", f"`{name[:30]}`")
        try:
            return name, self._read(kind, one)
        except TypedWrong as wrong:
            raise TypedWrong((name, *wrong.path), wrong.expected, wrong.found) from None

    def _read(self, kind: Kind, json: object) -> object:
        if kind.shape == "one":
            return self._read_one(kind.base, json)
        items: list[tuple[str | int, object]]
        if kind.shape == "list":
            if type(json) is not list:
                raise TypedWrong((), "an array", found(json))
            items = list(enumerate(json))
        else:
            if type(json) is not dict:
                raise TypedWrong((), "an object", found(json))
            items = list(json.items())
        values = []
        for step, one in items:
            try:
                values.append((step, self._read_one(kind.base, one)))
            except TypedWrong as wrong:
                raise TypedWrong((step, *wrong.path), wrong.expected, wrong.found) from None
        return dict(values) if kind.shape == "map" else [value for _, value in values]

    def _read_one(self, base: str, json: object) -> object:
        if base == "text":
            if type(json) is not str:
                raise TypedWrong((), "a string", found(json))
            return json
        if base == "flag":
            if type(json) is not bool:
                raise TypedWrong((), "true or false", found(json))
            return json
        if base == "bytes":
            return read_bytes(json)
        inner = self.types[base]
        assert isinstance(inner, Union)
        return inner.read_json(json)

    def values(self) -> SearchStrategy[object]:
        from hypothesis import strategies as st

        def member(kind: Kind, inner: SearchStrategy[object]) -> SearchStrategy[object]:
            base = {"text": st.text(max_size=6), "bytes": st.binary(max_size=6), "flag": st.booleans()}.get(
                kind.base, inner
            )
            shape = {
                "one": base,
                "list": st.lists(base, max_size=3),
                "map": st.dictionaries(st.text(max_size=4), base, max_size=3),
            }
            return shape[kind.shape].map(lambda value: (kind.name, value))

        leaves = [kind for kind in self.kinds if kind.is_scalar]
        return st.recursive(
            st.one_of([member(kind, st.nothing()) for kind in leaves]),
            lambda inner: st.one_of([member(kind, inner) for kind in self.kinds]),
            max_leaves=8,
        )


class TypedWrong(Wrong):
    """A part of a typed value that does not fit; `path` leads to it."""

    def __init__(self, path: tuple[str | int, ...], expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.path = path


def read_bytes(json: object) -> bytes:
    """The bytes of padded standard base64; raises `TypedWrong` (dynamodb.md §5.5)."""
    if type(json) is not str:
        raise TypedWrong((), "a string of base64", found(json))
    try:
        return from_base64(json)
    except Wrong as wrong:
        raise TypedWrong((), wrong.expected, wrong.found) from None


_helpers: dict[tuple[str, str, int], Struct] = {}  # messages of lists, maps and map entries, made once per type


def _collection(kind: Kind, types: dict[str, Type]) -> Struct:
    """The message that holds a list or a map: one repeated field 1."""
    key = ("collection", kind.base + kind.shape, id(types))
    if key not in _helpers:
        _helpers[key] = Struct("", (Kind("values", 1, kind.base, kind.shape),), types)
    return _helpers[key]


def _entry(base: str, types: dict[str, Type]) -> Struct:
    """The message of one entry of a map: key 1, value 2."""
    key = ("entry", base, id(types))
    if key not in _helpers:
        _helpers[key] = Struct("", (Kind("key", 1, "text", "one"), Kind("value", 2, base, "one")), types)
    return _helpers[key]
