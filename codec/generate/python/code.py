"""The source of a generated module while it is put together: what record kinds compile to, without the toolkit.

Objects that a compiled engine is handed at run time (declared types, stored JSON, tagged keys) become text here.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from types import MappingProxyType

from codec.compile.code import Code
from codec.engine.documents import StoredJson
from codec.errors import Place
from codec.generate.python.inline import TOOLKIT, Inliner
from codec.layout.counted import Counted
from codec.layout.faces import Face
from codec.layout.numbers import Fixed
from codec.layout.tagged import Tagged, TaggedKey
from codec.layout.types import Kind, Struct, Type, Union
from codec.layout.wire import Wire
from codec.spec import plan
from codec.spec.words import Derivation, Encoded, Lookup, Pick

KINDS, TO_RECORDS = "codec.generate.python.kinds", "codec.generate.python.to_records"
RUNTIME = (KINDS, "codec.generate.python.to_things", TO_RECORDS, "codec.generate.python.to_documents")
FILE = "codec.generate.python.file_runtime"
BASE = "codec.layout.base"
CALLED_BY_WORDS = (
    ("codec.layout.fnv", "fnv1a_32"),
    ("codec.layout.json_write", "base64url"),
    ("codec.spec.words", "picked"),
    ("codec.spec.words", "wrapped"),
    ("hashlib", "sha256"),
    (TO_RECORDS, "first_named"),
)
INSTEAD = {
    (BASE, "Wrong"): (KINDS, "Wrong"),
    (BASE, "Reject"): (KINDS, "Reject"),
    ("codec.frozen", "frozen"): (KINDS, "frozen"),
}


class ModuleCode(Code):
    """Collects functions, constants, and the definitions of the toolkit that they need."""

    def __init__(self) -> None:
        super().__init__()
        self.final = True
        self.inliner = Inliner(INSTEAD)
        self.stored: dict[str, plan.Json] = {}  # objects that are to be written, by the name of their class
        self.keys: dict[str, TaggedKey] = {}
        self._names: dict[int, str] = {}
        self._kept: list[object] = []
        self._annotations: dict[str, str] = {}
        self.after_constants: list[str] = []
        self.adapter: plan.Adapter | None = None
        self.doing = ""  # what the present function is about, for names of classes
        self._classes: list[str] = []

    # -------------------------------------------------------------------------------------------- the toolkit

    def imported(self, module: str, name: str) -> str:
        """A definition of the toolkit is taken into the module, others are imported."""
        if module.startswith(TOOLKIT):
            return self.inliner.add(module, name)
        return super().imported(module, name)

    def packer(self, layout: str, method: str) -> str:
        """A method of a precompiled `struct`."""
        self.imported("struct", "")
        name = f"{method}_{'be' if layout[0] == '>' else 'le'}_{layout[1:]}"
        return self.constant(name, f'struct.Struct("{layout}").{method}')

    def constant(self, name: str, text: str) -> str:
        """A constant at the top; that of a missing slot is one of every module."""
        return self.runtime(name) if name == "ABSENT" else super().constant(name, text)

    def runtime(self, name: str) -> str:
        """A definition of what every module has besides its spec."""
        return self.inliner.add(next(module for module in RUNTIME if self.inliner.defines(module, name)), name)

    def words(self, text: str) -> str:
        """`text`, an expression of words, with the functions that it calls taken in."""
        for module, name in CALLED_BY_WORDS:
            if re.search(rf"\b{name}\(", text):
                self.imported(module, name)
        return text

    def expression(self, derive: Derivation) -> str:
        """The expression of a derivation, also of those that a compiled engine evaluates itself."""
        if isinstance(derive, Pick):
            return self.words(
                f"picked({derive.by.emit()}, {derive.collection.emit()}, {derive.only!r}, {derive.needed!r})"
            )
        if isinstance(derive, Lookup):
            found = self.words(f"first_named({derive.collection.emit()}, {derive.by.emit()})")
            return f"({found} if {derive.by.emit()} else '')" if derive.unless_empty else found
        return self.words(f"base64url({derive.name.emit()})" if isinstance(derive, Encoded) else derive.emit())

    def face(self, face: Face) -> str:
        """A document face as a constant."""
        kind = type(face)
        name = self.imported(kind.__module__, kind.__name__)
        text = f"{name}({', '.join(map(repr, face.arguments()))})"
        return self._constant(kind.__name__, text)

    def _constant(self, kind: str, text: str) -> str:
        """A constant of this value, made once."""
        for name, known in self._top.items():
            if known == text:
                return name
        base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).upper()
        number = sum(1 for name in self._top if name.startswith(base)) + 1
        return self.constant(f"{base}_{number}", text)

    def value_constant(self, value: object) -> str:
        """An object of the plan as a constant, made once."""
        return self._constant(type(value).__name__, self.value(value))

    def value(self, value: object) -> str:
        """An object of the plan as an expression that makes it again."""
        if isinstance(value, Place):
            return f"{self.imported('codec.errors', 'Place')}()"
        if isinstance(value, Fixed):
            limits = {word: limit for word, limit in (("low", value.low), ("high", value.high)) if limit is not None}
            more = "".join(f", {word}={limit}" for word, limit in limits.items())
            name = self.imported(type(value).__module__, type(value).__name__)
            return f"{name}({value.word!r}, {value.byte_order!r}{more if type(value) is Fixed else ''})"
        if is_dataclass(value) and not isinstance(value, type):
            name = self.imported(type(value).__module__, type(value).__name__)
            parts = (f"{one.name}={self.value(getattr(value, one.name))}" for one in fields(value) if one.init)
            return f"{name}({', '.join(parts)})"
        if isinstance(value, (dict, MappingProxyType)):
            return f"{{{', '.join(f'{self.value(key)}: {self.value(one)}' for key, one in value.items())}}}"
        if isinstance(value, frozenset):
            return f"frozenset(({''.join(f'{self.value(one)}, ' for one in sorted(value))}))"
        if isinstance(value, tuple):
            return f"({''.join(f'{self.value(one)}, ' for one in value)})"
        assert not isinstance(value, Enum)
        return repr(value)

    # -------------------------------------------------------------------------------------------- provided objects

    def provided(self, name: str, value: object) -> str:
        """What an engine would be handed, as the name of a constant or class of the module."""
        known = value.part if isinstance(value, StoredJson) else value
        if id(known) not in self._names:
            self._kept.append(known)
            self._names[id(known)] = self._provide(value)
        return self._names[id(known)]

    def _provide(self, value: object) -> str:
        if isinstance(value, StoredJson):
            name = self._fresh_class("Json")
            self.stored[name] = value.part
            return name
        if isinstance(value, TaggedKey):
            name = self._fresh_class("Key")
            self.keys[name] = value
            return name
        if isinstance(value, Wire):
            assert self.adapter is not None
            return self.type(self.adapter.types[value.word])
        if isinstance(value, Tagged):
            return self.type(value.union)
        assert isinstance(value, Counted), value
        counted = self.imported(Counted.__module__, "Counted")
        number = self.imported("codec.layout.numbers", "Fixed")
        word = {2: "u16", 4: "u32"}[value.width_of_number]
        return self._constant("Counted", f"{counted}({number}({word!r}, 'big'), {value.strings})")

    def _fresh_class(self, what: str) -> str:
        """A name for a class that the present function needs."""
        name = "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", self.doing)) + what
        self._classes.append(name)
        number = self._classes.count(name)
        return name if number == 1 else f"{name}{number}"

    def type(self, kind: Type) -> str:
        """A declared type as a constant; the types that it is made of stand in one dict with it."""
        assert self.adapter is not None
        known = self.constant(f"TYPES_{self.adapter.name.upper()}", "{}")
        base = self.imported("codec.layout.types", "Type")
        self._annotations[known] = f"dict[str, {base}]"
        name = f"{self.adapter.name}_{kind.name}".upper()
        if name in self._top:
            return name
        self._top[name] = ""  # before the types that it is made of, which may be made of it
        for inner in kind.kinds:
            if inner.base in self.adapter.types:
                self.type(self.adapter.types[inner.base])
        assert isinstance(kind, (Struct, Union))
        made = self.imported("codec.layout.types", type(kind).__name__)
        parts = ", ".join(self.value(inner) for inner in kind.kinds)
        self.imported("codec.layout.types", Kind.__name__)
        unset = f", {kind.unset!r}" if isinstance(kind, Union) else ""
        del self._top[name]
        self._top[name] = f"{made}({kind.name!r}, ({parts},), {known}{unset})"
        self.after_constants.append(f"{known}[{kind.name!r}] = {name}")
        return name

    # -------------------------------------------------------------------------------------------- text

    @property
    def constants(self) -> list[str]:
        """The lines of all constants."""
        lines = []
        for name, text in self._top.items():
            kind = self._annotations.get(name)
            lines.append(f"{name}: {kind} = {text}" if kind else f"{name} = {text}")
        return lines + self.after_constants

    @property
    def body(self) -> list[str]:
        """The lines of all functions."""
        return self._body

    @property
    def imports(self) -> list[str]:
        """The lines of all imports."""
        found = {module: set(names) for module, names in self._imports.items()}
        for module, name in self.inliner.imports:
            found.setdefault(module, set()).add(name)
        whole = sorted(module for module, names in found.items() if "" in names)
        parts = ((module, sorted(names - {""})) for module, names in sorted(found.items()))
        return [
            *(f"import {module}" for module in whole),
            *(f"from {module} import {', '.join(names)}" for module, names in parts if names),
        ]
