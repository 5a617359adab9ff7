"""Spectrograms: the same for pieces of any size, of bounded size for long signals, and with the right scales."""

import numpy as np
import pytest

from whence.views import SpectrogramImage, level_colours
from whence.views.spectrogram import MOST_COLUMNS, band_of


def test_blocks_of_any_size_give_the_same_spectrogram():
    signal = np.random.default_rng(2).normal(0, 0.1, (2, 60_000)).astype(np.float32)
    whole, parts = SpectrogramImage(), SpectrogramImage()
    whole.add(signal)
    rng, start = np.random.default_rng(3), 0
    while start < signal.shape[1]:
        size = int(rng.integers(1, 3_000))
        parts.add(signal[:, start : start + size])
        start += size
    np.testing.assert_allclose(whole.levels_db(), parts.levels_db(), atol=1e-4)
    assert parts.duration_s == whole.duration_s == 2.5


def test_a_long_signal_has_few_columns_that_still_cover_it():
    spectrogram, short = SpectrogramImage(), np.random.default_rng(4).normal(0, 0.1, (2, 240_000)).astype(np.float32)
    for _ in range(13):
        spectrogram.add(short)
    columns = spectrogram.levels_db().shape[2]
    assert MOST_COLUMNS / 2 < columns <= MOST_COLUMNS + 1
    assert columns * spectrogram.column_s == pytest.approx(spectrogram.duration_s, abs=2 * spectrogram.column_s)


@pytest.mark.parametrize("most", [5, 16, 40])
def test_a_column_of_a_long_signal_is_the_mean_of_its_frames(most, monkeypatch):
    """Beside a spectrogram that keeps every frame; both are relative to their own top, so ratios are compared."""
    signal = np.random.default_rng(5).normal(0, 0.1, (2, 50_000)).astype(np.float32)
    every, few = SpectrogramImage(), SpectrogramImage()
    every.add(signal)
    monkeypatch.setattr("whence.views.spectrogram.MOST_COLUMNS", most)
    for start in range(0, 50_000, 7_000):
        few.add(signal[:, start : start + 7_000])
    together = round(few.column_s / 0.02)
    assert together > 1
    frames, columns = (10 ** (spectrogram.levels_db() / 10.0) for spectrogram in (every, few))
    whole = frames.shape[2] // together
    assert whole <= columns.shape[2] <= most + 1
    mean = frames[:, :, : whole * together].reshape(2, 128, whole, together).mean(axis=3)
    ratio = columns[:, :, :whole] / mean
    np.testing.assert_allclose(ratio, ratio[0, 0, 0], rtol=1e-3)


def test_a_tone_is_brightest_in_its_band_and_on_its_side():
    time = np.arange(24_000) / 24_000
    tone = np.sin(2 * np.pi * 3_000 * time).astype(np.float32)
    spectrogram = SpectrogramImage()
    spectrogram.add(np.stack([tone, 0.1 * tone]))
    levels_db = spectrogram.levels_db()[:, :, 10:-10]
    assert abs(int(levels_db[0, :, 5].argmax()) + 0.5 - 128 * band_of(3_000.0)) < 1.5
    assert levels_db[0].max() == pytest.approx(0.0, abs=0.1)
    assert levels_db[1].max() == pytest.approx(-20.0, abs=0.1)


def test_colours_become_brighter_with_the_level():
    brightness = level_colours() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(brightness) > -0.6).all()
