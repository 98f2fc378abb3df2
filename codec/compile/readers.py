"""Python source that reads the text of one kind of document, as a writer prints it.

What it takes it takes as the general reader would. Anything else, right or wrong, it refuses: unknown members, other
spellings, values that do not fit. The general reader then knows why, or better.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from codec.compile.code import Code
from codec.compile.names import document_name
from codec.engine.documents import STEM, read_scalar, targets
from codec.layout.base import Wrong
from codec.layout.encoded_faces import Base64
from codec.layout.faces import RANGES, Face, Flag, Integer, Number, Text, TextOrBase64
from codec.layout.tagged import Tagged
from codec.layout.types import Union
from codec.spec import plan
from codec.spec.words import Name

CANONICAL = "codec.layout.json_canonical"
_LINES = frozenset(("lines", "sidecar", "together", "bundle"))
_KEYED = frozenset(("keyed", "bundle"))


def emit_parser(code: Code, document: plan.Document) -> bool:
    """`parse_X(data)`: the fields that a document says; of documents of lines `parse_X(texts)`. False if there is none.

    For a document of lines that are one thing the texts give one set of fields, else one set for each.
    """
    if document.kind in ("raw", "copies"):
        return False
    reader = ObjectReader(code, document_name(document), folds=document.kind not in _KEYED)
    if document.kind == "lines":
        _emit_lines(code, document, reader)
        return True
    if document.kind in _KEYED:
        _emit_keyed(code, document, reader)
    else:
        reader.function(f"of_{document_name(document)}", document.members, element=False)
    values, result = ("texts: list[bytes]", "list[Any]") if document.kind in _LINES else ("data: bytes", "Any")
    with code.function(f"parse_{document_name(document)}", values, result, f"{document.entity}: {document.name}."):
        if document.kind in _LINES:
            code.line(
                f"return [of_{document_name(document)}(one) for one in {code.imported(CANONICAL, 'lines')}(texts)]"
            )
        else:
            code.line(f"return of_{document_name(document)}({code.imported(CANONICAL, 'document')}(data))")
    return True


def _emit_keyed(code: Code, document: plan.Document, reader: ObjectReader) -> None:
    assert document.keyed is not None
    face = document.members[0].face
    assert face is not None
    with code.function(f"of_{document_name(document)}", "value: Any", "Any", "An object of elements by name."):
        code.reject_if("type(value) is not dict")
        code.line(f"elements = [(name, {reader.face(face, 'value[name]')}) for name in sorted(value)]")
        code.line(f"return {{{document.keyed.field!r}: elements}}")


def _emit_lines(code: Code, document: plan.Document, reader: ObjectReader) -> None:
    """Elements in any number, each other kind of line exactly once."""
    name = document_name(document)
    for index, line in enumerate(document.lines):
        reader.function(f"of_{name}_{index}", line.members, element=bool(line.each))
    with code.function(f"parse_{name}", "texts: list[bytes]", "Any", f"{document.entity}: {document.name}."):
        code.line("thing: dict[str, Any] = {}")
        collections = sorted({line.each for line in document.lines if line.each})
        for each in collections:
            code.line(f"{each}: list[Any] = []")
        once = [index for index, line in enumerate(document.lines) if not line.each]
        for index in once:
            code.line(f"seen_{index} = False")
        with code.block(f"for one in {code.imported(CANONICAL, 'lines')}(texts)"):
            word = "if"
            for index, line in sorted(enumerate(document.lines), key=lambda pair: pair[1].mark is None):
                head = f"{word} one.get({line.mark[0]!r}) == {line.mark[1]!r}" if line.mark is not None else "else"
                with code.block("if True" if head == "else" and word == "if" else head):
                    if line.each:
                        code.line(f"{line.each}.append(of_{name}_{index}(one))")
                    else:
                        code.reject_if(f"seen_{index}")
                        code.line(f"seen_{index} = True")
                        code.line(f"thing |= of_{name}_{index}(one)")
                word = "elif"
        if once:
            code.reject_if(f"not ({' and '.join(f'seen_{index}' for index in once)})")
        for each in collections:
            code.line(f"thing[{each!r}] = {each}")
        code.line("return thing")


class ObjectReader:
    """Emits functions that read objects. `folds`: members that differ only in letter case are refused."""

    def __init__(self, code: Code, prefix: str, *, folds: bool) -> None:
        self.code, self.prefix, self.folds = code, prefix, folds

    def function(
        self, name: str, members: tuple[plan.Member, ...], *, element: bool = False, fields: Sequence[str] = ()
    ) -> None:
        """`name(value)`: the fields as a dict, or as a tuple: those of an element, or `fields`."""
        for member in members:
            self._inner_functions(name, member)
        with self.code.function(name, "value: Any", "Any", "One object."):
            said: dict[tuple[str, ...], str] = {}
            self._object(name, members, "value", said)
            if element:
                names = [target for member in members for target in targets(member)]
                self.code.line(f"return {_element(names, said)}")
            elif fields:
                self.code.line(f"return {_in_order(fields, said)}")
            else:
                self.code.line(f"return {_nested(said)}")

    def _inner_functions(self, name: str, member: plan.Member) -> None:
        for inner in member.members:
            self._inner_functions(name, inner)
        if member.each is not None and not member.bare and not self._is_plain(member.item):
            self.function(f"{name}_{_word(member)}", member.item, element=True)

    def _object(
        self, name: str, members: tuple[plan.Member, ...], value: str, said: dict[tuple[str, ...], str]
    ) -> None:
        """Lines that put into `said` where the value of each field is."""
        code = self.code
        code.reject_if(f"type({value}) is not dict")
        count = code.fresh("count")
        always = [member for member in members if not may_be_missing(member)]
        code.line(f"{count} = {len(always)}")
        for member in members:
            local = code.fresh("json")
            if member in always:
                code.line(f"{local} = {value}[{member.name!r}]")
                self._member(name, member, local, said)
                continue
            code.line(f"{local} = {value}.get({member.name!r})")
            absent: dict[tuple[str, ...], str] = {}
            known = _absent(member, absent)
            with code.block(f"if {local} is None"):
                if known:
                    code.line("pass")
                    for path, text in absent.items():
                        code.line(f"{_local(path)} = {text}")
                else:
                    code.line(f"{code.imported(CANONICAL, 'refused')}()")
            with code.block("else"):
                code.line(f"{count} += 1")
                self._member(name, member, local, said)
        code.reject_if(f"len({value}) != {count}")

    def _member(self, name: str, member: plan.Member, local: str, said: dict[tuple[str, ...], str]) -> None:
        code = self.code
        if member.is_constant:
            code.reject_if(f"type({local}) is not {type(member.constant).__name__} or {local} != {member.constant!r}")
        elif member.stem:
            self._put(said, (STEM,), f"({local} if type({local}) is str else {self._refused()})")
        elif member.members:
            self._object(name, member.members, local, said)
        elif member.keyed is not None:
            code.reject_if(f"{local} != {{}}")
            self._put(said, _path(member.keyed), "[]")
        elif member.pattern:
            shape = tuple(part if isinstance(part, str) else None for part in member.pattern)
            fields = [(part[0].field,) for part in member.pattern if not isinstance(part, str)]
            read = code.imported("codec.engine.base", "read_text_pattern")
            code.line(f"{', '.join(map(_local, fields))}, = {read}({shape!r}, {local})")
            said |= {path: _local(path) for path in fields}
        elif member.texts:
            assert member.target is not None
            code.reject_if(f"type({local}) is not list or not {{*map(type, {local})}} <= {{str}}")
            self._put(said, _path(member.target), local)
        elif member.each is not None:
            self._put(said, _path(member.each), f"([] if {local} is None else {self._array(name, member, local)})")
        else:
            self._scalar(member, local, said)

    def _scalar(self, member: plan.Member, local: str, said: dict[tuple[str, ...], str]) -> None:
        assert member.face is not None
        if member.target is None:
            self.code.line(self.face(member.face, local))
            return
        none = self._refused()
        if not may_be_missing(member):
            with suppress(Wrong):
                none = _literal(read_scalar(member, None))
        if isinstance(member.face, (Integer, Text, Flag)) and not member.zero_is_none:  # mostly it is not null
            text = self.face(member.face, local, f"({none} if {local} is None else {self._refused()})")
        else:
            text = f"({self.face(member.face, local)}{' or None' if member.zero_is_none else ''})"
            text = text if may_be_missing(member) else f"({none} if {local} is None else {text})"
        self._put(said, _path(member.target), text)

    def _array(self, name: str, member: plan.Member, local: str) -> str:
        """The expression of a list of elements."""
        code = self.code
        code.reject_if(f"{local} is not None and type({local}) is not list")
        if member.bare:
            face = member.item[0].face
            assert face is not None
            return f"[({self.face(face, 'one')},) for one in {local}]"
        if not self._is_plain(member.item):
            return f"[{name}_{_word(member)}(one) for one in {local}]"
        code.reject_if(f"{local} is not None and not {{*map(type, {local})}} <= {{dict}}")
        code.reject_if(f"{local} is not None and not {{*map(len, {local})}} <= {{{len(member.item)}}}")
        parts: dict[int, str] = {}
        for item in member.item:
            assert item.face is not None and item.target is not None
            parts[item.target.index] = self.face(item.face, f"one[{item.name!r}]")
        return f"[({', '.join(parts[index] for index in sorted(parts))},) for one in {local}]"

    @staticmethod
    def _is_plain(members: tuple[plan.Member, ...]) -> bool:
        """Whether each member of an element always has a value that a face reads, and nothing else."""
        return all(
            m.face is not None
            and m.target is not None
            and not m.target.path
            and not (may_be_missing(m) or m.is_constant or m.texts or m.keyed or m.members or m.each or m.zero_is_none)
            for m in members
        )

    def _put(self, said: dict[tuple[str, ...], str], path: tuple[str, ...], text: str) -> None:
        said[path] = _local(path)
        self.code.line(f"{_local(path)} = {text}")

    def _refused(self) -> str:
        return f"{self.code.imported(CANONICAL, 'refused')}()"

    # -------------------------------------------------------------------------------------------- faces

    def face(self, face: Face, value: str, otherwise: str = "") -> str:
        """The expression of the model's value; `value` is evaluated once if it is more than a name. `otherwise` is taken
        for what is no number, text or truth value."""
        one = value if value.isidentifier() else self.code.fresh("v")
        bound = f"({one})" if one == value else f"({one} := {value})"
        otherwise = otherwise or self._refused()
        if isinstance(face, Integer):
            low, high = RANGES[face.model]
            return f"({one} if type{bound} is int and {low} <= {one} <= {high} else {otherwise})"
        if isinstance(face, Text):
            taken = f"{one}.encode()" if face.model == "bytes" else one
            return f"({taken} if type{bound} is str else {otherwise})"
        if isinstance(face, Flag):
            return f"({one} if type{bound} is bool else {otherwise})"
        if isinstance(face, TextOrBase64):
            taken = one if face.model == "text" else f"{one}.encode()"
            general = f"{self.code.face(face)}.read({one}) if len({one}) == 1 else {self._refused()}"
            return f"({taken} if type{bound} is str else {general})"
        if isinstance(face, Number):
            return f"({one} if type{bound} is float else {self.code.face(face)}.read({one}))"
        if isinstance(face, Base64):
            return f"{self.code.imported('codec.layout.types', 'read_bytes')}({value})"
        if isinstance(face, Tagged):
            return f"{union_reader(face.union)}({value})" if not self.folds else self._refused()
        if getattr(face, "reads_text", False):
            return self._refused()
        known = self.code.provided("face", face)
        return f"{known}.read({self.code.imported(CANONICAL, 'one_folding')}({value}))"


def may_be_missing(member: plan.Member) -> bool:
    """Whether a canonical document may lack the member."""
    absent = member.none == "left_out" and member.target is not None
    return bool(member.option or member.shown_with or member.empty_left_out or absent or member.hidden)


def _absent(member: plan.Member, said: dict[tuple[str, ...], str]) -> bool:
    """The text of what a member that is not there says; False if it must be there."""
    if member.is_constant or member.members or member.pattern:
        return False
    if member.stem:
        said[(STEM,)] = "''"
    elif member.keyed is not None or member.each is not None or member.texts:
        name = member.keyed or member.each or member.target
        assert name is not None
        said[_path(name)] = "[]"
    else:
        try:
            value = None if member.derive is not None and member.target is None else read_scalar(member, None)
        except Wrong:
            return False
        if member.target is not None:
            said[_path(member.target)] = _literal(value)
    return True


def _literal(value: object) -> str:
    assert value is None or isinstance(value, (bool, int, float, str, bytes)) or value in ([], {}), value
    return repr(value)


def _path(name: Name) -> tuple[str, ...]:
    return (name.field, *name.path)


def _local(path: tuple[str, ...]) -> str:
    return f"f_{'__'.join(path)}"


def _word(member: plan.Member) -> str:
    assert member.each is not None
    return "_".join(_path(member.each))


def _nested(said: dict[tuple[str, ...], str]) -> str:
    """The expression of a dict of fields, structs inside."""
    heads: dict[str, dict[tuple[str, ...], str]] = {}
    for (head, *rest), text in said.items():
        heads.setdefault(head, {})[tuple(rest)] = text
    return "{" + ", ".join(f"{head!r}: {inner.get(()) or _nested(inner)}" for head, inner in heads.items()) + "}"


def _element(names: list[Name], said: dict[tuple[str, ...], str]) -> str:
    """The expression of an element: its fields in the model's order."""
    fields = {name.index: name.field for name in names}
    return _in_order([fields[index] for index in sorted(fields)], said)


