"""What the programs say: results on standard output, the rest on standard error, every message on its own line."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.api import Progress, Warned
from tests.cli.stand_in import DECODED, ENCODED, Library, Shell, with_unknown
from tools.logline import log_line
from tools.progress import Meter, Pace, ProgressLine, Speed, duration, sentence, size
from tools.voices import printable

ENDS = ("--input", "here", "--output", "there")
WARNED = Warned("short_list", (("count", 3), ("hint", "count does not match")))
TIME = re.compile(r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[-+]\d\d:\d\d) ")
GO_ESCAPE = re.compile(r'\\(?:[abfnrtv"\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})')
LETTERS = dict(zip('abfnrtv"\\', '\a\b\f\n\r\t\v"\\', strict=True))


def without_time(text: str) -> list[str]:
    """The lines of `text`, each of which starts with a time of the right form, without it."""
    lines = text.splitlines()
    assert all(TIME.match(line) for line in lines)
    return [TIME.sub("", line, count=1) for line in lines]


def test_the_decode_drop_in_closes_with_the_line_of_the_reference(shell: Shell, library: Library) -> None:
    library.decoded = replace(DECODED, counts={k: v for k, v in DECODED.counts.items() if k != "older"})
    said = shell.decode(*ENDS)
    assert (said.status, said.out) == (0, "")
    assert without_time(said.err) == [
        'level=INFO msg="snapshot decoded" input=here output=there entries=5 blue=1 green=0 red=2 '
        "tombstone=1 internal=1 unknown=0 last_commit_ts=77"
    ]


def test_the_encode_drop_in_closes_with_the_line_of_the_reference(shell: Shell) -> None:
    said = shell.encode(*ENDS)
    assert (said.status, said.out) == (0, "")
    assert without_time(said.err) == [
        'level=INFO msg="encode complete" output=there bytes=65 self_test=false adapters=red,blue'
    ]


def test_what_was_hidden_or_lost_is_said_beside_the_line_of_the_reference(shell: Shell, library: Library) -> None:
    library.decoded = replace(DECODED, losses={"trimmed": 2, "nothing": 0})
    assert without_time(shell.decode(*ENDS).err)[1:] == [
        'level=INFO msg="rows hidden" older=3',
        'level=INFO msg="not in the tree" trimmed=2',
    ]
    said = shell.codec("decode", *ENDS)
    assert "hidden    older 3\n" in said.out
    assert "lost      trimmed 2\n" in said.out


def test_unknown_rows_are_one_warning_with_their_number_and_prefixes(shell: Shell, library: Library) -> None:
    library.decoded = with_unknown(DECODED)
    (warning, *_) = without_time(shell.decode(*ENDS).err)
    assert warning.startswith(
        'level=WARN msg="encoder warning" event=unknown_rows count=3 first_prefixes="a|, b|" hint='
    )
    said = shell.codec("decode", *ENDS)
    assert (said.status, said.err.count("unknown_rows")) == (0, 1)


def test_people_get_the_summary_on_standard_output(shell: Shell, library: Library) -> None:
    library.encoded = replace(
        ENCODED, bytes_written=15_700_000, entries=100_000, self_test_ran=True, self_test_matched=True
    )
    decoded, encoded = shell.codec("decode", *ENDS), shell.codec("encode", *ENDS)
    assert (decoded.err, encoded.err) == ("", "")
    assert decoded.out.splitlines()[0].startswith("wrote     there  4 files  in ")
    assert "adapters  red 2   green 0   blue 1\n" in decoded.out
    assert encoded.out.splitlines()[0].startswith("wrote      there  15.7 MB  100,000 records  in ")
    assert "self-test  matched: 0 files differ\n" in encoded.out
    assert f"sha256     {ENCODED.sha256}\n" in encoded.out


@pytest.mark.parametrize("command", ["decode", "encode"])
def test_json_messages_are_one_object_a_line_on_standard_output(shell: Shell, library: Library, command: str) -> None:
    def act(options: object) -> None:
        options.warn(WARNED)  # type: ignore[attr-defined]
        for done in range(1000):
            options.progress(Progress("rows", done, 1000))  # type: ignore[attr-defined]

    library.act = act
    for said in (shell.codec(command, *ENDS, "--json"), getattr(shell, command)(*ENDS, "-json=true")):
        assert (said.status, said.err) == (0, "")
        warning, progress, *more, result = map(json.loads, said.out.splitlines())
        fields = {"count": 3, "hint": "count does not match"}
        assert warning == {"event": "warning", "warning": "short_list", "fields": fields}
        assert progress == {"event": "progress", "phase": "rows", "done": 0, "total": 1000, "unit": "bytes"}
        assert len(more) < 100
        assert (result["event"], result["command"], result["input"], result["output"]) == (
            "result",
            command,
            *ENDS[1::2],
        )
        wanted = asdict(DECODED if command == "decode" else ENCODED)
        assert {name: result[name] for name in wanted} == json.loads(json.dumps(wanted))


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_leaves_only_errors(shell: Shell, library: Library, flag: str) -> None:
    library.decoded = with_unknown(DECODED)
    for said in (
        shell.codec("decode", *ENDS, flag),
        shell.decode(*ENDS, flag),
        shell.codec("decode", *ENDS, flag, "--json"),
    ):
        assert (said.status, said.out, said.err) == (0, "", "")
    library.raises(FileNotFoundError(2, "No such file or directory", "here"))
    assert shell.codec("decode", *ENDS, flag).err.startswith("error[io] ")


def test_a_warning_is_for_people_or_in_the_form_of_the_reference(shell: Shell, library: Library) -> None:
    library.act = lambda options: options.warn(WARNED)
    assert shell.codec("decode", *ENDS).err == "warning  short_list  count 3  hint count does not match\n"
    line = 'level=WARN msg="encoder warning" event=short_list count=3 hint="count does not match"'
    assert without_time(shell.decode(*ENDS).err)[0] == line


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("a/b-c.d|e!f", "a/b-c.d|e!f"),
        ("back\\slash", "back\\slash"),
        ("ü", "ü"),
        (7, "7"),
        (True, "true"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a=b", '"a=b"'),
        ('say "x"', '"say \\"x\\""'),
        ("a\\ b", '"a\\\\ b"'),
        ("a\nb\tc", '"a\\nb\\tc"'),
        ("\x00\x7f\x85", '"\\x00\\x7f\\u0085"'),
        ("\u2028", '"\\u2028"'),
        ("\udcff", '"\\xff"'),
        ("a — b", '"a — b"'),
    ],
)
def test_a_log_value_is_quoted_as_the_reference_does(value: object, text: str) -> None:
    assert without_time(log_line("INFO", "m", [("k", value)])) == [f"level=INFO msg=m k={text}"]


@given(st.text())
def test_a_log_value_is_on_one_line_and_can_be_read_back(text: str) -> None:
    line = log_line("INFO", "m", [("k", text)])
    assert line.isprintable()
    value = line.partition(" k=")[2]
    if value.startswith('"'):
        body = value[1:-1]
        value = GO_ESCAPE.sub(lambda m: LETTERS.get(m[0][1]) or chr(int(m[0][2:], 16)), body)
        assert '"' not in GO_ESCAPE.sub("", body)
    assert value == text


@given(st.text(alphabet=st.characters()), st.sampled_from(("", "\n")))
def test_nothing_printed_can_act_on_a_terminal(text: str, keep: str) -> None:
    shown = printable(text, keep)
    assert all(char.isprintable() or char in keep for char in shown)
    assert printable(shown, keep) == shown


def test_a_name_with_control_characters_is_escaped_everywhere(shell: Shell) -> None:
    name = "a\x1b[2Jb\udcff"
    for said in (
        shell.codec("decode", "--input", name, "--output", name),
        shell.decode("--input", name, "--output", name),
    ):
        assert said.status == 0
        assert all(line.isprintable() for line in (said.out + said.err).splitlines())
    assert json.loads(shell.codec("decode", "--input", name, "--output", name, "--json").out)["input"] == name


class Terminal(io.StringIO):
    """A terminal that keeps what it was told."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("total", [0, 10])
