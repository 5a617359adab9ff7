"""Numbers, tables and events as text on a screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.labels import ClassList, Events


def percent(share: float | None) -> str:
    """Return a share as a percentage with one decimal; a dash where there is none.

    >>> percent(0.228), percent(None), percent(float("nan"))
    ('22.8 %', '-', '-')
    """
    return _formatted(share, "{:.1f} %", 100)


def degrees(angle_deg: float | None) -> str:
    """Return an angle with one decimal.

    >>> degrees(24.51)
    '24.5 deg'
    """
    return _formatted(angle_deg, "{:.1f} deg")


def metres(distance_m: float | None) -> str:
    """Return a distance in metres with two decimals.

    >>> metres(0.7)
    '0.70 m'
    """
    return _formatted(distance_m, "{:.2f} m")


def number(value: float | None) -> str:
    """Return a ratio with two decimals.

    >>> number(0.4149)
    '0.41'
    """
    return _formatted(value, "{:.2f}")


def direction(azimuth_deg: float) -> str:
    """Return an azimuth in whole degrees and words; a dash where it is not known.

    >>> direction(38.2), direction(-90.0), direction(0.4), direction(-179.8), direction(math.nan)
    ('38 deg left', '90 deg right', 'ahead', 'behind', '-')
    """
    if math.isnan(azimuth_deg):
        return "-"
    whole = round(azimuth_deg)
    if abs(whole) == 180:
        return "behind"
    return "ahead" if whole == 0 else f"{abs(whole)} deg {'left' if whole > 0 else 'right'}"


def duration(seconds: float) -> str:
    """Return a length of time in the two units that matter.

    >>> duration(6000), duration(95.04), duration(4.2)
    ('1 h 40 min', '1 min 35 s', '4.2 s')
    """
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds >= 60 else f"{seconds:.1f} s"


def short(name: str, longest: int = 28) -> str:
    """Cut a name for a legend.

    >>> short("a" * 40, 8)
    'aaaaa...'
    """
    return name if len(name) <= longest else f"{name[: longest - 3]}..."


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return rows as aligned columns of text.

    Args:
        rows: equally long; the first is the heading.
        left: how many columns, from the first, hold words, which are aligned to the left; numbers go to the right.

    Returns:
        one line per row, two spaces of margin and between columns, no trailing spaces.

    >>> print(aligned([["class", "F20"], ["bell", "9.1 %"]]), end="")
      class    F20
      bell   9.1 %
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            f"{cell:<{width}}" if column < left else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines) + "\n"


def event_table(events: Events, classes: ClassList) -> str:
    """Return a line for each event, in the order of their onsets: when, which class, where, how far, and the score.

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
            direction(event.azimuth_deg),
            "-" if math.isnan(event.distance_m) else f"{event.distance_m:.1f} m",
            f"{event.score:.2f}",
        )
        for event in sorted(events, key=lambda event: (event.onset_s, event.class_index))
    ]
    if not rows:
        return "  no events\n"
    return aligned([("time", "class", "where", "distance", "sure"), *rows], left=3)


def _formatted(value: float | None, form: str, factor: float = 1) -> str:
    return "-" if value is None or math.isnan(value) else form.format(factor * value)
