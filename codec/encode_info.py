"""The document that an encode leaves beside its output: read with a version gate, written, and judged.

Its members are those of the spec; here they go by the facts that the spec gives them (container-and-cli.md §3.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import cast

from codec.api import EncodeInfo
from codec.errors import CodecError, DataError, Place
from codec.mapping import facts
from codec.spec import ready
from codec.spec.container import Container, TopDocument


def read(data: bytes, source: str, format: str) -> EncodeInfo:
    """See `codec.api.read_encode_info`."""
    document = ready.load(format).encode_info
    found = facts.read(document, data, source)
    told = {field.name: found.get(field.name) for field in fields(EncodeInfo)}
    told["unknown"] = facts.unknown(document, data, source)
    nothing = asdict(EncodeInfo(tool_version=""))
    kept = {name: nothing[name] if value is None else value for name, value in told.items()}
    kept["adapters"] = tuple(cast("list[str]", kept["adapters"]))
    return EncodeInfo(**kept)  # type: ignore[arg-type]  # the schema has seen to the types


def write(info: EncodeInfo, format: str) -> bytes:
    """See `codec.api.write_encode_info`."""
    return facts.write(ready.load(format).encode_info, asdict(info))


def disagreements(container: Container, info: EncodeInfo, source: str, sha256: str) -> Iterator[CodecError]:
    """What keeps a restore from taking the document for a stream with the digest `sha256` (§7.2).

    That a self-test was not run is no fault of the file.
    """
    restore = container.restore
    if restore is None:
        return
    place = Place(source)
    told = asdict(info)
    for name, fact, constant in _constants(container.encode_info):
        if told[fact] != constant:
            message = "the records were encoded in a form that this program does not know"
            yield DataError(restore.errors["constant"], message, place, name, str(constant), str(told[fact]))
    if not info.sha256:
        yield DataError(restore.errors["digest_missing"], "the document has no digest of the stream", place)
    elif info.sha256.lower() != sha256:
        hint = "a run was interrupted between the two files, or one was replaced; encode again"
        yield DataError(
            restore.errors["digest"], "the document belongs to other bytes", place, "", info.sha256, sha256, hint
        )
    if info.self_test_ran and not info.self_test_matched:
        message = "the encode's self-test did not match these bytes"
        yield DataError(
            restore.errors["unmatched"], message, place, hint="the tree that they came from can be verified"
        )


def _constants(document: TopDocument) -> Iterator[tuple[str, str, object]]:
    for name, spec in document.members.items():
        if isinstance(spec, dict) and "const" in spec and "fact" in spec:
            yield name, str(spec["fact"]), spec["const"]