def _in_order(fields: Sequence[str], said: dict[tuple[str, ...], str]) -> str:
    """The expression of a tuple of fields, structs inside as dicts."""
    parts = []
    for field in fields:
        inner = {path[1:]: text for path, text in said.items() if path[0] == field}
        parts.append(inner.get(()) or _nested(inner))
    return f"({', '.join(parts)},)"


# ------------------------------------------------------------------------------------------------ unions


def union_reader(union: Union) -> str:
    """The name of the function that reads a union from its JSON value."""
    return f"json_{union.name}"


def emit_union_reader(code: Code, union: Union) -> None:
    """`json_X(value)`: the pair that an object with one member says. The object is used up."""
    refused = code.imported(CANONICAL, "refused")
    with code.function(union_reader(union), "value: Any", "Any", f"One {union.name}."):
        code.reject_if("type(value) is not dict or len(value) != 1")
        code.line("pair = value.popitem()")
        code.line("tag, one = pair")
        for kind in union.kinds:
            with code.block(f"if tag == {kind.name!r}"):
                if kind.shape == "one" and kind.base in ("text", "flag"):
                    with code.block(f"if type(one) is {'str' if kind.base == 'text' else 'bool'}"):
                        code.line("return pair")
                    code.line(f"return {refused}()")
                elif kind.shape == "one":
                    code.line(f"return tag, {_union_part(code, union, kind.base, 'one')}")
                elif kind.shape == "list":
                    code.reject_if("type(one) is not list")
                    code.line(f"return tag, [{_union_part(code, union, kind.base, 'item')} for item in one]")
                else:
                    code.reject_if("type(one) is not dict")
                    part = _union_part(code, union, kind.base, "item")
                    code.line(f"return tag, {{name: {part} for name, item in one.items()}}")
        code.line(f"return {refused}()")


def _union_part(code: Code, union: Union, base: str, value: str) -> str:
    refused = f"{code.imported(CANONICAL, 'refused')}()"
    if base == "text":
        return f"({value} if type({value}) is str else {refused})"
    if base == "flag":
        return f"({value} if type({value}) is bool else {refused})"
    if base == "bytes":
        return f"{code.imported('codec.layout.types', 'read_bytes')}({value})"
    inner = union.types[base]
    return f"{union_reader(inner)}({value})" if isinstance(inner, Union) else refused
