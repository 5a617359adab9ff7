"""Drawing: coordinates (seed, epoch, index) become a scene. No sound is read; only the banks' tables are."""

from dataclasses import replace

import numpy as np

from whence.corpora import INTERFERENCE, Sounds
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.scenes.placing import draw_places, treat
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene, SourcePath
from whence.scenes.settings import SceneSettings
from whence.scenes.slots import READINGS, Slot, clip_samples, draw_interferer, draw_pool
from whence.scenes.transforms.channel_swap import draw_channel_swap
from whence.scenes.transforms.diffuse_background import draw_diffuse_background
from whence.scenes.transforms.scene_mixing import draw_scene_mixing


def draw_scene(seed: int, epoch: int, index: int, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> Scene:
    """Draw the scene of one clip; the same arguments give the same scene on any machine, in any order.

    Args:
        seed: of the whole training; this and the next two are numbers from 0 up to 2**32 - 1.
        epoch: pass through the data.
        index: clip within the epoch.
        settings: ranges and probabilities.
        sounds: where recordings come from.
        rooms: where responses come from.

    Returns:
        plain data, ready to be rendered or kept as JSON.

    Raises:
        SceneError: an impossible coordinate, a class name nobody knows, or a bank that lacks what is asked of it.
    """
    rng = generator_at(seed, epoch, index)
    check_banks(settings, sounds, rooms)
    swapped = draw_channel_swap(rng, settings.channel_swap)
    partner_level_db = draw_scene_mixing(rng, settings.scene_mixing)
    bare = Scene(seed, epoch, index, clip_samples(settings), room=0, view_deg=0.0, events=(), audible=settings.audible)
    scene = replace(_furnish(rng, bare, settings, sounds, rooms), swapped=swapped)
    if partner_level_db is None:
        return scene
    partner = _furnish(rng, bare, settings, sounds, rooms)
    return replace(scene, partner=partner, partner_level_db=partner_level_db)


def generator_at(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator of one clip: a function of its coordinates and of nothing else.

    Raises:
        SceneError: if a coordinate is negative or does not fit into 32 bits, beyond which two clips could be one.
    """
    if not all(0 <= number < 2**32 for number in (seed, epoch, index)):
        raise SceneError(f"no scene at seed {seed}, epoch {epoch}, index {index}; each is a number from 0 to 2**32 - 1")
    return np.random.default_rng([seed, epoch, index])


def check_banks(settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> None:
    """Refuse settings that name unknown classes, and banks without a response or without a wanted interferer.

    Raises:
        SceneError: the message names the field or the bank.
    """
    known = {*sounds.classes.names, *STARSS23.names}
    for field, names in (
        ("class_weights", settings.class_weights),
        ("extra_classes", settings.extra_classes),
        ("event_duration_s_of", settings.event_duration_s_of),
        ("moving_source.probability_of", settings.moving_source.probability_of),
        ("sequence.classes", settings.sequence.classes),
    ):
        for name in names:
            if name not in known:
                raise SceneError(f"{field} names {name!r}; the classes are: {', '.join(sounds.classes.names)}")
    if not len(rooms):
        raise SceneError("the bank of rooms holds no response; make or add some")
    if settings.interferers[1] and not len(sounds.of_class(INTERFERENCE)):
        raise SceneError("the bank of sounds holds no interference; add some, or set interferers to (0, 0)")


def _furnish(rng: np.random.Generator, bare: Scene, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> Scene:
    """The scene with a room, events and a background."""
    room = draw_room_number(rng, rooms)
    view_deg = float(rng.uniform(0, 360))
    slots = _draw_slots(rng, settings, sounds)
    paths = draw_places(rng, settings, sounds, rooms, np.flatnonzero(rooms.room == room), view_deg, slots)
    return finish(rng, replace(bare, room=room, view_deg=view_deg), settings, sounds, slots, paths)


def draw_room_number(rng: np.random.Generator, rooms: RoomBank) -> int:
    """A room, each as likely as the others however many responses it has."""
    return int(rng.choice(np.unique(rooms.room)))


def finish(
    rng: np.random.Generator,
    bare: Scene,
    settings: SceneSettings,
    sounds: Sounds,
    slots: list[Slot],
    paths: list[SourcePath],
) -> Scene:
    """The scene with its events treated and a background drawn."""
    events = tuple(treat(rng, settings, slot, path) for slot, path in zip(slots, paths, strict=True))
    background = draw_diffuse_background(rng, settings.diffuse_background, sounds, bare.sample_count)
    return replace(bare, events=events, background=background)


def _draw_slots(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds) -> list[Slot]:
    """What sounds when: the events, unless the clip is a silent one, and the interferers."""
    slots: list[Slot] = []
    if rng.random() >= settings.silent_clip_probability:
        pool = draw_pool(rng, settings, sounds)
        slots = READINGS[settings.reading](rng, settings, sounds, pool)
    return slots + draw_interferers(rng, settings, sounds)


def draw_interferers(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds) -> list[Slot]:
    """Sounds that are placed and heard, but not labelled."""
    interference = sounds.of_class(INTERFERENCE)
    count = rng.integers(settings.interferers[0], settings.interferers[1] + 1)
    return [draw_interferer(rng, settings, sounds, int(rng.choice(interference))) for _ in range(count)]
