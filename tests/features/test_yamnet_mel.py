"""YAMNet's front end against its definition written out."""

from dataclasses import replace

import numpy as np
import torch

from whence.features.mel import mel_filterbank
from whence.features.settings import yamnet_mel_settings
from whence.features.yamnet_mel import SILENCE, YamnetMel


def slow_yamnet_mel(signal):
    """400-sample Hann frames every 160 without centring, magnitude of 512 points, 64 bands, ln(x + 0.001)."""
    bank = mel_filterbank(yamnet_mel_settings()).astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = [signal[160 * t : 160 * t + 400] * window for t in range((len(signal) - 400) // 160 + 1)]
    return np.log(np.array([bank @ np.abs(np.fft.rfft(frame, 512)) for frame in frames]) + 0.001)


def test_it_equals_the_slow_definition_where_the_original_has_frames():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(4000)
    signal[1000:2000] = 0
    found = YamnetMel(yamnet_mel_settings()).from_mono(torch.from_numpy(signal)[None, None].float())
    expected = slow_yamnet_mel(signal)
    assert found.shape == (1, 1, 25, 64)
    assert expected.shape == (23, 64)
    np.testing.assert_allclose(found[0, 0, :23].numpy(), expected, atol=1e-4)


def test_five_seconds_give_a_frame_every_10_ms():
    assert YamnetMel(yamnet_mel_settings())(torch.zeros(1, 2, 120_000)).shape == (1, 1, 500, 64)


def test_silence_is_what_its_constant_says():
    maps = YamnetMel(yamnet_mel_settings())(torch.zeros(1, 2, 24_000))
    torch.testing.assert_close(maps, torch.full_like(maps, SILENCE), rtol=0, atol=1e-5)


def test_peak_normalization_makes_loudness_irrelevant_clip_by_clip():
    front_end = YamnetMel(replace(yamnet_mel_settings(), maps=("left", "right"), peak_normalized=True))
    signal = torch.randn(2, 2, 9600, generator=torch.Generator().manual_seed(1))
    quieter = signal * torch.tensor([1e-3, 10.0])[:, None, None]
    torch.testing.assert_close(front_end(quieter), front_end(signal), rtol=0, atol=1e-4)
    assert float(front_end(torch.zeros(1, 2, 9600)).max()) < -6.9
    # The level difference between the channels of a clip is kept.
    louder_left = signal * torch.tensor([2.0, 1.0])[:, None]
    maps = front_end(louder_left)
    assert float((maps[:, 0] - maps[:, 1]).mean()) > 0.3


def test_the_gradient_is_finite_in_silence():
    signal = torch.zeros(1, 2, 4800, requires_grad=True)
    YamnetMel(yamnet_mel_settings())(signal).sum().backward()
    assert bool(torch.isfinite(signal.grad).all())
