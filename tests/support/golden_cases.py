"""Which golden cases there are, which of them are under test, and with which arguments each one runs.

The one place that says which adapters are under test: `ADAPTERS_UNDER_TEST`.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

from codec.compression import Expanded
from tests.support.stream_oracle import Stream, read_stream

ADAPTERS = ("dynamodb", "s3", "redis", "sqs")
ADAPTERS_UNDER_TEST = ("redis", "dynamodb", "sqs", "s3")
ENGINES = ("compiled", "interpreter")
CARRIED = Path(__file__).parents[1] / "golden" / "data"

STREAM = "reencoded.fsm"
SIDECAR = f"{STREAM}.encode_info.json"
MISMATCH = f"{STREAM}.mismatch.txt"

# About the container, the manifest and the command line: they count whichever adapter their rows belong to.
CONTAINER_CASES = frozenset(
    {"hex-name", "hex-name-letters", "numeric-name", "name-without-suffix", "real-a-cluster-id", "real-a-lower-ts"}
)

Versions = Literal["newest", "all"]


class CaseInfo(TypedDict, total=False):
    """`case.json`, as golden/README.md describes it."""

    input: str
    decode_args: list[str]
    decode_exit: int
    stderr_decode: str
    encode_args: list[str]
    encode_exit: int
    tree_files: int
    tree_empty_dirs: list[str]
    packed: bool
    input_sha256: str


@dataclass(frozen=True)
class Case:
    """A case folder: an input, the tree the reference made of it, and what it made of that tree."""

    folder: Path
    info: CaseInfo

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def input_name(self) -> str:
        return self.info.get("input", "input.fsm")

    @property
    def packed(self) -> bool:
        return self.info.get("packed", False)

    @property
    def decodes(self) -> bool:
        return self.info["decode_exit"] == 0

    @cached_property
    def input_bytes(self) -> bytes:
        return self._bytes(self.input_name) or b""

    @cached_property
    def stream(self) -> Stream:
        return read_stream(self.input_bytes)

    def reencoded(self) -> bytes | None:
        """The stream the reference encoded, None where it published none."""
        return self._bytes(STREAM)

    def encode_info(self) -> str | None:
        return self._text(SIDECAR)

    def mismatch(self) -> str | None:
        return self._text(MISMATCH)

    def tree(self) -> dict[str, bytes]:
        """Every file of the golden tree, by its path below the root."""
        if self.packed:
            with tarfile.open(fileobj=io.BytesIO(_expand(self.folder / "tree.tar.zst"))) as archive:
                return {
                    entry.name.partition("/")[2]: cast(io.BufferedReader, archive.extractfile(entry)).read()
                    for entry in archive
                    if entry.isfile()
                }
        return read_files(self.folder / "tree")

    def touched(self, args: Sequence[str]) -> frozenset[str]:
        """The adapters that have rows in the input and are selected by `args`."""
        return self.stream.adapters() & frozenset(selected_adapters(args))

    def versions(self) -> tuple[Versions, ...]:
        """How to run the decoder so that it must agree with the reference, which feeds every version in file order.

        Rows that version resolution looks at need `all`; where it hides nothing but tombstones, the default agrees too.
        """
        if not self.stream.oddities():
            return ("newest",)
        if self.stream.resolved() == self.stream.live():
            return ("newest", "all")
        return ("all",)

    def _bytes(self, name: str) -> bytes | None:
        path = self.folder / name
        if path.exists():
            return path.read_bytes()
        packed = self.folder / f"{name}.zst"
        return _expand(packed) if packed.exists() else None

    def _text(self, name: str) -> str | None:
        raw = self._bytes(name)
        return None if raw is None else raw.decode()


class FileText(TypedDict, total=False):
    """The content of a file in a line case where it is not plain text."""

    b64: str
    zlib_b64: str
    default: bool


class EncoderLine(TypedDict, total=False):
    """A line of `encoder_cases.jsonl`."""

    name: str
    files: dict[str, str | FileText]
    symlinks: dict[str, str]
    hardlinks: list[tuple[str, str]]
    dirs: list[str]
    encode_args: list[str]
    encode_exit: int
    fsm: FileText
    encode_info: dict[str, object]
    mismatch: str


class DecoderLine(TypedDict):
    """A line of `decoder_cli_cases.jsonl`; a refused run has no `files_after`."""

    name: str
    input_b64: str
    files_before: dict[str, str]
    args: list[str]
    exit: int
    files_after: NotRequired[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a folder case runs: with its own arguments (`part` None), or narrowed to the adapters in `part`."""

    part: tuple[str, ...] | None = None

    def args(self, args: Sequence[str]) -> list[str]:
        return list(args) if self.part is None else with_adapters(args, self.part)


