"""Bells: church and hand bells, door chimes, bicycle bells, wind chimes, jingles, cow bells, singing bowls."""

import numpy as np

from whence.synth.modes import CHURCH_BELL, FREE_BAR, falling_t60_s, ringing, struck
from whence.synth.waves import (
    Generator,
    Wave,
    arrivals_s,
    band,
    chance,
    coloured,
    faded,
    log_uniform,
    mixed,
    one_of,
    sample_count,
    scaled,
    scattered,
)


def bell(rng: np.random.Generator) -> Wave:
    """Return a bell of some kind, 0.1 to 10 s.

    Every bell is a set of inharmonic partials. Most of them are split into two that beat, because no bell is
    perfectly round; high ones decay first.
    """
    return one_of(rng, _KINDS)


def split_pairs(rng: np.random.Generator, frequency_hz: Wave, detune: float) -> tuple[Wave, Wave]:
    """Split each mode of a round body in two by its unevenness, relative distance `detune`.

    Returns:
        (2 * mode,) frequencies, and (2 * mode,) shares of the amplitude.

    >>> frequency_hz, share = split_pairs(np.random.default_rng(0), np.array([1000.0]), 0.01)
    >>> bool(0 < frequency_hz[1] - frequency_hz[0] < 40), round(float(share.sum()), 9)
    (True, 1.0)
    """
    gap = np.abs(rng.normal(detune, 0.4 * detune, len(frequency_hz))) * frequency_hz
    share = rng.uniform(0.25, 0.75, len(frequency_hz))
    return np.concatenate([frequency_hz - gap / 2, frequency_hz + gap / 2]), np.concatenate([share, 1 - share])


def church_bell(rng: np.random.Generator) -> Wave:
    """Toll a cast bell: hum, prime, minor third, fifth and nominal, one to five strokes."""
    note_hz = log_uniform(rng, 160, 900)
    partials_hz = note_hz * CHURCH_BELL * rng.normal(1.0, 0.006, len(CHURCH_BELL))
    gains = np.array([0.4, 0.6, 0.8, 0.4, 1.0, 0.6, 0.6, 0.8, 0.7, 0.6, 0.5, 0.4])
    gains = gains * np.exp(rng.normal(0, 0.4, len(gains)))
    partials_hz, share = split_pairs(rng, partials_hz, 0.0012)
    gains = np.tile(gains, 2) * share
    t60_s = falling_t60_s(partials_hz, log_uniform(rng, 4, 14) * (300 / note_hz) ** 0.5, note_hz, 0.7)
    contact_s = log_uniform(rng, 0.0001, 0.0005)
    gap_s = log_uniform(rng, 0.9, 2.5)
    strokes = int(rng.integers(1, 6))
    ring_s = rng.uniform(2.0, 5.0)
    pieces = []
    for stroke in range(min(strokes, int(6 / gap_s) + 1)):
        blow = gains * np.exp(rng.normal(0, 0.25, len(gains)))
        one = struck(partials_hz, t60_s, blow * rng.uniform(0.7, 1), ring_s, contact_s)
        at_s = max(0.0, stroke * gap_s + rng.normal(0, 0.02) * stroke)
        pieces += [
            (at_s, faded(one, 0, 0.5)),
            (at_s, scaled(clank(rng), rng.uniform(0.05, 0.4) * np.abs(one).max())),
        ]
    return mixed(pieces)


def clank(rng: np.random.Generator) -> Wave:
    """The noise of the blow itself: metal on metal, and the case or frame it shakes."""
    middle_hz = log_uniform(rng, 1200, 5000)
    noise = coloured(rng, 0.06, [(150, -14), (middle_hz, 0), (11_000, -9)])
    return faded(noise * np.exp(-np.arange(len(noise)) / rng.uniform(60, 300)), 0.0002, 0.01)


def _shell(rng: np.random.Generator, note_hz: float, t60_s: float, duration_s: float, contact_s: float) -> Wave:
    """One stroke on a small cup-shaped bell."""
    # Rings of nodes around the rim give the strong partials, nodes along the side the weaker ones between them.
    strong = np.array([1.0, rng.uniform(2.3, 2.9), rng.uniform(4.2, 5.4), rng.uniform(6.5, 8.6), rng.uniform(9, 12)])
    ratios = np.concatenate([strong, rng.uniform(1.5, 10.0, 5)])
    gains = np.array([0.8, 0.9, 0.7, 0.6, 0.5, *np.full(5, 0.25)]) * np.exp(rng.normal(0, 0.6, 10))
    frequency_hz, share = split_pairs(rng, note_hz * ratios, 0.002)
    decay_s = falling_t60_s(frequency_hz, t60_s, note_hz, 0.5)
    cup = struck(frequency_hz, decay_s, np.tile(gains, 2) * share, duration_s, contact_s)
    return mixed([(0.0, scaled(cup)), (0.0, scaled(clank(rng), rng.uniform(0.05, 0.3)))])


