"""An encode into a file, with its sidecar and its report: the protocol of container-and-cli.md §6.2 and §6.5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from codec.api import EncodeInfo, EncodeOptions, EncodeResult, encode_snapshot, write_encode_info
from codec.encoding import read_manifest
from codec.errors import CodecError, DataError, Place
from codec.mapping import facts
from codec.opening import format_of_tree
from codec.spec import ready
from codec.spec.container import Container
from codec.tree.publish import OutputFile, clear_stale, move_aside, write_sidecar

PREVIOUS = ".previous"


def encode_to_file(
    source: Path, output: Path, options: EncodeOptions, *, input_text: str, output_text: str
) -> EncodeResult:
    """Encode the tree `source` into the file `output`, with `<output>` sidecars as the format names them.

    The output appears whole or not at all. After a self-test that does not match nothing stands at `output`: an older
    file is moved aside, the report and the sidecar say what was refused, and `DataError` is raised. If a step after
    the rename fails, leaving `OutputFile` by that error puts the previous output back.
    """
    options = replace(options, format=format_of_tree(source, options.format))
    container = ready.load(options.format)
    read_manifest(container, source)

    def write(sink: BinaryIO) -> EncodeResult:
        return encode_snapshot(source, sink, options)

    return stream_to_file(container, output, options, write, input_text=input_text, output_text=output_text)


def stream_to_file(
    container: Container,
    output: Path,
    options: EncodeOptions,
    write: Callable[[BinaryIO], EncodeResult],
    *,
    input_text: str,
    output_text: str,
) -> EncodeResult:
    """The same for a stream that `write` gives; `options.format` is named."""
    report = output.with_name(output.name + container.mismatch["suffix"])
    sidecar = output.with_name(output.name + container.encode_info.path)
    clear_stale(report)
    with OutputFile(output) as out:
        result = write(cast(BinaryIO, out))
        if result.self_test_ran and not result.self_test_matched:
            out.discard()
            _refuse(container, result, output, report, sidecar, options, input_text, output_text)
        out.publish()
        write_sidecar(sidecar, encode_info(result, options, input_text, output_text))
    return result


def _refuse(
    container: Container,
    result: EncodeResult,
    output: Path,
    report: Path,
    sidecar: Path,
    options: EncodeOptions,
    input_text: str,
    output_text: str,
) -> None:
    """Leave nothing restorable at the output; say what differs."""
    moved = move_aside(output, PREVIOUS)
    if moved is not None:
        move_aside(sidecar, PREVIOUS)
    hint = f"see {report.name}; `codec decode` of the output shows what a node would see"
    for path, data in (
        (report, result.mismatch.encode()),
        (sidecar, encode_info(result, options, input_text, output_text)),
    ):
        try:
            write_sidecar(path, data)
        except CodecError as problem:  # the other one is written all the same
            hint = f"{path.name} could not be written: {problem}"
    raise _mismatch(result, hint, report)


def _mismatch(result: EncodeResult, hint: str, report: Path) -> DataError:
    lines = result.mismatch.splitlines()
    message = "the self-test does not match: what was written does not decode to the input"
    return DataError(
        "self-test", message, Place(str(report)), expected="0 differences", found="; ".join(lines[:3]), hint=hint
    )


def encode_info(result: EncodeResult, options: EncodeOptions, input_text: str, output_text: str) -> bytes:
    """The text of the sidecar (§3.4)."""
    info = EncodeInfo(
        clock=facts.clock(),
        input_path=input_text,
        output_path=output_text,
        sha256=result.sha256,
        last_commit_ts=result.last_commit_ts,
        overridden=options.last_commit_ts is not None,
        manifest_last_commit_ts=result.manifest_last_commit_ts,
        cluster_id=result.cluster_id,
        adapters=result.adapters,
        self_test_ran=result.self_test_ran,
        self_test_matched=result.self_test_matched,
    )
    return write_encode_info(info, options.format)


__all__ = ["encode_info", "encode_to_file", "stream_to_file"]
