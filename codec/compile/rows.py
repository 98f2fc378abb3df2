"""Python source that reads and writes one kind of record. It only says yes or no: the interpreter says where and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from codec.compile.code import Code
from codec.compile.names import row_name
from codec.compile.printers import Printer
from codec.compile.readers import ObjectReader
from codec.compile.unions import reader_of
from codec.engine.documents import StoredJson, fields_of
from codec.engine.patterns import fixed_width
from codec.layout.base import Cut, Position, plus
from codec.layout.types import Union
from codec.layout.wire import FIXED64, LENGTH, VARINT, Wire, write_tag
from codec.spec import plan
from codec.spec.words import Name

PARAMETERS = "thing: dict[str, Any], element: tuple[Any, ...]"


# ------------------------------------------------------------------------------------------------ reading


def emit_reader(code: Code, row: plan.Row) -> None:
    """`read_X(key, value)`: the tuple of `row.kept`; raises for anything that does not fit."""
    doc = f"{row.label}: {', '.join(row.kept)}."
    with code.function(f"read_{row_name(row)}", "key: bytes, value: bytes", "tuple[Any, ...]", doc):
        _emit_record(code, row, ("return ", ""))


def emit_key_reader(code: Code, row: plan.Row) -> None:
    """`key_X(key)`: raises for a key that does not fit, whatever the value."""
    with code.function(f"key_{row_name(row)}", "key: bytes", "None", f"{row.label}: the key alone."):
        _emit_parts(code, row.key, "key", 0, set())


def emit_run_reader(code: Code, row: plan.Row) -> None:
    """`read_all_X(keys, values)`: the tuples of many records; their prefix is known to fit."""
    doc = f"{row.label}, many: {', '.join(row.kept)}."
    parameters = "keys: list[bytes], values: list[bytes]"
    with code.function(f"read_all_{row_name(row)}", parameters, "list[tuple[Any, ...]]", doc):
        code.line("result: list[tuple[Any, ...]] = []")
        code.line("add = result.append")
        with code.block("for key, value in zip(keys, values, strict=True)"):
            _emit_record(code, row, ("add((", "))"))
        code.line("return result")


def emit_owner(code: Code, row: plan.Row) -> None:
    """`owner_X(key)`: whose a record is, and the position behind what says it, where that stands right after literals."""
    slot = row.owner_slot
    if slot is None:
        return
    with code.function(f"owner_{row_name(row)}", "key: bytes", "tuple[Any, int]", f"{row.label}: {slot.name}."):
        at: Position = 0
        for part in row.key:
            if part is slot:
                break
            assert isinstance(part, plan.Literal_)
            code.reject_if(f"not key.startswith({part.text!r}{f', {at}' if at else ''})")
            at = _after(code, at, len(part.text))
        after = _emit_slot(code, slot, Cut("key", at, "len(key)"))
        code.line(f"return {local(slot.name)}, {after}")


def _emit_record(code: Code, row: plan.Row, give: tuple[str, str]) -> None:
    several = give[0] != "return "
    known = several and isinstance(row.key[0], plan.Literal_) and row.key[0].text == row.prefix
    _emit_parts(code, row.key[1:] if known else row.key, "key", len(row.prefix) if known else 0, set())
    for form in row.forms:
        if form.magic and len(row.forms) > 1:
            with code.block(f"if value.startswith({form.magic!r})"):
                _emit_form(code, row, form, give)
                if several:
                    code.line("continue")
        else:
            _emit_form(code, row, form, give)
    if all(form.magic and len(row.forms) > 1 for form in row.forms):
        code.line(f"raise {code.imported('codec.layout.base', 'Reject')}")


def _emit_form(code: Code, row: plan.Row, form: plan.Form, give: tuple[str, str]) -> None:
    _emit_parts(code, form.parts, "value", 0, set())
    there = {slot.name for part in (*row.key, *form.parts) for slot in _slots(part)}
    there |= {name for part in form.parts if isinstance(part, plan.Json) for name in fields_of(part)}
    kept = [local(name) if name in there else code.constant("ABSENT", "...") for name in row.kept]
    values = f"{', '.join(kept)}{',' if len(kept) == 1 else ''}" if kept else "()"
    code.line(f"{give[0]}{values}{give[1]}")


def local(name: str) -> str:
    """A slot's local name."""
    return f"{name}_" if name in ("key", "value") else name.replace(".", "_")


