"""Functions that print documents and read them, in both directions and for every kind of member; stored JSON as well.

They do what `codec.engine.documents` does for a plan, each for one document.
"""

from __future__ import annotations

import re

from codec.compile.names import document_name
from codec.engine.documents import STEM, STEP, constant_text, targets
from codec.generate.python.code import ModuleCode
from codec.layout.json_write import quote
from codec.layout.tagged import Tagged
from codec.layout.types import ZEROS
from codec.spec import plan

SHOW = "thing: Fields, element: Element, options: Options"
PRINTED = ("json", "lines", "sidecar", "keyed", "together", "bundle")


def emit_document(code: ModuleCode, document: plan.Document) -> None:
    """`show_X(thing, options)` and `load_X(text)`."""
    name = document_name(document)
    newline = "\n" if document.kind in ("json", "keyed") else ""
    end = "" if newline else ' + "\\n"'
    if document.kind in ("keyed", "bundle"):
        _emit_keyed(code, document, name, newline, end)
        return
    if document.kind == "lines":
        _emit_lines(code, document, name)
        return
    with code.function(
        f"show_{name}", "thing: Fields, options: Options", "str", f"{document.entity}: {document.name}."
    ):
        code.line("element: Element = ()")
        code.line(f"return {Show(code).object(document.members, newline)}{end}")
    _emit_load(code, f"load_{name}", document.members, f"{document.entity}: {document.name}.")


def _emit_load(code: ModuleCode, name: str, members: tuple[plan.Member, ...], doc: str) -> None:
    reader = Load(code, name)
    items = reader.item_functions(members)
    with code.function(name, "text: str", "Fields", doc):
        code.line(f"value = {code.runtime('read_json')}(text)")
        code.line("thing: Fields = {}")
        reader.members(members, "value", (), items)
        code.line("return thing")


def emit_stored(code: ModuleCode, name: str, part: plan.Json) -> None:
    """A class that reads and writes the JSON object that records hold."""
    reader = Load(code, name)
    items = reader.item_functions(part.members)
    code.line()
    code.line()
    with code.block(f"class {name}"):
        code.line('"""A JSON object that a record holds."""')
        code.line()
        code.line("@staticmethod")
        with code.block("def read(data: bytes) -> Fields"):
            code.line("text = data.decode()")
            code.line(f"value = {code.runtime('read_json')}(text)")
            code.line("thing: Fields = {}")
            reader.members(part.members, "value", (), items)
            code.line("return thing")
        code.line()
        code.line("@staticmethod")
        with code.block("def write(thing: Fields, element: Element) -> bytes"):
            code.line("options: Options = frozenset()")
            code.line(f"return {Show(code).object(part.members, '')}.encode()")


def _emit_keyed(code: ModuleCode, document: plan.Document, name: str, newline: str, end: str) -> None:
    """An object whose members are the elements of a collection."""
    only, keyed = document.members[0], document.keyed
    assert keyed is not None and only.face is not None
    inner, colon = (newline + STEP, ": ") if newline else ("", ":")
    show = Show(code)
    with code.function(
        f"show_{name}", "thing: Fields, options: Options", "str", f"{document.entity}: {document.name}."
    ):
        quoted = f"{code.imported('codec.layout.json_write', 'quote')}(element[0], True)"
        one = f"{quoted} + {colon!r} + {show.face(only, 'element[1]', inner)}"
        code.line(f"parts = [{one} for element in {keyed.emit()}]")
        code.line(f"return {show.between('{', 'parts', '}', newline)}{end}")
    with code.function(f"load_{name}", "text: str", "Fields", f"{document.entity}: {document.name}."):
        code.line(f"value = {code.runtime('object_of')}({code.runtime('read_json')}(text), frozenset())")
        read = f"{code.runtime('member')}(value, name, {Load(code, name).reader(only)}, dict)"
        code.line(f"return {{{keyed.field!r}: [(name, {read}) for name in sorted(value)]}}")


