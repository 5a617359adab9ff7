"""The building blocks of every generated sound at 24 kHz: random draws, control curves, fades, mixing and noise.

Functions that draw take a `numpy.random.Generator` first. Sounds are (sample,) float64 until they are `finished`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

Choice = TypeVar("Choice")
Wave = NDArray[np.float64]
# Makes one sound, not yet finished.
Generator = Callable[[np.random.Generator], Wave]

# (frequency in Hz, gain in dB) points of a spectrum; between them the gain is a straight line over log frequency.
Curve = Sequence[tuple[float, float]]

# Where every finished sound peaks: below full scale, so that resampling and filtering later do not clip.
PEAK = 0.9

# An end this far below the peak is cut off: it is inaudible and costs time.
_INAUDIBLE = 10 ** (-66 / 20)
_LEAD_S = 0.004
_TAIL_S = 0.012


def sample_count(duration_s: float) -> int:
    """Return the samples of a duration, at least one.

    >>> sample_count(0.5)
    12000
    """
    return max(1, round(duration_s * SAMPLE_RATE_HZ))


def times_s(duration_s: float) -> Wave:
    """Return the time of each sample in seconds, from 0, (sample,)."""
    return np.arange(sample_count(duration_s)) / SAMPLE_RATE_HZ


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform, as suits frequencies, sizes and times."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return True with the given probability."""
    return bool(rng.random() < probability)


def weighted_choice(rng: np.random.Generator, weights: Mapping[Choice, float]) -> Choice:
    """Draw one key of a mapping by its weight; weights need not sum to one.

    >>> weighted_choice(np.random.default_rng(0), {"door": 3.0, "drawer": 0.0})
    'door'
    """
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def one_of(rng: np.random.Generator, kinds: Mapping[Generator, float]) -> Wave:
    """Draw one of several generators by its weight, and return its sound."""
    return weighted_choice(rng, kinds)(rng)


