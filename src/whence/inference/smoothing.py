"""Short gaps and short bursts of activity are taken out by a median over time."""

import numpy as np
from numpy.typing import NDArray

from whence.errors import InferenceError


def smooth(activity: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Take the median of each frame and its neighbours.

    Args:
        activity: (clip, frame, class).
        frames: how many are looked at, odd; 1 changes nothing. The first and the last frame are repeated at the ends.

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
