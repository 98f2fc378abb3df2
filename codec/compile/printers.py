"""Python source that prints one kind of document.

What is always there is joined into one f-string; a member that may be left out is a local of its own. The elements of
a streamed collection come in blocks; where an element is nothing but values, whole columns are turned into text.
"""

from __future__ import annotations

from codec.compile.code import Code
from codec.compile.names import document_name
from codec.engine.documents import STEM, STEP, constant_text
from codec.layout.json_write import quote
from codec.spec import plan
from codec.spec.words import Derivation

PARAMETERS = "thing: dict[str, Any], blocks: Iterable[list[Any]], shown: frozenset[str]"
ELEMENT = "element"  # the local that derivations call so


class Text(str):
    """Literal text among the pieces of a document; other pieces are expressions."""

    __slots__ = ()


Pieces = list[str]


def emit_printer(code: Code, entity: plan.Entity, document: plan.Document) -> None:
    """`print_X(thing, blocks, shown)`: pieces of the document's text."""
    if document.kind == "raw":
        return
    collection = entity.collection[0] if entity.collection is not None else ""
    with code.function(
        f"print_{document_name(document)}", PARAMETERS, "Iterator[str]", f"{document.entity}: {document.name}."
    ):
        code.line(f"{ELEMENT}: tuple[Any, ...] = ()")
        printer = Printer(code, collection)
        if document.kind in ("keyed", "bundle"):
            compact = document.kind == "bundle"
            printer.give([*printer.keyed(document, "" if compact else "\n"), Text("\n" if compact else "")])
        elif document.kind == "lines":
            for line in document.lines:
                printer.line(line)
        elif document.kind == "json":
            printer.give(printer.object(document.members, "\n", top=True))
        else:
            printer.give([*printer.object(document.members, ""), Text("\n")])


