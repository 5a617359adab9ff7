"""Checking: the sound as it was recorded, from a signal or a file, without a correction and without an error."""

import logging

import numpy as np
import pytest
import soundfile as sf

from whence.audio import check
from whence.errors import AudioError


def noise(seconds=1.0, rate_hz=24_000, channel_count=2):
    signal = np.random.default_rng(0).uniform(-0.5, 0.5, (channel_count, round(seconds * rate_hz)))
    return signal.astype(np.float32)


def test_a_signal_and_its_file_get_the_same_report(tmp_path):
    signal = noise(23.0)
    signal[:, 5_000] = 4.0
    signal[0, 7_000:7_004] = np.nan
    signal[1, 60_000:90_000] = signal[0, 60_000:90_000]
    signal += np.float32(0.1)
    sf.write(tmp_path / "a.wav", signal.T, 24_000, subtype="FLOAT")
    assert check(signal) == check(tmp_path / "a.wav")


def test_nothing_is_corrected_or_refused(caplog):
    caplog.set_level(logging.DEBUG)
    signal = noise() * 20 + np.float32(0.5)
    signal[1, 240] = np.inf
    report = check(signal)
    assert report.peak == pytest.approx((10.5, 10.5), abs=0.1)
    assert report.dc_offset == pytest.approx((0.5, 0.5), abs=0.2)
    assert report.not_numbers == (0, 1)
    assert report.first_not_number_s == (None, 0.01)
    assert report.warnings() == ["1 sample is not a number, first at 0.01 s (right)", "peak 10.5, scaled"]
    assert caplog.records == []


def test_the_rate_is_that_of_the_recording(tmp_path):
    sf.write(tmp_path / "a.wav", noise(2.0, 8_000).T, 8_000)
    report = check(tmp_path / "a.wav")
    assert (report.sample_rate_hz, report.sample_count, report.duration_s) == (8_000, 16_000, 2.0)
    assert check(noise(2.0, 8_000), sample_rate_hz=8_000).duration_s == 2.0


def test_channels_can_be_chosen():
    signal = noise(channel_count=4)
    signal[2] = 0
    assert check((signal, 24_000), channels=(1, 3)).dead_channel == "right"
    with pytest.raises(AudioError, match="has 4 channels"):
        check((signal, 24_000))


def test_eight_bit_full_scale_is_clipped(tmp_path):
    signal = noise(1.0)
    signal[:, :2_400] = 1.0
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32"):
        sf.write(tmp_path / "a.wav", signal.T, 24_000, subtype=subtype)
        assert check(tmp_path / "a.wav").clipped_fraction == pytest.approx(0.1, abs=0.001)


def test_a_cut_file_is_reported(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, noise(10.0).T, 24_000)
    path.write_bytes(path.read_bytes()[:600_000])
    report = check(path)
    assert report.promised_s == 10.0
    assert report.warnings("a.wav") == ["a.wav is cut short: 6.2 of 10.0 s"]


def test_what_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        check(tmp_path / "none.wav")


def test_an_empty_signal_is_reported():
    report = check(np.zeros((2, 0), np.float32))
    assert report.silent
    assert report.warnings() == ["the signal holds no sound"]
