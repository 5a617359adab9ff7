"""Doors: handles, latches, slams, creaks, cupboards, refrigerators, drawers and sliding doors."""

import numpy as np

from whence.synth.hardware import click, creak, falls_shut, latch, rattle, thud, whoosh
from whence.synth.modes import ringing
from whence.synth.noises import coloured, equalised
from whence.synth.waves import (
    Generator,
    Wave,
    chance,
    laid_out,
    leveled,
    log_uniform,
    one_of,
    sample_count,
    swelled,
    through,
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def door(rng: np.random.Generator) -> Wave:
    """Open or close a door of some kind.

    Args:
        rng: source of chance.

    Returns:
        (sample,) 0.2 to 4 s, not yet finished.

    >>> door(np.random.default_rng(0)).ndim
    1
    """
    return one_of(rng, _KINDS)


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
    return laid_out(pieces)


def _slammed(rng: np.random.Generator) -> Wave:
    """Slam a door: frame, panel, wall and everything on it."""
    pieces = [(0.0, falls_shut(rng, log_uniform(rng, 35, 90), rng.uniform(0.7, 1.0)))]
    pieces.append((0.1, rattle(rng, rng.uniform(0.2, 0.8)) * rng.uniform(0.05, 0.35)))
    return laid_out(pieces)


def _opened(rng: np.random.Generator) -> Wave:
    """Press the handle and open: clicks, the leaf comes free, often a creak."""
    pieces = [(0.0, latch(rng) * rng.uniform(0.4, 1))]
    free_s = rng.uniform(0.1, 0.35)
    pieces.append((free_s, thud(rng, log_uniform(rng, 60, 160), rng.uniform(0, 0.3)) * rng.uniform(0.3, 1)))
    if chance(rng, 0.5):
        pieces.append((free_s + 0.05, creak(rng, rng.uniform(0.4, 1.8)) * rng.uniform(0.1, 0.6)))
    if chance(rng, 0.4):
        pieces.append((free_s + rng.uniform(0.4, 1.2), latch(rng) * rng.uniform(0.1, 0.5)))
    return laid_out(pieces)


def _creaking(rng: np.random.Generator) -> Wave:
    """Move a dry door slowly: one to three creaks, sometimes a soft end."""
    pieces, start_s = [], 0.0
    for _ in range(int(rng.integers(1, 4))):
        length_s = rng.uniform(0.3, 1.4)
        pieces.append((start_s, creak(rng, length_s) * rng.uniform(0.5, 1)))
        start_s += length_s + rng.uniform(0.0, 0.3)
    if chance(rng, 0.5):
        pieces.append((start_s, thud(rng, log_uniform(rng, 60, 140), 0.3)))
    return laid_out(pieces)


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
    return laid_out(pieces)


def _refrigerator(rng: np.random.Generator) -> Wave:
    """Open or shut a refrigerator: the seal sucks and lets go, bottles in the door clink."""
    seal_s = rng.uniform(0.06, 0.22)
    seal = leveled(swelled(coloured(rng, seal_s, [(80, 0), (400, -4), (2500, -16), (8000, -30)]), 0.7 * seal_s, 0.02))
    pieces = [(0.0, seal * rng.uniform(0.1, 0.5))]
    pieces.append((seal_s * 0.9, thud(rng, log_uniform(rng, 45, 110), rng.uniform(0, 0.45))))
    for _ in range(int(rng.integers(0, 7))):
        glass_hz = log_uniform(rng, 1500, 5000) * np.array([1.0, 1.9, 2.8])
        clink = ringing(glass_hz, np.full(3, rng.uniform(0.05, 0.25)), np.array([1.0, 0.6, 0.3]), 0.2)
        pieces.append((seal_s + rng.exponential(0.12), clink * rng.uniform(0.01, 0.12)))
    return laid_out(pieces)


def _sliding(rng: np.random.Generator) -> Wave:
    """Slide a door, window or drawer on its rail: rolling noise with bumps, then the stop."""
    length_s = rng.uniform(0.35, 1.8)
    count = sample_count(length_s)
    rail = coloured(rng, length_s, [(60, 0), (250, -3), (1500, -14 + rng.uniform(-6, 8)), (8000, -40)])
    wheel = 1 + rng.uniform(0.05, 0.4) * np.sin(
        2 * np.pi * np.cumsum(through(rng.uniform(6, 35, 3), count)) / SAMPLE_RATE_HZ
    )
    speed = through([0.1, *rng.uniform(0.5, 1, 3), 0.6], count) * np.exp(0.25 * wander(rng, count, 15))
    rolling = swelled(leveled(rail * wheel * speed), 0.05, 0.03)
    body = equalised(rolling, [(100, 0), (log_uniform(rng, 200, 900), 9), (3000, 0)])
    stop = thud(rng, log_uniform(rng, 55, 180), rng.uniform(0.1, 0.8)) * rng.uniform(0.5, 2.5)
    pieces = [(0.0, leveled(body)), (length_s - 0.02, stop)]
    if chance(rng, 0.5):
        pieces.append((length_s, rattle(rng, 0.25) * rng.uniform(0.1, 0.4)))
    return laid_out(pieces)


def _lock(rng: np.random.Generator) -> Wave:
    """Turn a key and press the handle: latches in a row, a bolt thrown."""
    starts_s = np.cumsum(rng.uniform(0.12, 0.5, int(rng.integers(2, 5))))
    pieces = [(float(s), latch(rng) * rng.uniform(0.3, 1)) for s in starts_s]
    pieces.append((float(starts_s[-1]) + rng.uniform(0.1, 0.4), thud(rng, log_uniform(rng, 80, 200), 0.4)))
    return laid_out(pieces)


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
