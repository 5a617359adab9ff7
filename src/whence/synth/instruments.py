"""Single instruments: plucked, struck, blown, bowed and beaten, in notes, scales, chords and strokes."""

import numpy as np

from whence.synth.drums import DRUMS
from whence.synth.notes import a_voice, plucked
from whence.synth.waves import Wave, chance, laid_out, log_uniform, one_of

_SCALES = (
    (0, 2, 4, 5, 7, 9, 11, 12),
    (0, 2, 3, 5, 7, 8, 10, 12),
    (0, 3, 5, 7, 10, 12, 15, 17),
    (0, 4, 7, 12, 16, 19, 24, 28),
)


def musical_instrument(rng: np.random.Generator) -> Wave:
    """Play one instrument for a moment.

    Args:
        rng: source of chance.

    Returns:
        (sample,) 0.1 to 7 s, not yet finished.

    >>> musical_instrument(np.random.default_rng(0)).ndim
    1
    """
    return one_of(rng, {_plays_notes: 0.5, _single_note: 0.2, _strums: 0.14, _beats_a_drum: 0.16})


def _single_note(rng: np.random.Generator) -> Wave:
    """One note."""
    voice, pitch_hz = a_voice(rng)
    return voice(pitch_hz, log_uniform(rng, 0.3, 2.5), rng.uniform(0.5, 1))


def _plays_notes(rng: np.random.Generator) -> Wave:
    """A scale, an arpeggio or a small tune."""
    voice, pitch_hz = a_voice(rng)
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
    return laid_out(pieces or [(0.0, voice(pitch_hz, beat_s, 0.8))])


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
    return laid_out(pieces)


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
    return laid_out([piece for piece in pieces if piece[0] < 5])
