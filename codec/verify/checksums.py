"""Whether a tree is what its list of checksums says, in both directions; every disagreement as an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codec.errors import CodecError, DataError, Place, TreeError
from codec.tree.agreement import Findings, disagreements, walk
from codec.tree.checksums import Finding
from codec.tree.walk import TreeFault, TreeReader

Tell = Callable[[CodecError], None]


def judge_checksums(reader: TreeReader, own: str, tell: Tell) -> int:
    """Tell every disagreement between the tree and its list at the path `own`; how many files there are.

    Every file is read once; memory is that of the sorters.
    """
    return _judge(reader, own, tell, Findings())


def demand_checksums(reader: TreeReader, own: str, tell: Tell) -> None:
    """The same, and `DataError` with the first of them if there is any."""
    findings = Findings()
    _judge(reader, own, tell, findings)
    findings.refuse(own)


def _judge(reader: TreeReader, own: str, tell: Tell, findings: Findings) -> int:
    files = 0

    def told(finding: Finding) -> None:
        findings.tell(finding)
        tell(_error(own, finding))

    def counted() -> Iterator[tuple[str, str]]:
        nonlocal files
        for one in walk(reader, told):
            if not one.is_folder:
                files += 1
                yield one.path, one.digest

    try:
        with reader.open(own) as text:
            for finding in disagreements(counted(), text, own):
                told(finding)
    except TreeFault as fault:
        if fault.path != own:
            raise DataError("tree-changed", "the tree changed while it was read", Place(fault.path)) from None
        told(Finding(0, "missing" if fault.kind == "missing" else "not_regular", own))
    return files


def _error(own: str, finding: Finding) -> CodecError:
    where = Place(finding.path) if finding.path else Place(own, None, finding.line, 1)
    what = finding.kind.replace("_", " ")
    code = f"checksum-{finding.kind.replace('_', '-')}"
    message = f"the tree and its checksums do not agree: {what}"
    return TreeError(code, message, where, "", finding.expected, finding.found)
