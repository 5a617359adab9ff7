"""Short-time spectra without torch."""

# T feature frame, N frequency bin

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from whence.features.settings import FeatureSettings
from whence.features.windows import hann

Array = NDArray[np.float32]
Spectra = NDArray[np.complex64]


def spectra(signal: Array, settings: FeatureSettings, left: int, right: int, border: str = "zero") -> Spectra:
    """Windowed Fourier transforms of (..., sample) with `left` and `right` border samples: (..., T, N) complex64."""
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
