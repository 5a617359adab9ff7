"""The frame of a chart: scales, grid lines, labels; coordinates are those of the SVG, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whence.views.report.markup import Child, Markup, element


@dataclass(frozen=True)
class Scale:
    """Values become coordinates.

    Args:
        low: value at `start`.
        high: value at `end`.
        start: coordinate.
        end: coordinate.

    >>> Scale(0.0, 10.0, 100.0, 200.0)(2.5)
    125.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        return self.start + (value - self.low) / ((self.high - self.low) or 1.0) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, steps of 1, 2, 2.5 or 5 times a power of ten.

    >>> ticks(0.0, 0.9), ticks(-13.0, 70.0)
    ([0.0, 0.2, 0.4, 0.6, 0.8], [0.0, 20.0, 40.0, 60.0])
    """
    if not high > low:
        return [low]
    power = 1e-6
    while True:
        for factor in (1.0, 2.0, 2.5, 5.0):
            step = factor * power
            if (high - low) / step < most:
                first = -(-low // step)
                found = [round((first + i) * step, 9) for i in range(most + 1)]
                return [tick + 0.0 for tick in found if tick <= high + 1e-9 * step]
        power *= 10.0


def svg(title: str, description: str, width: float, height: float, *children: Child, **attributes: object) -> Markup:
    """A picture with a name and a description for who cannot see it."""
    content = [element("title", title), element("desc", description), *children]
    return element(
        "svg", *content, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, role="img",
        aria_label=f"{title}. {description}", **attributes,
    )  # fmt: skip


def label(x: float, y: float, words: str, anchor: str = "middle", class_: str | None = None) -> Markup:
    """Text at a place, its middle height at y."""
    return element("text", words, x=x, y=y, text_anchor=anchor, dominant_baseline="central", class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def frame(
    x: Scale, y: Scale, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x_name: str,
    y_name: str,
) -> list[Markup]:  # fmt: skip
    """Grid, tick labels and the names of both axes."""
    left, right = sorted((x.start, x.end))
    top, bottom = sorted((y.start, y.end))
    parts = [line(x(at), top, x(at), bottom, "grid") for at, _ in x_ticks]
    parts += [line(left, y(at), right, y(at), "grid") for at, _ in y_ticks]
    parts += [label(x(at), bottom + 12, words, class_="tick") for at, words in x_ticks]
    parts += [label(left - 6, y(at), words, "end", "tick") for at, words in y_ticks]
    parts.append(label((left + right) / 2, bottom + 28, x_name))
    # Above the axis and level: nobody likes to read sideways.
    parts.append(label(4.0, top - 18, y_name, "start"))
    return parts
