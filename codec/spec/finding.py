"""What the lint reports: a mistake, or a doubt about something that may be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from codec.errors import Place, SpecError
from codec.spec import plan
from codec.spec.container import Container
from codec.spec.source import Mapping


@dataclass(frozen=True, slots=True)
class Finding:
    """An error makes a spec unusable or unsound; a warning is something to look at."""

    severity: Literal["error", "warning"]
    error: SpecError


def mistake(code: str, message: str, place: Place, path: str = "", hint: str = "") -> Finding:
    """An error at `place`, with the way out of it."""
    return Finding("error", SpecError(code, message, place, path, hint=hint))


def doubt(code: str, message: str, place: Place, path: str = "", hint: str = "") -> Finding:
    """A warning at `place`."""
    return Finding("warning", SpecError(code, message, place, path, hint=hint))


@dataclass(frozen=True, slots=True)
class Subject:
    """One adapter as a plan, and as it is written."""

    adapter: plan.Adapter
    data: Mapping


@dataclass(frozen=True, slots=True)
class Format:
    """All adapters of a format; the container and its data are None where a single adapter is checked."""

    subjects: tuple[Subject, ...]
    container: Container | None = None
    data: Mapping | None = None


AdapterRule: TypeAlias = Callable[[Subject], Iterator[Finding]]
FormatRule: TypeAlias = Callable[[Format], Iterator[Finding]]
