"""What was found in one sound: rows of events, its picture, what is doubtful about it; and all that as JSON."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.labels import ClassList, Events


@dataclass(frozen=True, eq=False)
class Findings:
    """All that a page shows of one sound; the sound itself is gone by then.

    Args:
        name: what the visitor calls the sound.
        duration_s: seconds.
        events: rows down to a low score, so that the page moves its threshold without asking again.
        picture: (column, 2, band) of `Spectrogram`.
        warnings: sentences about the sound.
    """

    name: str
    duration_s: float
    events: Events
    picture: NDArray[np.uint8]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything but the picture."""
        return {
            "name": self.name,
            "duration_s": self.duration_s,
            "warnings": list(self.warnings),
            "rows": rows_as_json(self.events),
        }

    def chosen(self, thresholds: NDArray[np.float64], hidden: Sequence[int] = ()) -> Events:
        """The rows that the page shows: at least as sure as their class's threshold, without the hidden classes.

        Args:
            thresholds: (class,) scores.
            hidden: classes left out.
        """
        events = self.events
        sure = rounded_scores(events) >= thresholds[events.class_index]
        return events[sure & ~np.isin(events.class_index, hidden)]


def rounded_scores(events: Events) -> NDArray[np.float64]:
    """(row,) scores as the page gets them, so that both sides keep the same rows."""
    return np.round(events.score, 3)


def rows_as_json(events: Events) -> dict[str, list[Any]]:
    """The table by columns; a distance that is not known is null.

    >>> rows_as_json(Events.from_columns({"frame": [3], "class_index": [8], "azimuth_deg": [37.53]}))
    {'frame': [3], 'class': [8], 'source': [0], 'azimuth_deg': [37.5], 'distance_m': [None], 'score': [1.0]}
    """
    distances = np.round(events.distance_m, 2).tolist()
    return {
        "frame": events.frame.tolist(),
        "class": events.class_index.tolist(),
        "source": events.source.tolist(),
        "azimuth_deg": np.round(events.azimuth_deg, 1).tolist(),
        "distance_m": [None if math.isnan(distance_m) else distance_m for distance_m in distances],
        "score": rounded_scores(events).tolist(),
    }


def single_thresholds(score: float, classes: ClassList) -> NDArray[np.float64]:
    """(class,) the same threshold for every class."""
    return np.full(len(classes), score)
