"""Draw scenes: a function of (seed, epoch, index). Only the tables of the banks are used, no sound is read."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.corpora import INTERFERENCE, Sounds
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.scenes.microphone_drawing import draw_microphones
from whence.scenes.receivers import has_mirror_image
from whence.scenes.recording import PERFECT, Recording
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene, SceneEvent, ScheduledSound, SourcePath, Waypoint
from whence.scenes.schedule import READINGS, class_name, draw_interferer, draw_pool
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.automatic_gain import draw_automatic_gain
from whence.scenes.transforms.band_limits import draw_band_limits
from whence.scenes.transforms.channel_swap import draw_channel_swap
from whence.scenes.transforms.diffuse_background import draw_diffuse_background
from whence.scenes.transforms.gain import draw_gain
from whence.scenes.transforms.lossy_coding import draw_lossy_coding
from whence.scenes.transforms.microphone_mismatch import draw_microphone_mismatch
from whence.scenes.transforms.moving_source import draw_moving_path
from whence.scenes.transforms.multiband_eq import draw_multiband_eq
from whence.scenes.transforms.polarity_inversion import draw_polarity_inversion
from whence.scenes.transforms.recorder_noise import draw_recorder_noise
from whence.scenes.transforms.scene_mixing import draw_scene_mixing
from whence.scenes.transforms.time_mask import draw_time_masks

_RECORDING = 0x726563


def draw_scene(seed: int, epoch: int, index: int, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> Scene:
    """Draw the scene of one clip; the same arguments give the same scene on any machine, in any order.

    The seed is that of the whole training, the index counts clips within the epoch; all three are numbers from 0 up to
    2**32 - 1. The scene is plain data, ready to be rendered or kept as JSON.

    Raises:
        SceneError: an impossible coordinate, an unknown class name, or a bank that lacks what the settings need.
    """
    rng = generator_at(seed, epoch, index)
    check_banks(settings, sounds, rooms)
    microphones = draw_microphones(seed, epoch, index, settings.microphones)
    swapped = draw_channel_swap(rng, settings.channel_swap) and has_mirror_image(microphones)
    partner_level_db = draw_scene_mixing(rng, settings.scene_mixing)
    bare = Scene(seed, epoch, index, settings.sample_count, room=0, view_deg=0.0, events=(), audible=settings.audible)
    bare = replace(bare, microphones=microphones, recording=draw_recording(seed, epoch, index, settings))
    scene = replace(_furnish(rng, bare, settings, sounds, rooms), swapped=swapped)
    if partner_level_db is None:
        return scene
    partner = _furnish(rng, bare, settings, sounds, rooms)
    return replace(scene, partner=partner, partner_level_db=partner_level_db)


def draw_recording(seed: int, epoch: int, index: int, settings: SceneSettings) -> Recording:
    """Draw how a scene is recorded, from a stream of its own: the scene stays the same."""
    probable = settings.microphone_mismatch, settings.recorder_noise, settings.band_limits, settings.automatic_gain
    if not any(one.probability for one in (*probable, settings.lossy_coding)):
        return PERFECT
    rng = np.random.default_rng([seed, epoch, index, _RECORDING])
    return Recording(
        mismatch=draw_microphone_mismatch(rng, settings.microphone_mismatch),
        noise=draw_recorder_noise(rng, settings.recorder_noise),
        band=draw_band_limits(rng, settings.band_limits),
        gain=draw_automatic_gain(rng, settings.automatic_gain),
        coding=draw_lossy_coding(rng, settings.lossy_coding),
    )


def generator_at(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return the random generator of one clip, a function of its coordinates alone.

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
    room = draw_room_index(rng, rooms, bare.microphones)
    view_deg = float(rng.uniform(0, 360))
    scheduled: list[ScheduledSound] = []
    if rng.random() >= settings.silent_clip_probability:
        pool = draw_pool(rng, settings, sounds)
        scheduled = READINGS[settings.reading](rng, settings, sounds, pool)
    scheduled += draw_interferers(rng, settings, sounds)
    paths = draw_paths(rng, settings, sounds, rooms, np.flatnonzero(rooms.room == room), view_deg, scheduled)
    return finish(rng, replace(bare, room=room, view_deg=view_deg), settings, sounds, scheduled, paths)


def draw_room_index(rng: np.random.Generator, rooms: RoomBank, microphones: Microphones) -> int:
    """Draw a room that serves the pair, each with equal probability however many responses it has.

    Raises:
        SceneError: no room does.
    """
    candidates = np.unique(rooms.room)
    if not microphones.is_coincident:
        candidates = candidates[[rooms.has_walls(int(room)) for room in candidates]]
        if not len(candidates):
            raise SceneError(
                f"{microphones.name} needs rooms whose walls are known, and the bank has none: measured rooms and "
                "banks of older versions serve pairs at one point only; compute rooms with: whence scenes rooms"
            )
    return int(rng.choice(candidates))


def draw_interferers(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds) -> list[ScheduledSound]:
    """Draw sounds that are placed in the room but not labelled."""
    interference = sounds.of_class(INTERFERENCE)
    count = rng.integers(settings.interferers[0], settings.interferers[1] + 1)
    return [draw_interferer(rng, settings, sounds, int(rng.choice(interference))) for _ in range(count)]


def draw_paths(
    rng: np.random.Generator,
    settings: SceneSettings,
    sounds: Sounds,
    rooms: RoomBank,
    candidates: NDArray[np.intp],
    view_deg: float,
    scheduled: list[ScheduledSound],
) -> list[SourcePath]:
    """Give each sound a position of its own in one room, or a path through it.

    The whole room is turned by one viewing angle, so the positions keep their geometry. Sources beyond the number of
    positions, or all if so set, are turned by an angle of their own, so that no two share a position. `candidates` are
    the responses of the room.
    """
    order = rng.permutation(candidates)
    paths = []
    for number, event in enumerate(scheduled):
        turn_deg = view_deg
        if settings.turn_each_source or number >= len(order):
            turn_deg += rng.uniform(0, 360)
        start = Waypoint(event.start_sample, int(order[number % len(order)]), turn_deg)
        moving = settings.moving_source
        if rng.random() < moving.probability_of.get(class_name(sounds, event.class_index), moving.probability):
            paths.append(draw_moving_path(rng, moving, rooms, candidates, start, event.end_sample))
        else:
            paths.append(SourcePath((start,)))
    return paths


def finish(
    rng: np.random.Generator,
    bare: Scene,
    settings: SceneSettings,
    sounds: Sounds,
    scheduled: list[ScheduledSound],
    paths: list[SourcePath],
) -> Scene:
    """Draw level and augmentation of each event, then a background, and put them into the scene."""
    events = tuple(_draw_event(rng, settings, event, path) for event, path in zip(scheduled, paths, strict=True))
    background = draw_diffuse_background(rng, settings.diffuse_background, sounds, bare.sample_count)
    return replace(bare, events=events, background=background)


def _draw_event(
    rng: np.random.Generator, settings: SceneSettings, event: ScheduledSound, path: SourcePath
) -> SceneEvent:
    """The event at its position, with a drawn level and augmentation."""
    return SceneEvent(
        class_index=event.class_index,
        pieces=event.pieces,
        path=path,
        level_dbfs=draw_gain(rng, settings.gain),
        inverted=draw_polarity_inversion(rng, settings.polarity_inversion),
        eq_db=draw_multiband_eq(rng, settings.multiband_eq),
        masks=draw_time_masks(rng, settings.time_mask, event.start_sample, event.end_sample),
    )
