"""The closed list of derivations and conditions: what a spec may compute. One class a word, with all its faces.

Each says its value for a thing (`evaluate`), the Python expression of it (`emit`), and itself in words (`describe`).
A thing is a dict of fields, an element a tuple; `Name` says which of them holds a value.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, cast

from codec.errors import shown
from codec.frozen import frozen
from codec.layout.fnv import fnv1a_32
from codec.layout.json_write import base64url

GREATEST = "greatest "  # a parent knows the greatest values of its children under this, their kind and field
OPTION = "option "  # a thing that is being written knows under this which options are on
REPLAYED = "replayed "  # and under this which of its views are written back as they are
KEY_OF = "key of "  # a thing that is being written knows the keys of its earlier records under this and their names
Thing = dict[str, object]
Element = tuple[object, ...]


FUNCTIONS = ("fnv1a_32", "picked", "sha256", "wrapped")  # what the expressions of `emit` call, out of this module


@frozen
class Name:
    """A field: of the thing, or (`index` in the tuple) of the element at hand; `path` leads on into a struct or a parent."""

    field: str
    scope: Literal["thing", "element"] = "thing"
    index: int = 0
    collection: str = ""
    path: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The name as a spec writes it."""
        return ".".join((self.field, *self.path))

    def get(self, thing: Thing, element: Element) -> object:
        """The value; an unset field of a thing is None."""
        value = element[self.index] if self.scope == "element" else thing.get(self.field)
        for step in self.path:
            value = value[step]  # type: ignore[index]
        return value

    def emit(self, element: str = "element") -> str:
        """The Python expression of the value, given the local that holds the element."""
        base = f"{element}[{self.index}]" if self.scope == "element" else f'thing["{self.field}"]'
        return base + "".join(f'["{step}"]' for step in self.path)


class Derivation(ABC):
    """A value that follows from a thing."""

    @abstractmethod
    def evaluate(self, thing: Thing, element: Element) -> object: ...

    @abstractmethod
    def emit(self) -> str: ...

    @abstractmethod
    def describe(self) -> str: ...


@frozen
class Field(Derivation):
    """A field as it is."""

    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        return self.name.get(thing, element)

    def emit(self) -> str:
        return self.name.emit()

    def describe(self) -> str:
        return f"`{self.name.text}`"


@frozen
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


@frozen
class Length(Derivation):
    """The length of a field in bytes."""

    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        return len(self.name.get(thing, element))  # type: ignore[arg-type]

    def emit(self) -> str:
        return f"len({self.name.emit()})"

    def describe(self) -> str:
        return f"the length of `{self.name.text}`"


@frozen
class Known(Derivation):
    """A number that the engine hands in under this name: what a record declared, how many rows were left over."""

    key: str

    def evaluate(self, thing: Thing, element: Element) -> object:
        return thing.get(self.key, 0)

    def emit(self) -> str:
        return f'thing.get("{self.key}", 0)'

    def describe(self) -> str:
        return self.key


@frozen
class Constant(Derivation):
    """A value that the spec says."""

    value: object

    def evaluate(self, thing: Thing, element: Element) -> object:
        return self.value

    def emit(self) -> str:
        return repr(self.value)

    def describe(self) -> str:
        return f"always {self.value!r}"


