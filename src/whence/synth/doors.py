"""Doors: handles, latches, slams, creaks, cupboards, refrigerators, drawers and sliding doors."""

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, ringing, struck
from whence.synth.waves import (
    Generator,
    Wave,
    chance,
    coloured,
    equalised,
    faded,
    log_uniform,
    mixed,
    one_of,
    sample_count,
    scaled,
    through,
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def door(rng: np.random.Generator) -> Wave:
    """Return a door of some kind that opens or closes, 0.2 to 4 s."""
    return one_of(rng, _KINDS)


def click(rng: np.random.Generator) -> Wave:
    """One click of a small metal part in its housing: bolt, latch, spring."""
    modes = int(rng.integers(12, 30))
    frequency_hz = np.sort(np.exp(rng.uniform(np.log(400), np.log(9000), modes)))
    t60_s = falling_t60_s(frequency_hz, log_uniform(rng, 0.008, 0.035), 1000, 0.4)
    part = ringing(frequency_hz, t60_s, rng.standard_normal(modes) * (frequency_hz / 1000) ** -0.3, 0.07)
    snap = coloured(rng, 0.02, [(300, -8), (1500, 0), (5000, -4), (11_000, -14)])
    snap = snap * np.exp(-np.arange(len(snap)) / rng.uniform(15, 90))
    housing_hz = panel_hz(rng, rng.uniform(120, 400), 1500, 8)
    housing = struck(housing_hz, np.full(8, rng.uniform(0.02, 0.06)), rng.standard_normal(8), 0.07, 0.0008)
    levels = rng.uniform(0.2, 1.2, 2)
    return mixed([(0.0, scaled(part)), (0.0, scaled(housing, levels[0])), (0.0, scaled(snap, levels[1]))])


def latch(rng: np.random.Generator) -> Wave:
    """A handle goes down or a bolt snaps in: two to four clicks."""
    starts_s = np.concatenate([[0.0], np.cumsum(rng.gamma(3.0, 0.014, int(rng.integers(1, 4))))])
    return scaled(mixed([(float(start_s), click(rng) * rng.uniform(0.3, 1)) for start_s in starts_s]))


def thud(rng: np.random.Generator, lowest_hz: float, hardness: float) -> Wave:
    """A leaf falls into its frame: panel modes from `lowest_hz` up, the frame behind them, and air pushed out.

    `hardness` is 0 when pushed with a finger and 1 when slammed.
    """
    modes = int(rng.integers(14, 36))
    frequency_hz = panel_hz(rng, lowest_hz, 600 + 3000 * hardness, modes)
    gains = rng.standard_normal(modes) * (frequency_hz / lowest_hz) ** -rng.uniform(0.5, 1.0)
    t60_s = falling_t60_s(frequency_hz, rng.uniform(0.12, 0.35) + 0.3 * hardness, lowest_hz, rng.uniform(0.4, 0.8))
    contact_s = 0.007 * 0.12**hardness * rng.uniform(0.7, 1.4)
    body = scaled(struck(frequency_hz, t60_s, gains, 1.1 * float(t60_s.max()), contact_s))
    length_s = 0.15 + 0.35 * hardness
    air_curve = [(40, 0), (180, -3), (800, -16 + 8 * hardness), (5000, -40 + 18 * hardness)]
    fall = np.exp(-np.arange(sample_count(length_s)) / (SAMPLE_RATE_HZ * length_s / 6))
    air = scaled(faded(coloured(rng, length_s, air_curve) * fall, 0.002, 0.02), rng.uniform(0.3, 1.0))
    # Wood on wood, paint on paint: the blow is noise before it is a tone.
    blow_s = rng.uniform(0.006, 0.03)
    blow = coloured(rng, 5 * blow_s, [(120, 0), (700, -4), (3000, -14 + 6 * hardness), (11_000, -30 + 12 * hardness)])
    blow = faded(blow * np.exp(-np.arange(len(blow)) / (SAMPLE_RATE_HZ * blow_s)), 0.001, blow_s)
    return scaled(mixed([(0.0, body), (0.0, air), (0.0, scaled(blow, rng.uniform(0.3, 1.2)))]))


def falls_shut(rng: np.random.Generator, lowest_hz: float, hardness: float) -> Wave:
    """Let a leaf fall shut: it rubs along the frame, hits in two or three places, and the bolt goes in."""
    rub_s = rng.uniform(0.03, 0.2)
    rub = coloured(rng, rub_s, [(80, 0), (500, -6), (2500, -16), (10_000, -32)]) * np.linspace(
        0, 1, sample_count(rub_s)
    )
    pieces = [(0.0, scaled(faded(rub, 0.3 * rub_s, 0.01), log_uniform(rng, 0.03, 0.4)))]
    at_s = rub_s
    for _ in range(int(rng.integers(1, 4))):
        pieces.append((at_s, thud(rng, lowest_hz * rng.uniform(0.8, 1.5), hardness) * rng.uniform(0.3, 1)))
        at_s += rng.uniform(0.015, 0.07)
    bolt_s = rub_s + rng.uniform(-0.02, 0.1)
    pieces.append((max(0.0, bolt_s), latch(rng) * rng.uniform(0.1, 0.8)))
    return mixed(pieces)


def rattle(rng: np.random.Generator, duration_s: float) -> Wave:
    """Loose parts shake after a blow: clicks that come closer together and die away."""
    hits = int(rng.integers(3, 14))
    starts_s = np.sort(rng.beta(1.0, 2.5, hits)) * duration_s
    part = click(rng)
    return mixed([(float(s), part * rng.uniform(0.3, 1) * np.exp(-4 * s / duration_s)) for s in starts_s])


def creak(rng: np.random.Generator, duration_s: float) -> Wave:
    """A dry hinge sticks and slips: pulses whose rate follows the speed of the leaf, through the wood."""
    from scipy.signal import fftconvolve

    count = sample_count(duration_s)
    rate_hz = log_uniform(rng, 30, 240) * np.exp(through(rng.normal(0, 0.8, int(rng.integers(3, 7))), count))
    turns = np.cumsum(rate_hz * np.exp(0.2 * wander(rng, count, 60))) / SAMPLE_RATE_HZ
    slips = np.flatnonzero(np.diff(np.floor(turns)) > 0)
    pulses = np.zeros(count)
    pulses[slips] = rng.gamma(1.5, 0.7, len(slips))
    modes = int(rng.integers(16, 40))
    wood_hz = np.sort(np.exp(rng.uniform(np.log(400), np.log(6000), modes)))
    t60_s = falling_t60_s(wood_hz, rng.uniform(0.02, 0.08), 500, 0.5)
    wood = ringing(wood_hz, t60_s, rng.standard_normal(modes) * (wood_hz / 500) ** -0.3, 0.12)
    strength = through(rng.uniform(0.15, 1.0, int(rng.integers(3, 8))), count)
    rub = coloured(rng, duration_s, [(200, 0), (1200, 0), (6000, -14), (11_000, -24)])
    mix = scaled(fftconvolve(pulses, wood)[:count]) + scaled(rub, rng.uniform(0.02, 0.2))
    return scaled(faded(mix * strength, 0.04, 0.08))


def whoosh(rng: np.random.Generator, duration_s: float) -> Wave:
    """Air moved by something large."""
    noise = coloured(rng, duration_s, [(60, 0), (300, -8), (1200, -22), (5000, -44)])
    return scaled(faded(noise, 0.7 * duration_s, 0.2 * duration_s))


def _closed(rng: np.random.Generator) -> Wave:
    """Close a room door: it swings, falls into the frame, and the bolt snaps in."""
    hardness = rng.uniform(0.05, 0.6)
    pieces = [(0.0, falls_shut(rng, log_uniform(rng, 45, 130), hardness))]
    if chance(rng, 0.4):
        pieces.append((rng.uniform(0.01, 0.05), rattle(rng, rng.uniform(0.15, 0.5)) * rng.uniform(0.04, 0.2)))
    if chance(rng, 0.3):
        swing_s = rng.uniform(0.4, 1.4)
        before = creak(rng, swing_s) if chance(rng, 0.5) else whoosh(rng, swing_s)
        pieces = [(0.0, before * rng.uniform(0.03, 0.2)), *((swing_s + s, piece) for s, piece in pieces)]
    return mixed(pieces)


def _slammed(rng: np.random.Generator) -> Wave:
    """Slam a door: frame, panel, wall and everything on it."""
    pieces = [(0.0, falls_shut(rng, log_uniform(rng, 35, 90), rng.uniform(0.7, 1.0)))]
    pieces.append((0.1, rattle(rng, rng.uniform(0.2, 0.8)) * rng.uniform(0.05, 0.35)))
    return mixed(pieces)


def _opened(rng: np.random.Generator) -> Wave:
    """Press the handle and open: clicks, the leaf comes free, often a creak."""
    pieces = [(0.0, latch(rng) * rng.uniform(0.4, 1))]
    free_s = rng.uniform(0.1, 0.35)
    pieces.append((free_s, thud(rng, log_uniform(rng, 60, 160), rng.uniform(0, 0.3)) * rng.uniform(0.3, 1)))
    if chance(rng, 0.5):
        pieces.append((free_s + 0.05, creak(rng, rng.uniform(0.4, 1.8)) * rng.uniform(0.1, 0.6)))
    if chance(rng, 0.4):
        pieces.append((free_s + rng.uniform(0.4, 1.2), latch(rng) * rng.uniform(0.1, 0.5)))
    return mixed(pieces)


def _creaking(rng: np.random.Generator) -> Wave:
    """Move a dry door slowly: one to three creaks, sometimes a soft end."""
    pieces, start_s = [], 0.0
    for _ in range(int(rng.integers(1, 4))):
        length_s = rng.uniform(0.3, 1.4)
        pieces.append((start_s, creak(rng, length_s) * rng.uniform(0.5, 1)))
        start_s += length_s + rng.uniform(0.0, 0.3)
    if chance(rng, 0.5):
        pieces.append((start_s, thud(rng, log_uniform(rng, 60, 140), 0.3)))
    return mixed(pieces)


def _cupboard(rng: np.random.Generator) -> Wave:
    """Open or shut a cupboard: a small light leaf, a magnet or roller catch, a bounce."""
    lowest_hz = log_uniform(rng, 110, 280)
    seed = int(rng.integers(2**32))
    bounce_s = rng.uniform(0.05, 0.14)
    hardness = rng.uniform(0.2, 0.8)
    pieces = [(0.0, click(rng) * rng.uniform(0.1, 0.5))]
    for bounce in range(int(rng.integers(1, 4))):
        # The same leaf falls again, lower.
        leaf = thud(np.random.default_rng(seed), lowest_hz, hardness * 0.8**bounce)
        pieces.append((0.02 + bounce * bounce_s * 0.8**bounce, leaf * 0.4**bounce))
    if chance(rng, 0.4):
        pieces.append((0.03, rattle(rng, 0.3) * rng.uniform(0.05, 0.3)))
    return mixed(pieces)


def _refrigerator(rng: np.random.Generator) -> Wave:
    """Open or shut a refrigerator: the seal sucks and lets go, bottles in the door clink."""
    seal_s = rng.uniform(0.06, 0.22)
    seal = scaled(faded(coloured(rng, seal_s, [(80, 0), (400, -4), (2500, -16), (8000, -30)]), 0.7 * seal_s, 0.02))
    pieces = [(0.0, seal * rng.uniform(0.1, 0.5))]
    pieces.append((seal_s * 0.9, thud(rng, log_uniform(rng, 45, 110), rng.uniform(0, 0.45))))
    for _ in range(int(rng.integers(0, 7))):
        glass_hz = log_uniform(rng, 1500, 5000) * np.array([1.0, 1.9, 2.8])
        clink = ringing(glass_hz, np.full(3, rng.uniform(0.05, 0.25)), np.array([1.0, 0.6, 0.3]), 0.2)
        pieces.append((seal_s + rng.exponential(0.12), clink * rng.uniform(0.01, 0.12)))
    return mixed(pieces)


def _sliding(rng: np.random.Generator) -> Wave:
    """Slide a door, window or drawer on its rail: rolling noise with bumps, then the stop."""
    length_s = rng.uniform(0.35, 1.8)
    count = sample_count(length_s)
    rail = coloured(rng, length_s, [(60, 0), (250, -3), (1500, -14 + rng.uniform(-6, 8)), (8000, -40)])
    wheel = 1 + rng.uniform(0.05, 0.4) * np.sin(
        2 * np.pi * np.cumsum(through(rng.uniform(6, 35, 3), count)) / SAMPLE_RATE_HZ
    )
    speed = through([0.1, *rng.uniform(0.5, 1, 3), 0.6], count) * np.exp(0.25 * wander(rng, count, 15))
    rolling = faded(scaled(rail * wheel * speed), 0.05, 0.03)
    body = equalised(rolling, [(100, 0), (log_uniform(rng, 200, 900), 9), (3000, 0)])
    stop = thud(rng, log_uniform(rng, 55, 180), rng.uniform(0.1, 0.8)) * rng.uniform(0.5, 2.5)
    pieces = [(0.0, scaled(body)), (length_s - 0.02, stop)]
    if chance(rng, 0.5):
        pieces.append((length_s, rattle(rng, 0.25) * rng.uniform(0.1, 0.4)))
    return mixed(pieces)


def _lock(rng: np.random.Generator) -> Wave:
    """Turn a key and press the handle: latches in a row, a bolt thrown."""
    starts_s = np.cumsum(rng.uniform(0.12, 0.5, int(rng.integers(2, 5))))
    pieces = [(float(s), latch(rng) * rng.uniform(0.3, 1)) for s in starts_s]
    pieces.append((float(starts_s[-1]) + rng.uniform(0.1, 0.4), thud(rng, log_uniform(rng, 80, 200), 0.4)))
    return mixed(pieces)


_KINDS: dict[Generator, float] = {
    _closed: 0.32,
    _slammed: 0.13,
    _opened: 0.14,
    _creaking: 0.07,
    _cupboard: 0.14,
    _refrigerator: 0.08,
    _sliding: 0.08,
    _lock: 0.04,
}