def through(points: Sequence[float] | Wave, count: int) -> Wave:
    """Return the curve of straight lines through evenly spaced points from the first sample to the last, (count,).

    >>> through([0.0, 1.0, 0.0], 5)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    return np.interp(np.linspace(0.0, len(points) - 1.0, count), np.arange(len(points)), points)


def wander(rng: np.random.Generator, count: int, rate_hz: float) -> Wave:
    """Draw the slow unevenness of machines and muscles: a continuous curve, mean 0, standard deviation near 1.

    `rate_hz` is how often a second it takes a new direction.
    """
    knots = max(4, int(count / SAMPLE_RATE_HZ * rate_hz) + 4)
    # Straight lines between independent values have two thirds of their variance.
    return through(rng.standard_normal(knots), count) * 1.2247


def faded(wave: Wave, rise_s: float, fall_s: float) -> Wave:
    """Return a sound faded in and out by half a cosine; fades shrink to half of a short sound.

    >>> faded(np.ones(5), 2 / 24000, 2 / 24000)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    shaped = wave.copy()
    room = len(wave) // 2
    rise, fall = min(round(rise_s * SAMPLE_RATE_HZ), room), min(round(fall_s * SAMPLE_RATE_HZ), room)
    if rise:
        shaped[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    if fall:
        shaped[-fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return shaped


def mixed(pieces: Iterable[tuple[float, Wave]]) -> Wave:
    """Return the sum of sounds that start at their own times.

    Args:
        pieces: (start in seconds, >= 0; sound), at least one.

    >>> mixed([(0.0, np.ones(2)), (1 / 24000, np.ones(3))])
    array([1., 2., 1., 1.])
    """
    placed = [(round(start_s * SAMPLE_RATE_HZ), piece) for start_s, piece in pieces]
    total = np.zeros(max(first + len(piece) for first, piece in placed))
    for first, piece in placed:
        total[first : first + len(piece)] += piece
    return total


def scattered(grains: Wave, first: NDArray[np.int64], count: int) -> Wave:
    """Return the sum of thousands of short grains of equal length: rain, gravel, crackle, bubbles.

    Args:
        grains: (grain, sample).
        first: (grain,) sample each one starts at, >= 0.
        count: samples to return; what lies beyond is dropped.

    >>> scattered(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]), 2)
    array([1., 5.])
    """
    positions = first[:, None] + np.arange(grains.shape[1])
    return np.asarray(np.bincount(positions.ravel(), grains.ravel(), minlength=count)[:count], dtype=np.float64)


def arrivals_s(rng: np.random.Generator, per_second: float, duration_s: float) -> Wave:
    """Draw the times of independent events (a Poisson process) in order, (event,)."""
    return np.sort(rng.uniform(0.0, duration_s, rng.poisson(per_second * duration_s)))


def gain_at(frequency_hz: Wave, curve: Curve) -> Wave:
    """Return the linear gain of a curve at any frequencies >= 0; it is constant beyond its first and last point.

    >>> gain_at(np.array([50.0, 100.0, 200.0, 400.0]), [(100, 0), (400, -40)])
    array([1.  , 1.  , 0.1 , 0.01])
    """
    points_hz, gains_db = np.array(curve, dtype=float).T
    octaves = np.log2(np.maximum(frequency_hz, 1.0))
    return np.asarray(10 ** (np.interp(octaves, np.log2(points_hz), gains_db) / 20))


def equalised(wave: Wave, curve: Curve) -> Wave:
    """Return a sound filtered by a gain curve with zero phase, of the same length."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(wave) + SAMPLE_RATE_HZ // 50, real=True)
    frequency_hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ).astype(np.float64)
    return np.asarray(irfft(rfft(wave, size) * gain_at(frequency_hz, curve), size)[: len(wave)])


def coloured(rng: np.random.Generator, duration_s: float, curve: Curve) -> Wave:
    """Draw Gaussian noise with the spectrum of a curve and standard deviation 1."""
    noise = equalised(rng.standard_normal(sample_count(duration_s)), curve)
    return noise / max(float(noise.std()), 1e-12)


def band(low_hz: float, high_hz: float, slope_db: float = 24.0) -> Curve:
    """Return a pass band that falls by `slope_db` an octave on either side."""
    return [(low_hz / 8, -3 * slope_db), (low_hz, 0), (high_hz, 0), (high_hz * 8, -3 * slope_db)]


def scaled(wave: Wave, peak: float = 1.0) -> Wave:
    """Return a sound scaled to a peak; silence stays silence."""
    return wave * (peak / max(float(np.abs(wave).max(initial=0.0)), 1e-12))


def finished(wave: Wave) -> NDArray[np.float32]:
    """Return a sound as float32 for a bank: no DC, no click at either end, no inaudible tail, its peak at `PEAK`.

    >>> sound = finished(np.ones(2400))
    >>> float(np.abs(sound).max()) <= PEAK, abs(float(sound.sum())) < 1e-3, float(sound[0]), float(sound[-1])
    (True, True, 0.0, 0.0)
    """
    from scipy.signal import butter, sosfilt

    audible = np.flatnonzero(np.abs(wave) > _INAUDIBLE * np.abs(wave).max())
    wave = np.concatenate(
        [np.zeros(sample_count(_LEAD_S)), wave[: audible[-1] + 1], np.zeros(sample_count(_TAIL_S) // 2)]
    )
    # Below 25 Hz a loudspeaker gives only displacement, and steps in a control curve end up there.
    wave = sosfilt(butter(2, 25.0, "highpass", fs=SAMPLE_RATE_HZ, output="sos"), wave)
    wave = faded(wave, _LEAD_S, _TAIL_S)
    window = faded(np.ones(len(wave)), _TAIL_S, _TAIL_S)
    wave = wave - window * (wave.sum() / window.sum())
    return scaled(wave, PEAK).astype(np.float32)
