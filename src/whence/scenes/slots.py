"""Which sounds happen when: a pool of instances, and how a clip is filled from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whence.corpora import Sounds
from whence.errors import LabelError, SceneError
from whence.scenes.pieces import draw_pieces
from whence.scenes.scene import LEAD_SAMPLES, Piece
from whence.scenes.settings import SceneSettings
from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

# An event that would show less than this of itself at the edge of a clip is left out.
_LEAST_SAMPLES = FRAME_SAMPLES


@dataclass(frozen=True)
class Slot:
    """An event before it has a place: its class and what sounds when."""

    class_index: int
    pieces: tuple[Piece, ...]

    @property
    def start_sample(self) -> int:
        """Where its first piece begins in the clip."""
        return min(piece.start_sample for piece in self.pieces)

    @property
    def end_sample(self) -> int:
        """First sample after its last piece."""
        return max(piece.end_sample for piece in self.pieces)


@dataclass(frozen=True, eq=False)
class Pool:
    """Instances that a clip is filled from.

    Args:
        sound: (instance,) number in the bank.
        weight: (instance,) how likely each is taken, relative to the others.
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


def fill_clip(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, pool: Pool) -> list[Slot]:
    """Fill a clip with strands of events, as many strands as sources may sound at once.

    Each strand is events and gaps in turn. It starts long before the clip, so the clip opens in the middle of
    things, as a cut from a long recording does.
    """
    weights = np.asarray(settings.polyphony_weights, dtype=np.float64)
    strands = 1 + int(rng.choice(len(weights), p=weights / weights.sum()))
    left = replace(pool, weight=pool.weight.copy())
    slots: list[Slot] = []
    longest_s = max([settings.event_duration_s[1], *(span[1] for span in settings.event_duration_s_of.values())])
    for _ in range(strands):
        at = -round(rng.uniform(0, longest_s + settings.gap_s[1]) * SAMPLE_RATE_HZ)
        while at < clip_samples(settings) - _LEAST_SAMPLES:
            instance, slot = _draw_next(rng, settings, sounds, left, slots, at)
            if slot is None:
                at += FRAME_SAMPLES  # something may fit a little later
                continue
            at = slot.end_sample + round(rng.uniform(*settings.gap_s) * SAMPLE_RATE_HZ)
            if slot.end_sample >= _LEAST_SAMPLES:
                slots.append(slot)
                left.weight[instance] = 0.0
    return slots


def _draw_next(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, left: Pool, slots: list[Slot], at: int
) -> tuple[int, Slot | None]:
    """The next event of a strand: of a class that sounds already if so drawn, else of one it does not overlap."""
    sounding = [slot.class_index for slot in slots if slot.start_sample <= at < slot.end_sample]
    together = bool(sounding) and bool(rng.random() < settings.same_class_overlap_probability)
    weight = np.where(np.isin(sounds.class_index[left.sound], sounding) == together, left.weight, 0.0)
    if not weight.any():
        return -1, None
    instance = int(rng.choice(len(weight), p=weight / weight.sum()))
    slot = _draw_slot(rng, settings, sounds, int(left.sound[instance]), at)
    return instance, slot if together or not _overlaps_its_class(slot, slots) else None


def scatter(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, pool: Pool) -> list[Slot]:
    """Put every instance of the pool into the clip, each at a random start: the literal reading."""
    latest = clip_samples(settings) - _LEAST_SAMPLES
    starts = rng.integers(0, max(latest, 1), size=len(pool.sound))
    return [
        _draw_slot(rng, settings, sounds, int(sound), int(start))
        for sound, start in zip(pool.sound, starts, strict=True)
    ]


# How "4 to 6 event instances from each class" is read.
READINGS: dict[str, Callable[[np.random.Generator, SceneSettings, Sounds, Pool], list[Slot]]] = {
    "pool": fill_clip,
    "literal": scatter,
}


def draw_interferer(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int) -> Slot:
    """An unlabelled sound at a random start, which may lie a little before the clip."""
    slot = _draw_slot(rng, settings, sounds, sound, 0)
    start = int(rng.integers(-LEAD_SAMPLES, max(clip_samples(settings) - _LEAST_SAMPLES, 1)))
    moved = (replace(piece, start_sample=piece.start_sample + start) for piece in slot.pieces)
    return replace(slot, pieces=tuple(moved))


def clip_samples(settings: SceneSettings) -> int:
    """Length of a clip in samples, a whole number of label frames."""
    return round(settings.duration_s * SAMPLE_RATE_HZ / FRAME_SAMPLES) * FRAME_SAMPLES


def _draw_slot(
    rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, sound: int, start_sample: int
) -> Slot:
    """A slot of one instance from a given moment on."""
    return Slot(int(sounds.class_index[sound]), draw_pieces(rng, settings, sounds, sound, start_sample))


def _overlaps_its_class(slot: Slot, others: list[Slot]) -> bool:
    """Whether another event of the same class sounds at some moment of this one."""
    return any(
        other.class_index == slot.class_index
        and other.start_sample < slot.end_sample
        and slot.start_sample < other.end_sample
        for other in others
    )
