"""The equalizer: its filter, its response, and that the spectrum way equals a plain convolution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from straightforward import eq_taps

from whence.scenes.transforms.multiband_eq import (
    BAND_CENTRES_HZ,
    HALF_WIDTH_SAMPLES,
    MultibandEqSettings,
    apply_multiband_eq,
    draw_multiband_eq,
    eq_curve,
)

GAINS = st.lists(st.floats(-12, 12), min_size=7, max_size=7).map(tuple)


def response_db(taps, frequency_hz):
    """Gain of a filter at one frequency."""
    return 20 * np.log10(abs(np.exp(-2j * np.pi * frequency_hz / 24_000 * np.arange(len(taps))) @ taps))


@settings(deadline=None)
@given(GAINS)
def test_the_spectrum_way_equals_a_convolution_in_time(gains):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=300)
    placed = np.zeros(1_024)
    placed[HALF_WIDTH_SAMPLES : HALF_WIDTH_SAMPLES + 300] = signal
    spectra = torch.fft.rfft(torch.from_numpy(np.stack([placed, -placed]).astype(np.float32)))
    apply_multiband_eq(spectra, eq_curve(gains, 1_024, torch.device("cpu")))
    found = torch.fft.irfft(spectra, 1_024).numpy()
    wanted = np.convolve(signal, eq_taps(gains))
    peak = np.abs(wanted).max()
    np.testing.assert_allclose(found[0, : len(wanted)], wanted, atol=2e-6 * peak)
    np.testing.assert_allclose(found[1], -found[0], atol=2e-6 * peak)
    assert np.abs(found[0, len(wanted) :]).max() < 2e-6 * peak


@pytest.mark.parametrize("gain", [-6.0, 0.0, 6.0])
def test_flat_gains_are_a_lone_tap(gain):
    taps = eq_taps((gain,) * 7)
    wanted = np.zeros(2 * HALF_WIDTH_SAMPLES + 1)
    wanted[HALF_WIDTH_SAMPLES] = 10 ** (gain / 20)
    np.testing.assert_allclose(taps, wanted, atol=1e-12)


@pytest.mark.parametrize("band", range(7))
def test_a_band_raises_its_octave_and_leaves_those_beyond_its_neighbours_alone(band):
    taps = eq_taps(tuple(6.0 if i == band else 0.0 for i in range(7)))
    # The filter does not quite resolve the lowest octaves.
    assert response_db(taps, BAND_CENTRES_HZ[band]) == pytest.approx(6, abs=0.2 if band > 2 else 0.8)
    far = [i for i in range(7) if abs(i - band) > 1]
    for other in far:
        assert response_db(taps, BAND_CENTRES_HZ[other]) == pytest.approx(0, abs=0.02)


def test_the_filter_is_symmetric_so_nothing_moves():
    taps = eq_taps((5.0, -3.0, 2.0, 0.0, -6.0, 6.0, 1.0))
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-15)


def test_gains_are_drawn_apart_in_their_range_and_as_often_as_asked():
    rng = np.random.default_rng(0)
    drawn = [draw_multiband_eq(rng, MultibandEqSettings(0.5, (-3.0, 4.0))) for _ in range(600)]
    used = np.array([gains for gains in drawn if gains])
    assert 0.42 < len(used) / 600 < 0.58
    assert used.shape[1] == 7
    assert -3 <= used.min() < -2.9
    assert 3.9 < used.max() <= 4
    assert np.abs(np.corrcoef(used.T) - np.eye(7)).max() < 0.25
