"""Windows and filters: the constant arrays under spectra and resampling, without torch."""

import numpy as np
from numpy.typing import NDArray

# Two outputs for every three inputs: one on an input sample, the next halfway between two.
STRIDE = 3
HALF_WIDTH = 150  # input samples either side of an output; 6.3 ms look-ahead
_CUTOFF_HZ = 7_800.0  # 0.03 dB down at 7.6 kHz, 50 at 8 kHz, over 90 from 8.06 kHz on
_KAISER_BETA = 10.0


def resampling_kernels() -> NDArray[np.float32]:
    """The two windowed-sinc filters of 24 -> 16 kHz.

    Returns:
        (2, 2 * HALF_WIDTH + 1): for the outputs at 3k and at 3k + 1.5 input samples.

    >>> resampling_kernels().sum(axis=1).round(4)
    array([1., 1.], dtype=float32)
    """
    offsets = np.arange(-HALF_WIDTH, HALF_WIDTH + 1) - np.array([[0.0], [1.5]])
    relative = offsets / HALF_WIDTH
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - relative**2, 0.0, None))) / np.i0(_KAISER_BETA)
    window[np.abs(relative) > 1] = 0.0
    bandwidth = 2.0 * _CUTOFF_HZ / 24_000.0
    return np.asarray(bandwidth * np.sinc(bandwidth * offsets) * window, dtype=np.float32)


def hann(length: int) -> NDArray[np.float32]:
    """A periodic Hann window, which is what spectrograms use (the symmetric one repeats its zero).

    >>> hann(4)
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)).astype(np.float32)
