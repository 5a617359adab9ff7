"""Numbers and tables as people read them on a screen."""

import math
from collections.abc import Sequence


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal; a dash where there is none.

    >>> percent(0.228), percent(None), percent(float("nan"))
    ('22.8 %', '-', '-')
    """
    return "-" if _missing(share) else f"{100 * share:.1f} %"  # type: ignore[operator]


def degrees(angle_deg: float | None) -> str:
    """An angle with one decimal.

    >>> degrees(24.51)
    '24.5 deg'
    """
    return "-" if _missing(angle_deg) else f"{angle_deg:.1f} deg"


def metres(distance_m: float | None) -> str:
    """A distance in metres with two decimals.

    >>> metres(0.7)
    '0.70 m'
    """
    return "-" if _missing(distance_m) else f"{distance_m:.2f} m"


def number(value: float | None) -> str:
    """A ratio with two decimals.

    >>> number(0.4149)
    '0.41'
    """
    return "-" if _missing(value) else f"{value:.2f}"


def duration(seconds: float) -> str:
    """A length of time in the two units that matter.

    >>> duration(6000), duration(95.04), duration(4.2)
    ('1 h 40 min', '1 min 35 s', '4.2 s')
    """
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds >= 60 else f"{seconds:.1f} s"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text columns: the first to the left, the others to the right.

    Args:
        rows: equally long; the first is the heading.

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
            f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines) + "\n"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)
