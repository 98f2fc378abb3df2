"""A stream of one version becomes a stream of another in one pass over it, without a tree in any file system.

The input is decoded by the bridge into a spool, and the encode of the other version reads the spool. It cannot begin
before the decode ends: a document may say what stands in many records (a key's expiry comes long after its value), the
names and sidecars of a folder are known when its last document is, and an encode asks for documents by their names.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from codec.api import DecodeOptions, DecodeResult, EncodeOptions, EncodeResult
from codec.collector import paused
from codec.decoding import Decoding, attempts, facts_of, result_of
from codec.encoding import encode_documents
from codec.mapping.facts import Facts
from codec.opening import open_stream
from codec.runs import stream_to_file
from codec.spec import ready
from codec.spec.container import Container
from codec.stream.entries import EntryReader
from codec.tree.spool import SpooledTree
from codec.tree.spooled import SpooledReader, SpooledSpans


def pass_on(
    source: Path, target: Path, made: Container, decode: DecodeOptions, encode: EncodeOptions
) -> tuple[DecodeResult, EncodeResult]:
    """Read `source` as the bridge `made` says and write `target` by `encode.format`, by `codec.runs`.

    Raises what `decode_snapshot` and `encode_to_file` do. Scratch space: the documents, and the records; memory is that
    of the decode, then that of the encode.
    """
    reader = open_stream(source, made)
    with ExitStack() as stack:
        stack.callback(reader.source.close)
        with paused():
            size = reader.source.size
            result, known, documents = attempts(decode, size, _Decoded(reader, source, encode.scratch_root, stack))
        container = ready.load(encode.format)

        def write(sink: BinaryIO) -> EncodeResult:
            return encode_documents(container, encode, SpooledSpans(documents), sink, known)

        text = {"input_text": str(source), "output_text": str(target)}
        return result, stream_to_file(container, target, encode, write, **text)


class _Decoded:
    """Decodes into a spool that lives as long as `stack`."""

    def __init__(self, reader: EntryReader, source: Path, scratch: Path | None, stack: ExitStack) -> None:
        self._reader, self._source, self._scratch, self._stack = reader, source, scratch, stack

    def __call__(
        self, options: DecodeOptions, *, sort: bool, shared: bool
    ) -> tuple[DecodeResult, Facts, SpooledReader]:
        """One attempt; one that fails leaves nothing."""
        run = Decoding(self._reader.container, options, shared)
        with ExitStack() as mine:
            spool = mine.enter_context(SpooledTree(self._scratch, exclusive=shared))
            run.written = lambda: spool.files
            run.run(self._reader, spool, sort)
            documents = spool.finish()
            self._stack.push(mine.pop_all())
        result = result_of(run, self._reader, spool.files, Counter(), False)
        return result, facts_of(run, self._reader, self._source), documents
