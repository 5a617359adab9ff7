"""Angles on the horizontal plane: degrees, 0 in front, positive to the left."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import LabelError


def wrap(azimuth_deg: ArrayLike) -> NDArray[np.float64]:
    """Wrap angles to one turn.

    Nothing is rounded: an angle that already lies in the turn comes back bit for bit, so wrapping
    a prediction never moves it across a threshold.

    Args:
        azimuth_deg: any shape, degrees, any number of turns.

    Returns:
        same shape, degrees in [-180, 180).

    Raises:
        LabelError: if a value is NaN or infinite (the message names the first).

    >>> wrap([190.0, -180.0, 180.0, 725.0])
    array([-170., -180., -180.,    5.])
    """
    angles = np.asarray(azimuth_deg, dtype=np.float64)
    finite = np.isfinite(angles)
    if not finite.all():
        raise LabelError(f"azimuth {angles[~finite].flat[0]} is not an angle")
    # fmod and both corrections are exact in floating point; (a + 180) % 360 - 180 is not.
    within = np.fmod(angles, 360.0)
    return np.asarray(within - 360.0 * (within >= 180.0) + 360.0 * (within < -180.0))


def fold_to_front(azimuth_deg: ArrayLike) -> NDArray[np.float64]:
    """Mirror rear azimuths to the front, as a stereo pair records them.

    Two microphones cannot tell front from back, so 150 and 30 degrees are one
    direction here. The side (left or right) and the angle off it are kept.

    Args:
        azimuth_deg: any shape, degrees, positive to the left, any number of turns.

    Returns:
        same shape, degrees in [-90, 90].

    Raises:
        LabelError: if a value is NaN or infinite (the message names the first).

    Source: DCASE 2025 Task 3 label conversion, arXiv:2507.12042.

    >>> fold_to_front([0.0, 150.0, -150.0, 90.0, 370.0])
    array([  0.,  30., -30.,  90.,  10.])
    """
    angles = wrap(azimuth_deg)
    return np.where(angles > 90.0, 180.0 - angles, np.where(angles < -90.0, -180.0 - angles, angles))
