"""Labels of rendered scenes: which class is where in which frame, from what sounds and where it was put."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, fold_to_front, wrap
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene, SceneEvent, SourcePath, Waypoint
from whence.units import FRAME_SAMPLES


@dataclass(frozen=True, eq=False)
class Place:
    """Where a source is at several moments.

    Args:
        azimuth_deg: (moment,) positive to the left, [-180, 180).
        elevation_deg: (moment,) positive upwards.
        distance_m: (moment,) metres.
    """

    azimuth_deg: NDArray[np.float64]
    elevation_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]


def place_at(path: SourcePath, rooms: RoomBank, sample: NDArray[np.floating]) -> Place:
    """Where a source is heard from, given the responses it is heard through.

    Between two waypoints all three coordinates go straight from one to the other, as the cross-fade does.

    Args:
        path: its waypoints.
        rooms: the bank they point into.
        sample: (moment,) in the clip.
    """
    if len(path.waypoints) == 1:
        return _still_place(path.waypoints[0], rooms, len(sample))
    responses = [waypoint.response for waypoint in path.waypoints]
    turn_deg = np.array([waypoint.turn_deg for waypoint in path.waypoints])
    # Unwrapped, lest a source that passes behind the listener seem to rush through the front.
    azimuth = np.unwrap(rooms.azimuth_deg[responses].astype(np.float64) + turn_deg, period=360.0)
    moments = [waypoint.sample for waypoint in path.waypoints]
    return Place(
        azimuth_deg=wrap(np.interp(sample, moments, azimuth)),
        elevation_deg=np.interp(sample, moments, rooms.elevation_deg[responses]),
        distance_m=np.interp(sample, moments, rooms.distance_m[responses]),
    )


def _still_place(waypoint: Waypoint, rooms: RoomBank, moments: int) -> Place:
    """The same place at every moment."""
    azimuth = (float(rooms.azimuth_deg[waypoint.response]) + waypoint.turn_deg + 180.0) % 360.0 - 180.0
    return Place(
        azimuth_deg=np.full(moments, azimuth),
        elevation_deg=np.full(moments, float(rooms.elevation_deg[waypoint.response])),
        distance_m=np.full(moments, float(rooms.distance_m[waypoint.response])),
    )


def events_of_scene(scene: Scene, rooms: RoomBank, active: Sequence[NDArray[np.intp]]) -> Events:
    """The label table of one scene.

    Args:
        scene: what was rendered; a swap is not applied here.
        rooms: the bank.
        active: for each event of the scene the label frames it occupies.

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
    places = [place_at(event.path, rooms, (frames + 0.5) * FRAME_SAMPLES) for event, _, frames in rows]
    table = Events.from_columns(
        {
            "frame": np.concatenate([frames for _, _, frames in rows]),
            "class_index": np.repeat([event.class_index for event, _, _ in rows], counts),
            "source": np.repeat([source for _, source, _ in rows], counts),
            "azimuth_deg": fold_to_front(np.concatenate([place.azimuth_deg for place in places])),
            "elevation_deg": np.concatenate([place.elevation_deg for place in places]),
            "distance_m": np.concatenate([place.distance_m for place in places]),
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