def _emit_lines(code: ModuleCode, document: plan.Document, name: str) -> None:
    """A file of several kinds of lines, told apart by their constants."""
    with code.function(
        f"show_{name}", "thing: Fields, options: Options", "str", f"{document.entity}: {document.name}."
    ):
        code.line("out: list[str] = []")
        for line in document.lines:
            with code.block(f"for element in thing[{line.each!r}]" if line.each else "for element in ((),)"):
                code.line(f'out.append({Show(code).object(line.members, "")} + "\\n")')
        code.line('return "".join(out)')
    readers = []
    for index, line in enumerate(document.lines):
        _emit_load(code, f"load_{name}_{index}", line.members, f"{document.entity}: {document.name}, one line.")
        readers.append((line, f"load_{name}_{index}"))
    with code.function(f"load_{name}", "text: str", "Fields", f"{document.entity}: {document.name}."):
        collections = sorted({line.each for line in document.lines if line.each})
        code.line(f"thing: Fields = {{{', '.join(f'{each!r}: []' for each in collections)}}}")
        with code.block("for line in text.splitlines()"):
            code.line(f"value = {code.runtime('object_of')}({code.runtime('read_json')}(line), frozenset())")
            word = "if"
            for line, reader in sorted(readers, key=lambda one: one[0].mark is None):
                mark = line.mark
                head = f"{word} value.get({mark[0]!r}) == {mark[1]!r}" if mark else "else"
                with code.block(head):
                    code.line(f"said = {reader}(line)")
                    if line.each:
                        names = sorted((n for m in line.members for n in targets(m)), key=lambda n: n.index)
                        element = ", ".join(f"said[{name.field!r}]" for name in names)
                        code.line(f"thing[{line.each!r}].append(({element},))")
                    else:
                        code.line("thing |= said")
                word = "elif"
        code.line("return thing")


# ------------------------------------------------------------------------------------------------ printing


