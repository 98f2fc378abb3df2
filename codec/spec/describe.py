"""The parts of a resolved plan in words: widths, offsets, layouts, roles, types. Read by `show` and by the manual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codec.layout.base import LAYOUTS, Layout
from codec.spec import plan


def role_of(row: plan.Row) -> str:
    if row.role == "stored":
        return "read and written" if row.written else "read, never written"
    if row.role == "shared":
        return "shared, read and written" if row.written else "shared, only read"
    return "neither read nor written" if row.role == "dropped" else "written from the model, never read"


def key_order(row: plan.Row) -> str:
    """The order of the key's bytes: kinds with the same order merge without a sort."""
    slots = [part for part in row.key if isinstance(part, plan.Slot)]
    return ", then ".join(f"{slot.name} by {slot.layout.order()}" for slot in slots)


def written_when(form: plan.Form) -> str:
    if not form.written:
        return ", never written"
    return f", written if {form.when.describe()}" if form.when is not None else ", written"


def offsets(parts: Sequence[plan.Part]) -> Iterator[str]:
    """Where each part begins: counted from the front, behind an open part from the end, else unknown."""
    flagged = {name for part in parts if isinstance(part, plan.Flags) for name, _ in part.bits}
    widths = [None if isinstance(part, plan.Slot) and part.name in flagged else _width(part) for part in parts]
    for index in range(len(parts)):
        before, behind = widths[:index], widths[index:]
        if None not in before:
            yield str(sum(width or 0 for width in before))
        elif None not in behind:
            yield f"end-{sum(width or 0 for width in behind)}"
        else:
            yield "…"


def _width(part: plan.Part) -> int | None:
    if isinstance(part, plan.Literal_):
        return len(part.text)
    if isinstance(part, plan.Flags):
        return 1
    return part.layout.size if isinstance(part, plan.Slot) else None


def cells(part: plan.Part) -> Iterator[tuple[str, str, str]]:
    """Name, width and layout of a part, or of the parts in it."""
    if isinstance(part, plan.Literal_):
        yield literal_text(part.text), str(len(part.text)), "literal"
    elif isinstance(part, plan.Slack):
        yield "whatever follows", "…", "slack"
    elif isinstance(part, plan.Flags):
        yield "flags", "1", ", ".join(f"bit {bit}: {name}" for name, bit in part.bits)
    elif isinstance(part, plan.Message):
        for field in part.fields:
            yield field.name, "…", f"protobuf field {field.number}: {_wire(field)}"
    elif isinstance(part, plan.Json):
        yield "a JSON object", "…", ", ".join(member.name for member in part.members)
    else:
        together = ", optional" if isinstance(part, plan.Optional) else ""
        for slot in part.parts if isinstance(part, plan.Optional) else (part,):
            zero = ", zero is none" if slot.zero_is_none else ""
            yield slot.name, slot.layout.width(), f"{word_of(slot.layout)}{zero}{together}"


def word_of(layout: Layout) -> str:
    """The layout by its word, and by that of the number it is made of."""
    kind, _ = LAYOUTS.get(layout.word, (type(layout), None))
    word = layout.word if kind is type(layout) else f"{type(layout).word} {layout.word}"
    return f"{word}, open" if layout.is_open else word


def _wire(field: plan.WireField) -> str:
    if field.wire is not None:
        return field.wire.word
    return f"{field.shape} ({', '.join(f'{name}: {wire.word}' for _, name, wire in field.items)})"


def literal_text(text: bytes) -> str:
    return '"' + "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in text) + '"'


def path_text(path: tuple[plan.PathStep, ...]) -> str:
    return "/".join("".join(p if isinstance(p, str) else f"{{{p.target.field}}}" for p in step) for step in path)


def type_text(kind: plan.FieldType) -> str:
    if kind.many is None:
        return f"{kind.scalar} or none" if kind.maybe else kind.scalar
    inner = ", ".join(f"{name}: {type_text(field)}" for name, field in kind.many.fields.items())
    by = "as given" if kind.many.positional else f"by {', '.join(kind.many.order)}"
    unique = f", {', '.join(kind.many.unique)} unique" if kind.many.unique else ""
    return f"many ({inner}), {by}{unique}"
