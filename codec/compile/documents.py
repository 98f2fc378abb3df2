"""Python source that reads one kind of document. Like compiled rows it leaves every refusal to the interpreter."""

from __future__ import annotations

from codec.compile.code import Code
from codec.compile.names import document_name
from codec.compile.rows import PARAMETERS
from codec.engine.documents import STEM, targets
from codec.layout.faces import RANGES, Integer
from codec.spec import plan

READER = "value: Any, notes: Notes"


def can(document: plan.Document) -> bool:
    """Whether a document kind has generated code; nested objects and objects by name are left to the interpreter."""
    simple = not any(
        m.members
        or m.texts
        or m.derive
        or m.keyed
        or m.empty_left_out
        or m.unless
        or m.null_is_zero
        or m.empty_null
        or m.hidden
        or m.shown_with
        or (m.face is not None and m.face.reads_text)
        for m in document.members
    )
    return document.kind not in ("raw", "keyed", "together", "bundle", "copies") and simple


# ------------------------------------------------------------------------------------------------ reading


def emit_reader(code: Code, document: plan.Document) -> None:
    """`load_X(value, notes)`: the fields that a document says."""
    if document.kind in ("json", "sidecar"):
        _emit_object(
            code,
            f"load_{document_name(document)}",
            document.members,
            "dict[str, Any]",
            f"{document.entity}: {document.name}.",
        )
    for index, line in enumerate(document.lines):
        _emit_object(
            code,
            f"load_{document_name(document)}_{index}",
            line.members,
            "dict[str, Any]",
            f"{document.entity}: {document.name}, one line.",
        )


def _emit_object(code: Code, name: str, members: tuple[plan.Member, ...], result: str, doc: str) -> None:
    items = {}
    for member in members:
        if member.each is not None and not member.bare:
            items[member.name] = f"{name}_{member.name}"
            _emit_object(
                code, items[member.name], member.item, "tuple[Any, ...]", f"{doc[:-1]}, one of {member.each.field}."
            )
    with code.function(name, READER, result, doc):
        code.reject_if("type(value) is not dict")
        known = code.constant(f"MEMBERS_{name.upper()}", f"frozenset({sorted(member.name for member in members)!r})")
        with code.block(f"if not value.keys() <= {known}"):
            code.line(f"{code.imported('codec.engine.base', 'note_unknown')}({known}, value, notes)")
        names = []
        for member in members:
            _emit_member(code, member, items.get(member.name, ""))
            names += targets(member)
        if result.startswith("dict"):
            stem = [f"{STEM!r}: {STEM}"] if any(member.stem for member in members) else []
            code.line(f"return {{{', '.join([*stem, *(f'{n.field!r}: {n.field}' for n in names)])}}}")
        else:
            code.line(f"return {', '.join(n.field for n in sorted(names, key=lambda n: n.index))},")


def _emit_member(code: Code, member: plan.Member, item: str) -> None:
    get = f"value.get({member.name!r})"
    if member.is_constant:
        code.line(f"json = {get}")
        code.reject_if(f"type(json) is not {type(member.constant).__name__} or json != {member.constant!r}")
    elif member.stem:
        code.line(f"{STEM} = value.get({member.name!r}, '')")
        code.reject_if(f"type({STEM}) is not str")
    elif member.pattern:
        read = code.imported("codec.engine.base", "read_text_pattern")
        fields = [part[0].field for part in member.pattern if not isinstance(part, str)]
        shape = tuple(part if isinstance(part, str) else None for part in member.pattern)
        code.line(f"{', '.join(fields)}{',' if len(fields) == 1 else ''} = {read}({shape!r}, {get})")
    elif member.each is not None:
        _emit_array(code, member, get, item)
    else:
        _emit_scalar(code, member, get)


def _emit_array(code: Code, member: plan.Member, get: str, item: str) -> None:
    assert member.each is not None
    name = member.each.field
    code.line(f"json = {get}")
    with code.block("if json is None"):
        code.line(f"{name} = []")
    with code.block("else"):
        code.reject_if("type(json) is not list")
        if member.bare:
            only = member.item[0]
            assert only.face is not None
            code.reject_if("None in json")
            code.line(f"{name} = [({only.face.emit_read(code, 'one')},) for one in json]")
        else:
            code.line(f"{name} = [{item}(one, notes) for one in json]")


def _emit_scalar(code: Code, member: plan.Member, get: str) -> None:
    assert member.target is not None and member.face is not None
    name = member.target.field
    code.line(f"{name} = {get}")
    may_be_none = member.none == "left_out" or member.zero_is_none
    try:
        missing = None if may_be_none else member.face.missing()
        refused = False
    except Exception:
        missing, refused = None, True
    if refused:
        code.reject_if(f"{name} is None")
        _emit_face(code, member, name)
        return
    with code.block(f"if {name} is None"):
        code.line(f"{name} = {missing!r}" if missing is not None else "pass")
    with code.block("else"):
        _emit_face(code, member, name)
        if member.zero_is_none:
            code.line(f"{name} = {name} or None")


def _emit_face(code: Code, member: plan.Member, name: str) -> None:
    assert member.face is not None
    if isinstance(member.face, Integer):
        low, high = RANGES[member.face.model]
        code.reject_if(f"type({name}) is not int or not {low} <= {name} <= {high}")
    else:
        code.line(f"{name} = {member.face.emit_read(code, name)}")


__all__ = ["PARAMETERS", "emit_reader"]
