"""The first page: the file and its entries, what a node wraps around them, rows of its own, the top of the tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codec.generate.manual.anchors import anchor
from codec.generate.manual.blocks import Block, Bytes, Cell, Heading, Link, Links, Page, Paragraph, Table, code
from codec.layout.numbers import Fixed
from codec.spec.container import Clock, Container, Footer, Frame, Groups, StreamPlan, TopDocument
from codec.spec.describe import literal_text

Slots = Sequence[tuple[str, Fixed]]


def container_page(container: Container, name: str) -> Page:
    """Everything that is not about one adapter, and the way to the adapters' pages; `name` is the page's."""
    return Page(name, tuple(_blocks(container, name)))


def _blocks(container: Container, page: str) -> Iterator[Block]:
    yield Heading(1, f"The format `{container.name}`, version {container.version}", anchor(container.name))
    yield Paragraph(" ".join(container.doc.split()))
    yield Paragraph("Made by `codec generate docs` from the spec of the format; edit the spec, not this page.")
    adapters = [
        Link(f"Adapter `{a.name}`: {' '.join(a.doc.split())}", a.name, anchor(a.name)) for a in container.adapters
    ]
    top = [
        Link(title, page, anchor(container.name, title)) for title in ("Streams", "Layers", "Rows of the node", "Tree")
    ]
    yield Links([*top, *adapters])
    yield from _conventions(container)
    yield Heading(2, "Streams", anchor(container.name, "Streams"))
    for stream in container.streams:
        yield from _stream(container, stream)
    yield Heading(2, "Layers", anchor(container.name, "Layers"))
    yield from _clock(container.clock)
    yield from _footer(container.footer)
    yield from _operational(container)
    yield Heading(2, "Tree", anchor(container.name, "Tree"))
    yield Paragraph(f"`{container.checksums}` has the SHA-256 of every other file of the tree.")
    for title, document in (("Manifest", container.manifest), ("Encode info", container.encode_info)):
        yield from _top(container, title, document)
    yield from _complement(container)
    yield from _limits(container)
    yield Heading(2, "Errors of use", anchor(container.name, "usage-errors"))
    usage = [(code(error), kind.replace("_", " ")) for kind, error in container.usage_errors.items()]
    yield Table(("error", "when"), usage)


def _conventions(container: Container) -> Iterator[Block]:
    yield Heading(2, "How to read this manual", anchor(container.name, "conventions"))
    yield Paragraph(
        "In a byte diagram the offset stands above a part and its width in bytes below: `end-8` counts from the end, "
        "`4+≤100` is a length of 4 bytes and as many bytes as it says, at most 100; `…` is whatever is left. "
        "Every part is bound to a field of a thing, derived from others, constant, or lost with a reason."
    )


def _stream(container: Container, stream: StreamPlan) -> Iterator[Block]:
    yield Heading(3, f"Stream `{stream.name}`", anchor(container.name, "stream", stream.name))
    written = " It is the one that an encode writes." if stream.write_errors else ""
    yield Paragraph(f"A stream begins with its magic and a header; entries follow to the end.{written}")
    yield _row("Head", [_literal(stream.magic), *_cells(stream.header)])
    notes = [(code(name), f"always {value}") for name, value in stream.constants.items()]
    if stream.checksum:
        notes.append((code(stream.checksum), "CRC-32 of all that follows it"))
    if notes:
        yield Table(("header", "holds"), notes)
    if stream.key is not None and stream.value is not None:
        yield _row("Entry, the key", _frame(stream.key))
        yield _row("Entry, the value", _frame(stream.value))
    if stream.groups is not None:
        yield from _groups(stream.groups)
    if stream.footer is not None:
        yield _row("Behind the last entry", _cells((("checksum", stream.footer),)))
        yield Paragraph(f"It is the CRC-32C of the stream from its magic on. Wrong: {code(stream.errors['checksum'])}.")
    if stream.bits is not None:
        bits = [(code(name), f"{first} to {last}") for name, (first, last) in stream.bits.ranges.items()]
        yield Table((f"in `{stream.bits.slot}`", "bits"), bits)
    if stream.refuse:
        refused = [(code(r.part), ", ".join(map(str, sorted(r.allowed))), code(r.error), r.hint) for r in stream.refuse]
        yield Table(("part", "allowed", "else", "hint"), refused)
    errors: Mapping[str, str] = dict(stream.errors)
    yield Table(("error", "reading: what is wrong"), [(code(e), kind.replace("_", " ")) for kind, e in errors.items()])
    if stream.write_errors:
        yield Table(
            ("error", "writing: what is wrong"),
            [(code(error), kind.replace("_", " ")) for kind, error in stream.write_errors.items()],
        )


def _groups(groups: Groups) -> Iterator[Block]:
    yield _row("Group, the key", _frame(groups.key))
    count = Cell("0", str(groups.count.size), f"versions: {_number(groups.count)}", False)
    yield _row("Group, how many versions follow", [count])
    yield Paragraph(f"At most {groups.most_versions} versions of one key; each is:")
    yield _row("Version", [*_cells(groups.version), *_frame(groups.value)])


def _clock(clock: Clock) -> Iterator[Block]:
    yield Heading(3, "In front", "layer-in-front")
    yield Paragraph(f"A file with it is called a {clock.named}. Another form: `{clock.error}`.")
    for form, slots in clock.forms.items():
        longer = ", then whatever the size says" if form in clock.sized else ""
        yield _row(f"Form {form.decode('latin-1')}{longer}", [_literal(clock.starts + form), *_cells(slots)])


def _footer(footer: Footer) -> Iterator[Block]:
    yield Heading(3, "At the end", "layer-at-the-end")
    yield Paragraph(
        f"A file with it is called a {footer.named}: CRC-32C of everything before. Wrong: `{footer.error}`."
    )
    yield _row("Footer", _cells((("crc", footer.crc),)))


def _operational(container: Container) -> Iterator[Block]:
    yield Heading(2, "Rows of the node", anchor(container.name, "Rows of the node"))
    yield Paragraph(f"They are told by their whole key and passed over: {container.operational_reason}.")
    rows = [(one.name, code(_pattern(one.pattern)), str(one.size)) for one in container.operational]
    yield Table(("row", "key", "bytes of the value"), rows)
    internal = [(code(literal_text(row.prefix)), code(row.label), row.because) for row in container.internal]
    yield Table(("prefix", "row", "why it is not in the tree"), internal)


def _pattern(pattern: Sequence[bytes | int]) -> str:
    return " ".join(f"{part} bytes" if isinstance(part, int) else literal_text(part) for part in pattern)


def _top(container: Container, title: str, document: TopDocument) -> Iterator[Block]:
    yield Heading(3, f"{title}: `{document.path}`", anchor(container.name, title))
    gate = f"`{document.gate['member']}` above {document.gate['newest']}: `{document.gate_error}`"
    yield Paragraph(f"Wrong JSON or a wrong member: `{document.error}`; {gate}.")
    yield Table(("member", "holds", "left out"), list(_members(document.members, "")))


def _complement(container: Container) -> Iterator[Block]:
    """The files that keep what the documents do not say."""
    plan = container.complement
    if plan is None:
        return
    yield from _top(container, "Complement", plan.document)
    kinds = (
        (plan.steps, "how the records of the tree become those of the snapshot"),
        (plan.values, "large values, by digest"),
        (plan.facts, "what documents do not say of their things, one line each"),
    )
    yield Table(("file", "holds"), [(code(path), text) for path, text in kinds])
    yield Table(("error", "when the complement is"), [(code(error), kind) for kind, error in plan.errors.items()])


def _limits(container: Container) -> Iterator[Block]:
    """What is judged beside the bytes: packed trees, and files that are to be restored."""
    archive, restore = container.archive, container.restore
    yield Heading(3, "Packed trees", anchor(container.name, "archive"))
    yield Paragraph(f"At most {archive.entries} files and folders, and {archive.bytes} bytes in all files together.")
    if restore is not None:
        yield Heading(2, "Restore", anchor(container.name, "restore"))
        yield Paragraph(
            f"A file is restored only with the document beside it, of at most {restore.most} bytes, and if "
            f"`{restore.ceiling_of}`, shifted right by {restore.shift} bits, is below {restore.ceiling}."
        )
        refused = [(code(error), kind.replace("_", " ")) for kind, error in restore.errors.items()]
        yield Table(("error", "what is wrong"), refused)


_HOLDS = {
    "const": "always",
    "fact": "the run's",
    "switch": "the option",
    "chosen": "the chosen",
    "table": "an object of the run's",
}


def _members(members: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, spec in members.items():
        assert isinstance(spec, dict)
        if "object" in spec:
            yield code(prefix + name), "an object", ""
            yield from _members(spec["object"], f"{prefix}{name}.")
            continue
        word, value = next((word, spec[word]) for word in _HOLDS if word in spec)
        yield code(prefix + name), f"{_HOLDS[word]} {code(str(value))}", "if it is empty" if "empty" in spec else ""


# ------------------------------------------------------------------------------------------------ diagrams


def _row(title: str, cells: Sequence[Cell]) -> Bytes:
    """A diagram of parts that follow each other; offsets are counted as far as widths are known."""
    at: int | None = 0
    placed = []
    for cell in cells:
        placed.append(Cell("…" if at is None else str(at), cell.width, cell.name, cell.is_literal))
        at = at + int(cell.width) if at is not None and cell.width.isdigit() else None
    return Bytes(title, placed)


def _literal(text: bytes) -> Cell:
    return Cell("0", str(len(text)), literal_text(text), True)


def _cells(slots: Slots) -> list[Cell]:
    return [Cell("", str(layout.size), f"{name}: {_number(layout)}", False) for name, layout in slots]


def _number(layout: Fixed) -> str:
    return f"{layout.word} {layout.byte_order}" if (layout.size or 0) > 1 else layout.word


def _frame(frame: Frame) -> list[Cell]:
    length = Cell("", str(frame.length.size), f"length: {_number(frame.length)}, at most {frame.most}", False)
    middle = Cell("", "…", frame.open or "bytes", False)
    return [length, *_cells(frame.before), middle, *_cells(frame.after)]
