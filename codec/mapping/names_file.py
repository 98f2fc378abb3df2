"""The names file of a folder whose files are called as keys: which file stands for another key than its path says.

Every line is checked, needed or not (s3.md §6.3). The whole file is held.
"""

from __future__ import annotations

from codec.errors import DocumentError, Place
from codec.layout import json_read
from codec.layout.base import Wrong
from codec.layout.faces import found, from_base64url
from codec.layout.literal_path import LiteralPath
from codec.mapping.documents import DocumentReader
from codec.spec.plan import Names

_NOT_A_PIECE = frozenset(("", ".", ".."))
_NOT_A_PIECE_OF_A_KEY = frozenset((b"", b".", b".."))


def read_names(names: Names, path: LiteralPath, reader: DocumentReader, home: str, main: str) -> dict[str, bytes]:
    """The keys by path; raises `DocumentError` for the first line that is wrong."""
    file = f"{home}/{names.path}"
    result: dict[str, bytes] = {}
    with reader.open(file) as stream:
        try:
            for value, _, line, column in json_read.lines(stream, file, max_line=names.max_line):
                place = Place(file, None, line, column)
                encoded, original = _line(names, path, value, place, frozenset((main, names.path)))
                if encoded in result:
                    raise DocumentError(
                        names.error, "two lines are about one file", place, names.encoded, found=encoded[:80]
                    )
                result[encoded] = original
        except DocumentError as error:
            error.code = names.error
            raise
    return result


def _line(
    names: Names, path: LiteralPath, value: json_read.JsonValue, place: Place, files: frozenset[str]
) -> tuple[str, bytes]:
    members = (names.encoded, names.original, names.kind_member)
    if not isinstance(value, dict) or not all(type(value.get(name)) is str for name in members):
        wanted = f"an object with the strings {', '.join(members)}"
        raise DocumentError(names.error, "a line of the names file lacks a member", place, "", wanted, found(value))
    encoded, text, kind = (str(value[name]) for name in members)
    try:
        original = from_base64url(text)
    except Wrong as wrong:
        message = "the original name is not base64url"
        raise DocumentError(names.error, message, place, names.original, wrong.expected, wrong.found) from None
    for member, expected, holds in _rules(path, encoded, original, kind, files):
        if not holds:
            said = {names.encoded: encoded, names.original: repr(original)[1:], names.kind_member: kind}
            member = dict(zip(("encoded", "original", "kind"), members, strict=True))[member]
            raise DocumentError(
                names.error, "a line of the names file breaks a rule", place, member, expected, said[member][:80]
            )
    return encoded, original


def _rules(
    path: LiteralPath, encoded: str, original: bytes, kind: str, files: frozenset[str]
) -> list[tuple[str, str, bool]]:
    """What must hold of a line, in the order in which it is judged: which member, what is expected, whether it holds."""
    pieces = encoded.split("/")
    rules = [
        (
            "kind",
            "one of the kinds that a decode writes",
            kind in {r.kind for r in path.renames} | {*path.foreign, path.carried.kind},
        ),
        (
            "encoded",
            "a path without a backslash, with plain names between single slashes",
            "\\" not in encoded and _NOT_A_PIECE.isdisjoint(pieces),
        ),
        ("encoded", f"a path that does not end in {path.beside}", not encoded.endswith(path.beside)),
        ("encoded", "a path of a body", encoded not in files and pieces[0] not in path.folders),
    ]
    if kind == path.carried.kind:
        return [
            *rules,
            (
                "encoded",
                f"{path.carried.path(original)}, which the original gives",
                encoded == path.carried.path(original),
            ),
        ]
    of_key = original.split(b"/")
    rule = next((rule for rule in path.renames if rule.kind == kind), None)
    rules += [
        (
            "original",
            "a key without NUL and backslash, with plain names between single slashes",
            b"\0" not in original and b"\\" not in original and _NOT_A_PIECE_OF_A_KEY.isdisjoint(of_key),
        ),
        (
            "original",
            "a key outside the reserved folders",
            of_key[0] not in {folder.encode() for folder in path.folders},
        ),
    ]
    if rule is not None and rule.ends:
        rules.append(("original", f"a key that ends in {rule.ends}", original.endswith(rule.ends.encode())))
    if rule is not None and rule.folder:
        rules.append(("encoded", f"a path that ends in {rule.append}", encoded.endswith(rule.append)))
    return rules
