"""Normalizing: what is corrected, what is left alone, the same gain for both channels, and the pieces for it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.audio.normalizing import Normalizer, frame_samples, joined, regrouped, segment_samples, segmented
from whence.audio.sound import Sound, SoundInfo

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


def test_a_segment_that_needs_no_correction_is_not_copied():
    segment = noise(5_000)
    assert Normalizer(FRAME).apply(segment) is segment


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=6), st.integers(0, 100))
def test_the_gain_never_rises_and_is_the_same_for_both(levels, seed):
    normalizer = Normalizer(FRAME)
    gains = [1.0]
    for number, level in enumerate(levels):
        segment = noise(50, level, seed + number)  # too short for an offset
        found = normalizer.apply(segment)
        assert np.abs(found).max() <= 1
        assert found.dtype == np.float32
        settled = slice(FRAME if number else 0, None)
        assert np.allclose(found[:, settled], segment[:, settled] * normalizer.gain, atol=1e-6)
        gains.append(normalizer.gain)
    assert all(later <= earlier for earlier, later in itertools.pairwise(gains))
    assert normalizer.gain == pytest.approx(
        min(1, 1 / max(np.abs(noise(50, level, seed + n)).max() for n, level in enumerate(levels)))
    )


def test_a_later_peak_lowers_the_level_without_a_step():
    normalizer = Normalizer(FRAME)
    normalizer.apply(np.full((2, 50), 0.5, np.float32))
    quiet_then_loud = np.full((2, 50), 0.5, np.float32)
    quiet_then_loud[:, 30] = 4.0
    found = normalizer.apply(quiet_then_loud)
    assert found[0, 0] == 0.5
    assert found[0, 30] == 1.0
    assert found[0, -1] == 0.125
    assert np.abs(np.diff(found[0, :30])).max() < 0.5 / FRAME


def test_the_largest_numbers_do_not_overflow():
    largest = np.finfo(np.float32).max
    segment = np.array([[largest, -largest] * 100, [0.0, largest / 2] * 100], np.float32)
    normalizer = Normalizer(FRAME)
    normalizer.apply(noise(200))
    found = normalizer.apply(segment)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("offsets", [(0.5, 0.5), (0.3, 0.0), (-0.02, 0.05)])
def test_an_offset_is_measured_once_and_subtracted_from_every_segment(offsets):
    normalizer = Normalizer(FRAME)
    pedestal = np.float32(offsets)[:, None]
    first = noise(5_000)
    first -= first.mean(axis=1, keepdims=True)
    later = noise(700, seed=1)
    assert np.allclose(normalizer.apply(first + pedestal), first, atol=1e-6)
    assert np.allclose(normalizer.apply(later + pedestal), later, atol=1e-6)
    assert normalizer.offset == pytest.approx(offsets, abs=1e-6)


@pytest.mark.parametrize(
    "segment",
    [
        noise(5_000) + np.float32(0.0005),  # too small to matter
        noise(5_000, 0.5) + np.float32(0.01),  # small against the sound
        np.full((2, 99), 0.3, np.float32),  # too short to have one
    ],
)
def test_a_mean_that_is_no_offset_is_kept(segment):
    assert Normalizer(FRAME).apply(segment) is segment


def test_swapping_channels_before_or_after_is_the_same():
    one, other = Normalizer(FRAME), Normalizer(FRAME)
    for seed in range(4):
        segment = noise(500, 0.5 + seed, seed) + np.float32([[0.4], [0.0]])
        assert np.array_equal(one.apply(segment)[::-1], other.apply(segment[::-1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 50))
def test_regrouping_keeps_every_sample_in_place(lengths, size):
    signal = np.arange(2 * sum(lengths), dtype=np.float32).reshape(2, -1)
    ends = np.cumsum([0, *lengths])
    pieces = [signal[:, start:end] for start, end in itertools.pairwise(ends)]
    found = list(regrouped(iter(pieces), size))
    assert [piece.shape[1] for piece in found[:-1]] == [size] * (len(found) - 1)
    assert all(0 < piece.shape[1] <= size for piece in found)
    assert np.array_equal(np.concatenate([signal[:, :0], *found], axis=1), signal)


def test_regrouping_gives_a_piece_as_soon_as_it_is_full():
    asked = []

    def source():
        for number in range(5):
            asked.append(number)
            yield np.full((1, 10), number, np.float32)

    next(regrouped(source(), 15))
    assert asked == [0, 1]


def test_a_piece_alone_is_not_copied():
    piece = np.zeros((2, 3), np.float32)
    assert joined([piece]) is piece


def test_a_decoder_may_reuse_its_buffer():
    def blocks():
        buffer = np.empty((30_000, 2), np.float32)
        for number in range(20):
            buffer[:] = number
            yield buffer

    sound = Sound("a", SoundInfo(24_000, 2, None, "test"), blocks, lambda: None)
    whole = np.concatenate(list(segmented(sound, lambda block: block.T)), axis=1)
    assert np.array_equal(whole, np.arange(20, dtype=np.float32).repeat(30_000)[None].repeat(2, axis=0))


def test_segments_are_ten_seconds():
    sound = Sound(
        "a",
        SoundInfo(8_000, 2, None, "test"),
        lambda: iter([np.ones((200_000, 2), np.float32)]),
        lambda: None,
        integers=True,
    )
    assert [segment.shape for segment in segmented(sound, lambda block: block.T)] == [
        (2, 80_000),
        (2, 80_000),
        (2, 40_000),
    ]


LONG_FRAME = 400  # steps of 20 samples


@pytest.mark.parametrize("lengths", [(1,), (20,), (60, 15)])
@pytest.mark.parametrize("hot", [4.5, 100.0, 1e30])
def test_hot_moments_change_nothing_that_is_not_near_them(lengths, hot):
    normalizer = Normalizer(LONG_FRAME)
    segment = noise(8_000)
    spoiled = segment.copy()
    near = np.zeros(8_000, bool)
    for at, length in zip((3_000, 5_000), lengths, strict=False):
        spoiled[:, at : at + length] = hot * np.array([[1.0], [-0.5]])
        near[at - 40 : at + length + 40] = True
    found = normalizer.apply(spoiled)
    assert np.array_equal(found[:, ~near], segment[:, ~near])
    assert np.abs(found).max() == 1
    assert np.allclose(found[1, 3_000 : 3_000 + lengths[0]], -0.5)  # the direction of a moment stays, too
    assert normalizer.gain == 1
    later = noise(8_000, seed=1)
    assert normalizer.apply(later) is later


def test_a_hot_moment_at_the_edge_of_a_segment_is_within_full_scale():
    for at in (0, 7_999):
        normalizer = Normalizer(LONG_FRAME)
        normalizer.apply(noise(8_000))
        spoiled = noise(8_000)
        spoiled[0, at] = 100
        found = normalizer.apply(spoiled)
        assert np.abs(found).max() == 1
        assert normalizer.gain == 1


def test_moments_over_a_hot_recording_are_lowered_further():
    normalizer = Normalizer(LONG_FRAME)
    segment = noise(8_000, 5.0)
    segment[0, 100] = 5.0
    spoiled = segment.copy()
    spoiled[0, 3_000] = 500
    found = normalizer.apply(spoiled)
    assert normalizer.gain == pytest.approx(0.2)
    assert np.allclose(found[:, 3_100:], segment[:, 3_100:] / 5, atol=1e-6)
    assert found[0, 3_000] == 1


def test_what_lasts_is_no_moment():
    normalizer = Normalizer(LONG_FRAME)
    segment = noise(8_000)
    segment[:, 2_000:2_400] = np.tile([8.0, -8.0], 200)  # one step in twenty
    normalizer.apply(segment)
    assert normalizer.gain == pytest.approx(1 / 8)
