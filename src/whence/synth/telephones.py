"""Telephones: struck bells, trills, ringtones, marimbas, beeps, and one that buzzes on a table."""

import numpy as np

from whence.synth.modes import FREE_BAR, falling_t60_s, ringing, struck, tone
from whence.synth.waves import (
    Curve,
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
    times_s,
    wander,
)
from whence.units import SAMPLE_RATE_HZ

# Ring and pause in seconds, over and over.
_CADENCES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((1.0, 2.0),),
    ((2.0, 2.0),),
    ((0.4, 0.2), (0.4, 1.6)),
    ((0.8, 0.6),),
    ((1.5, 1.5),),
)


def telephone(rng: np.random.Generator) -> Wave:
    """Return a telephone of some age that rings for 0.2 to 8 s."""
    return one_of(rng, _KINDS)


def in_cadence(rng: np.random.Generator, ring: Wave) -> Wave:
    """Ring in bursts of a common cadence, one to three of them; `ring` must last as long as the longest burst."""
    cadence = _CADENCES[int(rng.integers(len(_CADENCES)))]
    pace = rng.uniform(0.8, 1.2)
    pieces, start_s = [], 0.0
    for burst in range(int(rng.integers(1, 4)) * len(cadence)):
        on_s, off_s = cadence[burst % len(cadence)]
        pieces.append((start_s, ring[: sample_count(on_s * pace)]))
        start_s += (on_s + off_s) * pace
        if start_s > 6:
            break
    return mixed([(start_s, faded(piece, 0.002, 0.012)) for start_s, piece in pieces])


def small_speaker(rng: np.random.Generator) -> Curve:
    """The response of a coin-sized loudspeaker in a plastic case: nothing low, a few peaks."""
    peak_hz = log_uniform(rng, 1500, 4000)
    rise = rng.uniform(4, 12)
    return [(150, -36), (500, -12), (900, 0), (peak_hz / 1.25, 0), (peak_hz, rise), (peak_hz * 1.25, 2), (11000, -12)]


def through_the_case(rng: np.random.Generator, wave: Wave) -> Wave:
    """Play a sound through a tiny loudspeaker at its limit: it clips a little, then colours."""
    drive = log_uniform(rng, 0.5, 6.0)
    return equalised(np.tanh(drive * scaled(wave)) / np.tanh(drive), small_speaker(rng))


def struck_bells(rng: np.random.Generator) -> Wave:
    """Ring two gongs with one hammer between them, driven by the 16 to 25 Hz ringing current."""
    per_second = rng.uniform(15, 25) * 2
    gongs = []
    low_hz = log_uniform(rng, 700, 1700)
    for note_hz in (low_hz, low_hz * rng.uniform(1.05, 1.35)):
        hz = note_hz * np.array([1.0, 2.05, 2.8, 3.65, 4.9, 6.3, 7.4]) * rng.normal(1, 0.015, 7)
        gains = np.array([0.4, 0.8, 1.0, 0.8, 0.5, 0.4, 0.3]) * np.exp(rng.normal(0, 0.5, 7))
        gongs.append(struck(hz, falling_t60_s(hz, rng.uniform(0.7, 2.2), note_hz, 0.5), gains, 1.2, 0.00005))
    rattle = rng.uniform(0.2, 1.2)
    tap = coloured(rng, 0.03, [(200, -9), (900, 0), (5000, 0), (11_000, -8)])
    tap = scaled(tap * np.exp(-np.arange(720) / rng.uniform(40, 160)))
    pieces: list[tuple[float, Wave]] = []
    start_s = 0.0
    cadence = _CADENCES[int(rng.integers(len(_CADENCES)))]
    for burst in range(int(rng.integers(1, 4)) * len(cadence)):
        on_s, off_s = cadence[burst % len(cadence)]
        for stroke in range(int(on_s * per_second)):
            at_s = start_s + stroke / per_second + abs(rng.normal(0, 0.001))
            pieces += [(at_s, gongs[stroke % 2] * rng.uniform(0.8, 1)), (at_s, tap * rattle * rng.uniform(0.7, 1))]
        start_s += on_s + off_s
        if start_s > 4:
            break
    return mixed(pieces)


def trill(rng: np.random.Generator) -> Wave:
    """Warble between two or three electronic tones 8 to 28 times a second, as desk telephones of the 1990s do."""
    low_hz = log_uniform(rng, 550, 1900)
    ladder_hz = low_hz * np.array([1.0, rng.choice([1.125, 1.2, 1.25, 1.333, 1.5]), 1.5])
    steps = ladder_hz[[0, 1]] if chance(rng, 0.75) else ladder_hz[[0, 1, 2, 1]]
    per_second = rng.uniform(8, 28)
    step = (times_s(2.6) * per_second).astype(np.int64) % len(steps)
    order = np.arange(1.0, 12)
    square = chance(rng, 0.7)
    gains = np.where(order % 2 == 1, 1.0 / order, 0.0 if square else 0.5 / order)
    return in_cadence(rng, through_the_case(rng, tone(steps[step], gains)))


