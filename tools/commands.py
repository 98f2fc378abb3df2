"""The two commands `decode` and `encode`, shared by `codec` and the drop-in tools.

Invariant: they only turn options into one call of the library and its result into an `Outcome`; options that belong to
a format come from its spec (`codec.spec.options`), none is named here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

import click

from codec.errors import DataError, Place, UsageError

from .session import Session
from .values import ALL, adapter_names, timestamp

if TYPE_CHECKING:
    from codec.api import Engine, OutputContainer, Versions
    from codec.spec.options import Option

Direction = Literal["decode", "encode"]

MOST_JOBS = 64
CONTAINERS = ("stream", "payload", "runtime")
HELP: dict[str, object] = {"help_option_names": ["-h", "--help"]}
_STATUSES = "Exit status: 0 done, 1 wrong use, 2 wrong data (a decode drop-in knows only 1), 130 or 143 interrupted."


class LateCommand(click.Command):
    """A command whose options come from a spec that is read only when it is called: the others start at once.

    `format` is that spec: the one that the arguments name, else the usual one.
    """

    late: Callable[[str], list[click.Parameter]]
    format = ""
    named_by = "--spec"

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self.params:
            self.params = self.late(self.format or default_format())
        return super().get_params(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        self.choose(args)
        return super().parse_args(ctx, args)

    def choose(self, arguments: Sequence[str]) -> None:
        """Take the options of the spec that `arguments` name, which need not be valid."""
        named = spec_named(arguments, self.named_by)
        if named != self.format:
            self.format, self.params = named, []


def spec_named(arguments: Sequence[str], option: str = "--spec") -> str:
    """The value of `--spec` among `arguments`, in any accepted spelling; empty if it is not there."""
    named = ""
    for index, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in (option, option[1:]):
            named = value if equals else "".join(arguments[index + 1 : index + 2])
    return named


def decode_command() -> LateCommand:
    """`decode`: a snapshot becomes a tree."""
    command = LateCommand(
        "decode",
        context_settings=HELP,
        callback=click.pass_obj(_decode),
        options_metavar="--input FILE --output DIR [options]",
        short_help="Write a tree that people can read, from a snapshot.",
        help="Write DIR, a tree that people can read, from FILE, a snapshot.\n\n"
        "DIR appears whole or not at all; FILE is only read.",
        epilog=_STATUSES,
    )
    command.late = _decode_options
    return command


def encode_command() -> LateCommand:
    """`encode`: a tree becomes a snapshot."""
    command = LateCommand(
        "encode",
        context_settings=HELP,
        callback=click.pass_obj(_encode),
        options_metavar="--input DIR --output FILE [options]",
        short_help="Write a snapshot, from a tree.",
        help="Write FILE, a snapshot, from DIR, a tree that `decode` wrote.\n\n"
        "FILE appears whole or not at all, with a note beside it on how it was made; DIR is only read.",
        epilog=_STATUSES,
    )
    command.late = _encode_options
    return command


def _decode_options(format: str) -> list[click.Parameter]:
    return [
        _path(["--input", "source"], "FILE", "Snapshot to read."),
        _path(["--output", "target"], "DIR", "Tree to write; absent or empty, unless --replace."),
        _adapter_option(format),
        *format_options(format, "decode"),
        _text("--cluster-id", "TEXT", "Name of the cluster, for the manifest."),
        _choice("--versions", ("newest", "all"), "Rows that count: the newest of each key, or all in file order."),
        _text("--as-of", "N", "Only versions committed at or before N count."),
        _flag("--self-test", "Encode the tree again and compare before it appears."),
        _flag("--complement", "Keep what the documents do not say, so that encode gives the same file again."),
        _flag("--replace", "Replace a tree that is already at --output, as a whole."),
        _flag("--no-sync", "Do not wait until the tree is on the disk."),
        _flag("--shared", "Let the umask say who may read the tree; else only you may."),
        *_common_options(),
    ]


def _encode_options(format: str) -> list[click.Parameter]:
    return [
        _path(["--input", "source"], "DIR", "Tree to read, with its manifest at the root."),
        _path(["--output", "target"], "FILE", "Snapshot to write."),
        _adapter_option(format),
        *format_options(format, "encode"),
        _text("--last-commit-ts", "N", "Timestamp to write, not below the manifest's.  [default: the manifest's]"),
        _flag("--verify", "Compare the tree with its checksums first; any difference ends the run."),
        _flag("--ignore-complement", "Use the documents alone, even if the tree has a complement."),
        _one_of("--output-container", CONTAINERS, "Layers of the output.  [default: the complement's, else stream]"),
        _flag("--self-test", "Read the snapshot back and compare before it appears."),
        _path(["--scratch-root"], "DIR", "Folder for what the self-test must put aside.  [default: the system's]"),
        *_common_options(),
    ]


def _common_options() -> list[click.Parameter]:
    return [
        _text("--spec", "SPEC", "Name or path of the format's spec.  [default: the one that the input tells]"),
        _choice("--engine", ("compiled", "interpreter"), "Generated code, or the plan step by step; same results."),
        _jobs_option(),
        # These three are read off the arguments before anything can go wrong (`Program.voice`).
        click.Option(["--json"], is_flag=True, expose_value=False, help="Messages as JSON lines, for programs."),
        click.Option(["--progress"], is_flag=True, expose_value=False, help="Progress also without a terminal."),
        click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, help="Errors only."),
    ]


def _decode(
    session: Session,
    *,
    source: str,
    target: str,
    adapter: str,
    cluster_id: str,
    versions: Versions,
    as_of: str,
    self_test: bool,
    complement: bool,
    replace: bool,
    no_sync: bool,
    shared: bool,
    spec: str,
    engine: Engine,
    jobs: int | None,
    **switches: object,
) -> None:
    _need(source, "--input")
    _need(target, "--output")
    known = _adapters(spec)
    chosen = _chosen(adapter, known, fold_case=False)
    bound = timestamp(as_of, "--as-of")

    from codec import api

    from . import results

    session.doing = f"decode {source}"
    start = monotonic()
    options = api.DecodeOptions(
        adapters=chosen,
        switches=switches,
        versions=versions,
        as_of=bound,
        cluster_id=cluster_id,
        self_test=self_test,
        complement=complement,
        replace=replace,
        sync=not no_sync,
        shared=shared,
        format=spec,
        engine=engine,
        jobs=jobs,
        warn=session.voice.warning,
        progress=session.voice.progress,
    )
    result = api.decode_snapshot(Path(source), Path(target), options)
    if unknown := results.unknown_rows(result):
        session.voice.warning(unknown)
    session.voice.result(results.decoded(result, known, source, target, monotonic() - start))


def _encode(
    session: Session,
    *,
    source: str,
    target: str,
    adapter: str,
    last_commit_ts: str,
    verify: bool,
    ignore_complement: bool,
    output_container: OutputContainer | None,
    self_test: bool,
    scratch_root: str,
    spec: str,
    engine: Engine,
    jobs: int | None,
    **switches: object,
) -> None:
    _need(source, "--input")
    _need(target, "--output")
    chosen = _chosen(adapter, _adapters(spec), fold_case=True)
    commit = timestamp(last_commit_ts, "--last-commit-ts")

    from codec import api
    from codec.runs import encode_to_file

    from . import results

    session.doing = f"encode {source}"
    start = monotonic()
    options = api.EncodeOptions(
        adapters=chosen,
        switches=switches,
        last_commit_ts=commit,
        ignore_complement=ignore_complement,
        output_container=output_container or "",
        self_test=self_test,
        verify=verify,
        found=session.voice.finding,
        scratch_root=Path(scratch_root) if scratch_root else None,
        format=spec,
        engine=engine,
        jobs=jobs,
        warn=session.voice.warning,
        progress=session.voice.progress,
    )
    result = encode_to_file(Path(source), Path(target), options, input_text=source, output_text=target)
    if result.self_test_ran and not result.self_test_matched:
        raise DataError(
            "self_test",
            "the snapshot, read back, does not give the same tree; nothing was published",
            Place(target),
            expected="no difference",
            found=result.mismatch.partition("\n")[0],
            hint="the mismatch note beside --output lists the differences",
        )
    session.voice.result(results.encoded(result, source, target, monotonic() - start))


def _chosen(text: str, known: tuple[str, ...], *, fold_case: bool) -> tuple[str, ...] | None:
    """The adapters that are meant, None for all, also those of a spec that only the input tells."""
    return None if text in ("", ALL) else adapter_names(text, known, fold_case=fold_case)


def _need(value: str, option: str) -> None:
    if not value:
        raise UsageError("usage", f"{option} is required")


def _path(names: list[str], metavar: str, help: str) -> click.Option:
    return click.Option(names, type=click.Path(), default="", metavar=metavar, help=help)


def _text(name: str, metavar: str, help: str) -> click.Option:
    return click.Option([name], default="", metavar=metavar, help=help)


def _flag(name: str, help: str) -> click.Option:
    return click.Option([name], is_flag=True, default=False, help=help)


def _choice(name: str, choices: tuple[str, ...], help: str) -> click.Option:
    """A choice whose first entry is the default."""
    return click.Option([name], type=click.Choice(choices), default=choices[0], show_default=True, help=help)


def _one_of(name: str, choices: tuple[str, ...], help: str) -> click.Option:
    """A choice that need not be made."""
    return click.Option([name], type=click.Choice(choices), help=help)


class _ChoiceOrDefault(click.Choice[str]):
    """A choice where an empty value means the default, as in the reference (container-and-cli.md §5.1)."""

    def __init__(self, choices: tuple[str, ...], default: str) -> None:
        super().__init__(choices)
        self._default = default

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(value or self._default, param, ctx)


def _jobs_option() -> click.Option:
    kind = click.IntRange(1, MOST_JOBS)
    return click.Option(
        ["--jobs"], type=kind, metavar="N", help="Processes that may share the work.  [default: up to 2]"
    )


def _adapter_option(format: str) -> click.Option:
    listed = f"Of {','.join(_adapters(format))}."
    return click.Option(["--adapter"], default=ALL, show_default=True, metavar="LIST", help=listed)


def format_options(format: str, *directions: Direction) -> list[click.Option]:
    """The options that a format declares for one of these directions, each once."""
    from codec.spec.options import options

    declared = {option.name: option for direction in directions for option in options(format, direction)}
    return [_format_option(option) for option in declared.values()]


def _format_option(option: Option) -> click.Option:
    name = f"--{option.name.replace('_', '-')}"
    sentence = f"{option.help[:1].upper()}{option.help[1:].rstrip('.')}."
    if option.kind == "flag":
        return _flag(name, sentence)
    if option.kind == "number":
        return click.Option(
            [name], type=click.IntRange(*option.between), default=option.default, show_default=True, help=sentence
        )
    default = str(option.default)
    kind = _ChoiceOrDefault(option.choices, default)
    return click.Option([name], type=kind, default=default, show_default=True, help=sentence)


def _adapters(format: str) -> tuple[str, ...]:
    from codec.spec.options import adapters

    return adapters(format or default_format())


def default_format() -> str:
    """The format that is meant where none is named: the library's own default."""
    from codec.api import DEFAULT_FORMAT

    return DEFAULT_FORMAT
