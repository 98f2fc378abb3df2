"""Lines in small panels as one self-contained SVG, without any library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log2, log10

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 420, 260, 48, 34, 30, 62
COLOURS = ("#0b6e99", "#d9730d", "#448361", "#9065b0", "#c14c8a", "#9f6b53", "#787774")


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines by name; x grows by doubling, y from 0."""

    title: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    x_label: str


def svg(panels: Sequence[Panel], columns: int = 2) -> str:
    """All panels in rows."""
    rows = -(-len(panels) // columns)
    body = [
        f'<g transform="translate({index % columns * WIDTH} {index // columns * HEIGHT})">{_panel(panel)}</g>'
        for index, panel in enumerate(panels)
    ]
    style = "text{font:11px sans-serif;fill:#333}.t{font-weight:bold}.g{stroke:#ddd}.l{fill:none;stroke-width:1.8}"
    size = f'width="{columns * WIDTH}" height="{rows * HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>' + "\n".join(body) + "</svg>\n"


def _panel(panel: Panel) -> str:
    points = [point for line in panel.lines.values() for point in line]
    if not points:
        return _text(LEFT, 18, f"{panel.title}: nothing measured", "t")
    xs = sorted({x for x, _ in points})
    low, high = log2(xs[0]), log2(xs[-1])
    ticks = _ticks(max(y for _, y in points))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log2(x) - low) / (high - low) if high > low else 0.5
        return round(LEFT + across * wide, 1), round(TOP + tall * (1 - y / ticks[-1]), 1)

    parts = [_text(LEFT, 18, panel.title, "t"), _text(LEFT, HEIGHT - 4, panel.x_label)]
    for tick in ticks:
        _, at = place(xs[0], tick)
        parts += [f'<path class="g" d="M{LEFT} {at}H{WIDTH - RIGHT}"/>', _text(8, at + 4, f"{tick:g}")]
    parts += [_text(place(x, 0)[0] - 6, HEIGHT - 18, f"{x:g}x") for x in xs]
    ends = []
    for number, (name, line) in enumerate(panel.lines.items()):
        colour, places = COLOURS[number % len(COLOURS)], [place(*point) for point in sorted(line)]
        path = "L".join(f"{x} {y}" for x, y in places)
        parts.append(f'<path class="l" stroke="{colour}" d="M{path}"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in places]
        ends.append((places[-1][1], places[-1][0], name, colour))
    lowest = 0.0
    for y, x, name, colour in sorted(ends):  # names that would lie over each other are moved apart
        lowest = max(y, lowest + 11)
        parts.append(f'<text x="{x + 6}" y="{lowest + 4}" style="fill:{colour}">{escape(name)}</text>')
    return "".join(parts)


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to at least `most`."""
    size = 10 ** floor(log10(most)) if most > 0 else 1
    step = next(step for step in (size / 5, size / 2, size, 2 * size) if step * 6 >= most)
    return [step * number for number in range(ceil(most / step) + 1)]


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'
