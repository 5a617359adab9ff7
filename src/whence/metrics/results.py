"""Counts become the result of one protocol: scores with their intervals."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.metrics.counting import Counts
from whence.metrics.intervals import interval
from whence.metrics.scores import Scores, averaged
from whence.metrics.settings import IntervalSettings, Protocol, ScoreSettings
from whence.metrics.tables import number_or_none

# Beyond these no score can lie; the ends of intervals are cut to them.
_LIMITS = {"f20": (0.0, 1.0), "doae_deg": (0.0, 180.0), "rde": (0.0, np.inf)}


class Ends(NamedTuple):
    """The lower and upper end of an interval; NaN where the data cannot say."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class ProtocolResult:
    """The scores under one protocol and how sure they are.

    Args:
        scores: of all clips the protocol looks at.
        f20: interval of the F-score, cut to 0 .. 1.
        doae_deg: interval of the azimuth error, cut to 0 and more.
        rde: interval of the relative distance error, cut to 0 and more.
        recordings: over how many recordings (or clips, where names tell no recording) the intervals were drawn.
    """

    scores: Scores
    f20: Ends
    doae_deg: Ends
    rde: Ends
    recordings: int

    def as_json(self) -> dict[str, object]:
        """Scores and intervals; null where there is no number."""
        names = ("f20", "doae_deg", "rde", "distance_error_m")
        return {
            **{name: number_or_none(getattr(self.scores, name)) for name in names},
            "intervals": {name: [number_or_none(end) for end in getattr(self, name)] for name in names[:3]},
        }


def result_of(
    counts: Counts,
    unit: NDArray[np.int64],
    protocol: Protocol,
    settings: ScoreSettings,
    interval_settings: IntervalSettings,
) -> ProtocolResult:
    """Score the clips of one protocol and draw the intervals.

    Args:
        counts: of shape (clip, quantity, class), only clips the protocol looks at.
        unit: (clip,) which recording each was cut from.
        protocol: which rule holds for absent classes.
        settings: the average.
        interval_settings: how intervals are drawn.

    Returns:
        scores and intervals; an interval is NaN with fewer than two recordings.
    """
    known, position = np.unique(unit, return_inverse=True)
    by_recording = counts.grouped(position, len(known))

    def scores_of(some: Counts) -> NDArray[np.float64]:
        return np.stack(averaged(some, protocol, settings.average)[:3], axis=-1)

    drawn = interval(by_recording, scores_of, interval_settings)
    ends = {
        name: Ends(float(np.clip(low, *_LIMITS[name])), float(np.clip(high, *_LIMITS[name])))
        for name, low, high in zip(_LIMITS, drawn.low, drawn.high, strict=True)
    }
    return ProtocolResult(Scores.of(by_recording.total(), protocol, settings.average), recordings=len(known), **ends)
