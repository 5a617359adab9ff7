"""Events become dashes: each row of a table is a tenth of a second at its azimuth, neighbours joined."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, fold_to_front
from whence.units import FRAMES_PER_SECOND


class Dashes(NamedTuple):
    """Level strokes in a picture of azimuth over time."""

    class_index: NDArray[np.int32]
    """(dash,) the class."""
    start_s: NDArray[np.float64]
    """(dash,) seconds."""
    end_s: NDArray[np.float64]
    """(dash,) seconds."""
    azimuth_deg: NDArray[np.float64]
    """(dash,) whole degrees, folded to the front, positive to the left."""


def dashes_of(events: Events) -> Dashes:
    """Join neighbouring frames of one class at one whole degree into one dash.

    Nothing is drawn between frames that lie apart, so a dash never claims more than the table says.

    >>> table = Events.from_columns({"frame": [0, 1, 2, 9], "class_index": [8] * 4, "azimuth_deg": [30, 30, 32, 150]})
    >>> [(float(start), float(end), float(azimuth)) for _, start, end, azimuth in zip(*dashes_of(table))]
    [(0.0, 0.2, 30.0), (0.9, 1.0, 30.0), (0.2, 0.3, 32.0)]
    """
    azimuth_deg = np.rint(fold_to_front(events.azimuth_deg))
    order = np.lexsort((events.frame, azimuth_deg, events.class_index))
    frame, class_index, azimuth_deg = events.frame[order], events.class_index[order], azimuth_deg[order]
    first = np.ones(len(frame), dtype=bool)
    first[1:] = (np.diff(frame) > 1) | (np.diff(class_index) != 0) | (np.diff(azimuth_deg) != 0)
    starts = np.flatnonzero(first)
    last = np.append(starts[1:], len(frame))[: len(starts)] - 1
    return Dashes(
        class_index[starts],
        frame[starts] / FRAMES_PER_SECOND,
        (frame[last] + 1) / FRAMES_PER_SECOND,
        azimuth_deg[starts],
    )


def risers_of(dashes: Dashes, highest_deg: float = 15.0) -> NDArray[np.float64]:
    """Where a moving source steps from one dash to the next.

    Args:
        dashes: of one table.
        highest_deg: what lies further apart is another event, and is not joined.

    Returns:
        (riser, 4): class index, seconds, and the two azimuths in degrees.

    >>> table = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [30, 32]})
    >>> risers_of(dashes_of(table)).tolist()
    [[8.0, 0.1, 30.0, 32.0]]
    """
    begun: dict[tuple[int, float], list[float]] = {}
    for index, start_s, azimuth_deg in zip(
        dashes.class_index.tolist(), dashes.start_s, dashes.azimuth_deg, strict=True
    ):
        begun.setdefault((index, round(float(start_s), 3)), []).append(float(azimuth_deg))
    found = []
    for index, end_s, before_deg in zip(dashes.class_index.tolist(), dashes.end_s, dashes.azimuth_deg, strict=True):
        after = begun.get((index, round(float(end_s), 3)), [])
        near = min(after, key=lambda azimuth_deg: abs(azimuth_deg - before_deg), default=np.inf)
        if abs(near - before_deg) <= highest_deg:
            found.append((float(index), float(end_s), float(before_deg), near))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def marked_rows(events: Events, every_frames: int) -> Events:
    """The rows that carry a shape, by which classes are told apart without colour: each event's first and every n-th.

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
