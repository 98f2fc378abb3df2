"""White space as Unicode's White_Space property has it; `str.strip()` takes U+001C to U+001F too."""

from __future__ import annotations

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def trim(text: str) -> str:
    """`text` without white space at both ends (dynamodb.md §12)."""
    return text.strip(WHITE_SPACE)
