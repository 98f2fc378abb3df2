"""Things to documents and back: the texts that a generated module shows and reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from codec.errors import DocumentError
from codec.generate.python.kinds import (
    EntityKind,
    Fields,
    Options,
    Wrong,
)
from codec.generate.python.to_records import fields_of
from codec.generate.python.to_things import finished
from codec.layout.faces import found


def shown_documents(
    thing: Any, kinds: Mapping[type[Any], EntityKind], options: Options, defaults: Options
) -> Iterator[tuple[str, str, bytes]]:
    """Kind, path and bytes of each document of a thing; of a file with lines of many things, its own line."""
    kind, fields = kinds[type(thing)], fields_of(thing, kinds, options, ())
    on = options | {name for name in defaults if not any(o.startswith(name.partition("=")[0] + "=") for o in options)}
    for document in kind.documents:
        if (document.only_with and document.only_with not in on) or not document.when(fields):
            continue
        path, _ = document.path(fields)
        if document.beside:
            main = next(one for one in kind.documents if one.name == document.beside)
            fields["stem"] = main.path(fields)[1]
        content = fields[document.raw] if document.show is None else document.show(fields, on).encode()
        yield document.name, path, content


def loaded(kind: EntityKind, documents: Mapping[str, bytes], known: Fields) -> Any:
    """The thing that documents show; `known` are fields that they do not say. Raises `DocumentError`."""
    fields: Fields = dict.fromkeys(kind.fields) | known
    for document in kind.documents:
        content = documents.get(document.name)
        if content is None:
            continue
        if document.load is None:
            fields[document.raw] = content
            continue
        try:
            fields |= document.load(content.decode())
        except Wrong as wrong:
            path = ".".join(map(str, wrong.path))
            message = f"the document does not show a {kind.name}"
            raise DocumentError("document", message, path=path, expected=wrong.expected, found=wrong.found) from None
        except (ValueError, RecursionError) as problem:
            raise DocumentError("json", str(problem)) from None
    return finished(kind, fields)


def between(opening: str, parts: Sequence[str], closing: str, newline: str) -> str:
    """Parts of an object or array, each behind a line break with indentation; `newline` is that of the outside."""
    inner = newline + "  " if newline else ""
    return f"{opening}{inner}{f',{inner}'.join(parts)}{newline}{closing}" if parts else opening + closing


class Decimals(str):
    """A JSON number that is no plain integer, as it is written."""


def read_json(text: str) -> Any:
    """The value of strict JSON text: no repeated members, no lone surrogates; raises `ValueError`."""
    value = json.loads(
        text, object_pairs_hook=_members, parse_float=Decimals, parse_int=_integer, parse_constant=_no_constant
    )
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same member twice")
    return members


def _integer(text: str) -> int | Decimals:
    return Decimals(text) if text == "-0" else int(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_SPACE = re.compile(r"[ \t\r\n]*")


def written_members(text: str, *path: str) -> dict[str, str]:
    """The members of an object inside a document, each as it is written."""
    for name in path:
        text = written_members(text)[name]
    members: dict[str, str] = {}
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = json.decoder.scanstring(text, at + 1)  # type: ignore[attr-defined]
        start = _after(text, _after(text, at) + 1)
        _, at = json.JSONDecoder().raw_decode(text, start)
        members[name] = text[start:at]
        at = _after(text, at)
        at = _after(text, at + 1) if text[at] == "," else at
    return members


def _after(text: str, at: int) -> int:
    """The position after white space."""
    space = _SPACE.match(text, at)
    return space.end() if space else at


def object_of(value: Any, known: frozenset[str]) -> dict[str, Any]:
    """An object; unknown members are tolerated, but for those that differ from a known one in letter case only."""
    if type(value) is not dict:
        raise Wrong("an object", found(value))
    folded = {name.casefold() for name in known}
    for name in value:
        if name not in known and name.casefold() in folded:
            raise Wrong("a member in the right letter case", f"`{name}`", (name,))
    return value


def member(value: Mapping[str, Any], name: str, read: Callable[[Any], Any], missing: Callable[[], Any]) -> Any:
    """What a member says; if it is null or left out, what that means."""
    try:
        return missing() if value.get(name) is None else read(value[name])
    except Wrong as wrong:
        raise Wrong(wrong.expected, wrong.found, (name, *wrong.path)) from None


def constant(value: Mapping[str, Any], name: str, wanted: object) -> None:
    """A member that is always the same."""
    if type(value.get(name)) is not type(wanted) or value.get(name) != wanted:
        raise Wrong(str(wanted), found(value.get(name)), (name,))


def array(value: Any, read: Callable[[Any], Any]) -> list[Any]:
    """The elements of an array."""
    if type(value) is not list:
        raise Wrong("an array", found(value))
    return [_nth(index, one, read) for index, one in enumerate(value)]


def _nth(index: int, value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except Wrong as wrong:
        raise Wrong(wrong.expected, wrong.found, (index, *wrong.path)) from None


def text_of(value: Any) -> str:
    """A string."""
    if type(value) is not str:
        raise Wrong("a string", found(value))
    return value


def positive(value: Any) -> Any:
    """None for zero."""
    return value or None
