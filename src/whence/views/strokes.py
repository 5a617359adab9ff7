"""Events as strokes of a picture of azimuth over time: rows of 100 ms, neighbours of one class and azimuth joined."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, fold_to_front, wrap
from whence.units import FRAMES_PER_SECOND


def drawn_azimuths(events: Events, full_circle: bool) -> NDArray[np.float64]:
    """Return the azimuths of rows as they are drawn: folded to the front, or on the full circle of Ambisonics."""
    return wrap(events.azimuth_deg) if full_circle else fold_to_front(events.azimuth_deg)


class Strokes(NamedTuple):
    """Horizontal strokes in a picture of azimuth over time."""

    class_index: NDArray[np.int32]
    """(stroke,) the class."""
    start_s: NDArray[np.float64]
    """(stroke,) seconds."""
    end_s: NDArray[np.float64]
    """(stroke,) seconds."""
    azimuth_deg: NDArray[np.float64]
    """(stroke,) whole degrees, positive to the left."""


def strokes_of(events: Events, full_circle: bool = False) -> Strokes:
    """Join neighbouring frames of one class at one whole degree, folded unless on the full circle, into one stroke.

    Nothing is drawn between frames that lie apart, so a stroke never claims more than the table says.

    >>> table = Events.from_columns({"frame": [0, 1, 2, 9], "class_index": [8] * 4, "azimuth_deg": [30, 30, 32, 150]})
    >>> [(float(start), float(end), float(azimuth)) for _, start, end, azimuth in zip(*strokes_of(table))]
    [(0.0, 0.2, 30.0), (0.9, 1.0, 30.0), (0.2, 0.3, 32.0)]
    """
    azimuth_deg = np.rint(drawn_azimuths(events, full_circle))
    order = np.lexsort((events.frame, azimuth_deg, events.class_index))
    frame, class_index, azimuth_deg = events.frame[order], events.class_index[order], azimuth_deg[order]
    first = np.ones(len(frame), dtype=bool)
    first[1:] = (np.diff(frame) > 1) | (np.diff(class_index) != 0) | (np.diff(azimuth_deg) != 0)
    starts = np.flatnonzero(first)
    last = np.append(starts[1:], len(frame))[: len(starts)] - 1
    return Strokes(
        class_index[starts],
        frame[starts] / FRAMES_PER_SECOND,
        (frame[last] + 1) / FRAMES_PER_SECOND,
        azimuth_deg[starts],
    )


def risers_of(strokes: Strokes, highest_deg: float = 15.0) -> NDArray[np.float64]:
    """Return where a moving source steps from one stroke to the next.

    Args:
        strokes: of one table.
        highest_deg: larger steps belong to another event and are not joined.

    Returns:
        (riser, 4): class index, seconds, and the two azimuths in degrees.

    >>> table = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [30, 32]})
    >>> risers_of(strokes_of(table)).tolist()
    [[8.0, 0.1, 30.0, 32.0]]
    """
    begun: dict[tuple[int, float], list[float]] = {}
    for index, start_s, azimuth_deg in zip(
        strokes.class_index.tolist(), strokes.start_s, strokes.azimuth_deg, strict=True
    ):
        begun.setdefault((index, round(float(start_s), 3)), []).append(float(azimuth_deg))
    found = []
    for index, end_s, before_deg in zip(strokes.class_index.tolist(), strokes.end_s, strokes.azimuth_deg, strict=True):
        after = begun.get((index, round(float(end_s), 3)), [])
        near = min(after, key=lambda azimuth_deg: abs(azimuth_deg - before_deg), default=np.inf)
        if abs(near - before_deg) <= highest_deg:
            found.append((float(index), float(end_s), float(before_deg), near))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def marked_rows(events: Events, every_frames: int) -> Events:
    """Return the rows that carry a marker, which tells classes apart without colour: each event's first and every n-th.

    >>> table = Events.from_columns({"frame": [3, 4, 5, 6, 7], "class_index": [8] * 5, "azimuth_deg": [0] * 5})
    >>> marked_rows(table, 3).frame
    array([3, 6], dtype=int32)
    """
    rows = events[np.lexsort((events.frame, events.source, events.class_index))]
    first = np.ones(rows.row_count, dtype=bool)
    first[1:] = (np.diff(rows.frame) > 1) | (np.diff(rows.class_index) != 0) | (np.diff(rows.source) != 0)
    starts = np.flatnonzero(first)
    since_start = rows.frame - rows.frame[starts][np.cumsum(first) - 1] if rows else rows.frame
    return rows[since_start % every_frames == 0]