def test_a_line_of_progress_shows_its_phase_and_ends(total: int) -> None:
    terminal = Terminal()
    line = ProgressLine(terminal, 80)
    line.show(Progress("reading", 4, total))
    line.show(Progress("writing", 1, total))
    line.close()
    line.close()
    assert "reading" in terminal.getvalue()
    assert "writing" in terminal.getvalue()
    assert ("40%" in terminal.getvalue()) is bool(total)
    assert terminal.getvalue().count("\n") == 2


@given(width=st.integers(10, 200), reports=st.lists(st.integers(0, 1 << 62), max_size=5))
def test_a_line_of_progress_never_fills_the_line(width: int, reports: list[int]) -> None:
    terminal = Terminal()
    line = ProgressLine(terminal, width)
    for number, done in enumerate(reports):
        line.show(Progress(f"phase {number}", done, 1 << 62))
    shown = [text.replace("\x1b[K", "") for text in re.split("[\r\n]", terminal.getvalue())]
    assert all(len(text) < width for text in shown)


def test_rate_and_time_left_are_those_since_the_phase_began(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter((100.0, 102.0, 110.0, 111.0))
    monkeypatch.setattr("tools.progress.monotonic", lambda: next(now))
    meter = Meter()
    assert meter.speed(Progress("one", 50, 250)) == Speed(None, None)
    assert meter.speed(Progress("one", 150, 250)) == Speed(50.0, 2.0)
    assert meter.speed(Progress("two", 0, 0)) == Speed(None, None)
    assert meter.speed(Progress("two", 7, 0)) == Speed(7.0, None)


def test_progress_in_words() -> None:
    whole = Progress("decode", 1_200_000_000, 2_700_000_000)
    assert sentence(whole, Speed(310e6, 4.8)) == "decode  44%  1.2 GB of 2.7 GB  310.0 MB/s  5 s left"
    assert sentence(Progress("encode", 1200, 0, "files"), Speed(40.0, None)) == "encode  1,200 files  40 files/s"
    assert [duration(seconds) for seconds in (0.2, 59.4, 200, 7500)] == ["0 s", "59 s", "3 min 20 s", "2 h 5 min"]
    assert [size(count) for count in (0, 999, 1000, 10**16)] == ["0 bytes", "999 bytes", "1.0 kB", "10000.0 TB"]


@pytest.mark.parametrize("asked", [False, True])
def test_without_a_terminal_progress_is_said_only_if_it_is_asked_for(
    shell: Shell, library: Library, asked: bool
) -> None:
    def act(options: object) -> None:
        for done in range(100):
            options.progress(Progress("rows", done, 100, "files"))  # type: ignore[attr-defined]

    library.act = act
    flag = ("--progress",) if asked else ()
    people, log = shell.codec("decode", *ENDS, *flag), shell.decode(*ENDS, *flag)
    assert people.err == ("rows  0%  0 files of 100 files\n" if asked else "")
    lines = [line for line in log.err.splitlines() if "msg=progress" in line]
    assert len(lines) == asked
    assert all(line.endswith("level=INFO msg=progress phase=rows done=0 total=100 unit=files") for line in lines)
    assert shell.codec("decode", *ENDS, "-q", *flag).err == ""


def test_a_pace_is_due_at_once_and_then_not_before_its_time() -> None:
    pace = Pace(seconds=3600)
    assert [pace.due() for _ in range(3)] == [True, False, False]