@frozen
class Sum(Derivation):
    """Numbers added, wrapped as a signed 64-bit number wraps."""

    parts: tuple[Derivation, ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        return wrapped(sum(part.evaluate(thing, element) for part in self.parts))  # type: ignore[misc]

    def emit(self) -> str:
        return f"wrapped({' + '.join(part.emit() for part in self.parts)})"

    def describe(self) -> str:
        return " + ".join(part.describe() for part in self.parts)


def wrapped(number: int) -> int:
    """`number` as a signed 64-bit number that overflowed."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


@frozen
class Applied(Derivation):
    """A function of one field: its bytes or text in another form."""

    word: Literal["utf8", "as_text", "sha256_hex", "fnv1a_32"]
    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        value = self.name.get(thing, element)
        if self.word == "utf8":
            return value.encode()  # type: ignore[attr-defined]
        if self.word == "as_text":
            return value.decode("utf-8", "replace")  # type: ignore[attr-defined]
        if self.word == "sha256_hex":
            return sha256(value).hexdigest()  # type: ignore[arg-type]
        return fnv1a_32(value.encode())  # type: ignore[attr-defined]

    def emit(self) -> str:
        value = self.name.emit()
        if self.word == "utf8":
            return f"{value}.encode()"
        if self.word == "as_text":
            return f'{value}.decode("utf-8", "replace")'
        return f"sha256({value}).hexdigest()" if self.word == "sha256_hex" else f"fnv1a_32({value}.encode())"

    def describe(self) -> str:
        return f"{self.word} of `{self.name.text}`"


@frozen
class GreatestOf(Derivation):
    """The greatest of several numbers; none counts as zero."""

    parts: tuple[Derivation, ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        return max(part.evaluate(thing, element) or 0 for part in self.parts)  # type: ignore[type-var]

    def emit(self) -> str:
        return f"max({', '.join(f'{part.emit()} or 0' for part in self.parts)})"

    def describe(self) -> str:
        return "the greatest of " + ", ".join(part.describe() for part in self.parts)


@frozen
class Modulo(Derivation):
    """A number modulo another."""

    number: Derivation
    by: Derivation

    def evaluate(self, thing: Thing, element: Element) -> object:
        return self.number.evaluate(thing, element) % self.by.evaluate(thing, element)  # type: ignore[operator]

    def emit(self) -> str:
        return f"({self.number.emit()} % {self.by.emit()})"

    def describe(self) -> str:
        return f"{self.number.describe()} modulo {self.by.describe()}"


@frozen
class FirstOf(Derivation):
    """The first branch whose condition holds; a branch without one counts if it has a value. None if no branch does."""

    branches: tuple[tuple[Condition | None, Derivation], ...]

    def evaluate(self, thing: Thing, element: Element) -> object:
        for condition, branch in self.branches:
            if condition is not None:
                if condition.holds(thing, element):
                    return branch.evaluate(thing, element)
            elif (value := branch.evaluate(thing, element)) is not None:
                return value
        return None

    def emit(self) -> str:
        text = "None"
        for condition, branch in reversed(self.branches):
            value = branch.emit()
            if condition is None and isinstance(branch, Constant):
                text = value if branch.value is not None else text
            else:
                text = f"({value} if {condition.emit() if condition else f'{value} is not None'} else {text})"
        return text

    def describe(self) -> str:
        parts = (f"{b.describe()} if {c.describe()}" if c else b.describe() for c, b in self.branches)
        return "the first of: " + "; ".join(parts)


@frozen
class Encoded(Derivation):
    """Bytes as unpadded base64url text."""

    name: Name

    def evaluate(self, thing: Thing, element: Element) -> object:
        return base64url(self.name.get(thing, element))  # type: ignore[arg-type]

    def emit(self) -> str:
        raise NotImplementedError("only warnings use it")

    def describe(self) -> str:
        return f"`{self.name.text}` as base64url"


@frozen
class Pick(Derivation):
    """The element of a collection that is called as another field says: its second field, if its tag is allowed.

    None where there is no such element, where `by` is empty and that means that there is nothing to pick, or where the
    tag is not allowed; `needed` says in which of these cases a thing cannot be.
    """

    collection: Name
    by: Name
    only: tuple[str, ...]
    needed: Literal["always", "if_named", "no"]

    def find(self, thing: Thing, element: Element) -> object:
        """The picked value whatever its tag; None if there is none."""
        wanted = self.by.get(thing, element)
        if not wanted and self.needed != "always":
            return None
        elements: Sequence[Element] = self.collection.get(thing, element)  # type: ignore[assignment]
        return next((one[1] for one in reversed(elements) if one[0] == wanted), None)

    def evaluate(self, thing: Thing, element: Element) -> object:
        value = self.find(thing, element)
        return value if value is not None and value[0] in self.only else None  # type: ignore[index]

    def fault(self, thing: Thing, element: Element) -> tuple[str, str] | None:
        """Expected and found, if a value that is needed is not there or of a wrong kind."""
        wanted, value = self.by.get(thing, element), self.find(thing, element)
        allowed = " or ".join(self.only)
        if value is None:
            missing = self.needed == "always" or (self.needed == "if_named" and wanted)
            return (f"an attribute {wanted!r}, which is {allowed}", "none") if missing else None
        return None if value[0] in self.only else (f"{wanted!r} to be {allowed}", str(value[0]))  # type: ignore[index]

    def settled(self, thing: Thing, element: Element) -> object:
        """As `evaluate`; raises `LookupError` where there is a fault."""
        elements: Sequence[tuple[str, tuple[str, object]]] = self.collection.get(thing, element)  # type: ignore[assignment]
        return picked(self.by.get(thing, element), elements, self.only, self.needed)  # type: ignore[arg-type]

    def emit(self) -> str:
        raise NotImplementedError("evaluated where it is declared")

    def describe(self) -> str:
        return f"the one of {self.collection.text} that `{self.by.text}` names"


def picked(
    wanted: str, elements: Sequence[tuple[str, tuple[str, object]]], only: tuple[str, ...], needed: str
) -> tuple[str, object] | None:
    """What `Pick` gives, for generated code; raises `LookupError` where it has a fault."""
    if not wanted and needed != "always":
        return None
    for name, value in reversed(elements):
        if name == wanted:
            if value[0] in only:
                return value
            raise LookupError
    if needed == "no":
        return None
    raise LookupError


@frozen
class Lookup(Derivation):
    """The second field of the element whose first field is what another field says; empty text if there is none."""

    collection: Name
    by: Name
    unless_empty: bool

    def evaluate(self, thing: Thing, element: Element) -> object:
        wanted = self.by.get(thing, element)
        if self.unless_empty and not wanted:
            return ""
        elements: Sequence[Element] = self.collection.get(thing, ())  # type: ignore[assignment]
        return next((one[1] for one in elements if one[0] == wanted), "")

    def emit(self) -> str:
        raise NotImplementedError("evaluated where it is declared")

    def describe(self) -> str:
        return f"looked up in {self.collection.text} by `{self.by.text}`"


@frozen
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
        return "".join(p if isinstance(p, str) else f"`{p.text}`" for p in self.parts)


@frozen
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


@frozen
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
    """Something that holds of a thing, or not. It says which values it looks at."""

    @abstractmethod
    def holds(self, thing: Thing, element: Element) -> bool: ...

    @abstractmethod
    def emit(self) -> str: ...

    @abstractmethod
    def describe(self) -> str: ...

    @abstractmethod
    def looks_at(self) -> tuple[Derivation, ...]: ...

    def found(self, thing: Thing, element: Element) -> str:
        """These values, for an error: each once, short."""
        texts = {value.describe(): value.evaluate(thing, element) for value in self.looks_at()}
        return ", ".join(f"{text} is {'none' if value is None else shown(value)}" for text, value in texts.items())


@frozen
class Present(Condition):
    """The field has a value."""

    name: Name

    def holds(self, thing: Thing, element: Element) -> bool:
        return self.name.get(thing, element) is not None

    def emit(self) -> str:
        return f"{self.name.emit()} is not None"

    def describe(self) -> str:
        return f"`{self.name.text}` is there"

    def looks_at(self) -> tuple[Derivation, ...]:
        return (Field(self.name),)


@frozen
class Empty(Condition):
    """The field is nothing: no text, no bytes, zero, false, none."""

    name: Name

    def holds(self, thing: Thing, element: Element) -> bool:
        return not self.name.get(thing, element)

    def emit(self) -> str:
        return f"not {self.name.emit()}"

    def describe(self) -> str:
        return f"`{self.name.text}` is empty"

    def looks_at(self) -> tuple[Derivation, ...]:
        return (Field(self.name),)


@frozen
class Not(Condition):
    """The opposite."""

    inner: Condition

    def holds(self, thing: Thing, element: Element) -> bool:
        return not self.inner.holds(thing, element)

    def emit(self) -> str:
        return f"not ({self.inner.emit()})"

    def describe(self) -> str:
        return f"not: {self.inner.describe()}"

    def looks_at(self) -> tuple[Derivation, ...]:
        return self.inner.looks_at()


@frozen
class Joined(Condition):
    """All of several, or any of them."""

    word: Literal["all", "any"]
    parts: tuple[Condition, ...]

    def holds(self, thing: Thing, element: Element) -> bool:
        held = (part.holds(thing, element) for part in self.parts)
        return all(held) if self.word == "all" else any(held)

    def emit(self) -> str:
        return "(" + (" and " if self.word == "all" else " or ").join(f"({part.emit()})" for part in self.parts) + ")"

    def describe(self) -> str:
        return (" and " if self.word == "all" else " or ").join(part.describe() for part in self.parts)

    def looks_at(self) -> tuple[Derivation, ...]:
        return tuple(value for part in self.parts for value in part.looks_at())


@frozen
class Switched(Condition):
    """An option of the format is on; or a view of the thing, or of its parent, is written back as it is."""

    key: str
    alias: str = ""

    def holds(self, thing: Thing, element: Element) -> bool:
        holder = thing[self.alias] if self.alias else thing
        return bool(holder.get(self.key))  # type: ignore[attr-defined]

    def emit(self) -> str:
        holder = f'thing["{self.alias}"]' if self.alias else "thing"
        return f'{holder}.get("{self.key}")'

    def describe(self) -> str:
        return self.key

    def looks_at(self) -> tuple[Derivation, ...]:
        return ()


@frozen
class Among(Condition):
    """The field is one of some values."""

    name: Name
    values: tuple[object, ...]

    def holds(self, thing: Thing, element: Element) -> bool:
        return self.name.get(thing, element) in self.values

    def emit(self) -> str:
        return f"{self.name.emit()} in {self.values!r}"

    def describe(self) -> str:
        return f"`{self.name.text}` is one of {', '.join(map(repr, self.values))}"

    def looks_at(self) -> tuple[Derivation, ...]:
        return (Field(self.name),)


_SIGNS = {"equal": "==", "at_least": ">=", "above": ">", "at_most": "<="}
_TESTS = {"equal": operator.eq, "at_least": operator.ge, "above": operator.gt, "at_most": operator.le}


@frozen
class Compared(Condition):
    """Two derivations compared."""

    word: Literal["equal", "at_least", "above", "at_most"]
    left: Derivation
    right: Derivation

    def holds(self, thing: Thing, element: Element) -> bool:
        left, right = self.left.evaluate(thing, element), self.right.evaluate(thing, element)
        return bool(_TESTS[self.word](cast(int, left), cast(int, right)))

    def emit(self) -> str:
        return f"{self.left.emit()} {_SIGNS[self.word]} {self.right.emit()}"

    def describe(self) -> str:
        words = {"equal": "equals", "at_least": "is at least", "above": "is above", "at_most": "is at most"}
        right = repr(self.right.value) if isinstance(self.right, Constant) else self.right.describe()
        return f"{self.left.describe()} {words[self.word]} {right}"

    def looks_at(self) -> tuple[Derivation, ...]:
        return tuple(value for value in (self.left, self.right) if not isinstance(value, Constant))
