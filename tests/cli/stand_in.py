"""A library that does what a test tells it to, in the place of the real one: the command lines are tested alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from codec import api
from tools.commands import decode_command, encode_command
from tools.main import codec as codec_command
from tools.session import Program, run

ADAPTERS = ("red", "green", "blue")

DECODED = api.DecodeResult(
    last_commit_ts=77,
    container="runtime file",
    counts={"entries": 5, "blue": 1, "green": 0, "red": 2, "tombstone": 1, "internal": 1, "unknown": 0, "older": 3},
    unknown_prefixes=(),
    losses={},
    warnings={},
    files=4,
)
ENCODED = api.EncodeResult(
    last_commit_ts=78,
    manifest_last_commit_ts=77,
    cluster_id="",
    adapters=("red", "blue"),
    entries=3,
    bytes_written=65,
    sha256="ab" * 32,
    self_test_ran=False,
    self_test_matched=False,
    mismatch="",
    counts={"red": 2, "blue": 1},
)


@dataclass(frozen=True, slots=True)
class FormatOption:
    """What `codec.spec.options` hands out."""

    name: str
    kind: Literal["flag", "choice"]
    choices: tuple[str, ...] = ()
    default: bool | str = False
    help: str = "Help."
    manifest_member: str = ""


@dataclass(slots=True)
class Library:
    """The calls that arrived, and what to do on the next one."""

    calls: list[tuple[Path, Path, api.DecodeOptions | api.EncodeOptions]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    act: Callable[[api.DecodeOptions | api.EncodeOptions], None] = lambda options: None
    decoded: api.DecodeResult = DECODED
    encoded: api.EncodeResult = ENCODED

    def decode_snapshot(self, source: Path, target: Path, options: api.DecodeOptions) -> api.DecodeResult:
        self.calls.append((source, target, options))
        self.act(options)
        return self.decoded

    def encode_to_file(
        self, source: Path, target: Path, options: api.EncodeOptions, *, input_text: str, output_text: str
    ) -> api.EncodeResult:
        self.calls.append((source, target, options))
        self.texts.append((input_text, output_text))
        self.act(options)
        return self.encoded

    def raises(self, problem: BaseException) -> None:
        """Let the next call fail with `problem`."""

        def act(_: object) -> None:
            raise problem

        self.act = act

    @property
    def options(self) -> api.DecodeOptions | api.EncodeOptions:
        """The options of the one call that was made."""
        ((_, _, options),) = self.calls
        return options


@dataclass(frozen=True, slots=True)
class Said:
    """How a run ended and what it said."""

    status: int
    out: str
    err: str


class Shell:
    """Runs the three programs in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def codec(self, *arguments: str) -> Said:
        return self._said(run(codec_command(), Program("codec"), arguments))

    def decode(self, *arguments: str) -> Said:
        program = Program("snap-decode", messages="log-plain-errors", go_flags=True, failure_status=1)
        return self._said(run(decode_command(), program, arguments))

    def encode(self, *arguments: str) -> Said:
        return self._said(run(encode_command(), Program("snap-encode", messages="log", go_flags=True), arguments))

    def _said(self, status: int) -> Said:
        captured = self._capsys.readouterr()
        return Said(status, captured.out, captured.err)


def with_unknown(result: api.DecodeResult) -> api.DecodeResult:
    """`result` with three rows that no spec knows."""
    return replace(result, counts={**result.counts, "unknown": 3}, unknown_prefixes=("a|", "b|"))
