"""Single instruments: plucked, struck, blown, bowed and beaten, in notes, scales, chords and strokes."""

from collections.abc import Callable

import numpy as np

from whence.synth.drums import DRUMS
from whence.synth.modes import falling_t60_s, ringing, string_hz, struck, tone
from whence.synth.waves import (
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
    times_s,
    wander,
    weighted_choice,
)

# A note: (pitch in Hz, length in seconds, force 0 to 1) -> wave that may ring on after its length.
Instrument = Callable[[float, float, float], Wave]


def plucked(rng: np.random.Generator) -> Instrument:
    """Return a guitar, banjo, harp or bass: stiff strings, plucked somewhere, on a resonant body."""
    picked_at, stiffness = rng.uniform(0.06, 0.45), log_uniform(rng, 2e-5, 4e-4)
    t60_s, damping = log_uniform(rng, 0.7, 5.0), rng.uniform(0.5, 1.1)
    body = _body(rng, 90, 4)
    brightness = rng.uniform(0.0, 0.9)
    pick = rng.uniform(0.01, 0.12)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        hz = string_hz(pitch_hz, stiffness)
        order = np.arange(1, len(hz) + 1)
        gains = np.sin(np.pi * order * picked_at) / order ** (1.7 - brightness * (0.5 + 0.5 * force))
        decay_s = falling_t60_s(hz, t60_s * (220 / pitch_hz) ** 0.4, pitch_hz, damping)
        rings_s = min(length_s + 0.6, float(decay_s[0]))
        note = scaled(ringing(hz, decay_s, gains, rings_s))
        touch = coloured(rng, 0.02, [(400, 0), (5000, 0), (11000, -12)]) * np.exp(-np.arange(480) / 90)
        return faded(mixed([(0.0, note), (0.0, scaled(touch, pick))]), 0.0008, 0.06) * force

    return _with_body(body, play)


def hammered(rng: np.random.Generator) -> Instrument:
    """Return a piano: stiff string pairs, felt hammers, decays that start fast and end slow."""
    hardness, body = rng.uniform(0.3, 1.0), _body(rng, 100, 5)
    detune = rng.uniform(0.0002, 0.0012)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        hz = string_hz(pitch_hz, 0.0003 * (pitch_hz / 260) ** 1.5)
        order = np.arange(1, len(hz) + 1)
        cut_hz = (800 + 3500 * hardness * force) * (pitch_hz / 260) ** 0.3
        gains = np.sin(np.pi * order * 0.122) * np.exp(-hz / cut_hz) * rng.uniform(0.5, 1, len(hz))
        fast_s = falling_t60_s(hz, 3.0 * (260 / pitch_hz) ** 0.5, pitch_hz, 0.6)
        both_hz, both_s = np.concatenate([hz, hz * (1 + detune)]), np.concatenate([fast_s, fast_s * 3])
        note = scaled(ringing(both_hz, both_s, np.concatenate([gains, 0.35 * gains]), length_s + 0.35))
        thump = struck(np.array([90.0, 150, 240, 410]), np.full(4, 0.07), np.array([1.0, 0.8, 0.6, 0.4]), 0.09, 0.002)
        return faded(mixed([(0.0, note), (0.0, scaled(thump, 0.08))]), 0.001, 0.25) * force

    return _with_body(body, play)


def bar(rng: np.random.Generator) -> Instrument:
    """Return a xylophone, marimba, vibraphone or glockenspiel: tuned bars under mallets."""
    ratios = np.array([(1, 4.0, 9.5, 16), (1, 3.0, 6.2, 10), (1, 2.756, 5.404, 8.93)][int(rng.integers(3))])
    t60_s, contact_s = log_uniform(rng, 0.2, 3.0), log_uniform(rng, 0.0001, 0.0012)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        hz = 2 * pitch_hz * ratios
        decay_s = falling_t60_s(hz, t60_s, 500, 0.8)
        gains = np.array([1.0, 0.5, 0.25, 0.12]) * force
        return faded(struck(hz, decay_s, gains, min(float(decay_s.max()), length_s + 1.5), contact_s / force), 0, 0.05)

    return play


