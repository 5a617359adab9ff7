"""Octave gains become a smooth frequency response: one mask per octave, and all masks add up to one."""

import numpy as np
from numpy.typing import NDArray

from whence.scenes.rooms.room import BANDS_HZ
from whence.units import SAMPLE_RATE_HZ

# A closed room of perfect walls would be pumped up like a tyre by each image; air leaks and microphones hear no such.
_SILENT_HZ, _HEARD_HZ = 20.0, 60.0


def octave_masks(fft_length: int) -> NDArray[np.float64]:
    """Weight each frequency by how near it is to each octave's centre.

    Multiplying a spectrum by the masks and summing with one gain per octave interpolates the gains over the
    logarithm of frequency (raised cosines), without delay. Below 125 Hz and above 8 kHz the outer gains hold.

    Args:
        fft_length: samples at 24 kHz.

    Returns:
        (band, fft_length // 2 + 1), columns sum to 1.

    >>> bool(np.allclose(octave_masks(512).sum(axis=0), 1.0))
    True
    """
    frequency_hz = np.fft.rfftfreq(fft_length, 1 / SAMPLE_RATE_HZ)
    octave = np.log2(np.maximum(frequency_hz, BANDS_HZ[0]) / BANDS_HZ[0]).clip(max=len(BANDS_HZ) - 1)
    away = np.abs(octave - np.arange(len(BANDS_HZ))[:, None])
    return np.asarray(np.where(away < 1.0, np.cos(np.minimum(away, 1.0) * np.pi / 2) ** 2, 0.0))


def rumble_mask(fft_length: int) -> NDArray[np.float64]:
    """(fft_length // 2 + 1,) 0 below 20 Hz, rising to 1 at 60 Hz: what reflections must not hold."""
    frequency_hz = np.fft.rfftfreq(fft_length, 1 / SAMPLE_RATE_HZ)
    rise = ((frequency_hz - _SILENT_HZ) / (_HEARD_HZ - _SILENT_HZ)).clip(0.0, 1.0)
    return np.asarray(np.sin(rise * np.pi / 2) ** 2)
