"""Python source for tagged unions: from a protobuf message, and as JSON text.

Read is what a canonical writer writes: one member that fills the message. Anything else is left to the general reader
of the type (`codec.layout.types`), which is as lenient as proto3 asks.
"""

from __future__ import annotations

from codec.compile.code import Code
from codec.engine.documents import STEP
from codec.layout.json_write import quote
from codec.layout.types import Kind, Union
from codec.layout.wire import LENGTH, write_tag

DEEP = 64  # levels below which the general reader takes over; it counts them


def reader_of(code: Code, union: Union) -> str:
    """The name of the function that reads the union; it is emitted at the end."""
    code.later[f"union_{union.name}"] = lambda: _emit_reader(code, union)
    return f"union_{union.name}"


def printer_of(code: Code, union: Union, html: bool) -> str:
    """The name of the function that prints it."""
    name = f"text_{union.name}{'_html' if html else ''}"
    code.later[name] = lambda: _emit_printer(code, union, name, html)
    return name


def _emit_reader(code: Code, union: Union) -> None:
    general = f"return {code.provided('union', union)}.from_wire(raw, depth)"
    with code.function(f"union_{union.name}", "raw: bytes, depth: int = 0", "Any", f"One {union.name}."):
        code.line("size = len(raw)")
        with code.block("if size > 1"):
            code.line("head, length, start = raw[0], raw[1], 2")
            for kind in union.kinds:
                if union.wire_of(kind) != LENGTH:
                    with code.block(f"if head == {_head(union, kind)} and size == 2 and length < 128"):
                        code.line(f"return {kind.name!r}, {'length != 0' if kind.base == 'flag' else 'length'}")
            with code.block("if length > 127"):
                code.line(f"length, start = {code.imported('codec.layout.wire', 'varint')}(raw, 1)")
            with code.block("if start + length == size"):
                for kind in union.kinds:
                    if union.wire_of(kind) == LENGTH:
                        with code.block(f"if head == {_head(union, kind)}"):
                            _emit_member(code, union, kind, general)
        code.line(general)


def _head(union: Union, kind: Kind) -> str:
    tag = write_tag(kind.number, union.wire_of(kind))
    return hex(tag[0]) if len(tag) == 1 else "-1"  # a longer tag is left to the general reader


def _emit_member(code: Code, union: Union, kind: Kind, general: str) -> None:
    if kind.shape == "one":
        code.line(f"return {kind.name!r}, {_one(code, union, kind.base, 'raw[start:]')}")
        return
    with code.block(f"if depth > {DEEP}"):
        code.line(general)
    code.line(f"items = {'[]' if kind.shape == 'list' else '{}'}")
    with code.block("while start < size"):
        with code.block(f"if raw[start] != {write_tag(1, LENGTH)[0]:#x}"):
            code.line(general)
        _emit_chunk(code, "raw", "start", "size", general)
        if kind.shape == "list":
            code.line(f"items.append({_one(code, union, kind.base, 'raw[begin:start]')})")
        else:
            _emit_entry(code, union, kind, general)
    code.line(f"return {kind.name!r}, items")


def _emit_entry(code: Code, union: Union, kind: Kind, general: str) -> None:
    code.line("entry = raw[begin:start]")
    code.line("at, end = 0, len(entry)")
    names = []
    for number, base in ((1, "text"), (2, kind.base)):
        with code.block(f"if at >= end or entry[at] != {write_tag(number, LENGTH)[0]:#x}"):
            code.line(general)
        _emit_chunk(code, "entry", "at", "end", general)
        names.append(code.fresh("part"))
        code.line(f"{names[-1]} = {_one(code, union, base, 'entry[begin:at]')}")
    with code.block("if at != end"):
        code.line(general)
    code.line(f"items[{names[0]}] = {names[1]}")


def _emit_chunk(code: Code, buffer: str, at: str, end: str, general: str) -> None:
    """`begin` and `at` around what a length in front says; `at` is at the tag before it."""
    with code.block(f"if {at} + 1 >= {end}"):
        code.line(general)
    code.line(f"begin, length = {at} + 2, {buffer}[{at} + 1]")
    with code.block("if length > 127"):
        code.line(f"length, begin = {code.imported('codec.layout.wire', 'varint')}({buffer}, {at} + 1)")
    code.line(f"{at} = begin + length")
    with code.block(f"if {at} > {end}"):
        code.line(general)


def _one(code: Code, union: Union, base: str, raw: str) -> str:
    if base == "text":
        return f"{raw}.decode()"
    if base == "bytes":
        return raw
    inner = union.types[base]
    if isinstance(inner, Union):
        return f"{reader_of(code, inner)}({raw}, depth + 2)"
    return f"{code.provided('type', inner)}.from_wire({raw}, depth + 2)"


# ------------------------------------------------------------------------------------------------ JSON


def _emit_printer(code: Code, union: Union, name: str, html: bool) -> None:
    """`text_X(value, newline)`: an object with one member, its tag."""
    with code.function(name, "value: Any, newline: str", "str", f"One {union.name} as JSON."):
        code.line("name, one = value")
        code.line(f"inner = newline + {STEP!r} if newline else ''")
        code.line('colon = ": " if newline else ":"')
        for kind in union.kinds:
            with code.block(f"if name == {kind.name!r}"):
                key = repr(quote(kind.name, html))[1:-1].replace('"', '\\"')
                if kind.shape == "one":
                    code.line(f"text = {_text(code, union, kind.base, 'one', 'inner', html)}")
                else:
                    _emit_many(code, union, kind, html)
                code.line(f'return f"{{{{{{inner}}{key}{{colon}}{{text}}{{newline}}}}}}"')
        code.line("raise KeyError(name)")


def _emit_many(code: Code, union: Union, kind: Kind, html: bool) -> None:
    code.line(f"below = inner + {STEP!r} if newline else ''")
    left, right = ("[", "]") if kind.shape == "list" else ("{", "}")
    if kind.shape == "list":
        text = _text(code, union, kind.base, "item", "below", html)
        code.line(f'parts = ",".join([below + {text} for item in one])')
    else:
        quoted = code.imported("codec.layout.json_write", "quote_name")
        text = _text(code, union, kind.base, "one[item]", "below", html)
        code.line(f'parts = ",".join([below + {quoted}(item, {html}) + colon + {text} for item in sorted(one)])')
    code.line(f'text = "{left}" + parts + inner + "{right}" if one else "{left}{right}"')


def _text(code: Code, union: Union, base: str, value: str, newline: str, html: bool) -> str:
    if base == "text":
        return f"{code.imported('codec.layout.json_write', 'quote')}({value}, {html})"
    if base == "bytes":
        return f"'\"' + {code.imported('codec.layout.encoded_faces', 'to_base64')}({value}) + '\"'"
    if base == "flag":
        return f"('true' if {value} else 'false')"
    inner = union.types[base]
    assert isinstance(inner, Union)
    return f"{printer_of(code, inner, html)}({value}, {newline})"
