"""Ringing bodies and steady tones, against sums of cosines written out."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sound_measures import power_spectrum, share_between, t60_s

from whence.synth.modes import (
    CHURCH_BELL,
    FREE_BAR,
    MEMBRANE,
    contact_gain,
    falling_t60_s,
    panel_hz,
    read_period,
    ringing,
    string_hz,
    struck,
    tone,
)

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 8), st.integers(1, 1500))
def test_ringing_is_a_sum_of_decaying_cosines(seed, modes, count):
    rng = np.random.default_rng(seed)
    hz, decay_s, gain = rng.uniform(20, 11_500, modes), rng.uniform(0.005, 3, modes), rng.normal(size=modes)
    phase = rng.uniform(0, 6.3, modes)
    time_s = np.arange(count) / 24_000
    slow = np.zeros(count)
    for mode in range(modes):
        fall = 10 ** (-3 * time_s / decay_s[mode])
        slow += gain[mode] * fall * np.cos(2 * np.pi * hz[mode] * time_s + phase[mode])
    np.testing.assert_allclose(ringing(hz, decay_s, gain, count / 24_000, phase), slow, atol=1e-9)


def test_modes_beyond_the_sample_rate_are_left_out():
    assert (ringing(np.array([11_900.0, 30_000]), np.ones(2), np.ones(2), 0.01) == 0).all()


def test_a_mode_falls_by_sixty_decibels_in_its_time():
    wave = ringing(np.array([1000.0]), np.array([0.5]), np.array([1.0]), 0.6)
    assert t60_s(wave, 800, 1200) == pytest.approx(0.5, rel=0.03)


def test_very_short_modes_do_not_end_in_denormal_numbers():
    wave = ringing(np.array([500.0]), np.array([0.001]), np.array([1.0]), 2.0)
    assert ((wave == 0) | (np.abs(wave) > 1e-300)).all()


@settings(deadline=None)
@given(st.floats(0.0001, 0.01), st.floats(1, 11_000))
def test_contact_gain_is_the_spectrum_of_half_a_sine(contact_s, hz):
    time_s = (np.arange(4000) + 0.5) / 4000 * contact_s
    force = np.sin(np.pi * time_s / contact_s)
    slow = abs((force * np.exp(-2j * np.pi * hz * time_s)).sum()) / force.sum()
    assert contact_gain(np.array([hz]), contact_s)[0] == pytest.approx(slow, abs=2e-4)


def test_contact_gain_at_its_removable_gap():
    at_gap = contact_gain(np.array([0.5 / 0.002 - 1e-3, 0.5 / 0.002, 0.5 / 0.002 + 1e-3]), 0.002)
    assert at_gap == pytest.approx(np.pi / 4, abs=1e-4)


def test_a_longer_blow_is_duller():
    hz, decay_s, gain = np.array([200.0, 4000]), np.ones(2), np.ones(2)
    bright = share_between(struck(hz, decay_s, gain, 0.5, 0.0001), 3000, 5000)
    dull = share_between(struck(hz, decay_s, gain, 0.5, 0.002), 3000, 5000)
    assert bright > 10 * dull


def test_falling_t60_follows_its_power():
    assert falling_t60_s(np.array([100.0, 400, 1600]), 2.0, 100, 0.5) == pytest.approx([2.0, 1.0, 0.5])


@settings(deadline=None)
@given(SEEDS, st.integers(1, 60))
def test_panel_modes_rise_from_the_lowest_to_the_highest(seed, count):
    hz = panel_hz(np.random.default_rng(seed), 80, 2000, count)
    assert len(hz) == count
    assert hz[0] == 80
    assert (np.diff(hz) > 0).all()
    if count > 1:
        assert hz[-1] == pytest.approx(2000)


def test_a_limp_string_is_harmonic_and_a_stiff_one_is_sharp():
    limp, stiff = string_hz(200, 0.0), string_hz(200, 0.0004)
    assert limp == pytest.approx(200 * np.arange(1, len(limp) + 1))
    assert (np.diff(stiff / limp) > 0).all()
    assert stiff[9] / limp[9] == pytest.approx(np.sqrt(1.04))


def test_tables_of_ratios_rise():
    for ratios in (FREE_BAR, CHURCH_BELL, MEMBRANE):
        assert (np.diff(ratios) > 0).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 12), st.floats(60, 900))
def test_a_tone_is_a_sum_of_harmonics(seed, harmonics, hz):
    rng = np.random.default_rng(seed)
    gain, phase = rng.normal(size=harmonics), rng.uniform(0, 6.3, harmonics)
    pitch = hz * np.exp(0.05 * np.sin(np.arange(900) / 80))
    turns = np.cumsum(pitch) / 24_000
    turns -= turns[0]
    slow = sum(gain[k] * np.sin(2 * np.pi * (k + 1) * turns + phase[k]) for k in range(harmonics))
    # Straight lines between 1,024 points of a period.
    np.testing.assert_allclose(
        tone(pitch, gain, phase), slow, atol=2e-5 * harmonics**2 * np.abs(gain).max() * harmonics
    )


def test_a_tone_does_not_alias():
    wave = tone(np.full(24_000, 5000.0), np.ones(8))
    hz, power = power_spectrum(wave)
    assert power[np.abs(hz - 5000) < 5].sum() + power[np.abs(hz - 10_000) < 5].sum() > 0.9999 * power.sum()


@settings(deadline=None)
@given(st.floats(0, 50))
def test_reading_a_period_ignores_whole_turns(turns):
    period = np.sin(2 * np.pi * np.arange(64) / 64)
    assert read_period(period, np.array([turns]))[0] == pytest.approx(
        read_period(period, np.array([turns % 1.0]))[0], abs=1e-9
    )
