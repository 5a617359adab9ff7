"""Footsteps: heel, sole and toe on wood, stone, carpet, gravel, leaves, snow and metal stairs, at a walk or a run."""

from dataclasses import dataclass

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, struck
from whence.synth.waves import (
    Curve,
    Wave,
    chance,
    coloured,
    faded,
    log_uniform,
    mixed,
    sample_count,
    scaled,
    scattered,
    through,
    wander,
    weighted_choice,
)
from whence.units import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class _Grains:
    """What lies loose on a floor: its level, how long a grain lasts, its spectrum."""

    level: tuple[float, float] = (0.0, 0.0)
    length_s: tuple[float, float] = (0.001, 0.003)
    colour: tuple[tuple[float, float], ...] = ((1000, 0), (6000, 0), (11_000, -9))


@dataclass(frozen=True)
class _Ground:
    """A floor; pairs are the lowest and highest value that a walk draws.

    lowest_hz, highest_hz, t60_s: of its modes. contact_s: how soft it is. click: level of the blow's noise against the
    modes. scuff: level of the sole's rubbing.
    """

    weight: float
    lowest_hz: tuple[float, float]
    highest_hz: float
    t60_s: tuple[float, float]
    contact_s: tuple[float, float]
    click: tuple[float, float]
    scuff: tuple[float, float]
    grains: _Grains = _Grains()


_DUST = _Grains((0.0, 0.3))
_GRAVEL = _Grains((0.8, 3.0), (0.001, 0.005), ((250, -8), (1000, 0), (4000, -1), (11_000, -10)))
_LEAVES = _Grains((1.0, 3.0), (0.0008, 0.003), ((500, -10), (2200, 0), (9000, 0), (11_500, -5)))
_SNOW = _Grains((1.0, 3.0), (0.003, 0.008), ((200, -6), (500, 0), (1800, 0), (6000, -14), (11_000, -22)))
_GROUNDS: dict[str, _Ground] = {
    "wood": _Ground(0.32, (60, 140), 2200, (0.04, 0.14), (0.0012, 0.005), (0.6, 2.5), (0.05, 0.4)),
    "stone": _Ground(
        0.33, (90, 300), 3000, (0.02, 0.06), (0.0008, 0.004), (0.8, 3.0), (0.05, 0.5), _Grains((0.0, 0.3))
    ),
    "carpet": _Ground(0.14, (50, 110), 700, (0.03, 0.1), (0.004, 0.012), (0.1, 0.5), (0.1, 0.6)),
    "gravel": _Ground(0.09, (60, 160), 900, (0.02, 0.06), (0.003, 0.008), (0.2, 1.0), (0.1, 0.4), _GRAVEL),
    "leaves": _Ground(0.03, (60, 160), 500, (0.02, 0.05), (0.005, 0.01), (0.1, 0.4), (0.1, 0.5), _LEAVES),
    "snow": _Ground(0.04, (50, 120), 400, (0.02, 0.05), (0.006, 0.012), (0.1, 0.4), (0.1, 0.5), _SNOW),
    "metal": _Ground(0.05, (80, 260), 4500, (0.08, 0.3), (0.0008, 0.003), (0.7, 2.0), (0.05, 0.3)),
}


@dataclass(frozen=True)
class _Walker:
    """What stays the same from step to step: floor, shoes and gait."""

    ground: _Ground
    frequency_hz: Wave
    t60_s: Wave
    contact_s: float
    click: float
    click_s: float
    scuff: float
    loose: float
    roll_s: float  # from heel to toe
    toe: float  # how loud the toe is against the heel
    sole: Curve


def footsteps(rng: np.random.Generator) -> Wave:
    """Return a walk, a run or a single step on one floor, 0.1 to 9 s."""
    steps = 1 if chance(rng, 0.22) else int(rng.integers(2, 13))
    return walk(rng, steps, log_uniform(rng, 1.3, 3.1))


def walk(rng: np.random.Generator, steps: int, per_second: float) -> Wave:
    """Return some steps on a random floor; 1.3 per second is strolling, 1.9 walking, 3 running."""
    walker = _walker(rng)
    gaps_s = rng.normal(1, 0.06, steps).clip(0.8, 1.2) / per_second
    starts_s = np.cumsum(gaps_s) - gaps_s[0]
    # Someone who comes nearer or walks off, over the whole walk; and left and right are never quite alike.
    nearness_db = through(rng.uniform(-8, 0, 3), steps)
    limp_db = rng.uniform(0, 3) * (np.arange(steps) % 2)
    pieces = []
    for step in range(steps):
        level = 10 ** ((nearness_db[step] - limp_db[step] + rng.normal(0, 2)) / 20)
        pieces.append((float(starts_s[step]), level * _step(rng, walker)))
    return mixed(pieces)