def _slots(part: plan.Part) -> tuple[plan.Slot | plan.WireField, ...]:
    if isinstance(part, plan.Slot):
        return (part,)
    if isinstance(part, plan.Optional):
        return part.parts
    return part.fields if isinstance(part, plan.Message) else ()


def _emit_parts(code: Code, parts: Sequence[plan.Part], buffer: str, at: Position, off: set[str]) -> None:
    """Lines for the parts from `at` on; the last lines make sure that nothing is left."""
    for index, part in enumerate(parts):
        if isinstance(part, plan.Literal_):
            start = "" if at == 0 else f", {at}"
            code.reject_if(f"not {buffer}.startswith({part.text!r}{start})")
            at = _after(code, at, len(part.text))
        elif isinstance(part, plan.Slack):
            code.reject_if(f"{_after(code, at, part.least)} > len({buffer})")
            return
        elif isinstance(part, plan.Flags):
            code.line(f"flags = {buffer}[{at}]")
            at = _after(code, at, 1)
            off = {f"{name}:{bit}" for name, bit in part.bits}
        elif isinstance(part, plan.Message):
            _emit_message(code, part, buffer, at)
            return
        elif isinstance(part, plan.Json):
            general = code.provided("stored", StoredJson(part))
            if code.final:
                code.line(f"said = {general}.read({buffer}[{at}:])")
                for slot in fields_of(part):
                    code.line(f"{local(slot)} = said[{slot!r}]")
                return
            fast = f"said_by_{general.lower()}"
            fields = fields_of(part)
            code.later[fast] = partial(
                ObjectReader(code, fast, folds=False).function, fast, part.members, fields=fields
            )
            read = code.imported("codec.layout.json_canonical", "one_or")
            names = ", ".join(map(local, fields))
            code.line(f"{names}, = {read}({buffer}[{at}:], {fast}, {general}.values)")
            return
        elif isinstance(part, plan.Optional):
            _emit_optional(code, parts[index:], buffer, at)
            return
        else:
            tail = fixed_width(parts[index + 1 :])
            end = f"len({buffer}) - {tail}" if tail else f"len({buffer})"
            bit = next((flag.rpartition(":")[2] for flag in off if flag.rpartition(":")[0] == part.name), None)
            at = (
                _emit_slot(code, part, Cut(buffer, at, end))
                if bit is None
                else _emit_flagged(code, part, buffer, at, int(bit))
            )
            if part.layout.is_open and not tail:
                return
    code.reject_if(f"len({buffer}) != {at}")


def _after(code: Code, at: Position, width: int) -> Position:
    return at + width if isinstance(at, int) else plus(at, width)


def _emit_slot(code: Code, slot: plan.Slot, cut: Cut) -> Position:
    value, after = slot.layout.emit_read(code, cut)
    if slot.account == "constant":
        code.reject_if(f"{value} != {slot.constant!r}")
    if slot.kept:
        code.line(f"{local(slot.name)} = {value}{' or None' if slot.zero_is_none else ''}")
    return after


def _emit_flagged(code: Code, slot: plan.Slot, buffer: str, at: Position, bit: int) -> Position:
    """A slot that only follows if its bit is set; what comes after it begins at a variable place."""
    here = code.fresh("at")
    code.line(f"{here} = {at}")
    code.line(f"{local(slot.name)} = None")
    with code.block(f"if flags & {1 << bit}"):
        after = _emit_slot(code, slot, Cut(buffer, at, f"len({buffer})"))
        code.line(f"{here} = {after}")
    return here


def _emit_optional(code: Code, parts: Sequence[plan.Part], buffer: str, at: Position) -> None:
    """Parts at the end that are there or not: absent ones said nothing."""
    absent = [local(slot.name) for part in parts for slot in _slots(part)]
    with code.block(f"if len({buffer}) == {at}"):
        code.line(f"{' = '.join(absent)} = {code.constant('ABSENT', '...')}")
    with code.block("else"):
        for slot in _slots(parts[0]):
            assert isinstance(slot, plan.Slot)
            at = _emit_slot(code, slot, Cut(buffer, at, f"len({buffer})"))
        _emit_parts(code, parts[1:], buffer, at, set())


