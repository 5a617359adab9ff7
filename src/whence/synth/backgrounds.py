"""Background sounds: rooms, air conditioning, distant traffic, wind, rain, a murmuring crowd."""

import numpy as np

from whence.synth.household import motor
from whence.synth.speech import female_speech, male_speech
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

_FADE_S = 0.3


def background(rng: np.random.Generator) -> Wave:
    """Return 5 to 10 s of a place without events, steady apart from the fades."""
    return faded(one_of(rng, _KINDS), _FADE_S, _FADE_S)


def _breathing(rng: np.random.Generator, noise: Wave, depth: float) -> Wave:
    """Noise whose level drifts, as that of real noise does."""
    return noise * np.exp(depth * wander(rng, len(noise), rng.uniform(0.4, 3)))


def _room_tone(rng: np.random.Generator) -> Wave:
    """A quiet room: noise that falls with frequency, a trace of mains hum."""
    duration_s = rng.uniform(5, 10)
    slope = rng.uniform(3, 9)
    octaves = 62.5 * 2.0 ** np.arange(8)
    levels_db = -slope * np.arange(8) + rng.normal(0, 2, 8)
    noise = coloured(rng, duration_s, list(zip(octaves.tolist(), levels_db.tolist(), strict=True)))
    hum = motor(rng, np.full(len(noise), float(rng.choice([50.0, 60.0]))), 12, 0.0002)
    return _breathing(rng, noise, 0.08) + hum * rng.uniform(0, 1.0)


def _air_conditioning(rng: np.random.Generator) -> Wave:
    """Air through a grille, and the fan behind it."""
    duration_s = rng.uniform(5, 10)
    grille_hz = log_uniform(rng, 250, 1200)
    noise = coloured(rng, duration_s, [(50, 0), (grille_hz, -4), (2.5 * grille_hz, -12), (10_000, -40)])
    fan = motor(rng, np.full(len(noise), log_uniform(rng, 15, 60)), 24, 0.002)
    return _breathing(rng, noise, 0.05) + equalised(fan, [(60, 0), (800, -12)]) * rng.uniform(0, 2)


def _traffic(rng: np.random.Generator) -> Wave:
    """A street beyond walls: rumble, and cars that come and go."""
    duration_s = rng.uniform(6, 10)
    rumble = coloured(rng, duration_s, [(40, 0), (120, -2), (500, -14), (2500, -30), (10_000, -48)])
    total = _breathing(rng, rumble, 0.2)
    for _ in range(int(rng.integers(0, 4))):
        tyres = coloured(rng, duration_s, [(100, -8), (500, -2), (1100, 0), (3000, -12), (10_000, -30)])
        centre_s, width_s = rng.uniform(0, duration_s), rng.uniform(0.8, 2.5)
        time_s = np.arange(len(tyres)) / SAMPLE_RATE_HZ
        total += tyres * rng.uniform(0.2, 1) / (1 + ((time_s - centre_s) / width_s) ** 2)
    return total


def _wind_or_rain(rng: np.random.Generator) -> Wave:
    """Weather at a window."""
    duration_s = rng.uniform(5, 10)
    if chance(rng, 0.5):
        gusts = coloured(rng, duration_s, [(60, 0), (200, -4), (600, -12), (3000, -34)])
        return gusts * np.exp(0.6 * wander(rng, len(gusts), 0.8))
    drops = rng.standard_normal(sample_count(duration_s)) * (
        rng.random(sample_count(duration_s)) < rng.uniform(0.002, 0.03)
    )
    hiss = coloured(rng, duration_s, [(300, -14), (2000, -3), (6000, 0), (11_500, -8)])
    return hiss + 3 * equalised(drops, [(400, -10), (2500, 0), (11_000, -6)])


def _murmur(rng: np.random.Generator) -> Wave:
    """Many people talk at once, far away: voices mixed until no word is left."""
    duration_s = rng.uniform(5, 8)
    count = sample_count(duration_s)
    total = np.zeros(count)
    voices = [one_of(rng, {female_speech: 1.0, male_speech: 1.0}) for _ in range(5)]
    for speaker in range(20):
        # Another speed and direction make another voice of one that is already there.
        voice = voices[speaker % 5][:: 1 if chance(rng, 0.5) else -1]
        voice = through(voice / voice.std(), int(len(voice) * rng.uniform(0.85, 1.2)))
        total += np.roll(np.resize(voice, count), int(rng.integers(count))) * rng.uniform(0.4, 1)
    far = equalised(total, [(80, -6), (400, 0), (1500, -6), (5000, -24), (10_000, -40)])
    room = coloured(rng, duration_s, [(60, 0), (500, -10), (4000, -34)])[:count]
    return mixed([(0.0, scaled(far)), (0.0, scaled(room) * rng.uniform(0.1, 0.6))])


_KINDS: dict[Generator, float] = {
    _room_tone: 0.34,
    _air_conditioning: 0.24,
    _traffic: 0.2,
    _wind_or_rain: 0.1,
    _murmur: 0.12,
}
