"""Direction cues: what a plane wave does to them, and what swapping the channels does."""

import pytest
import torch
from hypothesis import given, strategies as st

from whence.features.midside import intensity, level_difference, mono_maps, side_ratio


@given(st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32))
def test_mid_and_side_give_left_and_right_back_and_swap_exactly(left, right):
    signal = torch.tensor([[[left], [right]]])
    mid, side = mono_maps(signal, ("mid", "side"))[0, :, 0].tolist()
    assert mid + side == pytest.approx(left, abs=1e-3)
    assert mid - side == pytest.approx(right, abs=1e-3)
    assert mono_maps(signal.flip(1), ("mid", "side"))[0, :, 0].tolist() == [mid, -side]


@given(st.floats(-1, 1), st.floats(1e-3, 1e3))
def test_a_plane_wave_has_the_cues_of_its_azimuth(sine, loudness):
    mid_power = torch.tensor(loudness, dtype=torch.float64)
    side_power, cross = mid_power * sine**2, mid_power * sine
    found = float(intensity(cross, mid_power, side_power))
    ratio = float(side_ratio(mid_power, side_power))
    assert found == pytest.approx(sine / (1 + sine**2), abs=1e-6)
    assert ratio == pytest.approx(sine**2 / (1 + sine**2), abs=1e-6)
    assert found**2 == pytest.approx(ratio * (1 - ratio), abs=1e-6)


def test_intensity_rises_with_azimuth_over_the_whole_front():
    sine = torch.linspace(-1, 1, 181)
    found = intensity(sine, torch.ones(181), sine**2)
    assert bool((found.diff() > 0).all())
    assert (round(float(found[0]), 6), round(float(found[-1]), 6)) == (-0.5, 0.5)


def test_level_difference_is_limited_and_odd():
    assert level_difference(torch.tensor(1.0), torch.tensor(0.0)).item() == 40.0
    assert level_difference(torch.tensor(0.0), torch.tensor(0.0)).item() == 0.0
    assert level_difference(torch.tensor(0.3), torch.tensor(2.0)) == -level_difference(
        torch.tensor(2.0), torch.tensor(0.3)
    )


def test_silence_has_no_direction():
    nothing = torch.zeros(3)
    assert intensity(nothing, nothing, nothing).tolist() == [0.0] * 3
    assert side_ratio(nothing, nothing).tolist() == [0.0] * 3
