"""24 -> 16 kHz: against the sinc sum written out, against soxr, and by ear-level properties."""

import numpy as np
import soxr
import torch

from whence.features.resample import To16k
from whence.features.windows import HALF_WIDTH, resampling_kernels


def resampled(signal):
    return To16k()(torch.from_numpy(np.asarray(signal, np.float32))[None, None])[0, 0].numpy()


def test_it_equals_the_sum_over_input_samples():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(700)
    kernels = resampling_kernels().astype(np.float64)
    expected = []
    for n in range(-(-2 * 700 // 3)):
        centre = 3 * (n // 2)
        total = 0.0
        for tap in range(2 * HALF_WIDTH + 1):
            place = centre + tap - HALF_WIDTH
            if 0 <= place < 700:
                total += kernels[n % 2, tap] * signal[place]
        expected.append(total)
    np.testing.assert_allclose(resampled(signal), expected, atol=1e-5)


def test_a_tone_comes_out_as_the_same_tone_at_16_khz():
    for hz in (50.0, 1000.0, 7500.0):
        tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 24_000)
        expected = np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000)
        np.testing.assert_allclose(resampled(tone)[300:-300], expected[300:-300], atol=2e-3)


def test_what_16_khz_cannot_hold_is_gone():
    for hz in (8100.0, 9000.0, 11_900.0):
        tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 24_000)
        assert np.abs(resampled(tone)[300:-300]).max() < 2e-4


def test_it_agrees_with_soxr_on_what_lies_below_7_khz():
    spectrum = np.fft.rfft(np.random.default_rng([1, 0, 1]).standard_normal(48_000))
    spectrum[14_000:] = 0
    signal = np.fft.irfft(spectrum, 48_000)
    difference = resampled(signal) - soxr.resample(signal, 24_000, 16_000, "VHQ")
    assert np.abs(difference[500:-500]).max() < 1e-4


def test_lengths_and_borders():
    for length in (1, 2, 3, 4, 119_999, 120_000):
        assert resampled(np.zeros(length)).shape == (-(-2 * length // 3),)
    assert To16k()(torch.zeros(2, 3, 0)).shape == (2, 3, 0)


def test_an_impulse_stays_in_its_place():
    signal = np.zeros(3000)
    signal[1500] = 1.0
    assert int(np.abs(resampled(signal)).argmax()) == 1000
