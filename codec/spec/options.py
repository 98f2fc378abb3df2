"""What a command line needs to know of a format before anything is resolved: its adapters and its options."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, cast

from codec.spec import library
from codec.spec.extends import extended
from codec.spec.plan import Option
from codec.spec.resolve import options as declared
from codec.spec.source import Mapping

__all__ = ["Option", "adapters", "options"]


@lru_cache
def _specs(name: str) -> tuple[Mapping, ...]:
    path = library.main_file(name)
    return tuple(library.carried(path, extended(path)))


def adapters(format: str) -> tuple[str, ...]:
    """The names of the adapters, in the order in which the container carries them."""
    return tuple(cast(str, data["adapter"]) for data in _specs(format))


def options(format: str, direction: Literal["decode", "encode"]) -> tuple[Option, ...]:
    """The options that the adapters declare for one direction."""
    return tuple(option for data in _specs(format) for option in declared(data) if direction in option.directions)
