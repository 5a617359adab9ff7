import numpy as np
import pytest
from hypothesis import given, strategies as st

from whence.errors import SceneError
from whence.scenes.rooms.acoustics import direct_to_reverberant_db, energy_decay_curve, rt60_of


def decaying_noise(rt60_s, seconds=1.0, rate=24_000, seed=0):
    time_s = np.arange(round(seconds * rate)) / rate
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
@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_the_time_put_in_comes_out(rt60_s, rate):
    measured = [rt60_of(decaying_noise(rt60_s, 1.5, rate, seed), sample_rate_hz=rate) for seed in range(8)]
    assert np.mean(measured) == pytest.approx(rt60_s, rel=0.05)


def test_the_band_is_the_one_listened_to():
    fast, slow = decaying_noise(0.2), decaying_noise(0.8)
    frequency_hz = np.fft.rfftfreq(len(fast), 1 / 24_000)
    high = np.fft.irfft(np.fft.rfft(fast) * (frequency_hz > 3000), len(fast))
    low = np.fft.irfft(np.fft.rfft(slow) * (frequency_hz < 3000), len(slow))
    assert rt60_of(high + low) == pytest.approx(0.8, rel=0.1)
    assert rt60_of(high + low, band_hz=(5000, 10_000)) == pytest.approx(0.2, rel=0.1)
    assert 0.2 < rt60_of(high + low, band_hz=None) < 0.8


def test_the_fit_range_is_kept():
    time_s = np.arange(24_000) / 24_000
    bent = np.where(time_s < 0.2, 10 ** (-3 * time_s / 0.4), 10 ** (-3 * (0.2 / 0.4 + (time_s - 0.2) / 2.0)))
    assert rt60_of(bent, None, fit_db=(-2, -10)) == pytest.approx(0.4, rel=0.05)
    assert rt60_of(bent, None, fit_db=(-32, -40)) > 1.0


@pytest.mark.parametrize("wave", [np.zeros(100), np.ones(2400), [1.0], decaying_noise(9.0)])
def test_what_does_not_decay_has_no_reverberation_time(wave):
    with pytest.raises(SceneError, match="does not fall from -5 to -25 dB"):
        rt60_of(wave, band_hz=None)


def test_direct_to_reverberant_counts_both_sides_of_the_window():
    wave = np.zeros(1000)
    wave[[100, 160, 161, 500]] = [2.0, 1.0, 1.0, 1.0]
    assert direct_to_reverberant_db(wave, 100) == pytest.approx(10 * np.log10(5 / 2))
    assert direct_to_reverberant_db(wave, 100, window_s=0.001) == pytest.approx(10 * np.log10(4 / 3))
    assert direct_to_reverberant_db(wave[:400], 100, window_s=0.01) == np.inf


def test_no_direct_sound_is_an_error():
    with pytest.raises(SceneError, match="silent around sample 10"):
        direct_to_reverberant_db(np.zeros(100), 10)
