"""Noise of any colour, and any sound recoloured: by its spectrum, in one Fourier transform."""

from collections.abc import Sequence

import numpy as np

from whence.synth.waves import Wave, sample_count
from whence.units import SAMPLE_RATE_HZ

# (frequency in Hz, gain in dB) points of a spectrum; between them the gain is a straight line over log frequency.
Curve = Sequence[tuple[float, float]]


def gain_at(frequency_hz: Wave, curve: Curve) -> Wave:
    """Read a gain curve at any frequencies.

    Args:
        frequency_hz: any shape, >= 0; below the first and above the last point the curve stays level.
        curve: points in rising frequency.

    Returns:
        same shape, linear gain (not dB).

    >>> gain_at(np.array([50.0, 100.0, 200.0, 400.0]), [(100, 0), (400, -40)])
    array([1.  , 1.  , 0.1 , 0.01])
    """
    points_hz, gains_db = np.array(curve, dtype=float).T
    octaves = np.log2(np.maximum(frequency_hz, 1.0))
    return np.asarray(10 ** (np.interp(octaves, np.log2(points_hz), gains_db) / 20))


def equalised(wave: Wave, curve: Curve) -> Wave:
    """Recolour a sound by a gain curve without shifting its phase.

    Args:
        wave: (sample,).
        curve: (Hz, dB) points.

    Returns:
        (sample,) same length.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(wave) + SAMPLE_RATE_HZ // 50, real=True)
    frequency_hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ).astype(np.float64)
    return np.asarray(irfft(rfft(wave, size) * gain_at(frequency_hz, curve), size)[: len(wave)])


def coloured(rng: np.random.Generator, duration_s: float, curve: Curve) -> Wave:
    """Draw steady noise of a given colour with standard deviation 1.

    Args:
        rng: source of chance.
        duration_s: seconds.
        curve: (Hz, dB) points; only the shape counts, not the level.

    Returns:
        (sample,) Gaussian noise.
    """
    noise = equalised(rng.standard_normal(sample_count(duration_s)), curve)
    return noise / max(float(noise.std()), 1e-12)


def band(low_hz: float, high_hz: float, slope_db: float = 24.0) -> Curve:
    """Say a pass band as a curve that falls by `slope_db` an octave on either side."""
    return [(low_hz / 8, -3 * slope_db), (low_hz, 0), (high_hz, 0), (high_hz * 8, -3 * slope_db)]


def colour_of_a_microphone(rng: np.random.Generator) -> Curve:
    """Draw what distance, case and microphone do to any recording: a few dB here and there, often no lows or highs."""
    octaves_hz = 31.25 * 2.0 ** np.arange(10)
    gains_db = rng.normal(0.0, 1.5, 10) + rng.normal(0.0, 0.8) * (np.arange(10) - 5)
    if rng.random() < 0.4:
        gains_db -= 12 * np.maximum(0, np.log2(rng.uniform(50, 180) / octaves_hz))
    if rng.random() < 0.3:
        gains_db -= 18 * np.maximum(0, np.log2(octaves_hz / rng.uniform(5000, 12_000)))
    return list(zip(octaves_hz.tolist(), gains_db.tolist(), strict=True))
