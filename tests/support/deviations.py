"""The golden cases in which this project does something else than the reference, and where that is explained.

Read from `tests/golden/deviations.yaml`; a listed case must really differ, so the list can only shrink.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import yaml

from tests.support.tools import Tool

PATH = Path(__file__).parents[1] / "golden" / "deviations.yaml"
DOCUMENT = Path(__file__).parents[2] / "docs" / "deviations.md"


@dataclass(frozen=True, slots=True)
class Deviation:
    """What happens instead.

    `exit` is our exit status and `entry` the heading of docs/deviations.md that explains it. Where a decode succeeds,
    `tree_of` names the case whose golden tree must come out, in full or for the adapters in `part` only. Where an encode
    writes other bytes, `sha256` is their digest.
    """

    exit: int
    entry: str
    tree_of: str = ""
    part: tuple[str, ...] = ()
    sha256: str = ""


class _Row(TypedDict):
    exit: int
    tree_of: NotRequired[str]
    part: NotRequired[list[str]]
    sha256: NotRequired[str]


def _load() -> dict[tuple[Tool, str], Deviation]:
    tools = cast(dict[Tool, dict[str, dict[str, _Row]]], yaml.safe_load(PATH.read_bytes()))
    return {
        (tool, case): Deviation(
            row["exit"], entry, row.get("tree_of", ""), tuple(row.get("part", ())), row.get("sha256", "")
        )
        for tool, entries in tools.items()
        for entry, rows in entries.items()
        for case, row in rows.items()
    }


DEVIATIONS = _load()
