"""Files of lines that a writer printed, read many lines at a time; from the first other line on, the careful reader.

Invariant: what is given is what the careful reader would give, in order, and it goes on right behind it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import BinaryIO

from codec.engine.base import Parse
from codec.spec.words import Thing

BLOCK = 1 << 19


class CanonicalLines:
    """The things that the lines of `stream` say, as long as `parse` takes them; then `stream` is set behind these.

    `line` is the number of the next line. Memory: a small multiple of a block, or of the longest line up to `most`.
    """

    def __init__(self, stream: BinaryIO, parse: Parse, most: int) -> None:
        self.line = 1
        self._stream, self._parse, self._most = stream, parse, most

    def things(self) -> Iterator[tuple[list[Thing], int]]:
        """Some at a time, with the number of the first one's line."""
        rest = b""
        while data := self._stream.read(BLOCK):
            texts = (rest + data).split(b"\n")
            rest = texts.pop()
            if texts and not (yield from self._some(texts, len(rest))):
                return
            if len(rest) > self._most:
                break
        if rest and data:
            self._stream.seek(-len(rest), 1)
        elif rest:
            yield from self._some([rest], -1)

    def _some(self, texts: list[bytes], behind: int) -> Generator[tuple[list[Thing], int], None, bool]:
        """The things of some lines, one by one if not all of them could be read at once."""
        try:
            said = [*self._parse(texts)]
        except Exception:  # one of them is not as a writer prints it
            return (yield from self._single(texts, behind))
        yield said, self.line
        self.line += len(texts)
        return True

    def _single(self, texts: list[bytes], behind: int) -> Generator[tuple[list[Thing], int], None, bool]:
        for at, text in enumerate(texts):
            try:
                said = [*self._parse([text])]
            except Exception:
                left = sum(map(len, texts[at:])) + len(texts) - at + behind
                self._stream.seek(-left, 1)
                return False
            yield said, self.line
            self.line += 1
        return True
