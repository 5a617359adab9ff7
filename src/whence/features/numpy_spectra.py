"""Windows, resampling filters and short-time spectra, without torch."""

# T feature frame, N frequency bin

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from whence.features.settings import FeatureSettings

Array = NDArray[np.float32]
Spectra = NDArray[np.complex64]

# Two outputs for every three inputs: one on an input sample, the next halfway between two.
STRIDE = 3
HALF_WIDTH = 150  # input samples either side of an output; 6.3 ms look-ahead
_CUTOFF_HZ = 7_800.0  # 0.03 dB down at 7.6 kHz, 50 at 8 kHz, over 90 from 8.06 kHz on
_KAISER_BETA = 10.0


def hann(length: int) -> Array:
    """Return a periodic Hann window, which is what spectrograms use (the symmetric one repeats its zero).

    >>> hann(4)
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)).astype(np.float32)


def resampling_kernels() -> Array:
    """Return the two windowed-sinc filters of 24 -> 16 kHz.

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


def spectra(signal: Array, settings: FeatureSettings, left: int, right: int, border: str = "zero") -> Spectra:
    """Return Fourier transforms (..., T, N) of (..., sample) with `left` and `right` border samples."""
    before = (settings.fft - settings.window) // 2 if left else 0
    window = np.zeros(settings.fft, np.float32)
    window[before : before + settings.window] = hann(settings.window)
    widths = [(0, 0)] * (signal.ndim - 1) + [(left, right)]
    padded = np.pad(signal, widths, mode="reflect" if border == "reflect" else "constant")
    frames = sliding_window_view(padded, settings.fft, axis=-1)[..., :: settings.hop, :]
    return np.asarray(scipy.fft.rfft(frames * window, axis=-1), dtype=np.complex64)


def power(spectrum: Spectra) -> Array:
    """|X|^2."""
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)
