"""Gain."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.scenes.transforms.gain import GainSettings, apply_gain, draw_gain, gain_factor


def test_levels_are_drawn_evenly_from_the_range():
    rng = np.random.default_rng(0)
    levels = [draw_gain(rng, GainSettings((-50.0, -30.0))) for _ in range(500)]
    assert -50 <= min(levels) < -49
    assert -31 < max(levels) <= -30
    assert np.mean(levels) == pytest.approx(-40, abs=1)


@given(level=st.floats(-80, 0), rms=st.floats(1e-6, 1.0))
def test_the_factor_brings_a_sound_to_the_level(level, rms):
    assert 20 * np.log10(rms * gain_factor(level, rms)) == pytest.approx(level)


def test_silence_stays_silence():
    assert gain_factor(-20.0, 0.0) == 0.0


def test_each_signal_gets_its_own_factor():
    signals = torch.arange(12.0).view(3, 2, 2)
    found = apply_gain(signals, torch.tensor([1.0, -2.0, 0.5]))
    wanted = [[[0, 1], [2, 3]], [[-8, -10], [-12, -14]], [[4, 4.5], [5, 5.5]]]
    assert found.tolist() == wanted
    assert found.dtype == torch.float32