def golden_root() -> Path:
    """`$GOLDEN`, else the small set that the project carries."""
    root = Path(os.environ.get("GOLDEN") or CARRIED)
    if not root.is_dir():
        raise FileNotFoundError(f"no golden data at {root} (from $GOLDEN)")
    return root


def load_cases(root: Path) -> list[Case]:
    """The case folders below `root`, by name."""
    return [Case(path.parent, json.loads(path.read_bytes())) for path in sorted(root.glob("*/case.json"))]


def load_encoder_lines(root: Path) -> tuple[bytes, list[EncoderLine]]:
    """The default manifest and the cases of `encoder_cases.jsonl`."""
    head, *lines = _lines(root / "encoder_cases.jsonl")
    return cast(str, head["default_manifest"]).encode(), [cast(EncoderLine, line) for line in lines]


def load_decoder_lines(root: Path) -> list[DecoderLine]:
    return [cast(DecoderLine, line) for line in _lines(root / "decoder_cli_cases.jsonl")]


def decode_plan(case: Case) -> Plan | None:
    """How to decode the case, None if it waits for its adapter."""
    return _plan(case, case.info["decode_args"], comparable=case.decodes)


def encode_plan(case: Case) -> Plan | None:
    """How to encode the golden tree of the case, None if it has none or waits for its adapter."""
    if "encode_args" not in case.info:
        return None
    before_any_adapter = case.name in CONTAINER_CASES
    return _plan(case, case.info["encode_args"], comparable=case.info["encode_exit"] == 0 or before_any_adapter)


def line_is_under_test(line: EncoderLine) -> bool:
    """A line counts if the adapters that it selects, and that its tree has something of, are all under test."""
    selected = set(selected_adapters(line["encode_args"]))
    if selected <= set(ADAPTERS_UNDER_TEST):
        return True
    present = {path.partition("/")[0] for path in line["files"]}
    return selected & present <= set(ADAPTERS_UNDER_TEST)


def selected_adapters(args: Sequence[str]) -> tuple[str, ...]:
    """What `--adapter` selects in these arguments; names that are no adapter are left out."""
    if "--adapter" not in args:
        return ADAPTERS
    names = [name.strip().lower() for name in args[list(args).index("--adapter") + 1].split(",")]
    return ADAPTERS if names == ["all"] else tuple(name for name in ADAPTERS if name in names)


def with_adapters(args: Sequence[str], adapters: Iterable[str]) -> list[str]:
    """`args` with exactly these adapters selected."""
    kept = list(args)
    if "--adapter" in kept:
        at = kept.index("--adapter")
        del kept[at : at + 2]
    return [*kept, "--adapter", ",".join(adapters)]


def read_files(root: Path) -> dict[str, bytes]:
    """Every regular file below `root`, by its path; symbolic links and empty folders are left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _plan(case: Case, args: Sequence[str], *, comparable: bool) -> Plan | None:
    touched = case.touched(args)
    under_test = frozenset(ADAPTERS_UNDER_TEST)
    if touched <= under_test:
        return Plan()
    # Of a failed run one cannot say which adapter failed, so a part of it proves nothing.
    if not comparable or not (touched & under_test or case.name in CONTAINER_CASES):
        return None
    part = tuple(name for name in ADAPTERS_UNDER_TEST if name in selected_adapters(args))
    return Plan(part)


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _expand(path: Path) -> bytes:
    with path.open("rb") as file:
        return Expanded(file, path.name, "zstd").read(1 << 40)
