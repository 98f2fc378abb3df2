"""Paragraphs of the manual about what an adapter's records and documents have in common: types, layouts, views, names."""

from __future__ import annotations

from collections.abc import Iterator

from codec.generate.manual.anchors import anchor
from codec.generate.manual.blocks import Block, Heading, Paragraph, Table, code
from codec.layout.types import Struct, Type
from codec.spec import plan
from codec.spec.account import row_parts
from codec.spec.describe import path_text, word_of


def views_and_names(adapter: plan.Adapter) -> Iterator[Block]:
    """Records shown as they are, and the files that keep names which cannot be turned back."""
    for view in adapter.views:
        yield Heading(2, f"View `{view.name}`", anchor(adapter.name, "view", view.name))
        orphaned = f" Without the {view.entity}: `{path_text(view.orphaned)}`." if view.orphaned else ""
        yield Paragraph(
            f"With the option `{view.option}`: records as they are, one on a line, in `{path_text(view.path)}`.{orphaned}"
        )
        members = (
            (view.prefix_member, "the kind of record, as below"),
            (view.key_member, view.key_face.describe()),
            (view.value_member, view.value_face.describe()),
        )
        yield Table(("member", "holds"), [(code(name), what) for name, what in members])
        yield Table(("record", "as"), [(code(label), code(prefix)) for label, prefix in view.rows.items()])
    for names in adapter.names.values():
        yield Heading(2, f"Names `{names.path}`", anchor(adapter.name, "names", names.name))
        yield Paragraph(f"A line for each name that cannot be turned back, at most {names.max_line} bytes long.")
        members = (
            (names.encoded, "the name in the tree"),
            (names.original, "the bytes that it stands for, as base64url without padding"),
            (names.kind_member, f"how it was made; by default `{names.kind}`"),
        )
        yield Table(("member", "holds"), [(code(name), what) for name, what in members])


def words(adapter: plan.Adapter) -> Iterator[Block]:
    """The declared types, and what each layout means."""
    for kind in adapter.types.values():
        yield Heading(2, f"Type `{kind.name}`", anchor(adapter.name, "type", kind.name))
        yield Paragraph(
            "A protobuf message." if isinstance(kind, Struct) else "A protobuf message with exactly one of:"
        )
        yield Table(("field", "number", "holds"), list(_fields(kind)))
    layouts = {
        word_of(slot.layout): slot.layout.describe()
        for row in adapter.rows
        for part in row_parts(row)
        for slot in (part.parts if isinstance(part, plan.Optional) else (part,))
        if isinstance(slot, plan.Slot)
    }
    if layouts:
        yield Heading(2, "Layouts", anchor(adapter.name, "layouts"))
        yield Table(("layout", "means"), [(code(word), layouts[word]) for word in sorted(layouts)])


def _fields(kind: Type) -> Iterator[tuple[str, str, str]]:
    shapes = {"one": "{}", "list": "a list of {}", "map": "by name: {}"}
    return ((code(one.name), str(one.number), shapes[one.shape].format(code(one.base))) for one in kind.kinds)
