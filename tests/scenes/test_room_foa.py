"""First-order responses: layouts, rates, direct sound, balance of the tail, reverberation time."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings, strategies as st
from room_examples import encoded, plain_room, plane_wave

from whence.audio import FOA_LAYOUTS
from whence.errors import SceneError
from whence.scenes.rooms.foa import as_wyzx, energy_decay_curve, find_direct_sound, rt60_of, tail_balance_db
from whence.scenes.rooms.room import DIRECT_SAMPLE
from whence.scenes.rooms.simulation import simulate_room


@pytest.mark.parametrize("layout", FOA_LAYOUTS)
def test_every_layout_gives_the_same_channels(layout):
    wave = np.random.default_rng([2, 2, 2]).standard_normal((4, 50))
    assert as_wyzx(encoded(wave, layout), 24_000, layout, "x") == pytest.approx(wave)


@pytest.mark.parametrize("layout", ["ambix", "n3d"])
def test_higher_orders_are_left_out(layout):
    wave = np.random.default_rng([2, 2, 3]).standard_normal((16, 50))
    wave[:4] = encoded(wave[:4], layout)
    assert np.array_equal(as_wyzx(wave, 24_000, layout, "x"), as_wyzx(wave[:4], 24_000, layout, "x"))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_other_rates_are_resampled(rate):
    time_s = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 1000 * time_s) * np.hanning(rate)
    ours = as_wyzx(np.stack([tone] * 4), rate, "ambix", "x")
    there = np.arange(24_000) / 24_000
    expected = np.sin(2 * np.pi * 1000 * there) * np.interp(there, time_s, np.hanning(rate))
    assert ours.shape == (4, 24_000)
    assert np.abs(ours - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("shape", "rate", "layout", "message"),
    [
        ((4, 9), 24_000, "amb", "x: no layout 'amb'; there are: ambix, n3d, fuma, wxyz"),
        ((3, 9), 24_000, "ambix", "x: 3 channels in layout 'ambix'; a first-order response has 4"),
        ((1, 9), 24_000, "ambix", "1 channels"),
        ((9, 9), 24_000, "fuma", "9 channels"),
        ((4, 9), 0, "ambix", "sample rate 0 Hz"),
        ((4, 9), float("nan"), "ambix", "sample rate nan Hz"),
        ((4, 9), 10_000_000, "ambix", "sample rate 1e"),
    ],
)
def test_impossible_channels_are_refused(shape, rate, layout, message):
    with pytest.raises(SceneError, match=message):
        as_wyzx(np.zeros(shape), rate, layout, "x")


@pytest.mark.parametrize("sample", [np.nan, np.inf, -1e200])
def test_samples_that_are_not_numbers_are_refused(sample):
    wave = np.zeros((4, 9))
    wave[2, 3] = sample
    with pytest.raises(SceneError, match="x: holds samples that are not numbers"):
        as_wyzx(wave, 24_000, "ambix", "x")


@given(st.floats(-180, 179), st.floats(-80, 80), st.sampled_from([24_000, 44_100, 48_000]))
@settings(max_examples=25, deadline=None)
def test_the_direction_of_a_plane_wave_is_found(azimuth, elevation, rate):
    direct = find_direct_sound(as_wyzx(plane_wave(azimuth, elevation, rate), rate, "ambix", "x"), "x")
    a, e = np.radians(azimuth), np.radians(elevation)
    expected = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    assert np.dot(direct.direction, expected) > np.cos(np.radians(2))
    assert direct.sample == pytest.approx(240, abs=1)
    assert direct.gain == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("rate", [24_000, 48_000, 96_000])
def test_the_amplitude_is_that_of_a_pulse_at_24_khz(rate):
    wave = plane_wave(20, 0, rate, late=0.0)
    # A pulse of one sample at a higher rate is a smaller pulse after resampling: the same area under the curve.
    resampled = as_wyzx(wave, rate, "ambix", "x")
    assert find_direct_sound(resampled, "x").amplitude == pytest.approx(24_000 / rate, rel=0.05)


def test_a_loudspeaker_may_be_wired_the_wrong_way_round():
    wave = as_wyzx(plane_wave(-50, 10), 24_000, "ambix", "x")
    straight, crossed = find_direct_sound(wave, "x"), find_direct_sound(-wave, "x")
    assert crossed == straight


def test_a_louder_reflection_is_not_taken_for_the_direct_sound():
    wave = plane_wave(60, 0, late=0.0)
    wave[:, 400] += 2.0 * np.array([1.0, -1.0, 0.0, 0.0])
    direct = find_direct_sound(wave, "x")
    assert direct.sample == 240
    assert direct.direction[1] > 0.8


def test_simulated_responses_point_back_to_their_positions():
    room = plain_room()
    for position, wave in zip(room.positions, simulate_room(room, 9600, with_height=True), strict=True):
        direct = find_direct_sound(wave.astype(float), "x")
        assert direct.sample == DIRECT_SAMPLE
        assert direct.amplitude == pytest.approx(1 / position.distance_m, rel=0.2)
        towards = np.array(position.offset_m()) / position.distance_m
        assert np.dot(direct.direction, towards) > np.cos(np.radians(8))
        assert max(map(abs, tail_balance_db(wave.astype(float), direct.sample))) < 3


def test_silence_and_capsules_are_refused():
    with pytest.raises(SceneError, match="x: the first channel is silent"):
        find_direct_sound(np.zeros((4, 1000)), "x")
    # Four channels that have nothing to do with each other.
    noise = np.random.default_rng([9, 9, 9]).standard_normal((4, 1000))
    noise[0] = np.roll(noise[1], 40)
    with pytest.raises(SceneError, match="x: the channels do not agree"):
        find_direct_sound(noise, "x")


def test_the_balance_of_a_diffuse_tail_is_even_and_a_hot_channel_shows():
    wave = plane_wave(10, 0, late=0.2, seconds=1.0, rt60_s=0.6)
    assert tail_balance_db(wave, 240) == pytest.approx((0, 0), abs=1.0)
    wave[1] *= 2
    y_db, x_db = tail_balance_db(wave, 240)
    assert y_db == pytest.approx(6, abs=1.0)
    assert x_db == pytest.approx(0, abs=1.0)
    assert tail_balance_db(plane_wave(10, 0, late=0.0), 240) is None


def test_resampling_keeps_the_channels_in_step():
    wave = as_wyzx(plane_wave(45, 0, 48_000, late=0.0), 48_000, "ambix", "x")
    alone = soxr.resample(plane_wave(45, 0, 48_000, late=0.0)[1], 48_000, 24_000, quality="VHQ")
    assert wave[1] == pytest.approx(alone, abs=1e-9)
    assert wave[1] == pytest.approx(wave[3], abs=1e-9)


def decaying_noise(rt60_s, seconds=1.0, seed=0):
    time_s = np.arange(round(seconds * 24_000)) / 24_000
    return np.random.default_rng([seed, 4, 4]).standard_normal(len(time_s)) * 10 ** (-3 * time_s / rt60_s)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30).filter(lambda wave: max(map(abs, wave)) > 1e-3))
def test_the_decay_curve_is_what_is_still_to_come(wave):
    whole = sum(sample**2 for sample in wave)
    for position, level_db in enumerate(energy_decay_curve(wave)):
        share = sum(sample**2 for sample in wave[position:]) / whole
        assert 10 ** (level_db / 10) == pytest.approx(share, abs=1e-9)


def test_curves_of_several_channels_are_independent():
    waves = np.random.default_rng([5, 5, 5]).standard_normal((2, 3, 40))
    assert energy_decay_curve(waves)[1, 2] == pytest.approx(energy_decay_curve(waves[1, 2]))


def test_silence_has_a_curve_too():
    assert energy_decay_curve(np.zeros(4)).tolist() == [-300.0] * 4


@pytest.mark.parametrize("rt60_s", [0.15, 0.4, 1.0])
def test_the_reverberation_time_put_in_comes_out(rt60_s):
    measured = [rt60_of(decaying_noise(rt60_s, 1.5, seed)) for seed in range(8)]
    assert np.mean(measured) == pytest.approx(rt60_s, rel=0.05)


def test_the_reverberation_time_is_that_of_the_band():
    fast, slow = decaying_noise(0.2), decaying_noise(0.8)
    frequency_hz = np.fft.rfftfreq(len(fast), 1 / 24_000)
    high = np.fft.irfft(np.fft.rfft(fast) * (frequency_hz > 3000), len(fast))
    low = np.fft.irfft(np.fft.rfft(slow) * (frequency_hz < 3000), len(slow))
    assert rt60_of(high + low) == pytest.approx(0.8, rel=0.1)
    assert rt60_of(high + low, band_hz=(5000, 10_000)) == pytest.approx(0.2, rel=0.1)
    assert 0.2 < rt60_of(high + low, band_hz=(100, 12_000)) < 0.8


@pytest.mark.parametrize("wave", [np.zeros(100), np.sin(np.arange(2400) / 5), [1.0], decaying_noise(9.0)])
def test_what_does_not_decay_has_no_reverberation_time(wave):
    with pytest.raises(SceneError, match="does not fall from -5 to -25 dB"):
        rt60_of(wave)