class Show:
    """Emits what prints objects; each object's parts are collected in a list of their own."""

    def __init__(self, code: ModuleCode) -> None:
        self.code = code

    def between(self, opening: str, parts: str, closing: str, newline: str) -> str:
        """The expression of an object or array made of `parts`."""
        return f"{self.code.runtime('between')}({opening!r}, {parts}, {closing!r}, {newline!r})"

    def object(self, members: tuple[plan.Member, ...], newline: str, element: str = "element") -> str:
        """Lines that collect the members; the expression of the object."""
        parts = self.code.fresh("parts")
        self.code.line(f"{parts}: list[str] = []")
        for member in members:
            if not member.hidden:
                self._member(parts, member, newline + STEP if newline else "", element)
        return self.between("{", parts, "}", newline)

    def _member(self, parts: str, member: plan.Member, newline: str, element: str) -> None:
        """One member; `newline` is the one that stands in front of it."""
        head = quote(member.name, True) + (": " if newline else ":")
        if member.is_constant:
            self.code.line(f"{parts}.append({head + constant_text(member.constant)!r})")
            return
        conditions = [f"{member.option!r} in options"] if member.option else []
        value = self._value(member, element)
        if value is not None:
            name = self.code.fresh("value")
            self.code.line(f"{name} = {value}")
            value = name
            if member.shown_with:
                nothing = (None, member.default)
                conditions.append(f"not options.isdisjoint({set(member.shown_with)!r}) and {value} not in {nothing!r}")
            if member.empty_left_out:
                conditions.append(value)
            if member.none == "left_out" and member.target is not None:
                conditions.append(f"{value} is not None")
        if conditions:
            with self.code.block(f"if {' and '.join(conditions)}"):
                self._append(parts, head, member, value or "None", newline, element)
        else:
            self._append(parts, head, member, value or "None", newline, element)

    def _value(self, member: plan.Member, element: str) -> str | None:
        """The expression of what a member says; None for one that says nothing of its own."""
        if member.is_reset:
            return repr(member.reset)
        name = member.target or member.each or member.keyed
        value = name.emit(element) if name is not None else None
        if member.derive is not None:
            value = re.sub(r"\belement\b", element, self.code.expression(member.derive))
        if member.unless:
            return f"({value} if {member.unless!r} in options else {member.reset!r})"
        return value

    def _append(self, parts: str, head: str, member: plan.Member, value: str, newline: str, element: str) -> None:
        is_array = member.each is not None
        text = self._array(member, value, newline) if is_array else self._text(member, value, newline, element)
        if member.empty_null:
            text = f"({text} if {value} else 'null')"
        self.code.line(f"{parts}.append({head!r} + {text})")

    def _array(self, member: plan.Member, value: str, newline: str) -> str:
        items, one = self.code.fresh("items"), self.code.fresh("one")
        inner = newline + STEP if newline else ""
        self.code.line(f"{items}: list[str] = []")
        with self.code.block(f"for {one} in {value}"):
            if member.bare:
                only = member.item[0]
                assert only.target is not None
                self.code.line(f"{items}.append({self._text(only, only.target.emit(one), inner, one)})")
            else:
                self.code.line(f"{items}.append({self.object(member.item, inner, one)})")
        return self.between("[", items, "]", newline)

    def _text(self, member: plan.Member, value: str, newline: str, element: str) -> str:
        """The expression of the JSON text of a value."""
        code = self.code
        if member.members:
            return self.object(member.members, newline, element)
        quoted = code.imported("codec.layout.json_write", "quote")
        if member.stem:
            return f"{quoted}(thing[{STEM!r}], False)"
        if member.pattern:
            parts = (repr(p) if isinstance(p, str) else f"str({p[0].emit(element)})" for p in member.pattern)
            return f"{quoted}({' + '.join(parts)}, True)"
        if member.texts:
            return self.between("[", f"[{quoted}(text, True) for text in {value}]", "]", newline)
        if member.keyed is not None:
            assert member.face is not None
            colon = ": " if newline else ":"
            one = f"{quoted}(one[0], {member.face.html}) + {colon!r} + {self.face(member, 'one[1]', '')}"
            return self.between("{", f"[{one} for one in {value}]", "}", newline)
        assert member.face is not None
        if member.is_reset and member.reset is not None:
            return repr(member.face.write(member.reset, newline))
        text = self.face(member, value, newline)
        return text if member.face.writes_none else f"('null' if {value} is None else {text})"

    def face(self, member: plan.Member, value: str, newline: str) -> str:
        """The expression of a value in its face."""
        face = member.face
        assert face is not None
        if isinstance(face, Tagged):
            return f"{self.code.type(face.union)}.write_json({value}, {newline!r}, {face.html})"
        return face.emit_write(self.code, value, newline)


# ------------------------------------------------------------------------------------------------ reading


