"""The two kinds of value with a syntax of their own: adapter lists and timestamps (container-and-cli.md §5.1, §6.1).

Invariant: a text either means exactly one value or is a `UsageError` that names the option.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from codec.errors import UsageError, shown

ALL = "all"
_MAX_U64 = 2**64 - 1
_MAX_U64_DIGITS = len(str(_MAX_U64))
# What the reference trims; str.strip() without an argument would also take U+001C to U+001F.
_SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_NUMBER = re.compile(r"0[xX](?P<hexadecimal>[0-9a-fA-F]+)|(?P<decimal>[0-9]+)")


def adapter_names(text: str, known: Sequence[str], *, fold_case: bool) -> tuple[str, ...]:
    """The adapters that `text` selects, each once, in the order of `known`; "all" alone or nothing means all of them.

    Entries are trimmed and empty ones ignored; names count in any letter case where `fold_case`, but "all" never does.

    Raises:
        UsageError: an unknown name ("all" inside a list is one), or a list without a single name.
    """
    if text in ("", ALL):
        return tuple(known)
    entries = [entry for part in text.split(",") if (entry := part.strip(_SPACES))]
    chosen = {entry.lower() if fold_case else entry: entry for entry in entries}
    choice = f"names out of {','.join(known)}, or {ALL!r} alone"
    for name, entry in chosen.items():
        if name not in known:
            raise UsageError("unknown_adapter", "--adapter has an unknown name", expected=choice, found=shown(entry))
    if not chosen:
        raise UsageError("no_adapter", "--adapter selects no adapter", expected=choice, found=shown(text))
    return tuple(name for name in known if name in chosen)


def timestamp(text: str, option: str) -> int | None:
    """The unsigned 64-bit number that `text` stands for, `0x` and hexadecimal or decimal; None where `text` is empty.

    Surrounding white space is trimmed; leading zeros are decimal; no sign, no `_`, ASCII digits only.

    Raises:
        UsageError: anything else, also white space alone.
    """
    if not text:
        return None
    trimmed = text.strip(_SPACES)
    if number := _NUMBER.fullmatch(trimmed):
        hexadecimal, decimal = number["hexadecimal"], (number["decimal"] or "").lstrip("0")
        value = int(hexadecimal, 16) if hexadecimal else int(decimal[: _MAX_U64_DIGITS + 1] or "0")
        if value <= _MAX_U64:
            return value
    raise UsageError(
        "timestamp",
        f"{option} is not a timestamp",
        expected="an unsigned 64-bit number, decimal or 0x and hexadecimal",
        found=shown(text),
    )
