"""The half circle in front of the listener, seen from above: left on the left, rings at 1, 2 and 4 metres."""

import math
from collections.abc import Sequence

from whence.labels import ClassList, class_name
from whence.views.terminal.canvas import BOLD, FAINT, PLAIN, Canvas, Look
from whence.views.terminal.looks import Looks
from whence.views.terminal.present import Sounding

RINGS_M = (1, 2, 4)
# A cell of a terminal is about twice as high as wide.
_ASPECT = 2.0
_MARGIN = 7
_LEAST_RADIUS = 2.0
_SURE = 0.7


def draw_radar(
    canvas: Canvas, top: int, columns: int, rows: int, soundings: Sequence[Sounding], classes: ClassList, looks: Looks
) -> None:
    """Draw the half circle into a part of a page that begins at its left edge.

    A ring's radius grows with the square root of its distance: near sources, which move most, get most of the room.
    What is farther than the last ring stands on it.

    Args:
        canvas: the page.
        top: first row.
        columns: cells to use.
        rows: rows to use; nothing is drawn where there is no room for it.
        soundings: what sounds now.
        classes: their names.
        looks: what the terminal can show.
    """
    radius = radar_radius(columns, rows)
    if radius < _LEAST_RADIUS:
        return
    centre, floor = columns // 2, top + round(radius) + 1
    for ring_m in RINGS_M:
        _draw_ring(canvas, centre, floor, radius, ring_m, looks)
    edge = round(radius * _ASPECT)
    canvas.put(floor - round(radius) - 1, centre - 2, "ahead", FAINT)
    canvas.put(floor, centre - edge - 5, "left", FAINT)
    canvas.put(floor, centre + edge + 2, "right", FAINT)
    canvas.put(floor, centre - 1, "you", BOLD)
    marks = []
    for one in soundings:
        row, column = place(one.azimuth_deg, one.distance_m, radius)
        marks.append((floor - row, centre + column, one))
    # The surest last, on top; names after all marks, so that no name covers a mark.
    for row, column, one in sorted(marks, key=lambda mark: mark[2].score):
        canvas.put(row, column, looks.mark(one.class_index), looks.colour(one.class_index) | weight(one))
    for row, column, one in sorted(marks, key=lambda mark: -mark[2].score):
        _put_name(canvas, row, column, one, classes, looks)


def radar_radius(columns: int, rows: int) -> float:
    """Rows from the listener to the last ring, as far as the room allows; below 0 where there is none."""
    return min(rows - 2, (columns - 2 * _MARGIN) / 2 / _ASPECT)


def place(azimuth_deg: float, distance_m: float, radius: float) -> tuple[int, int]:
    """Rows upwards and columns to the right of the listener; an unknown distance stands on the last ring.

    Args:
        azimuth_deg: positive to the left.
        distance_m: metres.
        radius: rows from the listener to the last ring.

    >>> place(90.0, 4.0, 10.0), place(0.0, 1.0, 10.0), place(-90.0, 100.0, 10.0)
    ((0, -20), (5, 0), (0, 20))
    """
    reach_m = RINGS_M[-1]
    share = 1.0 if math.isnan(distance_m) else math.sqrt(min(distance_m / reach_m, 1.0))
    azimuth = math.radians(azimuth_deg)
    return round(radius * share * math.cos(azimuth)), round(-radius * share * math.sin(azimuth) * _ASPECT)


def _draw_ring(canvas: Canvas, centre: int, floor: int, radius: float, ring_m: int, looks: Looks) -> None:
    """Dots at even angles, the distance beside the listener's right."""
    steps = max(round(radius * math.sqrt(ring_m / RINGS_M[-1]) * 3.2), 8)
    for step in range(steps + 1):
        row, column = place(180.0 * step / steps - 90.0, ring_m, radius)
        canvas.put(floor - row, centre + column, looks.dot, FAINT)
    _, column = place(-90.0, ring_m, radius)
    text = f"{ring_m} m"
    canvas.put(floor, centre + column - len(text), text, FAINT)


def weight(one: Sounding) -> Look:
    """Faint where it has just fallen silent or is doubtful, bold where it is sure."""
    if one.fading:
        return FAINT
    return BOLD if one.score >= _SURE else PLAIN


def _put_name(canvas: Canvas, row: int, column: int, one: Sounding, classes: ClassList, looks: Looks) -> None:
    """The class beside its mark, on the side where there is room; nowhere if there is none."""
    name = class_name(one.class_index, classes)
    for start in (column + 2, column - len(name) - 1):
        if canvas.free(row, start - 1, len(name) + 2, over=looks.dot):
            canvas.put(row, start - 1, f" {name} ", looks.colour(one.class_index) | weight(one))
            return
