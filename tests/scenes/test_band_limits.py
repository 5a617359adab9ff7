"""Recorders that cut off low and high frequencies."""

import numpy as np
import pytest
import torch

from whence.scenes.transforms.band_limits import BandLimits, BandLimitsSettings, apply_band_limits, draw_band_limits
from whence.units import SAMPLE_RATE_HZ

TIME_S = torch.arange(24_000, dtype=torch.float64) / SAMPLE_RATE_HZ


@pytest.mark.parametrize(
    ("frequency_hz", "level_db"), [(1_000, 0), (200, -3), (100, -24.1), (5_000, -3), (10_000, -24.1)]
)
def test_tones_pass_or_not(frequency_hz, level_db):
    tone = torch.sin(2 * np.pi * frequency_hz * TIME_S).float()
    out = apply_band_limits(torch.stack([tone, 0.5 * tone]), BandLimits(200.0, 5_000.0, 4))
    middle = slice(6_000, 18_000)
    found = 10 * np.log10(float(out[0, middle].square().mean() / tone[middle].square().mean()))
    assert found == pytest.approx(level_db, abs=0.2)
    assert (out[1] - 0.5 * out[0]).abs().max() < 1e-6


def test_a_click_stays_where_it_is():
    click = torch.zeros(2, 12_000)
    click[:, 5_000] = 1.0
    assert apply_band_limits(click, BandLimits(100.0, 8_000.0, 4)).abs().argmax(dim=1).tolist() == [5_000, 5_000]


def test_limits_are_drawn_within_their_spans():
    rng = np.random.default_rng(0)
    drawn = [draw_band_limits(rng, BandLimitsSettings(probability=0.5)) for _ in range(200)]
    bands = [band for band in drawn if band is not None]
    assert 70 < len(bands) < 130
    assert all(60 <= band.low_hz <= 300 and 3_500 <= band.high_hz <= 11_000 for band in bands)
    assert draw_band_limits(rng, BandLimitsSettings()) is None
