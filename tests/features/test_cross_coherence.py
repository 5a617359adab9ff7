"""The complex coherence of left and right: theory of plane waves and noise, symmetry, the form without torch."""

import math

import numpy as np
import pytest
import torch

from whence.audio import read_microphones
from whence.features import build_features, midside_onsets_settings, midside_pairs_settings, numpy_features

REAL, IMAGINARY = 4, 5
RATE = 24_000


def wave(pair: str, azimuth_deg: float, seconds: float = 1.0, seed: int = 1) -> np.ndarray:
    """(1, 2, sample): white noise from one direction, as a pair of microphones records it without a room."""
    microphones = read_microphones(pair)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(round(seconds * RATE)))
    turn = -2j * np.pi * np.fft.rfftfreq(round(seconds * RATE), 1 / RATE)
    channels = [
        gain * np.fft.irfft(spectrum * np.exp(turn * delay_s))
        for gain, delay_s in zip(microphones.gains(azimuth_deg), microphones.delays_s(azimuth_deg), strict=True)
    ]
    return np.stack(channels)[None].astype(np.float32) * 0.1


def maps_of(signal: np.ndarray) -> np.ndarray:
    return build_features(midside_pairs_settings())(torch.from_numpy(signal)).numpy()


@pytest.mark.parametrize("azimuth_deg", [-60.0, 0.0, 30.0, 90.0])
def test_the_phase_of_spaced_omnis_is_that_of_their_delay(azimuth_deg):
    maps = maps_of(wave("ab:0.10", azimuth_deg))[0, :, 10:-10].mean(axis=1)
    # The fifth of 64 Slaney mel bands to 12 kHz is around 250 Hz, narrow enough for one phase.
    centre_hz = 250.0
    phase = 2 * math.pi * centre_hz * 0.10 * math.sin(math.radians(azimuth_deg)) / 343.0
    band = 5
    assert maps[IMAGINARY, band] == pytest.approx(math.sin(phase), abs=0.12)
    assert maps[REAL, band] == pytest.approx(math.cos(phase), abs=0.12)


@pytest.mark.parametrize("pair", ["dcase", "xy:90", "ms", "blumlein"])
def test_a_coincident_pair_has_no_imaginary_part(pair):
    maps = maps_of(wave(pair, 40.0))
    assert np.abs(maps[:, IMAGINARY]).max() < 1e-3
    # The back of a figure of eight has the other sign.
    expected = np.sign(np.prod(read_microphones(pair).gains(40.0)))
    # Channels 21 dB apart, as those of crossed figures of eight here, lose 1.3 %.
    np.testing.assert_allclose(maps[:, REAL, 5:-5], expected, atol=0.015)


def test_swapped_channels_keep_the_real_part_and_negate_the_imaginary_one():
    signal = wave("ortf", 50.0) + wave("ortf", -20.0, seed=2)
    maps, swapped = maps_of(signal), maps_of(signal[:, ::-1].copy())
    np.testing.assert_allclose(swapped[:, REAL], maps[:, REAL], atol=1e-4)
    np.testing.assert_allclose(swapped[:, IMAGINARY], -maps[:, IMAGINARY], atol=1e-4)


def test_independent_noise_is_incoherent_and_silence_is_zero():
    noise = np.random.default_rng(3).standard_normal((1, 2, RATE)).astype(np.float32) * 0.1
    maps = maps_of(noise)
    assert np.abs(maps[:, [REAL, IMAGINARY], :, 20:].mean(axis=2)).max() < 0.15
    silent = maps_of(np.zeros((1, 2, RATE), np.float32))
    assert not silent[:, [REAL, IMAGINARY]].any()


def test_the_other_maps_are_those_of_midside_onsets():
    signal = wave("ortf", 50.0)
    others = build_features(midside_onsets_settings())(torch.from_numpy(signal)).numpy()
    np.testing.assert_array_equal(np.delete(maps_of(signal), [REAL, IMAGINARY], axis=1), others)


def test_the_form_without_torch_is_the_same():
    signal = np.concatenate([wave("ab:0.20", 35.0, 0.5), wave("dcase", -70.0, 0.5)])
    found = numpy_features(midside_pairs_settings())(signal)
    np.testing.assert_allclose(found[:, [REAL, IMAGINARY]], maps_of(signal)[:, [REAL, IMAGINARY]], atol=1e-3)


@pytest.mark.parametrize("gain", [0.0, 1e-5, 1e-4, 1e-3])
def test_a_channel_that_is_far_fainter_is_neutral_in_both_forms(gain):
    signal = wave("dcase", 0.0)
    signal[:, 1] *= gain
    maps, found = maps_of(signal)[:, [REAL, IMAGINARY]], numpy_features(midside_pairs_settings())(signal)
    np.testing.assert_allclose(found[:, [REAL, IMAGINARY]], maps, atol=2e-3)
    assert np.abs(maps).max() < 0.03


def test_ten_decibels_between_the_channels_cost_nothing():
    signal = wave("dcase", 0.0)
    signal[:, 1] *= 0.3
    np.testing.assert_allclose(maps_of(signal)[0, REAL], 1.0, atol=0.01)
