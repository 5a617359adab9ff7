"""Running water: a jet's hiss, thousands of ringing bubbles, and the basin, glass or tub it falls into."""

import numpy as np
from numpy.typing import NDArray

from whence.synth.modes import falling_t60_s, panel_hz, struck
from whence.synth.waves import (
    Generator,
    Wave,
    arrivals_s,
    chance,
    coloured,
    equalised,
    faded,
    log_uniform,
    mixed,
    one_of,
    sample_count,
    scaled,
    scattered,
    through,
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def water_tap(rng: np.random.Generator) -> Wave:
    """Return 1 to 6 s of running water."""
    return one_of(rng, _KINDS)


def bubbles(rng: np.random.Generator, starts_s: Wave, radius_mm: Wave, rising: float, duration_s: float) -> Wave:
    """Let air bubbles ring under water.

    Args:
        rng: random generator.
        starts_s: (bubble,) when each is pinched off, seconds.
        radius_mm: (bubble,) each one's radius in millimetres; 1 mm rings at 3.3 kHz.
        rising: how much the pitch rises as bubbles near the surface; 0 deep, 0.1 shallow.
        duration_s: seconds to return.

    Source: Minnaert, Phil. Mag. 16, 1933 (pitch); van den Doel, "Physically based models for liquid sounds",
    ACM Trans. Applied Perception 2(4), 2005 (damping, rise, loudness).
    """
    count = sample_count(duration_s)
    total = np.zeros(count)
    # Small bubbles are many and short, large ones few and long: each size class gets grains of its own length.
    for low_mm, high_mm, grain_s in ((0.0, 0.7, 0.005), (0.7, 1.8, 0.014), (1.8, 4.0, 0.04), (4.0, 99.0, 0.11)):
        which = (radius_mm >= low_mm) & (radius_mm < high_mm)
        if which.any():
            grains = _ring(rng, radius_mm[which], rising, grain_s)
            total += scattered(grains, (starts_s[which] * SAMPLE_RATE_HZ).astype(np.int64), count)
    return total


def _ring(rng: np.random.Generator, radius_mm: Wave, rising: float, grain_s: float) -> Wave:
    """(bubble, sample) decaying tones that rise."""
    hz = np.minimum(3260.0 / radius_mm, 11_000.0)
    damping = 0.043 * hz + 0.0014 * hz**1.5
    slope = rising * damping * rng.random(len(hz))
    loud = radius_mm**1.2 * rng.gamma(1.2, 0.8, len(hz))
    time_s = np.arange(sample_count(grain_s)) / SAMPLE_RATE_HZ
    turns = hz[:, None] * time_s * (1 + 0.5 * slope[:, None] * time_s)
    return np.asarray(loud[:, None] * np.sin(2 * np.pi * turns) * np.exp(-damping[:, None] * time_s))


def sizes_mm(rng: np.random.Generator, count: int, median_mm: float, spread: float) -> Wave:
    """(bubble,) radii, log-normal, between 0.32 and 9 mm."""
    return np.asarray(np.exp(rng.normal(np.log(median_mm), spread, count)).clip(0.32, 9.0))


def jet(rng: np.random.Generator, duration_s: float, bright_db: float) -> Wave:
    """The hiss of a turbulent jet and its spray: noise that rises by `bright_db` from 500 Hz to about 6 kHz."""
    bend_hz = log_uniform(rng, 4500, 10_000)
    curve = [(100, -bright_db - 6), (500, -bright_db), (bend_hz, 0), (11_500, -rng.uniform(0, 8))]
    hiss = coloured(rng, duration_s, curve)
    return hiss * np.exp(0.12 * wander(rng, len(hiss), 25) + 0.1 * wander(rng, len(hiss), 3))


def opened_and_shut(rng: np.random.Generator, wave: Wave) -> Wave:
    """Begin and end like a tap: fast or slow, by hand."""
    return faded(wave, log_uniform(rng, 0.03, 0.5), log_uniform(rng, 0.05, 0.6))


def basin(rng: np.random.Generator, wave: Wave, low_hz: float, high_hz: float, depth_db: float) -> Wave:
    """Colour a sound by a basin: uneven resonances of its walls and of the air in it."""
    places_hz = np.sort(np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), 12)))
    curve = []
    for hz in places_hz:
        curve += [(hz * 0.97, 0.0), (hz, rng.uniform(0, 1) * depth_db), (hz * 1.03, 0.0)]
    return equalised(wave, sorted(curve))


