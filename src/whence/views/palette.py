"""How a class looks in every view: a colour that colour-blind eyes tell from the others, and a shape of its own.

Pictures, reports, the web page and terminals take the styles from here. A style belongs to a position among the classes
that are shown, so a few classes get the colours that are farthest apart, whatever their numbers are.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Corners = Sequence[tuple[float, float]]


class Colour(NamedTuple):
    """One colour in every medium."""

    light: str
    """On a light ground, as #rrggbb."""
    dark: str
    """On a dark ground."""
    xterm: int
    """Of the 256 colours of a terminal, one that shows on light and on dark."""
    ansi: int
    """Of the eight colours of an old terminal, as the number of its escape sequence."""


class Marker(NamedTuple):
    """One shape in every medium."""

    symbol: str
    """A character, for terminals."""
    matplotlib: str
    """The name that matplotlib has for it."""
    corners: Corners
    """A polygon around (0, 0) in a circle of radius 1, y downwards, for SVG and canvas."""


class Style(NamedTuple):
    """Colour and shape of one class."""

    colour: int
    """Index into `COLOURS`."""
    marker: int
    """Index into `MARKERS`."""


def _regular(corners: int, turn: float = 0.0, inner: float = 0.0) -> Corners:
    """A regular polygon with a corner at the top, or a star with an inner radius."""
    count = corners * 2 if inner else corners
    radii = [inner if inner and i % 2 else 1.0 for i in range(count)]
    angles = [turn + 2 * math.pi * i / count for i in range(count)]
    return [(round(r * math.sin(a), 3), round(-r * math.cos(a), 3)) for r, a in zip(radii, angles, strict=True)]


def _cross(turn: float) -> Corners:
    """A plus, or turned by an eighth an X."""
    points = []
    for quarter in range(4):
        angle = turn - quarter * math.pi / 2
        points += [
            (round(x * math.cos(angle) - y * math.sin(angle), 3), round(x * math.sin(angle) + y * math.cos(angle), 3))
            for x, y in ((0.35, -0.35), (0.35, -1.0), (-0.35, -1.0))
        ]
    return points


# The hues of Okabe and Ito, moved until any two are at least 25 CIELAB units apart for normal eyes and for each of the
# three kinds of colour blindness, and stand out from the ground (3:1 in WCAG's sense). In this order each colour is as
# far as possible from those before it, and the colour of the text is last.
COLOURS = (
    Colour("#7381f3", "#95bbff", 104, 36),
    Colour("#ac351a", "#d7530e", 166, 31),
    Colour("#c38800", "#ffce19", 136, 33),
    Colour("#e860a6", "#cc7097", 168, 35),
    Colour("#0e498a", "#436cb8", 25, 34),
    Colour("#00ab60", "#0df07f", 35, 32),
    Colour("#1b1e23", "#e6e9ee", 102, 37),
)
# As many as the task has classes, so that no two of its classes share one.
MARKERS = (
    Marker("●", "o", _regular(24)),
    Marker("■", "s", [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]),
    Marker("▲", "^", _regular(3)),
    Marker("◆", "D", _regular(4)),
    Marker("▼", "v", _regular(3, math.pi)),
    Marker("✚", "P", _cross(0.0)),
    Marker("✖", "X", _cross(math.pi / 4)),
    Marker("★", "*", _regular(5, inner=0.45)),
    Marker("○", "p", _regular(5)),
    Marker("◀", "<", _regular(3, -math.pi / 2)),
    Marker("▶", ">", _regular(3, math.pi / 2)),
    Marker("□", "h", _regular(6)),
    Marker("◇", "d", [(0.6 * x, y) for x, y in _regular(4)]),
)


def style(position: int) -> Style:
    """Return the style at a position; the first seven differ in colour, thirteen in shape, and 91 in one of the two.

    >>> style(0), style(8)
    (Style(colour=0, marker=0), Style(colour=1, marker=8))
    """
    return Style(position % len(COLOURS), position % len(MARKERS))


def styles_of(present: Iterable[int]) -> dict[int, Style]:
    """Return a style for each class that is shown, the most distinct ones first.

    Args:
        present: class indices, each any number of times.

    >>> styles_of([12, 3, 12])
    {3: Style(colour=0, marker=0), 12: Style(colour=1, marker=1)}
    """
    return {class_index: style(position) for position, class_index in enumerate(sorted(set(present)))}
