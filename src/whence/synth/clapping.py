"""Clapping: one pair of hands, a group in time, or a hall that applauds."""

import numpy as np

from whence.synth.modes import ringing
from whence.synth.waves import (
    Generator,
    Wave,
    chance,
    coloured,
    faded,
    log_uniform,
    mixed,
    one_of,
    sample_count,
    scaled,
    scattered,
    through,
)
from whence.units import SAMPLE_RATE_HZ

_CLAP_S = 0.12


def clapping(rng: np.random.Generator) -> Wave:
    """Return 0.1 to 9 s of clapping, from a single clap to applause."""
    return one_of(rng, _KINDS)


def clap(rng: np.random.Generator, cavity_hz: float, sharpness: float) -> Wave:
    """Bring two hands together once: a burst of noise shaped by the air caught between the palms.

    The cavity resonates at 500 Hz for cupped hands, 1200 Hz for palm on palm, 2500 Hz for fingers on palm. `sharpness`
    is 0 for cupped and dull, 1 for flat and bright.

    Source: Repp, "The sound of two hands clapping", JASA 81, 1987: eight hand shapes differ mainly in the
    frequency of one broad peak below 2.5 kHz.
    """
    tail_db = -34 + 24 * sharpness
    width = rng.uniform(1.25, 1.7)
    burst = coloured(
        rng,
        _CLAP_S,
        [
            (cavity_hz / 5, -22),
            (cavity_hz / width, -7),
            (cavity_hz, 0),
            (cavity_hz * width, -7 + 4 * sharpness),
            (max(5000.0, cavity_hz * 1.8), -16 + 8 * sharpness),
            (11000, tail_db),
        ],
    )
    time_s = np.arange(sample_count(_CLAP_S)) / SAMPLE_RATE_HZ
    fast_s, slow_s = rng.uniform(0.0015, 0.005), rng.uniform(0.008, 0.028)
    fall = np.exp(-time_s / fast_s) + rng.uniform(0.08, 0.35) * np.exp(-time_s / slow_s)
    # Pockets of air between fingers and wrist ring for a few cycles beside the main cavity.
    pockets_hz = cavity_hz * rng.uniform(0.4, 3.0, 4)
    pockets = ringing(pockets_hz, rng.uniform(0.006, 0.02, 4), rng.standard_normal(4), _CLAP_S)
    mix = scaled(burst * fall) + scaled(pockets, rng.uniform(0.05, 0.4))
    return scaled(faded(mix, rng.uniform(0.0002, 0.0012), 0.02))


def _hands(rng: np.random.Generator) -> tuple[float, float]:
    """The cavity and sharpness of one person's way to clap."""
    return log_uniform(rng, 550, 2600), rng.uniform(0.1, 1.0)


def _repertoire(rng: np.random.Generator, claps: int) -> Wave:
    """(clap, sample) several claps of one person: alike, never equal."""
    cavity_hz, sharpness = _hands(rng)
    return np.stack([clap(rng, cavity_hz * rng.normal(1, 0.05), sharpness) for _ in range(claps)])


def _placed(rng: np.random.Generator, claps: Wave, starts_s: Wave, levels: Wave) -> Wave:
    """Each start gets one of the claps at its level."""
    grains = claps[rng.integers(len(claps), size=len(starts_s))] * levels[:, None]
    first = np.round(np.maximum(starts_s, 0) * SAMPLE_RATE_HZ).astype(np.int64)
    return scattered(grains, first, int(first.max()) + claps.shape[1])


def _few(rng: np.random.Generator) -> Wave:
    """One to four claps, as one calls for attention."""
    starts_s = np.cumsum(rng.gamma(8.0, log_uniform(rng, 0.25, 0.7) / 8, int(rng.integers(1, 5))))
    return _placed(rng, _repertoire(rng, 4), starts_s - starts_s[0], rng.uniform(0.6, 1, len(starts_s)))


def _beats(rng: np.random.Generator, duration_s: float, per_second: float) -> Wave:
    """The moments one person claps at: a steady tempo that drifts a little."""
    gaps_s = rng.normal(1.0, 0.05, int(duration_s * per_second) + 1).clip(0.6) / per_second
    return np.cumsum(gaps_s * np.exp(0.06 * through(rng.standard_normal(4), len(gaps_s))))


def _one_person(rng: np.random.Generator) -> Wave:
    """One person applauds for a while."""
    starts_s = _beats(rng, rng.uniform(1.0, 4.5), log_uniform(rng, 2.0, 5.5))
    levels = 10 ** (rng.normal(0, 1.6, len(starts_s)) / 20) * through(rng.uniform(0.5, 1, 3), len(starts_s))
    return _placed(rng, _repertoire(rng, 6), starts_s - starts_s[0], levels)


def _in_time(rng: np.random.Generator) -> Wave:
    """Three to twelve people clap to one beat, each a little early or late; at times in a pattern."""
    beat_s = log_uniform(rng, 0.28, 0.75)
    pattern = np.array([1.0, 1.0, 1.0, 1.0] if chance(rng, 0.7) else [1.0, 0.5, 0.5, 1.0])
    starts_s = np.concatenate([[0.0], np.cumsum(np.tile(pattern * beat_s, int(rng.integers(1, 4))))]) + 0.1
    spread_s = rng.uniform(0.008, 0.03)
    pieces = []
    for _ in range(int(rng.integers(3, 13))):
        own_s = starts_s + rng.normal(0, spread_s) + rng.normal(0, 0.01, len(starts_s))
        levels = rng.uniform(0.7, 1, len(starts_s)) * log_uniform(rng, 0.2, 1)
        pieces.append((0.0, _placed(rng, _repertoire(rng, 3), own_s, levels)))
    return _in_a_hall(rng, mixed(pieces))


def _applause(rng: np.random.Generator) -> Wave:
    """A small audience applauds: everyone at a tempo of their own, swelling and dying away."""
    duration_s = rng.uniform(2.5, 6.0)
    pieces = []
    for _ in range(int(log_uniform(rng, 6, 70))):
        enters_s, leaves_s = rng.exponential(0.25), duration_s - rng.exponential(0.5)
        starts_s = enters_s + _beats(rng, max(0.5, leaves_s - enters_s), log_uniform(rng, 2.5, 5.5))
        levels = rng.uniform(0.7, 1, len(starts_s)) * log_uniform(rng, 0.4, 1)
        pieces.append((0.0, _placed(rng, _repertoire(rng, 3), starts_s, levels)))
    return faded(scaled(_in_a_hall(rng, mixed(pieces))), 0.0, 0.4)


def _in_a_hall(rng: np.random.Generator, wave: Wave) -> Wave:
    """Where many clap there is a hall: its early reflections run the claps together."""
    from scipy.signal import fftconvolve

    length_s = rng.uniform(0.1, 0.5)
    tail = coloured(rng, length_s, [(200, -3), (1500, 0), (5000, -8), (11_000, -22)])
    tail = tail * np.exp(-6.9 * np.arange(len(tail)) / len(tail))
    tail = tail / np.sqrt((tail**2).sum()) * rng.uniform(0.3, 1.5)
    return mixed([(0.0, wave), (0.003, np.asarray(fftconvolve(wave, tail)))])


_KINDS: dict[Generator, float] = {_few: 0.32, _one_person: 0.38, _in_time: 0.1, _applause: 0.2}
