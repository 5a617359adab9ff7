"""Hiss and wind."""

import numpy as np
import pytest
import torch

from whence.scenes.transforms.recorder_noise import (
    RecorderNoise,
    RecorderNoiseSettings,
    apply_recorder_noise,
    draw_recorder_noise,
)
from whence.units import SAMPLE_RATE_HZ

SILENCE = torch.zeros(2, 120_000)


def level_db(signal):
    return 10 * np.log10(float(signal.square().mean()))


def test_hiss_has_its_level_and_is_independent():
    hiss = apply_recorder_noise(SILENCE, RecorderNoise(3, -60.0))
    assert level_db(hiss) == pytest.approx(-60, abs=0.1)
    assert abs(np.corrcoef(hiss.numpy())[0, 1]) < 0.02


def test_wind_has_its_level_lies_below_100_hz_and_is_partly_common():
    windy = apply_recorder_noise(SILENCE, RecorderNoise(3, -140.0, -30.0))
    assert level_db(windy) == pytest.approx(-30, abs=0.1)
    power = torch.fft.rfft(windy).abs().square().sum(dim=0)
    frequency = torch.fft.rfftfreq(windy.shape[1], 1 / SAMPLE_RATE_HZ)
    assert float(power[frequency <= 100].sum() / power.sum()) > 0.99
    assert 0.2 < np.corrcoef(windy.numpy())[0, 1] < 0.8


def test_the_same_seed_gives_the_same_noise_and_the_clip_stays_in_it():
    clip = torch.randn(2, 24_000, generator=torch.Generator().manual_seed(0))
    noise = RecorderNoise(5, -50.0, -40.0)
    once = apply_recorder_noise(clip, noise)
    assert torch.equal(once, apply_recorder_noise(clip, noise))
    assert (once - clip - apply_recorder_noise(torch.zeros_like(clip), noise)).abs().max() < 1e-6


def test_noise_is_as_frequent_as_asked():
    rng = np.random.default_rng(0)
    settings = RecorderNoiseSettings(probability=0.5, wind_probability=0.5)
    drawn = [draw_recorder_noise(rng, settings) for _ in range(400)]
    noisy = [noise for noise in drawn if noise is not None]
    assert 160 < len(noisy) < 240
    assert 70 < sum(noise.wind_dbfs is not None for noise in noisy) < 130
    assert all(-90 <= noise.level_dbfs <= -60 for noise in noisy)
    assert draw_recorder_noise(rng, RecorderNoiseSettings()) is None
