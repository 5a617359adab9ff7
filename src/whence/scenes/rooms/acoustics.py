"""What a response says about its room: decay curve, reverberation time, direct-to-reverberant ratio."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import SceneError
from whence.units import SAMPLE_RATE_HZ

# The 500 Hz and 1 kHz octaves together, edge to edge.
MID_BAND_HZ = (353.6, 1414.2)


def energy_decay_curve(response: ArrayLike) -> NDArray[np.float64]:
    """Sum a response's energy backwards: how much of it is still to come at each sample.

    Backward integration replaces the average over many recordings of interrupted noise.

    Args:
        response: (..., tap).

    Returns:
        same shape, dB below the whole energy; starts at 0 and falls; -300 where nothing is left.

    Source: Schroeder, "New method of measuring reverberation time", 1965.

    >>> energy_decay_curve([3.0, 1.0, 0.0]).round(1).tolist()
    [0.0, -10.0, -300.0]
    """
    energy = np.asarray(response, dtype=np.float64) ** 2
    to_come = np.cumsum(energy[..., ::-1], axis=-1)[..., ::-1]
    share = to_come / np.maximum(to_come[..., :1], 1e-300)
    return np.asarray(10.0 * np.log10(np.maximum(share, 1e-30)))


def rt60_of(
    response: ArrayLike,
    band_hz: tuple[float, float] | None = MID_BAND_HZ,
    fit_db: tuple[float, float] = (-5.0, -25.0),
    sample_rate_hz: float = SAMPLE_RATE_HZ,
) -> float:
    """Measure the reverberation time of one channel: the decay's slope, carried on to 60 dB.

    Args:
        response: (tap,) of an omnidirectional channel.
        band_hz: lowest and highest frequency listened to; None for all.
        fit_db: where on the decay curve the straight line is fitted; (-5, -25) is the standard's T20.
        sample_rate_hz: of the response.

    Returns:
        seconds.

    Raises:
        SceneError: if the response is silent or too short to fall that far.

    Source: ISO 3382-1, reverberation time from integrated impulse responses.

    >>> time_s = np.arange(24_000) / 24_000
    >>> noise = np.random.default_rng([0, 0, 1]).standard_normal(24_000)
    >>> round(rt60_of(noise * 10 ** (-3 * time_s / 0.5)), 1)
    0.5
    """
    wave = np.asarray(response, dtype=np.float64)
    if band_hz is not None:
        wave = _only_band(wave, band_hz, sample_rate_hz)
    curve = energy_decay_curve(wave)
    used = np.flatnonzero((curve <= fit_db[0]) & (curve >= fit_db[1]))
    if len(used) < 3 or _fallen_db(wave, used[0], sample_rate_hz) < fit_db[0] - fit_db[1]:
        raise SceneError(
            f"the response does not fall from {fit_db[0]:g} to {fit_db[1]:g} dB, so its reverberation time cannot be "
            "told; give a longer or cleaner one"
        )
    slope_db = np.polyfit(used / sample_rate_hz, curve[used], 1)[0]
    return float(-60.0 / slope_db)


def _fallen_db(wave: NDArray[np.float64], start: int, sample_rate_hz: float) -> float:
    """How much softer the last tenth is than the 10 ms from `start`: noise that never falls has a decay curve too."""
    first = float(np.mean(wave[start : start + round(0.01 * sample_rate_hz)] ** 2))
    last = float(np.mean(wave[-max(1, len(wave) // 10) :] ** 2))
    return float(10.0 * np.log10(max(first, 1e-300) / max(last, 1e-300)))


def _only_band(wave: NDArray[np.float64], band_hz: tuple[float, float], sample_rate_hz: float) -> NDArray[np.float64]:
    """The wave without what lies outside the band, not delayed; edges of a quarter octave keep the ringing short."""
    length = 2 * len(wave)
    frequency_hz = np.maximum(np.fft.rfftfreq(length, 1 / sample_rate_hz), 1e-3)
    inside = np.minimum(np.log2(frequency_hz / band_hz[0]), np.log2(band_hz[1] / frequency_hz))
    mask = np.sin((inside * 2 + 0.5).clip(0.0, 1.0) * np.pi / 2)
    return np.fft.irfft(np.fft.rfft(wave, length) * mask, length)[: len(wave)]


def direct_to_reverberant_db(response: ArrayLike, direct_sample: int, window_s: float = 0.0025) -> float:
    """Compare the direct sound with all that follows: the cue for distance.

    Args:
        response: (tap,) of an omnidirectional channel at 24 kHz.
        direct_sample: where the direct sound arrives.
        window_s: what arrives earlier or later than the direct sound by less than this counts as direct.

    Returns:
        dB, positive near the source; infinite without any reverberation.

    Raises:
        SceneError: if there is no direct sound at all.

    >>> direct_to_reverberant_db([0.0, 2.0] + [0.0] * 100 + [2.0], direct_sample=1)
    0.0
    """
    energy = np.asarray(response, dtype=np.float64) ** 2
    half = round(window_s * SAMPLE_RATE_HZ)
    direct = energy[max(0, direct_sample - half) : direct_sample + half + 1].sum()
    rest = energy[direct_sample + half + 1 :].sum()
    if direct <= 0.0:
        raise SceneError(f"the response is silent around sample {direct_sample}; give the sample of the direct sound")
    return float(10.0 * np.log10(direct / rest)) if rest > 0.0 else float("inf")
