"""Draw a scene from a label table: its classes, times and positions, with other recordings in another room."""

from collections.abc import Sequence

import numpy as np

from whence.corpora import Sounds
from whence.errors import SceneError
from whence.labels import Events
from whence.scenes.draw import (
    check_banks,
    draw_interferers,
    draw_paths,
    draw_recording,
    draw_room_index,
    finish,
    generator_at,
)
from whence.scenes.microphone_drawing import draw_microphones
from whence.scenes.receivers import has_mirror_image
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import LEAD_SAMPLES, Scene, ScheduledSound, SourcePath
from whence.scenes.schedule import fill_pieces
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.channel_swap import draw_channel_swap
from whence.scenes.transforms.moving_source import path_through
from whence.units import FRAME_SAMPLES


def scene_from_timeline(
    timeline: Events,
    seed: int,
    epoch: int,
    index: int,
    settings: SceneSettings,
    sounds: Sounds,
    rooms: RoomBank,
    view_deg: float | None = None,
) -> Scene:
    """Draw a scene that follows a timeline, for instance of a real recording.

    Each run of frames of one source becomes an event filled with recordings of its class. Its position is that of the
    timeline: the nearest response of a drawn room is taken, measured in angle and metres, and turned the rest of the
    way, so azimuths are exact and distances are the nearest in the room. The labels of the rendered clip are those of
    the rendered sound: a recording that falls silent early makes an event shorter.

    The timeline has one row per frame and source; frames beyond the clip are left out, and a distance of NaN means any.
    `view_deg` is how far the listener's view turns it to the left, None draws an angle; use 0 for labels that are
    folded to the front already, as those of stereo clips are. The other arguments are those of `draw_scene`.

    Raises:
        SceneError: if the timeline has a class that the bank has no sound of, or as `draw_scene` does.
    """
    rng = generator_at(seed, epoch, index)
    check_banks(settings, sounds, rooms)
    microphones = draw_microphones(seed, epoch, index, settings.microphones)
    swapped = draw_channel_swap(rng, settings.channel_swap) and has_mirror_image(microphones)
    room = draw_room_index(rng, rooms, microphones)
    view = float(rng.uniform(0, 360)) if view_deg is None else view_deg
    runs = _runs_of(timeline.between(0, settings.sample_count // FRAME_SAMPLES), sounds)
    scheduled = [_schedule(rng, settings, sounds, run) for run in runs]
    # The room is turned by any angle against the timeline.
    room_turn = float(rng.uniform(0, 360))
    paths = [_path_of(rng, settings, rooms, room, run, view, room_turn) for run in runs]
    interferers = draw_interferers(rng, settings, sounds)
    paths += draw_paths(rng, settings, sounds, rooms, np.flatnonzero(rooms.room == room), view, interferers)
    bare = Scene(
        seed, epoch, index, settings.sample_count, room, view, events=(), swapped=swapped, audible=settings.audible,
        microphones=microphones, recording=draw_recording(seed, epoch, index, settings),
    )  # fmt: skip
    return finish(rng, bare, settings, sounds, scheduled + interferers, paths)


def _runs_of(timeline: Events, sounds: Sounds) -> Sequence[Events]:
    """The rows of each unbroken run of one source of one class."""
    for class_index in np.unique(timeline.class_index):
        if class_index >= len(sounds.classes) or not len(sounds.of_class(int(class_index))):
            known = class_index < len(sounds.classes)
            name = repr(sounds.classes[int(class_index)]) if known else f"number {class_index}"
            raise SceneError(
                f"the timeline has class {name} but the bank holds no sound of it; "
                "add some, or take the class out of the timeline"
            )
    order = np.lexsort((timeline.frame, timeline.source, timeline.class_index))
    rows = timeline[order]
    if not rows:
        return []
    breaks = (np.diff(rows.class_index) != 0) | (np.diff(rows.source) != 0) | (np.diff(rows.frame) > 1)
    # A source with two rows in one frame is one run: two positions cannot both be followed.
    return [rows[part] for part in np.split(np.arange(rows.row_count), np.flatnonzero(breaks) + 1)]


def _schedule(rng: np.random.Generator, settings: SceneSettings, sounds: Sounds, run: Events) -> ScheduledSound:
    """Recordings that last as long as the run; a run that begins with the clip began before it."""
    first, last = int(run.frame[0]), int(run.frame[-1])
    start = first * FRAME_SAMPLES if first else -LEAD_SAMPLES
    class_index = int(run.class_index[0])
    end = (last + 1) * FRAME_SAMPLES
    return ScheduledSound(class_index, fill_pieces(rng, settings, sounds, class_index, start, end))


def _path_of(
    rng: np.random.Generator,
    settings: SceneSettings,
    rooms: RoomBank,
    room: int,
    run: Events,
    view_deg: float,
    room_turn_deg: float,
) -> SourcePath:
    """The path of a run, with a waypoint wherever it has turned by a step; one waypoint if it never does."""
    candidates = np.flatnonzero(rooms.room == room)
    azimuth = np.unwrap(run.azimuth_deg, period=360.0)
    kept = [0]
    for row in range(1, run.row_count):
        if abs(azimuth[row] - azimuth[kept[-1]]) >= settings.moving_source.step_deg:
            kept.append(row)
    if len(kept) > 1 and kept[-1] != run.row_count - 1:
        kept.append(run.row_count - 1)
    any_distance = float(rooms.distance_m[rng.choice(candidates)])
    distance = np.where(np.isnan(run.distance_m), any_distance, run.distance_m)[kept]
    return path_through(
        rooms,
        candidates,
        azimuth[kept] - room_turn_deg,
        distance,
        (run.frame[kept] + 0.5) * FRAME_SAMPLES,
        view_deg + room_turn_deg,
    )