def blown(rng: np.random.Generator) -> Instrument:
    """Return a flute, clarinet, trumpet or reed organ: steady tones with breath, swell and vibrato."""
    odd_only, slope = chance(rng, 0.3), rng.uniform(0.7, 2.6)
    breath, rise_s = log_uniform(rng, 0.003, 0.08), log_uniform(rng, 0.02, 0.12)
    vibrato_hz, vibrato = rng.uniform(4.2, 6.5), rng.uniform(0, 0.012)
    formant_hz, top_hz = log_uniform(rng, 500, 2000), log_uniform(rng, 900, 5000)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        count = sample_count(length_s)
        order = np.arange(1.0, 40)
        gains = order ** -(slope + 0.6 * (1 - force)) * np.where(order % 2, 1.0, 0.15 if odd_only else 1.0)
        gains *= np.exp(-order * pitch_hz / top_hz)
        gains *= 1 + 2 * np.exp(-0.5 * (np.log2(order * pitch_hz / formant_hz) / 0.6) ** 2)
        bend = vibrato * np.sin(2 * np.pi * vibrato_hz * times_s(length_s)) * through([0, 0.3, 1, 1], count)
        scoop = -0.02 * np.exp(-times_s(length_s) / 0.03)
        drift = 0.0015 * wander(rng, count, 6)
        note = scaled(tone(pitch_hz * (1 + bend + scoop + drift), gains, rng.uniform(0, 6.28, 39)))
        air = coloured(rng, length_s, [(300, -10), (pitch_hz * 2, 0), (6000, -6), (11000, -14)])[:count]
        swell = np.exp(0.1 * wander(rng, count, 5))
        return faded((note + air * breath) * swell, rise_s, 0.06) * force

    return play


def bowed(rng: np.random.Generator) -> Instrument:
    """Return a violin or cello: a sawtooth string that the bow keeps in motion, vibrato, a peaky body."""
    body, noise, top_hz = _body(rng, 220, 9), rng.uniform(0.01, 0.06), log_uniform(rng, 1200, 5000)
    vibrato_hz, vibrato = rng.uniform(4.8, 6.5), rng.uniform(0.001, 0.012)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        count = sample_count(length_s)
        order = np.arange(1.0, 60)
        bend = vibrato * np.sin(2 * np.pi * vibrato_hz * times_s(length_s)) * through([0.1, 0.8, 1], count)
        unsteady = 0.0015 * wander(rng, count, 20)
        note = scaled(
            tone(pitch_hz * (1 + bend + unsteady), np.exp(-order * pitch_hz / top_hz) / order ** (1.3 - 0.3 * force))
        )
        bow = coloured(rng, length_s, [(500, -6), (2500, 0), (8000, -8)])[:count] * noise
        pressure = np.exp(0.15 * wander(rng, count, 8))
        return faded((note + bow) * pressure, rng.uniform(0.03, 0.12), 0.08) * force

    return _with_body(body, play)


def reeds(rng: np.random.Generator) -> Instrument:
    """Return an accordion, harmonica or organ: two or three slightly mistuned ranks."""
    ranks = 2 ** (np.array([0, rng.uniform(4, 18), -rng.uniform(4, 18)])[: int(rng.integers(1, 4))] / 1200)
    octave, slope = float(rng.choice([1.0, 2.0, 0.5])), rng.uniform(0.4, 1.4)
    top_hz = log_uniform(rng, 1000, 4500)

    def play(pitch_hz: float, length_s: float, force: float) -> Wave:
        count, order = sample_count(length_s), np.arange(1.0, 40)
        total = np.zeros(count)
        for ratio in (*ranks, octave):
            steady = pitch_hz * ratio * (1 + 0.0008 * wander(rng, count, 3))
            total += tone(steady, order**-slope * np.exp(-order * pitch_hz * ratio / top_hz), rng.uniform(0, 6.28, 39))
        return faded(scaled(total), 0.03, 0.05) * force

    return play


def _body(rng: np.random.Generator, lowest_hz: float, peaks: int) -> list[tuple[float, float]]:
    """The resonances of a wooden box: air, top plate, and a falling top."""
    hz = np.sort(lowest_hz * rng.uniform(0.8, 1.3) * np.concatenate([[1.0], 2 ** rng.uniform(0.8, 4.5, peaks)]))
    curve: list[tuple[float, float]] = []
    for peak_hz in hz.tolist():
        curve += [(peak_hz * 0.9, 0.0), (peak_hz, rng.uniform(3, 9)), (peak_hz * 1.1, 0.0)]
    return [(40.0, -9.0), *sorted(curve), (11_900.0, -rng.uniform(6, 20))]


def _with_body(body: list[tuple[float, float]], play: Instrument) -> Instrument:
    """An instrument with a resonant body."""

    def through_body(pitch_hz: float, length_s: float, force: float) -> Wave:
        return equalised(play(pitch_hz, length_s, force), body)

    return through_body


