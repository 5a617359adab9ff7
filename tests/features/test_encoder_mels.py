"""The encoders' log-mels against their definitions written out; 24 -> 16 kHz against the sinc sum and soxr."""

from dataclasses import replace

import numpy as np
import soxr
import torch

from whence.features.encoder_mels import DashengMel, EfficientatMel, To16k, YamnetMel
from whence.features.mel import mel_filterbank
from whence.features.numpy_spectra import HALF_WIDTH, resampling_kernels
from whence.features.settings import (
    EFFICIENTAT_SILENCE,
    SILENCE,
    dasheng_mel_settings,
    efficientat_mel_settings,
    yamnet_mel_settings,
)


def resampled(signal):
    return To16k()(torch.from_numpy(np.asarray(signal, np.float32))[None, None])[0, 0].numpy()


def test_resampling_equals_the_sum_over_input_samples():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(700)
    kernels = resampling_kernels().astype(np.float64)
    expected = []
    for n in range(-(-2 * 700 // 3)):
        centre = 3 * (n // 2)
        total = 0.0
        for tap in range(2 * HALF_WIDTH + 1):
            index = centre + tap - HALF_WIDTH
            if 0 <= index < 700:
                total += kernels[n % 2, tap] * signal[index]
        expected.append(total)
    np.testing.assert_allclose(resampled(signal), expected, atol=1e-5)


def test_a_tone_comes_out_as_the_same_tone_at_16_khz():
    for hz in (50.0, 1000.0, 7500.0):
        tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 24_000)
        expected = np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000)
        np.testing.assert_allclose(resampled(tone)[300:-300], expected[300:-300], atol=2e-3)


def test_frequencies_above_8_khz_are_gone():
    for hz in (8100.0, 9000.0, 11_900.0):
        tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 24_000)
        assert np.abs(resampled(tone)[300:-300]).max() < 2e-4


def test_resampling_agrees_with_soxr_below_7_khz():
    spectrum = np.fft.rfft(np.random.default_rng([1, 0, 1]).standard_normal(48_000))
    spectrum[14_000:] = 0
    signal = np.fft.irfft(spectrum, 48_000)
    difference = resampled(signal) - soxr.resample(signal, 24_000, 16_000, "VHQ")
    assert np.abs(difference[500:-500]).max() < 1e-4


