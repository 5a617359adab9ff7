"""Parts of doors, drawers and furniture: clicks, latches, thuds, rattles, creaks, moving air."""

import numpy as np

from whence.synth.modes import falling_t60_s, panel_hz, ringing, struck
from whence.synth.noises import coloured
from whence.synth.waves import Wave, laid_out, leveled, log_uniform, sample_count, swelled, through, wander
from whence.units import SAMPLE_RATE_HZ


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
    return laid_out([(0.0, leveled(part)), (0.0, leveled(housing, levels[0])), (0.0, leveled(snap, levels[1]))])


def latch(rng: np.random.Generator) -> Wave:
    """A handle goes down or a bolt snaps in: two to four clicks."""
    starts_s = np.concatenate([[0.0], np.cumsum(rng.gamma(3.0, 0.014, int(rng.integers(1, 4))))])
    return leveled(laid_out([(float(start_s), click(rng) * rng.uniform(0.3, 1)) for start_s in starts_s]))


def thud(rng: np.random.Generator, lowest_hz: float, hardness: float) -> Wave:
    """A leaf falls into its frame: low panel modes, the frame behind them, and air pushed out.

    Args:
        rng: source of chance.
        lowest_hz: the leaf's first mode.
        hardness: 0, pushed to with a finger, to 1, slammed.

    Returns:
        (sample,) peak 1.
    """
    modes = int(rng.integers(14, 36))
    frequency_hz = panel_hz(rng, lowest_hz, 600 + 3000 * hardness, modes)
    gains = rng.standard_normal(modes) * (frequency_hz / lowest_hz) ** -rng.uniform(0.5, 1.0)
    t60_s = falling_t60_s(frequency_hz, rng.uniform(0.12, 0.35) + 0.3 * hardness, lowest_hz, rng.uniform(0.4, 0.8))
    contact_s = 0.007 * 0.12**hardness * rng.uniform(0.7, 1.4)
    body = leveled(struck(frequency_hz, t60_s, gains, 1.1 * float(t60_s.max()), contact_s))
    length_s = 0.15 + 0.35 * hardness
    air_curve = [(40, 0), (180, -3), (800, -16 + 8 * hardness), (5000, -40 + 18 * hardness)]
    fall = np.exp(-np.arange(sample_count(length_s)) / (SAMPLE_RATE_HZ * length_s / 6))
    air = leveled(swelled(coloured(rng, length_s, air_curve) * fall, 0.002, 0.02), rng.uniform(0.3, 1.0))
    # Wood on wood, paint on paint: the blow is noise before it is a tone.
    blow_s = rng.uniform(0.006, 0.03)
    blow = coloured(rng, 5 * blow_s, [(120, 0), (700, -4), (3000, -14 + 6 * hardness), (11_000, -30 + 12 * hardness)])
    blow = swelled(blow * np.exp(-np.arange(len(blow)) / (SAMPLE_RATE_HZ * blow_s)), 0.001, blow_s)
    return leveled(laid_out([(0.0, body), (0.0, air), (0.0, leveled(blow, rng.uniform(0.3, 1.2)))]))


def falls_shut(rng: np.random.Generator, lowest_hz: float, hardness: float) -> Wave:
    """Let a leaf come home: it rubs along the frame, hits in two or three places, and the bolt goes in."""
    rub_s = rng.uniform(0.03, 0.2)
    rub = coloured(rng, rub_s, [(80, 0), (500, -6), (2500, -16), (10_000, -32)]) * np.linspace(
        0, 1, sample_count(rub_s)
    )
    pieces = [(0.0, leveled(swelled(rub, 0.3 * rub_s, 0.01), log_uniform(rng, 0.03, 0.4)))]
    at_s = rub_s
    for _ in range(int(rng.integers(1, 4))):
        pieces.append((at_s, thud(rng, lowest_hz * rng.uniform(0.8, 1.5), hardness) * rng.uniform(0.3, 1)))
        at_s += rng.uniform(0.015, 0.07)
    bolt_s = rub_s + rng.uniform(-0.02, 0.1)
    pieces.append((max(0.0, bolt_s), latch(rng) * rng.uniform(0.1, 0.8)))
    return laid_out(pieces)


def rattle(rng: np.random.Generator, duration_s: float) -> Wave:
    """Loose parts shake after a blow: clicks that come closer together and die away."""
    hits = int(rng.integers(3, 14))
    starts_s = np.sort(rng.beta(1.0, 2.5, hits)) * duration_s
    part = click(rng)
    return laid_out([(float(s), part * rng.uniform(0.3, 1) * np.exp(-4 * s / duration_s)) for s in starts_s])


def creak(rng: np.random.Generator, duration_s: float) -> Wave:
    """A dry hinge sticks and slips: pulses whose rate follows the speed of the leaf, heard through the wood."""
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
    mix = leveled(fftconvolve(pulses, wood)[:count]) + leveled(rub, rng.uniform(0.02, 0.2))
    return leveled(swelled(mix * strength, 0.04, 0.08))


def whoosh(rng: np.random.Generator, duration_s: float) -> Wave:
    """Air moved by something large."""
    noise = coloured(rng, duration_s, [(60, 0), (300, -8), (1200, -22), (5000, -44)])
    return leveled(swelled(noise, 0.7 * duration_s, 0.2 * duration_s))
