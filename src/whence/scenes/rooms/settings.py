"""What rooms are drawn from: ranges of sizes, reverberation and places, checked once."""

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from whence.errors import SceneError

Range = tuple[float, float]


@dataclass(frozen=True)
class RoomSettings:
    """Ranges that rooms are drawn from; the defaults follow STARSS23: living and meeting rooms, sources near and low.

    Args:
        depth_m: lowest and highest length ahead and behind.
        width_m: lowest and highest length left and right.
        height_m: lowest and highest height of the ceiling.
        rt60_s: lowest and highest reverberation time (mean of the 500 Hz and 1 kHz octaves).
        bass_ratio: lowest and highest ratio of the reverberation time at 125 Hz to rt60_s.
        treble_ratio: lowest and highest ratio of the reverberation time at 8 kHz to rt60_s.
        wall_contrast: how much the six walls differ; the standard deviation of the logarithm of their absorption.
        listener_height_m: lowest and highest height of the microphones.
        listener_offset: how far the listener may stand from the middle, as a share of depth and width.
        places_per_room: how many places sounds may come from.
        distance_m: shortest and longest distance of a place.
        distance_mean_m: mean of the distances drawn, before those that the walls forbid are replaced.
        distance_sd_m: their standard deviation.
        elevation_deg: lowest elevation, those that 5, 50 and 95 % of the places stay below, and the highest.
        wall_gap_m: a place stays this far from each wall.
        floor_gap_m: and this far from floor and ceiling.
        tap_count: longest response kept, in samples at 24 kHz.
        decay_kept_db: how far a response may decay before it is cut, if `tap_count` allows.

    Raises:
        SceneError: if a range is upside down, or no place would fit between listener and walls.

    >>> RoomSettings(rt60_s=(0.9, 0.3))
    Traceback (most recent call last):
    whence.errors.SceneError: rooms: rt60_s is (0.9, 0.3); two numbers from 0.1 to 5.0, the lower one first
    """

    depth_m: Range = (3.5, 9.0)
    width_m: Range = (3.0, 8.0)
    height_m: Range = (2.4, 3.6)
    rt60_s: Range = (0.2, 0.8)
    bass_ratio: Range = (1.0, 1.4)
    treble_ratio: Range = (0.5, 0.9)
    wall_contrast: float = 0.4
    listener_height_m: Range = (1.3, 1.8)
    listener_offset: float = 0.2
    places_per_room: int = 40
    distance_m: Range = (0.5, 5.0)
    distance_mean_m: float = 1.9
    distance_sd_m: float = 0.66
    elevation_deg: tuple[float, float, float, float, float] = (-60.0, -46.0, -17.0, 0.0, 20.0)
    wall_gap_m: float = 0.3
    floor_gap_m: float = 0.1
    tap_count: int = 19_200
    decay_kept_db: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check(field.name, getattr(self, field.name))
        if not self.distance_m[0] < self.distance_mean_m < self.distance_m[1]:
            raise SceneError(f"rooms: distance_mean_m is {self.distance_mean_m}; put it inside distance_m")
        self._check_that_the_nearest_place_fits()

    def _check(self, name: str, value: Any) -> None:
        low, high = _ALLOWED[name]
        count = 5 if name == "elevation_deg" else 2 if name in _RANGES else 1
        numbers = list(value) if isinstance(value, tuple) and count > 1 else [value]
        kinds = (int,) if name in _WHOLE else (int, float)
        if not (
            len(numbers) == count
            and all(isinstance(n, kinds) and not isinstance(n, bool) and low <= n <= high for n in numbers)
            and all(a <= b for a, b in pairwise(numbers))
        ):
            kind = {1: "a whole number" if name in _WHOLE else "a number", 2: "two numbers", 5: "five numbers"}[count]
            order = ", the lower one first" if count > 1 else ""
            raise SceneError(f"rooms: {name} is {value!r}; {kind} from {low} to {high}{order}")

    def _check_that_the_nearest_place_fits(self) -> None:
        near = self.distance_m[0]
        side = (0.5 - self.listener_offset) * min(self.depth_m[0], self.width_m[0])
        if near + self.wall_gap_m >= side:
            raise SceneError(
                f"rooms: a place at {near} m does not fit: the listener may stand {side:.2f} m from a wall; "
                "lower distance_m, wall_gap_m or listener_offset, or ask for larger rooms"
            )
        below = -min(0.0, near * math.sin(math.radians(self.elevation_deg[0])))
        above = max(0.0, near * math.sin(math.radians(self.elevation_deg[4])))
        lowest, highest = self.listener_height_m
        if below + self.floor_gap_m >= lowest or highest + above + self.floor_gap_m >= self.height_m[0]:
            raise SceneError(
                f"rooms: a place at {near} m does not fit between floor and ceiling; "
                "change listener_height_m, height_m, elevation_deg or floor_gap_m"
            )


_WHOLE = ("places_per_room", "tap_count")
_RANGES = (
    *("depth_m", "width_m", "height_m", "rt60_s", "bass_ratio", "treble_ratio", "listener_height_m", "distance_m"),
)
# The limits of the method: beyond them the early part is too sparse for the tail to take over, or the file too large.
_ALLOWED: dict[str, tuple[float, float]] = {
    "depth_m": (1.5, 30.0),
    "width_m": (1.5, 30.0),
    "height_m": (1.5, 10.0),
    "rt60_s": (0.1, 5.0),
    "bass_ratio": (0.2, 3.0),
    "treble_ratio": (0.2, 3.0),
    "wall_contrast": (0.0, 1.0),
    "listener_height_m": (0.2, 9.0),
    "listener_offset": (0.0, 0.45),
    "places_per_room": (1, 1000),
    "distance_m": (0.2, 10.0),
    "distance_mean_m": (0.2, 10.0),
    "distance_sd_m": (0.01, 10.0),
    "elevation_deg": (-90.0, 90.0),
    "wall_gap_m": (0.05, 2.0),
    "floor_gap_m": (0.05, 1.0),
    "tap_count": (2400, 240_000),
    "decay_kept_db": (20.0, 90.0),
}
