"""Small pieces of messages about words."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint for a word that is not known: the one that was probably meant, else all."""
    close = get_close_matches(word, known, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"one of: {', '.join(known)}" if known else ""


def listed(words: Sequence[str], joint: str) -> str:
    """Words in quotes: `a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}" if len(quoted) > 1 else quoted[0]
