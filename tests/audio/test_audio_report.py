"""Reports: each sentence, when it is said and when not."""

import dataclasses
import math

import numpy as np
import pytest

from whence.audio import SignalReport, SoundInfo

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


def test_a_good_sound_is_passed_in_silence():
    assert GOOD.warnings("a.wav") == []
    assert GOOD.notes() == []


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


def test_without_a_name_the_sentences_still_stand():
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
def test_what_is_no_fault_is_not_named(changes):
    assert but(**changes).warnings("a.wav") == []


def test_offsets_are_a_note():
    assert but(dc_offset=(0.5, 0.0)).notes() == ["constant offset: +0.500 left"]
    assert but(dc_offset=(0.5, -0.25)).notes() == ["constant offset: +0.500 left, -0.250 right"]


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


def test_a_report_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.sample_count = 3


def test_the_duration_of_a_header_that_does_not_say():
    assert math.isnan(SoundInfo(24_000, 2, None, "FLAC").duration_s)
    assert SoundInfo(24_000, 2, 12_000, "FLAC").duration_s == 0.5
    assert np.isfinite(SoundInfo(24_000, 2, 0, "WAV").duration_s)
