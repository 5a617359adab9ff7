"""Counts become scores with intervals: F20, azimuth error, relative distance error, distance error in metres."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from whence.metrics.counting import Counts
from whence.metrics.intervals import interval
from whence.metrics.pairing import CM_PER_M, EPS
from whence.metrics.settings import Average, IntervalSettings, Protocol, ScoreSettings

# No score is beyond these; the ends of intervals are cut to them.
_LIMITS = {"f20": (0.0, 1.0), "doae_deg": (0.0, 180.0), "rde": (0.0, np.inf)}


class ScoreArrays(NamedTuple):
    """The four scores of many sets of clips at once; `Scores` explains them."""

    f20: NDArray[np.float64]
    doae_deg: NDArray[np.float64]
    rde: NDArray[np.float64]
    distance_error_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    """How good a system is under one protocol.

    Args:
        f20: F-score in which only a well placed detection is a hit, 0 to 1 (called F20 for the default 20 degrees).
        doae_deg: mean azimuth error of all pairs, degrees; NaN where nothing was paired.
        rde: mean distance error of all pairs as a part of the true distance; NaN likewise.
        distance_error_m: mean distance error of all pairs, metres; NaN likewise.
        by_class: the same four for every class, each of shape (class,).
        references: (class,) how many reference instances were scored.
        predictions: (class,) how many predicted instances were scored.
    """

    f20: float
    doae_deg: float
    rde: float
    distance_error_m: float
    by_class: ScoreArrays
    references: NDArray[np.int64]
    predictions: NDArray[np.int64]

    @property
    def absent_classes(self) -> tuple[int, ...]:
        """Classes in neither references nor predictions: "official" counts them 0, "strict" leaves them out."""
        return tuple(np.flatnonzero(self.references + self.predictions == 0).tolist())

    @classmethod
    def of(cls, counts: Counts, protocol: Protocol, average: Average) -> Self:
        """The scores of total counts of shape (quantity, class)."""
        f20, doae_deg, rde, distance_error_m = (float(score) for score in averaged(counts, protocol, average))
        references, predictions = counts.references.astype(np.int64), counts.predictions.astype(np.int64)
        return cls(f20, doae_deg, rde, distance_error_m, by_class(counts), references, predictions)


def by_class(counts: Counts) -> ScoreArrays:
    """Score each class on its own.

    F = hits / (hits + misplaced + (false alarms + misses) / 2); an absent class has F 0. The errors are means over
    all pairs, hits or not, and NaN where a class has none.

    Args:
        counts: of shape (..., quantity, class).

    Returns:
        four arrays of shape (..., class).

    Source: DCASE 2025 Task 3 baseline, metrics.py, compute_seld_scores; Mesaros et al., "Joint measurement of
        localization and detection of sound events", WASPAA 2019.

    >>> values = np.zeros((8, 1))
    >>> values[:6, 0] = (4, 3, 2, 1, 2, 30)  # 4 references, 3 predictions, 2 pairs, 1 of them misplaced, 30 degrees
    >>> scores = by_class(Counts(values))
    >>> round(float(scores.f20[0]), 6), float(scores.doae_deg[0])
    (0.285714, 15.0)
    """
    return ScoreArrays(
        f20=counts.hits / (EPS + counts.hits + counts.misplaced + 0.5 * (counts.false_alarms + counts.misses)),
        doae_deg=_mean_error(counts.azimuth_error_deg, counts.pairs),
        rde=_mean_error(counts.relative_distance_error, counts.located_pairs),
        distance_error_m=_mean_error(counts.distance_error_cm, counts.located_pairs) / CM_PER_M,
    )


def averaged(counts: Counts, protocol: Protocol, average: Average) -> ScoreArrays:
    """Score all classes together.

    "macro" is the plain mean over classes; "micro" pools the counts of all classes first. In the F-score of the
    official macro mean a class that is in neither references nor predictions counts 0; "strict" leaves it out.
    The error means skip classes without pairs in both protocols.

    Args:
        counts: of shape (..., quantity, class).
        protocol: which rule holds for absent classes.
        average: "macro" or "micro".

    Returns:
        four arrays of shape (...); F is 0 and the errors NaN where nothing was detected, and F is NaN too under
        "strict" where there is neither reference nor prediction.

    Source: DCASE 2025 Task 3 baseline, metrics.py, compute_seld_scores.

    >>> averaged(Counts(np.zeros((8, 13))), "official", "macro").f20
    array(0.)
    """
    present = counts.references + counts.predictions > 0
    if average == "micro":
        pooled = by_class(Counts(counts.values.sum(axis=-1, keepdims=True)))
        f20, *errors = (score[..., 0] for score in pooled)
        if protocol == "strict":
            f20 = np.where(present.any(axis=-1), f20, np.nan)
        return ScoreArrays(f20, *errors)
    scores = by_class(counts)
    f20 = scores.f20.mean(axis=-1) if protocol == "official" else _mean_where(scores.f20, present)
    return ScoreArrays(np.asarray(f20), *(_mean_where(error, np.isfinite(error)) for error in scores[1:]))


def main_scores(counts: Counts, protocol: Protocol, average: Average) -> NDArray[np.float64]:
    """(..., 3): F-score, azimuth error and relative distance error of all classes together."""
    return np.stack(averaged(counts, protocol, average)[:3], axis=-1)


def _mean_error(summed: NDArray[np.float64], pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error per pair, NaN where there are none."""
    return np.where(pairs > 0, summed / (pairs + EPS), np.nan)


