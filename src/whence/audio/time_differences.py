"""Time differences between two channels, by correlation of their phases."""

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

MOST_LAG = 48
"""Samples at 24 kHz: 2 ms, or 69 cm of path."""
LAGS = np.arange(-MOST_LAG, MOST_LAG + 1)
"""The differences that are compared, in samples, positive where the left channel is earlier."""
_USED_HZ = (200.0, 9_000.0)


def phase_correlation(
    signal: NDArray[np.float32],
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    """Compare two channels at each of `LAGS` (GCC-PHAT, Knapp and Carter 1976).

    Args:
        signal: (2, sample) at 24 kHz, left first, some hundredths of a second.

    Returns:
        the correlation at each of `LAGS`, 1 where all frequencies agree; the power of each channel (2, bin); and the
        frequencies of the bins in Hz.

    >>> noise = np.random.default_rng(0).normal(size=1_000).astype(np.float32)
    >>> left_is_earlier = np.stack([noise[7:], noise[:-7]])
    >>> int(LAGS[phase_correlation(left_is_earlier)[0].argmax()])
    7
    """
    count = signal.shape[1]
    size = 2 * count
    spectra = np.fft.rfft(signal * np.hanning(count).astype(np.float32), size, axis=1)
    frequencies = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    used = (frequencies >= _USED_HZ[0]) & (frequencies < _USED_HZ[1])
    cross = np.conj(spectra[0]) * spectra[1]
    phases = np.where(used, cross / np.maximum(np.abs(cross), 1e-20), 0)
    correlation = np.fft.irfft(phases, size) * size / (2 * max(int(used.sum()), 1))
    found = np.concatenate([correlation[-MOST_LAG:], correlation[: MOST_LAG + 1]])
    return found, np.square(np.abs(spectra)), frequencies
