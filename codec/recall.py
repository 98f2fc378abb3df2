"""The self-test of a decode: encode the new tree again, before it appears, and compare with the records that came in.

Every difference must be a loss that the spec declares. Memory is that of the sorters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from codec.api import DecodeOptions, EncodeOptions
from codec.errors import CodecError, DataError, Place, UsageError
from codec.spec.container import Container
from codec.stream import versions
from codec.stream.difference import Version, by_key
from codec.stream.entries import EntryReader
from codec.stream.sort import Sorter
from codec.verify.losses import LossCheck

SHOWN = 3  # differences that the error names
HINT = "nothing was published; without the self-test the tree would be written as it is"


def refuse_every_version(options: DecodeOptions) -> None:
    """A tree of all versions cannot be compared: raises `UsageError`."""
    if options.versions == "all":
        hint = "leave one of the two out"
        raise UsageError("self-test", "a tree that every version went into cannot be tested", hint=hint)


def recall(
    container: Container,
    options: DecodeOptions,
    reader: EntryReader,
    tree: Path,
    names: tuple[str, ...],
    check: LossCheck,
) -> Mapping[str, int]:
    """The losses of the tree `tree`, by name; raises `DataError` for a difference that is none, or a tree that cannot
    be encoded. `check` has heard the warnings of the decode."""
    shown: list[str] = []
    count = 0

    def tell(error: CodecError) -> None:
        nonlocal count
        count += 1
        if len(shown) < SHOWN:
            shown.append(f"{error.message}: {error.found}")

    from codec.encoding import records_of

    now = options.as_of if options.as_of is not None else reader.head.last_commit_ts
    format = options.format if isinstance(options.format, str) else options.format.name
    quiet = EncodeOptions(adapters=names, jobs=options.jobs, engine=options.engine, format=format)
    source = Place(reader.source.name)
    with Sorter[tuple[object, ...]]() as order, Sorter[Version]() as mine, Sorter[tuple[bytes, bytes]]() as theirs:
        live = versions.newest(versions.in_order(reader.entries(), order), options.as_of, now, Counter())
        came = by_key(live, mine)
        try:
            given = records_of(tree, quiet, theirs)
        except DataError as error:
            message = f"the tree cannot be encoded again: {error.message}"
            place = error.place.source.removeprefix(f"{tree}/")
            found = f"{place}: {error.code}"
            raise DataError("self-test", message, source, error.path, error.expected, found, HINT) from None
        check.run(came, given, reader.source.name, tell)
    if count:
        message = "the tree, encoded again, does not give the records that came in"
        raise DataError("self-test", message, source, "", "declared losses only", f"{count}: {'; '.join(shown)}", HINT)
    return {name: lost for name, lost in sorted(check.losses.items()) if lost}
