"""Joining and smoothing of values, each against an obvious twin."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from whence.errors import InferenceError
from whence.inference.combining import join, smooth

NAN = np.float32(np.nan)


def values(activity, azimuth=NAN, distance=NAN):
    """Classwise values of one clip, one frame, one class."""
    return np.array([activity, azimuth, distance], np.float32).reshape(1, 1, 3, 1)


def test_joined_values_have_the_activity_of_one_and_the_positions_of_the_other():
    joined = join(values(0.9), values(0.2, 30, 2))
    np.testing.assert_array_equal(joined, values(0.9, 30, 2))


def test_activity_can_be_the_mean_of_both():
    np.testing.assert_allclose(join(values(0.9), values(0.2, 30, 2), "mean"), values(0.55, 30, 2))


def test_joining_leaves_its_inputs_alone():
    located = values(0.2, 30, 2)
    join(values(0.9), located)
    np.testing.assert_array_equal(located, values(0.2, 30, 2))


@pytest.mark.parametrize(
    ("detected", "located", "activity", "sentence"),
    [
        (values(NAN, 3, 1), values(0.2, 30, 2), "detector", "the detector predicts no activity"),
        (values(0.9), values(0.2), "detector", "the localizer predicts no directions"),
        (values(0.9), values(NAN, 30, 2), "mean", "the localizer predicts no activity"),
        (values(0.9), np.zeros((1, 2, 3, 1), np.float32), "detector", "differ in frames or classes"),
    ],
)
def test_values_that_cannot_be_joined_are_refused(detected, located, activity, sentence):
    with pytest.raises(InferenceError, match=sentence):
        join(detected, located, activity)


@given(st.integers(0, 3), st.integers(1, 20), st.sampled_from([1, 3, 5]))
def test_smoothing_is_the_median_of_each_frame_and_its_neighbours(seed, frame_count, frames):
    activity = np.random.default_rng(seed).random((2, frame_count, 3)).astype(np.float32)
    expected = np.empty_like(activity)
    half = frames // 2
    for clip, frame, k in np.ndindex(activity.shape):
        near = [min(max(frame + offset, 0), frame_count - 1) for offset in range(-half, half + 1)]
        expected[clip, frame, k] = np.median(activity[clip, near, k])
    np.testing.assert_array_equal(smooth(activity, frames), expected)


@pytest.mark.parametrize("frames", [0, 2, -1])
def test_the_width_of_smoothing_is_odd(frames):
    with pytest.raises(InferenceError, match="odd number"):
        smooth(np.zeros((1, 5, 1), np.float32), frames)
