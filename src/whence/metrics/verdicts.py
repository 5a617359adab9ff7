"""What became of every row: a reference found, misplaced or missed; a prediction right, misplaced or a false alarm."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.metrics.counting import misplaced
from whence.metrics.pairing import Pairing
from whence.metrics.settings import ScoreSettings

# Worst last. ALONE is a miss for a reference and a false alarm for a prediction.
RIGHT, MISPLACED, ALONE = 0, 1, 2


class Verdicts(NamedTuple):
    """One verdict for each row of both sides, of every frame, as the strict protocol counts."""

    references: NDArray[np.int8]
    """(reference row,) RIGHT found in its place, MISPLACED found beyond a threshold, ALONE missed."""
    predictions: NDArray[np.int8]
    """(prediction row,) RIGHT, MISPLACED, or ALONE for a false alarm."""


def verdicts(pairing: Pairing, settings: ScoreSettings) -> Verdicts:
    """Judge every row by its pair.

    Args:
        pairing: both sides of all clips and their pairs.
        settings: the thresholds of a hit.

    Returns:
        the verdicts, in the order of the rows of both sides.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> truth = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 0]})
    >>> found = Events.from_columns({"frame": [0, 0], "class_index": [8, 3], "azimuth_deg": [50, 0]})
    >>> both = pair(ClipEvents.from_mapping({"a": truth}), ClipEvents.from_mapping({"a": found}), 13)
    >>> [side.tolist() for side in verdicts(both, ScoreSettings())]
    [[1, 2], [2, 1]]
    """
    reference = np.full(len(pairing.references.frame), ALONE, dtype=np.int8)
    prediction = np.full(len(pairing.predictions.frame), ALONE, dtype=np.int8)
    judged = np.where(misplaced(pairing, settings), MISPLACED, RIGHT).astype(np.int8)
    reference[pairing.reference_row] = judged
    prediction[pairing.prediction_row] = judged
    return Verdicts(reference, prediction)
