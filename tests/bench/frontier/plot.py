"""The plot, as an SVG that needs no library: mean bytes (logarithmic) against transfer agreement."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 84, 60
LETTER = 6.7  # px of a letter in the mean at 12 px
LIGHT = {"text": "#24292f", "back": "#ffffff", "axis": "#8c959f", "rule": "#d8dee4", "soft": "#57606a"}
DARK = {"text": "#e6edf3", "back": "#0d1117", "axis": "#6e7681", "rule": "#30363d", "soft": "#9198a1"}
GROUPS = {
    "single": ("#57606a", "#9198a1"),
    "semopt": ("#bc4c00", "#f0883e"),
    "ssim": ("#1a7f37", "#3fb950"),
    "post": ("#8250df", "#a371f7"),
    "fixed": ("#0969da", "#58a6ff"),
}
"""Colours on light and on dark, by kind of way."""


@dataclass(frozen=True)
class Mark:
    """A labelled point. x: bytes. y, low, high: shares. group: of GROUPS."""

    label: str
    group: str
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """A line through points (bytes, share), by bytes. steps: level until the next point; else each has a dot."""

    label: str
    group: str
    points: tuple[tuple[float, float], ...]
    steps: bool = False


@dataclass(frozen=True)
class Box:
    """A rectangle in px."""

    left: float
    top: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """px² in common."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)


class Scale:
    """From bytes and shares to px."""

    def __init__(self, sizes: Sequence[float], floor: float) -> None:
        self.least, self.most = math.log10(min(sizes) / 1.15), math.log10(max(sizes) * 1.4)
        self.floor = floor

    def x(self, size: float) -> float:
        """px from the left."""
        share = (math.log10(size) - self.least) / (self.most - self.least)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        """px from the top."""
        return TOP + (1 - share) / (1 - self.floor) * (HEIGHT - TOP - BOTTOM)

    def sizes(self) -> Iterator[float]:
        """Where to write bytes."""
        for power in range(int(self.least), int(self.most) + 1):
            yield from (d * 10**power for d in (1, 2, 5) if self.least <= math.log10(d * 10**power) <= self.most)