class Load:
    """Emits what reads objects, as `codec.engine.documents.read_object` does."""

    def __init__(self, code: ModuleCode, name: str) -> None:
        self.code, self.name = code, name

    def item_functions(self, members: tuple[plan.Member, ...]) -> dict[int, str]:
        """A function for the items of each array, by the member's identity; emitted before it is used."""
        found: dict[int, str] = {}
        for member in members:
            found |= self.item_functions(member.members)
            if member.each is not None and not member.bare:
                inner = self.item_functions(member.item)
                name = found[id(member)] = f"{self.name}_{member.name}"
                with self.code.function(name, "value: Any", "Element", f"One of {member.each.field}."):
                    self.code.line("thing: Fields = {}")
                    self.members(member.item, "value", (), inner)
                    names = sorted((n for item in member.item for n in targets(item)), key=lambda n: n.index)
                    said = {name.index: name.field for name in names}
                    self.code.line(f"return ({''.join(f'thing[{field!r}], ' for field in said.values())})")
        return found

    def members(
        self, members: tuple[plan.Member, ...], source: str, path: tuple[str, ...], items: dict[int, str]
    ) -> None:
        """Lines that put what the members of `source` say into `thing`."""
        code = self.code
        known = frozenset(member.name for member in members)
        value = code.fresh("members")
        names = ", ".join(repr(name) for name in sorted(known))
        code.line(f"{value} = {code.runtime('object_of')}({source}, frozenset(({names},)))")
        for member in members:
            if member.is_constant:
                code.line(f"{code.runtime('constant')}({value}, {member.name!r}, {member.constant!r})")
            elif member.members:
                self.members(member.members, f"{value}.get({member.name!r}) or {{}}", (*path, member.name), items)
            elif member.keyed is not None:
                self._keyed(member, value, path)
            elif member.derive is not None and member.target is None:
                code.line(f"{self._call(member, value, self.reader(member), 'lambda: None')}")
            elif member.pattern:
                self._pattern(member, value)
            elif member.stem:
                code.line(f"thing[{STEM!r}] = {self._call(member, value, code.runtime('text_of'), 'str')}")
            elif member.each is not None:
                self._each(member, value, items)
            else:
                read = self._texts() if member.texts else self.reader(member)
                missing = "list" if member.texts else self._missing(member)
                text = self._call(member, value, read, missing)
                if member.zero_is_none:
                    text = f"{code.runtime('positive')}({text})"
                if member.target is not None:
                    code.line(f"{self._place(member.target.field, member.target.path)} = {text}")
                else:
                    code.line(text)

    def _call(self, member: plan.Member, value: str, read: str, missing: str) -> str:
        return f"{self.code.runtime('member')}({value}, {member.name!r}, {read}, {missing})"

    def _place(self, name: str, path: tuple[str, ...]) -> str:
        steps = (name, *path)
        held = "".join(f".setdefault({step!r}, {{}})" for step in steps[:-1])
        return f"thing{held}[{steps[-1]!r}]"

    def _each(self, member: plan.Member, value: str, items: dict[int, str]) -> None:
        assert member.each is not None
        read = f"lambda one: ({self.reader(member.item[0])}(one),)" if member.bare else items[id(member)]
        many = f"lambda many: {self.code.runtime('array')}(many, {read})"
        self.code.line(f"thing[{member.each.field!r}] = {self._call(member, value, many, 'list')}")

    def _texts(self) -> str:
        return f"lambda many: {self.code.runtime('array')}(many, {self.code.runtime('text_of')})"

    def _pattern(self, member: plan.Member, value: str) -> None:
        fields = [part[0].field for part in member.pattern if not isinstance(part, str)]
        shape = tuple(part if isinstance(part, str) else None for part in member.pattern)
        pattern = self.code.imported("codec.engine.base", "read_text_pattern")
        read = f"lambda text: {pattern}({shape!r}, text)"
        wrong = f"lambda: {pattern}({shape!r}, None)"
        self.code.line(f"thing |= zip({tuple(fields)!r}, {self._call(member, value, read, wrong)}, strict=True)")

    def _keyed(self, member: plan.Member, value: str, path: tuple[str, ...]) -> None:
        """Elements whose values are passed through as they are written."""
        assert member.keyed is not None
        where = "".join(f", {step!r}" for step in (*path, member.name))
        written = f"{self.code.runtime('written_members')}(text{where})"
        elements = f"[(name, {self.reader(member)}(one)) for name, one in sorted({written}.items())]"
        self.code.line(f"thing[{member.keyed.field!r}] = []")
        with self.code.block(f"if {value}.get({member.name!r}) is not None"):
            self.code.line(f"{self.code.runtime('object_of')}({value}[{member.name!r}], frozenset())")
            self.code.line(f"thing[{member.keyed.field!r}] = {elements}")

    def reader(self, member: plan.Member) -> str:
        """The expression of the function that reads a value in its face."""
        face = member.face
        assert face is not None
        if isinstance(face, Tagged):
            return f"{self.code.type(face.union)}.read_json"
        return f"{self.code.face(face)}.read"

    def _missing(self, member: plan.Member) -> str:
        assert member.face is not None
        if member.default is not None:
            return f"lambda: {member.default!r}"
        if member.none == "left_out" or member.zero_is_none:
            return "lambda: None"
        if member.null_is_zero:
            return f"lambda: {ZEROS[member.face.model]!r}"
        face = (
            f"{self.code.type(member.face.union)}" if isinstance(member.face, Tagged) else self.code.face(member.face)
        )
        return f"{face}.missing"
