"""A verification: a file with the document beside it, or a tree; every finding of one run, sorted, each once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from codec.api import VerifyOptions, VerifyResult, Warned
from codec.errors import Place, UsageError
from codec.opening import format_of_input
from codec.spec import ready
from codec.spec.container import Container
from codec.verify.beside import verify_beside
from codec.verify.file import FileCheck
from codec.verify.findings import Findings
from codec.verify.tree import TreeCheck

TREE = "tree"


def verify(source: Path, options: VerifyOptions) -> VerifyResult:
    """See `codec.api.verify_snapshot`."""
    if not (source.is_file() or source.is_dir()):
        what = "this is neither a file nor a tree" if source.exists() else "there is nothing to verify"
        raise UsageError("input", what, Place(str(source)), hint="name a snapshot file or a tree")
    options = replace(options, format=format_of_input(source, options.format))
    container = ready.load(options.format)
    with Findings() as findings:
        missing: UsageError | None = None
        if source.is_dir():
            tree = TreeCheck(container, source, options, findings.add)
            tree.run()
            kind, counts = TREE, tree.counts
        else:
            file = FileCheck(container, source, options, findings.add)
            file.run()
            kind, counts = file.kind, file.counts
            missing = _beside(container, source, kind, options, findings)
        for finding in findings.sorted():
            options.found(finding)
        count = findings.by_code.total()
        if missing is not None and not count:
            raise missing
        return VerifyResult(kind, count, dict(findings.by_code), dict(counts))


def _beside(
    container: Container, source: Path, kind: str, options: VerifyOptions, findings: Findings
) -> UsageError | None:
    """Judge the document beside a file; an error if it is not there and should be: only a stream that an encode wrote
    must have one."""
    beside = options.encode_info or source.with_name(source.name + container.encode_info.path)
    wanted = options.encode_info is not None or kind == container.written.name
    if options.alone or not (wanted or beside.exists()):
        return None
    try:
        unknown = verify_beside(container, source, beside, options.format, findings.add)
    except UsageError as error:
        return error
    if unknown:
        fields = (("count", len(unknown)), ("first", ", ".join(unknown[:5])), ("hint", "they were passed over"))
        options.warn(Warned("unknown_info_members", fields))
    return None
