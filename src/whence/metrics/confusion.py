"""Which class was said where another was true: misses met with false alarms of another class at the same place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.metrics.pairing import Pairing
from whence.metrics.settings import ScoreSettings
from whence.metrics.verdicts import ALONE, MISPLACED, RIGHT, verdicts

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """What was said where each class was true; counted over (frame, source) rows of all frames.

    Every reference row is counted in exactly one of four places, so a row of the table adds up to the references.

    Args:
        found: (class,) paired with a prediction of its own class within all thresholds.
        misplaced: (class,) paired with its own class, but beyond a threshold.
        said: (true class, said class) missed, while a prediction of another class that belongs to nothing else stood
            within the azimuth threshold; 0 on the diagonal.
        unheard: (class,) missed, and no such prediction near.
        invented: (class,) predictions without a reference of any class near: false alarms that are in no `said`.
    """

    found: NDArray[np.int64]
    misplaced: NDArray[np.int64]
    said: NDArray[np.int64]
    unheard: NDArray[np.int64]
    invented: NDArray[np.int64]

    @property
    def references(self) -> NDArray[np.int64]:
        """(class,) all reference rows."""
        total: NDArray[np.int64] = self.found + self.misplaced + self.said.sum(axis=1) + self.unheard
        return total


def confusion(pairing: Pairing, settings: ScoreSettings) -> Confusion:
    """Meet missed references with false alarms of another class in the same frame, the nearest in azimuth first.

    Only rows that have no partner of their own class take part, and each in one meeting at most: a prediction that is
    right is never blamed for what was missed beside it. Distance plays no part, since a wrong class is the mistake.

    Args:
        pairing: both sides of all clips and their pairs.
        settings: the azimuth threshold (inclusive) and the number of classes.

    Returns:
        the counts; ties in azimuth go to the rows that stand first.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> truth = Events.from_columns({"frame": [0], "class_index": [8], "azimuth_deg": [10]})
    >>> found = Events.from_columns({"frame": [0], "class_index": [9], "azimuth_deg": [25]})
    >>> both = pair(ClipEvents.from_mapping({"a": truth}), ClipEvents.from_mapping({"a": found}), 13)
    >>> confusion(both, ScoreSettings()).said[8, 9]
    np.int64(1)
    """
    judged, classes = verdicts(pairing, settings), settings.class_count
    truth, guess = pairing.references, pairing.predictions
    missed, alarm = np.flatnonzero(judged.references == ALONE), np.flatnonzero(judged.predictions == ALONE)
    missed_met, alarm_met = meetings(
        (truth.group[missed] // classes, truth.azimuth_deg[missed]),
        (guess.group[alarm] // classes, guess.azimuth_deg[alarm]),
        settings.azimuth_threshold_deg,
    )
    met = truth.class_index[missed[missed_met]] * classes + guess.class_index[alarm[alarm_met]]

    def counted(class_index: NDArray[np.int32]) -> NDArray[np.int64]:
        return np.bincount(class_index, minlength=classes).astype(np.int64)

    return Confusion(
        found=counted(truth.class_index[judged.references == RIGHT]),
        misplaced=counted(truth.class_index[judged.references == MISPLACED]),
        said=np.bincount(met, minlength=classes**2).reshape(classes, classes).astype(np.int64),
        unheard=counted(truth.class_index[np.delete(missed, missed_met)]),
        invented=counted(guess.class_index[np.delete(alarm, alarm_met)]),
    )


def meetings(
    references: tuple[Rows, NDArray[np.float64]],
    predictions: tuple[Rows, NDArray[np.float64]],
    azimuth_threshold_deg: float,
) -> tuple[Rows, Rows]:
    """Couples of rows of one frame, chosen one after the other by least azimuth difference, each row once.

    Args:
        references: (reference,) frame numbers, climbing, and azimuths in degrees.
        predictions: (prediction,) likewise.
        azimuth_threshold_deg: the largest difference, inclusive.

    Returns:
        two (couple,) arrays: rows of both sides.

    >>> reference, prediction = meetings((np.array([0, 0]), np.array([0., 9.])), (np.array([0]), np.array([7.])), 20)
    >>> reference.tolist(), prediction.tolist()
    ([1], [0])
    """
    (reference_frame, reference_deg), (prediction_frame, prediction_deg) = references, predictions
    # All couples of a frame: each reference beside every prediction from `first` on.
    first = np.searchsorted(prediction_frame, reference_frame, side="left")
    count = np.searchsorted(prediction_frame, reference_frame, side="right") - first
    reference = np.repeat(np.arange(len(reference_frame)), count)
    prediction = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    difference_deg = np.abs(reference_deg[reference] - prediction_deg[prediction])
    near = difference_deg <= azimuth_threshold_deg
    reference, prediction, difference_deg = reference[near], prediction[near], difference_deg[near]
    order = np.lexsort((prediction, reference, difference_deg))
    reference, prediction = reference[order], prediction[order]
    chosen: list[tuple[Rows, Rows]] = []
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
    if not chosen:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate([pair[0] for pair in chosen]), np.concatenate([pair[1] for pair in chosen])
