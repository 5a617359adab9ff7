"""A small music generator: a key, a chord progression, a tempo, and a few players who keep to them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from whence.synth.drums import Hit, cymbal, kick, shaker, snare
from whence.synth.instruments import Instrument, bar, blown, bowed, draw_instrument, hammered, plucked, reeds
from whence.synth.modes import tone
from whence.synth.waves import (
    Wave,
    chance,
    coloured,
    equalised,
    faded,
    log_uniform,
    mixed,
    sample_count,
    scaled,
    times_s,
    wander,
)

# Degrees of the scale, four bars each.
_PROGRESSIONS = (
    (0, 4, 5, 3),
    (0, 5, 3, 4),
    (0, 3, 4, 0),
    (5, 3, 0, 4),
    (0, 0, 3, 4),
    (1, 4, 0, 0),
    (0, 2, 3, 4),
    (0, 6, 5, 4),
)
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class _Song:
    """What all players agree on."""

    beat_s: float
    beats_a_bar: int
    scale: tuple[int, ...]
    key_hz: float
    chords: tuple[int, ...]
    swing: float

    @property
    def bar_s(self) -> float:
        return self.beat_s * self.beats_a_bar

    def pitch_hz(self, degree: int, octave: int = 0) -> float:
        """A step of the scale, counted on through the octaves."""
        turns, step = divmod(degree, 7)
        return float(self.key_hz * 2 ** (turns + octave + self.scale[step] / 12))

    def at_s(self, beat: float) -> float:
        """When a beat is played, in seconds; off-beats come late by the swing."""
        whole, part = divmod(beat, 1.0)
        return (whole + part + (self.swing if abs(part - 0.5) < 0.1 else 0.0)) * self.beat_s


# What a player plays: (start in seconds, note).
_Part = list[tuple[float, Wave]]


def music(rng: np.random.Generator) -> Wave:
    """Return a few bars of music, 2 to 9 s: chords, bass, drums and a tune in some mixture."""
    song = _Song(
        beat_s=60 / log_uniform(rng, 66, 168),
        beats_a_bar=int(rng.choice([4, 4, 4, 3])),
        scale=_MAJOR if chance(rng, 0.6) else _MINOR,
        key_hz=float(110 * 2 ** (rng.integers(0, 12) / 12)),
        chords=_PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))],
        swing=rng.uniform(0.1, 0.17) if chance(rng, 0.2) else 0.0,
    )
    bars = max(1, min(8, int(rng.uniform(4.5, 9.0) / song.bar_s)))
    players: list[tuple[Callable[[np.random.Generator, _Song, int], _Part], float, float]] = [
        (_chord_player, 0.85, 0.5),
        (_pad_player, 0.45, 0.5),
        (_bass_player, 0.8, 0.7),
        (_drummer, 0.65, 0.8),
        (_soloist, 0.75, 0.7),
        (_arpeggio_player, 0.35, 0.4),
    ]
    playing = [row for row in players if chance(rng, row[1])]
    if len(playing) < 2:
        playing = [players[0], players[4]]
    pieces: _Part = [(0.0, np.zeros(1))]
    for player, _, level in playing:
        part = scaled(mixed(player(rng, song, bars)))
        pieces.append((0.0, part * level * rng.uniform(0.5, 1.2)))
    mix = mixed(pieces)[: sample_count(bars * song.bar_s + rng.uniform(0.2, 0.8))]
    return faded(_mastered(rng, mix), 0.002, rng.uniform(0.15, 0.8))


def _mastered(rng: np.random.Generator, mix: Wave) -> Wave:
    """What a studio or a cheap player does: tone control, gentle limiting, some tape hiss."""
    tone_control = [(80, rng.uniform(-6, 6)), (500, 0), (2500, rng.uniform(-3, 3)), (9000, rng.uniform(-12, 4))]
    driven = np.tanh(scaled(equalised(mix, tone_control)) * rng.uniform(0.8, 2.5))
    hiss = coloured(rng, len(mix) / 24_000, [(200, 0), (8000, 0)])[: len(mix)]
    return scaled(driven) + np.resize(hiss, len(mix)) * log_uniform(rng, 1e-4, 3e-3)


def _chord(song: _Song, bar_number: int) -> tuple[int, int, int]:
    """The three scale degrees of a bar's chord."""
    root = song.chords[bar_number % 4]
    return root, root + 2, root + 4


def _chord_player(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """Chords on piano, guitar or organ in one of a few rhythms."""
    voice = (hammered, hammered, plucked, plucked, reeds)[int(rng.integers(5))](rng)
    beats = ((0,), (0, 2), (0, 1, 2, 3), (0, 1.5, 2.5), (0.5, 1.5, 2.5, 3.5), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5))
    rhythm = [beat for beat in beats[int(rng.integers(len(beats)))] if beat < song.beats_a_bar]
    length_s = song.bar_s / len(rhythm)
    part: _Part = []
    for number in range(bars):
        sound = _strum_chord(rng, voice, song, number, length_s)
        part += [(song.at_s(number * song.beats_a_bar + p), sound * rng.uniform(0.7, 1)) for p in rhythm]
    return part


