"""A small builder of Python source: lines, local names, and the constants and imports that stand at the top."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codec.layout.faces import Face
    from codec.spec.plan import WireField


class Code:
    """Source of one module, built function by function.

    What several functions share (struct packers, imports, byte literals) is named once at the top; local names are
    made from what they hold, so that the text can be read.
    """

    def __init__(self) -> None:
        self._top: dict[str, str] = {}
        self._imports: dict[str, set[str]] = {}
        self._body: list[str] = []
        self._depth = 0
        self._used: dict[str, int] = {}
        self.items: dict[str, WireField] = {}
        self.later: dict[str, Callable[[], None]] = {}
        self.objects: dict[str, object] = {}
        self.final = False  # whether nobody reads again what the code refuses: then it reads all that may be read
        self.writers: dict[str, str] = {}
        """The generated functions that write declared types, by type."""

    def line(self, text: str = "") -> None:
        """One line at the current depth."""
        self._body.append("    " * self._depth + text if text else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block under `head:`."""
        self.line(head + ":")
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def function(self, name: str, parameters: str, result: str, doc: str) -> Iterator[None]:
        """A function; local names start afresh."""
        self.line()
        self.line()
        self._used = {}
        with self.block(f"def {name}({parameters}) -> {result}"):
            self.line(f'"""{doc}"""')
            yield

    def mark(self) -> int:
        """Where the next line will stand, for `cut`."""
        return len(self._body)

    def cut(self, mark: int) -> list[str]:
        """Take the lines since `mark` back."""
        lines, self._body[mark:] = self._body[mark:], []
        return lines

    def paste(self, lines: list[str], *, deeper: bool = True) -> None:
        """Put lines that were cut, one level deeper or as they were."""
        self._body += [f"    {line}" if line and deeper else line for line in lines]

    def fresh(self, name: str) -> str:
        """A local name that is not taken yet."""
        self._used[name] = taken = self._used.get(name, 0) + 1
        return name if taken == 1 else f"{name}_{taken}"

    def reject_if(self, condition: str) -> None:
        """Leave to the interpreter whatever fulfils `condition`."""
        self.imported("codec.layout.base", "Reject")
        self.line(f"if {condition}:")
        self.line("    raise Reject")

    def imported(self, module: str, name: str) -> str:
        """`name`, imported from `module`."""
        self._imports.setdefault(module, set()).add(name)
        return name

    def packer(self, layout: str, method: str) -> str:
        """A method of a precompiled `struct`, under a name such as `unpack_from_be_Q`."""
        self.imported("struct", "Struct")
        name = f"{method}_{'be' if layout[0] == '>' else 'le'}_{layout[1:]}"
        self._top[name] = f'Struct("{layout}").{method}'
        return name

    def constant(self, name: str, text: str) -> str:
        """A constant at the top of the module: `name = text`."""
        assert self._top.get(name, text) == text, name
        self._top[name] = text
        return name

    def chunk(self, head: bytes, data: str) -> str:
        """The expression of a length-delimited field of protobuf whose bytes `data` gives."""
        self.imported("codec.layout.wire", "Chunk")
        name, local = self.constant(f"CHUNK_{head.hex()}", f"Chunk({head!r})"), self.fresh("d")
        return f"{name}[len({local} := {data})] + {local}"

    def face(self, face: Face) -> str:
        """A document face as a constant, made by its own class."""
        kind = type(face)
        self.imported(kind.__module__, kind.__name__)
        arguments = face.arguments()
        words = "_".join(str(a) for a in arguments if isinstance(a, (str, bool)) and str(a).isidentifier())
        return self.constant(f"{kind.__name__}_{words}".upper(), f"{kind.__name__}({', '.join(map(repr, arguments))})")

    def provided(self, name: str, value: object) -> str:
        """An object that the engine puts into the module: one that is made of the plan and has no text of its own."""
        label = next(
            (key for key, known in self.objects.items() if known is value), f"{name}_{len(self.objects) + 1}".upper()
        )
        self.objects[label] = value
        return label

    def item(self, field: WireField) -> str:
        """The name of the reader of a repeated sub-message; it is emitted at the end."""
        name = f"{field.name}_{field.place.line}"
        self.items[name] = field
        return name

    def finish(self) -> None:
        """Emit the functions that were asked for by name."""
        done: set[str] = set()
        while todo := self.later.keys() - done:
            name = min(todo)
            self.later[name]()
            done.add(name)

    def text(self, doc: str) -> str:
        """The whole module."""
        self.finish()
        lines = [f'"""{doc}"""', "", "from __future__ import annotations", ""]
        for module in sorted(self._imports, key=lambda name: ("." in name, name)):
            lines.append(f"from {module} import {', '.join(sorted(self._imports[module]))}")
        lines += ["", *(f"{name} = {text}" for name, text in self._top.items())]
        return "\n".join(lines + self._body) + "\n"
