"""All pages as one HTML page that needs nothing else: no script, no font, no other file; byte diagrams are SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from codec.generate.manual.blocks import Block, Bytes, Cell, Code, Heading, Links, Page, Paragraph, Table

_CODE = re.compile(r"`([^`]*)`")
_CHARACTER, _PADDING, _BOX, _HEIGHT = 7.3, 10, 26, 62  # of a diagram, in pixels
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --literal: #88a4ff33; --slot: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem; }
h1, h2 { border-bottom: 1px solid var(--line); padding-bottom: .2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; margin: .7rem 0; font-size: 14px; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top; }
code, pre, svg text { font-family: ui-monospace, monospace; font-size: 12px; }
pre { background: var(--slot); padding: .6rem .8rem; overflow-x: auto; }
figure { margin: .7rem 0; overflow-x: auto; }
figcaption { font-size: 13px; opacity: .8; }
svg rect { stroke: currentColor; stroke-width: 1; }
svg text { fill: currentColor; }
"""


def render(pages: Sequence[Page], title: str) -> str:
    """The whole page."""
    body = "\n".join(line for page in pages for block in page.blocks for line in _block(block))
    head = (
        f'<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>'
    )
    head = f"<head>\n{head}\n<style>{_STYLE}</style>\n</head>"
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{body}\n</body>\n</html>\n'


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f'<h{block.level} id="{block.anchor}">{_text(block.text)}</h{block.level}>'
    elif isinstance(block, Paragraph):
        yield f"<p>{_text(block.text)}</p>"
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Bytes):
        yield f"<figure><figcaption>{_text(block.title)}</figcaption>{_diagram(block.cells)}</figure>"
    elif isinstance(block, Code):
        yield f"<pre>{escape(block.text.rstrip())}</pre>"
    elif isinstance(block, Links):
        links = (f'<li><a href="#{link.anchor}">{_text(link.text)}</a></li>' for link in block.links)
        yield f"<ul>{''.join(links)}</ul>"


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def _table(table: Table) -> Iterator[str]:
    columns = table.columns
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{_text(table.head[column])}</th>' for column in columns)}</tr>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td>{_text(row[column])}</td>' for column in columns)}</tr>"
    yield "</table>"


def _diagram(cells: Sequence[Cell]) -> str:
    """One box a part: its offset above, its width below."""
    left, shapes = 1.0, []
    for cell in cells:
        width = max(len(cell.name), len(cell.offset), len(cell.width)) * _CHARACTER + 2 * _PADDING
        fill = "var(--literal)" if cell.is_literal else "var(--slot)"
        shapes.append(f'<rect x="{left:.0f}" y="16" width="{width:.0f}" height="{_BOX}" style="fill:{fill}"/>')
        for text, at in ((cell.offset, 11), (cell.name, 33), (cell.width, 57)):
            shapes.append(f'<text x="{left + _PADDING:.0f}" y="{at}">{escape(text)}</text>')
        left += width
    return f'<svg width="{left + 1:.0f}" height="{_HEIGHT}" role="img">{"".join(shapes)}</svg>'