def test_resampled_lengths():
    for length in (1, 2, 3, 4, 119_999, 120_000):
        assert resampled(np.zeros(length)).shape == (-(-2 * length // 3),)
    assert To16k()(torch.zeros(2, 3, 0)).shape == (2, 3, 0)


def test_an_impulse_keeps_its_time():
    signal = np.zeros(3000)
    signal[1500] = 1.0
    assert int(np.abs(resampled(signal)).argmax()) == 1000


def slow_dasheng_mel(signal):
    """One mono clip at 16 kHz: mirrored ends, 512-point Hann frames every 160, HTK mels, dB, 120 under the top."""
    bank = mel_filterbank(dasheng_mel_settings()).astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    padded = np.pad(signal, 256, mode="reflect")
    frames = [
        bank @ np.abs(np.fft.rfft(padded[160 * t : 160 * t + 512] * window)) ** 2 for t in range(len(signal) // 160 + 1)
    ]
    level = 10 * np.log10(np.maximum(frames, 1e-10))
    return np.maximum(level, level.max() - 120)


def test_dasheng_mel_equals_the_slow_definition_at_16_khz():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(4001)
    signal[1000:2000] = 0
    found = DashengMel(dasheng_mel_settings()).from_mono(torch.from_numpy(signal)[None, None].float())
    np.testing.assert_allclose(found[0, 0].numpy(), slow_dasheng_mel(signal), atol=2e-3)


def test_five_seconds_have_501_frames_for_dasheng():
    assert DashengMel(dasheng_mel_settings())(torch.zeros(2, 2, 120_000)).shape == (2, 1, 501, 64)


def test_the_range_is_taken_per_clip_and_channel():
    signal = torch.randn(1, 1, 4800, generator=torch.Generator().manual_seed(1))
    front_end = DashengMel(dasheng_mel_settings())
    alone = front_end.from_mono(1e-4 * signal)
    in_a_batch = front_end.from_mono(torch.cat((1e-4 * signal, 1e4 * signal)))
    torch.testing.assert_close(in_a_batch[:1], alone, rtol=0, atol=1e-3)


def test_mid_follows_the_sum_and_ignores_a_swap():
    signal = torch.randn(1, 2, 9600, generator=torch.Generator().manual_seed(2))
    front_end = DashengMel(dasheng_mel_settings())
    assert torch.equal(front_end(signal), front_end(signal.flip(1)))
    both = DashengMel(replace(dasheng_mel_settings(), maps=("left", "right")))
    # A transform may round differently at another index of a batch.
    torch.testing.assert_close(both(signal).flip(1), both(signal.flip(1)), rtol=0, atol=1e-3)


def slow_yamnet_mel(signal):
    """400-sample Hann frames every 160 without centring, magnitude of 512 points, 64 bands, ln(x + 0.001)."""
    bank = mel_filterbank(yamnet_mel_settings()).astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = [signal[160 * t : 160 * t + 400] * window for t in range((len(signal) - 400) // 160 + 1)]
    return np.log(np.array([bank @ np.abs(np.fft.rfft(frame, 512)) for frame in frames]) + 0.001)


def test_yamnet_mel_equals_the_slow_definition_where_the_original_has_frames():
    signal = np.random.default_rng([1, 0, 0]).standard_normal(4000)
    signal[1000:2000] = 0
    found = YamnetMel(yamnet_mel_settings()).from_mono(torch.from_numpy(signal)[None, None].float())
    expected = slow_yamnet_mel(signal)
    assert found.shape == (1, 1, 25, 64)
    assert expected.shape == (23, 64)
    np.testing.assert_allclose(found[0, 0, :23].numpy(), expected, atol=1e-4)


def test_five_seconds_have_a_frame_every_10_ms_for_yamnet():
    assert YamnetMel(yamnet_mel_settings())(torch.zeros(1, 2, 120_000)).shape == (1, 1, 500, 64)


def test_silence_has_the_value_of_its_constant():
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


def slow_efficientat_mel(signal_32k: np.ndarray) -> np.ndarray:
    """The published front end at 32 kHz, frame by frame: (frame, band)."""
    emphasized = signal_32k[1:] - 0.97 * signal_32k[:-1]
    padded = np.pad(emphasized, 512, mode="reflect")
    window = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799), 112)
    frames = [padded[at : at + 1024] * window for at in range(0, len(padded) - 1023, 320)]
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    mel = 1127 * np.log1p(np.arange(513) * 31.25 / 700)
    edges = np.linspace(0, 1127 * np.log1p(15_000 / 700), 130)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(0, np.minimum((mel - low) / (peak - low), (high - mel) / (high - peak)))
    bank[:, -1] = 0
    return (np.log(power @ bank.T + 1e-5) + 4.5) / 5


def test_efficientat_hears_at_24_khz_what_it_heard_at_32():
    rng = np.random.default_rng(1)
    # Noise whose spectrum falls, as that of most sounds, with a silent part.
    signal = np.cumsum(rng.standard_normal(72_000)) * 0.002
    signal -= np.convolve(signal, np.ones(201) / 201, mode="same")
    signal[30_000:40_000] *= 1e-3
    signal = signal.astype(np.float32)
    maps = EfficientatMel(efficientat_mel_settings())(torch.from_numpy(np.stack([signal, signal]))[None])[0, 0].numpy()
    expected = slow_efficientat_mel(soxr.resample(signal, 24_000, 32_000, quality="VHQ"))
    frames = min(len(maps), len(expected))
    assert len(maps) == 301
    # Up to 11.5 kHz, above which the resampling's own filter counts; a unit is 43 dB.
    apart = np.abs(maps[3 : frames - 3, :111] - expected[3 : frames - 3, :111])
    assert apart.mean() < 0.01
    assert np.quantile(apart, 0.99) < 0.1
    # Above 12 kHz there is nothing.
    np.testing.assert_allclose(maps[:, 121:], EFFICIENTAT_SILENCE, atol=1e-5)
