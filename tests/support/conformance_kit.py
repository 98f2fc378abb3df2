"""What the conformance tests share: the vectors of the format, made once, and implementations inside the test's process."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from codec.api import DecodeOptions, EncodeOptions, decode_snapshot
from codec.conformance.bench import MOST_REFUSED
from codec.conformance.drivers import Ran
from codec.conformance.export import export
from codec.conformance.generate import generated
from codec.conformance.index import Index, read_index
from codec.conformance.oracle import adapters_of, number_of, switches_of
from codec.conformance.vectors import Direction, Options
from codec.errors import CodecError
from codec.runs import encode_to_file

FORMAT = "elastickv"


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
long_only = pytest.mark.skipif(not LONG, reason="takes minutes: `make test-long` runs it")


def vectors_of(
    name: str, tmp_path_factory: pytest.TempPathFactory, most: int = MOST_REFUSED, only: Collection[str] = ()
) -> tuple[Path, Index]:
    """The exported vectors of a format (`only` of some adapters), and their index; made by the first of the test
    processes that asks."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "-".join(("vectors", Path(name).name, str(most), *only))
    with (shared / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            export(name, generated(name, most, only), folder, sync=False)
    return folder, read_index(folder)


def tool(direction: str) -> str:
    """The project's own drop-in as anyone would name it on the kit's command line."""
    return f"{sys.executable} -m codec.tools.snapshot_{direction} {{options}} --input {{input}} --output {{output}}"


Before = Callable[[bytes], bytes]
After = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class InProcess:
    """The toolkit as an implementation under test; `before` and `after` are what a broken copy of it does to its input
    and its output, and a refusal is retried on what `instead` makes of the input."""

    direction: Direction
    format: str = FORMAT
    engine: str = "interpreter"
    before: Before | None = None
    after: After | None = None
    instead: Callable[[bytes, CodecError], bytes | None] | None = None

    @property
    def takes_options(self) -> bool:
        return True

    def __call__(self, source: Path, target: Path, options: Options) -> Ran:
        try:
            if self.direction == "decode":
                self._decode(source, target, options)
            else:
                self._encode(source, target, options)
        except CodecError as error:
            return Ran(error.exit_status, str(error))
        if self.after is not None:
            self.after(target)
        return Ran(0)

    def _decode(self, source: Path, target: Path, options: Options) -> None:
        given = DecodeOptions(
            format=self.format,
            engine=self.engine,  # type: ignore[arg-type]
            sync=False,
            adapters=adapters_of(options),
            switches=switches_of(options),
            versions="all" if options.get("versions") == "all" else "newest",
            as_of=number_of(options, "as-of"),
            cluster_id=str(options.get("cluster-id", "")),
        )
        data = source.read_bytes()
        if self.before is not None and (other := self.before(data)) != data:
            source = _beside(target, other)
        try:
            decode_snapshot(source, target, given)
        except CodecError as error:
            other = self.instead(data, error) if self.instead else None
            if other is None:
                raise
            decode_snapshot(_beside(target, other), target, given)

    def _encode(self, source: Path, target: Path, options: Options) -> None:
        given = EncodeOptions(
            format=self.format,
            engine=self.engine,  # type: ignore[arg-type]
            adapters=adapters_of(options),
            switches=switches_of(options),
            last_commit_ts=number_of(options, "last-commit-ts"),
        )
        encode_to_file(source, target, given, input_text=str(source), output_text=str(target))


def _beside(target: Path, data: bytes) -> Path:
    """A file outside of the folder of the output, so that it is not taken for something left behind."""
    path = target.parent.parent / "changed"
    path.write_bytes(data)
    return path


def both(format: str = FORMAT, **how: object) -> dict[Direction, InProcess]:
    """One implementation, as drivers for both directions."""
    return {way: InProcess(way, format, **how) for way in ("decode", "encode")}  # type: ignore[arg-type]
