"""Domestic sounds: motors and fans, kitchen machines, things that boil and fry, crockery and cutlery."""

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, ringing, struck, tone
from whence.synth.water import bubbles, sizes_mm
from whence.synth.waves import (
    Curve,
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
    times_s,
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def domestic_sounds(rng: np.random.Generator) -> Wave:
    """Return a household machine, cooking or dishes, 0.6 to 8 s."""
    return one_of(rng, _KINDS)


def motor(rng: np.random.Generator, turning_hz: Wave, harmonics: int, roughness: float) -> Wave:
    """Turn a motor along a curve of shaft speeds: harmonics of the shaft, strong where teeth, blades or slots pass.

    `roughness` is how unsteady the turning is, relative to its speed.
    """
    order = np.arange(1.0, harmonics + 1)
    gains = order ** -rng.uniform(0.3, 1.1) * np.exp(rng.normal(0, 0.9, harmonics))
    for _ in range(2):
        blades = int(rng.integers(2, max(3, harmonics // 3)))
        gains[blades - 1 :: blades] *= rng.uniform(2, 6)
    unsteady = turning_hz * (1 + roughness * wander(rng, len(turning_hz), 12))
    return scaled(tone(unsteady, gains, rng.uniform(0, 2 * np.pi, harmonics)))


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


def clink(rng: np.random.Generator, lowest_hz: float, t60_s: float) -> Wave:
    """Touch two hard things together: crockery, glass, cutlery, pans."""
    modes = int(rng.integers(5, 12))
    hz = lowest_hz * np.cumsum(np.concatenate([[1.0], rng.uniform(0.35, 1.3, modes - 1)]))
    gains = rng.standard_normal(modes) * np.arange(1, modes + 1) ** -0.3
    return scaled(
        struck(hz, falling_t60_s(hz, t60_s, lowest_hz, 0.5), gains, min(1.2, t60_s), log_uniform(rng, 4e-5, 2e-4))
    )


def clatter(rng: np.random.Generator, duration_s: float, per_second: float, low_hz: float, high_hz: float) -> Wave:
    """Many small hits on a few hard things."""
    things = [clink(rng, log_uniform(rng, low_hz, high_hz), rng.uniform(0.02, 0.15)) for _ in range(5)]
    starts_s = arrivals_s(rng, per_second, duration_s)
    hits = [(float(s), things[int(rng.integers(5))] * rng.gamma(1.2, 0.5)) for s in starts_s]
    return scaled(mixed([(0.0, np.zeros(sample_count(duration_s))), *hits]))


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
        board = scaled(struck(board_hz, np.full(10, 0.06), rng.standard_normal(10), 0.08, 0.0015))
        pieces.append((start_s, board * rng.uniform(0.0, 0.6)))
        start_s += log_uniform(rng, 0.12, 0.9)
    return mixed(pieces)


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
    return faded(mix, log_uniform(rng, 0.03, 0.4), log_uniform(rng, 0.05, 0.5))


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
    mix = scaled(_machine(rng, (70, 320), 80, [(200, -3), (1500, 0), (5000, -8), (11_000, -26)], rng.uniform(-14, 2)))
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
    mix = faded(hum / hum.std() + air * rng.uniform(0.1, 1), 0.15, 0.1)
    if chance(rng, 0.35):
        beep_hz, beep_s = rng.uniform(1800, 2600), rng.uniform(0.15, 0.5)
        beep = faded(np.sin(2 * np.pi * beep_hz * times_s(beep_s)), 0.004, 0.01) * rng.uniform(1, 3)
        starts_s = duration_s + 0.3 + np.arange(int(rng.integers(1, 5))) * beep_s * 2
        return mixed([(0.0, mix), *((float(start_s), beep) for start_s in starts_s)])
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
    return faded(mix, 0.2, 0.3)


def _boiling(rng: np.random.Generator) -> Wave:
    """Boil water: a dull roar with bubbles that rise through it; a kettle roars before it bubbles."""
    duration_s = rng.uniform(2, 5)
    roar = coloured(rng, duration_s, [(80, -6), (250, 0), (900, -4), (3000, -18), (9000, -36)])
    roar = roar * np.exp(0.25 * wander(rng, len(roar), 14))
    count = int(duration_s * log_uniform(rng, 60, 500))
    radius_mm = sizes_mm(rng, count, log_uniform(rng, 2.0, 4.5), 0.4)
    rise = bubbles(rng, rng.uniform(0, duration_s, count), radius_mm, 0.08, duration_s)
    mix = scaled(roar) * rng.uniform(0.3, 1.5) + scaled(rise)
    if chance(rng, 0.3):
        lid = clatter(rng, duration_s, rng.uniform(3, 14), 900, 5000)
        mix = mix + lid[: len(mix)] * rng.uniform(0.1, 0.6)
    return faded(mix, 0.3, 0.3)


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
    return faded((scaled(hiss, rng.uniform(0.1, 0.8)) + scaled(spits)) * strength, 0.2, 0.3)


def _refrigerator(rng: np.random.Generator) -> Wave:
    """Let a compressor hum: mains harmonics, a little gurgle, hardly any air."""
    duration_s = rng.uniform(2, 5)
    count = sample_count(duration_s)
    hum = motor(rng, np.full(count, float(rng.choice([49.3, 59.1]))), 16, 0.0006)
    air = coloured(rng, duration_s, [(60, 0), (400, -10), (3000, -34)])
    strength = through(rng.uniform(0.8, 1, 4), count)
    return faded((hum / hum.std() + air * rng.uniform(0.3, 1.5)) * strength, 0.4, 0.4)


def _beeper(rng: np.random.Generator) -> Wave:
    """Beep like an oven timer, over the hum of its fan."""
    duration_s = rng.uniform(1.5, 4)
    beep = ringing(np.array([rng.uniform(1900, 4200)]), np.array([60.0]), np.array([1.0]), rng.uniform(0.06, 0.3))
    starts_s = np.arange(0.2, duration_s - 0.3, rng.uniform(0.3, 0.9))
    air = coloured(rng, duration_s, [(60, 0), (500, -6), (3000, -22), (9000, -40)])
    hum = [(0.0, faded(scaled(air), 0.2, 0.2) * rng.uniform(0.3, 1.5))]
    return mixed([*hum, *((float(start_s), faded(beep, 0.003, 0.01)) for start_s in starts_s)])


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
