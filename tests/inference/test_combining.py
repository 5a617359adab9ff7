"""Joining and smoothing of values, each against an obvious twin."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from whence.errors import InferenceError
from whence.inference.combining import join, joined_coding, smooth
from whence.models.outputs import AccdoaSettings, ClasswiseSettings, build_output, detection, localization
from whence.models.outputs.tracks import Tracks, TracksSettings

NAN = np.float32(np.nan)


def values(activity, azimuth=NAN, distance=NAN):
    """Classwise values of one clip, one frame, one class."""
    return np.array([activity, azimuth, distance], np.float32).reshape(1, 1, 3, 1)


def test_joined_values_have_the_activity_of_one_and_the_positions_of_the_other():
    joined = join(values(0.9), values(0.2, 30, 2))
    np.testing.assert_array_equal(joined, values(0.9, 30, 2))


def test_activity_can_be_the_mean_of_both():
    np.testing.assert_allclose(join(values(0.9), values(0.2, 30, 2), "mean"), values(0.55, 30, 2))


def test_what_a_localizer_does_not_predict_is_the_detectors_own():
    pair = join(values(0.8, 30), values(0.4, NAN, 2), "mean")
    np.testing.assert_allclose(pair, values(0.6, 30, 2))


def test_activity_is_smoothed_after_it_was_mixed():
    activity = np.array([0, 0, 0.8, 0, 0], np.float32)
    detected = np.full((1, 5, 3, 1), np.nan, np.float32)
    detected[0, :, 0, 0] = activity
    located = np.stack([activity, activity, activity], axis=1)[None, :, :, None]
    for located_by, tracks in ((located, None), (located[:, :, None], Tracks(TracksSettings(1, 1)))):
        joined = join(detected, located_by, "mean", smoothing_frames=3, tracks=tracks)
        assert joined.reshape(5, 3)[:, 0].tolist() == [0] * 5


def test_a_detector_lets_the_likeliest_track_through_and_every_present_one():
    coding = Tracks(TracksSettings(2, 2))
    located = np.zeros((1, 2, 2, 3, 2), np.float32)
    located[0, :, :, 1] = np.array([[-30.0], [30.0]])[None]
    located[0, 0, :, 0, 0] = 0.2, 0.3  # none is sure: the second is likelier
    located[0, 1, :, 0, 0] = 0.9, 0.8  # both are there
    located[0, :, :, 0, 1] = 0.9  # the detector finds this class silent
    detected = np.full((1, 2, 3, 2), np.nan, np.float32)
    detected[0, :, 0] = [[0.7, 0.1], [0.6, 0.2]]
    clip, events = coding.rows(join(detected, located, tracks=coding))
    assert clip.tolist() == [0, 0, 0]
    assert events.frame.tolist() == [0, 1, 1]
    assert events.azimuth_deg.tolist() == [30.0, -30.0, 30.0]
    assert events.score.tolist() == pytest.approx([0.7, 0.6, 0.6])


@pytest.mark.parametrize(
    ("detector", "localizer", "sentence"),
    [
        (AccdoaSettings(), localization(), "only networks of the classwise coding can be joined"),
        (detection(), AccdoaSettings(), "the second also with tracks"),
        (localization(), detection(), "the detector predicts no activity"),
        (detection(), ClasswiseSettings(azimuth=False), "neither network predicts directions"),
    ],
)
def test_codings_that_cannot_be_joined_are_refused(detector, localizer, sentence):
    with pytest.raises(InferenceError, match=sentence):
        joined_coding(build_output(detector), build_output(localizer))


def test_joining_leaves_its_inputs_alone():
    located = values(0.2, 30, 2)
    join(values(0.9), located)
    np.testing.assert_array_equal(located, values(0.2, 30, 2))


@pytest.mark.parametrize(
    ("detected", "located", "activity", "sentence"),
    [
        (values(NAN, 3, 1), values(0.2, 30, 2), "detector", "the detector predicts no activity"),
        (values(0.9), values(0.2), "detector", "neither the localizer nor the detector predicts directions"),
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
