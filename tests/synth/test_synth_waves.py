"""The tools that generated sounds are put together with, each against a plain twin."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sound_measures import power_spectrum, share_between

from whence.synth.waves import (
    PEAK,
    arrivals_s,
    band,
    chance,
    coloured,
    equalised,
    faded,
    finished,
    gain_at,
    log_uniform,
    mixed,
    one_of,
    sample_count,
    scaled,
    scattered,
    through,
    wander,
)

SEEDS = st.integers(0, 2**32 - 1)


def rng_of(*seed):
    return np.random.default_rng(seed)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 12), st.integers(1, 40), st.integers(1, 80))
def test_scattered_grains_are_a_loop_of_additions(seed, grains, length, count):
    rng = rng_of(seed)
    waves, first = rng.normal(size=(grains, length)), rng.integers(0, count, grains)
    total = np.zeros(count + length)
    for wave, place in zip(waves, first, strict=True):
        total[place : place + length] += wave
    np.testing.assert_allclose(scattered(waves, first, count), total[:count], atol=1e-12)


def test_no_grains_are_silence():
    assert (scattered(np.zeros((0, 5)), np.zeros(0, np.int64), 7) == np.zeros(7)).all()


@settings(deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_laid_out_sums_pieces_at_their_samples(seed, count):
    rng = rng_of(seed)
    pieces = [(int(rng.integers(0, 90)), rng.normal(size=int(rng.integers(1, 50)))) for _ in range(count)]
    total = np.zeros(max(first + len(piece) for first, piece in pieces))
    for first, piece in pieces:
        for offset, value in enumerate(piece):
            total[first + offset] += value
    np.testing.assert_allclose(mixed([(first / 24_000, piece) for first, piece in pieces]), total, atol=1e-12)


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0, 0.03), st.floats(0, 0.03))
def test_a_swell_starts_and_ends_in_silence_and_leaves_the_middle_alone(count, rise_s, fall_s):
    shaped = faded(np.ones(count), rise_s, fall_s)
    assert ((shaped >= -1e-12) & (shaped <= 1)).all()
    if count > 1 and round(rise_s * 24_000):
        assert shaped[0] == 0
    if count > 1 and round(fall_s * 24_000):
        assert shaped[-1] == pytest.approx(0, abs=1e-12)
    if (rise_s + fall_s) * 24_000 < count / 2 - 2:
        assert shaped[round(rise_s * 24_000) : count - round(fall_s * 24_000)] == pytest.approx(1)


def test_a_swell_does_not_change_its_input():
    wave = np.ones(10)
    faded(wave, 1, 1)
    assert (wave == 1).all()


def test_a_curve_passes_through_its_points():
    curve = through([1.0, 3.0, -1.0], 9)
    assert curve[[0, 4, 8]].tolist() == [1, 3, -1]
    assert (through([2.5], 4) == 2.5).all()


@settings(deadline=None)
@given(SEEDS, st.floats(0.5, 80))
def test_wandering_has_no_jumps(seed, rate_hz):
    curve = wander(rng_of(seed), 24_000, rate_hz)
    assert curve.shape == (24_000,)
    # From one knot to the next a curve of standard deviation 1.2 moves less than ten of them.
    assert np.abs(np.diff(curve)).max() < 12 * (rate_hz + 4) / 24_000


def test_wandering_has_a_standard_deviation_near_one():
    assert np.std(wander(rng_of(3), 2_400_000, 40.0)) == pytest.approx(1, abs=0.08)


@settings(deadline=None)
@given(SEEDS)
def test_log_uniform_draws_as_often_below_as_above_the_geometric_mean(seed):
    draws = [log_uniform(rng, 10, 1000) for rng in [rng_of(seed)] for _ in range(400)]
    assert min(draws) >= 10
    assert max(draws) <= 1000
    assert 130 < sum(draw < 100 for draw in draws) < 270


def test_one_of_follows_the_weights():
    rng = rng_of(0)
    kinds = {lambda rng: np.zeros(1): 3.0, lambda rng: np.ones(1): 1.0}
    assert np.mean([one_of(rng, kinds)[0] for _ in range(2000)]) == pytest.approx(0.25, abs=0.04)


def test_chance_has_its_probability():
    rng = rng_of(1)
    assert np.mean([chance(rng, 0.3) for _ in range(4000)]) == pytest.approx(0.3, abs=0.03)
    assert not chance(rng, 0.0)
    assert chance(rng, 1.0)


def test_arrivals_are_a_poisson_process():
    rng = rng_of(2)
    moments = arrivals_s(rng, 500, 20.0)
    assert (np.diff(moments) >= 0).all()
    assert len(moments) == pytest.approx(10_000, abs=400)
    # Gaps of a Poisson process are exponential: as wide as long.
    assert np.std(np.diff(moments)) == pytest.approx(np.mean(np.diff(moments)), rel=0.05)


def test_leveling_keeps_silence_silent():
    assert np.abs(scaled(np.array([0.1, -0.4]), 0.8)).max() == pytest.approx(0.8)
    assert (scaled(np.zeros(4)) == 0).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.02, 0.6), st.floats(-6, 6), st.floats(-2, 2))
def test_finishing_removes_dc_clicks_and_level(seed, duration_s, level, offset):
    wave = 10**level * (rng_of(seed).normal(size=sample_count(duration_s)) + offset)
    sound = finished(wave)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(PEAK, rel=1e-5)
    assert abs(sound.mean(dtype=float)) < 1e-6
    assert sound[0] == 0
    assert abs(sound[-1]) < 1e-6
    assert np.abs(sound[:12]).max() < 0.02


def test_finishing_cuts_an_inaudible_tail():
    wave = np.concatenate([np.sin(np.arange(4800) / 5), 1e-5 * np.ones(48_000)])
    assert len(finished(wave)) < 4800 + 500


def test_a_gain_curve_is_straight_over_octaves_and_level_outside():
    curve = [(125, 0), (500, -12), (1000, -12), (4000, 6)]
    assert gain_at(np.array([20.0, 250, 700, 2000, 11_000]), curve) == pytest.approx(
        10 ** (np.array([0, -6, -12, -3, 6]) / 20)
    )


def test_equalising_scales_each_tone_by_the_curve():
    time_s = np.arange(24_000) / 24_000
    curve = [(100, 0), (400, -12), (6400, 6)]
    for hz in (100, 200, 400, 1600, 6400):
        played = equalised(np.sin(2 * np.pi * hz * time_s), curve)
        middle = played[6000:18_000]
        expected = gain_at(np.array([float(hz)]), curve)[0]
        assert np.sqrt(2) * middle.std() == pytest.approx(expected, rel=0.02)


def test_equalising_twice_is_equalising_by_twice_the_decibels():
    wave = rng_of(5).normal(size=9000)
    wave[:1500] = wave[-1500:] = 0
    twice = equalised(equalised(wave, [(300, 0), (3000, -10)]), [(300, 0), (3000, -10)])
    np.testing.assert_allclose(twice, equalised(wave, [(300, 0), (3000, -20)]), atol=2e-3)


def test_coloured_noise_has_its_colour():
    noise = coloured(rng_of(6), 8.0, [(250, 0), (4000, -24)])
    assert noise.std() == pytest.approx(1)
    hz, power = power_spectrum(noise)

    def level_db(low, high):
        return 10 * np.log10(power[(hz > low) & (hz < high)].mean())

    # 6 dB an octave between the points.
    assert level_db(480, 520) - level_db(1920, 2080) == pytest.approx(12, abs=1.5)
    assert level_db(60, 240) - level_db(4200, 11_000) == pytest.approx(24, abs=1.5)


def test_a_band_passes_what_lies_inside():
    noise = coloured(rng_of(7), 4.0, band(1000, 2000))
    assert share_between(noise, 700, 2800) > 0.95
