"""The words of a workload: how the values of its things are made, from the things' numbers and seeded random bits.

Each word is one function that turns its argument into a closure; closures are built once and called for every value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import cast

from codec.errors import Place, SpecError
from codec.spec import plan, source
from codec.spec.words import Element, Thing

INNERMOST = "innermost"


@dataclass(slots=True)
class Turn:
    """What a recipe may look at: the numbers of the thing, its parent and the element under way; the thing so far."""

    random: Random
    numbers: dict[str, int] = field(default_factory=lambda: {"parent": 0, "thing": 0, "element": 0, INNERMOST: 0})
    thing: Thing = field(default_factory=dict)


Make = Callable[[Turn], object]


def wrong(part: object, expected: str, found: str) -> SpecError:
    """A mistake in a workload, with its line."""
    place = source.place_of(part, ())
    return SpecError("workload", "the workload has a mistake", place or Place(), "", expected, found)


def recipe(said: object) -> Make:
    """The maker of a value: a constant, or a mapping that begins with one of the words below. Raises `SpecError`."""
    if not isinstance(said, source.Mapping):
        if isinstance(said, source.Sequence):
            raise wrong(said, "a constant or a recipe", "a list")
        return lambda _: said
    word = next(iter(said), "")
    if word not in WORDS:
        raise wrong(said, f"a recipe that begins with one of {', '.join(WORDS)}", f"`{word}`")
    return WORDS[word](said)


def of_field(kind: plan.FieldType, said: object) -> Make:
    """The maker of a field's value; text becomes bytes where the model says bytes."""
    if kind.many is not None:
        return elements(kind.many, said)
    make = recipe(said)
    if kind.scalar != "bytes":
        return make

    def as_bytes(turn: Turn) -> object:
        value = make(turn)
        return value.encode() if isinstance(value, str) else value

    return as_bytes


def elements(many: plan.Collection, said: object) -> Make:
    """Elements of a collection, in its order: `{many: N, each: {…}}` or a list of elements one by one."""
    if isinstance(said, source.Mapping):
        count, one = whole(said, "many"), _element(many, said.get("each"))
        listed = [one] * count
    elif isinstance(said, source.Sequence):
        listed = [_element(many, each) for each in said]
    else:
        raise wrong(said, "{many: N, each: {…}} or a list", type(said).__name__)
    order = [list(many.fields).index(name) for name in many.order if name in many.fields]

    def collection(turn: Turn) -> object:
        made, numbers, before = [], turn.numbers, turn.numbers[INNERMOST]
        for position, make in enumerate(listed):
            numbers["element"] = numbers[INNERMOST] = position
            made.append(make(turn))
        numbers[INNERMOST] = before
        if order:
            made.sort(key=lambda element: [element[index] for index in order])
        return made

    return collection


def _element(many: plan.Collection, said: object) -> Callable[[Turn], Element]:
    if not isinstance(said, source.Mapping) or set(said) != set(many.fields):
        raise wrong(said, f"an element with {', '.join(many.fields)}", str(said)[:60])
    makers = [of_field(kind, said[name]) for name, kind in many.fields.items()]
    return lambda turn: tuple([make(turn) for make in makers])


def whole(said: source.Mapping, name: str, default: int | None = None) -> int:
    """The whole number under `name`."""
    value = said.get(name, default)
    if type(value) is not int:
        raise wrong(said, f"a whole number under `{name}`", str(value))
    return value


# ------------------------------------------------------------------------------------------------ words


