"""Spectra equal a written-out Fourier sum, bands one product with all weights, log-mels a definition with loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.features.front_end import StereoMaps
from whence.features.mel import mel_filterbank
from whence.features.settings import DEFAULTS, FeatureSettings, logmel_settings
from whence.features.spectrum import Bands, Spectrum, decibels, power, squares

SMALL = FeatureSettings("x", ("mid",), hop=12, window=24, fft=32, mel_count=4)


def slow_spectra(signal, conf, border, centred):
    """A Fourier sum for each frame and bin, in double precision, one channel."""
    half = conf.fft // 2
    if centred:
        padded = np.pad(signal, half, mode="reflect" if border == "reflect" else "constant")
        count, before = len(signal) // conf.hop + 1, (conf.fft - conf.window) // 2
    else:
        padded, count, before = np.pad(signal, (0, conf.fft)), len(signal) // conf.hop, 0
    window = [0.0] * conf.fft
    for i in range(conf.window):
        window[before + i] = 0.5 - 0.5 * np.cos(2 * np.pi * i / conf.window)
    turn = np.exp(-2j * np.pi * np.outer(np.arange(half + 1), np.arange(conf.fft)) / conf.fft)
    return np.stack([turn @ (padded[t * conf.hop : t * conf.hop + conf.fft] * window) for t in range(count)])


# Frames that are not centred have no left border to mirror, hence three of the four.
@pytest.mark.parametrize(("border", "centred"), [("zero", True), ("reflect", True), ("zero", False)])
@pytest.mark.parametrize("length", [48, 100, 131])
def test_spectra_equal_the_fourier_sum(border, centred, length):
    signal = np.random.default_rng([1, 0, length]).standard_normal((2, length))
    found = Spectrum(SMALL, border, centred)(torch.from_numpy(signal)[None])
    expected = np.stack([slow_spectra(channel, SMALL, border, centred) for channel in signal])
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_spectra_stay_float32_under_autocast():
    signal = torch.randn(1, 2, 4800)
    with torch.autocast("cpu", torch.bfloat16):
        found = Spectrum(logmel_settings())(signal.bfloat16())
    assert found.dtype == torch.complex64


@pytest.mark.parametrize("name", DEFAULTS)
def test_mel_bands_equal_the_whole_product(name):
    weights = mel_filterbank(DEFAULTS[name]())
    values = torch.rand(2, 3, weights.shape[1], generator=torch.Generator().manual_seed(1))
    expected = values.double() @ torch.from_numpy(weights.T.copy()).double()
    torch.testing.assert_close(Bands(weights)(values).double(), expected, rtol=1e-5, atol=1e-9)


@given(st.integers(1, 9), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99))
def test_any_weights_are_applied_even_zeros(bands, bins, share, seed):
    rng = np.random.default_rng(seed)
    weights = (rng.normal(size=(bands, bins)) * (rng.random((bands, bins)) < share)).astype(np.float32)
    values = rng.normal(size=(5, bins)).astype(np.float32)
    np.testing.assert_allclose(Bands(weights)(torch.from_numpy(values)), values @ weights.T, atol=1e-4)


def test_the_gradient_is_that_of_the_whole_product():
    weights = mel_filterbank(DEFAULTS["logmel"]())
    values = torch.rand(4, weights.shape[1]).requires_grad_()
    Bands(weights)(values).sum().backward()
    torch.testing.assert_close(values.grad, torch.from_numpy(weights.sum(axis=0)).expand_as(values))


def test_weights_are_not_in_the_state_of_a_module():
    assert Bands(np.eye(3, dtype=np.float32)).state_dict() == {}


def slow_logmel(signal):
    """Both channels of one clip: pad with zeros, Fourier, power, mel, 10 log10, floor 80 dB under the maximum."""
    conf = logmel_settings()
    bank = mel_filterbank(conf).astype(np.float64)
    window = np.zeros(1024)
    window[32:992] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(960) / 960)
    result = np.zeros((2, signal.shape[1] // 480 + 1, 64))
    for channel in range(2):
        padded = np.concatenate([np.zeros(512), signal[channel], np.zeros(512)])
        for t in range(result.shape[1]):
            spectrum = np.fft.fft(padded[t * 480 : t * 480 + 1024] * window)[:513]
            result[channel, t] = 10 * np.log10(np.maximum(bank @ np.abs(spectrum) ** 2, 1e-10))
    return np.maximum(result, result.max() - 80)


def test_logmel_equals_the_slow_definition():
    rng = np.random.default_rng([3, 0, 0])
    signal = rng.standard_normal((2, 12_345)) * np.array([[1.0], [1e-3]])
    signal[:, 6000:9000] = 0
    found = StereoMaps(logmel_settings())(torch.from_numpy(signal)[None].float())[0].numpy()
    np.testing.assert_allclose(found, slow_logmel(signal), atol=2e-3)


def test_five_seconds_have_the_shape_of_the_baseline():
    assert StereoMaps(logmel_settings())(torch.zeros(2, 2, 120_000)).shape == (2, 2, 251, 64)


def test_a_tone_is_strongest_in_its_own_band():
    time = torch.arange(24_000) / 24_000
    tone = torch.sin(2 * torch.pi * 1000 * time).expand(1, 2, -1)
    band = int(StereoMaps(logmel_settings())(tone)[0, 0, 25].argmax())
    weights = mel_filterbank(logmel_settings())[:, round(1000 * 1024 / 24_000)]
    assert band == int(weights.argmax())


def test_the_floor_is_per_clip_and_over_both_channels():
    loud, quiet = torch.full((1, 1, 4, 4), 1.0), torch.full((1, 1, 4, 4), 1e-9)
    both = decibels(torch.cat((loud, quiet), dim=1), 80.0)
    assert both[0, 1].unique().tolist() == [-80.0]
    batch = decibels(torch.cat((loud, quiet), dim=0), 80.0)
    assert batch[1].unique().tolist() == pytest.approx([-90.0])


def test_silence_is_minus_100_everywhere():
    assert StereoMaps(logmel_settings())(torch.zeros(1, 2, 4800)).unique().tolist() == [-100.0]


def test_power_is_the_squared_magnitude():
    spectra = torch.randn(3, 5, dtype=torch.complex64)
    torch.testing.assert_close(power(spectra), spectra.abs() ** 2)


def test_squares_alternate_and_reuse_only_the_memory_of_spent_spectra():
    spectra = torch.randn(3, 5, dtype=torch.complex64)
    found = squares(spectra)
    torch.testing.assert_close(found[:, 0::2] + found[:, 1::2], power(spectra))
    before = spectra.clone()
    spent = spectra.clone()
    assert torch.equal(squares(spent, spent=True), found)
    assert spent.data_ptr() == squares(spent, spent=True).data_ptr()
    learned = before.clone().requires_grad_()
    squares(learned * 1, spent=True).sum().backward()
    torch.testing.assert_close(learned.grad, 2 * before)


def test_gain_moves_every_level_alike():
    signal = torch.randn(1, 2, 9600, generator=torch.Generator().manual_seed(1))
    front_end = StereoMaps(logmel_settings())
    torch.testing.assert_close(front_end(10 * signal), front_end(signal) + 20, rtol=0, atol=1e-3)


def test_the_gradient_reaches_the_signal_and_is_finite():
    signal = torch.randn(1, 2, 9600).requires_grad_()
    StereoMaps(logmel_settings())(signal).sum().backward()
    assert bool(torch.isfinite(signal.grad).all())
    assert float(signal.grad.abs().max()) > 0
