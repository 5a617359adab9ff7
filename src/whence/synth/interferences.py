"""Sounds that are not annotated: keys, typing, coughs, chairs, paper, things put down, zips, sneezes."""

import numpy as np

from whence.synth.doors import click, creak
from whence.synth.household import clink
from whence.synth.modes import falling_t60_s, panel_hz, struck, tone
from whence.synth.speech import draw_speaker, smoothed
from whence.synth.voice import STEP_S, Controls, from_the_mouth, voiced
from whence.synth.waves import (
    Generator,
    Wave,
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
    wander,
)
from whence.units import SAMPLE_RATE_HZ


def interference(rng: np.random.Generator) -> Wave:
    """Return 0.1 to 7 s of a sound that is not annotated."""
    return one_of(rng, _KINDS)


def _keys(rng: np.random.Generator) -> Wave:
    """Jingle a bunch of keys, or drop it."""
    keys = [clink(rng, log_uniform(rng, 2200, 6500), rng.uniform(0.03, 0.2)) for _ in range(6)]
    starts_s: list[float] = []
    for start_s in np.cumsum(rng.uniform(0.1, 0.5, int(rng.integers(1, 7)))):
        starts_s += (start_s + rng.exponential(0.05, int(rng.integers(3, 16)))).tolist()
    return mixed([(at_s, keys[int(rng.integers(6))] * rng.gamma(1.5, 0.4)) for at_s in starts_s])


def _typing(rng: np.random.Generator) -> Wave:
    """Type on a keyboard: each key goes down and comes up, in bursts."""
    down, up = click(rng), click(rng)
    presses = int(rng.integers(5, 26))
    gaps_s = rng.gamma(2.0, log_uniform(rng, 0.05, 0.12), presses) + 0.03
    pieces = []
    for start_s in np.cumsum(gaps_s):
        pieces.append((float(start_s), down * rng.uniform(0.4, 1)))
        pieces.append((float(start_s) + rng.uniform(0.05, 0.11), up * rng.uniform(0.1, 0.4)))
    return mixed(pieces)


def _cough(rng: np.random.Generator) -> Wave:
    """Cough once to three times: a burst of air, a rough voiced middle, a hiss."""
    speaker = draw_speaker(rng, rng.uniform(0.92, 1.25))
    pitch_hz = log_uniform(rng, 110, 330)
    breath, level = [], []
    for _ in range(int(rng.integers(1, 4))):
        steps = int(rng.uniform(0.18, 0.4) / STEP_S)
        burst = np.exp(-np.arange(steps) / (rng.uniform(0.04, 0.12) / STEP_S))
        breath.append(np.concatenate([2.5 * burst, np.zeros(int(rng.uniform(0.05, 0.3) / STEP_S))]))
        level.append(rng.uniform(0, 0.5) * np.interp(np.arange(len(breath[-1])), [0, 8, 20, 40], [0, 0.4, 1, 0]))
    breath_curve = np.concatenate(breath)
    steps = len(breath_curve)
    formant_hz = np.array([650.0, 1400, 2400, 3500]) * np.exp(0.1 * rng.standard_normal(4)) * np.ones((steps, 1))
    controls = Controls(
        pitch_hz=pitch_hz * np.exp(0.15 * through(rng.standard_normal(8), steps)),
        voicing=smoothed(np.concatenate(level), 0.012),
        breath=breath_curve,
        hiss=0.15 * breath_curve,
        hiss_hz=np.full(steps, 2500.0),
        hiss_octaves=np.full(steps, 1.2),
        formant_hz=formant_hz,
        width_hz=np.array([200.0, 220, 260, 300]) * np.ones((steps, 1)),
    )
    return from_the_mouth(voiced(rng, speaker, controls))


