"""Two versions of a format compared: every change, the rule that it falls under, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from codec.spec import library
from codec.spec.change_rules import BYTES, READERS, TEXT_ONLY, WRITERS, Rule, rule_of
from codec.spec.differences import Difference, differences
from codec.spec.extends import extended
from codec.spec.source import Mapping

CONTAINER = "container"
EFFECTS = (READERS, WRITERS, BYTES, TEXT_ONLY)  # in the order in which changes are listed
SHOWN = 60  # characters of a part


@dataclass(frozen=True, slots=True)
class Change:
    """One change, and the rule that it falls under."""

    difference: Difference
    rule: Rule

    @property
    def effects(self) -> tuple[str, ...]:
        """What it means; a change that means nothing to programs is one of texts only."""
        return self.rule.effects or (TEXT_ONLY,)

    def as_json(self) -> dict[str, object]:
        """The change as plain data."""
        one = self.difference
        data: dict[str, object] = {"rule": self.rule.name, "effects": [*self.effects], "kind": one.kind}
        data |= {"at": [*one.way], "old": one.old, "new": one.new, "says": self.rule.says}
        return data | {"file": one.place.source, "line": one.place.line}


def diff(old: str, new: str) -> tuple[Change, ...]:
    """Every change from the format `old` to `new` (names or paths), worst first; raises `SpecError`."""
    parts = [Change(one, rule_of(one)) for one in _differences(old, new)]
    return tuple(sorted(parts, key=lambda change: EFFECTS.index(change.effects[0])))


def _differences(old: str, new: str) -> Iterator[Difference]:
    before, after = _whole(old), _whole(new)
    for name in sorted({*before, *after}, key=[*before, *after].index):
        if name not in before or name not in after:
            part = after.get(name, before.get(name))
            assert part is not None
            yield Difference("removed" if name in before else "added", (name,), None, None, part.place)
        else:
            yield from differences(before[name], after[name], (name,))


def _whole(name: str) -> dict[str, Mapping]:
    """The container of a format, then its adapters by name; all that is wrong with them is raised first."""
    library.load(name)
    path = library.main_file(name)
    main = extended(path)
    return {CONTAINER: main} | {str(data["adapter"]): data for data in library.carried(path, main)}


def counted(changes: tuple[Change, ...]) -> dict[str, int]:
    """How many changes have each effect; one may have two."""
    counts = Counter(effect for change in changes for effect in change.effects)
    return {effect: counts[effect] for effect in EFFECTS}


def lines(changes: tuple[Change, ...]) -> Iterator[str]:
    """The changes as text: a heading for each effect, then a line for each change that has it first."""
    heading: tuple[str, ...] = ()
    for change in changes:
        if change.effects != heading:
            heading = change.effects
            yield ", ".join(heading)
        one = change.difference
        yield f"  {change.rule.name}: {'.'.join(one.way)} {_what(one)}"
        yield f"      {change.rule.says} ({one.place})"


def _what(one: Difference) -> str:
    if one.kind == "changed":
        return f"{_short(one.old)} -> {_short(one.new)}"
    return f"renamed to {one.new}" if one.kind == "renamed" else one.kind


def _short(part: object) -> str:
    text = str(part) if isinstance(part, str) else repr(part)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
