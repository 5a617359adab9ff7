"""Labels of rendered scenes: in which frames an event is audible, and where its source is then."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, fold_to_front, wrap
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import AudibleRule, Scene, SceneEvent, SourcePath
from whence.units import FRAME_S, FRAME_SAMPLES

# A sound whose loud frames are further than this below the recording's peak is mostly room noise; its level is not
# raised more.
_FAINTEST_LEVEL_DB = -45.0


def find_audible(
    power: NDArray[np.float64],
    first_frame: NDArray[np.int64],
    peak: NDArray[np.float64],
    rules: Sequence[AudibleRule],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Tell active frames from silent ones by the energy of the direct sound, for many events at once.

    Args:
        power: (frame,) mean square of each 100 ms of dry sound, events end to end.
        first_frame: (event + 1,) rows first_frame[i] up to first_frame[i + 1] belong to event i; none is empty.
        peak: (event,) peak amplitude of the recording each event was cut from.
        rules: (event,) what counts as active.

    Returns:
        (frame,) bool, whether the frame is labelled, and (event,) RMS of the loud frames, which is never so low that
        noise would be amplified instead of the sound.

    >>> power = np.array([0.0, 1.0, 1e-9, 1e-9, 0.5, 0.0])
    >>> find_audible(power, np.array([0, 6]), np.array([1.0]), [AudibleRule()])[0]
    array([False,  True,  True,  True,  True, False])
    """
    if not len(power):
        return np.zeros(0, dtype=bool), np.zeros(0)
    event = np.repeat(np.arange(len(first_frame) - 1), np.diff(first_frame))
    loudest = np.maximum.reduceat(power, first_frame[:-1])
    under_loudest = 10 ** (-np.array([rule.threshold_db for rule in rules]) / 10)
    under_peak = 10 ** (-np.array([rule.floor_db for rule in rules]) / 10)
    pause_frames = np.array([round(rule.pause_s / FRAME_S) for rule in rules])
    threshold = np.maximum(loudest * under_loudest, peak**2 * under_peak)
    loud = (power >= threshold[event]) & (power > 0)
    loud_power = np.add.reduceat(np.where(loud, power, 0.0), first_frame[:-1])
    loud_count = np.add.reduceat(loud.astype(np.int64), first_frame[:-1])
    rms = np.sqrt(loud_power / np.maximum(loud_count, 1))
    rms = np.maximum(rms, peak * 10 ** (_FAINTEST_LEVEL_DB / 20))
    return _bridge_pauses(loud, event, pause_frames), rms


def _bridge_pauses(
    loud: NDArray[np.bool_], event: NDArray[np.int64], pause_frames: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark the frames of pauses that are too short to end an event."""
    at = np.flatnonzero(loud)
    bridged = (np.diff(at) <= pause_frames[event[at[1:]]]) & (np.diff(event[at]) == 0)
    # +1 where a bridge begins and -1 where it ends: their running sum is positive inside.
    step = np.zeros(len(loud) + 1, dtype=np.int64)
    step[at[:-1][bridged]] += 1
    step[at[1:][bridged]] -= 1
    return loud | (np.cumsum(step[:-1]) > 0)


def trajectory_of(path: SourcePath, rooms: RoomBank, sample: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return where a source is at moments of the clip, (moment,) samples, given the responses of its path.

    Between two waypoints all three coordinates are interpolated linearly, as the cross-fade is.

    Returns:
        (3, moment): azimuth in degrees, [-180, 180), positive to the left; elevation in degrees; distance in metres.
    """
    if len(path.waypoints) == 1:
        (only,) = path.waypoints
        azimuth_deg = (float(rooms.azimuth_deg[only.response]) + only.turn_deg + 180.0) % 360.0 - 180.0
        point = azimuth_deg, float(rooms.elevation_deg[only.response]), float(rooms.distance_m[only.response])
        return np.repeat(np.array(point)[:, None], len(sample), axis=1)
    responses = [waypoint.response for waypoint in path.waypoints]
    turn_deg = np.array([waypoint.turn_deg for waypoint in path.waypoints])
    # Unwrapped: a source that passes behind the listener must not seem to rush through the front.
    azimuth = np.unwrap(rooms.azimuth_deg[responses].astype(np.float64) + turn_deg, period=360.0)
    moments = [waypoint.sample for waypoint in path.waypoints]
    return np.stack(
        [
            wrap(np.interp(sample, moments, azimuth)),
            np.interp(sample, moments, rooms.elevation_deg[responses]),
            np.interp(sample, moments, rooms.distance_m[responses]),
        ]
    )


def events_of_scene(scene: Scene, rooms: RoomBank, active: Sequence[NDArray[np.intp]]) -> Events:
    """Return the label table of one scene.

    Args:
        scene: what was rendered; a swap is not applied here.
        rooms: the bank.
        active: for each event of the scene the label frames in which it is active.

    Returns:
        one row for each labelled frame and source, by frame, then class, then source; azimuths folded to the front.
        Sources of one class are numbered in the order of the scene's events.
    """
    rows = [
        (event, source, frames)
        for event, source, frames in zip(scene.events, _source_numbers(scene.events), active, strict=True)
        if event.class_index >= 0 and len(frames)
    ]
    if not rows:
        return Events.empty()
    counts = [len(frames) for _, _, frames in rows]
    trajectories = [trajectory_of(event.path, rooms, (frames + 0.5) * FRAME_SAMPLES) for event, _, frames in rows]
    azimuth_deg, elevation_deg, distance_m = np.concatenate(trajectories, axis=1)
    table = Events.from_columns(
        {
            "frame": np.concatenate([frames for _, _, frames in rows]),
            "class_index": np.repeat([event.class_index for event, _, _ in rows], counts),
            "source": np.repeat([source for _, source, _ in rows], counts),
            "azimuth_deg": fold_to_front(azimuth_deg),
            "elevation_deg": elevation_deg,
            "distance_m": distance_m,
        }
    )
    return table.sorted()


def _source_numbers(events: Sequence[SceneEvent]) -> list[int]:
    """0, 1, 2 ... within each class."""
    seen: dict[int, int] = {}
    numbers = []
    for event in events:
        numbers.append(seen.get(event.class_index, 0))
        seen[event.class_index] = numbers[-1] + 1
    return numbers