def _emit_message(code: Code, message: plan.Message, buffer: str, at: Position) -> None:
    """The rest as protobuf: known tags inline, anything else is skipped."""
    code.line(f"at, end = {at}, len({buffer})")
    kept = [field for field in message.fields if field.kept or (field.slot is not None)]
    for field in kept:
        code.line(f"{local(field.name)}: Any = {_zero(code, field)}")
    _emit_fields(code, buffer, kept, tuple(field.number for field in message.fields))
    for field in kept:
        if field.wire is not None and field.wire.always:
            code.line(f"{local(field.name)} = {_from_declared(code, field.wire, local(field.name))}")
        if field.shape == "alternating":
            width, name = len(field.items), local(field.name)
            code.reject_if(f"len({name}) % {width}")
            columns = ", ".join(f"{name}[{i}::{width}]" for i in range(width))
            code.line(f"{name} = list(zip({columns}))")


def _emit_fields(code: Code, buffer: str, fields: Sequence[plan.WireField], numbers: tuple[int, ...]) -> None:
    """The loop over a message: fields with the tags that they are written with; others are skipped."""
    tag, skip = code.imported("codec.layout.wire", "tag"), code.imported("codec.layout.wire", "skip")
    with code.block("while at < end"):
        code.line(f"at, number, wire = {tag}({buffer}, at)" if code.final else f"head = {buffer}[at]")
        word = "if"
        for field in fields:
            known = _is_tag(buffer, write_tag(field.number, _wire(field)))
            with code.block(f"{word} {f'(number, wire) == {(field.number, _wire(field))}' if code.final else known}"):
                _emit_field(code, field, buffer)
            word = "elif"
        with code.block("else"):
            if not code.final:
                code.line(f"at, number, wire = {tag}({buffer}, at)")
                code.reject_if(f"number in {numbers}")  # a longer tag than it needs, or another wire type
            code.line(f"at = {skip}({buffer}, at, wire, number)")


def _from_declared(code: Code, wire: Wire, raw: str) -> str:
    """The expression of a sub-message, given the local that holds its bytes; where nobody reads it again, all of them."""
    if code.final:
        return f"{code.imported('codec.layout.wire', 'merged')}({code.provided(wire.word, wire)}.from_wire, {raw})"
    if isinstance(wire.declared, Union):
        return f"{reader_of(code, wire.declared)}({raw})"
    return f"{code.provided(wire.word, wire)}.from_wire({raw})"


def _zero(code: Code, field: plan.WireField) -> str:
    if field.wire is not None and field.wire.always:
        return "[]" if code.final else "b''"
    return repr(field.wire.zero) if field.shape == "scalar" and field.wire else "[]"


def _wire(field: plan.WireField) -> int:
    return field.wire.wire if field.shape == "scalar" and field.wire else LENGTH


def _is_tag(buffer: str, tag: bytes) -> str:
    """The condition that a tag stands at `at`; `head` is its first byte, and most tags have no other."""
    return f"head == {tag[0]:#x}" if len(tag) == 1 else f"{buffer}.startswith({tag!r}, at)"


def _emit_field(code: Code, field: plan.WireField, buffer: str) -> None:
    name = local(field.name)
    width = 0 if code.final else len(write_tag(field.number, _wire(field)))
    if _wire(field) == VARINT:
        code.line(f"{name}, at = {code.imported('codec.layout.wire', 'varint')}({buffer}, at + {width})")
        return
    if _wire(field) == FIXED64:
        code.line(f"at += {width + 8}")
        code.reject_if("at > end")
        assert field.wire is not None
        code.line(f"{name} = {_from_wire(code, field.wire.word, f'{buffer}[at - 8 : at]', 'text')}")
        return
    _emit_chunk(code, buffer, "at", "end", width)
    raw = f"{buffer}[start:at]"
    if field.shape == "scalar":
        assert field.wire is not None
        if field.wire.always and code.final:
            code.line(f"{name}.append({raw})")
        elif field.wire.always:
            code.reject_if(name)  # several are merged by the interpreter
            code.line(f"{name} = {raw}")
        else:
            code.line(f"{name} = {_from_wire(code, field.wire.word, raw, type(field.wire.zero).__name__)}")
    elif field.shape in ("repeated", "alternating"):
        wire = field.items[0][2]
        value = _from_wire(code, wire.word, raw, type(wire.zero).__name__)
        code.line(f"{name}.append({value if field.shape == 'alternating' else f'({value},)'})")
    else:
        code.line(f"{name}.append(item_{code.item(field)}({raw}))")


