"""Is a confidence of 0.8 right in 8 of 10? The scores of predictions against what became of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.errors import MetricError
from whence.labels import ClipEvents
from whence.metrics.pairing import Pairing
from whence.metrics.settings import ScoreSettings
from whence.metrics.tracks import rows_in_tracks
from whence.metrics.verdicts import RIGHT, verdicts


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions in equal steps of their score.

    Args:
        edges: (bin + 1,) from 0 to 1; a score on an edge stands in the bin above it, 1 in the last.
        predictions: (bin,) how many rows.
        mean_score: (bin,) their mean score, NaN where there are none.
        right_share: (bin,) which part of them was within all thresholds, NaN where there are none.
    """

    edges: NDArray[np.float64]
    predictions: NDArray[np.int64]
    mean_score: NDArray[np.float64]
    right_share: NDArray[np.float64]

    @property
    def error(self) -> float:
        """How far score and share lie apart, as a mean over all predictions (the expected calibration error)."""
        total = self.predictions.sum()
        apart = np.nansum(self.predictions * np.abs(self.mean_score - self.right_share))
        return float(apart / total) if total else float("nan")


def calibration(predictions: ClipEvents, pairing: Pairing, settings: ScoreSettings, bins: int = 10) -> Calibration:
    """Compare the scores of all predicted rows with how often they were right.

    Args:
        predictions: what was paired, of clips that have a reference, with scores in 0..1.
        pairing: of these predictions with their references.
        settings: the thresholds of a hit, and the number of classes.
        bins: how many steps.

    Returns:
        the steps; all frames count, as under the strict protocol.

    Raises:
        MetricError: a score lies outside of 0..1, or the predictions are not those of the pairing.

    >>> from whence.labels import Events
    >>> from whence.metrics.pairing import pair
    >>> rows = {"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 0], "score": [0.9, 0.7]}
    >>> clips = ClipEvents.from_mapping({"a": Events.from_columns(rows)})
    >>> steps = calibration(clips, pair(clips, clips, 13), ScoreSettings(), bins=2)
    >>> steps.predictions.tolist(), round(steps.error, 3)
    ([0, 2], 0.2)
    """
    score = _scores_in_order(predictions, pairing, settings.class_count)
    if ((score < 0) | (score > 1)).any():
        raise MetricError(f"a score is {score[(score < 0) | (score > 1)][0]:g}; confidences lie between 0 and 1")
    right = verdicts(pairing, settings).predictions == RIGHT
    edges = np.linspace(0.0, 1.0, bins + 1)
    step = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, bins - 1)
    count = np.bincount(step, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0: nothing to say about an empty step
        mean_score = np.bincount(step, score, minlength=bins) / count
        right_share = np.bincount(step, right, minlength=bins) / count
    return Calibration(edges, count.astype(np.int64), mean_score, right_share)


def _scores_in_order(predictions: ClipEvents, pairing: Pairing, class_count: int) -> NDArray[np.float64]:
    """(prediction row,) scores in the order of the pairing's rows, without those that found no track."""
    clip_of_name = {name: position for position, name in enumerate(pairing.clip_names)}
    if any(name not in clip_of_name for name in predictions.names):
        raise MetricError("the predictions are not those that were paired: a clip has no reference")
    events = predictions.events
    clip = np.array([clip_of_name[name] for name in predictions.names], dtype=np.int64)[predictions.clip_of_row()]
    rows = np.lexsort((events.class_index, events.frame, clip))
    place = np.stack([clip, events.frame, events.class_index])[:, rows]
    starts = np.flatnonzero((np.diff(place, axis=1) != 0).any(axis=0)) + 1
    first_row = np.concatenate([[0] if len(rows) else [], starts, [len(rows)]]).astype(np.int64)
    rows = rows[rows_in_tracks(events.source[rows], first_row)]
    if len(rows) != len(pairing.predictions.frame):
        raise MetricError("the predictions are not those that were paired: the numbers of rows differ")
    return events.score[rows]
