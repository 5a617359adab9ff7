"""What every generated sound is put together with: lengths, control curves, swells, and places in time, at 24 kHz."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

Wave = NDArray[np.float64]
Generator = Callable[[np.random.Generator], Wave]

# Where every finished sound peaks: below full scale, so that resampling and filtering later do not clip.
PEAK = 0.9

# What lies this far below the peak at the end of a sound is cut off: nobody hears it, and it costs time.
_INAUDIBLE = 10 ** (-66 / 20)
_LEAD_S = 0.004
_TAIL_S = 0.012


def sample_count(duration_s: float) -> int:
    """How many samples a duration has, at least one.

    >>> sample_count(0.5)
    12000
    """
    return max(1, round(duration_s * SAMPLE_RATE_HZ))


def times_s(duration_s: float) -> Wave:
    """(sample,) the time of each sample in seconds, from 0."""
    return np.arange(sample_count(duration_s)) / SAMPLE_RATE_HZ


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform: the fair draw for frequencies, sizes and times.

    >>> low, high = 100.0, 400.0
    >>> low <= log_uniform(np.random.default_rng(0), low, high) <= high
    True
    """
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Toss a biased coin."""
    return bool(rng.random() < probability)


def one_of(rng: np.random.Generator, kinds: Mapping[Generator, float]) -> Wave:
    """Draw one of several ways to make a sound by its weight, and make it.

    Args:
        rng: decides the kind and then everything about the sound.
        kinds: generator -> weight; weights need not sum to one.

    Returns:
        (sample,) the sound, not yet finished.

    >>> one_of(np.random.default_rng(0), {lambda rng: np.zeros(3): 1.0, lambda rng: np.ones(3): 0.0})
    array([0., 0., 0.])
    """
    makers = list(kinds)
    weights = np.array([kinds[maker] for maker in makers])
    return makers[int(rng.choice(len(makers), p=weights / weights.sum()))](rng)


def through(points: Sequence[float] | Wave, count: int) -> Wave:
    """Join evenly spaced values by straight lines: the usual control curve.

    Args:
        points: (point,) at least one value; the first and last stand at the ends.
        count: samples to return.

    Returns:
        (count,) the curve.

    >>> through([0.0, 1.0, 0.0], 5)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    return np.interp(np.linspace(0.0, len(points) - 1.0, count), np.arange(len(points)), points)


def wander(rng: np.random.Generator, count: int, rate_hz: float) -> Wave:
    """Draw a slow random curve around 0 with standard deviation near 1: what no machine or muscle is free of.

    Args:
        rng: source of chance.
        count: samples to return.
        rate_hz: how many new directions a second.

    Returns:
        (count,) the curve, without steps.
    """
    knots = max(4, int(count / SAMPLE_RATE_HZ * rate_hz) + 4)
    # Straight lines between independent values have two thirds of their variance.
    return through(rng.standard_normal(knots), count) * 1.2247


def swelled(wave: Wave, rise_s: float, fall_s: float) -> Wave:
    """Let a sound come and go smoothly: half a cosine at either end.

    Args:
        wave: (sample,) not changed.
        rise_s: seconds from silence to full level.
        fall_s: seconds from full level to silence; both shrink when the sound is shorter.

    Returns:
        (sample,) the shaped sound; its first and last sample are 0 where the time is above 0.

    >>> swelled(np.ones(5), 2 / 24000, 2 / 24000)
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


def laid_out(pieces: Iterable[tuple[float, Wave]]) -> Wave:
    """Add sounds up, each from its own moment on.

    Args:
        pieces: (start in seconds, >= 0; (sample,) sound), at least one.

    Returns:
        (sample,) the sum, as long as its last piece needs.

    >>> laid_out([(0.0, np.ones(2)), (1 / 24000, np.ones(3))])
    array([1., 2., 1., 1.])
    """
    placed = [(round(start_s * SAMPLE_RATE_HZ), piece) for start_s, piece in pieces]
    total = np.zeros(max(first + len(piece) for first, piece in placed))
    for first, piece in placed:
        total[first : first + len(piece)] += piece
    return total


def scattered(grains: Wave, first: NDArray[np.int64], count: int) -> Wave:
    """Add up thousands of short equal-length grains at once: rain, gravel, crackle, bubbles.

    Args:
        grains: (grain, sample).
        first: (grain,) sample each one starts at, >= 0; what would stand beyond the end is dropped.
        count: samples to return.

    Returns:
        (count,) the sum.

    >>> scattered(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]), 2)
    array([1., 5.])
    """
    places = first[:, None] + np.arange(grains.shape[1])
    return np.asarray(np.bincount(places.ravel(), grains.ravel(), minlength=count)[:count], dtype=np.float64)


def arrivals_s(rng: np.random.Generator, per_second: float, duration_s: float) -> Wave:
    """(event,) moments of a Poisson process in order: events that know nothing of each other."""
    return np.sort(rng.uniform(0.0, duration_s, rng.poisson(per_second * duration_s)))


def leveled(wave: Wave, peak: float = 1.0) -> Wave:
    """Scale a part to a peak, so that parts can be mixed by ear; silence stays silence."""
    return wave * (peak / max(float(np.abs(wave).max(initial=0.0)), 1e-12))


def finished(wave: Wave) -> NDArray[np.float32]:
    """Make a sound fit for a bank: no DC, no click at either end, no long inaudible tail, peak at `PEAK`.

    Args:
        wave: (sample,) any level.

    Returns:
        (sample,) float32; a little longer or shorter than `wave`.

    >>> sound = finished(np.ones(2400))
    >>> float(np.abs(sound).max()) <= PEAK, abs(float(sound.sum())) < 1e-3, float(sound[0]), float(sound[-1])
    (True, True, 0.0, 0.0)
    """
    from scipy.signal import butter, sosfilt

    heard = np.flatnonzero(np.abs(wave) > _INAUDIBLE * np.abs(wave).max())
    wave = np.concatenate(
        [np.zeros(sample_count(_LEAD_S)), wave[: heard[-1] + 1], np.zeros(sample_count(_TAIL_S) // 2)]
    )
    # Below 25 Hz a loudspeaker gives only displacement, and steps in a control curve end up there.
    wave = sosfilt(butter(2, 25.0, "highpass", fs=SAMPLE_RATE_HZ, output="sos"), wave)
    wave = swelled(wave, _LEAD_S, _TAIL_S)
    window = swelled(np.ones(len(wave)), _TAIL_S, _TAIL_S)
    wave = wave - window * (wave.sum() / window.sum())
    return leveled(wave, PEAK).astype(np.float32)
