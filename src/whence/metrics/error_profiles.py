"""Pairs become error profiles: outcomes of rows, confusions of classes, errors by position, calibration of scores.

All of them count every frame, as the strict protocol does.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.errors import MetricError
from whence.labels import ClipEvents
from whence.metrics.counting import is_misplaced
from whence.metrics.pairing import Pairing, Rows, apart_deg, rows_in_tracks
from whence.metrics.settings import ScoreSettings

# An unpaired reference is a miss, an unpaired prediction a false alarm.
HIT, MISPLACED, UNPAIRED = 0, 1, 2

Along = Literal["azimuth", "distance"]
AZIMUTH_STEP_DEG = 20.0
DISTANCE_STEP_M = 0.5
# Beyond this everything is one step: few sounds of a room are further away.
FARTHEST_M = 5.0


class Outcomes(NamedTuple):
    """HIT, MISPLACED (paired beyond a threshold) or UNPAIRED for each row of both sides."""

    references: NDArray[np.int8]
    predictions: NDArray[np.int8]


def outcomes(pairing: Pairing, settings: ScoreSettings) -> Outcomes:
    """Return what became of every reference and every prediction.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> truth = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 0]})
    >>> found = Events.from_columns({"frame": [0, 0], "class_index": [8, 3], "azimuth_deg": [50, 0]})
    >>> both = pair(ClipEvents.from_mapping({"a": truth}), ClipEvents.from_mapping({"a": found}), 13)
    >>> [side.tolist() for side in outcomes(both, ScoreSettings())]
    [[1, 2], [2, 1]]
    """
    reference = np.full(len(pairing.references.frame), UNPAIRED, dtype=np.int8)
    prediction = np.full(len(pairing.predictions.frame), UNPAIRED, dtype=np.int8)
    paired = np.where(is_misplaced(pairing, settings), MISPLACED, HIT).astype(np.int8)
    reference[pairing.reference_row] = paired
    prediction[pairing.prediction_row] = paired
    return Outcomes(reference, prediction)


@dataclass(frozen=True, eq=False)
class Confusion:
    """Which class was predicted where another was true, counted over (frame, source) rows.

    Every reference row is counted in exactly one of the first four, so they add up to the references.

    Args:
        hits: (class,) paired with a prediction of their class within all thresholds.
        misplaced: (class,) paired with a prediction of their class beyond a threshold.
        confused: (true class, predicted class) missed, while an unpaired prediction of another class was within the
            azimuth threshold; 0 on the diagonal.
        missed: (class,) missed, and no such prediction near.
        false_alarms: (class,) unpaired predictions that are in no confusion.
    """

    hits: Rows
    misplaced: Rows
    confused: Rows
    missed: Rows
    false_alarms: Rows

    @property
    def references(self) -> Rows:
        """(class,) all reference rows."""
        total: Rows = self.hits + self.misplaced + self.confused.sum(axis=1) + self.missed
        return total


def confusion(pairing: Pairing, settings: ScoreSettings) -> Confusion:
    """Match missed references with false alarms of another class in the same frame, the nearest in azimuth first.

    Only rows without a partner of their own class take part, and each is matched at most once: a prediction that is
    right is never blamed for what was missed beside it. Distance plays no part, since a wrong class is the mistake.

    Args:
        pairing: both sides of all clips and their pairs.
        settings: the azimuth threshold (inclusive) and the number of classes.

    Returns:
        the counts; of equal azimuth differences the first rows are matched.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> truth = Events.from_columns({"frame": [0], "class_index": [8], "azimuth_deg": [10]})
    >>> found = Events.from_columns({"frame": [0], "class_index": [9], "azimuth_deg": [25]})
    >>> both = pair(ClipEvents.from_mapping({"a": truth}), ClipEvents.from_mapping({"a": found}), 13)
    >>> confusion(both, ScoreSettings()).confused[8, 9]
    np.int64(1)
    """
    outcome, classes = outcomes(pairing, settings), settings.class_count
    truth, guess = pairing.references, pairing.predictions
    missed, alarm = np.flatnonzero(outcome.references == UNPAIRED), np.flatnonzero(outcome.predictions == UNPAIRED)
    confused_missed, confused_alarm = nearest_matches(
        (truth.group[missed] // classes, truth.azimuth_deg[missed]),
        (guess.group[alarm] // classes, guess.azimuth_deg[alarm]),
        settings.azimuth_threshold_deg,
    )
    confused = truth.class_index[missed[confused_missed]] * classes + guess.class_index[alarm[confused_alarm]]

    def counted(class_index: NDArray[np.int32]) -> Rows:
        return np.bincount(class_index, minlength=classes).astype(np.int64)

    return Confusion(
        hits=counted(truth.class_index[outcome.references == HIT]),
        misplaced=counted(truth.class_index[outcome.references == MISPLACED]),
        confused=np.bincount(confused, minlength=classes**2).reshape(classes, classes).astype(np.int64),
        missed=counted(truth.class_index[np.delete(missed, confused_missed)]),
        false_alarms=counted(guess.class_index[np.delete(alarm, confused_alarm)]),
    )


def nearest_matches(
    references: tuple[Rows, NDArray[np.float64]],
    predictions: tuple[Rows, NDArray[np.float64]],
    azimuth_threshold_deg: float,
) -> tuple[Rows, Rows]:
    """Match rows of one frame, one couple after the other by least azimuth difference, each row once.

    Args:
        references: (reference,) frame numbers, climbing, and azimuths in degrees.
        predictions: (prediction,) likewise.
        azimuth_threshold_deg: the largest difference, inclusive.

    Returns:
        two (couple,) arrays: rows of both sides.

    >>> ahead = (np.array([0, 0]), np.array([0., 9.]))
    >>> reference, prediction = nearest_matches(ahead, (np.array([0]), np.array([7.])), 20)
    >>> reference.tolist(), prediction.tolist()
    ([1], [0])
    """
    (reference_frame, reference_deg), (prediction_frame, prediction_deg) = references, predictions
    # All couples of a frame: each reference beside every prediction from `first` on.
    first = np.searchsorted(prediction_frame, reference_frame, side="left")
    count = np.searchsorted(prediction_frame, reference_frame, side="right") - first
    reference = np.repeat(np.arange(len(reference_frame)), count)
    prediction = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    difference_deg = apart_deg(reference_deg[reference], prediction_deg[prediction])
    near = difference_deg <= azimuth_threshold_deg
    reference, prediction, difference_deg = reference[near], prediction[near], difference_deg[near]
    order = np.lexsort((prediction, reference, difference_deg))
    reference, prediction = reference[order], prediction[order]
    chosen: list[tuple[Rows, Rows]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    # A couple that is the best left for both its rows is what choosing one by one would take; a few rounds take all.
    while len(reference):
        best_of_reference = np.zeros(len(reference), dtype=bool)
        best_of_reference[np.unique(reference, return_index=True)[1]] = True
        best_of_both = np.zeros(len(reference), dtype=bool)
        best_of_both[np.unique(prediction, return_index=True)[1]] = True
        best_of_both &= best_of_reference
        chosen.append((reference[best_of_both], prediction[best_of_both]))
        left = ~np.isin(reference, chosen[-1][0]) & ~np.isin(prediction, chosen[-1][1])
        reference, prediction = reference[left], prediction[left]
    return np.concatenate([couple[0] for couple in chosen]), np.concatenate([couple[1] for couple in chosen])


class Profile(NamedTuple):
    """Errors of pairs in equal steps of the true position; only steps that hold a pair are listed."""

    start: NDArray[np.float64]
    """(step,) lower edge, degrees or metres."""
    end: NDArray[np.float64]
    """(step,) upper edge; infinite for the last of distance."""
    pairs: Rows
    """(step,) how many pairs."""
    quartiles: NDArray[np.float64]
    """(step, 3) lower quartile, median, upper quartile of the signed error: degrees to the left, or metres too far."""


def profile(pairing: Pairing, along: Along) -> Profile:
    """Return quartiles of the signed errors of all pairs by where the reference is.

    Signed errors show what an average of sizes hides: a system that pulls everything to the middle errs to the right on
    the left side and to the left on the right side.

    Args:
        pairing: both sides of all clips and their pairs.
        along: "azimuth" (error in degrees, positive to the left) or "distance" (metres, positive where predicted too
            far; pairs with an unknown distance are left out).

    Returns:
        the steps from right to left, or from near to far.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> truth = ClipEvents.from_mapping({"a": Events.from_columns(
    ...     {"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [50, 55]})})
    >>> found = ClipEvents.from_mapping({"a": truth["a"].rotated(-6)})
    >>> profile(pair(truth, found, 13), "azimuth")
    Profile(start=array([50.]), end=array([70.]), pairs=array([2]), quartiles=array([[-6., -6., -6.]]))
    """
    column = "azimuth_deg" if along == "azimuth" else "distance_m"
    true = getattr(pairing.references, column)[pairing.reference_row]
    error = getattr(pairing.predictions, column)[pairing.prediction_row] - true
    known = np.isfinite(error)
    true, error = true[known], error[known]
    if along == "azimuth":  # straight ahead is in the middle of a step, and both ends are steps of the same width
        error = error - 360.0 * (error > 180.0) + 360.0 * (error < -180.0)
        edges = np.arange(-90.0, 91.0, AZIMUTH_STEP_DEG)
        if np.abs(true).max(initial=0.0) > 90.0:  # the full circle: straight behind is in the middle of a step, too
            edges = np.arange(-170.0, 191.0, AZIMUTH_STEP_DEG)
            true = np.where(true < -170.0, true + 360.0, true)
    else:
        edges = np.append(np.arange(0.0, FARTHEST_M + DISTANCE_STEP_M / 2, DISTANCE_STEP_M), np.inf)
    step = np.clip(np.searchsorted(edges, true, side="right") - 1, 0, len(edges) - 2)
    present = np.unique(step)
    quartiles = [np.quantile(error[step == one], (0.25, 0.5, 0.75)) for one in present]
    return Profile(
        edges[present],
        edges[present + 1],
        np.bincount(step, minlength=len(edges) - 1)[present].astype(np.int64),
        np.array(quartiles).reshape(-1, 3),
    )


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions in equal steps of their score: is a confidence of 0.8 right in 8 of 10?

    Args:
        edges: (bin + 1,) from 0 to 1; a score on an edge counts in the bin above it, 1 in the last.
        predictions: (bin,) how many rows.
        mean_score: (bin,) their mean score, NaN where there are none.
        precision: (bin,) which part of them are hits, NaN where there are none.
    """

    edges: NDArray[np.float64]
    predictions: Rows
    mean_score: NDArray[np.float64]
    precision: NDArray[np.float64]

    @property
    def error(self) -> float:
        """The expected calibration error: mean difference of score and precision over all predictions."""
        total = self.predictions.sum()
        differences = np.nansum(self.predictions * np.abs(self.mean_score - self.precision))
        return float(differences / total) if total else float("nan")


def calibration(predictions: ClipEvents, pairing: Pairing, settings: ScoreSettings, bins: int = 10) -> Calibration:
    """Compare the scores of all predicted rows with how often they are hits.

    Args:
        predictions: what was paired, of clips that have a reference, with scores in 0..1.
        pairing: of these predictions with their references.
        settings: the thresholds of a hit, and the number of classes.
        bins: how many steps.

    Raises:
        MetricError: a score is outside of 0..1, or the predictions are not those of the pairing.

    >>> from whence.labels import Events
    >>> from whence.metrics.pairing import pair
    >>> rows = {"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 0], "score": [0.9, 0.7]}
    >>> clips = ClipEvents.from_mapping({"a": Events.from_columns(rows)})
    >>> steps = calibration(clips, pair(clips, clips, 13), ScoreSettings(), bins=2)
    >>> steps.predictions.tolist(), round(steps.error, 3)
    ([0, 2], 0.2)
    """
    score = _scores_in_order(predictions, pairing)
    if ((score < 0) | (score > 1)).any():
        raise MetricError(f"a score is {score[(score < 0) | (score > 1)][0]:g}; confidences lie between 0 and 1")
    hit = outcomes(pairing, settings).predictions == HIT
    edges = np.linspace(0.0, 1.0, bins + 1)
    step = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, bins - 1)
    count = np.bincount(step, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 in an empty step
        mean_score = np.bincount(step, score, minlength=bins) / count
        precision = np.bincount(step, hit, minlength=bins) / count
    return Calibration(edges, count.astype(np.int64), mean_score, precision)


def _scores_in_order(predictions: ClipEvents, pairing: Pairing) -> NDArray[np.float64]:
    """(prediction row,) scores in the order of the pairing's rows, without those that found no track."""
    clip_of_name = {name: position for position, name in enumerate(pairing.clip_names)}
    if any(name not in clip_of_name for name in predictions.names):
        raise MetricError("the predictions are not those that were paired: a clip has no reference")
    events = predictions.events
    clip = np.array([clip_of_name[name] for name in predictions.names], dtype=np.int64)[predictions.clip_of_row()]
    rows = np.lexsort((events.class_index, events.frame, clip))
    group = np.stack([clip, events.frame, events.class_index])[:, rows]
    starts = np.flatnonzero((np.diff(group, axis=1) != 0).any(axis=0)) + 1
    first_row = np.concatenate([[0] if len(rows) else [], starts, [len(rows)]]).astype(np.int64)
    rows = rows[rows_in_tracks(events.source[rows], first_row)]
    if len(rows) != len(pairing.predictions.frame):
        raise MetricError("the predictions are not those that were paired: the numbers of rows differ")
    return events.score[rows]
