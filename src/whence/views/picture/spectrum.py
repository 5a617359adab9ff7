"""A signal of any length becomes a small image of its level over time and pitch, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

_HIGHEST_HZ = SAMPLE_RATE_HZ / 2
_WINDOW, _HOP = 1024, 480
# Bands equally wide to the ear, so that voices (below 4 kHz) get more than half of the picture.
BANDS = 128
# More columns than this no screen shows; a longer signal gets longer columns.
MOST_COLUMNS = 2048
# Weaker than the loudest part by this much is drawn as silence.
DEPTH_DB = 70.0
_QUIETEST_DB = -90.0
_BLOCK = 10 * SAMPLE_RATE_HZ


class Spectrum:
    """The power of every channel by band and column, gathered block by block.

    Args:
        channel_count: how many channels the blocks have.

    >>> spectrum = Spectrum()
    >>> spectrum.add(np.zeros((2, 24_000), np.float32))
    >>> spectrum.levels_db().shape, spectrum.duration_s
    ((2, 128, 51), 1.0)
    """

    def __init__(self, channel_count: int = 2) -> None:
        self._columns = np.zeros((channel_count, BANDS, 0), np.float32)
        self._frames = np.zeros((channel_count, BANDS, 0), np.float32)  # not yet enough for a column
        self._samples = np.zeros((channel_count, _WINDOW // 2), np.float32)  # the first window is centred on sample 0
        self._frames_of_column = 1
        self._sample_count = 0

    @property
    def duration_s(self) -> float:
        """How long the signal is that was added."""
        return self._sample_count / SAMPLE_RATE_HZ

    @property
    def column_s(self) -> float:
        """How much time one column stands for; it doubles where the signal grows long."""
        return self._frames_of_column * _HOP / SAMPLE_RATE_HZ

    def add(self, signal: NDArray[np.float32]) -> None:
        """Take the next samples, (channel, any number) at 24 kHz."""
        for start in range(0, signal.shape[1], _BLOCK):
            block = signal[:, start : start + _BLOCK]
            self._sample_count += block.shape[1]
            self._samples, power = _power(np.concatenate([self._samples, block], axis=1))
            self._keep(power)

    def levels_db(self) -> NDArray[np.float32]:
        """(channel, band, column) level in dB below the loudest place of all channels: 0 at most, -70 at least.

        One top for all channels keeps what tells directions: which of them is louder.
        """
        _, power = _power(np.pad(self._samples, ((0, 0), (0, _WINDOW // 2))))
        rest = np.concatenate([self._frames, power], axis=2)
        if self._frames_of_column > 1 and rest.shape[2]:
            rest = rest.mean(axis=2, keepdims=True)
        columns = (self._columns, rest)
        level_db = 10 * np.log10(np.concatenate(columns, axis=2) + np.float32(1e-14))
        top_db = max(float(level_db.max(initial=_QUIETEST_DB)), _QUIETEST_DB)
        return np.clip(level_db - np.float32(top_db), -DEPTH_DB, 0.0).astype(np.float32)

    def _keep(self, power: NDArray[np.float32]) -> None:
        """Average frames into columns, and columns pairwise once there are too many."""
        frames = np.concatenate([self._frames, power], axis=2)
        whole = frames.shape[2] // self._frames_of_column
        self._frames = frames[:, :, whole * self._frames_of_column :]
        made = _averaged(frames[:, :, : whole * self._frames_of_column], self._frames_of_column)
        self._columns = np.concatenate([self._columns, made], axis=2)
        while self._columns.shape[2] > MOST_COLUMNS:
            odd = self._columns.shape[2] % 2
            # A last column without partner goes back to the frames, which average to the same.
            last = np.repeat(self._columns[:, :, self._columns.shape[2] - odd :], self._frames_of_column, axis=2)
            self._frames = np.concatenate([last, self._frames], axis=2)
            self._columns = _averaged(self._columns[:, :, : self._columns.shape[2] - odd], 2)
            self._frames_of_column *= 2


def band_of(frequency_hz: float) -> float:
    """Where a frequency stands in the picture: 0 at the bottom, 1 at the top, 12 kHz.

    >>> band_of(0.0), band_of(12_000.0), 0.5 < band_of(4_000.0) < 0.7
    (0.0, 1.0, True)
    """
    return float(np.log1p(frequency_hz / 700.0) / np.log1p(_HIGHEST_HZ / 700.0))


def _averaged(values: NDArray[np.float32], together: int) -> NDArray[np.float32]:
    """Means of each `together` neighbours on the last axis, whose length they divide."""
    mean: NDArray[np.float32] = values.reshape(*values.shape[:2], -1, together).mean(axis=3)
    return mean


def _power(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The samples that belong to later windows too, and the power of all whole windows, (channel, band, frame)."""
    from scipy.fft import rfft

    frames = max(0, (samples.shape[1] - _WINDOW) // _HOP + 1)
    if not frames:
        return samples, np.zeros((len(samples), BANDS, 0), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW, axis=1)[:, ::_HOP][:, :frames]
    taper = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(rfft(windows * taper, axis=2)) ** 2 * np.float32(4.0 / taper.sum() ** 2)
    return samples[:, frames * _HOP :].copy(), np.ascontiguousarray((power @ _bands()).swapaxes(1, 2))


def _bands() -> NDArray[np.float32]:
    """(bin, band) weights: each band the mean of some places in its range, read between the bins."""
    places = 8
    position = (np.arange(BANDS * places) + 0.5) / (BANDS * places)
    frequency_hz = 700.0 * np.expm1(position * np.log1p(_HIGHEST_HZ / 700.0))
    lower, share = np.divmod(frequency_hz * _WINDOW / SAMPLE_RATE_HZ, 1.0)
    weights = np.zeros((_WINDOW // 2 + 1, BANDS), np.float32)
    band = np.repeat(np.arange(BANDS), places)
    np.add.at(weights, (lower.astype(int), band), (1 - share) / places)
    np.add.at(weights, (lower.astype(int) + 1, band), share / places)
    return weights
