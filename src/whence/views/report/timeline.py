"""One clip over time: spectrogram of both channels, azimuth of reference and prediction, and when mistakes occur."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whence.views.palette import MARKERS, Style
from whence.views.report.charts import Scale, label, line, svg, ticks
from whence.views.report.markup import Markup, element
from whence.views.spectrogram import band_of
from whence.views.strokes import drawn_azimuths, marked_rows, risers_of, strokes_of

if TYPE_CHECKING:
    from whence.labels import ClassList, Events
    from whence.views.report.sounds import ClipSound

_WIDTH, _LEFT, _RIGHT = 860.0, 74.0, 850.0
_SPECTRUM_HEIGHT, _AZIMUTH_HEIGHT, _MISTAKES_HEIGHT, _GAP = 76.0, 200.0, 26.0, 8.0
# The scale of the mistakes reaches at least this far, so that a single one does not fill it.
_FEW_MISTAKES = 3
# No screen shows finer steps, and they would make the page of a long recording slow.
_MOST_STEPS = 1500
_NAMES_AHEAD = ((90, "left 90°"), (45, "45°"), (0, "ahead 0°"), (-45, "45°"), (-90, "right 90°"))
_NAMES_AROUND = ((180, "behind"), (90, "left 90°"), (0, "ahead 0°"), (-90, "right 90°"), (-180, "behind"))


def timeline(
    name: str,
    reference: Events,
    prediction: Events,
    styles: dict[int, Style],
    mistakes_by_frame: NDArray[np.int64],
    sound: ClipSound | None,
    picture: str,
    full_circle: bool = False,
) -> Markup:
    """Return the figure of one clip, every part over the same seconds.

    Args:
        name: of the clip.
        reference: its reference events.
        prediction: its predicted events.
        styles: of the classes of both.
        mistakes_by_frame: (2, mistaken frame) the frames with mistakes, climbing, and how many each has.
        sound: if the clip has one.
        picture: address of its spectrogram, an image of both channels one above the other.
        full_circle: whether what is behind is drawn there, and not in front.
    """
    last_frame = max(int(events.frame.max(initial=-1)) for events in (reference, prediction))
    duration_s = max((last_frame + 1) / 10, sound.duration_s if sound else 0.0, 0.1)
    time = Scale(0.0, duration_s, _LEFT, _RIGHT)
    parts: list[Markup] = []
    top = 10.0
    if sound and sound.columns:
        parts += _spectra(time, top, sound, picture)
        top += 2 * _SPECTRUM_HEIGHT + _GAP
    reach_deg = 180.0 if full_circle else 90.0
    azimuth = Scale(reach_deg, -reach_deg, top + 8, top + _AZIMUTH_HEIGHT - 8)
    parts += _grid(time, azimuth, top, top + _AZIMUTH_HEIGHT, full_circle)
    for events, layer in ((reference, "ref"), (prediction, "pred")):
        parts += _layer(events, styles, time, azimuth, layer, full_circle)
    top += _AZIMUTH_HEIGHT + _GAP
    parts += _mistakes(mistakes_by_frame, time, top)
    bottom = top + _MISTAKES_HEIGHT
    parts += [label(time(at), bottom + 12, f"{at:g}", class_="tick") for at in ticks(0.0, duration_s, 11)]
    parts.append(label(_LEFT - 8, bottom + 12, "seconds", "end", "tick"))
    parts.append(element("line", x1=_LEFT, x2=_LEFT, y1=10.0, y2=bottom, class_="cursor"))
    description = (
        "Azimuth over time, left at the top. Broad pale bands with hollow shapes are the reference, thin lines with "
        "filled shapes the prediction; bars at the bottom count the mistakes of each tenth of a second. "
        "The table of events below has the same in words."
    )
    return svg(
        f"Reference and prediction of {name} over time", description, _WIDTH, bottom + 24, *parts,
        data_left=_LEFT, data_right=_RIGHT, data_seconds=f"{duration_s:g}",
    )  # fmt: skip


def legend(styles: dict[int, Style], classes: ClassList) -> Markup:
    """Return a list of the classes of one figure, each with its colour and shape."""
    items = []
    for class_index, (colour, marker) in styles.items():
        mark = element("path", d=marker_path(marker, 8.0, 8.0, 6.0), class_=f"c{colour} mark pred")
        picture = element("svg", mark, viewBox="0 0 16 16", width=16, height=16, aria_hidden="true")
        items.append(element("li", picture, classes[class_index]))
    return element("ul", *items, class_="legend", aria_label="classes in this clip")


def marker_path(marker: int, x: float, y: float, radius: float) -> str:
    """Return the SVG path of a marker around a point.

    >>> marker_path(1, 10.0, 10.0, 4.0)
    'M6.6 6.6L13.4 6.6L13.4 13.4L6.6 13.4Z'
    """
    points = [f"{x + radius * dx:.1f} {y + radius * dy:.1f}" for dx, dy in MARKERS[marker].corners]
    return f"M{'L'.join(points)}Z"


def _spectra(time: Scale, top: float, sound: ClipSound, picture: str) -> list[Markup]:
    """The image of both channels, as wide as the sound is long, with a scale for each."""
    end = time(min(sound.columns * sound.column_s, time.high))
    # The last column may reach beyond the end of the sound; it is cut there.
    parts = [
        element(
            "image", href=picture, x=_LEFT, y=top, width=end - _LEFT, height=2 * _SPECTRUM_HEIGHT,
            preserveAspectRatio="none",
        ),
        line(_LEFT, top + _SPECTRUM_HEIGHT, end, top + _SPECTRUM_HEIGHT, "split"),
    ]  # fmt: skip
    for row, side in enumerate(("left", "right")):
        pitch = Scale(0.0, 1.0, top + (row + 1) * _SPECTRUM_HEIGHT, top + row * _SPECTRUM_HEIGHT)
        parts.append(label(4, pitch(0.5), side, "start"))
        parts += [label(_LEFT - 8, pitch(band_of(1000.0 * khz)), f"{khz:g} k", "end", "tick") for khz in (0.5, 2, 8)]
    return parts


def _grid(time: Scale, azimuth: Scale, top: float, bottom: float, full_circle: bool) -> list[Markup]:
    """Lines at every eighth of a turn, of the full circle at every quarter, and at round seconds."""
    names = _NAMES_AROUND if full_circle else _NAMES_AHEAD
    parts = [line(time(at), top, time(at), bottom, "grid") for at in ticks(0.0, time.high, 11)]
    parts += [line(_LEFT, azimuth(at), _RIGHT, azimuth(at), "grid") for at, _ in names]
    return [*parts, *[label(_LEFT - 8, azimuth(at), words, "end", "tick") for at, words in names]]


def _layer(
    events: Events, styles: dict[int, Style], time: Scale, azimuth: Scale, layer: str, full_circle: bool
) -> list[Markup]:
    """The lines and markers of reference or prediction, a group for each class."""
    parts = []
    every = max(2, round(10 * time.high / (10 if layer == "ref" else 16)))
    coarse = math.ceil(10 * time.high / _MOST_STEPS)  # so many frames are one step
    for class_index in sorted(set(events.class_index.tolist())):
        rows = events[events.class_index == class_index]
        strokes = strokes_of(replace(rows, frame=rows.frame // coarse), full_circle)
        path = [
            f"M{time(coarse * start):.1f} {azimuth(at):.1f}H{time(min(coarse * end, time.high)):.1f}"
            for start, end, at in zip(strokes.start_s, strokes.end_s, strokes.azimuth_deg, strict=True)
        ]
        if layer == "pred":
            risers = risers_of(strokes).tolist()
            path += [f"M{time(coarse * at_s):.1f} {azimuth(a):.1f}V{azimuth(b):.1f}" for _, at_s, a, b in risers]
        colour, marker = styles[class_index]
        marked = marked_rows(rows, every)
        at_deg, radius = drawn_azimuths(marked, full_circle).tolist(), 5.0 if layer == "ref" else 4.0
        markers = [
            marker_path(marker, time(min(frame / 10 + 0.05, time.high)), azimuth(at), radius)
            for frame, at in zip(marked.frame.tolist(), at_deg, strict=True)
        ]
        parts.append(
            element(
                "g",
                element("path", d="".join(path), class_="line"),
                element("path", d="".join(markers), class_="mark"),
                class_=f"{layer} c{colour}",
            )
        )
    return parts


def _mistakes(by_frame: NDArray[np.int64], time: Scale, top: float) -> list[Markup]:
    """A bar for each run of frames with equally many mistakes."""
    frame, mistakes = by_frame
    first = np.flatnonzero((np.diff(frame, prepend=-2) != 1) | (np.diff(mistakes, prepend=-1) != 0))
    last = np.append(first[1:], len(frame))[: len(first)] - 1
    columns = (mistakes[first].tolist(), frame[first].tolist(), frame[last].tolist())
    runs = [(count, time(start / 10), time((end + 1) / 10)) for count, start, end in zip(*columns, strict=True)]
    bottom = top + _MISTAKES_HEIGHT
    most = max(_FEW_MISTAKES, int(mistakes.max(initial=0)))
    bars = "".join(
        f"M{x1:.1f} {bottom:.1f}V{bottom - _MISTAKES_HEIGHT * count / most:.1f}H{x2:.1f}V{bottom:.1f}Z"
        for count, x1, x2 in runs
    )
    return [
        label(_LEFT - 8, top + 4, str(most), "end", "tick"),
        label(_LEFT - 8, bottom - 6, "mistakes", "end", "tick"),
        line(_LEFT, bottom, _RIGHT, bottom, "axis"),
        element("path", d=bars, class_="mistakes"),
    ]
