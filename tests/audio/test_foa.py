"""Stereo from FOA: the formula, its twin, and what follows from it physically."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.audio import foa_to_stereo
from whence.errors import AudioError

ANGLES = st.floats(-720, 720)


def plane_wave(azimuth_deg, elevation_deg, sound):
    """FOA (W, Y, Z, X) of one plane wave, azimuth positive to the left."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    gains = [
        1.0,
        math.sin(azimuth) * math.cos(elevation),
        math.sin(elevation),
        math.cos(azimuth) * math.cos(elevation),
    ]
    return np.array(gains)[:, None] * sound


def slow_stereo(foa, angle_deg):
    angle = math.radians(angle_deg)
    rows = ([], [])
    for omni, left, _, ahead in foa.T:
        side = math.sin(angle) * ahead + math.cos(angle) * left
        rows[0].append(omni + side)
        rows[1].append(omni - side)
    return np.array(rows)


@settings(max_examples=40, deadline=None)
@given(ANGLES, st.integers(0, 2**32 - 1))
def test_equals_the_slow_twin(angle_deg, seed):
    foa = np.random.default_rng(seed).standard_normal((4, 20))
    assert np.allclose(foa_to_stereo(foa, angle_deg), slow_stereo(foa, angle_deg), rtol=0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(ANGLES, st.floats(-90, 90), ANGLES)
def test_the_level_difference_alone_gives_the_direction(azimuth_deg, elevation_deg, viewing_angle_deg):
    sound = np.linspace(0.5, 1.0, 8)
    left, right = foa_to_stereo(plane_wave(azimuth_deg, elevation_deg, sound), viewing_angle_deg)
    seen_deg = azimuth_deg + viewing_angle_deg
    expected = math.sin(math.radians(seen_deg)) * math.cos(math.radians(elevation_deg))
    assert np.allclose((left - right) / (left + right), expected, atol=1e-9)
    assert np.allclose((left + right) / 2, sound)  # mid is the omnidirectional signal, for any direction


@settings(max_examples=40, deadline=None)
@given(ANGLES, st.floats(-90, 90), ANGLES)
def test_swapping_channels_is_the_mirrored_azimuth(azimuth_deg, elevation_deg, viewing_angle_deg):
    sound = np.array([1.0, -0.5, 0.25])
    straight = foa_to_stereo(plane_wave(azimuth_deg, elevation_deg, sound), viewing_angle_deg)
    mirrored = foa_to_stereo(plane_wave(-azimuth_deg, elevation_deg, sound), -viewing_angle_deg)
    assert np.allclose(straight[::-1], mirrored, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(-90, 90), st.floats(0, 90))
def test_height_bounds_how_wide_a_sound_can_appear(azimuth_deg, elevation_deg):
    left, right = foa_to_stereo(plane_wave(azimuth_deg, elevation_deg, np.ones(1)), 0)[:, 0]
    appears_deg = math.degrees(math.asin(np.clip((left - right) / (left + right), -1, 1)))
    assert abs(appears_deg) <= 90 - elevation_deg + 1e-4


@settings(max_examples=40, deadline=None)
@given(ANGLES, ANGLES)
def test_front_and_back_sound_the_same(azimuth_deg, viewing_angle_deg):
    seen_deg = azimuth_deg + viewing_angle_deg
    behind = plane_wave(180 - seen_deg, 0, np.ones(3))
    assert np.allclose(
        foa_to_stereo(plane_wave(azimuth_deg, 0, np.ones(3)), viewing_angle_deg),
        foa_to_stereo(behind, 0),
        atol=1e-9,
    )


def test_the_channels_carry_no_time_difference():
    sound = np.random.default_rng(1).standard_normal(4096)
    left, right = foa_to_stereo(plane_wave(50, 10, sound), 0)
    correlation = np.fft.irfft(np.fft.rfft(left) * np.fft.rfft(right).conj())
    assert np.argmax(correlation) == 0


@pytest.mark.parametrize(
    ("azimuth_deg", "left", "right"), [(0, 1, 1), (90, 2, 0), (-90, 0, 2), (180, 1, 1), (30, 1.5, 0.5)]
)
def test_by_hand(azimuth_deg, left, right):
    assert np.allclose(foa_to_stereo(plane_wave(azimuth_deg, 0, np.ones(1)), 0)[:, 0], [left, right])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_type_and_leading_axes(dtype):
    batch = np.random.default_rng(2).standard_normal((3, 5, 4, 7)).astype(dtype)
    stereo = foa_to_stereo(batch, 33.0)
    assert stereo.shape == (3, 5, 2, 7)
    assert stereo.dtype == dtype
    assert np.array_equal(stereo[2, 4], foa_to_stereo(batch[2, 4], 33.0))


@pytest.mark.parametrize("shape", [(3, 10), (10, 4), (4,), (2, 5, 10)])
def test_refuses_what_is_not_foa(shape):
    with pytest.raises(AudioError, match=r"^FOA has four channels, W Y Z X, shaped \(4, sample\); this is shaped"):
        foa_to_stereo(np.zeros(shape), 0)


@pytest.mark.parametrize("angle_deg", [math.nan, math.inf])
def test_refuses_what_is_no_angle(angle_deg):
    with pytest.raises(AudioError, match="is not an angle"):
        foa_to_stereo(np.zeros((4, 10)), angle_deg)
