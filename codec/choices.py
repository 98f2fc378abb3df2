"""What the options of a run mean for a spec: the adapters, the engine, what is switched on."""

from __future__ import annotations

from collections.abc import Mapping

from codec.compile.engine import compiled
from codec.engine.base import Engine
from codec.engine.interpreter import Interpreter
from codec.errors import UsageError, shown
from codec.spec.container import Container
from codec.spec.plan import Adapter


def engine_of(name: str, adapter: Adapter) -> Engine:
    """The engine that an option names, for one adapter."""
    return Interpreter() if name == "interpreter" else compiled(adapter)


def switched_on(container: Container, switches: Mapping[str, object]) -> frozenset[str]:
    """The options that are on: flags by name, choices as `name=value`."""
    on = {name for name, value in switches.items() if value is True}
    for adapter in container.adapters:
        for option in adapter.options:
            if option.kind == "choice":
                on.add(f"{option.name}={switches.get(option.name) or option.default}")
    return frozenset(on)


def check_number(option: str, number: int | None) -> None:
    """Raise `UsageError` if what an option was given is no unsigned number of 64 bits."""
    if number is not None and (type(number) is not int or not 0 <= number < 1 << 64):
        expected = "a whole number from 0 to 2^64 - 1"
        raise UsageError("timestamp", f"{option} is not a timestamp", expected=expected, found=shown(number))


def chosen(container: Container, names: tuple[str, ...] | None) -> frozenset[str]:
    """The adapters that a run works on, None means all. Raises `UsageError` for an unknown name, or none at all."""
    if names is not None and not names:
        raise UsageError(
            "no-adapter", "no adapter is selected", hint="name one, or leave the choice out for all of them"
        )
    known = {adapter.name for adapter in container.adapters}
    for name in names or ():
        if name not in known:
            raise UsageError(
                container.usage_errors["adapter_unknown"],
                f"there is no adapter {name!r}",
                hint=f"one of: {', '.join(sorted(known))}",
            )
    return frozenset(names or known)
