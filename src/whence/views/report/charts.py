"""Charts as inline SVG: values with intervals, bars, error profiles, calibration; each is told in words as well."""

from __future__ import annotations

import math
from collections.abc import Sequence

from whence.metrics import AZIMUTH_STEP_DEG, DISTANCE_STEP_M, Calibration, Profile
from whence.views.picture.palette import short
from whence.views.report.axes import Scale, frame, label, line, svg, ticks
from whence.views.report.markup import Markup, element

_WIDTH, _ROW, _LEFT, _RIGHT = 640.0, 24.0, 205.0, 70.0


def bars(title: str, description: str, rows: Sequence[tuple[str, float | None, str]], highest: float) -> Markup:
    """Level bars from 0, the value written at their ends.

    Args:
        title: of the chart.
        description: what it shows, for who cannot see it.
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
    """Shares as dots with their intervals as whiskers, from 0 to a little over the highest end.

    Args:
        title: of the chart.
        description: what it shows.
        rows: name, value, low, high (NaN where there is none) and the words for it.
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
    """The median error along the true place as a line, half of all errors as a band around it.

    Args:
        title: of the chart.
        description: what it shows.
        steps: from `whence.metrics.profile`.
        x_name: of the true place, with unit.
        y_name: of the error, with unit.
        leftwards: whether the highest place is drawn on the left, as azimuths are: left is left.
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
    """How often predictions of each score were right, beside the diagonal of a system that knows itself.

    Args:
        title: of the chart.
        description: what it shows.
        steps: from `whence.metrics.calibration`.
    """
    x, y = Scale(0.0, 1.0, 60.0, 340.0), Scale(0.0, 1.0, 310.0, 30.0)
    marks = [(at, f"{at:g}") for at in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    parts = frame(x, y, marks, marks, "score of the prediction", "share that was right")
    parts.append(line(x(0), y(0), x(1), y(1), "ideal"))
    known = steps.predictions > 0
    scores, shares = steps.mean_score[known].tolist(), steps.precision[known].tolist()
    places = [(x(score), y(share)) for score, share in zip(scores, shares, strict=True)]
    parts.append(element("polyline", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in places), class_="curve"))
    # The area of a dot says how many predictions it stands for.
    most = max(int(steps.predictions.max(initial=1)), 1)
    for (px, py), count in zip(places, steps.predictions[known].tolist(), strict=True):
        parts.append(element("circle", cx=px, cy=py, r=3.0 + 8.0 * math.sqrt(count / most), class_="dot faint"))
    return svg(title, description, 380.0, 352.0, *parts)
