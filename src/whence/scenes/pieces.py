"""What an event sounds like: which stretch of which recording, once or in a row."""

from dataclasses import replace

import numpy as np

from whence.corpora import Sounds
from whence.scenes.scene import Piece
from whence.scenes.settings import SceneSettings
from whence.units import SAMPLE_RATE_HZ

# 5 ms where a recording is cut into or cut off, so that the cut does not click.
_EDGE_SAMPLES = 120

# Recordings of one walk stand next to each other in a bank; further away than this nobody looks.
_NEIGHBOURS = 4


def draw_pieces(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int, start_sample: int
) -> tuple[Piece, ...]:
    """Draw the crop of a recording that an event is made of, or a row of short ones.

    Args:
        rng: where chance comes from.
        settings: durations and sequences.
        sounds: the bank.
        sound: the recording.
        start_sample: where the event begins in the clip.
    """
    class_index = int(sounds.class_index[sound])
    name = sounds.classes[class_index] if class_index >= 0 else ""
    span = settings.event_duration_s_of.get(name, settings.event_duration_s)
    wanted = round(rng.uniform(*span) * SAMPLE_RATE_HZ)
    length = _length(sounds, sound)
    if _is_for_row(settings, sounds, sound):
        return _draw_row(rng, settings, sounds, sound, start_sample, wanted)
    count = min(wanted, length)
    return (crop(sounds, sound, int(rng.integers(0, length - count + 1)), count, start_sample),)


def crop(sounds: Sounds, sound: int, first_sample: int, sample_count: int, start_sample: int) -> Piece:
    """A stretch of a recording with short fades at its edges; its own beginning stays as sharp as it is."""
    edge = min(_EDGE_SAMPLES, sample_count // 2)
    # The end of a recording fades too: few were let ring out.
    return Piece(sound, first_sample, sample_count, start_sample, edge if first_sample else 0, edge)


def fill_pieces(
    rng: np.random.Generator,
    settings: SceneSettings,
    sounds: Sounds,
    class_index: int,
    start_sample: int,
    end_sample: int,
) -> tuple[Piece, ...]:
    """Draw recordings of one class until a given time is filled, each faded into the next.

    Args:
        rng: where chance comes from.
        settings: sequences.
        sounds: the bank; it must hold the class.
        class_index: what shall be heard.
        start_sample: from here in the clip.
        end_sample: up to here.
    """
    pieces: tuple[Piece, ...] = ()
    at = start_sample
    while at < end_sample:
        sound = int(rng.choice(sounds.of_class(class_index)))
        if _is_for_row(settings, sounds, sound):
            pieces += _draw_row(rng, settings, sounds, sound, at, end_sample - at)
            break
        length = _length(sounds, sound)
        count = min(length, end_sample - at)
        piece = crop(sounds, sound, int(rng.integers(0, length - count + 1)), count, at)
        pieces += (replace(piece, fade_in_samples=min(_EDGE_SAMPLES, count // 2)) if pieces else piece,)
        # The next one begins within the fade of this one, unless this one is too short to fade.
        at = piece.end_sample - (piece.fade_out_samples if count > 2 * _EDGE_SAMPLES else 0)
        if end_sample - at <= _EDGE_SAMPLES:
            break
    return pieces


def _is_for_row(settings: SceneSettings, sounds: Sounds, sound: int) -> bool:
    """Whether a recording is a single step, so to speak: of a class that comes in rows, and short."""
    class_index = int(sounds.class_index[sound])
    name = sounds.classes[class_index] if class_index >= 0 else ""
    return name in settings.sequence.classes and _length(sounds, sound) <= settings.sequence.longest_s * SAMPLE_RATE_HZ


def _draw_row(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int, start_sample: int, wanted: int
) -> tuple[Piece, ...]:
    """Short recordings of one origin at nearly even intervals."""
    siblings = [
        other
        for other in range(max(sound - _NEIGHBOURS, 0), min(sound + _NEIGHBOURS + 1, len(sounds)))
        if sounds.recording[other] == sounds.recording[sound] and sounds.class_index[other] == sounds.class_index[sound]
    ]
    interval = rng.uniform(*settings.sequence.interval_s) * SAMPLE_RATE_HZ
    number = max(1, round(wanted / interval))
    # Feet are not clocks: each beginning is up to a tenth of an interval early or late.
    late = rng.uniform(-0.1, 0.1, size=number)
    chosen = [sound, *(int(one) for one in rng.choice(siblings, size=number - 1))]
    pieces = [
        crop(sounds, one, 0, _length(sounds, one), start_sample + max(0, round((step + late[step]) * interval)))
        for step, one in enumerate(chosen)
        if _is_for_row(settings, sounds, one)
    ]
    return (replace(pieces[0], start_sample=start_sample), *pieces[1:])


def _length(sounds: Sounds, sound: int) -> int:
    """Samples in a recording."""
    return int(sounds.first_sample[sound + 1] - sounds.first_sample[sound])
