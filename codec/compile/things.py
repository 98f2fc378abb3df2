"""Python source that writes all records of a thing at once.

What it refuses (a document that contradicts itself, a value that does not fit) is judged again by the general writer,
so nothing is handed on before all of it is made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from codec.compile.code import Code
from codec.compile.once import in_locals, once, once_for_all
from codec.compile.rows import write_parts
from codec.layout.types import Kind, Union
from codec.layout.wire import LENGTH, write_tag
from codec.spec import plan
from codec.spec.words import KEY_OF, Derivation, Pick

PARAMETERS = "things: Sequence[dict[str, Any]], behind: bytes"
WORDS = "codec.spec.words"


def emit_records(code: Code, entity: plan.Entity) -> None:
    """`records_X(things, behind)`: pairs of key (with `behind` behind it) and value, and the records that others may share.

    The things, at least one, have one parent, if they have any; then it is enough that the first knows it, and the options.
    """
    doc = f"All records of some {entity.name}."
    with code.function(f"records_{entity.name}", PARAMETERS, "tuple[list[Any], list[Any]]", doc):
        code.imported("collections.abc", "Sequence")
        for name in ("behind", "element", "records", "shared", "key", "head", "thing", "things", "shown"):
            code.fresh(name)  # taken
        code.line("records: list[Any] = []")
        code.line("shared: list[Any] = []")
        start = code.mark()
        with code.block("for thing in things"):
            loop = code.mark()
            code.line("element: tuple[Any, ...] = ()")
            for name, derive in entity.computed:
                _emit_computed(code, name, derive)
            _emit_unique(code, entity)
            for check in entity.checks:
                code.reject_if(f"not ({check.condition.emit()})")
            mark = code.mark()
            for row in entity.rows:
                if row.written:
                    _emit_row(code, entity, row)
            lines, names = code.cut(loop), dict[str, str]()
            rows = lines[mark - loop :]
            if entity.within:  # nobody looks at the thing afterwards
                names = {name: code.fresh(f"own_{name}") for name, _ in entity.computed}
                lines = in_locals(lines, names)
                rows = _with_needed_keys(lines[mark - loop :])
            code.paste([*lines[: mark - loop], *once(rows, _is_pure, code.fresh, names.values())], deeper=False)
        if entity.within:
            code.paste(once_for_all(code.cut(start), entity.within[0], _is_pure, code.fresh), deeper=False)
        code.line("return records, shared")


def _with_needed_keys(lines: list[str]) -> list[str]:
    """The lines without those that note a key for later records of the thing, where none has it."""
    names = re.findall(f"""['"]({KEY_OF}.*?)['"]""", "\n".join(lines))
    unused = {f"thing[{name!r}] = key" for name, count in Counter(names).items() if count == 1}
    return [line for line in lines if line.strip() not in unused]


def _is_pure(function: str) -> bool:
    """Whether a function that generated code calls only makes a value of its arguments."""
    return function in ("escape", "max", "quote", "write_base64url", "write_decimal") or function.startswith("pack_")


def _emit_computed(code: Code, name: str, derive: Derivation) -> None:
    if isinstance(derive, Pick):
        code.line(f"thing[{name!r}] = {_picked(code, derive)}")
        return
    try:
        text = derive.emit()
    except NotImplementedError:
        text = f"{code.provided('derived', derive)}.evaluate(thing, element)"
    code.line(f"thing[{name!r}] = {text}")


def _picked(code: Code, pick: Pick) -> str:
    picked = code.imported(WORDS, "picked")
    return f"{picked}({pick.by.emit()}, {pick.collection.emit()}, {pick.only!r}, {pick.needed!r})"


def _emit_unique(code: Code, entity: plan.Entity) -> None:
    """Elements that a record lists by name must have one name each."""
    streamed = entity.collection
    for name, kind in entity.fields.items():
        if kind.many is not None and kind.many.unique and not (streamed and streamed[0] == name):
            many = f"thing[{name!r}]"
            code.reject_if(f"{many} and len({{one[0] for one in {many}}}) != len({many})")


def _emit_row(code: Code, entity: plan.Entity, row: plan.Row) -> None:
    if row.each_of is not None:
        _emit_derived(code, row)
        return
    conditions = [f"({row.when.emit()})"] if row.when is not None else []
    if not row.each and not row.repeated:
        conditions += [f"{name.emit()} is not None" for name in row.needed]
    with code.block(f"if {' and '.join(conditions) or 'True'}"):
        if row.each:
            _emit_elements(code, entity, row)
            return
        code.line(f"key = {write_parts(code, row.key)}")
        value = _value(code, row)
        if row.repeated:
            greatest, *ties = (name.emit() for name in row.repeated)
            rank = ", ".join([f"-{greatest}" if row.keep == "greatest" else greatest, *ties])
            code.line(f"shared.append((key, ({rank},), {value}))")
        else:
            code.line(f"thing[{KEY_OF + row.name!r}] = key")
            code.line(f"records.append((key + behind, {value}))")