def _number(said: source.Mapping) -> Make:
    """`{number: thing|parent|element, each: 10, modulo: 24, times: 7, plus: 1, digits: 2}`: a count, perhaps as text."""
    of = str(said["number"])
    each, modulo = whole(said, "each", 1), whole(said, "modulo", 1 << 64)
    times, plus, digits = whole(said, "times", 1), whole(said, "plus", 0), whole(said, "digits", 0)
    if of not in ("thing", "parent", "element"):
        raise wrong(said, "thing, parent or element", of)
    if digits:
        return lambda turn: str(turn.numbers[of] // each % modulo * times + plus).zfill(digits)
    return lambda turn: turn.numbers[of] // each % modulo * times + plus


def _below(said: source.Mapping) -> Make:
    """`{below: N}`: a random whole number; `{below: N, over: D}`: a fraction."""
    most, over = whole(said, "below"), whole(said, "over", 0)
    if over:
        return lambda turn: turn.random.randrange(most) / over
    return lambda turn: turn.random.randrange(most)


def _hex(said: source.Mapping) -> Make:
    """`{hex: N}`: N random hexadecimal digits."""
    digits = whole(said, "hex")
    return lambda turn: f"{turn.random.getrandbits(4 * digits):0{digits}x}"


def _random(said: source.Mapping) -> Make:
    """`{random: N}`: N random bytes; `begins` names the first ones."""
    count, begins = whole(said, "random"), str(said.get("begins", "")).encode("latin-1")
    return lambda turn: begins + turn.random.randbytes(count)


def _join(said: source.Mapping) -> Make:
    """`{join: [...]}`: the parts as one text."""
    parts = [recipe(part) for part in _listed(said, "join")]
    return lambda turn: "".join([str(part(turn)) for part in parts])


def _every(said: source.Mapping) -> Make:
    """`{every: N, then: A, else: B}`: A for the first of each N innermost things, B (default: none) for the others."""
    every, then, otherwise = whole(said, "every"), recipe(said.get("then")), recipe(said.get("else"))
    return lambda turn: otherwise(turn) if turn.numbers[INNERMOST] % every else then(turn)


def _digest(said: source.Mapping) -> Make:
    """`{digest: md5, of: FIELD}`: the hexadecimal digest of a field that is made before."""
    name, field_name = str(said["digest"]), str(said.get("of"))

    def digest(turn: Turn) -> object:
        value = turn.thing[field_name]
        data = value if isinstance(value, bytes) else str(value).encode()
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    return digest


def _field(said: source.Mapping) -> Make:
    """`{field: NAME}`: what a field that is made before holds."""
    name = str(said["field"])

    def same(turn: Turn) -> object:
        value = turn.thing[name]
        return value.decode() if isinstance(value, bytes) else value

    return same


def _list(said: source.Mapping) -> Make:
    """`{list: N, of: RECIPE}`: so many values."""
    count, one = whole(said, "list"), recipe(said.get("of"))
    return lambda turn: [one(turn) for _ in range(count)]


def _struct(said: source.Mapping) -> Make:
    """`{struct: {NAME: RECIPE}}`: a value with named parts."""
    parts = {name: recipe(part) for name, part in _named(said, "struct").items()}
    return lambda turn: {name: part(turn) for name, part in parts.items()}


def _tagged(said: source.Mapping) -> Make:
    """`{tagged: TAG, value: RECIPE}`: a value of a type that has alternatives."""
    tag, value = str(said["tagged"]), recipe(said.get("value"))
    return lambda turn: (tag, value(turn))


def _listed(said: source.Mapping, name: str) -> list[object]:
    value = said.get(name)
    if not isinstance(value, source.Sequence):
        raise wrong(said, f"a list under `{name}`", str(value)[:60])
    return value


def _named(said: source.Mapping, name: str) -> source.Mapping:
    value = said.get(name)
    if not isinstance(value, source.Mapping):
        raise wrong(said, f"a mapping under `{name}`", str(value)[:60])
    return value


WORDS = cast(
    "dict[str, Callable[[source.Mapping], Make]]",
    {
        "number": _number,
        "below": _below,
        "hex": _hex,
        "random": _random,
        "join": _join,
        "every": _every,
        "digest": _digest,
        "field": _field,
        "list": _list,
        "struct": _struct,
        "tagged": _tagged,
    },
)
