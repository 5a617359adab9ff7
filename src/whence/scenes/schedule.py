"""Draw which recordings sound when: a pool of instances, a clip filled from it, and the crops of the recordings."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whence.corpora import Sounds
from whence.errors import LabelError, SceneError
from whence.scenes.scene import LEAD_SAMPLES, Piece, ScheduledSound
from whence.scenes.settings import SceneSettings
from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

# An event of which less than this would be inside the clip is left out.
_LEAST_SAMPLES = FRAME_SAMPLES

# 5 ms where a recording is cut into or cut off, so that the cut does not click.
_EDGE_SAMPLES = 120

# Recordings of one walk are next to each other in a bank; siblings are looked for this far away.
_NEIGHBOURS = 4


@dataclass(frozen=True, eq=False)
class Pool:
    """Instances that a clip is filled from.

    Args:
        sound: (instance,) index into the bank.
        weight: (instance,) relative probability that it is taken.
    """

    sound: NDArray[np.intp]
    weight: NDArray[np.float64]


def draw_pool(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds) -> Pool:
    """Draw 4 to 6 instances (or as set) of each class, with replacement.

    Raises:
        SceneError: a class of nonzero weight has no sound, or the settings name a class that is not in the list.
    """
    weights = np.ones(len(sounds.classes))
    for name, weight in settings.class_weights.items():
        weights[_class_index(sounds, "class_weights", name)] = weight
    extra = [_class_index(sounds, "extra_classes", name) for name in settings.extra_classes]
    chosen, weight_of = [], []
    for class_index in [*range(len(sounds.classes)), *extra]:
        if weights[class_index] == 0:
            continue
        candidates = sounds.of_class(class_index)
        if not len(candidates):
            name = sounds.classes[class_index]
            raise SceneError(f"the bank holds no sound of class {name!r}; add some, or set class_weights.{name} to 0")
        count = rng.integers(settings.instances_per_class[0], settings.instances_per_class[1] + 1)
        chosen.append(rng.choice(candidates, size=count))
        weight_of.append(np.full(count, weights[class_index]))
    if not chosen:
        raise SceneError("class_weights leaves no class to draw from; set at least one above 0")
    return Pool(np.concatenate(chosen), np.concatenate(weight_of))


def _class_index(sounds: Sounds, field: str, name: str) -> int:
    """The index of a class named in the settings."""
    try:
        return sounds.classes.index(name)
    except LabelError as error:
        raise SceneError(f"{field}: {error}") from None


def fill_clip(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, pool: Pool) -> list[ScheduledSound]:
    """Fill a clip with strands of events, as many strands as sources may sound at once.

    Each strand is events and gaps in turn. It starts long before the clip, so the clip opens in the middle of
    things, as a cut from a long recording does.
    """
    weights = np.asarray(settings.polyphony_weights, dtype=np.float64)
    strands = 1 + int(rng.choice(len(weights), p=weights / weights.sum()))
    left = replace(pool, weight=pool.weight.copy())
    scheduled: list[ScheduledSound] = []
    longest_s = max([settings.event_duration_s[1], *(span[1] for span in settings.event_duration_s_of.values())])
    for _ in range(strands):
        at = -round(rng.uniform(0, longest_s + settings.gap_s[1]) * SAMPLE_RATE_HZ)
        while at < settings.sample_count - _LEAST_SAMPLES:
            instance, event = _draw_next(rng, settings, sounds, left, scheduled, at)
            if event is None:
                at += FRAME_SAMPLES  # something may fit a little later
                continue
            at = event.end_sample + round(rng.uniform(*settings.gap_s) * SAMPLE_RATE_HZ)
            if event.end_sample >= _LEAST_SAMPLES:
                scheduled.append(event)
                left.weight[instance] = 0.0
    return scheduled


def _draw_next(
    rng: np.random.Generator,
    settings: SceneSettings,
    sounds: Sounds,
    left: Pool,
    scheduled: list[ScheduledSound],
    at: int,
) -> tuple[int, ScheduledSound | None]:
    """The next event of a strand: of a class that sounds already if so drawn, else of one it does not overlap."""
    sounding = [event.class_index for event in scheduled if event.start_sample <= at < event.end_sample]
    together = bool(sounding) and bool(rng.random() < settings.same_class_overlap_probability)
    weight = np.where(np.isin(sounds.class_index[left.sound], sounding) == together, left.weight, 0.0)
    if not weight.any():
        return -1, None
    instance = int(rng.choice(len(weight), p=weight / weight.sum()))
    event = _draw_sound(rng, settings, sounds, int(left.sound[instance]), at)
    return instance, event if together or not _overlaps_its_class(event, scheduled) else None


def _overlaps_its_class(event: ScheduledSound, others: list[ScheduledSound]) -> bool:
    """Whether another event of the same class sounds at some moment of this one."""
    return any(
        other.class_index == event.class_index
        and other.start_sample < event.end_sample
        and event.start_sample < other.end_sample
        for other in others
    )


def scatter(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, pool: Pool) -> list[ScheduledSound]:
    """Put every instance of the pool into the clip, each at a random start: the literal reading."""
    latest = settings.sample_count - _LEAST_SAMPLES
    starts = rng.integers(0, max(latest, 1), size=len(pool.sound))
    return [
        _draw_sound(rng, settings, sounds, int(sound), int(start))
        for sound, start in zip(pool.sound, starts, strict=True)
    ]


# How "4 to 6 event instances from each class" is read.
READINGS: dict[str, Callable[[np.random.Generator, SceneSettings, Sounds, Pool], list[ScheduledSound]]] = {
    "pool": fill_clip,
    "literal": scatter,
}


def draw_interferer(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int) -> ScheduledSound:
    """Draw the crop and the start of an unlabelled sound, which may begin a little before the clip."""
    event = _draw_sound(rng, settings, sounds, sound, 0)
    start = int(rng.integers(-LEAD_SAMPLES, max(settings.sample_count - _LEAST_SAMPLES, 1)))
    return replace(
        event, pieces=tuple(replace(piece, start_sample=piece.start_sample + start) for piece in event.pieces)
    )


def _draw_sound(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int, start_sample: int
) -> ScheduledSound:
    """One instance from a given moment on."""
    return ScheduledSound(int(sounds.class_index[sound]), draw_pieces(rng, settings, sounds, sound, start_sample))


def class_name(sounds: Sounds, class_index: int) -> str:
    """Return the name of a class as settings use it; empty for backgrounds and interference."""
    return sounds.classes[class_index] if class_index >= 0 else ""


def draw_pieces(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int, start_sample: int
) -> tuple[Piece, ...]:
    """Draw the crop of a recording that an event is made of, or a row of short ones."""
    name = class_name(sounds, int(sounds.class_index[sound]))
    span = settings.event_duration_s_of.get(name, settings.event_duration_s)
    wanted = round(rng.uniform(*span) * SAMPLE_RATE_HZ)
    length = _length(sounds, sound)
    if _comes_in_rows(settings, sounds, sound):
        return _draw_row(rng, settings, sounds, sound, start_sample, wanted)
    count = min(wanted, length)
    return (crop(sound, int(rng.integers(0, length - count + 1)), count, start_sample),)


def crop(sound: int, first_sample: int, sample_count: int, start_sample: int) -> Piece:
    """Return a stretch of a recording with short fades at its edges; the recording's own onset is not faded."""
    edge = min(_EDGE_SAMPLES, sample_count // 2)
    # The end of a recording fades too: few recordings end in silence.
    return Piece(sound, first_sample, sample_count, start_sample, edge if first_sample else 0, edge)


def fill_pieces(
    rng: np.random.Generator,
    settings: SceneSettings,
    sounds: Sounds,
    class_index: int,
    start_sample: int,
    end_sample: int,
) -> tuple[Piece, ...]:
    """Draw recordings of one class until the time from start to end is filled, each faded into the next."""
    pieces: tuple[Piece, ...] = ()
    at = start_sample
    while at < end_sample:
        sound = int(rng.choice(sounds.of_class(class_index)))
        if _comes_in_rows(settings, sounds, sound):
            pieces += _draw_row(rng, settings, sounds, sound, at, end_sample - at)
            break
        length = _length(sounds, sound)
        count = min(length, end_sample - at)
        piece = crop(sound, int(rng.integers(0, length - count + 1)), count, at)
        pieces += (replace(piece, fade_in_samples=min(_EDGE_SAMPLES, count // 2)) if pieces else piece,)
        # The next one begins within the fade of this one, unless this one is too short to fade.
        at = piece.end_sample - (piece.fade_out_samples if count > 2 * _EDGE_SAMPLES else 0)
        if end_sample - at <= _EDGE_SAMPLES:
            break
    return pieces


def _comes_in_rows(settings: SceneSettings, sounds: Sounds, sound: int) -> bool:
    """Whether a recording is a single step, so to speak: short, and of a class that comes in rows."""
    name = class_name(sounds, int(sounds.class_index[sound]))
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
    # Steps are not quite regular: each beginning is up to a tenth of an interval early or late.
    late = rng.uniform(-0.1, 0.1, size=number)
    chosen = [sound, *(int(one) for one in rng.choice(siblings, size=number - 1))]
    pieces = [
        crop(one, 0, _length(sounds, one), start_sample + max(0, round((step + late[step]) * interval)))
        for step, one in enumerate(chosen)
        if _comes_in_rows(settings, sounds, one)
    ]
    return (replace(pieces[0], start_sample=start_sample), *pieces[1:])


def _length(sounds: Sounds, sound: int) -> int:
    """Samples in a recording."""
    return int(sounds.first_sample[sound + 1] - sounds.first_sample[sound])
