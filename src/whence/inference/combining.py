"""How the values of several networks become one: joined, and smoothed over time."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.errors import InferenceError
from whence.models.outputs import ACTIVITY, AZIMUTH

Activity = Literal["detector", "mean"]


def join(
    detected: NDArray[np.float32], located: NDArray[np.float32], activity: Activity = "detector"
) -> NDArray[np.float32]:
    """Take the activity of a detector and the directions and distances of a localizer.

    Args:
        detected: classwise values (clip, frame, 3, class) of the detector, of which only the activity is used.
        located: classwise values of the localizer, same shape.
        activity: `detector`, or `mean` of both where the localizer predicts activity too.

    Returns:
        (clip, frame, 3, class).

    Raises:
        InferenceError: the shapes differ, the detector has no activity or the localizer no directions.

    Source: T. Zhao et al. 2025, DCASE Task 3, Fig. 1.
    """
    if detected.shape != located.shape:
        raise InferenceError(f"detector {detected.shape} and localizer {located.shape} differ in frames or classes")
    own = located[:, :, ACTIVITY]
    if detected.size and np.isnan(detected[:, :, ACTIVITY]).all():
        raise InferenceError("the detector predicts no activity; join it the other way round")
    if located.size and np.isnan(located[:, :, AZIMUTH]).all():
        raise InferenceError("the localizer predicts no directions; join it the other way round")
    joined = located.copy()
    joined[:, :, ACTIVITY] = detected[:, :, ACTIVITY]
    if activity == "mean":
        if own.size and np.isnan(own).all():
            raise InferenceError("the localizer predicts no activity; use that of the detector alone")
        joined[:, :, ACTIVITY] = 0.5 * (detected[:, :, ACTIVITY] + own)
    return joined


def smooth(activity: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Take the median of each frame and its neighbours, which removes short gaps and short bursts.

    Args:
        activity: (clip, frame, class).
        frames: width of the median, odd; 1 changes nothing. The first and the last frame are repeated at the ends.

    Returns:
        (clip, frame, class).

    Raises:
        InferenceError: if `frames` is even or below 1.

    >>> smooth(np.array([0, 0, 1, 0, 0, 1, 1, 1], np.float32).reshape(1, -1, 1), 3).ravel()
    array([0., 0., 0., 0., 0., 1., 1., 1.], dtype=float32)
    """
    if frames < 1 or frames % 2 == 0:
        raise InferenceError(f"smoothing over {frames} frames; it must be an odd number from 1")
    if frames == 1 or activity.shape[1] == 0:
        return activity
    half = frames // 2
    padded = np.pad(activity, ((0, 0), (half, half), (0, 0)), mode="edge")
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, frames, axis=1)
    smoothed: NDArray[np.float32] = np.median(neighbours, axis=-1).astype(activity.dtype)
    return smoothed
