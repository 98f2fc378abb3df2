"""`@frozen` records: told apart from frozen dataclasses by nothing but what they cost."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.frozen import frozen


def shout(text: str) -> str:
    return text.upper()


@frozen
class Base:
    name: str
    count: int = 0


@frozen
class Thing(Base):
    parts: tuple[int, ...] = ()
    say: Callable[[str], str] = shout
    known: dict[str, int] = field(default_factory=dict)

    @property
    def loud(self) -> str:
        return self.say(self.name)


@frozen(kw_only=True)
class Named:
    name: str = ""


@dataclass(frozen=True)
class BaseModel:
    name: str
    count: int = 0


@dataclass(frozen=True)
class Model(BaseModel):
    parts: tuple[int, ...] = ()
    say: Callable[[str], str] = shout
    known: dict[str, int] = field(default_factory=dict)


Model.__qualname__ = "Thing"  # for the text

VALUES = {
    "name": st.text(max_size=3),
    "count": st.integers(0, 3),
    "parts": st.tuples(st.integers(0, 2)),
    "say": st.just(str.lower),
    "known": st.dictionaries(st.text(max_size=1), st.integers(0, 2), max_size=2),
}


@st.composite
def arguments(draw: st.DrawFn) -> tuple[list[object], dict[str, object]]:
    """Some values by position, and then some by name; `name`, which is needed, among them."""
    first = draw(st.integers(0, len(VALUES)))
    names = list(VALUES)
    rest = [name for name in names[first:] if name == "name" or draw(st.booleans())]
    return [draw(VALUES[name]) for name in names[:first]], {name: draw(VALUES[name]) for name in rest}


@given(arguments(), arguments())
def test_a_frozen_record_behaves_as_a_frozen_dataclass(
    one: tuple[list[object], dict[str, object]], other: tuple[list[object], dict[str, object]]
) -> None:
    thing, model = Thing(*one[0], **one[1]), Model(*one[0], **one[1])  # type: ignore[arg-type]
    thing2, model2 = Thing(*other[0], **other[1]), Model(*other[0], **other[1])  # type: ignore[arg-type]
    assert asdict(thing) == asdict(model)
    assert repr(thing) == repr(model)
    assert (thing == thing2) is (model == model2)
    assert asdict(replace(thing, name="new")) == asdict(replace(model, name="new"))
    for again in (pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing), replace(thing)):
        assert again == thing
        assert repr(again) == repr(thing)


def test_its_fields_are_those_of_the_dataclass() -> None:
    assert is_dataclass(Thing)
    assert [one.name for one in fields(Thing)] == [one.name for one in fields(Model)]
    assert Thing.__match_args__ == Model.__match_args__
    assert Named.__match_args__ == ()
    assert hash(Base("a", 1)) == hash(BaseModel("a", 1))
    assert Thing("a").known is not Thing("a").known
    assert Thing("a").loud == "A"


def test_nothing_can_be_changed_or_given_wrongly() -> None:
    with pytest.raises(FrozenInstanceError):
        Thing("a").name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del Thing("a").name
    with pytest.raises(TypeError, match="fields name, count"):
        Thing()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Thing("a", name="b")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Thing("a", other=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Thing("a", 1, (), shout, {}, 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Named("a")  # type: ignore[misc]