def _mean_where(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the last axis of the chosen values, NaN where none is chosen."""
    count = chosen.sum(axis=-1)
    total = np.where(chosen, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class Ends(NamedTuple):
    """The lower and upper end of an interval; NaN where the data cannot say."""

    low: float
    high: float


class Intervals(NamedTuple):
    """The intervals of three scores: F20 cut to 0 .. 1, the errors to 0 and more."""

    f20: Ends
    doae_deg: Ends
    rde: Ends


@dataclass(frozen=True, eq=False)
class ProtocolResult:
    """The scores under one protocol and how sure they are: `f20` is a value, `interval.f20` its interval.

    Args:
        scores: of all clips the protocol looks at.
        interval: of F20, azimuth error and relative distance error.
        recordings: the number of recordings (or clips, where names tell no recording) behind the intervals.
    """

    scores: Scores
    interval: Intervals
    recordings: int

    @property
    def f20(self) -> float:
        """The F-score, 0 to 1."""
        return self.scores.f20

    @property
    def doae_deg(self) -> float:
        """The mean azimuth error, degrees; NaN where nothing was paired."""
        return self.scores.doae_deg

    @property
    def rde(self) -> float:
        """The mean relative distance error; NaN likewise."""
        return self.scores.rde

    @property
    def distance_error_m(self) -> float:
        """The mean distance error, metres; NaN likewise."""
        return self.scores.distance_error_m

    def as_json(self) -> dict[str, object]:
        """Scores and intervals; null where there is no number."""
        names = ("f20", "doae_deg", "rde", "distance_error_m")
        return {
            **{name: number_or_none(getattr(self.scores, name)) for name in names},
            "intervals": {name: [number_or_none(end) for end in getattr(self.interval, name)] for name in names[:3]},
        }


def result_of(
    counts: Counts,
    recording_of_clip: NDArray[np.int64],
    protocol: Protocol,
    settings: ScoreSettings,
    interval_settings: IntervalSettings,
) -> ProtocolResult:
    """Score the clips of one protocol and draw the intervals.

    Args:
        counts: of shape (clip, quantity, class), only clips the protocol looks at.
        recording_of_clip: (clip,) number of the recording that each was cut from.
        protocol: which rule holds for absent classes.
        settings: the average.
        interval_settings: how intervals are drawn.
    """
    known, position = np.unique(recording_of_clip, return_inverse=True)
    by_recording = counts.grouped(position, len(known))
    drawn = interval(by_recording, lambda some: main_scores(some, protocol, settings.average), interval_settings)
    ends = {
        name: Ends(float(np.clip(low, *_LIMITS[name])), float(np.clip(high, *_LIMITS[name])))
        for name, low, high in zip(_LIMITS, drawn.low, drawn.high, strict=True)
    }
    scores = Scores.of(by_recording.total(), protocol, settings.average)
    return ProtocolResult(scores, Intervals(**ends), recordings=len(known))


def number_or_none(value: float) -> float | None:
    """Return the number, or None (null in JSON) for NaN and infinity."""
    return float(value) if np.isfinite(value) else None
