"""What a command line needs to know of a format before anything is resolved: its adapters and its options."""

from __future__ import annotations

from typing import Literal

from codec.spec import ready
from codec.spec.plan import Option

__all__ = ["Option", "adapters", "options"]


def adapters(format: str) -> tuple[str, ...]:
    """The names of the adapters, in the order in which the container carries them."""
    return tuple(adapter.name for adapter in ready.load(format).adapters)


def options(format: str, direction: Literal["decode", "encode"]) -> tuple[Option, ...]:
    """The options that the adapters declare for one direction."""
    container = ready.load(format)
    return tuple(o for adapter in container.adapters for o in adapter.options if direction in o.directions)