def hand_bell(rng: np.random.Generator) -> Wave:
    """Ring a small bell: once on a counter, or shaken so that the clapper strikes back and forth."""
    note_hz, t60_s = log_uniform(rng, 700, 3600), log_uniform(rng, 0.8, 4)
    contact_s = log_uniform(rng, 0.00004, 0.00015)
    length_s = min(t60_s, 3.0)
    seed = int(rng.integers(2**32))
    if chance(rng, 0.5):
        starts_s = np.concatenate([[0.0], np.cumsum(rng.uniform(0.25, 1.0, int(rng.integers(0, 3))))])
    else:
        starts_s = np.cumsum(rng.normal(1.0, 0.12, int(rng.integers(5, 22))).clip(0.5) / rng.uniform(4, 9))
    pieces = []
    for start_s in starts_s:
        # The same bell each time: the same modes, another blow.
        one = _shell(np.random.default_rng(seed), note_hz, t60_s, length_s, contact_s)
        pieces.append((float(start_s), faded(one, 0, 0.2) * rng.uniform(0.5, 1)))
    return mixed(pieces)


def bicycle_bell(rng: np.random.Generator) -> Wave:
    """Flick a bicycle bell: one or two bursts of quick strokes on a beating cap."""
    note_hz, t60_s = log_uniform(rng, 1500, 3800), rng.uniform(0.6, 2.0)
    cap = _shell(rng, note_hz, t60_s, t60_s, 0.00005)
    per_second = rng.uniform(14, 32)
    pieces: list[tuple[float, Wave]] = []
    start_s = 0.0
    for _ in range(int(rng.integers(1, 4))):
        strokes = int(rng.integers(1, 9))
        pieces += [(start_s + k / per_second, cap * rng.uniform(0.5, 1)) for k in range(strokes)]
        start_s += strokes / per_second + rng.uniform(0.15, 0.6)
    return mixed(pieces)


_BIG_BEN = ((4, 2, 3, -1), (4, 3, 2, 4), (2, 4, 3, -1), (2, 3, 4, 2))
_SCALE = {-1: 0.75, 2: 1.125, 3: 1.0, 4: 1.25}


def door_chime(rng: np.random.Generator) -> Wave:
    """Press a doorbell: ding-dong on metal bars, or an electronic chime of two to eight notes."""
    first_hz = log_uniform(rng, 420, 1500)
    electronic = chance(rng, 0.45)
    style = rng.random()
    if style < 0.6:
        notes_hz = first_hz * np.array([1.0, rng.choice([0.8, 0.794, 0.75, 0.667, 0.84])])
    elif style < 0.8:
        notes_hz = first_hz * np.array([_SCALE[step] for step in _BIG_BEN[int(rng.integers(4))]])
    else:
        notes_hz = first_hz * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 12], int(rng.integers(3, 9))) / 12)
    gap_s, t60_s = log_uniform(rng, 0.25, 0.9), log_uniform(rng, 1.0, 4.0)
    gains = np.array([1.0, 0.4, 0.25, 0.15, 0.1]) * np.exp(rng.normal(0, 0.6, 5))
    rod = rng.uniform(0.0, 0.6) * (not electronic)
    ratios = np.array([1.0, 2.0, 3.0, 4.0, 6.0]) if electronic else FREE_BAR * rng.normal(1, 0.01, 5)
    contact_s = log_uniform(rng, 0.00006, 0.0003)
    pieces: list[tuple[float, Wave]] = []
    for number, note_hz in enumerate(notes_hz):
        decay_s = falling_t60_s(note_hz * ratios, t60_s, note_hz, 0.3 if electronic else 0.6)
        one = struck(note_hz * ratios, decay_s, gains, min(t60_s, 2.5), contact_s)
        pieces += [
            (number * gap_s, faded(one, 0.002, 0.2)),
            (number * gap_s, scaled(clank(rng), rod * np.abs(one).max())),
        ]
    repeats = 1 + chance(rng, 0.25)
    return mixed(
        [(start_s + turn * len(notes_hz) * gap_s * 1.3, one) for turn in range(repeats) for start_s, one in pieces]
    )


