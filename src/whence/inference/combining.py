"""How the values of several networks become one: joined, and smoothed over time."""

# B clip, L label frame (100 ms), N track, K class

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.errors import InferenceError
from whence.models.outputs import ACTIVITY, AZIMUTH, DISTANCE, Classwise, ClasswiseSettings, Coding, Tracks

Activity = Literal["detector", "mean"]


def joined_coding(detector: Coding, localizer: Coding) -> Coding:
    """Return what the joined values of two networks mean.

    Args:
        detector: coding of the network whose activity is taken.
        localizer: coding of the network whose positions are taken.

    Returns:
        the classwise coding with all elements, or that of the localizer's tracks.

    Raises:
        InferenceError: networks of these codings cannot be joined; the message says why.

    >>> from whence.models.outputs import TracksSettings, detection
    >>> joined_coding(Classwise(detection()), Tracks(TracksSettings(track_count=3))).settings.track_count
    3
    """
    if not (isinstance(detector, Classwise) and isinstance(localizer, Classwise | Tracks)):
        raise InferenceError("only networks of the classwise coding can be joined, the second also with tracks")
    if not detector.settings.activity:
        raise InferenceError("the detector predicts no activity; join it the other way round")
    if isinstance(localizer, Tracks):
        return localizer
    if not (detector.settings.azimuth or localizer.settings.azimuth):
        raise InferenceError("neither network predicts directions; one of the two must")
    return Classwise(ClasswiseSettings(detector.class_count))


def join(
    detected: NDArray[np.float32],
    located: NDArray[np.float32],
    activity: Activity = "detector",
    *,
    smoothing_frames: int = 1,
    tracks: Tracks | None = None,
) -> NDArray[np.float32]:
    """Take the activity of one network, and directions and distances of the other.

    What a classwise localizer does not predict (directions or distances) is the detector's own. So two networks of
    which one predicts activity and direction, the other activity and distance, are joined to a whole.

    Args:
        detected: classwise values (B, L, 3, K) of the detector.
        located: classwise values of the localizer, same shape; with `tracks`, theirs, (B, L, N, 3, K).
        activity: `detector`, or `mean` of both where the localizer predicts activity too.
        smoothing_frames: median over the activity of so many frames, see `smooth`.
        tracks: the coding of a localizer of tracks: of each class, the tracks that are present and always the likeliest
            one have the activity as their presence, the others 0; tracks closer than its `merge_deg` are merged.

    Returns:
        values of `joined_coding`, with the shape of `located`.

    Raises:
        InferenceError: the shapes differ, the detector has no activity, or neither network has directions.

    Source: T. Zhao et al. 2025, DCASE Task 3, Fig. 1; arXiv:2501.10755, the first of its three structures.
    """
    if detected.shape != (located.shape if tracks is None else (*located.shape[:2], *located.shape[3:])):
        raise InferenceError(f"detector {detected.shape} and localizer {located.shape} differ in frames or classes")
    own = located[:, :, ACTIVITY] if tracks is None else located[:, :, :, 0].max(axis=2)
    mixed = detected[:, :, ACTIVITY]
    if detected.size and np.isnan(mixed).all():
        raise InferenceError("the detector predicts no activity; join it the other way round")
    if activity == "mean":
        if own.size and np.isnan(own).all():
            raise InferenceError("the localizer predicts no activity; use that of the detector alone")
        mixed = ((mixed + own) / 2).astype(np.float32, copy=False)
    if smoothing_frames != 1:
        mixed = smooth(mixed, smoothing_frames)
    if tracks is not None:
        return tracks.with_activity(located, mixed)
    joined = located.copy()
    joined[:, :, ACTIVITY] = mixed
    for element in (AZIMUTH, DISTANCE):
        if np.isnan(located[:, :, element]).all():
            joined[:, :, element] = detected[:, :, element]
    if joined.size and np.isnan(joined[:, :, AZIMUTH]).all():
        raise InferenceError("neither the localizer nor the detector predicts directions; one of the two must")
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