def _emit_elements(code: Code, entity: plan.Entity, row: plan.Row) -> None:
    """A record for each element; what is the same in all of them is made once."""
    many = entity.fields[row.each].many
    source = f"thing[{row.each!r}]"
    if many is not None and many.positional:
        source = f"[(*one, at) for at, one in enumerate({source})]"
    fixed = next((at for at, part in enumerate(row.key) if not _is_fixed(part)), len(row.key))
    code.line(f"head = {write_parts(code, row.key[:fixed])}")
    mark = code.mark()
    key = write_parts(code, row.key[fixed:])
    value = _value(code, row)
    inside = code.cut(mark)
    if not inside:
        code.line(f"records += [(head + {key} + behind, {value}) for element in {source}]")
        return
    with code.block(f"for element in {source}"):
        code.paste(inside)
        code.line(f"records.append((head + {key} + behind, {value}))")


def _is_fixed(part: plan.Part) -> bool:
    """Whether a part of a key is the same for all elements of a thing."""
    if isinstance(part, plan.Literal_):
        return True
    if not isinstance(part, plan.Slot) or part.derive is not None:
        return False
    return part.account in ("lost", "constant") or (part.target is not None and part.target.scope == "thing")


def _emit_derived(code: Code, row: plan.Row) -> None:
    """A record for each element of another thing's collection for which the condition holds."""
    assert row.each_of is not None
    with code.block(f"for element in {row.each_of.emit()}"):
        for name, pick in row.locals:
            code.line(f"thing[{name!r}] = {_picked(code, pick)}")
            with code.block(f"if thing[{name!r}] is None and {pick.by.emit()}"):
                code.line("continue")
        with code.block(f"if {row.when.emit() if row.when is not None else 'True'}"):
            code.line(f"key = {write_parts(code, row.key)}")
            code.line(f"records.append((key + behind, {_value(code, row)}))")


def _value(code: Code, row: plan.Row) -> str:
    """The expression of the value; several forms become a local."""
    forms = [form for form in row.forms if form.written]
    if len(forms) == 1 and forms[0].when is None:
        return write_parts(code, forms[0].parts)
    value, word = code.fresh("value"), "if"
    for form in forms:
        head = f"{word} {form.when.emit()}" if form.when is not None else "else"
        with code.block("if True" if head == "else" and word == "if" else head):
            code.line(f"{value} = {write_parts(code, form.parts)}")
        word = "elif"
        if form.when is None:
            break
    else:
        with code.block("else"):
            code.line(f"raise {code.imported('codec.layout.base', 'Reject')}")
    return value


# ------------------------------------------------------------------------------------------------ unions


def union_writer(union: Union) -> str:
    """The name of the function that writes a union as a message."""
    return f"wire_{union.name}"


def emit_union_writer(code: Code, union: Union) -> None:
    """`wire_X(pair)`: the canonical message."""
    varint = code.imported("codec.layout.wire", "write_varint")
    with code.function(union_writer(union), "pair: Any", "bytes", f"One {union.name} as a message."):
        code.line("tag, one = pair")
        for kind in union.kinds:
            head = write_tag(kind.number, union.wire_of(kind))
            with code.block(f"if tag == {kind.name!r}"):
                if union.wire_of(kind) != LENGTH:
                    code.line(f"return {head!r} + {varint}(int(one))")
                elif kind.shape == "one":
                    code.line(f"return {code.chunk(head, _content(union, kind, 'one'))}")
                else:
                    whole = f"b''.join([{_collected(code, union, kind)}])"
                    code.line(f"return {code.chunk(head, whole)}")
        code.line("raise KeyError(tag)")


def _content(union: Union, kind: Kind, value: str) -> str:
    if kind.base == "text":
        return f"{value}.encode()"
    if kind.base == "bytes":
        return value
    inner = union.types[kind.base]
    assert isinstance(inner, Union), "a union holds scalars and unions"
    return f"{union_writer(inner)}({value})"


def _collected(code: Code, union: Union, kind: Kind) -> str:
    """The elements of the message inside that holds a list or a map."""
    head, key, value = (write_tag(number, LENGTH) for number in (1, 1, 2))
    if kind.shape == "list":
        return f"{code.chunk(head, _content(union, kind, 'item'))} for item in one"
    entry = f"{code.chunk(key, 'name.encode()')} + {code.chunk(value, _content(union, kind, 'one[name]'))}"
    return f"{code.chunk(head, entry)} for name in sorted(one)"


def can_write(union: Union, types: Iterable[str]) -> bool:
    """Whether a union has a generated writer: it is made of scalars with a length or a flag, and of unions."""
    return all(
        kind.base in ("text", "bytes")
        or (kind.base == "flag" and kind.shape == "one")
        or (kind.base in types and isinstance(union.types[kind.base], Union))
        for kind in union.kinds
    )


__all__: Sequence[str] = ["emit_records", "emit_union_writer"]
