"""The half circle in front of the listener, or all around, from above: left on the left, rings at 1, 2 and 4 metres."""

import itertools
import math
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from whence.labels import ClassList, class_name
from whence.views.palette import COLOURS, MARKERS, style
from whence.views.terminal.active_sources import ActiveSource

RINGS_M = (1, 2, 4)
# A cell of a terminal is about twice as high as wide.
_ASPECT = 2.0
_MARGIN = 7
_LEAST_RADIUS = 2.0
_SURE = 0.7
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def class_mark(class_index: int, console: Console) -> str:
    """Return the shape of a class, or a letter where the terminal has no UTF-8."""
    if console.options.ascii_only:
        return _LETTERS[class_index % len(_LETTERS)]
    return MARKERS[style(class_index).marker].symbol


def source_style(source: ActiveSource, console: Console) -> str:
    """Return the colour of a source's class, dim where it has just fallen silent, bold where it is sure."""
    colour = COLOURS[style(source.class_index).colour]
    number = colour.xterm if console.color_system in ("256", "truecolor") else colour.ansi - 30
    weight = "dim " if source.fading else "bold " if source.score >= _SURE else ""
    return f"{weight}color({number})"


def printable(text: str, console: Console) -> str:
    """Return a name without characters that a terminal would obey, and with question marks for those it lacks."""
    text = "".join(letter for letter in text if letter.isprintable())
    return text.encode(console.encoding, "replace").decode(console.encoding)


def radar(
    columns: int,
    rows: int,
    sources: Sequence[ActiveSource],
    classes: ClassList,
    console: Console,
    full_circle: bool = False,
) -> list[Text]:
    """Draw the half circle in front, or the full circle.

    A ring's radius grows with the square root of its distance: near sources, which move most, get most of the space.
    Farther sources are drawn on the last ring.

    Args:
        columns: cells to use.
        rows: rows to use; they stay empty where the radar does not fit.
        sources: what sounds now.
        classes: their names.
        console: the terminal.
        full_circle: draw what is behind the listener too.

    Returns:
        a text of `columns` cells for each row.
    """
    grid = _Grid(columns, rows)
    radius = radar_radius(columns, rows, full_circle)
    if radius < _LEAST_RADIUS:
        return grid.lines()
    dot = "." if console.options.ascii_only else "·"
    centre, floor, edge = columns // 2, round(radius) + 1, round(radius * _ASPECT)
    for ring_m in RINGS_M:
        steps = max(round(radius * math.sqrt(ring_m / RINGS_M[-1]) * 3.2), 8)
        for step in range((2 if full_circle else 1) * steps + 1):
            up, right = cell_of(180.0 * step / steps - 90.0, ring_m, radius)
            grid.put(floor - up, centre + right, dot, "dim")
        text = f"{ring_m} m"
        grid.put(floor, centre + cell_of(-90.0, ring_m, radius)[1] - len(text), text, "dim")
    grid.put(0, centre - 2, "ahead", "dim")
    if full_circle:
        grid.put(2 * floor, centre - 3, "behind", "dim")
    grid.put(floor, centre - edge - 5, "left", "dim")
    grid.put(floor, centre + edge + 2, "right", "dim")
    grid.put(floor, centre - 1, "you", "bold")
    # The surest last, on top; names after all marks, so that no name covers a mark.
    by_score = sorted(sources, key=lambda source: source.score)
    for source in by_score:
        up, right = cell_of(source.azimuth_deg, source.distance_m, radius)
        grid.put(floor - up, centre + right, class_mark(source.class_index, console), source_style(source, console))
    for source in reversed(by_score):
        up, right = cell_of(source.azimuth_deg, source.distance_m, radius)
        name = printable(class_name(source.class_index, classes), console)
        # Beside the mark, on the side where there is space; nowhere if there is none.
        for start in (centre + right + 1, centre + right - cell_len(name) - 2):
            if grid.free(floor - up, start, cell_len(name) + 2, dot):
                grid.put(floor - up, start, f" {name} ", source_style(source, console))
                break
    return grid.lines()


def radar_radius(columns: int, rows: int, full_circle: bool = False) -> float:
    """Return the rows from the listener to the last ring; below 0 where there is no space."""
    return min((rows - 3) // 2 if full_circle else rows - 2, (columns - 2 * _MARGIN) / 2 / _ASPECT)


def cell_of(azimuth_deg: float, distance_m: float, radius: float) -> tuple[int, int]:
    """Return rows upwards and columns to the right of the listener; unknown distances are on the last ring.

    Args:
        azimuth_deg: positive to the left.
        distance_m: metres.
        radius: rows from the listener to the last ring.

    >>> cell_of(90.0, 4.0, 10.0), cell_of(0.0, 1.0, 10.0), cell_of(-90.0, 100.0, 10.0)
    ((0, -20), (5, 0), (0, 20))
    """
    share = 1.0 if math.isnan(distance_m) else math.sqrt(min(distance_m / RINGS_M[-1], 1.0))
    azimuth = math.radians(azimuth_deg)
    return round(radius * share * math.cos(azimuth)), round(-radius * share * math.sin(azimuth) * _ASPECT)


class _Grid:
    """Characters in cells, written in any order; those outside are left out."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._cells: dict[tuple[int, int], tuple[str, str]] = {}

    def put(self, row: int, column: int, text: str, look: str) -> None:
        """Write a text from a cell to the right; wide characters take two cells, combining ones are left out."""
        for letter in text:
            width = cell_len(letter)
            if width and 0 <= row < self._rows and 0 <= column <= self._columns - width:
                self._cells[row, column] = (letter, look)
                if width == 2:
                    self._cells[row, column + 1] = ("", look)
            column += width

    def free(self, row: int, column: int, width: int, over: str) -> bool:
        """Whether so many cells are inside, and empty or hold what may be overwritten."""
        inside = 0 <= row < self._rows and 0 <= column <= self._columns - width
        return inside and all(
            self._cells.get((row, at), (" ", ""))[0] in (" ", over) for at in range(column, column + width)
        )

    def lines(self) -> list[Text]:
        """The rows from the top."""
        return [self._line(row) for row in range(self._rows)]

    def _line(self, row: int) -> Text:
        """One row, in runs of one style."""
        cells = (self._cells.get((row, column), (" ", "")) for column in range(self._columns))
        runs = itertools.groupby(cells, key=lambda cell: cell[1])
        return Text.assemble(*(("".join(letter for letter, _ in run), look) for look, run in runs))
