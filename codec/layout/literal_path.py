"""Keys as relative paths of a tree, as they are, with what happens to those that cannot stand there; numbers in names.

Invariant: a path that leaves here has no empty, `.` or `..` piece, and no piece longer than the file system takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from codec.frozen import frozen
from codec.layout.base import Wrong
from codec.layout.segments import Segment

_NOT_A_PIECE = frozenset((b"", b".", b".."))


@frozen
class Rename:
    """Keys that end with `ends`, or are folders of other keys, get `append` and a line of this `kind`.

    With `option` the rule is the reference's only where that is on; where it is off such a key is carried.
    """

    kind: str
    append: str
    ends: str = ""
    folder: bool = False
    option: str = ""


@frozen
class Carried:
    """Where keys go that cannot be paths: into one `folder`, as an escaped name with `append`, with a line of `kind`."""

    kind: str
    folder: str
    append: str
    segment: Segment

    def path(self, key: bytes) -> str:
        """The path of a key, which its names file turns back."""
        return f"{self.folder}/{self.segment.encode(key)[0]}{self.append}"


@frozen
class LiteralPath:
    """A key as a path: `/` makes folders and nothing is escaped."""

    names: str
    longest_piece: int
    longest: int
    beside: str
    renames: tuple[Rename, ...]
    carried: Carried
    files: tuple[str, ...]
    folders: Mapping[str, str]  # reserved for what these options show
    foreign: tuple[str, ...]  # kinds of names lines that are read and never written

    def fits(self, key: bytes) -> bool:
        """Whether the key can be a path at all, with the document that stands beside its file."""
        if len(key) > self.longest or b"\0" in key or b"\\" in key:
            return False
        pieces = key.split(b"/")
        if not _NOT_A_PIECE.isdisjoint(pieces):
            return False
        if len(key) + len(self.beside) <= self.longest_piece:
            return True
        return len(pieces[-1]) + len(self.beside) <= self.longest_piece and max(map(len, pieces)) <= self.longest_piece


def build(config: Mapping[str, object], segment: Segment) -> LiteralPath:
    """The path codec as a spec configures it; `segment` escapes the names of carried keys."""
    carried, reserved, longest = config["carried"], config["reserved"], config["longest"]
    assert isinstance(carried, dict)
    assert isinstance(reserved, dict)
    assert isinstance(longest, dict)
    renames = []
    for rule in config["rename"]:  # type: ignore[attr-defined]
        renames.append(
            Rename(
                str(rule["kind"]),
                str(rule["append"]),
                str(rule.get("ends_with", "")),
                "folder_of" in rule,
                str(rule.get("option", "")),
            )
        )
    return LiteralPath(
        str(config["literal_path"]),
        int(longest["piece"]),
        int(longest["path"]),
        str(config["beside"]),
        tuple(renames),
        Carried(str(carried["kind"]), str(carried["folder"]), str(carried["append"]), segment),
        tuple(reserved["files"]),
        dict(reserved["folders"]),
        tuple(config.get("also_read", ())),  # type: ignore[arg-type]
    )


@frozen
class Digits:
    """A number in a file's name: decimal, or hexadecimal digits of a fixed number."""

    base: int
    width: int

    def encode(self, value: object) -> tuple[str, bool]:
        """The name, and False: numbers can be turned back."""
        assert isinstance(value, int)
        return (f"{value:0{self.width}x}" if self.base == 16 else str(value)), False

    def decode(self, name: str) -> int:
        """The number; raises `Wrong`."""
        shape = rf"[0-9a-f]{{{self.width}}}" if self.base == 16 else r"0|[1-9][0-9]{0,19}"
        if not re.fullmatch(shape, name):
            raise Wrong(f"{self.width or 'decimal'} digits", repr(name))
        return int(name, self.base)


def _names(description: str) -> dict[str, object]:
    return {"type": "array", "items": {"type": "string", "minLength": 1}, "description": description}


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "minLength": 1, "description": description}


def _number(description: str) -> dict[str, object]:
    return {"type": "integer", "minimum": 1, "description": description}


def _object(description: str, required: dict[str, object], **optional: object) -> dict[str, object]:
    properties = {**required, **optional}
    shape: dict[str, object] = {"type": "object", "additionalProperties": False, "required": [*required]}
    return {**shape, "properties": properties, "description": description}


SCHEMAS: dict[str, dict[str, object]] = {  # what configures these codecs of file names, by their words
    "literal_path": _object(
        "A key as a path: `/` makes folders and nothing is escaped.",
        {
            "literal_path": _text("The names file that keeps keys whose file is called otherwise."),
            "longest": _object(
                "How long a path may be, in bytes.",
                {"piece": _number("One component."), "path": _number("All of it.")},
            ),
            "beside": _text("The ending of the document that stands beside the file."),
            "rename": {
                "type": "array",
                "description": "What happens to keys that would take another file's name; the first that fits counts.",
                "items": _object(
                    "A rule for keys that cannot stand as they are.",
                    {"kind": _text("What the names file calls it."), "append": _text("What such a name gets.")},
                    ends_with=_text("For keys that end with this."),
                    folder_of={"enum": ["siblings"], "description": "For keys that are folders of other keys."},
                    option=_text("The option without which such keys are carried instead."),
                ),
            },
            "carried": _object(
                "Where keys go that cannot be paths at all.",
                {
                    "kind": _text("What the names file calls it."),
                    "folder": _text("The folder."),
                    "name": _text("The codec of the name in it."),
                    "append": _text("What such a name gets."),
                },
            ),
            "reserved": _object(
                "Names at the top that belong to other documents.",
                {
                    "files": _names("The files."),
                    "folders": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                        "description": "The folders, each with the option that shows what is in it.",
                    },
                },
            ),
        },
        also_read=_names("Kinds of lines of the names file that are read and never written."),
    ),
    "digits": _object(
        "A number in a file's name.",
        {"digits": {"enum": [10, 16], "description": "The base of the number; 16 in lower case."}},
        width=_number("How many digits it always has."),
    ),
}
