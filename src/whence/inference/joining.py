"""Two networks become one system: the detector says what and when, the localizer where."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.errors import InferenceError
from whence.models.outputs import ACTIVITY, AZIMUTH

Activity = Literal["detector", "mean"]


def join(
    detected: NDArray[np.float32], located: NDArray[np.float32], activity: Activity = "detector"
) -> NDArray[np.float32]:
    """Take the activity of one network and the places of another.

    Args:
        detected: classwise values (clip, frame, 3, class) of the detector; only its activity is looked at.
        located: classwise values of the localizer, same shape.
        activity: `detector`, or `mean` of both where the localizer tells activity too.

    Returns:
        (clip, frame, 3, class).

    Raises:
        InferenceError: the shapes differ, the detector has no activity or the localizer no places.

    Source: T. Zhao et al. 2025, DCASE Task 3, Fig. 1.
    """
    if detected.shape != located.shape:
        raise InferenceError(f"detector {detected.shape} and localizer {located.shape} differ in frames or classes")
    own = located[:, :, ACTIVITY]
    if detected.size and np.isnan(detected[:, :, ACTIVITY]).all():
        raise InferenceError("the detector tells no activity; join it the other way round")
    if located.size and np.isnan(located[:, :, AZIMUTH]).all():
        raise InferenceError("the localizer tells no places; join it the other way round")
    joined = located.copy()
    joined[:, :, ACTIVITY] = detected[:, :, ACTIVITY]
    if activity == "mean":
        if own.size and np.isnan(own).all():
            raise InferenceError("the localizer tells no activity; use that of the detector alone")
        joined[:, :, ACTIVITY] = 0.5 * (detected[:, :, ACTIVITY] + own)
    return joined