def _chair(rng: np.random.Generator) -> Wave:
    """Move a chair: its feet stick and slip on the floor, and one comes down."""
    length_s = rng.uniform(0.25, 1.2)
    scrape = creak(rng, length_s)
    rub = coloured(rng, length_s, [(150, -4), (700, 0), (3000, -10), (10_000, -28)])
    count = min(len(scrape), len(rub))
    mix = scrape[:count] + 0.5 * scaled(rub[:count] * np.exp(0.5 * wander(rng, count, 20)))
    foot_hz = panel_hz(rng, rng.uniform(80, 200), 1500, 14)
    foot = scaled(struck(foot_hz, falling_t60_s(foot_hz, 0.1, 100, 0.5), rng.standard_normal(14), 0.2, 0.002))
    return mixed([(0.0, faded(mix, 0.05, 0.05)), (length_s, foot * rng.uniform(0.2, 1))])


def _paper(rng: np.random.Generator) -> Wave:
    """Turn, crumple or tear paper: rustle made of crackles."""
    length_s = rng.uniform(0.3, 2.0)
    crackles = int(length_s * log_uniform(rng, 150, 900))
    size = sample_count(0.008)
    fall_s = rng.uniform(0.0003, 0.0025, crackles)[:, None]
    noise = coloured(rng, crackles * 0.008, [(400, -12), (2500, 0), (8000, 0), (11_500, -5)])
    grains = noise[: crackles * size].reshape(crackles, size) * np.exp(-np.arange(size) / (SAMPLE_RATE_HZ * fall_s))
    grains = grains * rng.gamma(0.5, 1.0, crackles)[:, None]
    first = (rng.uniform(0, length_s, crackles) * SAMPLE_RATE_HZ).astype(np.int64)
    rustle = scattered(grains, first, sample_count(length_s))
    return faded(rustle * through([0.1, *rng.uniform(0.1, 1, int(rng.integers(2, 9))), 0.1], len(rustle)), 0.02, 0.05)


def _put_down(rng: np.random.Generator) -> Wave:
    """Put something on a table, or let it fall and bounce."""
    board_hz = panel_hz(rng, rng.uniform(90, 260), 3000, 20)
    t60_s = falling_t60_s(board_hz, rng.uniform(0.05, 0.18), 150, 0.5)
    board = scaled(struck(board_hz, t60_s, rng.standard_normal(20), 0.25, log_uniform(rng, 0.0005, 0.003)))
    thing = clink(rng, log_uniform(rng, 600, 3500), rng.uniform(0.03, 0.3)) * rng.uniform(0, 0.8)
    one = mixed([(0.0, board), (0.0, thing)])
    bounces, gap_s = int(rng.integers(1, 7)), rng.uniform(0.08, 0.3)
    starts_s = gap_s * (1 - 0.65 ** np.arange(bounces)) / 0.35
    return mixed([(float(s), one * 0.6**bounce) for bounce, s in enumerate(starts_s)])


def _zip(rng: np.random.Generator) -> Wave:
    """Pull a zip: teeth that pass faster and faster."""
    length_s = rng.uniform(0.2, 0.9)
    count = sample_count(length_s)
    rate_hz = through(np.sort(rng.uniform(60, 420, 3)), count) * np.exp(0.1 * wander(rng, count, 20))
    teeth = np.maximum(0, tone(rate_hz, np.ones(12))) ** 2
    noise = coloured(rng, length_s, [(800, -14), (4000, 0), (9000, 0)])[:count]
    return faded(scaled(teeth) * noise, 0.03, 0.03)


def _sniff(rng: np.random.Generator) -> Wave:
    """Draw breath through the nose, or sweep the floor: a coloured gust, once or more."""
    centre_hz = log_uniform(rng, 700, 4000)
    pieces, start_s = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        length_s = rng.uniform(0.15, 0.6)
        gust = coloured(rng, length_s, [(centre_hz / 4, -16), (centre_hz, 0), (2 * centre_hz, -4), (11_000, -18)])
        pieces.append((start_s, scaled(faded(gust, 0.4 * length_s, 0.5 * length_s)) * rng.uniform(0.5, 1)))
        start_s += length_s + rng.uniform(0.05, 0.4)
    return equalised(mixed(pieces), [(200, -12), (500, 0)])


_KINDS: dict[Generator, float] = {
    _keys: 0.16,
    _typing: 0.16,
    _cough: 0.16,
    _chair: 0.12,
    _paper: 0.14,
    _put_down: 0.14,
    _zip: 0.05,
    _sniff: 0.07,
}
