"""Where each event is and how it is treated: slots become scene events."""

import numpy as np
from numpy.typing import NDArray

from whence.corpora import Sounds
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import SceneEvent, SourcePath, Waypoint
from whence.scenes.settings import SceneSettings
from whence.scenes.slots import Slot
from whence.scenes.transforms.gain import draw_gain
from whence.scenes.transforms.moving_source import draw_moving_path
from whence.scenes.transforms.multiband_eq import draw_multiband_eq
from whence.scenes.transforms.polarity_inversion import draw_polarity_inversion
from whence.scenes.transforms.time_mask import draw_time_masks


def draw_places(
    rng: np.random.Generator,
    settings: SceneSettings,
    sounds: Sounds,
    rooms: RoomBank,
    candidates: NDArray[np.intp],
    view_deg: float,
    slots: list[Slot],
) -> list[SourcePath]:
    """Give each slot a place of its own in one room, or a way through it.

    The whole room is turned by one viewing angle, so the places keep their geometry. Sources beyond the number of
    places, or all if so set, are turned by an angle of their own, lest two sound from one place.

    Args:
        rng: where chance comes from.
        settings: how often sources move, and whether each is turned.
        sounds: for class names.
        rooms: the bank.
        candidates: (response,) the numbers of this room.
        view_deg: viewing angle of the scene.
        slots: what sounds when.
    """
    order = rng.permutation(candidates)
    paths = []
    for number, slot in enumerate(slots):
        turn_deg = view_deg
        if settings.turn_each_source or number >= len(order):
            turn_deg += rng.uniform(0, 360)
        start = Waypoint(slot.start_sample, int(order[number % len(order)]), turn_deg)
        moving = settings.moving_source
        name = sounds.classes[slot.class_index] if slot.class_index >= 0 else ""
        if rng.random() < moving.probability_of.get(name, moving.probability):
            paths.append(draw_moving_path(rng, moving, rooms, candidates, start, slot.end_sample))
        else:
            paths.append(SourcePath((start,)))
    return paths


def treat(rng: np.random.Generator, settings: SceneSettings, slot: Slot, path: SourcePath) -> SceneEvent:
    """Draw the loudness and the augmentation of one event."""
    return SceneEvent(
        class_index=slot.class_index,
        pieces=slot.pieces,
        path=path,
        level_dbfs=draw_gain(rng, settings.gain),
        inverted=draw_polarity_inversion(rng, settings.polarity_inversion),
        eq_db=draw_multiband_eq(rng, settings.multiband_eq),
        masks=draw_time_masks(rng, settings.time_mask, slot.start_sample, slot.end_sample),
    )
