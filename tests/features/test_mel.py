"""The three filterbanks against definitions written out band by band and bin by bin, and published values."""

import math

import numpy as np
import pytest

from whence.features.mel import hz_to_mel, mel_filterbank, mel_to_hz
from whence.features.settings import FeatureSettings, dasheng_mel_settings, logmel_settings, yamnet_mel_settings

SCALES = ("slaney", "htk", "yamnet")


def slow_mel(hz, scale):
    """One frequency at a time, straight from the papers."""
    if scale == "slaney":
        return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)
    if scale == "htk":
        return 2595 * math.log10(1 + hz / 700)
    return 1127 * math.log(1 + hz / 700)


def slow_inverse(mel, scale):
    """Bisection on the forward definition."""
    low, high = 0.0, 50_000.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if slow_mel(middle, scale) < mel else (low, middle)
    return low


def slow_filterbank(settings):
    """Loops over bands and bins, no arrays."""
    scale, count = settings.scale, settings.mel_count
    low, high = slow_mel(settings.low_hz, scale), slow_mel(settings.high_hz, scale)
    edges_mel = [low + (high - low) * i / (count + 1) for i in range(count + 2)]
    edges_hz = [slow_inverse(mel, scale) for mel in edges_mel]
    bank = np.zeros((count, settings.fft // 2 + 1))
    for band in range(count):
        for number in range(settings.fft // 2 + 1):
            hz = number * settings.rate_hz / settings.fft
            a, b, c = edges_mel[band : band + 3] if scale == "yamnet" else edges_hz[band : band + 3]
            x = slow_mel(hz, scale) if scale == "yamnet" else hz
            height = (x - a) / (b - a) if x <= b else (c - x) / (c - b)
            if a < x < c:
                bank[band, number] = height
        if scale == "slaney":
            bank[band] *= 2 / (edges_hz[band + 2] - edges_hz[band])
    if scale == "yamnet":
        bank[:, 0] = 0
    return bank


@pytest.mark.parametrize(
    "settings", [logmel_settings(), dasheng_mel_settings(), yamnet_mel_settings()], ids=lambda s: s.name
)
def test_filterbank_equals_its_slow_definition(settings):
    bank = mel_filterbank(settings)
    expected = slow_filterbank(settings)
    assert bank.shape == (64, settings.fft // 2 + 1)
    np.testing.assert_allclose(bank, expected, atol=2e-7 * expected.max())


@pytest.mark.parametrize("scale", SCALES)
def test_scales_equal_the_slow_ones_and_invert(scale):
    hz = np.linspace(0, 12_000, 97)
    np.testing.assert_allclose(hz_to_mel(hz, scale), [slow_mel(f, scale) for f in hz], rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, scale), scale), hz, atol=1e-8)


def test_slaney_frequencies_are_the_published_ones():
    """The first bands of the forty between 0 and 11025 Hz that the Auditory Toolbox and its ports agree on."""
    edges = mel_to_hz(np.linspace(0, hz_to_mel(11_025.0, "slaney"), 40), "slaney")
    published = [0.0, 85.317, 170.635, 255.952, 341.269, 426.586, 511.904, 597.221, 682.538, 767.855, 853.173, 938.49]
    np.testing.assert_allclose(edges[:12], published, atol=1e-3)
    assert edges[-1] == pytest.approx(11_025.0)


def test_htk_puts_1000_hz_at_1000_mel():
    assert float(hz_to_mel(1000.0, "htk")) == pytest.approx(999.99, abs=0.01)


def test_neighbouring_htk_triangles_sum_to_one():
    bank = mel_filterbank(FeatureSettings("x", ("mid",), scale="htk", mel_count=20))
    edges = mel_to_hz(np.linspace(0, hz_to_mel(12_000.0, "htk"), 22), "htk")
    hz = np.arange(513) * 24_000 / 1024
    inside = (hz >= edges[1]) & (hz <= edges[-2])
    np.testing.assert_allclose(bank[:, inside].sum(axis=0), 1.0, atol=1e-6)


def test_no_band_is_empty():
    for settings in (logmel_settings(), yamnet_mel_settings()):
        assert (mel_filterbank(settings).sum(axis=1) > 0).all()


def test_yamnet_ignores_the_offset_of_the_signal():
    assert (mel_filterbank(yamnet_mel_settings())[:, 0] == 0).all()
