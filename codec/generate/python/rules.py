"""Functions of one entity: what follows from its fields, what must hold, which records it is stored as, its paths."""

from __future__ import annotations

from codec.compile.names import document_name, row_name
from codec.generate.python.code import ModuleCode
from codec.layout.literal_path import Digits, LiteralPath
from codec.layout.segments import Segment
from codec.layout.tagged import LabelByTag, TaggedKey
from codec.spec import plan
from codec.spec.words import KEY_OF, Name

RECORD = "Iterator[tuple[bytes, bytes]]"


def emit_rules(code: ModuleCode, entity: plan.Entity) -> None:
    """`compute_X`, `check_X`, `candidates_X`: only what the entity has."""
    if entity.computed:
        doc = "What follows from the fields; raises `LookupError`."
        with code.function(f"compute_{entity.name}", "thing: Fields", "None", doc):
            for name, derive in entity.computed:
                code.line(f"thing[{name!r}] = {code.expression(derive)}")
    if entity.checks:
        with code.function(f"check_{entity.name}", "thing: Fields", "None", "What must hold; raises `DataError`."):
            for check in entity.checks:
                hint = check.hint or check.condition.describe()
                condition = code.words(check.condition.emit())
                code.line(f"{code.runtime('checked')}(bool({condition}), {hint!r})")
    if entity.choose is not None:
        choose = entity.choose
        doc = "Which of them count; None: all."
        with code.function(f"candidates_{entity.name}", "thing: Fields", "tuple[Any, ...] | None", doc):
            code.line("found: list[Any] = []")
            for candidate in choose.candidates:
                value = Name(candidate.path[0], path=candidate.path[1:]).emit()
                if candidate.text in choose.any_if_zero:
                    with code.block(f"if not {value}"):
                        code.line("return None")
                if candidate.text in choose.nothing_if_zero:
                    with code.block(f"if {value}"):
                        code.line(f"found.append({value})")
                else:
                    code.line(f"found.append({value})")
            code.line("return tuple(found)")


def emit_records(code: ModuleCode, entity: plan.Entity) -> None:
    """`records_X(thing)`, and `common_X(thing)` for records that several things may have in common."""
    written = [row for row in entity.rows if row.written and not row.copies]
    with code.function(f"records_{entity.name}", "thing: Fields", RECORD, f"The records of a {entity.name}."):
        for row in written:
            if not row.repeated:
                _emit_row(code, entity, row)
        code.line("yield from ()")
    common = [row for row in written if row.repeated]
    if common:
        result = "Iterator[tuple[bytes, Element, bytes]]"
        doc = "Records that others may have too: key, rank (the least stays), value."
        with code.function(f"common_{entity.name}", "thing: Fields", result, doc):
            for row in common:
                with code.block(f"if {code.words(row.when.emit()) if row.when else 'True'}"):
                    code.line(f"key, value = write_{row_name(row)}(thing, ())")
                    greatest, *ties = (name.emit() for name in row.repeated)
                    first = f"-{greatest}" if row.keep == "greatest" else greatest
                    code.line(f"yield key, ({', '.join([first, *ties])},), value")


def _emit_row(code: ModuleCode, entity: plan.Entity, row: plan.Row) -> None:
    write = f"write_{row_name(row)}"
    if row.each_of is not None:
        with code.block(f"for element in {row.each_of.emit()}"):
            for name, pick in row.locals:
                code.line(f"thing = thing | {{{name!r}: {code.expression(pick)}}}")
                with code.block(f"if thing[{name!r}] is None and {pick.by.emit()}"):
                    code.line("continue")
            with code.block(f"if {code.words(row.when.emit()) if row.when else 'True'}"):
                code.line(f"yield {write}(thing, element)")
        return
    conditions = [code.words(row.when.emit())] if row.when is not None else []
    if not row.each:
        conditions += [f"{name.emit()} is not None" for name in row.needed]
    with code.block(f"if {' and '.join(conditions) or 'True'}"):
        if not row.each:
            code.line(f"record = {write}(thing, ())")
            code.line(f"thing[{KEY_OF + row.name!r}] = record[0]")
            code.line("yield record")
        else:
            many = entity.fields[row.each].many
            if many is not None and many.positional:
                with code.block(f"for position, element in enumerate(thing[{row.each!r}])"):
                    code.line(f"yield {write}(thing, (*element, position))")
            else:
                with code.block(f"for element in thing[{row.each!r}]"):
                    code.line(f"yield {write}(thing, element)")


def emit_path(code: ModuleCode, document: plan.Document) -> None:
    """`path_X(thing)`: a document's path, and the last name in it that is made of a field."""
    doc = f"{document.entity}: the path of {document.name}, and the last name in it."
    with code.function(f"path_{document_name(document)}", "thing: Fields", "tuple[str, str]", doc):
        for when, path in document.alternatives:
            with code.block(f"if {code.words(when.emit())}"):
                _emit_path(code, path)
        _emit_path(code, document.path)


def _emit_path(code: ModuleCode, path: tuple[plan.PathStep, ...]) -> None:
    code.line('stem = ""')
    steps = []
    for step in path:
        pieces = []
        for part in step:
            if isinstance(part, str):
                pieces.append(repr(part))
            else:
                name = code.fresh("name")
                code.line(f"{name} = stem = {_named(code, part)}")
                pieces.append(name)
        if pieces:
            steps.append(" + ".join(pieces))
    if any(len(step) == 1 and isinstance(step[0], plan.PathPart) for step in path):  # an empty name leaves its step out
        code.line(f'return "/".join(filter(None, ({", ".join(steps)}))), stem')
    else:
        slash = ' + "/" + '
        code.line(f"return {slash.join(steps)}, stem")


def _named(code: ModuleCode, part: plan.PathPart) -> str:
    """The expression of the name that a field gives."""
    value, segment = part.target.emit(), part.segment
    if isinstance(segment, LiteralPath):
        return f"{value}.decode('utf-8', 'surrogateescape')"
    if isinstance(segment, Digits):
        return f"str({value}).zfill({segment.width or 0})"
    if isinstance(segment, Segment):
        return f"{code.value_constant(segment)}.encode({value})[0]"
    if isinstance(segment, LabelByTag):
        label = code.imported(LabelByTag.__module__, "LabelByTag")
        return f"{label}({code.value_constant(segment.segment)}, {dict(segment.tags)!r}).encode({value})[0]"
    return f"{code.imported('codec.layout.json_write', 'base64url')}({value})"


def emit_tagged_key(code: ModuleCode, name: str, layout: TaggedKey) -> None:
    """A class that writes a tagged value as the bytes of its tag's codec, escaped."""
    escape = code.imported("codec.layout.escaped", "escape")
    code.line()
    code.line()
    with code.block(f"class {name}"):
        code.line('"""A tagged value in a key."""')
        code.line()
        code.line("@staticmethod")
        with code.block("def to_bytes(tagged: Any) -> bytes"):
            code.line("tag, value = tagged")
            for tag, inner in layout.codecs.items():
                with code.block(f"if tag == {tag!r}"):
                    code.line(f"return {escape}({inner.emit_write(code, 'value')})")
            code.line(f"raise {code.imported('codec.layout.base', 'Reject')}")