def _walker(rng: np.random.Generator) -> _Walker:
    """Draw a floor, shoes and a gait."""
    ground = weighted_choice(rng, {ground: ground.weight for ground in _GROUNDS.values()})
    lowest_hz = log_uniform(rng, *ground.lowest_hz)
    frequency_hz = panel_hz(rng, lowest_hz, ground.highest_hz * rng.uniform(0.7, 1.2), int(rng.integers(26, 60)))
    heel_hz = log_uniform(rng, 200, 1800)
    return _Walker(
        ground=ground,
        frequency_hz=frequency_hz,
        t60_s=falling_t60_s(frequency_hz, log_uniform(rng, *ground.t60_s), lowest_hz, rng.uniform(0.2, 0.6)),
        contact_s=log_uniform(rng, *ground.contact_s),
        click=log_uniform(rng, *ground.click),
        click_s=log_uniform(rng, 0.004, 0.02),
        scuff=log_uniform(rng, *ground.scuff),
        loose=rng.uniform(*ground.grains.level),
        roll_s=rng.uniform(0.05, 0.16),
        toe=rng.uniform(0.15, 0.8),
        # Shoes are rubber more often than steel: the noise of a step falls with frequency.
        sole=[(80, -9), (heel_hz, 0), (3 * heel_hz, -rng.uniform(4, 14)), (11_500, -rng.uniform(20, 40))],
    )


def _step(rng: np.random.Generator, walker: _Walker) -> Wave:
    """One step: the heel comes down, the sole rolls and rubs, the toe follows."""
    roll_s = walker.roll_s * rng.uniform(0.75, 1.3)
    early_s = rng.uniform(0.0, 0.02)
    pieces = [
        (early_s, _impact(rng, walker, 1.0)),
        (early_s + roll_s, _impact(rng, walker, 1.5) * walker.toe * rng.uniform(0.6, 1.4)),
        (0.0, _scuff(rng, walker, roll_s) * walker.scuff * rng.uniform(0.5, 1.5)),
    ]
    if walker.loose > 0.05:
        pieces.append((0.0, _crunch(rng, walker, roll_s) * walker.loose))
    return mixed(pieces)


def _impact(rng: np.random.Generator, walker: _Walker, softer: float) -> Wave:
    """Heel or toe meets the floor: a thud of the floor's modes and the noise of the blow."""
    gains = rng.standard_normal(len(walker.frequency_hz)) * (walker.frequency_hz / walker.frequency_hz[0]) ** -0.3
    length_s = min(0.6, 1.1 * float(walker.t60_s.max()))
    thud = struck(walker.frequency_hz, walker.t60_s, gains, length_s, walker.contact_s * softer)
    fall_s = walker.click_s * softer * rng.uniform(0.7, 1.4)
    noise = coloured(rng, 6 * fall_s, walker.sole)
    fall = np.exp(-np.arange(len(noise)) / (fall_s * SAMPLE_RATE_HZ)) + 0.1 * through([1, 0], len(noise))
    blow = faded(noise * fall, 0.3 * walker.contact_s, 0.3 * fall_s)
    return mixed([(0.0, scaled(thud)), (0.0, scaled(blow, walker.click))])


def _scuff(rng: np.random.Generator, walker: _Walker, roll_s: float) -> Wave:
    """The sole rubs over the floor while the foot rolls, never evenly."""
    length_s = roll_s + rng.uniform(0.05, 0.15)
    noise = coloured(rng, length_s, [(150, -6), (800, 0), (3000, -3), (11_000, -rng.uniform(8, 20))])
    noise = noise * np.exp(0.7 * wander(rng, len(noise), 45))
    return scaled(faded(noise, 0.3 * length_s, 0.5 * length_s))


def _crunch(rng: np.random.Generator, walker: _Walker, roll_s: float) -> Wave:
    """Grains, leaves or crystals give way, most of them under the heel and then under the toe."""
    length_s = 2.2 * roll_s + rng.uniform(0.15, 0.3)
    grains, count = walker.ground.grains, int(log_uniform(rng, 200, 700))
    sinks_s = rng.uniform(0.02, 0.05)
    starts_s = rng.gamma(2.5, sinks_s, count) + np.where(rng.random(count) < 0.5, 0.0, roll_s)
    size = sample_count(0.02)
    fall_s = rng.uniform(*grains.length_s, count)[:, None]
    shape = np.exp(-np.arange(size) / (SAMPLE_RATE_HZ * fall_s)) * rng.gamma(2.0, 1.0, count)[:, None]
    noise = coloured(rng, count * 0.02, grains.colour)[: count * size].reshape(count, size)
    crunch = scattered(noise * shape, (starts_s * SAMPLE_RATE_HZ).astype(np.int64), sample_count(length_s))
    # Under the few distinct grains lie thousands of others.
    bed = coloured(rng, length_s, grains.colour)[: len(crunch)] * np.exp(0.5 * wander(rng, len(crunch), 90))
    bed = faded(bed, 0.25 * length_s, 0.7 * length_s) * rng.uniform(0.3, 1.5)
    return scaled(faded(crunch / crunch.std() + bed, 0.02, 0.1))
