"""The closed list of derivations and conditions: what a spec may compute. One class a word, with all its faces.

Each says its value for a thing (`evaluate`), the Python expression of it (`emit`), and itself in words (`describe`).
A thing is a dict of fields, an element a tuple; `Name` says which of them holds a value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Thing = dict[str, object]
Element = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A field: of the thing, or (`index` in the tuple) of the element at hand."""

    field: str
    scope: Literal["thing", "element"] = "thing"
    index: int = 0
    collection: str = ""

    def get(self, thing: Thing, element: Element) -> object:
        """The value; an unset field of a thing is None."""
        return element[self.index] if self.scope == "element" else thing.get(self.field)

    def emit(self) -> str:
        """The Python expression of the value."""
        return f"element[{self.index}]" if self.scope == "element" else f'thing["{self.field}"]'


class Derivation(ABC):
    """A value that follows from a thing."""

    @abstractmethod
    def evaluate(self, thing: Thing, element: Element) -> object: ...

    @abstractmethod
    def emit(self) -> str: ...

    @abstractmethod
    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Field(Derivation):
    """A field as it is."""

    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        return self.name.get(thing, element)

    def emit(self) -> str:
        return self.name.emit()

    def describe(self) -> str:
        return f"`{self.name.field}`"


@dataclass(frozen=True, slots=True)
class Count(Derivation):
    """How many elements a collection has; while elements are streamed, the number that went by."""

    collection: str

    def evaluate(self, thing: Thing, element: Element) -> object:
        elements = thing[self.collection]
        return elements if isinstance(elements, int) else len(elements)  # type: ignore[arg-type]

    def emit(self) -> str:
        return f'len(thing["{self.collection}"])'

    def describe(self) -> str:
        return f"the number of {self.collection}"


@dataclass(frozen=True, slots=True)
class Length(Derivation):
    """The length of a field in bytes."""

    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        return len(self.name.get(thing, element))  # type: ignore[arg-type]

    def emit(self) -> str:
        return f"len({self.name.emit()})"

    def describe(self) -> str:
        return f"the length of `{self.name.field}`"


@dataclass(frozen=True, slots=True)
class Known(Derivation):
    """A number that the engine hands in under this name: what a record declared, how many rows were left over."""

    key: str

    def evaluate(self, thing: Thing, element: Element) -> object:
        return thing[self.key]

    def emit(self) -> str:
        return f'thing["{self.key}"]'

    def describe(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Text(Derivation):
    """Fields and literals, one after the other, as text."""

    parts: tuple[str | Name, ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        return "".join(p if isinstance(p, str) else str(p.get(thing, element)) for p in self.parts)

    def emit(self) -> str:
        holes = (
            p.replace("{", "{{").replace("}", "}}") if isinstance(p, str) else f"{{{p.emit()}}}" for p in self.parts
        )
        return "f'" + "".join(holes) + "'"

    def describe(self) -> str:
        return "".join(p if isinstance(p, str) else f"`{p.field}`" for p in self.parts)


@dataclass(frozen=True, slots=True)
class Greatest(Derivation):
    """The greatest element by some of its fields, as a list of them; the empty collection gives zeros."""

    collection: str
    by: tuple[int, ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        elements: Sequence[Element] = thing[self.collection]  # type: ignore[assignment]
        return max(([e[i] for i in self.by] for e in elements), default=[0] * len(self.by))

    def emit(self) -> str:
        fields = ", ".join(f"e[{i}]" for i in self.by)
        return f'max(([{fields}] for e in thing["{self.collection}"]), default={[0] * len(self.by)})'

    def describe(self) -> str:
        return f"the greatest of {self.collection}"


@dataclass(frozen=True, slots=True)
class Together(Derivation):
    """Several fields as a list, compared one after the other."""

    parts: tuple[Derivation, ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        return [part.evaluate(thing, element) for part in self.parts]

    def emit(self) -> str:
        return "[" + ", ".join(part.emit() for part in self.parts) + "]"

    def describe(self) -> str:
        return "(" + ", ".join(part.describe() for part in self.parts) + ")"


class Condition(ABC):
    """Something that holds of a thing, or not."""

    @abstractmethod
    def holds(self, thing: Thing, element: Element) -> bool: ...

    @abstractmethod
    def emit(self) -> str: ...

    @abstractmethod
    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Present(Condition):
    """The field has a value."""

    name: Name

    def holds(self, thing: Thing, element: Element) -> bool:
        return self.name.get(thing, element) is not None

    def emit(self) -> str:
        return f"{self.name.emit()} is not None"

    def describe(self) -> str:
        return f"`{self.name.field}` is there"


@dataclass(frozen=True, slots=True)
class Compared(Condition):
    """Two derivations compared."""

    word: Literal["equal", "at_least"]
    left: Derivation
    right: Derivation

    def holds(self, thing: Thing, element: Element) -> bool:
        left, right = self.left.evaluate(thing, element), self.right.evaluate(thing, element)
        return left == right if self.word == "equal" else left >= right  # type: ignore[operator]

    def emit(self) -> str:
        return f"{self.left.emit()} {'==' if self.word == 'equal' else '>='} {self.right.emit()}"

    def describe(self) -> str:
        return f"{self.left.describe()} {'equals' if self.word == 'equal' else 'is at least'} {self.right.describe()}"
