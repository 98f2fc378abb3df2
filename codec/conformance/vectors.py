"""Conformance vectors: what they are, and the index file through which others use them without this toolkit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Direction = Literal["decode", "encode"]
Kind = Literal["golden", "valid", "near-valid", "invalid"]
Files: TypeAlias = dict[str, bytes]
Options: TypeAlias = Mapping[str, object]

DIRECTIONS: tuple[Direction, ...] = ("decode", "encode")
KINDS: tuple[Kind, ...] = ("golden", "valid", "near-valid", "invalid")


@dataclass(frozen=True, slots=True)
class Link:
    """What a tree has besides plain files: a link to `to` (a path of the tree), or an empty folder, at `path`."""

    kind: Literal["symbolic", "hard", "folder"]
    path: str
    to: str = ""

    def make(self, root: Path) -> None:
        """Make it below `root`, where the plain files stand already."""
        place = root / self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if self.kind == "folder":
            place.mkdir()
        elif self.kind == "hard":
            place.hardlink_to(root / self.to)
        else:
            place.symlink_to(os.path.relpath(root / self.to, place.parent))


@dataclass(frozen=True, slots=True)
class Vector:
    """One question with its answer: `input` must give `output`, or be refused where that is None.

    `id` is unique, made of the paragraph and what was done. `covers` are the paragraphs of the manual that the vector
    hits: as valid ones what its input has in it, as an invalid one what it breaks, with the name of the error.
    `options` are spelt as on a command line, without dashes; True stands for a switch.
    """

    id: str
    direction: Direction
    kind: Kind
    sentence: str
    paragraph: str
    input: bytes | Files
    output: bytes | Files | None
    error: str = ""
    options: Options = field(default_factory=dict)
    covers: frozenset[str] = frozenset()
    links: tuple[Link, ...] = ()
    input_name: str = "input"

    @property
    def accepted(self) -> bool:
        """Whether the input must be taken."""
        return self.output is not None
