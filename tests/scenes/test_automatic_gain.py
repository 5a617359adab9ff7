"""Automatic gain and limiting."""

import numpy as np
import pytest
import torch

from whence.scenes.transforms.automatic_gain import (
    AutomaticGain,
    AutomaticGainSettings,
    apply_automatic_gain,
    draw_automatic_gain,
)

NOISE = torch.randn(2, 120_000, generator=torch.Generator().manual_seed(0)) * torch.tensor([[0.1], [0.05]])


def levels_db(clip):
    return 10 * np.log10(clip[0].view(5, -1).square().mean(dim=1).numpy())


def test_changes_of_level_become_smaller_by_the_strength():
    steps = torch.repeat_interleave(torch.tensor([1.0, 1.0, 0.1, 0.1, 0.1]), 24_000)
    out = apply_automatic_gain(NOISE * steps, AutomaticGain(0.5, 0.05))
    before, after = levels_db(NOISE * steps), levels_db(out)
    assert before[1] - before[4] == pytest.approx(20, abs=0.2)
    assert after[1] - after[4] == pytest.approx(10, abs=0.5)


def test_a_steady_clip_and_the_level_between_the_channels_are_left_alone():
    out = apply_automatic_gain(NOISE, AutomaticGain(0.6, 1.0))
    assert np.abs(levels_db(out) - levels_db(NOISE)).max() < 0.3
    ratio = (out[0] * NOISE[1] - out[1] * NOISE[0]).abs().max()
    assert ratio < 1e-6


def test_limited_peaks_stay_under_the_limit_and_soft_sound_passes():
    out = apply_automatic_gain(NOISE, AutomaticGain(0.0, 1.0, 6.0))
    limit = float(NOISE.abs().max()) * 10 ** (-6 / 20)
    assert float(out.abs().max()) <= limit
    soft = NOISE.abs() < 0.05 * limit
    assert ((out - NOISE)[soft].abs() / NOISE[soft].abs().clamp(min=1e-9)).max() < 0.01


def test_silence_stays_silent():
    out = apply_automatic_gain(torch.zeros(2, 24_000), AutomaticGain(0.6, 0.1, 6.0))
    assert not out.any()


def test_gains_are_drawn_within_their_spans():
    rng = np.random.default_rng(0)
    drawn = [draw_automatic_gain(rng, AutomaticGainSettings(probability=0.5)) for _ in range(200)]
    gains = [gain for gain in drawn if gain is not None]
    assert 70 < len(gains) < 130
    assert {gain.limiting_db is None for gain in gains} == {True, False}
    assert all(0.2 <= gain.strength <= 0.6 and 0.1 <= gain.reaction_s <= 2 for gain in gains)
    assert draw_automatic_gain(rng, AutomaticGainSettings()) is None