def _strum_chord(rng: np.random.Generator, voice: Instrument, song: _Song, number: int, length_s: float) -> Wave:
    """One chord, not quite at once."""
    notes = [(rng.uniform(0, 0.015), voice(song.pitch_hz(degree, 1), length_s, 0.8)) for degree in _chord(song, number)]
    return mixed(notes)


def _pad_player(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """Held chords on strings or a synthesiser: mistuned saws behind a filter."""
    order = np.arange(1.0, 30)
    gains = order**-1.0 * np.exp(-order / rng.uniform(4, 16))
    part: _Part = []
    for number in range(bars):
        count = sample_count(song.bar_s)
        total = np.zeros(count)
        for degree in _chord(song, number):
            for cents in rng.normal(0, 7, 2):
                steady = song.pitch_hz(degree, 1) * 2 ** (cents / 1200) * (1 + 0.001 * wander(rng, count, 2))
                total += tone(steady, gains, rng.uniform(0, 6.28, len(order)))
        part.append((number * song.bar_s, faded(total, 0.08, 0.1)))
    return part


def _bass_player(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """Roots and fifths, plucked or electronic."""
    string = plucked(rng)
    electronic = chance(rng, 0.4)
    order = np.arange(1.0, 16)
    rhythm = ((0,), (0, 2), (0, 1, 2, 3), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5), (0, 1.5, 2))[int(rng.integers(5))]
    part: _Part = []
    for number in range(bars):
        for beat in (beat for beat in rhythm if beat < song.beats_a_bar):
            degree = song.chords[number % 4] + (4 if beat >= 2 and chance(rng, 0.3) else 0)
            hz, length_s = song.pitch_hz(degree, -1), song.bar_s / len(rhythm)
            if electronic:
                note = tone(np.full(sample_count(length_s), hz), order**-1.3) * np.exp(-2 * times_s(length_s))
                note = faded(note, 0.004, 0.03)
            else:
                note = string(hz, length_s, 0.9)
            part.append((song.at_s(number * song.beats_a_bar + beat), note))
    return part


def _drummer(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """Bass drum, snare and cymbal in a beat of the bar, a fill now and then."""
    low, back, high = kick(rng), snare(rng), (cymbal if chance(rng, 0.8) else shaker)(rng)
    division = float(rng.choice([0.5, 0.5, 1.0, 0.25]))
    kicks = ((0, 2), (0, 1, 2, 3), (0, 2.5), (0, 1.5, 2))[int(rng.integers(4))]
    part: _Part = []
    for number in range(bars):
        first = number * song.beats_a_bar
        part += _strokes(rng, song, low, [first + p for p in kicks if p < song.beats_a_bar], 1.0)
        part += _strokes(rng, song, back, [first + p for p in (1, 3) if p < song.beats_a_bar], 0.7)
        part += _strokes(rng, song, high, list(first + np.arange(0, song.beats_a_bar, division)), 0.3)
        if chance(rng, 0.15):
            part += _strokes(rng, song, back, list(first + song.beats_a_bar - np.array([0.75, 0.5, 0.25])), 0.5)
    return part


def _strokes(rng: np.random.Generator, song: _Song, hit: Hit, beats: list[float], level: float) -> _Part:
    """The same stroke at several beats, never equally hard."""
    return [(song.at_s(float(beat)), hit(level * rng.uniform(0.7, 1))) for beat in beats]


def _soloist(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """A tune that starts on the chord and moves by steps; it comes back after two bars."""
    voice = (draw_instrument(rng)[0], blown(rng), bowed(rng), bar(rng), hammered(rng))[int(rng.integers(5))]
    phrase: list[tuple[float, float, int]] = []
    at_beat, degree = 0.0, int(rng.choice([0, 2, 4]))
    while at_beat < 2 * song.beats_a_bar:
        length = float(rng.choice([0.5, 0.5, 1, 1, 1.5, 2]))
        if not chance(rng, 0.15):
            phrase.append((at_beat, length, degree))
        at_beat += length
        degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2]), -3, 9))
    part: _Part = []
    for start in range(0, bars, 2):
        for at_beat, length, step in phrase:
            beat = start * song.beats_a_bar + at_beat
            if beat < bars * song.beats_a_bar:
                note = voice(song.pitch_hz(step, 2), length * song.beat_s, rng.uniform(0.6, 1))
                part.append((song.at_s(beat), note))
    return part or [(0.0, voice(song.pitch_hz(0, 2), song.bar_s, 0.8))]


def _arpeggio_player(rng: np.random.Generator, song: _Song, bars: int) -> _Part:
    """Broken chords in eighths or sixteenths."""
    voice = (plucked, bar, hammered)[int(rng.integers(3))](rng)
    division = float(rng.choice([0.5, 0.25]))
    pattern = ((0, 1, 2, 1), (0, 1, 2, 2), (2, 1, 0, 1))[int(rng.integers(3))]
    part: _Part = []
    for number in range(bars):
        notes = [voice(song.pitch_hz(degree, 2), song.beat_s * division * 1.5, 0.8) for degree in _chord(song, number)]
        for step, beat in enumerate(np.arange(0, song.beats_a_bar, division)):
            note = notes[pattern[step % 4]] * rng.uniform(0.6, 1)
            part.append((song.at_s(number * song.beats_a_bar + float(beat)), note))
    return part