def beeps(rng: np.random.Generator) -> Wave:
    """Beep in groups, as cordless and pocket telephones do."""
    pitch_hz = log_uniform(rng, 800, 3200)
    beep_s, gap_s = log_uniform(rng, 0.04, 0.25), log_uniform(rng, 0.04, 0.2)
    order = np.arange(1.0, 8)
    gains = order ** -rng.uniform(0.8, 3.0) * np.where(order % 2, 1, rng.uniform(0, 1))
    group, groups, rest_s = int(rng.integers(2, 9)), int(rng.integers(1, 4)), rng.uniform(0.3, 1.5)
    second_hz = pitch_hz * (1.0 if chance(rng, 0.6) else rng.uniform(1.1, 1.5))
    pieces = []
    for number in range(group * groups):
        hz = second_hz if number % 2 else pitch_hz
        one = faded(tone(np.full(sample_count(beep_s), hz), gains), 0.003, 0.005)
        pieces.append((number * (beep_s + gap_s) + (number // group) * rest_s, one))
    return through_the_case(rng, mixed(pieces))


def _melody_hz(rng: np.random.Generator, notes: int) -> Wave:
    """Steps through a scale or a chord, as composers of ringtones write them."""
    scale = np.array([[0, 2, 4, 5, 7, 9, 11, 12], [0, 4, 7, 12, 16, 19, 24, 12], [0, 3, 5, 7, 10, 12, 15, 17]])
    row = scale[int(rng.integers(3))]
    walk = np.abs(np.cumsum(rng.choice([-2, -1, 1, 2, 3], notes))) % len(row)
    return np.asarray(log_uniform(rng, 500, 1300) * 2 ** (row[walk] / 12))


def ringtone(rng: np.random.Generator) -> Wave:
    """Play a short tune on square waves, chimes or a marimba through a tiny loudspeaker, and play it again."""
    notes_hz = _melody_hz(rng, int(rng.integers(4, 14)))
    beat_s = log_uniform(rng, 0.07, 0.2)
    lengths = rng.choice([1, 1, 1, 2, 2, 3], len(notes_hz))
    starts_s = np.concatenate([[0.0], np.cumsum(lengths)]) * beat_s
    play = (_square, _chime, _marimba, _glass)[int(rng.integers(4))]
    tune = mixed(
        [(float(s), play(hz, float(n * beat_s))) for s, hz, n in zip(starts_s[:-1], notes_hz, lengths, strict=True)]
    )
    again_s = float(starts_s[-1]) + rng.choice([0.0, 0.0, 0.4, 1.0])
    turns = max(1, min(int(rng.integers(1, 5)), int(6 / again_s)))
    return through_the_case(rng, mixed([(turn * again_s, tune) for turn in range(turns)]))


def _square(pitch_hz: float, length_s: float) -> Wave:
    """A piezo note."""
    order = np.arange(1.0, 12)
    note = tone(np.full(sample_count(length_s * 0.9), pitch_hz), np.where(order % 2, 1.0 / order, 0))
    return faded(note, 0.002, 0.006)


def _chime(pitch_hz: float, length_s: float) -> Wave:
    """A note of frequency modulation that loses its brightness."""
    time_s = times_s(length_s + 0.5)
    depth = 2.5 * np.exp(-time_s * 7)
    angle = 2 * np.pi * pitch_hz * time_s
    return faded(np.sin(angle + depth * np.sin(3.5 * angle)) * np.exp(-time_s * 6), 0.002, 0.02)


def _marimba(pitch_hz: float, length_s: float) -> Wave:
    """A wooden bar tuned in double octaves."""
    hz = pitch_hz * np.array([1.0, 3.93, 9.6])
    return ringing(hz, np.array([0.7, 0.25, 0.1]), np.array([1.0, 0.4, 0.2]), min(0.6, length_s + 0.4))


def _glass(pitch_hz: float, length_s: float) -> Wave:
    """A glassy bar."""
    return ringing(pitch_hz * FREE_BAR[:3], np.array([1.4, 0.7, 0.3]), np.array([1.0, 0.3, 0.2]), length_s + 0.6)


def buzzing(rng: np.random.Generator) -> Wave:
    """Vibrate on a table: an eccentric motor at 130 to 230 Hz that makes case and table rattle."""
    per_burst_s, gap_s = rng.uniform(0.25, 1.2), rng.uniform(0.2, 1.2)
    pitch_hz = rng.uniform(130, 230)
    order = np.arange(1.0, 40)
    table = [(100, -6), (log_uniform(rng, 200, 500), 6), (log_uniform(rng, 900, 2500), 2), (8000, -20)]
    pieces = []
    for burst in range(int(rng.integers(2, 5))):
        count = sample_count(per_burst_s)
        spin_up = 1 - 0.4 * np.exp(-np.arange(count) / (0.03 * SAMPLE_RATE_HZ)) + 0.012 * wander(rng, count, 30)
        hum = tone(pitch_hz * spin_up, order ** -rng.uniform(1.0, 2.0), rng.uniform(0, 6.28, len(order)))
        rattle = coloured(rng, per_burst_s, [(500, 0), (5000, 0), (11000, -12)])
        # The case lifts off the table once a turn and falls back on it, harder some times than others.
        rattle = rattle[:count] * np.maximum(0, tone(pitch_hz * spin_up, np.array([1.0]))) ** 5
        one = scaled(hum) + rng.uniform(0.3, 2.0) * scaled(rattle * np.exp(0.5 * wander(rng, count, 60)))
        pieces.append((burst * (per_burst_s + gap_s), faded(one, 0.02, 0.03)))
    return equalised(mixed(pieces), table)


_KINDS: dict[Generator, float] = {struck_bells: 0.35, trill: 0.26, beeps: 0.13, ringtone: 0.22, buzzing: 0.04}
