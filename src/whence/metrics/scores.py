"""Counts become the four scores: F20, azimuth error, relative distance error, distance error in metres."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from whence.metrics.counting import Counts
from whence.metrics.pairing import CM_PER_M, EPS
from whence.metrics.settings import Average, Protocol


class ScoreArrays(NamedTuple):
    """The four scores of many sets of clips at once; see `Scores` for what each means."""

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
        together = averaged(counts, protocol, average)
        return cls(
            f20=float(together.f20),
            doae_deg=float(together.doae_deg),
            rde=float(together.rde),
            distance_error_m=float(together.distance_error_m),
            by_class=by_class(counts),
            references=counts.references.astype(np.int64),
            predictions=counts.predictions.astype(np.int64),
        )


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


def _mean_error(summed: NDArray[np.float64], pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error per pair, NaN where there are none."""
    return np.where(pairs > 0, summed / (pairs + EPS), np.nan)


def _mean_where(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the last axis of the chosen values, NaN where none is chosen."""
    count = chosen.sum(axis=-1)
    total = np.where(chosen, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
