"""Spectrograms of signals that come in pieces: the level of every channel over time and pitch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

WINDOW_SAMPLES = 1024
_HOP_SAMPLES = 480
_HIGHEST_HZ = SAMPLE_RATE_HZ / 2
# Bands equally wide to the ear, so that voices (below 4 kHz) get more than half of the picture.
BANDS = 128
# More columns than this no screen shows; a longer signal gets longer columns.
MOST_COLUMNS = 2048
# Weaker than the loudest part by this much is drawn as silence.
DEPTH_DB = 70.0
_QUIETEST_DB = -90.0
# Black, violet, red, orange, pale yellow: brightness climbs evenly, so the picture reads without colour too.
_LEVEL_COLOURS = ((0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191))
_BLOCK_SAMPLES = 10 * SAMPLE_RATE_HZ


class SpectrogramColumns:
    """Band powers, column by column, as the samples for them arrive.

    Args:
        weights: (bin, band) of each of the 513 bins in each band; a full-scale tone has power 1 in its bin.
        hop_samples: from one column to the next.
        before: samples of silence before the signal; column 0 is centred on sample `512 - before`.
        after: samples of silence behind it, for the last columns.

    >>> columns = SpectrogramColumns(np.ones((513, 4), np.float32), 600, 212, 811)
    >>> [columns.feed(np.zeros((2, count), np.float32)).shape for count in (100, 2_300)], columns.rest().shape
    ([(0, 2, 4), (3, 2, 4)], (1, 2, 4))
    """

    def __init__(self, weights: NDArray[np.float32], hop_samples: int, before: int, after: int) -> None:
        window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(np.float32)
        self._window = window / window.sum() * 2
        self._weights = weights
        self._hop_samples = hop_samples
        self._after = after
        self._samples = np.zeros((2, before), np.float32)

    def feed(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the columns that are complete now, (column, channel, band).

        Args:
            signal: (2, any number of samples) at 24 kHz.
        """
        self._samples = np.concatenate([self._samples, signal], axis=1)
        power = self._power(self._samples)
        self._samples = self._samples[:, len(power) * self._hop_samples :].copy()
        return power

    def rest(self) -> NDArray[np.float32]:
        """Return the columns that silence behind the signal completes, (column, channel, band); feeding may go on."""
        return self._power(np.pad(self._samples, ((0, 0), (0, self._after))))

    def _power(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The powers of all whole windows."""
        count = max((samples.shape[1] - WINDOW_SAMPLES) // self._hop_samples + 1, 0)
        if not count:
            return np.zeros((0, len(samples), self._weights.shape[1]), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES, axis=1)
        spectra = np.fft.rfft(windows[:, : count * self._hop_samples : self._hop_samples] * self._window)
        power = (spectra.real**2 + spectra.imag**2) @ self._weights
        return np.ascontiguousarray(power.transpose(1, 0, 2))


class SpectrogramImage:
    """A spectrogram of bounded size: columns get longer as the signal does.

    >>> image = SpectrogramImage()
    >>> image.add(np.zeros((2, 24_000), np.float32))
    >>> image.levels_db().shape, image.duration_s
    ((2, 128, 51), 1.0)
    """

    def __init__(self) -> None:
        half = WINDOW_SAMPLES // 2  # the first window is centred on sample 0
        self._stream = SpectrogramColumns(_ear_weights(), _HOP_SAMPLES, half, half)
        self._columns = np.zeros((0, 2, BANDS), np.float32)
        self._frames = self._columns  # not yet enough for a column
        self._frames_of_column = 1
        self._sample_count = 0

    @property
    def duration_s(self) -> float:
        """Seconds of signal added so far."""
        return self._sample_count / SAMPLE_RATE_HZ

    @property
    def column_s(self) -> float:
        """Length of one column; it doubles when there are too many columns."""
        return self._frames_of_column * _HOP_SAMPLES / SAMPLE_RATE_HZ

    def add(self, signal: NDArray[np.float32]) -> None:
        """Add the next samples, (2, any number) at 24 kHz."""
        for start in range(0, signal.shape[1], _BLOCK_SAMPLES):
            block = signal[:, start : start + _BLOCK_SAMPLES]
            self._sample_count += block.shape[1]
            self._append(self._stream.feed(block))

    def levels_db(self) -> NDArray[np.float32]:
        """Return (channel, band, column) levels in dB below the loudest point of all channels: 0 at most, -70 at least.

        One reference for all channels keeps the level difference between them, which shows directions.
        """
        rest = np.concatenate([self._frames, self._stream.rest()])
        if self._frames_of_column > 1 and len(rest):
            rest = rest.mean(axis=0, keepdims=True)
        level_db = 10 * np.log10(np.concatenate([self._columns, rest]) + np.float32(1e-14))
        top_db = max(float(level_db.max(initial=_QUIETEST_DB)), _QUIETEST_DB)
        return np.clip(level_db - np.float32(top_db), -DEPTH_DB, 0.0).astype(np.float32).transpose(1, 2, 0)

    def _append(self, power: NDArray[np.float32]) -> None:
        """Average frames into columns, and columns pairwise once there are too many."""
        frames = np.concatenate([self._frames, power])
        whole = len(frames) // self._frames_of_column * self._frames_of_column
        self._frames = frames[whole:]
        self._columns = np.concatenate([self._columns, _averaged(frames[:whole], self._frames_of_column)])
        while len(self._columns) > MOST_COLUMNS:
            even = len(self._columns) // 2 * 2
            # A last column without partner goes back to the frames, which average to the same.
            last = np.repeat(self._columns[even:], self._frames_of_column, axis=0)
            self._frames = np.concatenate([last, self._frames])
            self._columns = _averaged(self._columns[:even], 2)
            self._frames_of_column *= 2


def band_of(frequency_hz: float) -> float:
    """Return the height of a frequency in the picture: 0 at the bottom, 1 at the top, 12 kHz.

    >>> band_of(0.0), band_of(12_000.0), 0.5 < band_of(4_000.0) < 0.7
    (0.0, 1.0, True)
    """
    return float(np.log1p(frequency_hz / 700.0) / np.log1p(_HIGHEST_HZ / 700.0))


def level_colours() -> NDArray[np.uint8]:
    """Return (256, 3) colours from silence to loud.

    >>> level_colours()[[0, 255]].tolist()
    [[0, 0, 4], [252, 253, 191]]
    """
    levels = np.linspace(0, 255, len(_LEVEL_COLOURS))
    columns = [np.interp(np.arange(256), levels, channel) for channel in zip(*_LEVEL_COLOURS, strict=True)]
    return np.rint(np.stack(columns, axis=1)).astype(np.uint8)


def _averaged(columns: NDArray[np.float32], together: int) -> NDArray[np.float32]:
    """Means of each `together` neighbours, whose number they divide."""
    mean: NDArray[np.float32] = columns.reshape(-1, together, *columns.shape[1:]).mean(axis=1)
    return mean


def _ear_weights() -> NDArray[np.float32]:
    """(bin, band) weights: each band the mean of some points in its range, read between the bins."""
    points = 8
    position = (np.arange(BANDS * points) + 0.5) / (BANDS * points)
    frequency_hz = 700.0 * np.expm1(position * np.log1p(_HIGHEST_HZ / 700.0))
    lower, share = np.divmod(frequency_hz * WINDOW_SAMPLES / SAMPLE_RATE_HZ, 1.0)
    weights = np.zeros((WINDOW_SAMPLES // 2 + 1, BANDS), np.float32)
    band = np.repeat(np.arange(BANDS), points)
    np.add.at(weights, (lower.astype(int), band), (1 - share) / points)
    np.add.at(weights, (lower.astype(int) + 1, band), share / points)
    return weights