def _emit_chunk(code: Code, buffer: str, at: str, end: str, width: int) -> None:
    varint = code.imported("codec.layout.wire", "varint")
    code.line(f"start = {at} + {width + 1}")
    code.line(f"size = {buffer}[{at} + {width}]")
    with code.block("if size > 127"):
        code.line(f"size, start = {varint}({buffer}, {at} + {width})")
    code.line(f"{at} = start + size")
    code.reject_if(f"{at} > {end}")


def _from_wire(code: Code, word: str, raw: str, kind: str) -> str:
    if word == "string":
        return (
            f"{raw}.decode()"
            if kind in ("str", "text")
            else f"{code.imported('codec.layout.wire', 'checked_text')}({raw})"
        )
    if word == "double":
        return f"{code.imported('codec.layout.wire', 'double')}({raw})"
    return raw


def emit_item(code: Code, name: str, field: plan.WireField) -> None:
    """`item_X(raw)`: one element of a repeated sub-message."""
    with code.function(f"item_{name}", "value: bytes", "tuple[Any, ...]", f"One of {field.name}."):
        code.line("at, end = 0, len(value)")
        inner = [plan.WireField(number, None, slot, field.place, wire=wire) for number, slot, wire in field.items]
        for one in inner:
            code.line(f"{local(one.name)}: Any = {_zero(code, one)}")
        _emit_fields(code, "value", inner, tuple(one.number for one in inner))
        values = (
            _from_declared(code, wire, local(slot)) if wire.always else local(slot) for _, slot, wire in field.items
        )
        code.line(f"return {', '.join(values)},")


# ------------------------------------------------------------------------------------------------ writing


def emit_writer(code: Code, row: plan.Row) -> None:
    """`write_X(thing, element)`: key and value."""
    with code.function(f"write_{row_name(row)}", PARAMETERS, "tuple[bytes, bytes]", f"{row.label}: key and value."):
        key = write_parts(code, row.key)
        code.line(f"key = {key}")
        for form in row.forms:
            if not form.written:
                continue
            if form.when is None:
                code.line(f"return key, {write_parts(code, form.parts)}")
                break
            with code.block(f"if {form.when.emit()}"):
                code.line(f"return key, {write_parts(code, form.parts)}")


def write_parts(code: Code, parts: Sequence[plan.Part]) -> str:
    """The expression of the bytes of a pattern."""
    flagged = {name: bit for part in parts if isinstance(part, plan.Flags) for name, bit in part.bits}
    pieces = []
    for index, part in enumerate(parts):
        if isinstance(part, plan.Literal_):
            pieces.append(repr(part.text))
        elif isinstance(part, plan.Flags):
            bits = " | ".join(
                f"({1 << bit} if {_slot_named(parts, name)} is not None else 0)" for name, bit in part.bits
            )
            pieces.append(f"bytes(({bits},))")
        elif isinstance(part, plan.Slot):
            value = _source(part)
            if part.name in flagged:
                name = code.fresh("part")
                code.line(f"{name} = b''")
                with code.block(f"if {value} is not None"):
                    code.line(f"{name} = {part.layout.emit_write(code, value)}")
                pieces.append(name)
            else:
                pieces.append(part.layout.emit_write(code, f"({value} or 0)" if part.zero_is_none else value))
        elif isinstance(part, plan.Optional):
            pieces.append(_write_optional(code, parts, index))
        elif isinstance(part, plan.Message):
            pieces.append(_write_message(code, part))
        elif isinstance(part, plan.Json):
            pieces.append(_write_json(code, part))
        elif isinstance(part, plan.Slack):
            pieces += [_write_if_there(code, slot) for slot in part.written]
    return " + ".join(pieces) if pieces else "b''"


