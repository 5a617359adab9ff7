"""Events as a table on a screen: when, what, where, how far, how sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.labels import ClassList, Events


def event_table(events: Events, classes: ClassList) -> str:
    """A line for each event, in the order of their beginnings.

    Args:
        events: any.
        classes: names.

    Returns:
        lines that end with a newline.

    >>> from whence.labels import STARSS23, Events
    >>> columns = {"frame": [4, 5], "class_index": [12, 12], "azimuth_deg": [38, 38], "distance_m": [2, 2]}
    >>> print(event_table(Events.from_columns(columns), STARSS23), end="")
      time       class  where        distance  sure
      0.4-0.6 s  knock  38 deg left     2.0 m  1.00
    """
    rows = [
        (
            f"{event.onset_s:.1f}-{event.offset_s:.1f} s",
            classes[event.class_index],
            _where(event.azimuth_deg),
            "-" if math.isnan(event.distance_m) else f"{event.distance_m:.1f} m",
            f"{event.score:.2f}",
        )
        for event in sorted(events, key=lambda event: (event.onset_s, event.class_index))
    ]
    if not rows:
        return "  no events\n"
    table = [("time", "class", "where", "distance", "sure"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    # Words to the left, numbers to the right.
    lines = [
        "  " + "  ".join(cell.ljust(w) if column < 3 else cell.rjust(w) for column, (cell, w) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in table)
    ]
    return "\n".join(lines) + "\n"


def _where(azimuth_deg: float) -> str:
    """Whole degrees and the side."""
    whole = round(azimuth_deg)
    return "ahead" if whole == 0 else f"{abs(whole)} deg {'left' if whole > 0 else 'right'}"
