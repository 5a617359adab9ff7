"""Crockery, glass, cutlery and pans that touch each other."""

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, struck
from whence.synth.waves import (
    Wave,
    arrivals_s,
    chance,
    laid_out,
    leveled,
    log_uniform,
    sample_count,
)


def clink(rng: np.random.Generator, lowest_hz: float, t60_s: float) -> Wave:
    """Touch two hard things together: crockery, glass, cutlery, pans."""
    modes = int(rng.integers(5, 12))
    hz = lowest_hz * np.cumsum(np.concatenate([[1.0], rng.uniform(0.35, 1.3, modes - 1)]))
    gains = rng.standard_normal(modes) * np.arange(1, modes + 1) ** -0.3
    return leveled(
        struck(hz, falling_t60_s(hz, t60_s, lowest_hz, 0.5), gains, min(1.2, t60_s), log_uniform(rng, 4e-5, 2e-4))
    )


def clatter(rng: np.random.Generator, duration_s: float, per_second: float, low_hz: float, high_hz: float) -> Wave:
    """Many small hits on a few hard things."""
    things = [clink(rng, log_uniform(rng, low_hz, high_hz), rng.uniform(0.02, 0.15)) for _ in range(5)]
    starts_s = arrivals_s(rng, per_second, duration_s)
    hits = [(float(s), things[int(rng.integers(5))] * rng.gamma(1.2, 0.5)) for s in starts_s]
    return leveled(laid_out([(0.0, np.zeros(sample_count(duration_s))), *hits]))


def dishes(rng: np.random.Generator) -> Wave:
    """Stack plates, put cups down, drop a spoon into a drawer."""
    metal = chance(rng, 0.4)
    lowest_hz = log_uniform(rng, 1200, 3500) if metal else log_uniform(rng, 500, 1800)
    t60_s = log_uniform(rng, 0.08, 0.5)
    pieces: list[tuple[float, Wave]] = []
    start_s = 0.0
    for _ in range(int(rng.integers(2, 9))):
        # One handling is a quick row of touches.
        for touch_s in np.cumsum(rng.exponential(0.035, int(rng.integers(1, 7)))):
            one = clink(rng, lowest_hz * rng.uniform(0.8, 1.4), t60_s * rng.uniform(0.6, 1.3))
            pieces.append((start_s + float(touch_s), one * rng.gamma(1.5, 0.4)))
        board_hz = panel_hz(rng, rng.uniform(120, 300), 1500, 10)
        board = leveled(struck(board_hz, np.full(10, 0.06), rng.standard_normal(10), 0.08, 0.0015))
        pieces.append((start_s, board * rng.uniform(0.0, 0.6)))
        start_s += log_uniform(rng, 0.12, 0.9)
    return laid_out(pieces)
