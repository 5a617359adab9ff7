"""Dasheng's front end against its definition written out, clip by clip."""

from dataclasses import replace

import numpy as np
import torch

from whence.features.dasheng_mel import DashengMel
from whence.features.mel import mel_filterbank
from whence.features.settings import dasheng_mel_settings


def slow_dasheng_mel(signal):
    """One mono clip at 16 kHz: mirrored ends, 512-point Hann frames every 160, HTK mels, dB, 120 under the top."""
    bank = mel_filterbank(dasheng_mel_settings()).astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    padded = np.pad(signal, 256, mode="reflect")
    frames = [
        bank @ np.abs(np.fft.rfft(padded[160 * t : 160 * t + 512] * window)) ** 2 for t in range(len(signal) // 160 + 1)
    ]
    level = 10 * np.log10(np.maximum(frames, 1e-10))
    return np.maximum(level, level.max() - 120)


def test_it_equals_the_slow_definition_at_16_khz():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(4001)
    signal[1000:2000] = 0
    found = DashengMel(dasheng_mel_settings()).from_mono(torch.from_numpy(signal)[None, None].float())
    np.testing.assert_allclose(found[0, 0].numpy(), slow_dasheng_mel(signal), atol=2e-3)


def test_five_seconds_at_24_khz_give_501_frames():
    assert DashengMel(dasheng_mel_settings())(torch.zeros(2, 2, 120_000)).shape == (2, 1, 501, 64)


def test_the_range_is_taken_per_clip_and_channel():
    signal = torch.randn(1, 1, 4800, generator=torch.Generator().manual_seed(1))
    front_end = DashengMel(dasheng_mel_settings())
    alone = front_end.from_mono(1e-4 * signal)
    in_company = front_end.from_mono(torch.cat((1e-4 * signal, 1e4 * signal)))
    torch.testing.assert_close(in_company[:1], alone, rtol=0, atol=1e-3)


def test_mid_follows_the_sum_and_ignores_a_swap():
    signal = torch.randn(1, 2, 9600, generator=torch.Generator().manual_seed(2))
    front_end = DashengMel(dasheng_mel_settings())
    assert torch.equal(front_end(signal), front_end(signal.flip(1)))
    both = DashengMel(replace(dasheng_mel_settings(), maps=("left", "right")))
    # A transform may round otherwise at another place in a batch.
    torch.testing.assert_close(both(signal).flip(1), both(signal.flip(1)), rtol=0, atol=1e-3)