def svg(title: str, marks: Sequence[Mark], curves: Sequence[Curve], dots: Sequence[tuple[float, float]] = ()) -> str:
    """The picture. dots: faint points, all of single settings."""
    shares = [mark.low for mark in marks] + [y for curve in curves if not curve.steps for _, y in curve.points]
    least = _floor(shares or [y for curve in curves for _, y in curve.points])
    curves = [replace(curve, points=tuple(p for p in curve.points if p[1] >= least)) for curve in curves]
    scale = Scale([mark.x for mark in marks] + [x for curve in curves for x, _ in curve.points], least)
    shown = [(x, y) for x, y in dots if y >= scale.floor and scale.least <= math.log10(x) <= scale.most]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{_style()}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text x="{LEFT}" y="24" style="font-size:15px;font-weight:600">{escape(title)}</text>',
        *_axes(scale),
        *(f'<circle class="dot single" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="1.6"/>' for x, y in shown),
        *(_path(curve, scale) for curve in curves),
        *(part for mark in marks for part in _mark(mark, scale)),
        *_labels(marks, curves, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _floor(shares: Sequence[float]) -> float:
    """Whole tenths below every share."""
    return max(0.0, math.floor((min(shares) - 0.01) * 10) / 10)


def _style() -> str:
    """Light, and dark where the reader's system is."""
    sides = []
    for side, base in enumerate((LIGHT, DARK)):
        rules = [f"text {{ fill: {base['text']} }} .back {{ fill: {base['back']} }} .soft {{ fill: {base['soft']} }}"]
        rules += [f".{name} {{ stroke: {base[name]} }}" for name in ("axis", "rule")]
        rules += [f".{name} {{ stroke: {both[side]}; fill: {both[side]} }}" for name, both in GROUPS.items()]
        sides.append("\n".join(rules))
    fixed = "text { font: 12px system-ui, sans-serif } .label { stroke: none } .dot { opacity: .3; stroke: none }"
    lines = ".line { stroke-width: 2 } .lead { stroke-width: .7 } .whisker { opacity: .45 }"
    return f"{sides[0]}\n@media (prefers-color-scheme: dark) {{\n{sides[1]}\n}}\n{fixed}\n{lines}"


def _axes(scale: Scale) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tenth in range(round(scale.floor * 10), 11):
        y = scale.y(tenth / 10)
        yield f'<path class="{"axis" if y == bottom else "rule"}" d="M{LEFT} {y:.1f}H{right}"/>'
        yield f'<text class="soft" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>'
    for size in scale.sizes():
        x, shown = scale.x(size), f"{size / 1000:g} kB" if size >= 1000 else f"{size:g} B"
        yield f'<path class="rule" d="M{x:.1f} {TOP}V{bottom}"/>'
        yield f'<text class="soft" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{shown}</text>'
    middle = (LEFT + right) / 2
    yield f'<text class="soft" x="{middle}" y="{HEIGHT - 16}" text-anchor="middle">mean bytes a photograph</text>'
    place = f'transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)"'
    yield f'<text class="soft" {place} text-anchor="middle">transfer agreement</text>'


def _corners(curve: Curve, scale: Scale) -> list[tuple[float, float]]:
    points = [(scale.x(x), scale.y(y)) for x, y in curve.points]
    if not curve.steps:
        return points
    return [points[0], *(corner for (_, y), after in pairwise(points) for corner in ((after[0], y), after))]


def _path(curve: Curve, scale: Scale) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in _corners(curve, scale))
    points = [] if curve.steps else _corners(curve, scale)
    dots = "".join(f'<circle class="{curve.group}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
    return f'<polyline class="line {curve.group}" style="fill:none" points="{corners}"/>{dots}'


def _mark(mark: Mark, scale: Scale) -> Iterator[str]:
    """A shape of its own for each group, so that colour is not all that tells them apart."""
    x, y = scale.x(mark.x), scale.y(mark.y)
    low, high = scale.y(max(mark.low, scale.floor)), scale.y(mark.high)
    shapes = {
        "semopt": f'<circle class="semopt" cx="{x:.1f}" cy="{y:.1f}" r="5"/>',
        "post": f'<path class="post" d="M{x:.1f} {y - 6:.1f}l6 11h-12z"/>',
        "fixed": f'<rect class="fixed" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>',
    }
    if mark.group != "fixed":  # they stand close together at 100 %
        yield f'<path class="whisker {mark.group}" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
    yield shapes.get(mark.group, f'<path class="{mark.group}" d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>')


def _labels(marks: Sequence[Mark], curves: Sequence[Curve], scale: Scale) -> Iterator[str]:
    """Each label where it covers least; a thin line leads from one that had to go far."""
    hard = [Box(scale.x(mark.x) - 6, scale.y(mark.y) - 6, 12, 12) for mark in marks]
    soft = [Box(x - 3, y - 3, 6, 6) for curve in curves for x, y in _along(_corners(curve, scale))]
    soft += [
        Box(scale.x(m.x) - 1, scale.y(m.high), 2, scale.y(max(m.low, scale.floor)) - scale.y(m.high)) for m in marks
    ]
    anchors = [(mark.label, mark.group, scale.x(mark.x), scale.y(mark.y)) for mark in marks]
    for curve in curves:
        x, y = _corners(curve, scale)[len(_corners(curve, scale)) // 3]
        anchors.append((curve.label, curve.group, x, y))
    for label, group, x, y in sorted(anchors, key=lambda anchor: -len(anchor[0])):
        box = min(_places(label, x, y), key=lambda box: _cost(box, x, y, hard, soft))
        hard.append(box)
        near_x, near_y = min(max(x, box.left), box.left + box.width), min(max(y, box.top), box.top + box.height)
        if math.hypot(near_x - x, near_y - y) > 14:
            yield f'<path class="lead axis" d="M{x:.1f} {y:.1f}L{near_x:.1f} {near_y:.1f}"/>'
        yield f'<text class="{group} label" x="{box.left + 2:.1f}" y="{box.top + 12:.1f}">{escape(label)}</text>'


def _along(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Points every few px of a line."""
    for (x, y), (to_x, to_y) in pairwise(points):
        count = max(1, int(math.hypot(to_x - x, to_y - y) / 6))
        yield from ((x + (to_x - x) * i / count, y + (to_y - y) * i / count) for i in range(count + 1))


def _places(label: str, x: float, y: float) -> Iterator[Box]:
    width, height = len(label) * LETTER + 4, 16
    for far in (9, 16, 26, 40, 58, 80, 110, 150):
        for turn in range(16):
            at_x, at_y = x + far * math.cos(turn * math.pi / 8), y + far * math.sin(turn * math.pi / 8)
            left = at_x - width * (1 - math.cos(turn * math.pi / 8)) / 2
            yield Box(left, at_y - height * (1 - math.sin(turn * math.pi / 8)) / 2, width, height)


def _cost(box: Box, x: float, y: float, hard: Sequence[Box], soft: Sequence[Box]) -> float:
    inside = box.overlap(Box(LEFT + 2, TOP - 52, WIDTH - LEFT - RIGHT + 14, HEIGHT - TOP - BOTTOM + 48))
    cost = 50 * (box.width * box.height - inside)
    cost += 40 * sum(box.overlap(other) for other in hard) + 2 * sum(box.overlap(other) for other in soft)
    return cost + math.hypot(box.left + box.width / 2 - x, (box.top + box.height / 2 - y) * 2)
