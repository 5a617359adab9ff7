"""Things that ring: sums of decaying sinusoids, one for each way a body can vibrate."""

import numpy as np

from whence.synth.waves import Wave, sample_count
from whence.units import SAMPLE_RATE_HZ

_BLOCK = 256
_LN_1000 = float(np.log(1000.0))
_HIGHEST_HZ = 11_600.0

# Free bar (chime, xylophone blank), and a church bell from hum to the superquint, as ratios to the perceived note.
FREE_BAR = np.array([1.0, 2.756, 5.404, 8.933, 13.34])
CHURCH_BELL = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.17, 5.43, 6.79, 8.21])
# Circular membrane (Bessel zeros over the first).
MEMBRANE = np.array([1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06])


def ringing(frequency_hz: Wave, t60_s: Wave, gain: Wave, duration_s: float, phase: Wave | float = -np.pi / 2) -> Wave:
    """Sum decaying sinusoids: the free vibration of a struck, plucked or dropped thing.

    Each mode is one geometric series, so it is built as an outer product of a coarse and a fine one
    instead of a cosine for each sample.

    Args:
        frequency_hz: (mode,); modes too high for 24 kHz are left out.
        t60_s: (mode,) seconds in which each falls by 60 dB, > 0.
        gain: (mode,) amplitude at the start.
        duration_s: seconds.
        phase: (mode,) or one for all, radians of a cosine; the default starts at 0 and rises.

    Source: van den Doel and Pai, "The sounds of physical shapes", Presence 7(4), 1998, eq. 1.

    >>> wave = ringing(np.array([6000.0]), np.array([1e9]), np.array([1.0]), 4 / 24000)
    >>> wave.round(3)
    array([ 0.,  1.,  0., -1.])
    """
    frequency_hz, t60_s, gain, phase = np.broadcast_arrays(frequency_hz, t60_s, gain, phase)
    keep = frequency_hz < _HIGHEST_HZ
    pole = (-_LN_1000 / t60_s + 2j * np.pi * frequency_hz)[keep] / SAMPLE_RATE_HZ
    count = sample_count(duration_s)
    coarse_step = np.arange(-(-count // _BLOCK)) * _BLOCK
    # Beyond e^-80 a mode is silent; left to decay it would end in denormal numbers, which are slow.
    coarse = np.where(np.outer(pole.real, coarse_step) > -80, np.exp(np.outer(pole, coarse_step)), 0)
    coarse *= (gain * np.exp(1j * phase))[keep, None]
    fine = np.exp(np.outer(pole, np.arange(_BLOCK)))
    # einsum, not matmul: the same sum whatever the number of threads.
    wave = np.einsum("mb,mf->bf", coarse.real, fine.real) - np.einsum("mb,mf->bf", coarse.imag, fine.imag)
    return np.asarray(wave.ravel()[:count])


def contact_gain(frequency_hz: Wave, contact_s: float) -> Wave:
    """Return how much of each mode a soft blow excites: a longer contact is a duller blow.

    The force is half a sine in time; this is the magnitude of its spectrum, 1 at 0 Hz.
    `contact_s` is 0.1 ms for steel on steel, 5 ms for a felt mallet.

    >>> contact_gain(np.array([0.0, 1500.0]), 0.001).round(3)
    array([1., 0.])
    """
    turns = 2 * frequency_hz * contact_s
    # At one half-turn numerator and denominator vanish together; a nudge gives their limit.
    turns = np.where(np.abs(turns - 1) < 1e-6, 1 + 1e-6, turns)
    return np.asarray(np.abs(np.cos(np.pi * turns / 2) / (1 - turns**2)))


def struck(frequency_hz: Wave, t60_s: Wave, gain: Wave, duration_s: float, contact_s: float) -> Wave:
    """Strike a body once: its modes as in `ringing`, dulled by how long the blow lasts."""
    return ringing(frequency_hz, t60_s, gain * contact_gain(frequency_hz, contact_s), duration_s)


def falling_t60_s(frequency_hz: Wave, t60_s: float, at_hz: float, power: float) -> Wave:
    """Return decay times that fall with frequency to the given power; `t60_s` at `at_hz`."""
    return np.asarray(t60_s * (np.maximum(frequency_hz, 1.0) / at_hz) ** -power)


def panel_hz(rng: np.random.Generator, lowest_hz: float, highest_hz: float, count: int) -> Wave:
    """Draw the modes of a flat panel, (count,): about as many in each hertz, irregular, in rising order.

    >>> panel_hz(np.random.default_rng(0), 100.0, 200.0, 1)
    array([100.])
    """
    gaps = rng.gamma(3.0, 1.0, count - 1)
    reach = np.concatenate([[0.0], np.cumsum(gaps) / max(float(gaps.sum()), 1e-12)])
    return lowest_hz + (highest_hz - lowest_hz) * reach


def string_hz(fundamental_hz: float, stiffness: float) -> Wave:
    """Return the partials of a stiff string that 24 kHz can hold, at most 60, (mode,).

    Source: Fletcher, "Normal vibration frequencies of a stiff piano string", JASA 36, 1964: n f0 sqrt(1 + B n^2).

    >>> string_hz(4000.0, 0.0)
    array([4000., 8000.])
    """
    order = np.arange(1, min(60, int(_HIGHEST_HZ / fundamental_hz)) + 1)
    return np.asarray(fundamental_hz * order * np.sqrt(1 + stiffness * order**2))


def tone(frequency_hz: Wave, harmonic_gain: Wave, phase: Wave | float = 0.0) -> Wave:
    """Play one period of a given timbre along a pitch curve: blown, bowed, sung and electronic tones, motors.

    Args:
        frequency_hz: (sample,) the pitch at each sample.
        harmonic_gain: (harmonic,) amplitudes from the fundamental up; those that would alias are left out.
        phase: (harmonic,) or one for all, radians of a sine.

    >>> tone(np.full(4, 6000.0), np.array([1.0, 9.0])).round(2)
    array([ 0.,  1.,  0., -1.])
    """
    held = min(len(harmonic_gain), max(1, int(_HIGHEST_HZ / float(frequency_hz.max()))))
    size = 2048 if held > 32 else 1024
    spectrum = np.zeros(size // 2 + 1, dtype=complex)
    spectrum[1 : held + 1] = (harmonic_gain * np.exp(1j * (np.zeros(len(harmonic_gain)) + phase)))[:held]
    period = np.fft.irfft(spectrum * -0.5j * size, size)
    turns = np.cumsum(frequency_hz) / SAMPLE_RATE_HZ
    return read_period(period, turns - turns[0])


def read_period(period: Wave, turns: Wave) -> Wave:
    """Return a stored period at any phase in turns >= 0, by straight lines between its 2^n points.

    >>> read_period(np.array([0.0, 1.0, 0.0, -1.0]), np.array([0.0, 0.125, 1.25]))
    array([0. , 0.5, 1. ])
    """
    size = len(period)
    position = turns * size
    whole = position.astype(np.int64)
    rest = position - whole
    return np.asarray(period[whole & (size - 1)] * (1 - rest) + period[(whole + 1) & (size - 1)] * rest)
