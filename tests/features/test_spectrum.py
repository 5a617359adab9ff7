"""Spectra equal a written-out Fourier sum, and a stream equals the whole."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from whence.features.settings import FeatureSettings, logmel_settings
from whence.features.spectrum import Spectrum, SpectrumStream

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


# Frames that start at their place have no left border to mirror, hence three of the four.
@pytest.mark.parametrize(("border", "centred"), [("zero", True), ("reflect", True), ("zero", False)])
@pytest.mark.parametrize("length", [48, 100, 131])
def test_spectra_equal_the_fourier_sum(border, centred, length):
    signal = np.random.default_rng([1, 0, length]).standard_normal((2, length))
    found = Spectrum(SMALL, border, centred)(torch.from_numpy(signal)[None])
    expected = np.stack([slow_spectra(channel, SMALL, border, centred) for channel in signal])
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    chunks=st.lists(st.integers(1, 90), min_size=1, max_size=12),
    border=st.sampled_from(["zero", "reflect"]),
)
def test_a_stream_in_chunks_of_any_size_equals_the_whole(chunks, border):
    length = sum(chunks) + 20  # a mirrored border needs more samples than it mirrors
    signal = torch.from_numpy(np.random.default_rng([2, 0, length]).standard_normal((1, 2, length))).float()
    spectrum = Spectrum(SMALL, border)
    stream = SpectrumStream(spectrum)
    found = [stream.push(chunk) for chunk in torch.split(signal, [*chunks, 20], dim=2)] + [stream.finish()]
    torch.testing.assert_close(torch.cat(found, dim=2), spectrum(signal), rtol=0, atol=2e-5)


def test_a_stream_that_starts_with_nothing_and_keeps_little():
    stream = SpectrumStream(Spectrum(SMALL))
    assert stream.push(torch.zeros(1, 2, 0)).shape == (1, 2, 0, 17)
    for _ in range(50):
        stream.push(torch.zeros(1, 2, 500))
        assert stream._kept.shape[2] < SMALL.fft


def test_a_stream_emits_a_frame_once_its_look_ahead_has_come():
    spectrum = Spectrum(logmel_settings())
    assert spectrum.look_ahead == 512
    stream = SpectrumStream(spectrum)
    assert stream.push(torch.zeros(1, 2, 511)).shape[2] == 0
    assert stream.push(torch.zeros(1, 2, 1)).shape[2] == 1
    assert stream.push(torch.zeros(1, 2, 480)).shape[2] == 1


def test_finishing_before_anything_came_is_our_own_mistake():
    with pytest.raises(RuntimeError, match="at least one push"):
        SpectrumStream(Spectrum(SMALL)).finish()


def test_spectra_stay_float32_under_autocast():
    signal = torch.randn(1, 2, 4800)
    with torch.autocast("cpu", torch.bfloat16):
        found = Spectrum(logmel_settings())(signal.bfloat16())
    assert found.dtype == torch.complex64
