"""YAML text as plain data that remembers where every part stands.

Reads the YAML 1.2 core scalars only (so `no`, `on` and `NULL` stay text); refuses repeated keys, tags, merge keys, and
anchors of anything but one scalar: a spec means what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import cast

import yaml

from codec.errors import Place, SpecError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML without libyaml is slower, nothing else
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Step = str | int

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,999})")  # longer ones stay text
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, object] = {"null": None, "true": True, "false": False, "": None, "~": None}


class Mapping(dict[str, object]):
    """A YAML mapping; `places` says where each key stands, `place` where it begins itself."""

    __slots__ = ("place", "places")
    place: Place
    places: dict[str, Place]


class Sequence(list[object]):
    """A YAML sequence; `places` says where each item stands, `place` where it begins itself."""

    __slots__ = ("place", "places")
    place: Place
    places: list[Place]


def load(path: Path) -> Mapping:
    """The mapping in the YAML file `path`; `SpecError` with line and column for anything that is not one."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SpecError("spec-unreadable", f"cannot read the spec: {problem}", Place(str(path))) from None
    return loads(text, str(path))


def loads(text: str, source: str) -> Mapping:
    """As `load`, for `text` that is called `source` in messages."""
    try:
        _refuse_shorthand(text, source)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = Place(source, None, mark.line + 1, mark.column + 1) if mark else Place(source)
        message = ", ".join(text for text in (problem.context, problem.problem) if text)
        hint = "quote scalars that hold `: `, `, `, `[`, `{` or start with a sign"
        if mark and "\t" in text.split("\n")[mark.line]:
            hint = "indent with spaces; this line has a tab"
        elif "document" in message:
            hint = "keep one spec in a file"
        raise SpecError("spec-syntax", message, place, hint=hint) from None
    except yaml.YAMLError as problem:
        raise SpecError("spec-syntax", str(problem), Place(source)) from None
    data = _plain(node, source) if node is not None else None
    if not isinstance(data, Mapping):
        found = "nothing" if data is None else "a list" if isinstance(data, Sequence) else "a single value"
        place = Place(source, None, 1, 1)
        raise SpecError("spec-shape", "this is not a spec", place, "", "a mapping", found, "begin with `language: 1`")
    return data


def place_of(data: object, path: Iterable[Step]) -> Place:
    """Where the part at `path` below `data` stands; the nearest enclosing part if it is not there."""
    place = data.place if isinstance(data, (Mapping, Sequence)) else Place()
    for step in path:
        there: dict[Step, Place] = {}
        if isinstance(data, Mapping):
            there.update(data.places)
        elif isinstance(data, Sequence):
            there.update(enumerate(data.places))
        if step not in there:
            break
        place, data = there[step], part_of(data, (step,))
    return place


def part_of(data: object, path: Iterable[Step]) -> object:
    """The part at `path` below `data`, which is there."""
    for step in path:
        data = cast("dict[Step, object]", data)[step]
    return data


def walk(data: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], object]]:
    """Every part of `data` with its path, parents first."""
    yield path, data
    steps: Iterable[tuple[Step, object]] = ()
    if isinstance(data, dict):
        steps = data.items()
    elif isinstance(data, list):
        steps = enumerate(data)
    for step, part in steps:
        yield from walk(part, (*path, step))


def _refuse_shorthand(text: str, source: str) -> None:
    """Tags change what a value is; shared collections could be deep or endless."""
    for event in yaml.parse(text, Loader=_Loader):
        place = _place(event, source)
        if (tag := getattr(event, "tag", None)) is not None:
            hint = "leave it out; quote the scalar if it is meant as text"
            raise SpecError("spec-shape", f"the tag `{tag}` is not part of the language", place, hint=hint)
        if isinstance(event, yaml.CollectionStartEvent) and event.anchor is not None:
            message = f"`&{event.anchor}` marks a list or mapping; only text can be repeated"
            raise SpecError("spec-shape", message, place, hint="give it a name under `codecs`, or write it twice")


def _plain(node: yaml.Node, source: str) -> object:
    place = _place(node, source)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, source, place)
    if isinstance(node, yaml.SequenceNode):
        items = Sequence()
        items.place, items.places = place, []
        for child in node.value:
            items.append(_plain(child, source))
            items.places.append(_place(child, source))
        return items
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node.value) if not node.style else node.value


def _mapping(node: yaml.MappingNode, source: str, place: Place) -> Mapping:
    mapping = Mapping()
    mapping.place, mapping.places = place, {}
    for key_node, value_node in node.value:
        where = _place(key_node, source)
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
            raise SpecError("spec-shape", "a key must be text", where)
        if key in mapping:
            message = f"`{key}` stands here and in line {mapping.places[key].line}"
            raise SpecError("spec-repeated-key", message, where, hint="keep one")
        if key == "<<":
            raise SpecError("spec-shape", "merge keys are not part of the language", where, hint="use `extends`")
        mapping[key] = _plain(value_node, source)
        mapping.places[key] = where
    return mapping


def _scalar(text: str) -> object:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    return float(text) if _FLOAT.fullmatch(text) and isfinite(float(text)) else text


def _place(node: yaml.Node | yaml.Event, source: str) -> Place:
    mark = node.start_mark
    return Place(source, None, mark.line + 1, mark.column + 1) if mark else Place(source)