# Instrument -> (weight, lowest and highest pitch in Hz).
INSTRUMENTS: dict[Callable[[np.random.Generator], Instrument], tuple[float, float, float]] = {
    plucked: (0.3, 82, 660),
    hammered: (0.2, 65, 1050),
    bar: (0.12, 200, 1000),
    blown: (0.16, 150, 1100),
    bowed: (0.12, 100, 880),
    reeds: (0.1, 130, 780),
}


def draw_instrument(rng: np.random.Generator) -> tuple[Instrument, float]:
    """Draw an instrument and a comfortable pitch on it."""
    build = weighted_choice(rng, {build: row[0] for build, row in INSTRUMENTS.items()})
    _, low_hz, high_hz = INSTRUMENTS[build]
    return build(rng), log_uniform(rng, low_hz, high_hz)


_SCALES = (
    (0, 2, 4, 5, 7, 9, 11, 12),
    (0, 2, 3, 5, 7, 8, 10, 12),
    (0, 3, 5, 7, 10, 12, 15, 17),
    (0, 4, 7, 12, 16, 19, 24, 28),
)


def musical_instrument(rng: np.random.Generator) -> Wave:
    """Return one instrument that plays for 0.1 to 7 s."""
    return one_of(rng, {_plays_notes: 0.5, _single_note: 0.2, _strums: 0.14, _beats_a_drum: 0.16})


def _single_note(rng: np.random.Generator) -> Wave:
    """One note."""
    voice, pitch_hz = draw_instrument(rng)
    return voice(pitch_hz, log_uniform(rng, 0.3, 2.5), rng.uniform(0.5, 1))


def _plays_notes(rng: np.random.Generator) -> Wave:
    """A scale, an arpeggio or a small tune."""
    voice, pitch_hz = draw_instrument(rng)
    scale = _SCALES[int(rng.integers(len(_SCALES)))]
    notes, beat_s = int(rng.integers(3, 13)), log_uniform(rng, 0.12, 0.6)
    if chance(rng, 0.45):
        walk = np.arange(notes) % len(scale)
        walk = walk[::-1] if chance(rng, 0.4) else walk
    else:
        walk = np.abs(np.cumsum(rng.choice([-2, -1, -1, 1, 1, 2, 3], notes))) % len(scale)
    lengths = rng.choice([0.5, 1, 1, 1, 2], notes) if chance(rng, 0.6) else np.ones(notes)
    pieces, start_s = [], 0.0
    for step, length in zip(walk, lengths, strict=True):
        length_s = float(length * beat_s)
        if start_s + length_s > 6:
            break
        pieces.append(
            (
                start_s + abs(rng.normal(0, 0.006)),
                voice(pitch_hz * 2 ** (scale[step] / 12), length_s, rng.uniform(0.5, 1)),
            )
        )
        start_s += length_s
    return mixed(pieces or [(0.0, voice(pitch_hz, beat_s, 0.8))])


def _strums(rng: np.random.Generator) -> Wave:
    """Strum chords on six strings, down and up."""
    voice, root_hz = plucked(rng), log_uniform(rng, 80, 180)
    chord = np.array([(0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 7, 10, 16, 19, 22)][int(rng.integers(3))])
    strokes, beat_s = int(rng.integers(1, 7)), log_uniform(rng, 0.25, 0.8)
    spread_s = log_uniform(rng, 0.006, 0.04)
    pieces = []
    for stroke in range(strokes):
        if stroke and chance(rng, 0.25):
            chord = chord + int(rng.choice([-2, 3, 5, -5]))
        order = chord[::-1] if stroke % 2 else chord
        for string, step in enumerate(order):
            at_s = stroke * beat_s + string * spread_s + abs(rng.normal(0, 0.002))
            pieces.append(
                (
                    at_s,
                    voice(
                        root_hz * 2 ** (step / 12), beat_s * (2.5 if stroke == strokes - 1 else 1), rng.uniform(0.5, 1)
                    ),
                )
            )
    return mixed(pieces)


def _beats_a_drum(rng: np.random.Generator) -> Wave:
    """One percussion instrument: a stroke, a rhythm or a roll."""
    hit = DRUMS[list(DRUMS)[int(rng.integers(len(DRUMS)))]](rng)
    strokes = int(rng.integers(1, 17))
    gap_s = log_uniform(rng, 0.08, 0.45)
    rests = rng.random(strokes) < 0.2
    pieces = [
        (stroke * gap_s + abs(rng.normal(0, 0.004)), hit(rng.uniform(0.4, 1)))
        for stroke in range(strokes)
        if stroke == 0 or not rests[stroke]
    ]
    return mixed([piece for piece in pieces if piece[0] < 5])
