"""The shapes of classes as SVG paths, the same and in the same order as in the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

Corners = Sequence[tuple[float, float]]


def _regular(corners: int, turn: float = 0.0, inner: float = 0.0) -> Corners:
    """A regular polygon that stands on its base, or a star with an inner radius."""
    count = corners * 2 if inner else corners
    radii = [inner if inner and i % 2 else 1.0 for i in range(count)]
    angles = [turn + 2 * math.pi * i / count for i in range(count)]
    return [(round(r * math.sin(a), 3), round(-r * math.cos(a), 3)) for r, a in zip(radii, angles, strict=True)]


def _cross(arm: float, turn: float) -> Corners:
    """A plus, or turned by an eighth an X."""
    quarter = [(arm, -arm), (arm, -1.0), (-arm, -1.0)]
    points = []
    for step in range(4):
        angle = turn - step * math.pi / 2
        points += [
            (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)) for x, y in quarter
        ]
    return points


_SQUARE = [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
_CIRCLE = _regular(24)
# In the order of whence.views.picture.palette.MARKERS: o s ^ D v P X * p < > h d
SHAPES: tuple[Corners, ...] = (
    _CIRCLE,
    _SQUARE,
    _regular(3),
    _regular(4),
    _regular(3, math.pi),
    _cross(0.35, 0.0),
    _cross(0.35, math.pi / 4),
    _regular(5, 0.0, 0.45),
    _regular(5),
    _regular(3, -math.pi / 2),
    _regular(3, math.pi / 2),
    _regular(6),
    [(x * 0.6, y) for x, y in _regular(4)],
)


def shape(number: int, x: float, y: float, radius: float) -> str:
    """The path of one shape around a place.

    >>> shape(1, 10.0, 10.0, 4.0)
    'M6.6 6.6L13.4 6.6L13.4 13.4L6.6 13.4Z'
    """
    points = [f"{x + radius * dx:.1f} {y + radius * dy:.1f}" for dx, dy in SHAPES[number]]
    return f"M{'L'.join(points)}Z"