def wind_chime(rng: np.random.Generator) -> Wave:
    """Let the wind move a set of tubes or bars: random strokes that come in gusts."""
    tubes_hz = log_uniform(rng, 800, 3200) * 2 ** (
        np.array([0, 2, 4, 7, 9, 12, 14, 16])[: int(rng.integers(4, 9))] / 12
    )
    t60_s = log_uniform(rng, 1.5, 6.0)
    duration_s = rng.uniform(2.5, 6.0)
    contact_s = log_uniform(rng, 0.00005, 0.0003)
    starts_s = arrivals_s(rng, log_uniform(rng, 2, 9), duration_s)
    pieces = []
    for start_s in [0.0, *starts_s]:
        frequency_hz = tubes_hz[int(rng.integers(len(tubes_hz)))] * FREE_BAR
        gains = np.exp(rng.normal([0, -0.3, -0.7, -1.2, -1.6], 0.6))
        one = struck(frequency_hz, falling_t60_s(frequency_hz, t60_s, 800, 0.5), gains, min(t60_s, 3.0), contact_s)
        pieces.append((float(start_s), faded(one, 0, 0.3) * rng.gamma(2.0, 0.4)))
    return mixed(pieces)


def jingle_bells(rng: np.random.Generator) -> Wave:
    """Shake a strap of small bells: dozens of tiny hits at each jerk."""
    jerks, per_second = int(rng.integers(1, 16)), rng.uniform(1.8, 6)
    starts_s = np.arange(jerks) / per_second + rng.normal(0, 0.012, jerks)
    hits_s = np.concatenate([start + rng.gamma(2.0, rng.uniform(0.01, 0.04), rng.poisson(60)) for start in starts_s])
    hits_s = np.maximum(hits_s, 0.0)
    t60_s = log_uniform(rng, 0.15, 0.6)
    bells_hz = log_uniform(rng, 2800, 6000) * rng.uniform(0.7, 1.6, 16)
    kinds = np.array(
        [
            ringing(hz * np.array([1.0, 1.37, 1.53, 2.1]), np.full(4, t60_s), np.array([1.0, 0.5, 0.6, 0.4]), t60_s)
            for hz in bells_hz
        ]
    )
    grains = kinds[rng.integers(len(kinds), size=len(hits_s))] * rng.gamma(1.5, 0.5, len(hits_s))[:, None]
    first = np.round(hits_s * 24_000).astype(np.int64)
    count = sample_count(float(hits_s.max()) + t60_s)
    clatter = coloured(rng, 0.02, band(3000, 9000)) * np.exp(-np.arange(480) / 60)
    return scattered(grains, first, count) + 0.3 * scattered(np.tile(clatter, (len(first), 1)), first, count)


def cow_bell(rng: np.random.Generator) -> Wave:
    """Shake a bell of folded sheet metal: low, rough, soon over."""
    note_hz, t60_s = log_uniform(rng, 450, 1300), log_uniform(rng, 0.15, 0.6)
    ratios = np.concatenate([[1.0, rng.uniform(1.4, 1.7)], rng.uniform(2, 9, 14)])
    gains = np.exp(rng.normal(0, 0.5, 16)) * ratios**-0.5
    starts_s = np.cumsum(rng.gamma(4.0, rng.uniform(0.05, 0.15), int(rng.integers(2, 12))))
    pieces: list[tuple[float, Wave]] = []
    for start_s in starts_s:
        blow = gains * np.exp(rng.normal(0, 0.4, 16)) * rng.uniform(0.3, 1)
        one = struck(note_hz * ratios, falling_t60_s(note_hz * ratios, t60_s, note_hz, 0.4), blow, t60_s, 0.0001)
        pieces += [(float(start_s), one), (float(start_s), scaled(clank(rng), 0.4 * np.abs(one).max()))]
    return mixed(pieces)


def singing_bowl(rng: np.random.Generator) -> Wave:
    """Strike a bowl with a soft mallet: few partials, strong slow beating, a long ring."""
    note_hz = log_uniform(rng, 150, 700)
    ratios = np.array([1.0, 2.71, 5.0, 7.8]) * rng.normal(1, 0.02, 4)
    frequency_hz, share = split_pairs(rng, note_hz * ratios, 0.003)
    gains = np.tile([1.0, 0.7, 0.3, 0.12], 2) * share
    duration_s = rng.uniform(3, 8)
    t60_s = falling_t60_s(frequency_hz, rng.uniform(7, 16), note_hz, 0.8)
    return faded(struck(frequency_hz, t60_s, gains, duration_s, log_uniform(rng, 0.0003, 0.0012)), 0.003, 0.8)


_KINDS: dict[Generator, float] = {
    church_bell: 0.19,
    hand_bell: 0.2,
    bicycle_bell: 0.1,
    door_chime: 0.23,
    wind_chime: 0.1,
    jingle_bells: 0.09,
    cow_bell: 0.03,
    singing_bowl: 0.03,
}