def _spatter(rng: np.random.Generator, duration_s: float) -> Wave:
    """(sample,) drops thrown out of the stream: short bright bursts, a few loud ones among many soft."""
    count = sample_count(duration_s)
    starts_s = arrivals_s(rng, log_uniform(rng, 8, 90), 0.98 * duration_s)
    size = sample_count(0.02)
    noise = coloured(rng, (len(starts_s) + 1) * 0.02, [(800, -12), (3500, 0), (11_500, 0)])[: len(starts_s) * size]
    fall = np.exp(-np.arange(size) / (SAMPLE_RATE_HZ * rng.uniform(0.001, 0.006, len(starts_s))[:, None]))
    grains = noise.reshape(-1, size) * fall * rng.gamma(0.6, 1.0, len(starts_s))[:, None]
    return scaled(scattered(grains, (starts_s * SAMPLE_RATE_HZ).astype(np.int64), count))


def _into_sink(rng: np.random.Generator) -> Wave:
    """Run onto bare metal or ceramic: mostly hiss, drumming of drops, the bottom rings."""
    from scipy.signal import fftconvolve

    duration_s = rng.uniform(1.5, 5.5)
    hiss = jet(rng, duration_s, rng.uniform(2, 14))
    hits = np.zeros(len(hiss))
    hits[(arrivals_s(rng, log_uniform(rng, 150, 900), 0.99 * duration_s) * SAMPLE_RATE_HZ).astype(np.int64)] = 1.0
    hits *= rng.gamma(1.0, 1.0, len(hits))
    bottom_hz = panel_hz(rng, rng.uniform(120, 400), 4500, 24)
    t60_s = falling_t60_s(bottom_hz, rng.uniform(0.05, 0.22), 300, 0.3)
    bottom = struck(bottom_hz, t60_s, rng.standard_normal(24), 0.25, 0.0004)
    drumming = scaled(fftconvolve(hits, bottom)[: len(hiss)], 1.0)
    count = int(duration_s * log_uniform(rng, 150, 1500))
    radius_mm = sizes_mm(rng, count, log_uniform(rng, 0.5, 1.3), 0.5)
    splash = bubbles(rng, rng.uniform(0, duration_s, count), radius_mm, 0.08, duration_s)
    mix = scaled(hiss, rng.uniform(0.3, 1)) + drumming * rng.uniform(0.1, 0.5) + scaled(splash, rng.uniform(0.2, 1))
    mix = mix + _spatter(rng, duration_s) * rng.uniform(0, 0.6)
    return opened_and_shut(rng, basin(rng, mix, 250, 9000, 9))


def _into_water(rng: np.random.Generator) -> Wave:
    """Run into standing water: bubbles of all sizes under a softer hiss."""
    duration_s = rng.uniform(1.5, 5.5)
    hiss = jet(rng, duration_s, rng.uniform(0, 10))
    count = int(duration_s * log_uniform(rng, 250, 1500))
    radius_mm = sizes_mm(rng, count, log_uniform(rng, 0.9, 2.2), rng.uniform(0.45, 0.7))
    water = bubbles(rng, rng.uniform(0, duration_s, count), radius_mm, rng.uniform(0.02, 0.12), duration_s)
    mix = scaled(hiss, rng.uniform(0.15, 0.8)) + scaled(water)
    mix = mix + _spatter(rng, duration_s) * rng.uniform(0, 0.5)
    return opened_and_shut(rng, basin(rng, mix, 150, 6000, 7))


