"""The tally: against a twin that looks at every sample, and the same whatever pieces the sound comes in."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.audio.sound import FULL_SCALE
from whence.audio.tally import Tally

RATE_HZ, FRAME = 100, 10


def slow_report(signal, clip_level=FULL_SCALE):
    """Every figure of a report, counted sample by sample."""
    clean = [[float(x) if math.isfinite(x) else 0.0 for x in channel] for channel in signal]
    count = signal.shape[1]
    sounding = identical = 0
    for start in range(0, count, FRAME):
        frame = [channel[start : start + FRAME] for channel in clean]
        loudest = max(abs(x) for channel in frame for x in channel)
        if loudest == 0:
            continue
        sounding += len(frame[0])
        if all(abs(x - y) <= 1e-4 * loudest for x, y in zip(*frame, strict=True)):
            identical += len(frame[0])
    wrong = [[n for n, x in enumerate(channel) if not math.isfinite(x)] for channel in signal]
    return {
        "sample_count": count,
        "peak": tuple(max((abs(x) for x in channel), default=0.0) for channel in clean),
        "dc_offset": tuple(sum(channel) / max(count, 1) for channel in clean),
        "clipped_fraction": sum(clip_level <= abs(x) <= 1 + 1e-6 for channel in clean for x in channel)
        / max(2 * count, 1),
        "sounding_s": sounding / RATE_HZ,
        "identical_s": identical / RATE_HZ,
        "not_numbers": tuple(map(len, wrong)),
        "first_not_number_s": tuple(places[0] / RATE_HZ if places else None for places in wrong),
    }


def signals():
    """Short signals with every fault in them."""

    def build(seed, count, faults):
        generator = np.random.default_rng(seed)
        signal = generator.uniform(-0.7, 0.7, (2, count)).astype(np.float32)
        stretch = slice(*sorted(generator.integers(0, count + 1, 2)))
        if "identical" in faults:
            signal[1, stretch] = signal[0, stretch]
        if "silent" in faults:
            signal[:, stretch] = 0
        if "clipped" in faults:
            signal[0, stretch] = np.sign(signal[0, stretch])
        if "not numbers" in faults and count:
            signal[1, generator.integers(0, count, 3)] = [np.nan, np.inf, -np.inf]
        if "hot" in faults:
            signal[:, stretch] *= 40
        return signal

    faults = st.sets(st.sampled_from(["identical", "silent", "clipped", "not numbers", "hot"]))
    return st.builds(build, st.integers(0, 9999), st.integers(0, 95), faults)


@settings(max_examples=80, deadline=None)
@given(signals(), st.lists(st.integers(1, 5), max_size=5))
def test_equals_the_slow_twin_in_any_pieces(signal, pieces):
    tally = Tally(2, RATE_HZ, FRAME)
    start = 0
    for frames in pieces:
        end = start + frames * FRAME
        if end >= signal.shape[1]:
            break
        tally.add(signal[:, start:end])
        start = end
    tally.add(signal[:, start:])
    report = tally.report()
    for name, expected in slow_report(signal).items():
        found = getattr(report, name)
        if name in ("peak", "dc_offset", "clipped_fraction"):
            assert found == pytest.approx(expected, abs=1e-6), name
        else:
            assert found == expected, name


def test_adding_leaves_the_samples_alone():
    signal = np.array([[0.5, np.nan], [0.25, 1.0]], np.float32)
    Tally(2, RATE_HZ, FRAME).add(signal)
    assert np.array_equal(signal, np.array([[0.5, np.nan], [0.25, 1.0]], np.float32), equal_nan=True)


@pytest.mark.parametrize(("difference", "same"), [(0.0, True), (0.00004, True), (-0.00004, True), (0.0002, False)])
def test_channels_that_differ_by_less_than_80_db_are_the_same(difference, same):
    left = np.random.default_rng(0).uniform(-1, 1, 100).astype(np.float32)
    left[::FRAME] = 0.9  # each frame is loud
    tally = Tally(2, RATE_HZ, FRAME)
    tally.add(np.stack([left, left + np.float32(difference)]))
    assert tally.report().identical_s == (1.0 if same else 0.0)


def test_a_hot_recording_is_not_a_clipped_one():
    signal = np.linspace(-30, 30, 60_000, dtype=np.float32)[None].repeat(2, axis=0)
    tally = Tally(2, RATE_HZ, FRAME)
    tally.add(signal)
    assert tally.report().clipped_fraction < 1e-4


def test_full_scale_of_eight_bits_counts_as_clipped():
    signal = np.full((2, 100), 127 / 128, np.float32)
    tally = Tally(2, RATE_HZ, FRAME, clip_level=1 - 1 / 128)
    tally.add(signal)
    assert tally.report().clipped_fraction == 1


def test_one_channel_has_no_twin():
    tally = Tally(1, RATE_HZ, FRAME)
    tally.add(np.ones((1, 50), np.float32))
    assert tally.report().identical_s == 0
