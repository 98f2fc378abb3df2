"""What the rules on changes are made of: ways to parts as patterns, and kinds of change that a way alone does not tell."""

from __future__ import annotations

from collections.abc import Callable

from codec.spec.differences import Difference, Way

ANY = "*"  # one step of a way
REST = "**"  # any number of steps, none included
LIMITS = frozenset({"max", "most", "max_line"})
Fits = Callable[[Difference], bool]


def leads(way: Way, *pattern: str) -> bool:
    """Whether a way fits a pattern of steps, `*` and `**`."""
    if not pattern:
        return not way
    if pattern[0] == REST:
        return any(leads(way[index:], *pattern[1:]) for index in range(len(way) + 1))
    return bool(way) and pattern[0] in (ANY, way[0]) and leads(way[1:], *pattern[1:])


def at(*pattern: str, kind: str = "") -> Fits:
    """Fits a difference at such a way, of one kind (several: `added removed`) or of any."""
    return lambda one: (not kind or one.kind in kind.split()) and leads(one.way, *pattern)


def limit(higher: bool) -> Fits:
    def fits(one: Difference) -> bool:
        old, new = one.old, one.new
        last = one.way[-1] if one.way else ""
        if (
            one.kind != "changed"
            or not isinstance(old, int)
            or not isinstance(new, int)
            or last not in {*LIMITS, "min"}
        ):
            return False
        return (new > old) == (higher if last in LIMITS else not higher)

    return fits


def _role(one: Difference) -> str:
    """What a record kind that came or went is: `legacy`, `derived`, `dropped`, or empty."""
    part = one.new if one.kind == "added" else one.old
    return next((word for word in ("legacy", "derived", "dropped") if isinstance(part, dict) and word in part), "")


def kind_of_record(kind: str, *roles: str) -> Fits:
    whole = at(ANY, "entities", ANY, "stored", ANY, kind=kind)
    shared = at(ANY, "shared", ANY, kind=kind)
    return lambda one: (whole(one) or shared(one)) and _role(one) in roles


def member(kind: str, optional: bool) -> Fits:
    def fits(one: Difference) -> bool:
        part = one.new if one.kind == "added" else one.old
        left_out = isinstance(part, dict) and "left_out" in (part.get("none"), part.get("empty"))
        return one.kind == kind and is_member(one.way) and left_out == optional

    return fits


def is_member(way: Way) -> bool:
    """Whether a way leads to a member of a document, at any depth."""
    inside = way[4:] if leads(way[:4], ANY, "entities", ANY, "shown") else ()
    return len(inside) > 1 and way[-2] in ("json", "line", "item", "object", "together")


def within(words: frozenset[str]) -> Fits:
    return lambda one: any(step in words for step in one.way)


STORED = (ANY, "entities", ANY, "stored", ANY)
SHOWN = (ANY, "entities", ANY, "shown", ANY)
VALUE = (*STORED, "value")