def _filling(rng: np.random.Generator) -> Wave:
    """Fill a glass, bottle or kettle: its air column gets shorter, so the gurgle rises."""
    from scipy.signal import lfilter

    duration_s = rng.uniform(2.0, 5.0)
    hiss = jet(rng, duration_s, rng.uniform(2, 10))
    count = int(duration_s * log_uniform(rng, 150, 900))
    radius_mm = sizes_mm(rng, count, log_uniform(rng, 1.2, 3.0), 0.5)
    mix = scaled(hiss) + scaled(bubbles(rng, rng.uniform(0, duration_s, count), radius_mm, 0.1, duration_s))
    empty_hz = log_uniform(rng, 180, 600)
    full_hz = empty_hz * rng.uniform(2, 5)
    blocks = np.array_split(mix, max(8, int(duration_s * 25)))
    # A quarter-wave column: its resonance moves as 1 / (height left).
    hz_of = 1 / np.linspace(1 / empty_hz, 1 / full_hz, len(blocks))
    state, filtered = np.zeros(2), []
    for block, hz in zip(blocks, hz_of, strict=True):
        radius = np.exp(-np.pi * hz / 12 / SAMPLE_RATE_HZ)
        poles = [1.0, -2 * radius * np.cos(2 * np.pi * hz / SAMPLE_RATE_HZ), radius**2]
        out, state = lfilter([1 - radius], poles, block, zi=state)
        filtered.append(out)
    column = scaled(np.concatenate(filtered), 1.0)
    return opened_and_shut(rng, scaled(mix) * rng.uniform(0.3, 0.9) + column)


def _dripping(rng: np.random.Generator) -> Wave:
    """Drip from a tap that does not close: a tick and a bubble each time."""
    per_second = log_uniform(rng, 0.8, 5)
    drops = max(2, int(rng.uniform(1.5, 4.5) * per_second))
    starts_s = np.cumsum(rng.normal(1, 0.04, drops)) / per_second
    pieces: list[tuple[float, Wave]] = []
    size_mm = log_uniform(rng, 1.2, 4.0)
    for start_s in starts_s:
        tick = coloured(rng, 0.01, [(1000, 0), (6000, 0), (11000, -10)]) * np.exp(-np.arange(240) / 40)
        pieces.append((float(start_s), scaled(tick, rng.uniform(0.02, 0.2))))
        count = int(rng.integers(1, 4))
        born_s = 0.02 * rng.random(count) + 0.005
        ring = bubbles(rng, born_s, size_mm * np.exp(rng.normal(0, 0.15, count)), 0.15, 0.2)
        pieces.append((float(start_s), scaled(ring, rng.uniform(0.5, 1))))
    return mixed(pieces)


def _washing(rng: np.random.Generator) -> Wave:
    """Wash hands or dishes under the tap: the stream is broken and splashes, things knock."""
    stream = _into_sink(rng) if chance(rng, 0.6) else _into_water(rng)
    duration_s = len(stream) / SAMPLE_RATE_HZ
    broken = np.exp(0.5 * wander(rng, len(stream), rng.uniform(2, 6)))
    splashes: NDArray[np.float64] = arrivals_s(rng, rng.uniform(1, 4), duration_s * 0.9)
    pieces = [(0.0, scaled(stream * broken))]
    for start_s in splashes:
        length_s = rng.uniform(0.06, 0.25)
        count = int(length_s * 600)
        splash = bubbles(rng, length_s * rng.beta(1, 3, count), sizes_mm(rng, count, 1.4, 0.6), 0.1, length_s)
        pieces.append((float(start_s), scaled(faded(splash, 0.01, 0.5 * length_s), rng.uniform(0.1, 0.8))))
    return mixed(pieces)


def _trickle(rng: np.random.Generator) -> Wave:
    """Run thinly: single bubbles are audible, the hiss hardly."""
    duration_s = rng.uniform(1.5, 5)
    rate = log_uniform(rng, 25, 140)
    starts_s = arrivals_s(rng, rate, duration_s)
    water = bubbles(rng, starts_s, sizes_mm(rng, len(starts_s), 1.6, 0.5), rng.uniform(0.05, 0.15), duration_s)
    strength = through(rng.uniform(0.5, 1, 5), len(water))
    return opened_and_shut(rng, scaled(water * strength) + scaled(jet(rng, duration_s, 8), rng.uniform(0.02, 0.15)))


_KINDS: dict[Generator, float] = {
    _into_sink: 0.36,
    _into_water: 0.26,
    _filling: 0.12,
    _dripping: 0.06,
    _washing: 0.12,
    _trickle: 0.08,
}