def _write_json(code: Code, part: plan.Json) -> str:
    """The object's compact text; no option shows more of it."""
    if code.final:
        return f"{code.provided('stored', StoredJson(part))}.write(thing, element)"
    printer = Printer(code, "")
    code.line(f"shown = {code.constant('NOTHING_MORE', 'frozenset()')}")
    return f"{printer.text(printer.object(part.members, ''))}.encode()"


def _write_if_there(code: Code, slot: plan.Slot) -> str:
    """A slot that is left out when it has no value."""
    name = code.fresh("part")
    code.line(f"{name} = b''")
    with code.block(f"if {_source(slot)} is not None"):
        code.line(f"{name} = {slot.layout.emit_write(code, _source(slot))}")
    return name


def _slot_named(parts: Sequence[plan.Part], name: str) -> str:
    return next(_source(part) for part in parts if isinstance(part, plan.Slot) and part.name == name)


def _source(slot: plan.Slot) -> str:
    """The expression of what is written into a slot."""
    if slot.derive is not None:
        return slot.derive.emit()
    if slot.account in ("lost", "constant"):
        return repr(slot.constant)
    assert slot.target is not None
    return slot.target.emit()


def _write_optional(code: Code, parts: Sequence[plan.Part], index: int) -> str:
    """A group at the end is written if it, or one after it, says anything."""
    groups = [part for part in parts[index:] if isinstance(part, plan.Optional)]
    said = " or ".join(f"{_source(slot)} is not None" for group in groups for slot in group.parts)
    name = code.fresh("tail")
    code.line(f"{name} = b''")
    with code.block(f"if {said}"):
        group = groups[0]
        code.line(
            f"{name} = {' + '.join(slot.layout.emit_write(code, f'({_source(slot)} or 0)') for slot in group.parts)}"
        )
    return name


def _write_message(code: Code, message: plan.Message) -> str:
    names = []
    for field in message.fields:
        name = code.fresh("field")
        head = write_tag(field.number, _wire(field))
        if field.shape == "scalar":
            assert field.slot is not None and field.wire is not None
            code.line(f"{name} = {_to_wire(code, field.wire, _source(field.slot))}")
            if field.wire.always:
                code.line(f"{name} = {code.chunk(head, name)}")
                names.append(name)
                continue
            zero = repr(field.wire.to_wire(field.wire.zero))
            whole = code.chunk(head, name) if field.wire.wire == LENGTH else f"{head!r} + {name}"
            code.line(f"{name} = b'' if {name} == {zero} else {whole}")
        else:
            assert field.target is not None
            code.line(f"{name} = b''.join([{_elements(code, field, head)}])")
        names.append(name)
    return " + ".join(names) if names else "b''"


def _elements(code: Code, field: plan.WireField, head: bytes) -> str:
    assert field.target is not None
    many = Name.emit(field.target)
    if field.shape == "alternating":
        parts = (code.chunk(head, _to_wire(code, wire, f"e[{i}]")) for i, (_, _, wire) in enumerate(field.items))
        return f"{' + '.join(parts)} for e in {many}"
    if field.shape == "entries":
        code.imported("operator", "itemgetter")
        inner = " + ".join(
            code.chunk(write_tag(number, LENGTH), _to_wire(code, wire, f"e[{i}]"))
            for i, (number, _, wire) in enumerate(field.items)
        )
        return f"{code.chunk(head, inner)} for e in sorted({many}, key=itemgetter(0))"
    assert field.shape == "repeated", "submessages are only read: the rows that list them are legacy"
    return f"{code.chunk(head, _to_wire(code, field.items[0][2], 'e[0]'))} for e in {many}"


def _to_wire(code: Code, wire: Wire, value: str) -> str:
    if wire.always:
        if code.writers.get(wire.word):
            return f"{code.writers[wire.word]}({value})"
        return f"{code.provided(wire.word, wire)}.to_wire({value})"
    if wire.word == "string":
        if wire.zero == "":
            return f"{value}.encode()"
        return f"{code.imported('codec.layout.wire', 'write_text')}({value})"
    if wire.word == "uint64":
        return f"{code.imported('codec.layout.wire', 'write_varint')}({value})"
    return f"{code.imported('codec.layout.wire', 'write_double')}({value})" if wire.word == "double" else value
