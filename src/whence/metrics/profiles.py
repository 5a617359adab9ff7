"""How errors grow with the true place: quartiles of the error in equal steps of azimuth or distance."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.metrics.pairing import Pairing

Along = Literal["azimuth", "distance"]

AZIMUTH_STEP_DEG = 20.0
DISTANCE_STEP_M = 0.5
# Beyond this everything is one step: few sounds of a room are further away.
FARTHEST_M = 5.0


class Profile(NamedTuple):
    """Errors of pairs in equal steps of the true place; only steps that hold a pair are listed."""

    start: NDArray[np.float64]
    """(step,) lower edge, degrees or metres."""
    end: NDArray[np.float64]
    """(step,) upper edge; infinite for the last of distance."""
    pairs: NDArray[np.int64]
    """(step,) how many pairs."""
    quartiles: NDArray[np.float64]
    """(step, 3) lower quartile, median, upper quartile of the signed error: degrees to the left, or metres too far."""


def profile(pairing: Pairing, along: Along) -> Profile:
    """Gather the signed errors of all pairs by where the reference truly is.

    Signed errors show what an average of sizes hides: a system that pulls everything to the middle errs to the right on
    the left side and to the left on the right side.

    Args:
        pairing: both sides of all clips and their pairs; all frames count.
        along: "azimuth" (error in degrees, positive to the left) or "distance" (metres, positive where said too far;
            pairs with an unknown distance are left out).

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
    truth, guess = pairing.references, pairing.predictions
    column = "azimuth_deg" if along == "azimuth" else "distance_m"
    true, said = getattr(truth, column)[pairing.reference_row], getattr(guess, column)[pairing.prediction_row]
    error = said - true
    known = np.isfinite(error)
    true, error = true[known], error[known]
    if along == "azimuth":  # straight ahead lies in the middle of a step, and both ends are steps of the same width
        edges = np.arange(-90.0, 91.0, AZIMUTH_STEP_DEG)
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
