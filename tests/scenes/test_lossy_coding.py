"""MP3, AAC and Opus in joint stereo."""

import importlib.util

import numpy as np
import pytest
import torch

from whence.errors import MissingExtraError
from whence.scenes.transforms.lossy_coding import (
    LossyCoding,
    LossyCodingSettings,
    apply_lossy_coding,
    draw_lossy_coding,
)


def soft_noise():
    """Two related channels with a click to find delays by."""
    noise = np.random.default_rng(0).normal(size=(2, 24_000))
    smooth = np.array([np.convolve(row, np.hanning(16), "same") for row in noise]) * 0.03
    smooth[1] = 0.5 * smooth[0] + 0.2 * smooth[1]
    return torch.from_numpy(smooth.astype(np.float32))


@pytest.mark.parametrize("codec", ["mp3", "aac", "opus"])
def test_a_coded_clip_is_in_time_and_nearly_the_same(codec):
    clip = soft_noise()
    coded = apply_lossy_coding(clip, LossyCoding(codec, 128_000))
    assert coded.shape == clip.shape
    lost = float((coded - clip).square().sum() / clip.square().sum())
    assert 1e-6 < lost < 0.05
    assert torch.equal(coded, apply_lossy_coding(clip, LossyCoding(codec, 128_000)))


def test_fewer_bits_lose_more():
    clip = soft_noise()
    losses = [
        float((apply_lossy_coding(clip, LossyCoding("mp3", rate)) - clip).square().sum()) for rate in (32_000, 128_000)
    ]
    assert losses[0] > 1.5 * losses[1]


def test_codecs_are_drawn_by_weight_at_the_rates_asked_for():
    rng = np.random.default_rng(0)
    settings = LossyCodingSettings(probability=0.5, codecs={"mp3": 1, "opus": 1}, kbps=(64, 96))
    drawn = [coding for coding in (draw_lossy_coding(rng, settings) for _ in range(200)) if coding is not None]
    assert 70 < len(drawn) < 130
    assert {coding.codec for coding in drawn} == {"mp3", "opus"}
    assert all(64_000 <= coding.bit_rate <= 96_000 for coding in drawn)
    assert draw_lossy_coding(rng, LossyCodingSettings()) is None


def test_without_pyav_a_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="lossy coding"):
        apply_lossy_coding(soft_noise(), LossyCoding("aac", 96_000))
