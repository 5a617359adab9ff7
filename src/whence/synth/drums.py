"""Percussion: drum heads, cymbals, shakers, blocks; a kit for music, or one played alone."""

from collections.abc import Callable

import numpy as np

from whence.synth.modes import MEMBRANE, falling_t60_s, ringing, struck
from whence.synth.waves import Wave, coloured, faded, log_uniform, mixed, scaled, times_s
from whence.units import SAMPLE_RATE_HZ

# force 0 to 1 -> one stroke.
Hit = Callable[[float], Wave]


def kick(rng: np.random.Generator) -> Hit:
    """A bass drum: a pitch that falls as the head comes to rest, and the beater's click."""
    low_hz, fall, t_s = log_uniform(rng, 40, 75), rng.uniform(1.0, 4.0), rng.uniform(0.08, 0.25)
    time_s = times_s(2.2 * t_s)
    turns = np.cumsum(low_hz * (1 + fall * np.exp(-time_s / 0.025))) / SAMPLE_RATE_HZ
    beater = coloured(rng, 0.008, [(800, 0), (4000, -6), (11000, -24)]) * np.exp(-np.arange(192) / 40)
    wave = mixed([(0.0, np.sin(2 * np.pi * turns) * np.exp(-2.5 * time_s / t_s)), (0.0, scaled(beater, 0.2))])
    wave = faded(wave, 0.0005, 0.02)
    return lambda force: wave * force


def snare(rng: np.random.Generator) -> Hit:
    """A snare drum: a short head and wires that hiss."""
    head_hz = log_uniform(rng, 150, 260) * MEMBRANE[:6]
    head = scaled(struck(head_hz, np.full(6, rng.uniform(0.1, 0.25)), rng.uniform(0.2, 1, 6), 0.25, 0.001))
    length_s = rng.uniform(0.12, 0.35)
    wires = coloured(rng, length_s, [(400, -12), (2000, -2), (5000, 0), (11500, -6)])
    wires = wires * np.exp(-5 * np.arange(len(wires)) / len(wires))
    wave = faded(mixed([(0.0, head), (0.0, scaled(wires, rng.uniform(0.5, 1.5)))]), 0.0005, 0.02)
    return lambda force: wave * force


def tom(rng: np.random.Generator) -> Hit:
    """A tom, conga or hand drum: membrane modes, a little lower as they fade."""
    head_hz = log_uniform(rng, 70, 320) * MEMBRANE * rng.normal(1, 0.02, len(MEMBRANE))
    t60_s = falling_t60_s(head_hz, rng.uniform(0.25, 0.9), float(head_hz[0]), 0.8)
    gains = rng.uniform(0.3, 1, len(MEMBRANE)) * np.arange(1, 11) ** -0.4
    contact_s = log_uniform(rng, 0.0006, 0.004)

    def hit(force: float) -> Wave:
        return (
            faded(struck(head_hz, t60_s, gains, min(1.0, float(t60_s[0])), contact_s * (1.4 - 0.4 * force)), 0, 0.03)
            * force
        )

    return hit


def cymbal(rng: np.random.Generator) -> Hit:
    """A cymbal or hi-hat: a crowd of high inharmonic modes and the noise between them."""
    t60_s = log_uniform(rng, 0.06, 2.0)
    hz = np.exp(rng.uniform(np.log(400), np.log(11_000), 60))
    length_s = min(1.8, t60_s)
    metal = scaled(ringing(hz, t60_s * rng.uniform(0.5, 1.2, 60), rng.standard_normal(60), length_s))
    wash = coloured(rng, length_s, [(1500, -24), (5000, -3), (8000, 0), (11800, -3)])
    wash = wash * np.exp(-6.9 * np.arange(len(wash)) / SAMPLE_RATE_HZ / t60_s)
    wave = faded(mixed([(0.0, metal * 0.6), (0.0, scaled(wash))]), 0.0004, 0.05)
    return lambda force: wave * force


def shaker(rng: np.random.Generator) -> Hit:
    """A maraca, egg or tambourine: a swell of grains."""
    low_hz = log_uniform(rng, 2500, 6000)
    jingles = ringing(low_hz * rng.uniform(0.9, 2.0, 8), np.full(8, 0.2), rng.uniform(0, 1, 8), 0.25)
    ring = rng.uniform(0, 0.8) * (rng.random() < 0.5)

    def hit(force: float) -> Wave:
        length_s = rng.uniform(0.05, 0.14)
        grains = coloured(rng, length_s, [(low_hz / 3, -24), (low_hz, 0), (2 * low_hz, 0), (11800, -9)])
        grains = scaled(faded(grains * (rng.random(len(grains)) < 0.4), 0.3 * length_s, 0.6 * length_s))
        return mixed([(0.0, grains), (0.2 * length_s, scaled(jingles, ring))]) * force

    return hit


def block(rng: np.random.Generator) -> Hit:
    """A wood block, clave or cow bell: a few short modes."""
    hz = log_uniform(rng, 450, 2600) * np.array([1.0, rng.uniform(1.4, 1.6), 2.6, 4.1])
    t60_s = falling_t60_s(hz, log_uniform(rng, 0.05, 0.35), float(hz[0]), 0.4)
    wave = scaled(struck(hz, t60_s, np.array([1.0, 0.7, 0.4, 0.2]), float(t60_s.max()), 0.0002))
    return lambda force: wave * force


def scraper(rng: np.random.Generator) -> Hit:
    """A guiro: a stick drawn over notches."""
    hz = log_uniform(rng, 900, 2500) * np.array([1.0, 1.6, 2.7])
    tick = scaled(ringing(hz, np.full(3, 0.03), np.array([1.0, 0.6, 0.5]), 0.03))

    def hit(force: float) -> Wave:
        length_s, notches = rng.uniform(0.1, 0.5), int(rng.integers(12, 40))
        starts_s = np.linspace(0, 1, notches) ** rng.uniform(0.6, 1.4) * length_s
        return mixed([(float(s), tick * rng.uniform(0.4, 1)) for s in starts_s]) * force

    return hit


DRUMS: dict[str, Callable[[np.random.Generator], Hit]] = {
    "kick": kick,
    "snare": snare,
    "tom": tom,
    "cymbal": cymbal,
    "shaker": shaker,
    "block": block,
    "scraper": scraper,
}
