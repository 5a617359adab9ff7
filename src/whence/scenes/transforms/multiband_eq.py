"""Multi-band equalizer: each octave of a sound a little louder or softer, as another microphone would have it.

It is a symmetric filter of 513 taps, so nothing moves in time. It multiplies a spectrum that the room convolution
computes anyway, so the equalizer costs one multiplication per bin.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whence.settings import check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

# Octaves; the first band reaches down to 0 and the last up to 12 kHz.
BAND_CENTRES_HZ = (125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0)

# The filter reaches this far before and after a sample (11 ms): shorter, and the lowest two bands would be one.
HALF_WIDTH_SAMPLES = 256


@dataclass(frozen=True)
class MultibandEqSettings:
    """How often and how strong.

    Args:
        probability: share of events equalized, 0 to 1.
        gain_db: lowest and highest gain of a band, dB; each band is drawn independently.
    """

    probability: float = 0.3
    gain_db: tuple[float, float] = (-6.0, 6.0)

    def __post_init__(self) -> None:
        check_probability("multiband_eq.probability", self.probability)
        check_span("multiband_eq.gain_db", self.gain_db, -40, 40)


def draw_multiband_eq(rng: np.random.Generator, settings: MultibandEqSettings) -> tuple[float, ...]:
    """Draw the gain of each band in dB; empty for an event left alone."""
    if rng.random() >= settings.probability:
        return ()
    return tuple(float(gain) for gain in rng.uniform(*settings.gain_db, size=len(BAND_CENTRES_HZ)))


def eq_curve(eq_db: tuple[float, ...], fft_length: int, device: torch.device) -> torch.Tensor:
    """Return the spectrum of (band,) gains in dB: (bin,) real factors for the bins of `torch.fft.rfft`."""
    amplitude = torch.tensor(10 ** (np.asarray(eq_db) / 20), dtype=torch.float32, device=device)
    return amplitude @ _band_spectra(fft_length, device)


def apply_multiband_eq(spectrum: torch.Tensor, curve: torch.Tensor) -> None:
    """Equalize a spectrum in place.

    `spectrum` is (channel, bin) complex, `curve` (bin,) of `eq_curve`. The signal must be zero (circularly) for 256
    samples at both ends, since the filter reaches that far to either side.
    """
    spectrum *= curve


@functools.cache
def band_taps() -> NDArray[np.float64]:
    """Return (band, 513): a bank of symmetric band-pass filters that add up to a single tap."""
    length = 4 * HALF_WIDTH_SAMPLES
    frequency = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    octave = np.log2(np.maximum(frequency, BAND_CENTRES_HZ[0]) / BAND_CENTRES_HZ[0])
    # Triangles one octave wide to either side: neighbours share every frequency and sum to 1.
    share = np.maximum(0, 1 - np.abs(np.minimum(octave, len(BAND_CENTRES_HZ) - 1) - np.arange(7)[:, None]))
    circular = np.fft.irfft(share, length)
    taps = np.roll(circular, HALF_WIDTH_SAMPLES, axis=1)[:, : 2 * HALF_WIDTH_SAMPLES + 1]
    return np.asarray(taps * np.hanning(2 * HALF_WIDTH_SAMPLES + 3)[1:-1])


@functools.lru_cache(maxsize=8)
def _band_spectra(fft_length: int, device: torch.device) -> torch.Tensor:
    """(band, bin) real spectra of the bank with its middle tap at time 0."""
    centred = np.zeros((len(BAND_CENTRES_HZ), fft_length))
    centred[:, : 2 * HALF_WIDTH_SAMPLES + 1] = band_taps()
    spectra = np.fft.rfft(np.roll(centred, -HALF_WIDTH_SAMPLES, axis=1)).real
    return torch.from_numpy(spectra.astype(np.float32)).to(device)