class Printer:
    """Emits the lines that print one document. Each method gives the pieces of a value's text."""

    def __init__(self, code: Code, streamed: str) -> None:
        self.code, self.streamed = code, streamed

    def text(self, pieces: Pieces) -> str:
        """The expression of the text of some pieces; expressions among them become locals."""
        inside = []
        for piece in pieces:
            if isinstance(piece, Text):
                inside.append(repr(str(piece))[1:-1].replace('"', '\\"').replace("\\'", "'") if piece else "")
                inside[-1] = inside[-1].replace("{", "{{").replace("}", "}}")
            else:
                inside.append(f"{{{self.local(piece)}}}")
        return f'f"{"".join(inside)}"'

    def local(self, expression: str) -> str:
        """A local that holds the value of an expression."""
        if expression.isidentifier():
            return expression
        name = self.code.fresh("text")
        self.code.line(f"{name} = {expression}")
        return name

    def give(self, pieces: Pieces) -> None:
        """Yield some pieces."""
        self.code.line(f"yield {self.text(pieces)}")

    # -------------------------------------------------------------------------------------------- objects

    def object(self, members: tuple[plan.Member, ...], newline: str, top: bool = False) -> Pieces:
        """The members of an object, with its braces. What stands before a streamed collection is given at once."""
        members = tuple(member for member in members if not member.hidden)
        inner, colon = (newline + STEP, ": ") if newline else ("", ":")
        if may_be_left_out(members[0]):
            return self._loose_object(members, newline)
        pieces: Pieces = []
        for index, member in enumerate(members):
            head = Text(f"{'{' if index == 0 else ','}{inner}{quote(member.name, True)}{colon}")
            value = self.value(member)
            if may_be_left_out(member):
                part = self.code.fresh("part")
                self.code.line(f'{part} = ""')
                with self.code.block(f"if {self.is_shown(member, value)}"):
                    self.code.line(f"{part} = {self.text([head, *self.member(member, value, inner)])}")
                pieces.append(part)
            elif member.each is not None and not value:
                assert top, "a streamed collection is a member of the document itself"
                self.give([*pieces, head])
                pieces = self.streamed_array(member, inner)
            else:
                pieces += [head, *self.member(member, value, inner)]
        return [*pieces, Text(newline + "}")]

    def _loose_object(self, members: tuple[plan.Member, ...], newline: str) -> Pieces:
        """An object of which perhaps nothing is shown."""
        inner, colon = (newline + STEP, ": ") if newline else ("", ":")
        parts, whole = self.code.fresh("parts"), self.code.fresh("whole")
        self.code.line(f"{parts} = []")
        for member in members:
            value = self.value(member)
            condition = self.is_shown(member, value) if may_be_left_out(member) else "True"
            with self.code.block(f"if {condition}"):
                head = Text(f"{inner}{quote(member.name, True)}{colon}")
                self.code.line(f"{parts}.append({self.text([head, *self.member(member, value, inner)])})")
        self.code.line(f'{whole} = "{{" + ",".join({parts}) + {newline + "}"!r} if {parts} else "{{}}"')
        return [whole]

    def value(self, member: plan.Member) -> str:
        """The local that holds what a member says, where it says something of the thing."""
        if member.is_constant or member.stem or member.pattern or member.members:
            return ""
        if member.is_reset:
            return self._held(repr(member.reset))
        name = member.target or member.each or member.keyed
        if member.derive is not None:
            text = self.derived(member.derive)
        elif name is not None and member.each is not None and name.field == self.streamed and name.scope == "thing":
            return ""
        else:
            assert name is not None
            text = name.emit()
        if member.unless:
            text = f"({text} if {member.unless!r} in shown else {member.reset!r})"
        return self._held(text)

    def _held(self, expression: str) -> str:
        name = self.code.fresh("value")
        self.code.line(f"{name} = {expression}")
        return name

    def derived(self, derive: Derivation) -> str:
        """The expression of a derivation; some have no text of their own."""
        try:
            return derive.emit()
        except NotImplementedError:
            return f"{self.code.provided('derived', derive)}.evaluate(thing, {ELEMENT})"

    @staticmethod
    def is_shown(member: plan.Member, value: str) -> str:
        """The condition under which a member is printed."""
        conditions = [f"{member.option!r} in shown"] if member.option else []
        if member.shown_with:
            unsaid = (None, member.default)
            conditions.append(f"not shown.isdisjoint({member.shown_with!r}) and {value} not in {unsaid!r}")
        if member.empty_left_out:
            conditions.append(value)
        if member.none == "left_out" and member.target is not None:
            conditions.append(f"{value} is not None")
        return " and ".join(conditions)

    def member(self, member: plan.Member, value: str, newline: str) -> Pieces:
        """The text of what a member says; `value` is the local that holds it."""
        if member.is_constant:
            return [Text(constant_text(member.constant))]
        if member.stem:
            return [f"{self.code.imported('codec.layout.json_write', 'quote')}(str(thing[{STEM!r}]), False)"]
        if member.pattern:
            middle = (Text(p) if isinstance(p, str) else f"str({p[0].emit()})" for p in member.pattern)
            return [Text('"'), *middle, Text('"')]
        if member.members:
            return self.object(member.members, newline)
        if member.each is not None:
            text = self.array(member, value, newline)
            return [self._or_null(text, value) if member.empty_null else text]
        if member.keyed is not None or member.texts:
            known = self.code.provided("member", member)
            write = self.code.imported("codec.engine.documents", "write_member")
            return [f"{write}({known}, {value}, thing, {ELEMENT}, {newline!r})"]
        assert member.face is not None
        if member.is_reset and not member.empty_null:
            plain = member.reset is not None or member.face.writes_none
            return [Text(member.face.write(member.reset, newline) if plain else "null")]
        text = member.face.emit_write(self.code, value, newline)
        if member.empty_null:
            return [self._or_null(text, value)]
        may_be_none = member.target is None or member.target.scope == "thing" or member.target.path
        return [f"({text} if {value} is not None else 'null')" if may_be_none and not member.face.writes_none else text]

    @staticmethod
    def _or_null(text: str, value: str) -> str:
        return f"({text} if {value} else 'null')"

    # -------------------------------------------------------------------------------------------- arrays

    def array(self, member: plan.Member, value: str, newline: str) -> str:
        """A collection that is held: the local with its text."""
        code, inner = self.code, newline + STEP if newline else ""
        outer, parts = code.fresh("outer"), code.fresh("parts")
        code.line(f"{outer} = {ELEMENT}")
        self._elements(member, value, inner, parts)
        code.line(f"{ELEMENT} = {outer}")
        whole = code.fresh("whole")
        code.line(f'{whole} = "[" + ",".join({parts}) + {newline + "]"!r} if {parts} else "[]"')
        return whole

    def streamed_array(self, member: plan.Member, newline: str) -> Pieces:
        """The thing's streamed elements, given block by block; what is left is the end of the array."""
        code, inner = self.code, newline + STEP if newline else ""
        mark, parts = code.fresh("mark"), code.fresh("parts")
        code.line(f'{mark} = "["')
        with code.block("for block in blocks"):
            self._elements(member, "block", inner, parts)
            code.line(f'yield {mark} + ",".join({parts})')
            code.line(f'{mark} = ","')
        return [f"('[]' if {mark} == '[' else {newline + ']'!r})"]

    def _elements(self, member: plan.Member, source: str, inner: str, parts: str) -> None:
        """Lines that make `parts`, the texts of the elements of `source`."""
        code = self.code
        item = (member.item[0],) if member.bare else member.item
        if all(is_column(one) for one in item) and any(not one.is_constant for one in item):
            self._columns(member, item, source, inner, parts)
            return
        code.line(f"{parts} = []")
        with code.block(f"for {ELEMENT} in {source}"):
            pieces = self.member(item[0], self.value(item[0]), inner) if member.bare else self.object(item, inner)
            code.line(f"{parts}.append({self.text([Text(inner), *pieces])})")

    def _columns(self, member: plan.Member, item: tuple[plan.Member, ...], source: str, inner: str, parts: str) -> None:
        """The same where each element is nothing but values: whole columns become text."""
        code, below = self.code, inner + STEP if inner else ""
        columns, pieces = [], [Text(inner)]
        for index, one in enumerate(item):
            if not member.bare:
                head = f"{'{' if index == 0 else ','}{below}{quote(one.name, True)}{': ' if below else ':'}"
                pieces.append(Text(head))
            if one.is_constant:
                pieces.append(Text(constant_text(one.constant)))
                continue
            assert one.target is not None and one.face is not None
            column, each = code.fresh("column"), code.fresh("each")
            values = f"[e[{one.target.index}] for e in {source}]"
            code.line(f"{column} = {one.face.emit_write_all(code, values, below if not member.bare else inner)}")
            columns.append((each, column))
            pieces.append(each)  # type: ignore[arg-type]
        pieces.append(Text("" if member.bare else inner + "}"))
        names = ", ".join(each for each, _ in columns)
        sources = (
            f"zip({', '.join(column for _, column in columns)}, strict=True)" if len(columns) > 1 else columns[0][1]
        )
        code.line(f"{parts} = [{self.text(list(pieces))} for {names} in {sources}]")

    # -------------------------------------------------------------------------------------------- other documents

    def line(self, line: plan.Line) -> None:
        """One kind of line: one, or one for each element."""
        if not line.each:
            self.give([*self.object(line.members, ""), Text("\n")])
            return
        parts = self.code.fresh("parts")
        with self.code.block("for block in blocks"):
            self.code.line(f"{parts} = []")
            with self.code.block(f"for {ELEMENT} in block"):
                self.code.line(f"{parts}.append({self.text([*self.object(line.members, ''), Text(chr(10))])})")
            self.code.line(f'yield "".join({parts})')

    def keyed(self, document: plan.Document, newline: str) -> Pieces:
        """An object whose members are the elements of a collection, by their names."""
        assert document.keyed is not None
        only = document.members[0]
        assert only.face is not None
        inner, colon = (newline + STEP, ": ") if newline else ("", ":")
        parts, whole = self.code.fresh("parts"), self.code.fresh("whole")
        quoted = self.code.imported("codec.layout.json_write", "quote_name")
        self.code.line(f"{parts} = []")
        with self.code.block(f"for name, value in {document.keyed.emit()}"):
            pieces = [Text(inner), f"{quoted}(name, True)", Text(colon), *self.member(only, "value", inner)]
            self.code.line(f"{parts}.append({self.text(pieces)})")
        self.code.line(f'{whole} = "{{" + ",".join({parts}) + {newline + "}"!r} if {parts} else "{{}}"')
        return [whole]


def may_be_left_out(member: plan.Member) -> bool:
    """Whether there are things without this member."""
    absent = member.none == "left_out" and member.target is not None
    return bool(member.option or member.shown_with or member.empty_left_out or absent)


def is_column(member: plan.Member) -> bool:
    """Whether a member of an element is one of its values, whatever the element."""
    if member.hidden or may_be_left_out(member) or member.unless or member.empty_null or member.is_reset:
        return False
    if member.is_constant:
        return True
    plain = member.face is not None and member.derive is None and not member.texts and member.keyed is None
    return plain and member.target is not None and member.target.scope == "element" and not member.target.path
