"""Charts as inline SVG: values with intervals, bars, error profiles, calibration; each is described in words as well.

Coordinates are those of the SVG, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from whence.metrics import AZIMUTH_STEP_DEG, DISTANCE_STEP_M, Calibration, Profile
from whence.views.report.markup import Child, Markup, element
from whence.views.tables import short

_WIDTH, _ROW, _LEFT, _RIGHT = 640.0, 24.0, 205.0, 70.0


@dataclass(frozen=True)
class Scale:
    """A linear map from values, `low` to `high`, to coordinates, `start` to `end`.

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
    """Return round numbers from low to high, in steps of 1, 2, 2.5 or 5 times a power of ten.

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
    """Return a picture with a name and a description for screen readers."""
    content = [element("title", title), element("desc", description), *children]
    return element(
        "svg", *content, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, role="img",
        aria_label=f"{title}. {description}", **attributes,
    )  # fmt: skip


def label(x: float, y: float, words: str, anchor: str = "middle", class_: str | None = None) -> Markup:
    """Return text whose middle height is at y."""
    return element("text", words, x=x, y=y, text_anchor=anchor, dominant_baseline="central", class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def frame(
    x: Scale, y: Scale, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x_name: str,
    y_name: str,
) -> list[Markup]:  # fmt: skip
    """Return grid, tick labels and the names of both axes."""
    left, right = sorted((x.start, x.end))
    top, bottom = sorted((y.start, y.end))
    parts = [line(x(at), top, x(at), bottom, "grid") for at, _ in x_ticks]
    parts += [line(left, y(at), right, y(at), "grid") for at, _ in y_ticks]
    parts += [label(x(at), bottom + 12, words, class_="tick") for at, words in x_ticks]
    parts += [label(left - 6, y(at), words, "end", "tick") for at, words in y_ticks]
    parts.append(label((left + right) / 2, bottom + 28, x_name))
    # Above the axis and level, which reads more easily than sideways.
    parts.append(label(4.0, top - 18, y_name, "start"))
    return parts


def bars(title: str, description: str, rows: Sequence[tuple[str, float | None, str]], highest: float) -> Markup:
    """Return horizontal bars from 0, the value written at their ends.

    Args:
        title: of the chart.
        description: what it shows, for screen readers.
        rows: name, value (None or NaN where there is none) and the words for it.
        highest: the value of a full bar.
    """
    x = Scale(0.0, highest or 1.0, _LEFT, _WIDTH - _RIGHT)
    parts: list[Markup] = []
    for position, (name, value, words) in enumerate(rows):
        middle = _ROW * (position + 0.5) + 4
        parts.append(label(_LEFT - 8, middle, short(name, 30), "end"))
        known = value is not None and not math.isnan(value)
        length = x(min(value, highest)) - _LEFT if known and value is not None else 0.0
        if length:
            parts.append(element("rect", x=_LEFT, y=middle - 7, width=length, height=14, rx=2, class_="bar"))
        parts.append(label(_LEFT + length + 6, middle, words, "start", "tick"))
    bottom = _ROW * len(rows) + 8
    parts.append(line(_LEFT, 2, _LEFT, bottom - 2, "axis"))
    return svg(title, description, _WIDTH, bottom, *parts)


def whiskers(title: str, description: str, rows: Sequence[tuple[str, float, float, float, str]]) -> Markup:
    """Return shares as dots with their intervals as whiskers, from 0 to a little over the highest end.

    A row has a name, value, low, high (NaN where there is none) and the words for it.
    """
    ends = [end for _, value, _, high, _ in rows for end in (value, high) if math.isfinite(end)]
    x = Scale(0.0, max(ends, default=1.0) * 1.05 or 1.0, _LEFT, _WIDTH - _RIGHT)
    bottom = _ROW * len(rows) + 8
    marks = ticks(x.low, x.high)
    parts: list[Markup] = [line(x(at), 4, x(at), bottom - 4, "grid") for at in marks]
    parts += [label(x(at), bottom + 6, f"{100 * at:g} %", class_="tick") for at in marks]
    for position, (name, value, low, high, words) in enumerate(rows):
        middle = _ROW * (position + 0.5) + 4
        parts.append(label(_LEFT - 8, middle, name, "end"))
        if math.isfinite(low) and math.isfinite(high):
            parts.append(line(x(low), middle, x(high), middle, "whisker"))
            parts += [line(x(end), middle - 5, x(end), middle + 5, "whisker") for end in (low, high)]
        if math.isfinite(value):
            parts.append(element("circle", cx=x(value), cy=middle, r=5, class_="dot"))
        parts.append(label(x.end + 10, middle, words, "start", "tick"))
    return svg(title, description, _WIDTH, bottom + 18, *parts)


def profile_chart(title: str, description: str, steps: Profile, x_name: str, y_name: str, leftwards: bool) -> Markup:
    """Return the median error along the true azimuth or distance, with the middle half of all errors as a band.

    With `leftwards` the highest value is drawn on the left, as azimuths are: left is left.
    """
    # The last step of distance has no end; it is drawn as wide as the others.
    width = AZIMUTH_STEP_DEG if leftwards else DISTANCE_STEP_M
    middles = [float(start) + width / 2 for start in steps.start]
    low, high = float(min(steps.quartiles.min(), 0.0)), float(max(steps.quartiles.max(), 0.0))
    room = 0.1 * (high - low or 1.0)
    x_ends = (90.0, -90.0) if leftwards else (0.0, max(middles) + width / 2)
    x, y = Scale(*x_ends, 60.0, 620.0), Scale(low - room, high + room, 230.0, 36.0)
    x_ticks = [(at, f"{at:g}") for at in ((90, 45, 0, -45, -90) if leftwards else ticks(0.0, x.high, 12))]
    parts = frame(x, y, x_ticks, [(at, f"{at:+g}" if at else "0") for at in ticks(y.low, y.high)], x_name, y_name)
    lower, median, upper = (
        [(x(at), y(error)) for at, error in zip(middles, quartile, strict=True)]
        for quartile in steps.quartiles.T.tolist()
    )
    band = " ".join(f"{px:.1f},{py:.1f}" for px, py in [*lower, *reversed(upper)])
    parts += [
        element("polygon", points=band, class_="band"),
        line(x.start, y(0.0), x.end, y(0.0), "axis"),
        element("polyline", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in median), class_="curve"),
        *[element("circle", cx=px, cy=py, r=3.5, class_="dot") for px, py in median],
        *[line(px, py, px, qy, "whisker") for (px, py), (_, qy) in zip(lower, upper, strict=True)],
    ]
    return svg(title, description, 640.0, 268.0, *parts)


def calibration_chart(title: str, description: str, steps: Calibration) -> Markup:
    """Return how often predictions of each score were right, beside the diagonal of perfect calibration."""
    x, y = Scale(0.0, 1.0, 60.0, 340.0), Scale(0.0, 1.0, 310.0, 30.0)
    marks = [(at, f"{at:g}") for at in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    parts = frame(x, y, marks, marks, "score of the prediction", "share that was right")
    parts.append(line(x(0), y(0), x(1), y(1), "ideal"))
    known = steps.predictions > 0
    scores, shares = steps.mean_score[known].tolist(), steps.precision[known].tolist()
    points = [(x(score), y(share)) for score, share in zip(scores, shares, strict=True)]
    parts.append(element("polyline", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in points), class_="curve"))
    # The area of a dot is proportional to its number of predictions.
    most = max(int(steps.predictions.max(initial=1)), 1)
    for (px, py), count in zip(points, steps.predictions[known].tolist(), strict=True):
        parts.append(element("circle", cx=px, cy=py, r=3.0 + 8.0 * math.sqrt(count / most), class_="dot faint"))
    return svg(title, description, 380.0, 352.0, *parts)
