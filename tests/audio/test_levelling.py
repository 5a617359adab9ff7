"""Levelling: what is corrected, what is left alone, and that both channels always get the same gain."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.audio.levelling import Levelling, frame_samples, segment_samples
from whence.audio.sound import SoundInfo

FRAME = 10


def noise(count, level=0.1, seed=0):
    return np.random.default_rng(seed).uniform(-level, level, (2, count)).astype(np.float32)


def info(rate_hz):
    return SoundInfo(rate_hz, 2, None, "test")


@pytest.mark.parametrize(
    ("rate_hz", "frame", "segment"),
    [(24_000, 2_400, 240_000), (44_100, 4_410, 441_000), (11_025, 1_102, 110_200), (1_000, 100, 10_000)],
)
def test_segments_are_ten_seconds_of_whole_frames(rate_hz, frame, segment):
    assert frame_samples(info(rate_hz)) == frame
    assert segment_samples(info(rate_hz)) == segment


def test_segments_at_extreme_rates_are_bounded_and_whole():
    assert segment_samples(info(1_000_000)) == 2_000_000
    assert segment_samples(info(192_000)) == 1_920_000
    assert segment_samples(info(333_333)) % frame_samples(info(333_333)) == 0


def test_what_needs_nothing_is_not_copied():
    segment = noise(5_000)
    assert Levelling(FRAME).apply(segment) is segment


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=6), st.integers(0, 100))
def test_the_gain_never_rises_and_is_the_same_for_both(levels, seed):
    levelling = Levelling(FRAME)
    gains = [1.0]
    for number, level in enumerate(levels):
        segment = noise(50, level, seed + number)  # too short for an offset
        heard = levelling.apply(segment)
        assert np.abs(heard).max() <= 1
        assert heard.dtype == np.float32
        settled = slice(FRAME if number else 0, None)
        assert np.allclose(heard[:, settled], segment[:, settled] * levelling.gain, atol=1e-6)
        gains.append(levelling.gain)
    assert all(later <= earlier for earlier, later in itertools.pairwise(gains))
    assert levelling.gain == pytest.approx(
        min(1, 1 / max(np.abs(noise(50, level, seed + n)).max() for n, level in enumerate(levels)))
    )


def test_a_later_peak_turns_the_level_down_without_a_step():
    levelling = Levelling(FRAME)
    levelling.apply(np.full((2, 50), 0.5, np.float32))
    quiet_then_loud = np.full((2, 50), 0.5, np.float32)
    quiet_then_loud[:, 30] = 4.0
    heard = levelling.apply(quiet_then_loud)
    assert heard[0, 0] == 0.5
    assert heard[0, 30] == 1.0
    assert heard[0, -1] == 0.125
    assert np.abs(np.diff(heard[0, :30])).max() < 0.5 / FRAME


def test_the_largest_numbers_do_not_overflow():
    largest = np.finfo(np.float32).max
    segment = np.array([[largest, -largest] * 100, [0.0, largest / 2] * 100], np.float32)
    levelling = Levelling(FRAME)
    levelling.apply(noise(200))
    heard = levelling.apply(segment)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1


@pytest.mark.parametrize("offsets", [(0.5, 0.5), (0.3, 0.0), (-0.02, 0.05)])
def test_an_offset_is_measured_once_and_taken_from_every_segment(offsets):
    levelling = Levelling(FRAME)
    pedestal = np.float32(offsets)[:, None]
    first = noise(5_000)
    first -= first.mean(axis=1, keepdims=True)
    later = noise(700, seed=1)
    assert np.allclose(levelling.apply(first + pedestal), first, atol=1e-6)
    assert np.allclose(levelling.apply(later + pedestal), later, atol=1e-6)
    assert levelling.offset == pytest.approx(offsets, abs=1e-6)


@pytest.mark.parametrize(
    "segment",
    [
        noise(5_000) + np.float32(0.0005),  # too small to matter
        noise(5_000, 0.5) + np.float32(0.01),  # small against the sound
        np.full((2, 99), 0.3, np.float32),  # too short to have one
    ],
)
def test_what_is_no_offset_stays(segment):
    assert Levelling(FRAME).apply(segment) is segment


def test_swapping_channels_before_or_after_is_the_same():
    one, other = Levelling(FRAME), Levelling(FRAME)
    for seed in range(4):
        segment = noise(500, 0.5 + seed, seed) + np.float32([[0.4], [0.0]])
        assert np.array_equal(one.apply(segment)[::-1], other.apply(segment[::-1]))
