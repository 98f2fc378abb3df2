"""Functions and classes of the toolkit as text, with everything that they need, so that a module needs no toolkit.

What is taken stands there word for word, but for what only the toolkit has a use for: methods that emit code, draw
values or describe themselves, and decorators that register a class.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

TOOLKIT = "codec"
LEFT_OUT = frozenset(
    {
        *("arguments", "build", "config", "construct", "describe", "holds", "limits", "may_begin", "optional", "order"),
        *("schema", "takes", "values", "width", "word", "_emit_check"),
    }
)
EMITS = "emit_"  # what methods begin with that write code
REGISTERS = frozenset({"face", "primitive"})
BLOCKS = ("class ", "def ", "@")
Place = tuple[str, str]  # module and name


@dataclass
class Source:
    """The text of one module of the toolkit, by top-level name."""

    name: str
    nodes: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, Place] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        return inspect.getsource(importlib.import_module(self.name))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def read(self) -> Source:
        """Find what stands at the top, and what is imported."""
        for node in ast.parse(self.text).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self.nodes[node.name] = node
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            self.nodes[name.id] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.nodes[node.target.id] = node
            elif isinstance(node, ast.ImportFrom):
                self.imports |= {a.asname or a.name: (node.module or "", a.name) for a in node.names}
            elif isinstance(node, ast.Import):
                self.imports |= {a.asname or a.name: (a.name, "") for a in node.names}
        return self


class Inliner:
    """Collects definitions and the standard imports that they need; what stands in `instead` is replaced."""

    def __init__(self, instead: Mapping[Place, Place]) -> None:
        self._instead = instead
        self._sources: dict[str, Source] = {}
        self._taken: dict[Place, ast.stmt] = {}
        self._called: dict[Place, str] = {}
        self.imports: dict[Place, None] = {}

    def add(self, module: str, name: str) -> str:
        """Take a definition with everything that it needs; what it is called, which is another name if two have one."""
        place = (module, name)
        if place in self._instead:
            return self.add(*self._instead[place])
        if place in self._called:
            return self._called[place]
        if not module.startswith(TOOLKIT):
            self.imports[place] = None
            return name
        source = self._source(module)
        if name not in source.nodes:
            return self.add(*source.imports[name])
        node = source.nodes[name]
        for bound in [one for one, known in source.nodes.items() if known is node]:
            taken = bound in self._called.values()
            self._called[module, bound] = f"{bound}_of_{module.rpartition('.')[2]}" if taken else bound
            self._taken[module, bound] = node
        for needed in names_in(node):
            if needed in source.nodes:
                self.add(module, needed)
            elif needed in source.imports:
                self.add(*source.imports[needed])
            else:
                assert hasattr(builtins, needed) or needed.startswith("__") or _is_local(node, needed), needed
        return self._called[place]

    def defines(self, module: str, name: str) -> bool:
        """Whether a module of the toolkit defines a name itself."""
        return name in self._source(module).nodes

    def _place(self, source: Source, name: str) -> Place:
        """Where a name of a module is defined."""
        while name not in source.nodes and name in source.imports and source.imports[name][0].startswith(TOOLKIT):
            module, name = source.imports[name]
            source = self._source(module)
        return self._instead.get((source.name, name), (source.name, name))

    def _source(self, module: str) -> Source:
        if module not in self._sources:
            self._sources[module] = Source(module).read()
        return self._sources[module]

    @property
    def names(self) -> frozenset[str]:
        """What the text defines."""
        return frozenset(self._called.values())

    def text(self) -> str:
        """The definitions: each behind what it needs to be defined."""
        both = self.names & {name or module for module, name in self.imports}
        assert not both, f"what is imported and what is defined have one name: {both}"
        text, after_block = "", True
        for definition in self._ordered():
            is_block = definition.startswith(BLOCKS)
            text += "\n\n" * (is_block or after_block) + definition + "\n"
            after_block = is_block
        return text

    def _ordered(self) -> Iterator[str]:
        done: set[int] = set()

        def emit(place: Place) -> Iterator[str]:
            node, source = self._taken[place], self._source(place[0])
            if id(node) in done:
                return
            done.add(id(node))
            for needed in needed_at_once(node):
                if (other := self._place(source, needed)) in self._taken:
                    yield from emit(other)
            bound = {name for name, known in source.nodes.items() if known is node}
            yield self._renamed(source, bound | {*names_in(node)}, _text(source, node))

        for place in sorted(self._taken, key=lambda place: (place[0], self._taken[place].lineno)):
            yield from emit(place)

    def _renamed(self, source: Source, names: set[str], text: str) -> str:
        """The text of a definition with the names that others are called by here."""
        for name in sorted(names):
            called = self._called.get(self._place(source, name), name)
            if called != name:
                text = re.sub(rf"\b{name}\b", called, text)
        return text


def names_in(node: ast.stmt) -> Iterator[str]:
    """The names that a definition uses, but for those in the parts that are left out."""
    for part in _parts(node):
        for inner in ast.walk(part):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                yield inner.id


def needed_at_once(node: ast.stmt) -> Iterator[str]:
    """The names that must be defined before a definition is."""
    if isinstance(node, ast.FunctionDef):
        parts: list[ast.AST] = [*node.args.defaults, *_decorators(node)]
    elif isinstance(node, ast.ClassDef):
        held = [one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign)) and _is_kept(node, one)]
        parts = [*node.bases, *_decorators(node), *(one.value for one in held if one.value is not None)]
    else:
        parts = [node]
    return (inner.id for part in parts for inner in ast.walk(part) if isinstance(inner, ast.Name))


def _parts(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *_decorators(node), *(one for one in node.body if _is_kept(node, one)))
    elif isinstance(node, ast.FunctionDef):
        yield from (node.args, *node.body, *_decorators(node), *([node.returns] if node.returns else []))
    else:
        yield node


def _is_kept(holder: ast.ClassDef, member: ast.stmt) -> bool:
    """Whether a member of a class has a use outside the toolkit; plain data has."""
    if isinstance(member, ast.FunctionDef):
        return member.name not in LEFT_OUT and not member.name.startswith(EMITS)
    if not holder.bases:
        return True
    targets = member.targets if isinstance(member, ast.Assign) else []
    target = member.target if isinstance(member, ast.AnnAssign) else targets[0] if targets else None
    return not (isinstance(target, ast.Name) and target.id in LEFT_OUT)


def _decorators(node: ast.ClassDef | ast.FunctionDef) -> list[ast.expr]:
    return [one for one in node.decorator_list if not _registers(one)]


def _registers(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id in REGISTERS


def _is_local(node: ast.stmt, name: str) -> bool:
    """Whether a definition binds the name itself: a parameter, a variable, a nested function."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg) and inner.arg == name:
            return True
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load) and inner.id == name:
            return True
        if isinstance(inner, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)) and inner.name == name:
            return True
    return False


def _text(source: Source, node: ast.stmt) -> str:
    """The lines of a definition, without the parts that are left out."""
    if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return "\n".join(source.lines[node.lineno - 1 : node.end_lineno])
    dropped: set[int] = set()
    for decorator in node.decorator_list:
        if _registers(decorator):
            dropped |= set(range(decorator.lineno, (decorator.end_lineno or 0) + 1))
    if isinstance(node, ast.ClassDef):
        for member in node.body:
            if not _is_kept(node, member):
                first = min([member.lineno, *(one.lineno for one in getattr(member, "decorator_list", ()))])
                dropped |= set(range(first, (member.end_lineno or 0) + 1))
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    kept = [source.lines[at - 1] for at in range(first, (node.end_lineno or 0) + 1) if at not in dropped]
    return "\n".join(_without_gaps(kept))


def _without_gaps(lines: list[str]) -> Iterator[str]:
    """Lines with at most one empty line between two, and none at the end."""
    while lines and not lines[-1].strip():
        lines.pop()
    before = ""
    for line in lines:
        if line.strip() or before.strip():
            yield line
        before = line
