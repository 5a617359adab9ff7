"""Joining, windows, smoothing and features in parts: each against an obvious twin."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from whole_windows import cut_windows, put_together, window_audio

from whence.errors import InferenceError
from whence.features import build_features, logmel_settings, midside_settings, yamnet_mel_settings
from whence.inference.joining import join
from whence.inference.member import features_of
from whence.inference.smoothing import smooth
from whence.inference.windows import frame_count_of
from whence.units import FRAME_SAMPLES

NAN = np.float32(np.nan)


def values(activity, azimuth=NAN, distance=NAN):
    """Classwise values of one clip, one frame, one class."""
    return np.array([activity, azimuth, distance], np.float32).reshape(1, 1, 3, 1)


def test_the_detector_says_what_and_the_localizer_where():
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
        (values(NAN, 3, 1), values(0.2, 30, 2), "detector", "the detector tells no activity"),
        (values(0.9), values(0.2), "detector", "the localizer tells no places"),
        (values(0.9), values(NAN, 30, 2), "mean", "the localizer tells no activity"),
        (values(0.9), np.zeros((1, 2, 3, 1), np.float32), "detector", "differ in frames or classes"),
    ],
)
def test_what_cannot_be_joined_is_said(detected, located, activity, sentence):
    with pytest.raises(InferenceError, match=sentence):
        join(detected, located, activity)


@given(st.integers(1, 400), st.sampled_from([(50, 25), (50, 50), (50, 1), (10, 7)]))
def test_windows_cover_every_frame_once_from_the_most_central_window(frame_count, sizes):
    window_frames, hop_frames = sizes
    windows = cut_windows(frame_count, window_frames, hop_frames)
    covered = [frame for window in windows for frame in range(*window.kept)]
    assert covered == list(range(frame_count))
    for window in windows:
        for frame in range(*window.kept):
            assert 0 <= frame - window.first_frame < window_frames
            distance = [abs(2 * (frame - other.first_frame) + 1 - window_frames) for other in windows]
            # Two windows may be equally central.
            assert abs(2 * (frame - window.first_frame) + 1 - window_frames) == min(distance)


@given(st.integers(1, 60 * FRAME_SAMPLES))
def test_frames_are_counted_as_soon_as_they_begin(sample_count):
    assert frame_count_of(sample_count) == int(np.ceil(sample_count / 2_400))


def test_windows_hold_the_samples_they_say_and_zeros_after_the_end():
    signal = np.arange(2 * 130_000, dtype=np.float32).reshape(2, -1) + 1
    windows = cut_windows(frame_count_of(130_000))
    parts = list(window_audio(signal, windows))
    assert {part.shape for part in parts} == {(2, 120_000)}
    for window, part in zip(windows, parts, strict=True):
        first = window.first_frame * FRAME_SAMPLES
        inside = min(130_000 - first, 120_000)
        np.testing.assert_array_equal(part[:, :inside], signal[:, first : first + inside])
        assert not part[:, inside:].any()


@given(st.integers(51, 200))
def test_what_is_cut_and_put_together_is_the_whole(frame_count):
    truth = np.random.default_rng(frame_count).normal(size=(frame_count, 3)).astype(np.float32)
    windows = cut_windows(frame_count)
    parts = [truth[window.first_frame : window.first_frame + 50] for window in windows]
    np.testing.assert_array_equal(put_together(parts, windows), truth)


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
def test_smoothing_over_an_even_number_has_no_middle(frames):
    with pytest.raises(InferenceError, match="odd number"):
        smooth(np.zeros((1, 5, 1), np.float32), frames)


@pytest.mark.parametrize("make", [logmel_settings, midside_settings, yamnet_mel_settings])
def test_features_a_few_clips_at_a_time_are_those_of_the_batch(make):
    front_end = build_features(make())
    audio = torch.randn(5, 2, 24_000, generator=torch.Generator().manual_seed(1))
    # A transform may round otherwise at another place in a batch.
    torch.testing.assert_close(features_of(front_end, audio), front_end(audio), rtol=0, atol=1e-3)
