"""Members of JSON objects as lines of a table: in documents, and in records that hold JSON."""

from __future__ import annotations

from collections.abc import Iterator

from codec.generate.manual.blocks import code
from codec.spec import plan

MEMBERS = ("member", "holds", "says", "left out")


def members(held: tuple[plan.Member, ...], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """A line for each member of an object, those inside another after it."""
    for member in held:
        name = prefix + member.name
        yield code(name), holds(member), _says(member), _left_out(member)
        yield from members(member.members, f"{name}.")
        if member.each is not None and not member.bare:
            yield from members(member.item, f"{name}[].")


def holds(member: plan.Member) -> str:
    """What the member looks like."""
    if member.is_constant:
        return f"always {code(str(member.constant))}"
    if member.members:
        return "an object"
    if member.each is not None:
        inner = f": {holds(member.item[0])}" if member.bare else " of objects"
        return f"an array{inner}"
    if member.stem:
        return "the name of the document beside it"
    if member.pattern:
        return "text: " + code("".join(p if isinstance(p, str) else f"{{{p[0].text}}}" for p in member.pattern))
    if member.texts:
        return "an array of strings"
    if member.keyed is not None:
        return "an object with a member for each element"
    return _lower(member.face.describe().rstrip(".")) if member.face is not None else ""


def _says(member: plan.Member) -> str:
    name = member.target or member.each or member.keyed
    says = member.derive.describe() if member.derive is not None else code(name.text) if name is not None else ""
    notes = []
    if member.zero_is_none:
        notes.append("0 is none")
    if member.unless:
        notes.append(f"{member.reset} without the option {code(member.unless)}")
    if member.because:
        notes.append(member.because)
    return "; ".join(note for note in (says, *notes) if note)


def _left_out(member: plan.Member) -> str:
    reasons = []
    if member.hidden:
        reasons.append("always")
    if member.option:
        reasons.append(f"without the option {code(member.option)}")
    if member.shown_with:
        reasons.append(f"without the options {', '.join(map(code, member.shown_with))}")
    if member.empty_left_out:
        reasons.append("if it is empty")
    if member.none == "left_out":
        reasons.append("if there is none")
    return ", ".join(reasons)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
