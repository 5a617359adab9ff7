"""Reports: each sentence, and the counts against a twin that looks at every sample."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.audio import SignalReport, SoundInfo
from whence.audio.report import SampleCounts
from whence.audio.sound import FULL_SCALE

GOOD = SignalReport(
    sample_rate_hz=24_000,
    sample_count=31 * 24_000,
    peak=(0.5, 0.4),
    dc_offset=(0.0, 0.0),
    clipped_fraction=0.0,
    sounding_s=31.0,
    identical_s=0.0,
    not_numbers=(0, 0),
    first_not_number_s=(None, None),
    promised_s=31.0,
)


def but(**changes):
    return dataclasses.replace(GOOD, **changes)


def test_a_good_sound_has_no_warnings():
    assert GOOD.warnings("a.wav") == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sample_count": 0, "promised_s": 0.0}, "a.wav holds no sound"),
        ({"promised_s": 62.0}, "a.wav is cut short: 31.0 of 62.0 s"),
        ({"promised_s": None, "damage": "bad block"}, "a.wav is read only up to 31.0 s (bad block)"),
        (
            {"sample_rate_hz": 8_000, "sample_count": 248_000},
            "a.wav at 8 kHz holds nothing above 4 kHz; expect worse",
        ),
        (
            {"sample_rate_hz": 11_025, "sample_count": 31 * 11_025},
            "a.wav at 11.025 kHz holds nothing above 5.5125 kHz; expect worse",
        ),
        (
            {"not_numbers": (0, 12), "first_not_number_s": (None, 3.2)},
            "a.wav: 12 samples are not numbers, first at 3.20 s (right)",
        ),
        (
            {"not_numbers": (1, 0), "first_not_number_s": (0.0, None)},
            "a.wav: 1 sample is not a number, first at 0.00 s (left)",
        ),
        (
            {"identical_s": 31.0},
            "a.wav: left and right are identical in 31 of 31 s: this looks like mono copied twice; "
            "every azimuth will be 0",
        ),
        (
            {"identical_s": 9.54},
            "a.wav: left and right are identical in 9.5 of 31 s: this looks like mono copied twice; "
            "azimuths there will be 0",
        ),
        ({"peak": (0.5, 0.0)}, "a.wav: right channel is silent"),
        ({"peak": (0.00001, 0.5)}, "a.wav: left channel is silent"),
        ({"clipped_fraction": 0.031}, "a.wav: 3.1 % of samples are clipped"),
        ({"peak": (0.5, 30.0)}, "a.wav: peak 30.0, scaled"),
    ],
)
def test_each_fault_has_one_sentence(changes, sentence):
    assert but(**changes).warnings("a.wav") == [sentence]


def test_without_a_name_the_sentences_are_complete():
    report = but(promised_s=62.0, peak=(0.5, 0.0))
    assert report.warnings() == ["the signal is cut short: 31.0 of 62.0 s", "right channel is silent"]


@pytest.mark.parametrize(
    "changes",
    [
        {"peak": (0.0, 0.0), "sounding_s": 0.0},  # silence is a result, not a fault
        {"promised_s": 31.05},
        {"promised_s": None},
        {"identical_s": 2.0},
        {"peak": (0.5, 0.0001)},
        {"clipped_fraction": 0.0005},
        {"peak": (1.3, 1.2)},
    ],
)
def test_what_is_no_fault_has_no_sentence(changes):
    assert but(**changes).warnings("a.wav") == []


def test_figures_that_follow():
    assert GOOD.duration_s == 31.0
    assert but(promised_s=40.0).missing_s == 9.0
    assert GOOD.missing_s == 0.0
    assert but(peak=(0.0, 0.0)).silent
    assert not but(peak=(0.0, 0.0), not_numbers=(1, 0), first_not_number_s=(0.0, None)).silent
    assert but(peak=(0.0, 0.0)).dead_channel is None
    assert but(peak=(0.5,)).dead_channel is None


def test_a_third_channel_goes_by_its_number():
    report = but(peak=(0.1, 0.1, 0.1), not_numbers=(0, 0, 2), first_not_number_s=(None, None, 1.0))
    assert report.not_numbers_sentence() == "2 samples are not numbers, first at 1.00 s (channel 3)"


def test_the_duration_of_a_header_that_does_not_say():
    assert math.isnan(SoundInfo(24_000, 2, None, "FLAC").duration_s)
    assert SoundInfo(24_000, 2, 12_000, "FLAC").duration_s == 0.5
    assert np.isfinite(SoundInfo(24_000, 2, 0, "WAV").duration_s)


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
        "first_not_number_s": tuple(samples[0] / RATE_HZ if samples else None for samples in wrong),
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
    counts = SampleCounts(2, RATE_HZ, FRAME)
    start = 0
    for frames in pieces:
        end = start + frames * FRAME
        if end >= signal.shape[1]:
            break
        counts.add(signal[:, start:end])
        start = end
    counts.add(signal[:, start:])
    report = counts.report()
    for name, expected in slow_report(signal).items():
        found = getattr(report, name)
        if name in ("peak", "dc_offset", "clipped_fraction"):
            assert found == pytest.approx(expected, abs=1e-6), name
        else:
            assert found == expected, name


def test_adding_leaves_the_samples_alone():
    signal = np.array([[0.5, np.nan], [0.25, 1.0]], np.float32)
    SampleCounts(2, RATE_HZ, FRAME).add(signal)
    assert np.array_equal(signal, np.array([[0.5, np.nan], [0.25, 1.0]], np.float32), equal_nan=True)


@pytest.mark.parametrize(("difference", "same"), [(0.0, True), (0.00004, True), (-0.00004, True), (0.0002, False)])
def test_channels_that_differ_by_less_than_80_db_are_the_same(difference, same):
    left = np.random.default_rng(0).uniform(-1, 1, 100).astype(np.float32)
    left[::FRAME] = 0.9  # each frame is loud
    counts = SampleCounts(2, RATE_HZ, FRAME)
    counts.add(np.stack([left, left + np.float32(difference)]))
    assert counts.report().identical_s == (1.0 if same else 0.0)


def test_a_float_recording_beyond_full_scale_is_not_clipped():
    signal = np.linspace(-30, 30, 60_000, dtype=np.float32)[None].repeat(2, axis=0)
    counts = SampleCounts(2, RATE_HZ, FRAME)
    counts.add(signal)
    assert counts.report().clipped_fraction < 1e-4


def test_one_channel_is_never_identical_to_another():
    counts = SampleCounts(1, RATE_HZ, FRAME)
    counts.add(np.ones((1, 50), np.float32))
    assert counts.report().identical_s == 0
