"""Every way a run can end has its documented exit status and one message; only a bug shows a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from codec import errors
from codec.api import DecodeOptions, EncodeOptions
from tests.cli.stand_in import ADAPTERS, Library, Shell

ENDS = ("--input", "here", "--output", "there")
ROOT = Path(__file__).parents[2]
PLACE = errors.Place("here", 16)
FAILURES = [
    (errors.UsageError("output", "the output exists"), 1),
    (errors.EnvironmentProblem("io", "disk full"), 1),
    (errors.StreamError("ErrTruncated", "cut", PLACE), 2),
    (errors.LimitError("ErrTooLarge", "too large", PLACE), 2),
    (errors.DocumentError("json", "bad", errors.Place("doc", None, 3, 4)), 2),
    (errors.TreeError("kind", "a folder"), 2),
    (errors.SpecError("spec", "bad spec"), 2),
    (FileNotFoundError(2, "No such file or directory", "here"), 1),
    (MemoryError(), 1),
]


@pytest.mark.parametrize(("problem", "status"), FAILURES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("program", ["codec decode", "codec encode", "decode drop-in", "encode drop-in"])
def test_a_failure_has_its_status_and_one_message(
    shell: Shell, library: Library, program: str, problem: Exception, status: int
) -> None:
    library.raises(problem)
    if program.startswith("codec"):
        said = shell.codec(program.removeprefix("codec "), *ENDS)
    else:
        said = (shell.decode if program.startswith("decode") else shell.encode)(*ENDS)
    assert said.status == (1 if program == "decode drop-in" else status)
    assert said.out == ""
    last = said.err.splitlines()[-1]
    if program == "decode drop-in":
        prefix = "snap-decode: decode here: " if isinstance(problem, errors.DataError) else "snap-decode: "
        assert last.startswith(prefix)
        assert said.err.count("\n") == 1
    elif program == "encode drop-in":
        assert 'level=ERROR msg=snap-encode err="' in last
        assert said.err.count("\n") == 1
    else:
        assert said.err.startswith("error[")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("decode",),
        ("decode", "--input", "here"),
        ("decode", "--input", "", "--output", "there"),
        ("decode", *ENDS, "stray"),
        ("decode", *ENDS, "--bogus"),
        ("decode", *ENDS, "--adap", "red"),
        ("decode", *ENDS, "--adapter", "Red"),
        ("decode", *ENDS, "--adapter", "pink"),
        ("decode", *ENDS, "--versions", "oldest"),
        ("decode", *ENDS, "--as-of", "1e3"),
        ("decode", *ENDS, "--bundle", "few"),
        ("encode", *ENDS, "--last-commit-ts", "-1"),
        ("encode", *ENDS, "--last-commit-ts", " "),
        ("encode", *ENDS, "--replace"),
        ("deco", *ENDS),
        ("completion", "tcsh"),
    ],
)
def test_wrong_use_has_status_1_and_nothing_is_done(shell: Shell, library: Library, arguments: tuple[str, ...]) -> None:
    said = shell.codec(*arguments)
    assert (said.status, said.out, library.calls) == (1, "", [])
    assert said.err.startswith("error[")


@pytest.mark.parametrize("arguments", [(), ("stray",), (*ENDS, "stray"), (*ENDS, "-bogus"), (*ENDS, "-adapter=pink")])
def test_wrong_use_of_a_drop_in_has_status_1_and_nothing_is_done(
    shell: Shell, library: Library, arguments: tuple[str, ...]
) -> None:
    decode, encode = shell.decode(*arguments), shell.encode(*arguments)
    assert (decode.status, encode.status, library.calls) == (1, 1, [])
    assert decode.err.startswith("snap-decode: ")
    assert " level=ERROR msg=snap-encode err=" in encode.err


def test_the_encoder_names_the_first_wrong_option_in_the_documented_order(shell: Shell) -> None:
    """container-and-cli.md §6.2, row 1: syntax, input, output, adapters, timestamp."""
    arguments = ["--last-commit-ts=x", "--adapter=pink", "--bogus"]
    for name, mended in (
        ("bogus", ["--last-commit-ts=x", "--adapter=pink"]),
        ("--input", ["--last-commit-ts=x", "--adapter=pink", "--input=here"]),
        ("--output", ["--last-commit-ts=x", "--adapter=pink", "--output=there", "--input=here"]),
        ("--adapter", ["--last-commit-ts=x", "--output=there", "--input=here"]),
        ("--last-commit-ts", ["--output=there", "--input=here"]),
    ):
        said = shell.encode(*arguments)
        assert (said.status, name in said.err) == (1, True), said.err
        arguments = mended
    assert shell.encode(*arguments).status == 0


@pytest.mark.parametrize("program", ["codec", "decode", "encode"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_cleans_up_undisturbed_and_says_so(
    shell: Shell, library: Library, program: str, number: signal.Signals, status: int
) -> None:
    steps: list[str] = []

    def act(_: object) -> None:
        try:
            os.kill(os.getpid(), number)
            steps.append("went on")
        finally:
            os.kill(os.getpid(), number)
            steps.append("cleaned up")

    library.act = act
    before = signal.getsignal(number)
    said = shell.codec("decode", *ENDS) if program == "codec" else getattr(shell, program)(*ENDS)
    assert (said.status, steps) == (status, ["cleaned up"])
    assert number.name in said.err
    assert signal.getsignal(number) is before


def test_a_signal_that_the_caller_ignores_stays_ignored(shell: Shell, library: Library) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        library.act = lambda options: os.kill(os.getpid(), signal.SIGINT)
        assert shell.codec("decode", *ENDS).status == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_bug_is_not_dressed_up_as_an_error_of_the_user(shell: Shell, library: Library) -> None:
    library.raises(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        shell.codec("decode", *ENDS)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_status_0_and_lists_the_options_of_the_format(shell: Shell, flag: str) -> None:
    for said in (shell.codec("decode", flag), shell.codec("encode", flag), shell.decode(flag), shell.encode(flag)):
        assert (said.status, said.err) == (0, "")
        assert "--show-all" in said.out
        assert "--bundle" in said.out
        assert ",".join(ADAPTERS) in said.out
    assert shell.codec(flag).status == 0


def test_the_version_has_status_0(shell: Shell) -> None:
    said = shell.codec("--version")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("codec ")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_completion_script_names_the_program(shell: Shell, name: str) -> None:
    said = shell.codec("completion", name)
    assert said.status == 0
    assert "_CODEC_COMPLETE" in said.out


def test_decode_hands_every_option_to_the_library(shell: Shell, library: Library) -> None:
    own = ("--versions", "all", "--as-of", "0x10", "--replace", "--no-sync", "--shared", "--engine", "interpreter")
    for call in (lambda *a: shell.codec("decode", *a), shell.decode):
        library.calls.clear()
        said = call(*ENDS, *own, "--adapter", "blue,red", "--cluster-id", "c", "--show-all", "--bundle", "many")
        assert said.status == 0
        assert library.calls[0][:2] == (Path("here"), Path("there"))
        given = library.options
        wanted = DecodeOptions(
            adapters=("red", "blue"),
            switches={"show_all": True, "bundle": "many"},
            versions="all",
            as_of=16,
            cluster_id="c",
            replace=True,
            sync=False,
            shared=True,
            engine="interpreter",
        )
        assert replace(given, warn=wanted.warn, progress=wanted.progress) == wanted


def test_encode_hands_every_option_to_the_library(shell: Shell, library: Library) -> None:
    own = ("--last-commit-ts", " 08 ", "--scratch-root", "tmp", "--engine", "interpreter")
    for call in (lambda *a: shell.codec("encode", *a), shell.encode):
        library.calls.clear()
        assert call("--input", "./here/", "--output", "there", *own, "--adapter", "BLUE").status == 0
        assert library.texts.pop() == ("./here/", "there")
        given = library.options
        wanted = EncodeOptions(
            adapters=("blue",),
            switches={"show_all": False, "bundle": "one"},
            last_commit_ts=8,
            scratch_root=Path("tmp"),
            engine="interpreter",
        )
        assert replace(given, warn=wanted.warn, progress=wanted.progress, found=wanted.found) == wanted


def test_nothing_given_means_all_adapters_and_the_defaults(shell: Shell, library: Library) -> None:
    assert shell.decode(*ENDS, "--adapter=", "-bundle=").status == 0
    given = library.options
    assert isinstance(given, DecodeOptions)
    assert given.adapters is None
    assert given.switches == {"show_all": False, "bundle": "one"}
    assert (given.versions, given.as_of, given.replace, given.sync) == ("newest", None, False, True)


def test_a_self_test_that_does_not_match_has_status_2(shell: Shell, library: Library) -> None:
    library.encoded = replace(library.encoded, self_test_ran=True, mismatch="x/y (bytes differ)\n")
    for said in (shell.codec("encode", *ENDS, "--self-test"), shell.encode(*ENDS, "--self-test")):
        assert (said.status, said.out) == (2, "")
        assert "x/y (bytes differ)" in said.err


def test_errors_are_json_too_where_json_is_asked_for(shell: Shell, library: Library) -> None:
    library.raises(errors.StreamError("ErrTruncated", "cut", PLACE, "entry.value", "8 bytes", "3 bytes"))
    said = shell.encode(*ENDS, "-json")
    message = json.loads(said.out)
    assert said.err == ""
    assert (message["event"], message["status"], message["code"]) == ("error", 2, "ErrTruncated")
    assert (message["offset"], message["path"]) == (16, "entry.value")
    wrong_use = json.loads(shell.codec("decode", "--json", "--bogus").out)
    assert (wrong_use["event"], wrong_use["status"], wrong_use["code"]) == ("error", 1, "usage")


def test_a_reader_that_leaves_early_ends_the_run_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody_reads:
        command = [sys.executable, "-m", "tools.main", "--help"]
        ended = subprocess.run(command, stdout=nobody_reads, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("module", ["tools.main", "tools.snapshot_decode", "tools.snapshot_encode"])
def test_a_program_starts_without_the_parts_that_only_its_work_needs(module: str) -> None:
    heavy = "{'yaml', 'construct', 'jsonschema', 'hypothesis', 'importlib.metadata'}"
    code = f"import sys, {module}; print(*{heavy} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert ended.stdout == b"\n"
