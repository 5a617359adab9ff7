"""Domestic sounds: motors and fans, kitchen machines, things that boil and fry, crockery and cutlery."""

import numpy as np

from whence.synth.modes import ringing, tone
from whence.synth.noises import Curve, coloured, equalised
from whence.synth.tableware import clatter, dishes
from whence.synth.water import bubbles, sizes_mm
from whence.synth.waves import (
    Generator,
    Wave,
    chance,
    laid_out,
    leveled,
    log_uniform,
    one_of,
    sample_count,
    scattered,
    swelled,
    through,
    times_s,
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def domestic_sounds(rng: np.random.Generator) -> Wave:
    """Run a household machine, cook something, or handle dishes.

    Args:
        rng: source of chance.

    Returns:
        (sample,) 0.6 to 8 s, not yet finished.

    >>> domestic_sounds(np.random.default_rng(0)).ndim
    1
    """
    return one_of(rng, _KINDS)


def motor(rng: np.random.Generator, turning_hz: Wave, harmonics: int, roughness: float) -> Wave:
    """Turn a motor along a speed curve: every harmonic of the shaft, some strong where teeth, blades or slots pass.

    Args:
        rng: source of chance.
        turning_hz: (sample,) shaft speed.
        harmonics: how many orders are heard.
        roughness: how unsteady the turning is, relative.

    Returns:
        (sample,) peak 1.
    """
    order = np.arange(1.0, harmonics + 1)
    gains = order ** -rng.uniform(0.3, 1.1) * np.exp(rng.normal(0, 0.9, harmonics))
    for _ in range(2):
        blades = int(rng.integers(2, max(3, harmonics // 3)))
        gains[blades - 1 :: blades] *= rng.uniform(2, 6)
    unsteady = turning_hz * (1 + roughness * wander(rng, len(turning_hz), 12))
    return leveled(tone(unsteady, gains, rng.uniform(0, 2 * np.pi, harmonics)))


def housing(rng: np.random.Generator, peaks: int = 6) -> Curve:
    """Draw the colour a case gives to what runs in it: irregular bumps and a falling top."""
    places_hz = np.sort(np.exp(rng.uniform(np.log(120), np.log(6000), peaks)))
    curve: list[tuple[float, float]] = [(50.0, 0.0)]
    for hz in places_hz.tolist():
        curve += [(hz * 0.9, -6.0), (hz, rng.uniform(-2, 9)), (hz * 1.1, -6.0)]
    return [*sorted(curve), (11_500.0, -rng.uniform(16, 34))]


def spinning_up(rng: np.random.Generator, count: int, turning_hz: float) -> Wave:
    """(sample,) a shaft speed: steady, or switched on, or off, within the sound."""
    speed = np.full(count, turning_hz)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    if chance(rng, 0.35):
        speed = speed * (1 - 0.9 * np.exp(-time_s / rng.uniform(0.1, 0.5)))
    if chance(rng, 0.3):
        speed = speed * (1 - np.exp(-(time_s[::-1] + 0.02) / rng.uniform(0.1, 0.5)))
    return np.asarray(np.maximum(speed, 4.0))


def _machine(
    rng: np.random.Generator, speed_hz: tuple[float, float], harmonics: int, air: Curve, air_db: float
) -> Wave:
    """A motor in a case with the air it moves; the air grows with speed."""
    duration_s = rng.uniform(2.5, 6.5)
    count = sample_count(duration_s)
    speed = spinning_up(rng, count, log_uniform(rng, *speed_hz))
    strength = (speed / speed.max()) ** 2
    hum = equalised(motor(rng, speed, harmonics, rng.uniform(0.001, 0.008)) * strength, housing(rng))
    wind = coloured(rng, duration_s, air)[:count] * strength * np.exp(0.08 * wander(rng, count, 20))
    mix = np.asarray(hum / hum.std() + wind * 10 ** (air_db / 20))
    return swelled(mix, log_uniform(rng, 0.03, 0.4), log_uniform(rng, 0.05, 0.5))


def _vacuum(rng: np.random.Generator) -> Wave:
    """Vacuum: a fast motor and a lot of air; the nozzle moves over the floor."""
    bend_hz = log_uniform(rng, 600, 3000)
    mix = _machine(rng, (180, 520), 40, [(60, 0), (200, 0), (bend_hz, -6), (11_000, -32)], rng.uniform(-4, 8))
    strokes = np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * np.arange(len(mix)) / SAMPLE_RATE_HZ)
    return mix * np.exp(rng.uniform(0, 0.2) * strokes)


def _fan(rng: np.random.Generator) -> Wave:
    """Run a fan or a range hood: low blade tones under wide air noise."""
    return _machine(
        rng, (12, 60), 30, [(40, 0), (160, -1), (1200, -rng.uniform(8, 20)), (9000, -44)], rng.uniform(-3, 10)
    )


def _mixer(rng: np.random.Generator) -> Wave:
    """Run a mixer, blender or grinder: a dense buzz that labours under load, with clatter."""
    mix = leveled(_machine(rng, (70, 320), 80, [(200, -3), (1500, 0), (5000, -8), (11_000, -26)], rng.uniform(-14, 2)))
    mix = mix * np.exp(0.2 * wander(rng, len(mix), rng.uniform(3, 12)))
    if chance(rng, 0.5):
        duration_s = len(mix) / SAMPLE_RATE_HZ
        bits = clatter(rng, duration_s, log_uniform(rng, 10, 80), 1200, 7000)
        mix = mix + bits[: len(mix)] * rng.uniform(0.1, 0.5)
    return mix


def _microwave(rng: np.random.Generator) -> Wave:
    """Run a microwave oven: transformer hum at twice the mains and its multiples, a fan, beeps at the end."""
    duration_s = rng.uniform(2, 5)
    mains_hz = 2 * float(rng.choice([50.0, 60.0]))
    orders = np.arange(1.0, 80)
    top_hz = log_uniform(rng, 400, 2500)
    hum = tone(
        np.full(sample_count(duration_s), mains_hz),
        orders ** -rng.uniform(0.3, 1.4) * np.exp(rng.normal(0, 0.7, len(orders)) - orders * mains_hz / top_hz),
        rng.uniform(0, 6.28, len(orders)),
    )
    air = coloured(rng, duration_s, [(60, 0), (300, -2), (1500, -14), (9000, -40)])
    mix = swelled(hum / hum.std() + air * rng.uniform(0.1, 1), 0.15, 0.1)
    if chance(rng, 0.35):
        beep_hz, beep_s = rng.uniform(1800, 2600), rng.uniform(0.15, 0.5)
        beep = swelled(np.sin(2 * np.pi * beep_hz * times_s(beep_s)), 0.004, 0.01) * rng.uniform(1, 3)
        starts_s = duration_s + 0.3 + np.arange(int(rng.integers(1, 5))) * beep_s * 2
        return laid_out([(0.0, mix), *((float(start_s), beep) for start_s in starts_s)])
    return mix


def _washing_machine(rng: np.random.Generator) -> Wave:
    """Run a washing machine, dishwasher or dryer: motor and slosh in the rhythm of the drum."""
    duration_s = rng.uniform(3, 6)
    count = sample_count(duration_s)
    drum_hz = log_uniform(rng, 0.5, 4)
    beat = np.sin(2 * np.pi * drum_hz * np.arange(count) / SAMPLE_RATE_HZ + rng.uniform(0, 6.28))
    hum = motor(rng, np.full(count, log_uniform(rng, 30, 150)), 40, 0.004)
    slosh = coloured(rng, duration_s, [(60, 0), (300, -2), (1500, -10), (6000, -26)])
    swash = slosh * np.exp(rng.uniform(0.1, 0.7) * (beat - 1))
    spray = coloured(rng, duration_s, [(500, -4), (2500, 0), (8000, -14)]) * np.exp(0.3 * beat[::-1])
    mix = equalised(hum / hum.std() * rng.uniform(0.2, 1.2), housing(rng)) + swash + spray * rng.uniform(0, 0.25)
    return swelled(mix, 0.2, 0.3)


def _boiling(rng: np.random.Generator) -> Wave:
    """Boil water: a dull roar with bubbles that rise through it; a kettle roars before it bubbles."""
    duration_s = rng.uniform(2, 5)
    roar = coloured(rng, duration_s, [(80, -6), (250, 0), (900, -4), (3000, -18), (9000, -36)])
    roar = roar * np.exp(0.25 * wander(rng, len(roar), 14))
    count = int(duration_s * log_uniform(rng, 60, 500))
    radius_mm = sizes_mm(rng, count, log_uniform(rng, 2.0, 4.5), 0.4)
    rise = bubbles(rng, rng.uniform(0, duration_s, count), radius_mm, 0.08, duration_s)
    mix = leveled(roar) * rng.uniform(0.3, 1.5) + leveled(rise)
    if chance(rng, 0.3):
        lid = clatter(rng, duration_s, rng.uniform(3, 14), 900, 5000)
        mix = mix + lid[: len(mix)] * rng.uniform(0.1, 0.6)
    return swelled(mix, 0.3, 0.3)


def _frying(rng: np.random.Generator) -> Wave:
    """Fry: a hiss made of countless tiny bursts of steam, with louder spits."""
    duration_s = rng.uniform(2, 5)
    hiss = coloured(rng, duration_s, [(300, -16), (1500, -5), (5000, 0), (11500, -3)])
    pops = int(duration_s * log_uniform(rng, 60, 900))
    size = sample_count(0.006)
    fall_s = rng.uniform(0.0004, 0.002, pops)[:, None]
    noise = coloured(rng, pops * 0.006, [(700, -8), (3500, 0), (11000, 0)])[: pops * size].reshape(pops, size)
    grains = noise * np.exp(-np.arange(size) / (SAMPLE_RATE_HZ * fall_s)) * rng.pareto(2.2, pops)[:, None].clip(0, 15)
    first = (rng.uniform(0, duration_s, pops) * SAMPLE_RATE_HZ).astype(np.int64)
    spits = scattered(grains, first, len(hiss))
    strength = np.exp(0.3 * wander(rng, len(hiss), 3))
    return swelled((leveled(hiss, rng.uniform(0.1, 0.8)) + leveled(spits)) * strength, 0.2, 0.3)


def _refrigerator(rng: np.random.Generator) -> Wave:
    """Let a compressor hum: mains harmonics, a little gurgle, hardly any air."""
    duration_s = rng.uniform(2, 5)
    count = sample_count(duration_s)
    hum = motor(rng, np.full(count, float(rng.choice([49.3, 59.1]))), 16, 0.0006)
    air = coloured(rng, duration_s, [(60, 0), (400, -10), (3000, -34)])
    strength = through(rng.uniform(0.8, 1, 4), count)
    return swelled((hum / hum.std() + air * rng.uniform(0.3, 1.5)) * strength, 0.4, 0.4)


def _beeper(rng: np.random.Generator) -> Wave:
    """Beep like an oven timer, over the hum of its fan."""
    duration_s = rng.uniform(1.5, 4)
    beep = ringing(np.array([rng.uniform(1900, 4200)]), np.array([60.0]), np.array([1.0]), rng.uniform(0.06, 0.3))
    starts_s = np.arange(0.2, duration_s - 0.3, rng.uniform(0.3, 0.9))
    air = coloured(rng, duration_s, [(60, 0), (500, -6), (3000, -22), (9000, -40)])
    hum = [(0.0, swelled(leveled(air), 0.2, 0.2) * rng.uniform(0.3, 1.5))]
    return laid_out([*hum, *((float(start_s), swelled(beep, 0.003, 0.01)) for start_s in starts_s)])


_KINDS: dict[Generator, float] = {
    _vacuum: 0.18,
    _fan: 0.17,
    _mixer: 0.15,
    _microwave: 0.12,
    _washing_machine: 0.13,
    _boiling: 0.1,
    _frying: 0.03,
    dishes: 0.06,
    _refrigerator: 0.03,
    _beeper: 0.02,
}
