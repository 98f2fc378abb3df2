"""Frozen records that cost nothing to define: `@frozen` gives what `@dataclass(frozen=True)` gives.

`dataclass` writes and compiles six functions for each class, which for the hundred classes of a plan was a third of a
short run. These share theirs. A value stands in the instance's dictionary, a default that nothing replaced on the class
alone: such objects are small, and the C code of `pickle` makes them without a call. `replace`, `fields`, `asdict` and
`is_dataclass` of `dataclasses` work on them; what is made by the thousand for records of an input is better a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, FrozenInstanceError, dataclass, field
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(kind: type[T]) -> type[T]: ...


@overload
def frozen(*, kw_only: bool) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[T] | None = None, *, kw_only: bool = False) -> type[T] | Callable[[type[T]], type[T]]:
    """The class with a constructor, equality, a hash and a text by its annotated fields; what it has itself stays.

    A default is shared by all instances and must not change; `field(default_factory=...)` makes one for each. There is
    no `__post_init__`.
    """
    return (lambda kind: _frozen(kind, kw_only)) if kind is None else _frozen(kind, kw_only)


def _frozen(kind: type[T], kw_only: bool) -> type[T]:
    own = vars(kind)
    inherited: dict[str, tuple[object, ...]] = getattr(kind, "__frozen_fields__", {})
    said = {name: (text, own[name]) if name in own else (text,) for name, text in kind.__annotations__.items()}
    known = inherited | said
    needed = frozenset(name for name, (_, *default) in known.items() if not default)
    makers = {name: maker for name, (_, *default) in known.items() if default and (maker := _maker(default[0]))}
    for name, value in {
        **_METHODS,
        "__match_args__": () if kw_only else tuple(known),
        "__frozen_fields__": known,
        "__frozen_needs__": (needed, makers),
        "__dataclass_fields__": _Fields(),
    }.items():
        if name not in own:
            setattr(kind, name, value)
    return kind


def _maker(default: Any) -> Any:
    """What makes a default that must stand in the instance: on the class a function would become a method."""
    if type(default) is Field:
        return default.default_factory
    return (lambda: default) if hasattr(default, "__get__") else None


def _init(self: Any, *values: object, **named: object) -> None:
    own, order = self.__dict__, self.__match_args__
    own.update(zip(order, values, strict=False))
    twice = own.keys() & named
    own.update(named)
    needed, makers = self.__frozen_needs__
    for name in makers.keys() - own.keys():
        own[name] = makers[name]()
    if len(values) > len(order) or twice or not needed <= own.keys() <= self.__frozen_fields__.keys():
        raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.__frozen_fields__)}")


def _values(self: Any) -> tuple[object, ...]:
    return tuple([getattr(self, name) for name in self.__frozen_fields__])


def _equal(self: object, other: object) -> bool:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


def _text(self: Any) -> str:
    parts = (f"{name}={getattr(self, name)!r}" for name in self.__frozen_fields__)
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed")


_METHODS: dict[str, object] = {
    "__init__": _init,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _text,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}


class _Fields:
    """What the functions of `dataclasses` look for, made by a dataclass with the same fields when one asks."""

    def __get__(self, instance: object, kind: Any) -> dict[str, Field[Any]]:
        known = kind.__frozen_fields__
        body = {name: default[0] for name, (_, *default) in known.items() if default}
        body["__annotations__"] = {name: text for name, (text, *_) in known.items()}
        like: Any = dataclass(init=False, repr=False, eq=False)(type(kind.__name__, (), body))
        kind.__dataclass_fields__ = like.__dataclass_fields__
        return kind.__dataclass_fields__  # type: ignore[no-any-return]
