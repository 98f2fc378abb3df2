"""Pages as Markdown, one file each; byte diagrams are drawn with characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codec.generate.manual.blocks import Block, Bytes, Code, Heading, Links, Page, Paragraph, Table

_CODE = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_<>\[\]|])")


def render(page: Page) -> str:
    """The whole file."""
    return "\n\n".join("\n".join(_block(block)) for block in page.blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f'<a id="{block.anchor}"></a>'
        yield ""
        yield f"{'#' * block.level} {_text(block.text)}"
    elif isinstance(block, Paragraph):
        yield _text(block.text)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Bytes):
        yield from ("```text", *_diagram(block), "```")
    elif isinstance(block, Code):
        yield from (f"```{block.language}", block.text.rstrip("\n"), "```")
    elif isinstance(block, Links):
        yield from (f"- [{_text(link.text)}]({link.page}.md#{link.anchor})" for link in block.links)


def _text(text: str) -> str:
    """Text in which only backticks mean something."""
    parts = _CODE.split(text)
    return "".join(part if index % 2 else _SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts))


def _table(table: Table) -> Iterator[str]:
    columns = table.columns
    yield f"| {' | '.join(table.head[column] for column in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in table.rows:
        yield f"| {' | '.join(_cell(row[column]) for column in columns)} |"


def _cell(text: str) -> str:
    """A cell: the bar must be escaped in code as well."""
    parts = _CODE.split(text.replace("\n", " "))
    marked = (p.replace("|", "\\|") if i % 2 else _SPECIAL.sub(r"\\\1", p) for i, p in enumerate(parts))
    return "".join(marked)


def _diagram(block: Bytes) -> Iterator[str]:
    """Three lines of boxes, offsets above, widths below."""
    sizes = [max(len(cell.name), len(cell.offset), len(cell.width)) for cell in block.cells]
    rule = "+" + "".join("-" * (size + 2) + "+" for size in sizes)
    yield block.title
    yield "".join(f" {cell.offset.ljust(size + 2)}" for cell, size in zip(block.cells, sizes, strict=True)).rstrip()
    yield rule
    yield "|" + "".join(f" {cell.name.ljust(size)} |" for cell, size in zip(block.cells, sizes, strict=True))
    yield rule
    yield "".join(f"  {cell.width.ljust(size)} " for cell, size in zip(block.cells, sizes, strict=True)).rstrip()
