"""The drop-ins' flag spelling: every accepted spelling means one thing, and everything else is refused."""

from __future__ import annotations

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codec.errors import UsageError
from tools.goflags import flags_of, rewritten

COMMAND = click.Command(
    "copy",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        click.Option(["--input"], default=""),
        click.Option(["--as-of"], default=""),
        click.Option(["--self-test"], is_flag=True),
        click.Option(["-q", "--quiet"], is_flag=True),
    ],
)
FLAGS = flags_of(COMMAND)
TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], []),
        (["-input", "a"], ["--input=a"]),
        (["--input", "a"], ["--input=a"]),
        (["-input=a"], ["--input=a"]),
        (["--input=a=b"], ["--input=a=b"]),
        (["--input="], ["--input="]),
        (["--input", ""], ["--input="]),
        (["--input", "--self-test"], ["--input=--self-test"]),
        (["--input", "a", "--input", "b"], ["--input=b"]),
        (["-self-test"], ["--self-test"]),
        (["--self-test=false"], []),
        (["--self-test", "--self-test=0"], []),
        (["--self-test=0", "--self-test"], ["--self-test"]),
        (["-q"], ["--quiet"]),
        (["-h"], ["--help"]),
        (["-help"], ["--help"]),
        (["--input=a", "--"], ["--input=a"]),
    ],
)
def test_a_spelling_means_one_thing(arguments: list[str], expected: list[str]) -> None:
    assert rewritten(arguments, FLAGS) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["stray"],
        ["--input", "a", "stray", "--self-test"],
        ["--self-test", "true"],
        ["--", "stray"],
        ["-"],
        [""],
        ["---input=a"],
        ["--=a"],
        ["-=a"],
        ["--inp=a"],
        ["--self"],
        ["--Input=a"],
        ["--bogus"],
        ["--input"],
        ["--self-test=yes"],
        ["--self-test="],
        ["--self-test=tRUE"],
        ["-qh"],
    ],
)
def test_a_stray_or_abbreviated_or_broken_argument_is_refused(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        rewritten(arguments, FLAGS)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[list[str], dict[str, object]]:
    """Arguments in any accepted spelling, and what they mean."""
    arguments: list[str] = []
    meaning: dict[str, object] = {"input": "", "as_of": "", "self_test": False, "quiet": False}
    for name in draw(st.lists(st.sampled_from(("input", "as-of", "self-test", "q", "quiet")))):
        dashed = draw(st.sampled_from(("-", "--"))) + name
        key = {"q": "quiet"}.get(name, name.replace("-", "_"))
        if isinstance(meaning[key], bool):
            value = draw(st.sampled_from(("", *TRUE, *FALSE)))
            arguments.append(f"{dashed}={value}" if value else dashed)
            meaning[key] = value not in FALSE
        else:
            meaning[key] = value = draw(st.text(max_size=5))
            arguments += [f"{dashed}={value}"] if draw(st.booleans()) else [dashed, value]
    return arguments + draw(st.sampled_from(([], ["--"]))), meaning


@given(spelled())
@example((["-input", "--as-of", "-as-of=-1"], {"input": "--as-of", "as_of": "-1", "self_test": False, "quiet": False}))
def test_click_reads_from_the_rewritten_arguments_what_any_spelling_means(
    case: tuple[list[str], dict[str, object]],
) -> None:
    arguments, meaning = case
    assert COMMAND.make_context("copy", rewritten(arguments, FLAGS)).params == meaning


@given(st.lists(st.text(alphabet="-=aqinput ") | st.sampled_from(("--input", "-q", "--self-test=1", "--"))))
def test_any_arguments_are_rewritten_whole_or_refused(arguments: list[str]) -> None:
    try:
        words = rewritten(arguments, FLAGS)
    except UsageError:
        return
    options = [word.partition("=")[0] for word in words]
    assert set(options) <= {flag.option for flag in FLAGS.values()}
    assert len(options) == len(set(options))
