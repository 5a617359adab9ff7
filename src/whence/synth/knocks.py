"""Knocks: knuckles and fists on doors, tables, panes and sheet metal."""

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, struck
from whence.synth.waves import Wave, coloured, log_uniform, mixed, sample_count, scaled, weighted_choice
from whence.units import SAMPLE_RATE_HZ

# Gaps between knocks in beats, and the weight of the rhythm.
_RHYTHMS: dict[tuple[float, ...], float] = {
    (): 1,
    (1,): 3,
    (1, 1): 5,
    (1, 1, 1): 4,
    (1, 1, 1, 1): 3,
    (1, 1, 1, 1, 1): 2,
    (1, 1, 2.4, 1, 1): 1.5,
    (1, 3, 1): 1.5,
    (1, 0.5, 0.5, 1, 2, 1): 0.7,
    (0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6): 0.7,
}

# lowest mode, highest mode in Hz; t60 in s at the lowest; how fast the high ones die; longest contact in s; weight.
_BODIES: dict[str, tuple[tuple[float, float], float, tuple[float, float], float, tuple[float, float], float]] = {
    "hollow door": ((70, 170), 2200, (0.10, 0.30), 0.7, (0.0008, 0.0025), 0.4),
    "solid door": ((110, 260), 2600, (0.06, 0.16), 0.7, (0.0006, 0.002), 0.25),
    "table": ((130, 330), 3500, (0.05, 0.14), 0.6, (0.0006, 0.002), 0.15),
    "pane": ((180, 420), 5000, (0.08, 0.25), 0.5, (0.0004, 0.0012), 0.1),
    "sheet metal": ((90, 260), 5000, (0.25, 0.6), 0.35, (0.0005, 0.002), 0.1),
}


def knock(rng: np.random.Generator) -> Wave:
    """Return one to eight knocks in a human rhythm on one body at nearly one spot, 0.1 to 3 s."""
    lowest, highest_hz, t60, power, contact, _ = weighted_choice(rng, {body: body[-1] for body in _BODIES.values()})
    frequency_hz = panel_hz(
        rng, log_uniform(rng, *lowest), highest_hz * rng.uniform(0.7, 1.3), int(rng.integers(24, 60))
    )
    t60_s = falling_t60_s(frequency_hz, log_uniform(rng, *t60), float(frequency_hz[0]), power)
    # Low modes of a door move most air.
    spot = rng.standard_normal(len(frequency_hz)) * (frequency_hz / frequency_hz[0]) ** -rng.uniform(-0.1, 0.3)
    contact_s = log_uniform(rng, *contact)
    pieces = []
    for start_s, level in zip(*_beats(rng), strict=True):
        blow = spot + 0.25 * rng.standard_normal(len(spot)) * np.abs(spot)
        duller = contact_s * rng.uniform(0.85, 1.15)
        pieces.append((start_s, level * _blow(rng, frequency_hz, t60_s, blow, duller)))
    return mixed(pieces)


def _beats(rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """When the blows fall, in seconds, and how hard."""
    rhythm = weighted_choice(rng, _RHYTHMS)
    beat_s = log_uniform(rng, 0.13, 0.42)
    gaps_s = np.array(rhythm) * beat_s * rng.normal(1.0, 0.06, len(rhythm)).clip(0.7, 1.3)
    starts_s = np.concatenate([[0.0], np.cumsum(gaps_s)])
    levels = 10 ** (rng.normal(0, 1.8, len(starts_s)) / 20)
    return starts_s.tolist(), levels.tolist()


def _blow(rng: np.random.Generator, frequency_hz: Wave, t60_s: Wave, spot: Wave, contact_s: float) -> Wave:
    """One blow: the body's modes and the slap of skin and bone on its surface."""
    body = scaled(struck(frequency_hz, t60_s, spot, min(0.7, 1.2 * float(t60_s.max())), contact_s))
    slap_s = 0.02
    slap = coloured(rng, slap_s, [(200, 0), (0.6 / contact_s, 0), (3 / contact_s, -36), (9000, -48)])
    fall = np.exp(-np.arange(sample_count(slap_s)) / (SAMPLE_RATE_HZ * contact_s * rng.uniform(1.5, 4)))
    return mixed([(0.0, body), (0.0, scaled(slap * fall, rng.uniform(0.15, 0.6)))])
